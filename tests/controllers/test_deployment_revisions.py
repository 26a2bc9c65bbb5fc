"""New ReplicaSets, their names, numbers and annotations, and how long old ones are kept."""

import pytest

from cluster.apiserver.state import World
from cluster.controllers.deployment import DeploymentController
from cluster.controllers.deployment_revisions import replicaset_name
from cluster.controllers.replicaset import ReplicaSetController
from cluster.machinery.event_recorder import EventRecorder
from cluster.objects import metadata
from cluster.objects.kinds import deployment as deployments
from cluster.simulation.simulation import Simulation
from tests.support.fakes import apply, deployment, events, fake_cluster, patch, set_image

RESOURCE = "deployments.apps"
REPLICASETS = "replicasets.apps"


def cluster():
    return fake_cluster(DeploymentController(), ReplicaSetController(), start=50, stop=50)


def get(simulation):
    return simulation.api.get(RESOURCE, "default", "d")


def owned(simulation):
    return simulation.api.owned(REPLICASETS, metadata.uid(get(simulation)))


def roll(simulation, *images):
    for image in images:
        set_image(simulation, "d", image)
        simulation.until_quiet()


def test_it_works():
    simulation = cluster()
    apply(simulation, deployment())
    (created,) = [step for step in simulation.until_quiet() if step.say == "deployment.create-replicaset"]
    (replicaset,) = owned(simulation)
    assert created.args == {
        "deployment": "deployments.apps/default/d", "replicaset": "replicasets.apps/default/d-76b46755f4", "replicas": 3,
    }
    assert created.objects == ("replicasets.apps/default/d-76b46755f4", "deployments.apps/default/d")
    assert metadata.name(replicaset) == "d-76b46755f4"
    assert replicaset["spec"]["selector"] == {"matchLabels": {"app": "d", "pod-template-hash": "76b46755f4"}}
    assert metadata.labels(replicaset) == {"app": "d", "pod-template-hash": "76b46755f4"}
    assert metadata.annotations(get(simulation))[deployments.REVISION] == "1"


def test_annotations_are_handed_down():
    simulation = cluster()
    document = deployment()
    document["metadata"]["annotations"] = {
        deployments.CHANGE_CAUSE: "first", "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }
    apply(simulation, document)
    simulation.until_quiet()
    patch(simulation, RESOURCE, "d", {"metadata": {"annotations": {deployments.CHANGE_CAUSE: "second"}}})
    simulation.until_quiet()
    (replicaset,) = owned(simulation)
    assert metadata.annotations(replicaset) == {
        deployments.CHANGE_CAUSE: "second", deployments.REVISION: "1",
        deployments.DESIRED_REPLICAS: "3", deployments.MAX_REPLICAS: "4",
    }
    assert get(simulation)["metadata"]["generation"] == 2
    assert get(simulation)["status"]["observedGeneration"] == 2


def test_the_revision_alone_is_no_new_generation():
    simulation = cluster()
    apply(simulation, deployment())
    simulation.until_quiet()
    assert get(simulation)["metadata"]["generation"] == 1


def test_min_ready_seconds_are_handed_down():
    simulation = cluster()
    apply(simulation, deployment())
    simulation.until_quiet()
    patch(simulation, RESOURCE, "d", {"spec": {"minReadySeconds": 2}})
    steps = simulation.until_quiet()
    assert owned(simulation)[0]["spec"]["minReadySeconds"] == 2
    assert "deployment.update-replicaset" in [step.say for step in steps]


def test_going_back_and_forth_collects_history():
    simulation = cluster()
    apply(simulation, deployment())
    simulation.until_quiet()
    roll(simulation, "nginx:2", "nginx:1", "nginx:2", "nginx:1")
    history = deployments.history(owned(simulation))
    assert list(history) == [4, 5]
    assert metadata.annotations(history[5])[deployments.REVISION_HISTORY] == "1,3"
    assert metadata.annotations(history[4])[deployments.REVISION_HISTORY] == "2"
    assert metadata.annotations(get(simulation))[deployments.REVISION] == "5"


@pytest.mark.parametrize(("limit", "kept"), [(0, [4]), (1, [3, 4]), (2, [2, 3, 4]), (10, [1, 2, 3, 4])])
def test_the_history_is_limited(limit, kept):
    simulation = cluster()
    apply(simulation, deployment(revisionHistoryLimit=limit))
    simulation.until_quiet()
    roll(simulation, "nginx:2", "nginx:3", "nginx:4")
    assert list(deployments.history(owned(simulation))) == kept


def test_an_old_replicaset_with_pods_is_never_cleaned_up():
    simulation = cluster()
    apply(simulation, deployment(revisionHistoryLimit=0))
    simulation.until_quiet()
    roll(simulation, "nginx:bad", "nginx:doesnotexist")
    assert {replicaset["spec"]["replicas"] > 0 for replicaset in owned(simulation)} >= {True}
    assert 1 in deployments.history(owned(simulation))


def test_a_taken_name_makes_another_hash():
    simulation = cluster()
    stranger = {**deployment("d-76b46755f4", 0), "kind": "ReplicaSet"}
    apply(simulation, stranger)
    apply(simulation, deployment())
    simulation.until_quiet()
    assert get(simulation)["status"]["collisionCount"] == 1
    (replicaset,) = owned(simulation)
    assert metadata.name(replicaset) not in ("d-76b46755f4", "d")
    assert deployments.rollout_status(get(simulation))[1]


def test_long_names_are_cut():
    assert replicaset_name("web", "123") == "web-123"
    name = replicaset_name("w" * 253, "5f69744668")
    assert len(name) == 253
    assert name.endswith("w-5f69744668")


def test_a_deployment_adopts_and_releases_replicasets():
    simulation = cluster()
    apply(simulation, deployment())
    simulation.until_quiet()
    (replicaset,) = owned(simulation)
    name = metadata.name(replicaset)
    patch(simulation, REPLICASETS, name, {"metadata": {"labels": {"app": "other"}}})
    says = [step.say for step in simulation.until_quiet()]
    assert "deployment.release" in says
    # The name is taken by the released one, so the hash has to change.
    assert get(simulation)["status"]["collisionCount"] == 1
    patch(simulation, REPLICASETS, name, {"metadata": {"labels": {"app": "d"}}})
    says = [step.say for step in simulation.until_quiet()]
    assert "deployment.adopt" in says
    assert len(owned(simulation)) == 2


def test_a_failure_to_create_is_told():
    simulation = Simulation(World(random=1), [DeploymentController(), EventRecorder()])
    with simulation.act() as api:
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    apply(simulation, deployment())
    simulation.switch("deployment-controller", False)
    stored = get(simulation)
    # A template that got past validation, as by an older server.
    broken = {**stored["spec"]["template"], "spec": {**stored["spec"]["template"]["spec"], "restartPolicy": "Never"}}
    world = simulation.world.with_row(
        RESOURCE, ("default", "d"), {**stored, "spec": {**stored["spec"], "template": broken}}
    )
    simulation = simulation.fork(world)
    simulation.switch("deployment-controller", True)
    simulation.advance(500)
    condition = deployments.condition(get(simulation), "Progressing")
    assert (condition["status"], condition["reason"]) == ("False", "ReplicaSetCreateError")
    assert condition["message"].startswith('Failed to create new replica set "d-')
    assert 'supported values: "Always"' in condition["message"]
    assert events(simulation, "default", "ReplicaSetCreateError")[0] == condition["message"]


def test_a_deployment_that_is_being_deleted_makes_nothing():
    simulation = cluster()
    document = deployment()
    document["metadata"]["finalizers"] = ["example.com/hold"]
    apply(simulation, document)
    simulation.until_quiet()
    with simulation.act() as api:
        api.delete(RESOURCE, "default", "d")
    set_image(simulation, "d", "nginx:2")
    simulation.until_quiet()
    assert len(owned(simulation)) == 1
    assert get(simulation)["status"]["observedGeneration"] == get(simulation)["metadata"]["generation"]
