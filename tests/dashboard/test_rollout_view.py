"""The Rollout view as the server writes it: a page without JavaScript, a fragment with it, for every kind of workload."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cluster import store
from cluster.apiserver.reader import Reader
from cluster.models import Cluster
from cluster.rollouts import picture as pictures
from cluster.rollouts.plan import Plan, checked
from cluster.rollouts.trace import Trace
from cluster.simulation.components import all_components
from dashboard import rollout as drawing
from tests.support.console import Console
from tests.support.rollouts import DAEMONSET, STATEFULSET, changes, cluster, deployment, made

pytestmark = pytest.mark.django_db
HTMX = {"hx-request": "true"}
IMAGE = "set image "


@pytest.fixture
def own(client) -> Cluster:
    client.get("/sandbox/")
    return store.create(client.session["visitor"], store.HOME, 4)


class Worker:
    """Answers as the worker does, with a rollout of a simulation in its middle."""

    def __init__(self, kind: str = "deployments.apps", line: str = f"{IMAGE}deployment/web nginx=nginx:1.27", wait: int = 1_000):
        self.asked: list[dict[str, Any]] = []
        self.simulation, steps = cluster()
        self.ref = f"{kind}/default/web"
        if kind == "deployments.apps":
            deployment(self.simulation, replicas=6)
        else:
            made(self.simulation, STATEFULSET if kind == "statefulsets.apps" else DAEMONSET)
        self.began, after = self.simulation.now, len(steps)
        self.trace = Trace.begun(self.simulation.world, self.ref)
        Console(self.simulation).run(line)
        self.simulation.advance(wait)
        for step in steps[after:]:
            self.trace.see(step.at, changes(step))

    def rollout(self, command: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(command)
        world, trace = self.simulation.world, self.trace
        answer = {"type": "rollout", "workloads": pictures.listed(Reader(world)), "ref": self.ref, "plan": None}
        if command.get("ref", "").endswith("/gone"):
            return {**answer, "ref": command["ref"], "picture": None}
        assert trace.workload is not None
        wishes = checked(trace.workload, command.get("changes") or {})
        if not wishes:
            return {**answer, "picture": pictures.picture(world, trace, trace, self.began, world.now, "")}
        plan, without = (Plan(world, all_components(), self.simulation.settings, trace, wish) for wish in (wishes, {}))
        for one in (plan, without):
            for _ in one.run():
                pass
        told = pictures.picture(world, trace, plan.trace, self.began, plan.end, "plan")
        return {**answer, "picture": told, "plan": pictures.planned(plan, without, wishes)}


@pytest.fixture
def worker(hub, monkeypatch):
    """Makes a worker that answers like one with such a rollout."""

    def start(*arguments: Any) -> Worker:
        found = Worker(*arguments)
        monkeypatch.setattr(hub, "rollout", found.rollout, raising=False)
        return found

    return start


def page(client, own: Cluster, query: str = "", **more: Any) -> str:
    return client.get(f"/sandbox/{own.id}/rollout{query}", **more).content.decode()


def test_it_works(client, own, worker):
    """A whole page: sentence, sizes, picture, life lines, revisions, and both tables."""
    worker()
    text = page(client, own)
    assert text.count("<h1") == 1
    assert "waits for 3 new Pods" in text
    assert "ceiling 8" in text
    assert "floor 5" in text
    assert text.count('class="ro__row"') >= 9
    assert "<del>nginx:1.26</del> <ins>nginx:1.27</ins>" in text
    assert re.search(r"<caption[^>]*>Counts over time", text)
    assert re.search(r"<caption[^>]*>Every Pod", text)
    assert not re.search(r"\sstyle=", text)


def test_htmx_gets_the_fragment(client, own, worker):
    worker()
    text = page(client, own, headers=HTMX)
    assert "<html" not in text
    assert text.lstrip().startswith('<div class="ro__b" data-workload="deployments.apps/default/web"')
    for line in ("rollout undo deployment/web --to-revision=1", "rollout pause deployment/web", "rollout restart deployment/web"):
        assert f'data-line="kubectl {line}"' in text


def test_the_moment_and_the_selection_are_asked_for(client, own, worker):
    found = worker()
    page(client, own, "?ref=pods/default/web-1&revision=12&live=false")
    page(client, own, "?ref=pods/default/web-1&workload=statefulsets.apps/default/db")
    page(client, own, "?ref=<b>&revision=x")
    asked = [(command["ref"], command["revision"]) for command in found.asked]
    assert asked == [("pods/default/web-1", 12), ("statefulsets.apps/default/db", None), ("", None)]
    assert all("changes" not in command for command in found.asked)


def test_sliders_that_were_moved_are_a_plan(client, own, worker):
    found = worker()
    query = ("?for=deployments.apps/default/web&wanted=6&replicas=6&replicas-was=6&maxSurge=100&maxSurge-was=25%25"
             "&maxSurge-unit=%25&maxSurge-drawn=%25&maxUnavailable=25&maxUnavailable-was=25%25&maxUnavailable-unit=%25"
             "&maxUnavailable-drawn=%25")
    text = page(client, own, query, headers=HTMX)
    assert found.asked[0]["changes"] == {"maxSurge": "100%"}
    assert found.asked[0]["for"] == "deployments.apps/default/web"
    assert "Simulated: on from here with these numbers." in text
    assert "ceiling 12" in text
    assert 'class="base"' in text
    assert re.search(r'id="rollout-apply" data-line="kubectl patch deployment/web --type=merge -p &#x27;\{&quot;spec', text)
    assert re.search(r'id="rollout-maxSurge"[^>]*value="100"', text)


@pytest.mark.parametrize(("unit", "drawn", "number", "wish"), [
    ("pods", "%", "25", 2), ("%", "pods", "3", "50%"), ("pods", "pods", "4", 4), ("%", "%", "40", "40%"),
])
def test_the_unit_can_be_changed(client, own, worker, unit, drawn, number, wish):
    found = worker()
    marks = {"%": "%25", "pods": "pods"}
    page(client, own, f"?wanted=6&maxSurge={number}&maxSurge-was=25%25&maxSurge-unit={marks[unit]}&maxSurge-drawn={marks[drawn]}")
    assert found.asked[0]["changes"] == {"maxSurge": wish}


def test_a_wish_that_is_refused_is_told(client, own, worker, hub, monkeypatch):
    """The refusal stands above what is."""
    found = worker()

    def answer(command):
        return {"type": "error", "message": "replicas must be <small>."} if command.get("changes") else found.rollout(command)

    monkeypatch.setattr(hub, "rollout", answer)
    text = page(client, own, "?replicas=99&replicas-was=6")
    assert "replicas must be &lt;small&gt;." in text
    assert "waits for 3 new Pods" in text


def test_a_statefulset(client, own, worker):
    """Ordinals as life lines, the partition as a slider, and the Pod that undo does not mend with a button."""
    found = worker("statefulsets.apps", "set image statefulset/web nginx=nginx:9.99-nosuch", 20_000)
    Console(found.simulation).run("rollout undo statefulset/web")
    found.simulation.advance(20_000)
    found.trace = Trace.begun(found.simulation.world, found.ref)
    text = page(client, own, headers=HTMX)
    assert "<strong>Stuck</strong>: <code>web-2</code> is of revision 2" in text
    assert 'data-line="kubectl delete pod web-2"' in text
    assert 'id="rollout-partition"' in text
    assert "Every ordinal" in text
    assert text.count('class="ro__row"') == 3


def test_a_daemonset(client, own, worker):
    worker("daemonsets.apps", "set image daemonset/web nginx=nginx:1.27", 1_500)
    text = page(client, own, headers=HTMX)
    assert "Every node" in text
    assert [f"node-{number}" in text for number in (1, 2, 3)] == [True] * 3
    assert 'id="rollout-maxUnavailable"' in text
    assert 'id="rollout-replicas"' not in text


def test_a_workload_that_is_not_there(client, own, worker):
    worker()
    text = page(client, own, "?workload=deployments.apps/default/gone")
    assert "default/gone is not there at this moment" in text
    assert "ro__plot" not in text


def test_nothing_to_roll_out(client, own, hub, monkeypatch):
    empty = {"type": "rollout", "workloads": [], "ref": "", "plan": None, "picture": None}
    monkeypatch.setattr(hub, "rollout", lambda command: empty, raising=False)
    text = page(client, own, headers=HTMX)
    assert "Nothing to roll out yet" in text
    assert 'data-line="kubectl create deployment web' in text


def test_a_refusal_is_told(client, own, hub):
    hub.refusal = "Revision 1 cannot be shown."
    assert "Revision 1 cannot be shown." in page(client, own, "?revision=1&live=false")


def test_another_ones_cluster_is_not_shown(client, hub):
    other = store.create("somebody", store.HOME, 4)
    assert client.get(f"/sandbox/{other.id}/rollout").status_code == 404


def test_chinese(client, own, worker):
    worker()
    text = page(client, own, headers={"accept-language": "zh-CN"})
    assert "上限 8" in text
    assert "等 3 个新 Pod" in text
    assert "滚动更新" in text


# --- the drawing ------------------------------------------------------------------------------------------------


def test_what_is_drawn_is_what_was_counted(worker):
    """At every moment the rectangles over one another are as high as the Pods that count, and lie between 0 and the ceiling."""
    found = worker()
    picture = found.rollout({})["picture"]
    figure = drawing.figure(picture, None)
    for sample in picture["samples"][:-1]:
        now = [area for area in figure["areas"] if area["from"] <= sample["at"] + 5 < area["to"]]
        exact = [one for one in picture["samples"] if one["at"] <= sample["at"] + 5][-1]
        counted = sum(counts[0] for counts in exact["groups"].values())
        assert max(area["high"] for area in now) <= exact["ceiling"]
        if not any(sample["at"] < one["at"] < sample["at"] + 10 for one in picture["samples"]):
            assert sum(area["high"] - area["low"] for area in now) == counted
    assert all(area["from"] < area["to"] for area in figure["areas"])


def test_lengths_are_written_for_every_language():
    assert [drawing.per_cent(value) for value in (0, 12.5, 33.3333, 100)] == ["0%", "12.5%", "33.333%", "100%"]


def test_rows_follow_one_another(worker):
    """The Pods of an ordinal share a row: the old one, then the new one."""
    found = worker("statefulsets.apps", "set image statefulset/web nginx=nginx:1.27", 60_000)
    picture = found.rollout({})["picture"]
    rows = drawing.rows(picture, drawing.Scale(picture["from"], picture["until"], 4))
    assert [row["name"] for row in rows] == ["web-0", "web-1", "web-2"]
    for row in rows:
        assert [pod["revision"] for pod in row["pods"]] == [1, 2]
        assert {bar["group"] for bar in row["bars"]} == {0, 1}
