"""What holds of every decision, whatever the cluster."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.scheduler.decision import Outcome
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot
from tests.scheduler.builders import PROFILE, container, node, pod, taint

TAINTS = [taint("a"), taint("b", effect="NoExecute"), taint("c", effect="PreferNoSchedule")]

requests = st.fixed_dictionaries({}, optional={
    "cpu": st.sampled_from(["0", "100m", "1", "1500m", "3"]), "memory": st.sampled_from(["64Mi", "1Gi", "3G"]),
})
containers = st.builds(lambda asked, port: container(host_port=port, **asked), requests, st.sampled_from([0, 0, 80, 443]))


@st.composite
def clusters(draw):
    names = [f"n{number}" for number in range(draw(st.integers(1, 5)))]
    nodes = [
        node(name, cpu=draw(st.sampled_from(["1", "2", "4"])), pods=draw(st.sampled_from(["1", "3", "110"])),
             taints=draw(st.lists(st.sampled_from(TAINTS), max_size=2)), cordoned=draw(st.booleans()),
             labels=draw(st.sampled_from([{}, {"disk": "ssd"}])))
        for name in names
    ]
    placed = [
        pod(f"p{number}", draw(containers), on=draw(st.sampled_from(names)), priority=draw(st.integers(-1, 1)))
        for number in range(draw(st.integers(0, 8)))
    ]
    incoming = pod(
        "incoming", draw(containers), priority=draw(st.integers(-1, 1)),
        tolerations=draw(st.sampled_from([[], [{"operator": "Exists"}], [{"key": "a", "operator": "Exists"}]])),
        nodeSelector=draw(st.sampled_from([{}, {"disk": "ssd"}])),
    )
    return nodes, placed, incoming


@settings(max_examples=200, deadline=None)
@given(clusters(), st.floats(0, 1, exclude_max=True))
def test_every_decision(cluster, chance):
    nodes, placed, incoming = cluster
    snapshot = Snapshot.of(nodes, placed)
    found = decide(incoming, snapshot, PROFILE, lambda: chance)

    assert sorted(verdict.node for verdict in found.verdicts) == sorted(each["metadata"]["name"] for each in nodes)
    assert (found.outcome is Outcome.SCHEDULED) == bool(found.feasible)
    assert found.message
    if found.outcome is Outcome.SCHEDULED:
        assert found.chosen in found.best
        assert set(found.best) <= set(found.feasible)
        assert all(verdict.total <= found.verdict(found.chosen).total for verdict in found.verdicts)
        assert all(0 <= score.normalized <= 100 for verdict in found.verdicts for score in verdict.scores.values())
        assert_fits(snapshot, found.chosen, incoming)
    else:
        assert found.message.startswith(f"0/{len(nodes)} nodes are available: ")
        assert found.rejectors
    if found.nominated:
        for victim in found.victims:
            assert victim["spec"]["priority"] < incoming["spec"]["priority"]
            snapshot = snapshot.without_pod(victim)
        assert found.nominated in decide(incoming, snapshot, PROFILE, lambda: chance).feasible


def assert_fits(snapshot, name, incoming):
    """With the pod on the node nothing is overcommitted that was not before, and no port is taken twice."""
    before = snapshot.node(name)
    after = snapshot.with_pod({**incoming, "spec": {**incoming["spec"], "nodeName": name}}).node(name)
    assert len(after.pods) <= after.allocatable["pods"]
    for resource, amount in after.requested.items():
        assert amount <= after.allocatable[resource] or amount == before.requested.get(resource, 0)
    ports = [port for each in after.pods for port in each.ports]
    mine = after.pods[-1].ports
    assert all(ports.count(port) == 1 for port in mine)
