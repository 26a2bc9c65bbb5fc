"""A rollout over time: the counts are those that a real control plane was recorded to have, and nothing leaves its bounds."""

import json

import pytest

from cluster.apiserver.state import filled
from cluster.rollouts.trace import Trace
from tests.golden_replay.rolling import rollout
from tests.support.console import Console
from tests.support.golden import golden
from tests.support.rollouts import changes, cluster, deployment, followed, until

RECORDED = json.loads((golden() / "rolling.json").read_text())
CASES = {"a-25-25": ("25%", "25%"), "b-1-0": ("1", "0"), "c-0-1": ("0", "1"), "d-5-0": ("5", "0")}
STRICT = ("b-1-0", "c-0-1")


def sizes(trace: Trace, old: str, new: str) -> list[list[int]]:
    """What both ReplicaSets ask for, each change once."""
    found: list[list[int]] = []
    for sample in trace.samples:
        pair = [sample.groups.get(name, (0, 0, 0))[2] for name in (old, new)]
        if not found or found[-1] != pair:
            found.append(pair)
    return found


def recorded(case: str) -> tuple[dict[str, dict[tuple[str, str], dict]], list[tuple[str, dict]]]:
    """What was there when the recording began, by table, and what was written then."""
    initial, later = {}, []
    for line in (golden() / "watch" / f"rolling-{case}.jsonl").read_text().splitlines():
        event = json.loads(line)
        kind = {"replicasets": "ReplicaSet", "deployments": "Deployment"}.get(event["kind"])
        if kind is None or event["object"]["metadata"]["namespace"] != case:
            continue
        table, document = f"{event['kind']}.apps", {"kind": kind, "apiVersion": "apps/v1", **event["object"]}
        if event["type"] == "INITIAL":
            initial.setdefault(table, {})[case, document["metadata"]["name"]] = document
        else:
            later.append((table, document))
    return initial, later


@pytest.mark.parametrize("case", CASES)
def test_it_works(case):
    """The very writes of a real control plane, followed."""
    initial, later = recorded(case)
    trace = Trace.begun(filled(initial), f"deployments.apps/{case}/d")
    (old,) = trace.kept
    for number, (table, document) in enumerate(later, 1):
        trace.see(number, [(table, (case, document["metadata"]["name"]), document)])
    new = next(name for name in trace.kept if name != old)
    assert sizes(trace, old, new) == RECORDED[case]["spec_old_new"]
    assert all(sum(size for _, _, size in sample.groups.values()) <= sample.bounds.ceiling for sample in trace.samples)
    assert [note for _, note in trace.notes] == ["template", "settled"]


@pytest.mark.parametrize("case", CASES)
def test_what_is_drawn_never_leaves_the_bounds(case):
    """20 Pods under the recorded bounds: never above the ceiling, never below the floor, from the first step to the last."""
    stage = rollout(f"ro-{case}", 20, *CASES[case])
    trace = followed(stage.steps[0].world, stage.steps[1:], f"deployments.apps/ro-{case}/d")
    assert len(trace.samples) > 20
    assert [sample for sample in trace.samples if sample.counted > sample.bounds.ceiling] == []
    assert [sample for sample in trace.samples if sample.available < (sample.bounds.floor or 0)] == []
    old, new = sorted(trace.kept, key=lambda name: trace.kept[name]["metadata"]["creationTimestamp"])
    seen = sizes(trace, old, new)
    wanted = RECORDED[case]["spec_old_new"]
    assert (seen[0], seen[-1]) == (wanted[0], wanted[-1])
    if case in STRICT:
        assert seen == wanted
    assert (trace.samples[-1].counted, trace.samples[-1].available) == (20, 20)


def test_life_lines():
    """Every Pod is made, gets a node, starts, becomes available, leaves and is gone, in this order."""
    simulation, steps = cluster()
    deployment(simulation, replicas=3)
    base, after = simulation.world, len(steps)
    Console(simulation).run("set image deployment/web nginx=nginx:1.27")
    simulation.until_quiet()
    trace = followed(base, steps[after:], "deployments.apps/default/web")
    old = [line for line in trace.lines.values() if line.known]
    new = [line for line in trace.lines.values() if not line.known]
    assert len(old) == len(new) == 3
    for line in old:
        assert [stretch for _, stretch in line.stretches] == ["available", "terminating"]
        assert line.gone is not None
        assert line.gone > line.stretches[-1][0]
    for line in new:
        assert [stretch for _, stretch in line.stretches] == ["pending", "starting", "available"]
        assert [at for at, _ in line.stretches] == sorted(at for at, _ in line.stretches)
        assert (line.gone, line.node[:5], line.mark) == (None, "node-", "running")
    assert {line.group for line in old} & {line.group for line in new} == set()


def test_ready_is_not_available():
    """minReadySeconds: no write tells when a Pod becomes available, time alone does."""
    simulation, steps = cluster()
    deployment(simulation, replicas=2, min_ready=5)
    base, after = simulation.world, len(steps)
    Console(simulation).run("set image deployment/web nginx=nginx:1.27")
    until(simulation, "deployments.apps", "web")
    trace = followed(base, steps[after:], "deployments.apps/default/web")
    new = [line for line in trace.lines.values() if not line.known]
    assert [stretch for _, stretch in new[0].stretches] == ["pending", "starting", "ready", "available"]
    waits = [at for at, stretch in new[0].stretches if stretch in ("ready", "available")]
    assert 4_000 < waits[1] - waits[0] <= 5_000
    assert [sample for sample in trace.samples if sample.available < (sample.bounds.floor or 0)] == []


def test_another_workload_is_not_followed():
    simulation, steps = cluster()
    deployment(simulation, replicas=2)
    base, after = simulation.world, len(steps)
    Console(simulation).run("create deployment other --image=nginx:1.26 --replicas=3")
    simulation.until_quiet()
    trace = followed(base, steps[after:], "deployments.apps/default/web")
    assert len(trace.lines) == 2
    assert len(trace.samples) == 1


def test_a_copy_goes_its_own_way():
    simulation, steps = cluster()
    deployment(simulation, replicas=2)
    trace = Trace.begun(simulation.world, "deployments.apps/default/web")
    after = len(steps)
    Console(simulation).run("scale deployment/web --replicas=4")
    simulation.until_quiet()
    copy = trace.copy()
    for step in steps[after:]:
        copy.see(step.at, changes(step))
    assert (len(trace.lines), len(copy.lines)) == (2, 4)
    assert (len(trace.samples), trace.notes) == (1, [])
    assert [note for _, note in copy.notes] == ["scaled", "settled"]


def test_what_was_made_later():
    """A workload that is not there yet begins with its creation; one that is deleted keeps its lines."""
    simulation, steps = cluster()
    base = simulation.world
    deployment(simulation, replicas=2)
    Console(simulation).run("delete deployment web")
    simulation.until_quiet()
    trace = followed(base, steps, "deployments.apps/default/web")
    assert [note for _, note in trace.notes] == ["created", "settled", "deleted"]
    assert len(trace.lines) == 2
    assert all(line.gone is not None for line in trace.lines.values())
    assert trace.samples[-1].counted == 0
