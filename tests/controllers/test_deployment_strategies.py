"""Rolling updates and Recreate away from the recorded path: broken Pods, several old revisions, changes on the way."""

from cluster.controllers.deployment import DeploymentController
from cluster.controllers.replicaset import ReplicaSetController
from cluster.objects import metadata
from cluster.objects.documents import dig
from cluster.objects.kinds import deployment as deployments
from tests.support.fakes import apply, deployment, fake_cluster, patch, set_image, sizes

RESOURCE = "deployments.apps"


def cluster():
    return fake_cluster(DeploymentController(), ReplicaSetController(), start=50, stop=400)


def get(simulation):
    return simulation.api.get(RESOURCE, "default", "d")


def stuck(replicas=10):
    simulation = cluster()
    apply(simulation, deployment(replicas=replicas))
    simulation.until_quiet()
    set_image(simulation, "d", "nginx:bad")
    simulation.until_quiet()
    return simulation


def available(simulation):
    return sum(
        dig(replicaset, "status", "availableReplicas", default=0)
        for replicaset in simulation.api.list("replicasets.apps", "default")
    )


def test_it_works():
    """Each decision carries its arithmetic."""
    simulation = cluster()
    apply(simulation, deployment(replicas=4))
    simulation.until_quiet()
    set_image(simulation, "d", "nginx:2")
    created, shrunk, *_ = [step.why for step in simulation.until_quiet() if step.why and "maxSurge" in step.why]
    assert created == {
        "decision": "rolling-update", "desired": 4, "maxSurge": 1, "maxUnavailable": 1, "maxTotal": 5, "minAvailable": 3,
        "total": 4, "available": 4, "new": 0, "newUnavailable": 0, "old": 4, "allowed": 1,
    }
    assert shrunk["removable"] == 1
    assert (shrunk["total"], shrunk["new"], shrunk["newUnavailable"], shrunk["allowed"]) == (5, 1, 1, 1)


def test_a_broken_image_stops_the_rollout():
    simulation = stuck()
    assert sizes(simulation) == {"nginx:1": 8, "nginx:bad": 5}
    assert available(simulation) == 8


def test_unhealthy_old_pods_go_first_when_the_rollout_is_rolled_over():
    simulation = stuck()
    set_image(simulation, "d", "nginx:2")
    lowest = 10
    for _ in simulation.steps_until_quiet():
        lowest = min(lowest, available(simulation))
    assert sizes(simulation) == {"nginx:1": 0, "nginx:bad": 0, "nginx:2": 10}
    assert lowest >= 8
    assert list(deployments.history(simulation.api.list("replicasets.apps", "default"))) == [1, 2, 3]


def test_undo_removes_the_broken_pods_without_touching_the_good_ones():
    simulation = stuck()
    good = {
        metadata.name(pod) for pod in simulation.api.list("pods", "default")
        if pod["spec"]["containers"][0]["image"] == "nginx:1"
    }
    set_image(simulation, "d", "nginx:1")
    simulation.until_quiet()
    assert sizes(simulation) == {"nginx:1": 10, "nginx:bad": 0}
    assert good <= {metadata.name(pod) for pod in simulation.api.list("pods", "default")}


def test_availability_holds_with_several_old_replicasets():
    """A scaled-down ReplicaSet that has not reported yet must not be counted as available twice."""
    simulation = cluster()
    apply(simulation, deployment(replicas=12))
    simulation.until_quiet()
    for image in ("nginx:2", "nginx:3", "nginx:4"):
        set_image(simulation, "d", image)
        for _ in range(60):
            simulation.step()
            assert available(simulation) >= 9
    for _ in simulation.steps_until_quiet():
        assert available(simulation) >= 9
        assert sum(sizes(simulation).values()) <= 15
    assert {image: size for image, size in sizes(simulation).items() if size} == {"nginx:4": 12}


def test_recreate_waits_for_the_last_old_pod():
    simulation = cluster()
    apply(simulation, deployment(replicas=3, strategy={"type": "Recreate"}))
    simulation.until_quiet()
    set_image(simulation, "d", "nginx:2")
    for _ in simulation.steps_until_quiet():
        images = {pod["spec"]["containers"][0]["image"] for pod in simulation.api.list("pods", "default")}
        assert len(images) <= 1
    assert sizes(simulation) == {"nginx:1": 0, "nginx:2": 3}
    assert deployments.rollout_status(get(simulation))[1]


def test_recreate_does_not_wait_for_pods_that_ended():
    simulation = cluster()
    apply(simulation, deployment(replicas=1, strategy={"type": "Recreate"}))
    simulation.until_quiet()
    (pod,) = simulation.api.list("pods", "default")
    with simulation.act() as api:
        api.update({**pod, "status": {**pod["status"], "phase": "Failed"}}, subresource="status")
    simulation.until_quiet()
    set_image(simulation, "d", "nginx:2")
    simulation.until_quiet()
    assert sizes(simulation) == {"nginx:1": 0, "nginx:2": 1}


def test_from_recreate_to_rolling_update():
    simulation = cluster()
    apply(simulation, deployment(replicas=2, strategy={"type": "Recreate"}))
    simulation.until_quiet()
    patch(simulation, RESOURCE, "d", {"spec": {"strategy": {"type": "RollingUpdate"}}})
    set_image(simulation, "d", "nginx:2")
    for _ in simulation.steps_until_quiet():
        assert available(simulation) >= 2 or sizes(simulation) == {"nginx:1": 2}
    assert sizes(simulation) == {"nginx:1": 0, "nginx:2": 2}


def test_switched_off_in_the_middle_it_goes_on_later():
    simulation = cluster()
    apply(simulation, deployment(replicas=6))
    simulation.until_quiet()
    set_image(simulation, "d", "nginx:2")
    for _ in range(10):
        simulation.step()
    simulation.switch("deployment-controller", False)
    simulation.until_quiet()
    assert 0 < sizes(simulation)["nginx:2"] < 6
    simulation.switch("deployment-controller", True)
    simulation.until_quiet()
    assert sizes(simulation) == {"nginx:1": 0, "nginx:2": 6}


def test_replaying_gives_the_same_history():
    def run():
        simulation = stuck()
        set_image(simulation, "d", "nginx:2")
        return [(step.revision, step.at, step.say, step.objects) for step in simulation.until_quiet()]

    assert run() == run()
