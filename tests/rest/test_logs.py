"""`pods/log`: the options, the container that is meant, and a log that goes on."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from cluster.apiserver.reader import Reader
from cluster.rest import handler
from cluster.rest.logs import Log
from cluster.rest.messages import Response
from cluster.rest.reading import View
from tests.rest.client import PODS, Answer, read_again, request
from tests.support.scenario import Scenario

SCRIPT = "for i in 1 2 3 4; do echo line $i; sleep 10; done"


def pod(*names: str, initial: tuple[str, ...] = ()) -> dict[str, Any]:
    def containers(group: tuple[str, ...], command: list[str]) -> list[dict[str, Any]]:
        return [{"name": name, "image": "busybox:1.36", "command": command} for name in group]

    spec = {"containers": containers(names, ["sh", "-c", SCRIPT]), "restartPolicy": "Never"}
    if initial:
        spec["initContainers"] = containers(initial, ["true"])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}


@pytest.fixture
def scenario() -> Scenario:
    scenario = Scenario()
    scenario.apply(orjson.dumps(pod("c")).decode())
    scenario.when(lambda: scenario.get("pods/web")["status"]["phase"] == "Running", within=60)
    scenario.advance(15)
    return scenario


def begun(scenario: Scenario, **query: str) -> tuple[Log, bytes] | Answer:
    view = View(Reader(scenario.simulation.world), scenario.simulation.api.world_at)
    found = handler.begin_log(view, request("GET", f"{PODS}/web/log", **query))
    return read_again(found) if isinstance(found, Response) else found


def text(scenario: Scenario, **query: str) -> str:
    found = begun(scenario, **query)
    assert not isinstance(found, Answer), found
    return found[1].decode()


def refused(scenario: Scenario, **query: str) -> str:
    found = begun(scenario, **query)
    assert isinstance(found, Answer)
    assert found.code == 400
    return found.message


def test_it_works(scenario: Scenario) -> None:
    assert text(scenario) == text(scenario, container="c") == "line 1\nline 2\n"


def test_parts_of_it(scenario: Scenario) -> None:
    assert text(scenario, tailLines="1") == "line 2\n"
    assert text(scenario, tailLines="0") == ""
    assert text(scenario, sinceSeconds="8") == "line 2\n"
    assert text(scenario, limitBytes="9") == "line 1\nli"
    stamp, _, line = text(scenario, timestamps="true", tailLines="1").partition(" ")
    assert (stamp[-1], line) == ("Z", "line 2\n")
    assert text(scenario, sinceTime=stamp) == "line 2\n"


@pytest.mark.parametrize(("query", "words"), [
    ({"tailLines": "-1"}, "tailLines: Invalid value: -1"), ({"sinceSeconds": "0"}, "sinceSeconds: Invalid value: 0"),
    ({"sinceTime": "now"}, 'sinceTime: Invalid value: "now"'), ({"container": "x"}, "container x is not valid for pod web"),
    ({"sinceTime": "2026-01-01T00:00:00Z", "sinceSeconds": "1"}, "at most one of"),
    ({"previous": "true"}, 'previous terminated container "c" in pod "web" not found'),
])
def test_bad_questions(scenario: Scenario, query: dict[str, str], words: str) -> None:
    assert words in refused(scenario, **query)


def test_one_that_goes_on(scenario: Scenario) -> None:
    found = begun(scenario, follow="true")
    assert not isinstance(found, Answer)
    log, first = found
    assert first == b"line 1\nline 2\n"
    scenario.advance(10)
    reader = Reader(scenario.simulation.world)
    log, more = log.told(reader)
    assert (more, log.is_over(reader)) == (b"line 3\n", False)
    scenario.advance(30)
    reader = Reader(scenario.simulation.world)
    log, last = log.told(reader)
    assert (last, log.is_over(reader)) == (b"line 4\n", True)


def test_the_container_has_to_be_named() -> None:
    scenario = Scenario()
    scenario.apply(orjson.dumps(pod("a", "b", initial=("first",))).decode())
    words = "a container name must be specified for pod web, choose one of: [a b] or one of the init containers: [first]"
    assert refused(scenario) == words


def test_a_pod_that_is_not_there() -> None:
    found = begun(Scenario())
    assert isinstance(found, Answer)
    assert (found.code, found.message) == (404, 'pods "web" not found')
