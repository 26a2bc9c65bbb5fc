"""A ReplicaSet makes the Pods that are missing: one write at a time, in batches that double."""

from cluster.apiserver.state import MEMORY, World
from cluster.controllers.replicaset import ReplicaSetController
from cluster.machinery import recorder
from cluster.machinery.event_recorder import EventRecorder
from cluster.objects import metadata
from cluster.objects.documents import with_value
from cluster.objects.kinds import replicaset as replicasets
from cluster.simulation.simulation import Simulation
from tests.support.fakes import apply, events, fake_cluster, patch, replicaset

RESOURCE = "replicasets.apps"


def cluster():
    return fake_cluster(ReplicaSetController())


def namespace_without_account():
    """Every Pod is refused here: the account that it would run as does not exist."""
    simulation = Simulation(World(random=1), [ReplicaSetController(), EventRecorder()])
    with simulation.act() as api:
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    return simulation


def pods(simulation):
    return simulation.api.list("pods", "default")


def get(simulation, name="rs"):
    return simulation.api.get(RESOURCE, "default", name)


def test_it_works():
    simulation = cluster()
    apply(simulation, replicaset(replicas=3))
    steps = [step for step in simulation.until_quiet() if step.actor == "replicaset-controller"]
    made = [step for step in steps if step.say == "replicaset.create-pod"]
    assert [(step.args["have"], step.args["want"], step.weight) for step in made] == [(0, 3, 2), (1, 3, 2), (2, 3, 2)]
    assert [step.args["pod"] for step in made] == [step.objects[0] for step in made]
    assert all(step.objects[1] == "replicasets.apps/default/rs" for step in made)
    names = sorted(metadata.name(pod) for pod in pods(simulation))
    assert sorted(events(simulation, "default", "SuccessfulCreate")) == [f"Created pod: {name}" for name in names]


def test_a_pod_is_its_template_with_an_owner():
    simulation = cluster()
    document = with_value(replicaset(replicas=1), ("spec", "template", "metadata", "annotations"), {"note": "x"})
    apply(simulation, document)
    simulation.until_quiet()
    (pod,) = pods(simulation)
    assert pod["metadata"]["generateName"] == "rs-"
    assert metadata.labels(pod) == {"app": "rs"}
    assert metadata.annotations(pod) == {"note": "x"}
    assert pod["metadata"]["ownerReferences"] == [metadata.controller_reference(get(simulation))]


def test_status():
    simulation = cluster()
    apply(simulation, replicaset(replicas=2))
    assert get(simulation)["status"] == {"replicas": 0}
    simulation.until_quiet()
    assert get(simulation)["status"] == {
        "replicas": 2, "fullyLabeledReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
        "terminatingReplicas": 0, "observedGeneration": 1,
    }


def test_zero_replicas():
    simulation = cluster()
    apply(simulation, replicaset(replicas=0))
    simulation.until_quiet()
    assert not pods(simulation)
    assert get(simulation)["status"] == {"replicas": 0, "terminatingReplicas": 0, "observedGeneration": 1}


def test_a_deleted_pod_is_replaced_while_it_still_terminates():
    simulation = cluster()
    apply(simulation, replicaset(replicas=2))
    simulation.until_quiet()
    with simulation.act() as api:
        api.delete("pods", "default", metadata.name(pods(simulation)[0]))
    simulation.advance(100)
    assert len(pods(simulation)) == 3
    assert get(simulation)["status"]["terminatingReplicas"] == 1
    simulation.until_quiet()
    assert len(pods(simulation)) == 2
    assert get(simulation)["status"]["terminatingReplicas"] == 0


def test_a_failed_pod_stays_and_is_replaced():
    simulation = cluster()
    apply(simulation, replicaset(replicas=1))
    simulation.until_quiet()
    with simulation.act() as api:
        api.update(with_value(pods(simulation)[0], ("status", "phase"), "Failed"), subresource="status")
    simulation.until_quiet()
    assert sorted(pod["status"]["phase"] for pod in pods(simulation)) == ["Failed", "Running"]
    assert get(simulation)["status"]["replicas"] == 1


def test_the_first_refusal_ends_the_slow_start():
    simulation = namespace_without_account()
    apply(simulation, replicaset(replicas=50))
    steps = simulation.advance(20)
    assert [step.say for step in steps if step.actor == "replicaset-controller"] == ["replicaset.status"]
    # The report of the failure makes it look again: two attempts, not fifty.
    assert sum(event["count"] for event in simulation.api.list("events", "default")) == 2
    message = events(simulation)[0]
    assert message.startswith('Error creating: pods "rs-')
    assert message.endswith(
        'is forbidden: error looking up service account default/default: serviceaccount "default" not found'
    )


def test_failure_condition_comes_and_goes():
    simulation = namespace_without_account()
    apply(simulation, replicaset(replicas=2))
    simulation.advance(1000)
    condition = replicasets.condition(get(simulation), "ReplicaFailure")
    assert (condition["status"], condition["reason"]) == ("True", "FailedCreate")
    assert get(simulation)["status"]["replicas"] == 0
    with simulation.act() as api:
        api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}})
    simulation.advance(60_000)
    assert replicasets.condition(get(simulation), "ReplicaFailure") is None
    assert "conditions" not in get(simulation)["status"]
    assert len(pods(simulation)) == 2


def test_refusals_are_tried_again_ever_more_rarely():
    simulation = namespace_without_account()
    apply(simulation, replicaset(replicas=1))
    simulation.until_quiet()
    simulation.advance(60_000)
    assert 10 < sum(event["count"] for event in simulation.api.list("events", "default")) < 25


def test_batches_double_until_one_fails():
    """Accounts vanish after a few Pods: the batch under way is still tried to its end, the next one is not begun."""
    simulation = cluster()
    apply(simulation, replicaset(replicas=100))
    while len(pods(simulation)) < 5:
        simulation.step()
    with simulation.act() as api:
        api.delete("serviceaccounts", "default", "default")
    while simulation.step().say != "replicaset.status":
        pass
    # 1 + 2 + 4: of the third batch two were made, two are refused; the fourth is not begun.
    assert len(pods(simulation)) == 5
    waiting = [note for key, note in simulation.world.table(MEMORY).items() if key[0] == recorder.COMPONENT]
    assert [note.get("reason") for note in waiting].count("FailedCreate") == 2


def test_at_most_500_before_the_status_is_reported():
    simulation = Simulation(World(random=1), [ReplicaSetController()])
    with simulation.act() as api:
        for kind, name in (("Namespace", "default"), ("ServiceAccount", "default")):
            api.create({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}})
    apply(simulation, replicaset(replicas=510))
    stories = [step.say for step in simulation.until_quiet()]
    assert stories.index("replicaset.status") == 500
    assert stories.count("replicaset.create-pod") == 510


def test_a_wish_that_shrinks_in_the_middle_is_obeyed():
    simulation = cluster()
    apply(simulation, replicaset(replicas=50))
    while len(pods(simulation)) < 10:
        simulation.step()
    patch(simulation, RESOURCE, "rs", {"spec": {"replicas": 12}})
    simulation.until_quiet()
    assert len(pods(simulation)) == 12


def test_no_pods_for_a_replicaset_that_is_being_deleted():
    simulation = cluster()
    document = replicaset(replicas=2)
    document["metadata"]["finalizers"] = ["example.com/hold"]
    apply(simulation, document)
    simulation.until_quiet()
    with simulation.act() as api:
        api.delete(RESOURCE, "default", "rs")
        api.delete("pods", "default", metadata.name(pods(simulation)[0]))
    simulation.until_quiet()
    assert len(pods(simulation)) == 1
    assert get(simulation)["status"]["replicas"] == 1


def test_a_terminating_namespace_gets_no_pods_and_no_complaints():
    simulation = fake_cluster(ReplicaSetController(), namespaces=["shop"])
    apply(simulation, replicaset(replicas=2, namespace="shop"))
    simulation.until_quiet()
    (first, _) = simulation.api.list("pods", "shop")
    with simulation.act() as api:
        api.delete("namespaces", "", "shop")
        api.delete("pods", "shop", metadata.name(first), grace=0)
    simulation.until_quiet()
    assert len(simulation.api.list("pods", "shop")) == 1
    assert not events(simulation, "shop", "FailedCreate")
    assert replicasets.condition(simulation.api.get(RESOURCE, "shop", "rs"), "ReplicaFailure") is None


def test_switched_off_it_does_nothing_and_catches_up():
    simulation = cluster()
    simulation.switch("replicaset-controller", False)
    apply(simulation, replicaset(replicas=2))
    simulation.until_quiet()
    assert not pods(simulation)
    simulation.switch("replicaset-controller", True)
    simulation.until_quiet()
    assert len(pods(simulation)) == 2
