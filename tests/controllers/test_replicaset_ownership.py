"""Adoption and release: labels say who belongs together, owner references say so for good."""

from cluster.controllers.replicaset import ReplicaSetController
from cluster.objects import metadata
from tests.support.fakes import apply, fake_cluster, patch, replicaset

RESOURCE = "replicasets.apps"


def cluster(replicas=2):
    simulation = fake_cluster(ReplicaSetController())
    apply(simulation, replicaset(replicas=replicas))
    simulation.until_quiet()
    return simulation


def bare_pod(name="lonely", app="rs", **meta):
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": app}, **meta},
        "spec": {"containers": [{"name": "c", "image": "nginx:1"}]},
    }


def pods(simulation):
    return {metadata.name(pod): pod for pod in simulation.api.list("pods", "default")}


def owner(pod):
    return (metadata.controller_of(pod) or {}).get("name")


def says(steps):
    return [step.say for step in steps if step.say.startswith("replicaset.") and step.weight]


def test_it_works():
    """A Pod that fits is adopted instead of making one."""
    simulation = fake_cluster(ReplicaSetController())
    apply(simulation, bare_pod())
    apply(simulation, replicaset(replicas=2))
    assert says(simulation.until_quiet()) == ["replicaset.adopt", "replicaset.create-pod"]
    assert owner(pods(simulation)["lonely"]) == "rs"


def test_one_too_many_is_adopted_and_one_goes():
    simulation = cluster()
    apply(simulation, bare_pod())
    assert says(simulation.until_quiet()) == ["replicaset.adopt", "replicaset.delete-pod.phase"]
    assert len(pods(simulation)) == 2


def test_a_relabelled_pod_is_released_and_replaced():
    simulation = cluster()
    name = next(iter(pods(simulation)))
    patch(simulation, "pods", name, {"metadata": {"labels": {"app": "debug"}}})
    assert says(simulation.until_quiet()) == ["replicaset.release", "replicaset.create-pod"]
    released = pods(simulation)[name]
    assert "ownerReferences" not in released["metadata"]
    assert len(pods(simulation)) == 3


def test_a_released_pod_comes_back_with_its_label():
    simulation = cluster()
    name = next(iter(pods(simulation)))
    for app in ("debug", "rs"):
        patch(simulation, "pods", name, {"metadata": {"labels": {"app": app}}})
        simulation.until_quiet()
    assert all(owner(pod) == "rs" for pod in pods(simulation).values())
    assert len(pods(simulation)) == 2


def test_what_belongs_to_another_is_left_alone():
    simulation = cluster(replicas=1)
    other = {**replicaset("other", 1, selector={"matchLabels": {"app": "rs"}})}
    other["spec"]["template"]["metadata"]["labels"] = {"app": "rs"}
    apply(simulation, other)
    simulation.until_quiet()
    assert sorted(map(owner, pods(simulation).values())) == ["other", "rs"]


def test_other_owners_stay():
    simulation = cluster()
    name = next(iter(pods(simulation)))
    keeper = {"apiVersion": "v1", "kind": "ConfigMap", "name": "keeper", "uid": "1-2-3"}
    references = [*metadata.owner_references(pods(simulation)[name]), keeper]
    change = {"metadata": {"ownerReferences": references, "labels": {"app": "debug"}}}
    with simulation.act() as api:
        api.patch("pods", "default", name, change, "merge")
    simulation.until_quiet()
    assert pods(simulation)[name]["metadata"]["ownerReferences"] == [keeper]


def test_a_pod_that_is_being_deleted_is_not_adopted():
    simulation = fake_cluster(ReplicaSetController())
    apply(simulation, bare_pod(finalizers=["example.com/hold"]))
    with simulation.act() as api:
        api.delete("pods", "default", "lonely", grace=0)
    apply(simulation, replicaset(replicas=1))
    simulation.until_quiet()
    assert owner(pods(simulation)["lonely"]) is None
    assert len(pods(simulation)) == 2


def test_finished_pods_are_not_adopted():
    simulation = fake_cluster(ReplicaSetController())
    pod = apply(simulation, bare_pod())
    with simulation.act() as api:
        api.update({**pod, "status": {**pod["status"], "phase": "Succeeded"}}, subresource="status")
    apply(simulation, replicaset(replicas=1))
    simulation.until_quiet()
    assert owner(pods(simulation)["lonely"]) is None
