"""Explanations in words: both languages, nothing unescaped, nothing missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils.translation import gettext, override

from cluster.controllers.explanation.sentences import SENTENCES as SENTENCES_OF_CONTROLLERS
from cluster.machinery.wording import fill
from cluster.scheduler.explanation.rows import SHORT
from cluster.scheduler.explanation.sentences import SENTENCES
from cluster.scheduler.plugins.default_preemption import CRITERIA, ONLY, TIE
from dashboard import explaining
from tests.scheduler.builders import container, node, pod, taint
from tests.scheduler.explained import told

PLACE = re.compile(r"\{(\w+)(?=[,}])")
ALL = {**SENTENCES, **SENTENCES_OF_CONTROLLERS}
# Words of the API that are the same in every language.
SAME = {"column.pod", "column.ready"}
NODES = [node("n1", taints=[taint("a")]), node("n2"), node("n3")]


@pytest.fixture(params=["en", "zh-hans"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with override(request.param):
        yield request.param


def rendered(**more: Any) -> dict[str, Any]:
    there = [pod("x", container(cpu="1"), on="n2")]
    return explaining.rendered(told(pod("p", container(cpu="500m")), NODES, there, **more))


def test_it_works(language: str) -> None:
    answer = rendered()
    summary = {"en": "p waits for its turn: the scheduler has not tried it yet. As things are, n3 would win.",
               "zh-hans": "p 在排队：调度器还没有尝试过它。按目前的情况，n3 会胜出。"}
    assert answer["summary"]["text"] == summary[language]
    assert "<strong>" in answer["summary"]["html"]
    assert "<code>n3</code>" in answer["summary"]["html"]
    titles = {"en": "Why here?", "zh-hans": "为什么在这里？"}
    assert answer["topics"][0]["title"] == titles[language]
    label = gettext("Free space")
    assert (label == "Free space") == (language == "en")
    assert label in [column["label"] for column in answer["columns"]["scores"]]
    assert any(label in word["text"] for word in answer["words"])
    assert all(change["text"] and change["then"]["text"] for change in answer["changes"])


def test_every_sentence_is_translated() -> None:
    with override("zh-hans"):
        assert [key for key, template in ALL.items() if gettext(template) == template and key not in SAME] == []
        labels = {label for pair in SHORT.values() for label in pair if label}
        assert [label for label in labels if gettext(label) == label] == []


def test_translations_have_the_same_places() -> None:
    with override("zh-hans"):
        for key, template in ALL.items():
            assert set(PLACE.findall(gettext(template))) == set(PLACE.findall(template)), key


def test_no_key_means_two_sentences() -> None:
    assert SENTENCES.keys() & SENTENCES_OF_CONTROLLERS.keys() == set()


def test_templates_are_well_formed(language: str) -> None:
    for key, template in ALL.items():
        text = gettext(template)
        assert text.count("{") == text.count("}"), key
        assert text.count("**") % 2 == 0, key
        assert text.strip() == text, key
        filled = fill(text, dict.fromkeys(PLACE.findall(text), 1))
        assert "{" not in filled, key
        assert "plural" not in filled, key


def test_every_topic_has_a_title(language: str) -> None:
    words = [{"key": "pending.no-single-change", "args": {}, "topic": topic} for topic in explaining.TOPICS]
    answer = explaining.rendered({**told(pod(), NODES), "words": words})
    assert [topic["topic"] for topic in answer["topics"]] == list(explaining.TOPICS)
    assert all(topic["title"] for topic in answer["topics"])


def test_every_reason_of_preemption_has_its_sentence() -> None:
    assert {f"preemption.because.{reason}" for reason in (*CRITERIA, ONLY, TIE)} <= SENTENCES.keys()


def test_plurals(language: str) -> None:
    def said(count: int) -> str:
        return explaining.plain({"key": "score.taints", "args": {"count": count}})

    assert "1" in said(1)
    assert "5" in said(5)
    if language == "en":
        assert said(1).startswith("1 taint that")
        assert said(0).startswith("0 taints that")


def test_lists(language: str) -> None:
    word = {"key": "then.tie", "args": {"nodes": ["n1", "n2"]}}
    between = {"en": "n1, n2", "zh-hans": "n1、n2"}
    assert between[language] in explaining.plain(word)


def test_nothing_is_unescaped(language: str) -> None:
    word = {"key": "node.other", "args": {"node": "<b>", "plugin": "<i>{node}", "reason": "a & b **c**"}}
    assert "<b>" not in explaining.html(word)
    assert "<i>" not in explaining.html(word)
    assert "&lt;b&gt;" in explaining.html(word)
    assert "&amp;" in explaining.html(word)


def test_problems_are_said(language: str) -> None:
    problem = rendered(changes=["{"])["problem"]
    assert "uncordon" in problem["text"]
    assert rendered()["problem"] is None


def test_asks(language: str) -> None:
    answer = explaining.rendered(told(pod("p", nodeSelector={"a": "b"}), NODES))
    labels = {"en": "node label", "zh-hans": "节点标签"}
    assert answer["pod"]["asks"][0]["label"] == labels[language]


def test_without_a_winner_there_are_no_other_nodes(language: str) -> None:
    titles = {
        cpu: [topic["title"] for topic in explaining.rendered(told(pod("p", container(cpu=cpu)), NODES))["topics"]
              if topic["topic"] == "nodes"]
        for cpu in ("1", "99")
    }
    expected = {
        "en": {"1": ["Why not the other nodes?"], "99": ["Why does no node fit?"]},
        "zh-hans": {"1": ["为什么不是别的节点？"], "99": ["为什么没有合适的节点？"]},
    }
    assert titles == expected[language]
