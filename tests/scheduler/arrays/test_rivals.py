"""Pods that are nominated for a node count there beside the pod that is tried."""

from cluster.scheduler.arrays.scheduler import ArrayScheduler
from cluster.scheduler.listers import DocumentLister
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot
from tests.scheduler.arrays.parity import by_arrays, readable
from tests.scheduler.builders import PROFILE, container, node, pod

NAMESPACES = DocumentLister({"namespaces": [
    {"metadata": {"name": "default", "labels": {"tier": "gold"}}}, {"metadata": {"name": "other"}},
]})


def nominated(name="rival", on="n1", **spec):
    found = pod(name, **{"priority": 10, **spec})
    return {**found, "status": {"nominatedNodeName": on}}


def both(incoming, nodes, pods):
    """The outcome, on which both paths agree."""
    snapshot = Snapshot.of(nodes, pods, NAMESPACES)
    scheduler = ArrayScheduler(PROFILE)
    for each in (*nodes, *pods):
        (scheduler.add_node if each["kind"] == "Node" else scheduler.add_pod)(each)
    found = by_arrays(scheduler, scheduler.decide(incoming, lambda: 0.0, NAMESPACES))
    assert found == readable(decide(incoming, snapshot, PROFILE, lambda: 0.0))
    return found


def keep_away(**where):
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {}, **where}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def test_it_works():
    rival = nominated(containers=[container(cpu="3")])
    found = both(pod("p", container(cpu="2")), [node("n1"), node("n2")], [rival])

    assert found["chosen"] == "n2"


def test_less_important_rivals_do_not_count():
    rival = nominated(containers=[container(cpu="3")], priority=-1)
    found = both(pod("p", container(cpu="2")), [node("n1"), node("n2")], [rival])

    assert found["feasible"] == 2


def test_the_rival_leaves_nothing_behind():
    rival = nominated(containers=[container(cpu="3")])
    scheduler = ArrayScheduler(PROFILE)
    for each in (node("n1"), node("n2")):
        scheduler.add_node(each)
    scheduler.add_pod(rival)
    for _ in range(3):
        assert scheduler.decide(pod("p", container(cpu="2")), lambda: 0.0).chosen == "n2"
    scheduler.remove_pod(rival)

    assert scheduler.decide(pod("p", container(cpu="2")), lambda: 0.0).feasible == 2
    assert scheduler.columns.requested("cpu").tolist() == [0] * scheduler.columns.capacity


def test_rivals_terms_look_at_labels_of_namespaces():
    """The rival keeps away pods of namespaces without a tier; the incoming pod has an anti-affinity term of its own."""
    without_tier = {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}
    rival = nominated(affinity=keep_away(namespaceSelector=without_tier, labelSelector={"matchLabels": {"app": "web"}}))
    incoming = pod("p", affinity=keep_away(labelSelector=None))
    incoming["metadata"]["labels"] = {"app": "web"}
    found = both(incoming, [node("n1"), node("n2")], [rival])

    assert found["feasible"] == 2
