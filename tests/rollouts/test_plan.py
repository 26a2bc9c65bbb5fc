"""A plan is run by the engine itself: what it foresees is what happens."""

import pytest

from cluster.rollouts import plan as plans
from cluster.rollouts.plan import Plan, Unplannable, checked, fields, line
from cluster.rollouts.trace import Trace
from cluster.simulation.components import all_components
from tests.support.console import Console
from tests.support.rollouts import DAEMONSET, STATEFULSET, changes, cluster, deployment, made

WEB = "deployments.apps/default/web"


def plan(simulation, wishes, reference=WEB, trace=None):
    """A plan, run to its end."""
    trace = trace or Trace.begun(simulation.world, reference)
    found = Plan(simulation.world, all_components(), simulation.settings, trace, checked(trace.workload, wishes))
    for _ in found.run():
        pass
    return found


def test_it_works():
    """In the middle of a rollout: the numbers are changed, and everything comes as it was foreseen, to the millisecond."""
    simulation, steps = cluster()
    deployment(simulation, replicas=6)
    trace, after = Trace.begun(simulation.world, WEB), len(steps)
    Console(simulation).run("set image deployment/web nginx=nginx:1.27")
    simulation.advance(1_000)
    for step in steps[after:]:
        trace.see(step.at, changes(step))
    foreseen = plan(simulation, {"maxSurge": "100%", "maxUnavailable": 3}, trace=trace)
    assert not foreseen.restarts
    revision, after = simulation.revision, len(steps)
    Console(simulation).run(line(trace.workload, {"maxSurge": "100%", "maxUnavailable": 3}).removeprefix("kubectl "))
    simulation.until_quiet()
    for step in steps[after:]:
        trace.see(step.at, changes(step))
    assert revision < simulation.revision
    happened = [sample for sample in trace.samples if sample.at <= foreseen.trace.samples[-1].at]
    assert happened == foreseen.trace.samples
    outcome = foreseen.outcome()
    assert outcome["most"] > 8
    assert outcome["fewest"] < 5
    assert foreseen.began + outcome["takes"] == trace.notes[-1][0]


def test_a_settled_workload_is_restarted():
    simulation, steps = cluster()
    deployment(simulation, replicas=4)
    before, written = simulation.revision, len(steps)
    careful = plan(simulation, {"maxSurge": 1, "maxUnavailable": 0})
    bold = plan(simulation, {"maxSurge": 0, "maxUnavailable": "100%"})
    assert careful.restarts
    assert careful.is_settled
    assert (careful.outcome()["most"], careful.outcome()["fewest"]) == (5, 4)
    assert (bold.outcome()["most"], bold.outcome()["fewest"]) == (4, 0)
    assert careful.outcome()["takes"] > bold.outcome()["takes"]
    assert (simulation.revision, len(steps)) == (before, written)


def test_what_never_ends():
    """A template that cannot run: the plan says that no end is in sight and does not look further than its horizon."""
    simulation, _ = cluster()
    deployment(simulation, replicas=2)
    Console(simulation).run("set image deployment/web nginx=nosuch.example/none:1")
    simulation.advance(5_000)
    found = plan(simulation, {"replicas": 3})
    assert found.outcome()["takes"] is None
    assert found.end <= found.began + plans.HORIZON


def test_a_paused_workload_is_not_restarted():
    """Other limits of a paused Deployment move nothing; another size does."""
    simulation, _ = cluster()
    deployment(simulation, replicas=2)
    Console(simulation).run("rollout pause deployment/web")
    simulation.until_quiet()
    limits, size = plan(simulation, {"maxSurge": 1}), plan(simulation, {"replicas": 3})
    assert not limits.restarts
    assert limits.outcome()["takes"] < 100
    assert (limits.outcome()["most"], limits.outcome()["fewest"]) == (2, 2)
    assert size.outcome()["takes"] > 500
    assert size.outcome()["most"] == 3


def test_what_is_refused():
    simulation, _ = cluster()
    deployment(simulation, replicas=2)
    found = plan(simulation, {"maxSurge": 0, "maxUnavailable": 0})
    assert "may not be 0 when `maxSurge` is 0" in found.problem


@pytest.mark.parametrize(("wishes", "words"), [
    ({"image": 1}, "'image' is no field that can be planned: allowed are replicas, maxSurge, maxUnavailable."),
    ({"replicas": "25%"}, "replicas must be a whole number from 0 to 100."),
    ({"replicas": -1}, "replicas must be a whole number from 0 to 100."),
    ({"replicas": True}, "replicas must be a whole number from 0 to 100."),
    ({"replicas": 10**9}, "replicas must be a whole number from 0 to 100."),
    ({"maxSurge": "x"}, "maxSurge must be a whole number from 0 to 100, or a percentage."),
    ({"maxSurge": None}, "maxSurge must be a whole number from 0 to 100, or a percentage."),
    ({"partition": 1}, "'partition' is no field that can be planned: allowed are replicas, maxSurge, maxUnavailable."),
])
def test_wrong_wishes(wishes, words):
    simulation, _ = cluster()
    deployment(simulation, replicas=2)
    workload = simulation.api.get("deployments.apps", "default", "web")
    with pytest.raises(Unplannable) as caught:
        checked(workload, wishes)
    assert str(caught.value) == words


def test_what_is_so_already_is_no_wish():
    simulation, _ = cluster()
    deployment(simulation, replicas=2)
    workload = simulation.api.get("deployments.apps", "default", "web")
    assert checked(workload, {"replicas": 2, "maxSurge": "25%", "maxUnavailable": 1}) == {"maxUnavailable": 1}


@pytest.mark.parametrize(("text", "kind", "known", "wishes", "written"), [
    (STATEFULSET, "statefulset", ("replicas", "partition"), {"partition": 2},
     '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}'),
    (DAEMONSET, "daemonset", ("maxSurge", "maxUnavailable"), {"maxUnavailable": 2},
     '{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":2}}}}'),
])
def test_other_kinds(text, kind, known, wishes, written):
    simulation, _ = cluster()
    made(simulation, text)
    workload = simulation.api.get(f"{kind}s.apps", "default", "web")
    assert fields(workload) == known
    assert line(workload, wishes) == f"kubectl patch {kind}/web --type=merge -p '{written}'"
    found = plan(simulation, wishes, f"{kind}s.apps/default/web")
    assert found.is_settled
    assert found.problem == ""
