"""A ReplicaSet with too many Pods deletes the right ones, one by one, and says why."""

from cluster.controllers.replicaset import ReplicaSetController
from cluster.controllers.replicaset_ranking import DELETION_COST
from cluster.objects import metadata
from tests.support.fakes import apply, events, fake_cluster, patch, replicaset

RESOURCE = "replicasets.apps"


def running(replicas):
    simulation = fake_cluster(ReplicaSetController())
    apply(simulation, replicaset(replicas=replicas))
    simulation.until_quiet()
    return simulation


def names(simulation):
    return [metadata.name(pod) for pod in simulation.api.list("pods", "default")]


def test_it_works():
    simulation = running(5)
    before = names(simulation)
    patch(simulation, RESOURCE, "rs", {"spec": {"replicas": 2}})
    steps = [step for step in simulation.until_quiet() if step.say.startswith("replicaset.delete-pod")]
    assert [(step.args["have"], step.args["want"]) for step in steps] == [(5, 2), (4, 2), (3, 2)]
    gone = [name for name in before if name not in names(simulation)]
    assert sorted(events(simulation, "default", "SuccessfulDelete")) == sorted(f"Deleted pod: {name}" for name in gone)
    assert all(step.why["decision"] == "scale-down" and step.why["kept"]["name"] in names(simulation) for step in steps)
    assert simulation.api.get(RESOURCE, "default", "rs")["status"]["replicas"] == 2


def test_the_cheap_pod_goes():
    simulation = running(3)
    cheap = names(simulation)[1]
    patch(simulation, "pods", cheap, {"metadata": {"annotations": {DELETION_COST: "-10"}}})
    patch(simulation, RESOURCE, "rs", {"spec": {"replicas": 2}})
    steps = [step for step in simulation.until_quiet() if step.say.startswith("replicaset.delete-pod")]
    assert [step.args["pod"] for step in steps] == [f"pods/default/{cheap}"]
    assert steps[0].why["rule"] == "deletion-cost"


def test_the_choice_is_made_once():
    """What is deleted first does not change the ranks of the others."""
    simulation = running(6)
    patch(simulation, RESOURCE, "rs", {"spec": {"replicas": 1}})
    steps = [step for step in simulation.until_quiet() if step.say.startswith("replicaset.delete-pod")]
    assert len({step.why["kept"]["name"] for step in steps}) == 1
    assert len(steps) == 5


def test_a_wish_that_grows_again_stops_the_deletions():
    simulation = running(6)
    patch(simulation, RESOURCE, "rs", {"spec": {"replicas": 0}})
    while len(simulation.api.list("pods", "default")) and not events(simulation, "default", "SuccessfulDelete"):
        simulation.step()
    patch(simulation, RESOURCE, "rs", {"spec": {"replicas": 6}})
    simulation.until_quiet()
    assert len(names(simulation)) == 6


def test_to_zero_and_back():
    simulation = running(3)
    for replicas in (0, 3):
        patch(simulation, RESOURCE, "rs", {"spec": {"replicas": replicas}})
        simulation.until_quiet()
        assert len(names(simulation)) == replicas
