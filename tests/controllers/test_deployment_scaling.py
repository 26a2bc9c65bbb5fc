"""Scaling a Deployment: at rest, in the middle of a rollout, and paused."""

import pytest

from cluster.controllers.deployment import DeploymentController
from cluster.controllers.deployment_rollout import Rollout
from cluster.controllers.deployment_scaling import proportional_sizes
from cluster.controllers.replicaset import ReplicaSetController
from cluster.objects.kinds import deployment as deployments
from tests.support.fakes import apply, deployment, events, fake_cluster, patch, set_image, sizes

RESOURCE = "deployments.apps"


def cluster():
    return fake_cluster(DeploymentController(), ReplicaSetController(), start=50, stop=50)


def scale(simulation, replicas):
    with simulation.act() as api:
        wish = api.scale(RESOURCE, "default", "d")
        api.update_scale(RESOURCE, {**wish, "spec": {"replicas": replicas}})
    return simulation.until_quiet()


def get(simulation):
    return simulation.api.get(RESOURCE, "default", "d")


def test_it_works():
    simulation = cluster()
    apply(simulation, deployment(replicas=3))
    simulation.until_quiet()
    says = [step for step in scale(simulation, 5) if step.say == "deployment.scale-up"]
    assert [(step.args["from"], step.args["to"], step.weight) for step in says] == [(3, 5, 2)]
    assert events(simulation, "default", "ScalingReplicaSet")[-1] == "Scaled up replica set d-76b46755f4 from 3 to 5"
    (replicaset,) = simulation.api.list("replicasets.apps", "default")
    assert replicaset["metadata"]["annotations"][deployments.DESIRED_REPLICAS] == "5"
    assert replicaset["metadata"]["annotations"][deployments.MAX_REPLICAS] == "7"
    assert deployments.rollout_status(get(simulation))[1]


def test_progress_is_not_touched():
    simulation = cluster()
    apply(simulation, deployment(replicas=3))
    simulation.until_quiet()
    before = deployments.condition(get(simulation), "Progressing")
    scale(simulation, 5)
    assert deployments.condition(get(simulation), "Progressing") == before


def test_to_zero_and_back():
    simulation = cluster()
    apply(simulation, deployment(replicas=3))
    simulation.until_quiet()
    scale(simulation, 0)
    assert simulation.api.list("pods", "default") == []
    assert {name: count for name, count in get(simulation)["status"].items() if name.endswith("eplicas")} == {
        "terminatingReplicas": 0,
    }
    scale(simulation, 2)
    assert get(simulation)["status"]["availableReplicas"] == 2


def test_replicas_of_a_replicaset_that_somebody_changed_are_put_right():
    simulation = cluster()
    apply(simulation, deployment(replicas=3))
    simulation.until_quiet()
    patch(simulation, "replicasets.apps", "d-76b46755f4", {"spec": {"replicas": 7}})
    simulation.until_quiet()
    assert sizes(simulation) == {"nginx:1": 3}


@pytest.mark.parametrize(
    ("replicas", "expected"),
    [(20, (15, 10)), (5, (4, 3)), (10, (8, 5)), (11, (9, 5)), (100, (75, 50)), (1, (1, 1)), (0, (0, 0))],
)
def test_a_stuck_rollout_keeps_its_proportion(replicas, expected):
    simulation = cluster()
    apply(simulation, deployment(replicas=10))
    simulation.until_quiet()
    set_image(simulation, "d", "nginx:bad")
    simulation.until_quiet()
    assert sizes(simulation) == {"nginx:1": 8, "nginx:bad": 5}
    scale(simulation, replicas)
    found = sizes(simulation)
    assert (found["nginx:1"], found["nginx:bad"]) == expected


def test_a_paused_rollout_is_scaled_in_proportion_too():
    simulation = cluster()
    apply(simulation, deployment(replicas=10))
    simulation.until_quiet()
    set_image(simulation, "d", "nginx:bad")
    simulation.until_quiet()
    patch(simulation, RESOURCE, "d", {"spec": {"paused": True}})
    simulation.until_quiet()
    scale(simulation, 20)
    assert sizes(simulation) == {"nginx:1": 15, "nginx:bad": 10}
    condition = deployments.condition(get(simulation), "Progressing")
    assert (condition["status"], condition["reason"]) == ("Unknown", "DeploymentPaused")


def test_scaling_twice_in_a_row_ends_at_the_last_wish():
    simulation = cluster()
    apply(simulation, deployment(replicas=10))
    simulation.until_quiet()
    set_image(simulation, "d", "nginx:bad")
    simulation.until_quiet()
    with simulation.act() as api:
        wish = api.scale(RESOURCE, "default", "d")
        api.update_scale(RESOURCE, {**wish, "spec": {"replicas": 20}})
    while not any(step.say == "deployment.scale-up" for step in [simulation.step()]):
        pass
    scale(simulation, 10)
    found = sizes(simulation)
    assert sum(found.values()) == 13


def sized(name, size, most="13", created=0):
    return {
        "metadata": {
            "name": name, "creationTimestamp": f"2026-01-01T00:00:{created:02}Z",
            "annotations": {deployments.MAX_REPLICAS: most},
        },
        "spec": {"replicas": size, "template": {"metadata": {"labels": {"image": name}}, "spec": {}}},
    }


def rollout(replicas, *replicasets):
    document = deployments.default(deployment(replicas=replicas))
    return Rollout(None, {**document, "status": {"replicas": 13}}, replicasets)


@pytest.mark.parametrize(
    ("replicas", "olds", "expected"),
    [
        # The arithmetic: 25 % surge of 10 is 3, of 20 is 5, of 5 is 2.
        (20, [8, 5], {"a": 15, "b": 10}),
        (5, [8, 5], {"a": 4, "b": 3}),
        # Shares that are more than there is: the last one gets less.
        (20, [5, 4, 4], {"a": 10, "c": 8, "b": 7}),
        # Shares that are less than there is: what is left over goes to the largest.
        (11, [4, 4, 5], {"c": 6, "a": 4, "b": 4}),
        (0, [8, 5], {"a": 0, "b": 0}),
    ],
)
def test_shares(replicas, olds, expected):
    replicasets = [sized(name, size, created=index) for index, (name, size) in enumerate(zip("abc", olds, strict=False))]
    assert proportional_sizes(rollout(replicas, *replicasets)) == expected


def test_equals_grow_newer_first_and_shrink_older_first():
    pair = [sized("a", 4, "8", created=1), sized("b", 4, "8", created=2)]
    assert list(proportional_sizes(rollout(20, *pair))) == ["b", "a"]
    assert list(proportional_sizes(rollout(2, *pair))) == ["a", "b"]


@pytest.mark.parametrize("most", ["", "x", "-5", "0", "99999999999"])
def test_an_annotation_that_somebody_broke_is_replaced_by_the_present_size(most):
    assert sum(proportional_sizes(rollout(20, sized("a", 8, most), sized("b", 5, most))).values()) == 25
