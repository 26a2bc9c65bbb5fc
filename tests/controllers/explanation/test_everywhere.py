"""Whatever state random walks lead to: everything can be explained, in words of both languages, and asking changes nothing."""

from __future__ import annotations

import json

import pytest

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.controllers.explanation.decisions import words_of
from cluster.controllers.explanation.explain import EXPLAINERS, explain
from cluster.controllers.explanation.words import cell_text, english
from cluster.objects.registry import REGISTRY
from tests.walks.walk import Walk

SEEDS, LINES, EVERY = range(900, 906), 30, 25


def told(world: World) -> set[str]:
    """The keys of all that is said about all objects; everything that is said can be written and is JSON."""
    reader, found = Reader(world), set()
    for kind in REGISTRY:
        for document in reader.list(kind.resource):
            answer = explain(reader, document)
            json.dumps(answer)
            for word in answer["words"]:
                assert "{" not in english(word).replace("{}", ""), word
                found.add(word["key"])
            for table in answer["tables"]:
                for row in table["rows"]:
                    assert len(row) == len(table["columns"])
                    assert all(isinstance(cell_text(cell), str) for cell in row)
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_it_works(seed: int) -> None:
    walk = Walk(seed, LINES)
    walk.run()
    for step in walk.steps[::EVERY]:
        assert told(step.world)


def test_every_kind_with_a_controller_has_an_explanation() -> None:
    assert all(resource in REGISTRY for resource in EXPLAINERS)
    assert {kind.resource for kind in REGISTRY if "scale" in kind.subresources} <= EXPLAINERS.keys()


@pytest.mark.parametrize("record", [None, [], "x", {}, {"decision": "unheard-of"}, {"nodes": []}, {"decision": None}])
def test_records_that_nobody_knows(record: object) -> None:
    assert words_of(record) == []
