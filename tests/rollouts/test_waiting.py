"""Why a rollout waits right now: the right sentence with the right numbers, for every kind and every way to be stuck."""

import pytest

from cluster.apiserver.reader import Reader
from cluster.rollouts import workload as workloads
from cluster.rollouts.trace import Trace
from cluster.rollouts.waiting import says, troubles
from tests.support.console import Console
from tests.support.rollouts import DAEMONSET, STATEFULSET, cluster, deployment, made

MISSING = "nginx:9.99-nosuch"


def said(simulation, resource="deployments.apps", name="web"):
    view = Reader(simulation.world)
    workload = view.get(resource, "default", name)
    trace = Trace.begun(simulation.world, f"{resource}/default/{name}")
    return says(view, workload, sum(line.stretch == "terminating" for line in trace.lines.values()))


def run(simulation, line):
    result = Console(simulation).run(line)
    assert result.code == 0, result.stderr


def until_key(simulation, key, resource="deployments.apps"):
    """Step until the sentence is this one."""
    for _ in range(800):
        if said(simulation, resource).key == key:
            return said(simulation, resource)
        if simulation.step() is None:
            break
    raise AssertionError(f"never {key}")


def test_it_works():
    """6 Pods, 25 % and 25 %: 8 count, 5 are available; it waits for the new ones. The numbers add up."""
    simulation, _ = cluster()
    deployment(simulation, replicas=6)
    assert said(simulation) == ("done", "done", said(simulation).args)
    run(simulation, "set image deployment/web nginx=nginx:1.27")
    assert said(simulation).key == "unseen"
    waits = until_key(simulation, "waits")
    assert waits.state == "waits"
    numbers = waits.args
    assert (numbers["ceiling"], numbers["floor"], numbers["total"], numbers["available"]) == (8, 5, 8, 5)
    assert numbers["old"] + numbers["made"] == numbers["total"]
    assert numbers["missing"] == 3
    assert until_key(simulation, "moves-down").args["room"] >= 1
    assert until_key(simulation, "waits-last").args["old"] > 0
    done = until_key(simulation, "done-terminating")
    assert (done.state, done.args["revision"]) == ("done", 2)
    assert done.args["terminating"] > 0
    until_key(simulation, "done")


def test_paused():
    simulation, _ = cluster()
    deployment(simulation, replicas=4)
    run(simulation, "rollout pause deployment/web")
    until_key(simulation, "paused-whole")
    run(simulation, "set image deployment/web nginx=nginx:1.27")
    until_key(simulation, "paused")
    run(simulation, "rollout resume deployment/web")
    until_key(simulation, "waits")
    run(simulation, "rollout pause deployment/web")
    midway = until_key(simulation, "paused-midway")
    assert midway.state == "paused"
    assert 0 < midway.args["made"] < 5


def test_late():
    """Past the deadline it is stuck, and says after how many seconds."""
    simulation, _ = cluster()
    deployment(simulation, replicas=2, progressDeadlineSeconds=30)
    run(simulation, f"set image deployment/web nginx={MISSING}")
    simulation.advance(5_000)
    assert said(simulation).key == "waits"
    simulation.advance(40_000)
    late = said(simulation)
    assert (late.state, late.key, late.args["seconds"]) == ("stuck", "late", 30)
    found = troubles(Reader(simulation.world), simulation.api.get("deployments.apps", "default", "web"))
    assert len(found) == 1
    assert len(found[0].pods) == late.args["missing"]
    assert found[0].status in ("ImagePullBackOff", "ErrImagePull")
    assert MISSING in found[0].message


def test_recreate():
    simulation, _ = cluster()
    deployment(simulation, replicas=3, strategy={"type": "Recreate"})
    run(simulation, "set image deployment/web nginx=nginx:1.27")
    assert until_key(simulation, "recreate-old").args["gone"] > 0
    assert until_key(simulation, "starting").args["available"] == 0
    until_key(simulation, "done")


def test_switched_off():
    simulation, _ = cluster()
    deployment(simulation, replicas=2)
    simulation.switch("deployment-controller", on=False)
    run(simulation, "set image deployment/web nginx=nginx:1.27")
    assert said(simulation)[:2] == ("stuck", "off")


def test_a_quota_is_in_the_way():
    """What keeps Pods from being made is told, in the API server's words."""
    simulation, _ = cluster()
    deployment(simulation, replicas=2)
    run(simulation, "create quota few --hard=pods=2")
    simulation.until_quiet()
    run(simulation, "scale deployment/web --replicas=4")
    simulation.advance(5_000)
    found = troubles(Reader(simulation.world), simulation.api.get("deployments.apps", "default", "web"))
    assert "exceeded quota: few" in found[0].message


# --- StatefulSet ------------------------------------------------------------------------------------------------

STS = "statefulsets.apps"


def test_a_statefulset_goes_in_order():
    simulation, _ = cluster()
    made(simulation, STATEFULSET)
    assert said(simulation, STS).key == "done"
    run(simulation, "set image statefulset/web nginx=nginx:1.27")
    assert until_key(simulation, "sts-goes", STS).args["pod"] == "web-2"
    waits = until_key(simulation, "sts-waits", STS)
    assert (waits.args["pod"], waits.args["has"]) == ("web-2", 2)
    until_key(simulation, "done", STS)


def test_a_statefulset_that_undo_does_not_mend():
    simulation, _ = cluster()
    made(simulation, STATEFULSET)
    run(simulation, f"set image statefulset/web nginx={MISSING}")
    simulation.advance(20_000)
    broken = said(simulation, STS)
    assert (broken.state, broken.key, broken.args["pod"], broken.args["has"]) == ("stuck", "sts-broken", "web-2", 2)
    run(simulation, "rollout undo statefulset/web")
    simulation.advance(60_000)
    stuck = said(simulation, STS)
    assert (stuck.state, stuck.key, stuck.args["pod"], stuck.args["has"]) == ("stuck", "sts-stuck", "web-2", 2)
    run(simulation, "delete pod web-2 --wait=false")
    until_key(simulation, "done", STS)


def test_a_partition():
    simulation, _ = cluster()
    made(simulation, STATEFULSET, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})
    run(simulation, "set image statefulset/web nginx=nginx:1.27")
    kept = until_key(simulation, "sts-partition", STS)
    assert (kept.args["border"], kept.args["outdated"], kept.args["revision"]) == (2, 2, 2)


@pytest.mark.parametrize(("text", "resource", "count"), [(STATEFULSET, STS, 3), (DAEMONSET, "daemonsets.apps", 3)])
def test_on_delete(text, resource, count):
    """Nothing is replaced until somebody deletes it."""
    simulation, _ = cluster()
    made(simulation, text, updateStrategy={"type": "OnDelete"})
    run(simulation, f"set image {resource.partition('s.')[0]}/web nginx=nginx:1.27")
    waits = until_key(simulation, "on-delete", resource)
    assert (waits.state, waits.args["outdated"]) == ("waits", count)
    simulation.advance(60_000)
    pod = simulation.api.list("pods", "default")[0]["metadata"]["name"]
    run(simulation, f"delete pod {pod} --wait=false")
    simulation.until_quiet()
    assert said(simulation, resource).args["outdated"] == count - 1


# --- DaemonSet --------------------------------------------------------------------------------------------------


def test_a_daemonset_waits():
    simulation, _ = cluster()
    made(simulation, DAEMONSET)
    run(simulation, "set image daemonset/web nginx=nginx:1.27")
    waits = until_key(simulation, "ds-waits", "daemonsets.apps")
    assert (waits.args["missing"], waits.args["below"]) == (1, 1)
    until_key(simulation, "done", "daemonsets.apps")


def test_a_daemonset_with_surge():
    simulation, _ = cluster()
    made(simulation, DAEMONSET, updateStrategy={
        "type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0},
    })
    run(simulation, "set image daemonset/web nginx=nginx:1.27")
    assert until_key(simulation, "ds-surge", "daemonsets.apps").args["surge"] == 2
    bounds = workloads.bounds(simulation.api.get("daemonsets.apps", "default", "web"))
    assert bounds == (3, 5, 3)
