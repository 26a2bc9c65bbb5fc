"""The deadline of a rollout, pauses, availability and failures, as conditions tell them."""

import pytest

from cluster.controllers.deployment import DeploymentController
from cluster.controllers.replicaset import ReplicaSetController
from cluster.objects.kinds import deployment as deployments
from tests.support.fakes import apply, deployment, fake_cluster, patch, running, set_image

RESOURCE = "deployments.apps"


def cluster(**timing):
    return fake_cluster(DeploymentController(), ReplicaSetController(), **{"start": 50, "stop": 50, **timing})


def get(simulation):
    return simulation.api.get(RESOURCE, "default", "d")


def condition(simulation, kind):
    found = deployments.condition(get(simulation), kind)
    return found and (found["status"], found["reason"])


def test_it_works():
    simulation = cluster()
    apply(simulation, deployment(progressDeadlineSeconds=10))
    simulation.until_quiet()
    assert condition(simulation, "Progressing") == ("True", "NewReplicaSetAvailable")
    set_image(simulation, "d", "nginx:bad")
    simulation.until_quiet()
    assert condition(simulation, "Progressing") == ("True", "ReplicaSetUpdated")
    begun = simulation.now
    simulation.advance(9_000)
    assert condition(simulation, "Progressing") == ("True", "ReplicaSetUpdated")
    simulation.advance(3_000)
    assert condition(simulation, "Progressing") == ("False", "ProgressDeadlineExceeded")
    message = deployments.condition(get(simulation), "Progressing")["message"]
    assert message.startswith('ReplicaSet "d-') and message.endswith('" has timed out progressing.')
    assert simulation.now - begun == 12_000


def test_until_quiet_does_not_wait_for_the_deadline():
    simulation = cluster()
    apply(simulation, deployment(image="nginx:bad"))
    simulation.until_quiet()
    assert simulation.now < 1000
    assert simulation.next_due() is not None


def test_a_late_success_is_a_success():
    simulation = cluster(start=20_000)
    apply(simulation, deployment(replicas=1, progressDeadlineSeconds=5))
    simulation.advance(10_000)
    assert condition(simulation, "Progressing") == ("False", "ProgressDeadlineExceeded")
    simulation.until_quiet()
    assert condition(simulation, "Progressing") == ("True", "NewReplicaSetAvailable")


def test_every_bit_of_progress_extends_the_deadline():
    simulation = cluster(start=3_000)
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    apply(simulation, deployment(replicas=4, progressDeadlineSeconds=5, strategy=strategy))
    simulation.until_quiet()
    set_image(simulation, "d", "nginx:2")
    reasons = set()
    for _ in simulation.steps_until_quiet():
        reasons.add(condition(simulation, "Progressing"))
    assert ("False", "ProgressDeadlineExceeded") not in reasons
    assert simulation.now > 12_000


def test_without_a_deadline_there_is_no_such_condition():
    simulation = cluster()
    apply(simulation, deployment(progressDeadlineSeconds=deployments.UNLIMITED))
    simulation.until_quiet()
    assert condition(simulation, "Progressing") is None
    assert condition(simulation, "Available") == ("True", "MinimumReplicasAvailable")


def test_a_pause_does_not_count():
    simulation = cluster()
    apply(simulation, deployment(progressDeadlineSeconds=10))
    simulation.until_quiet()
    set_image(simulation, "d", "nginx:bad")
    simulation.until_quiet()
    patch(simulation, RESOURCE, "d", {"spec": {"paused": True}})
    simulation.advance(60_000)
    assert condition(simulation, "Progressing") == ("Unknown", "DeploymentPaused")
    patch(simulation, RESOURCE, "d", {"spec": {"paused": False}})
    simulation.advance(9_000)
    assert condition(simulation, "Progressing") == ("Unknown", "DeploymentResumed")
    simulation.advance(4_000)
    assert condition(simulation, "Progressing") == ("False", "ProgressDeadlineExceeded")


def test_a_rollout_that_timed_out_can_be_paused_without_hiding_it():
    simulation = cluster()
    apply(simulation, deployment(image="nginx:bad", progressDeadlineSeconds=2))
    simulation.advance(5_000)
    patch(simulation, RESOURCE, "d", {"spec": {"paused": True}})
    simulation.advance(1_000)
    assert condition(simulation, "Progressing") == ("False", "ProgressDeadlineExceeded")


@pytest.mark.parametrize(("broken", "expected"), [(1, "True"), (2, "False")])
def test_availability(broken, expected):
    """Of 4 replicas, 1 may be unavailable."""
    simulation = cluster()
    apply(simulation, deployment(replicas=4))
    simulation.until_quiet()
    for pod in simulation.api.list("pods", "default")[:broken]:
        with simulation.act() as api:
            api.update(running(pod, simulation.now, ready=False), subresource="status")
    simulation.until_quiet()
    assert condition(simulation, "Available")[0] == expected
    assert get(simulation)["status"]["unavailableReplicas"] == broken
    assert condition(simulation, "Progressing") == ("True", "NewReplicaSetAvailable")


def test_pods_that_cannot_be_made_are_the_deployments_trouble():
    simulation = cluster()
    with simulation.act() as api:
        api.delete("serviceaccounts", "default", "default")
    apply(simulation, deployment())
    simulation.advance(1_000)
    failure = deployments.condition(get(simulation), "ReplicaFailure")
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert "error looking up service account" in failure["message"]
    with simulation.act() as api:
        api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}})
    simulation.advance(60_000)
    assert deployments.condition(get(simulation), "ReplicaFailure") is None
    assert deployments.rollout_status(get(simulation))[1]
