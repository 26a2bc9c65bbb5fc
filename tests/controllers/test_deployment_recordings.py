"""A stuck rollout, undo, pause, resume, restart and scaling in mid-rollout go as recorded (scenario 02)."""

import json

import pytest

from cluster.controllers.deployment import DeploymentController
from cluster.controllers.replicaset import ReplicaSetController
from cluster.objects import metadata
from cluster.objects.documents import dig, without
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import replicaset as replicasets
from tests.support.fakes import apply, deployment, fake_cluster, patch, set_image
from tests.support.golden import golden

RESOURCE = "deployments.apps"
RESOURCES = {"resources": {"requests": {"cpu": "100m"}}}
REPLICA_COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")


def with_requests(document):
    spec = document["spec"]["template"]["spec"]
    spec["containers"] = [{**container, **RESOURCES} for container in spec["containers"]]
    return document


def add_changed(values, value):
    if not values or values[-1] != value:
        values.append(value)


def recorded_deployments():
    for line in (golden() / "watch" / "deployment-conditions.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["kind"] == "deployments":
            yield event["object"]


def progress(document):
    condition = deployments.condition(document, "Progressing")
    return condition["status"], condition["reason"], condition["message"]


def new_cluster():
    return fake_cluster(DeploymentController(), ReplicaSetController(), start=300, stop=300)


def get(simulation, name="a"):
    return simulation.api.get(RESOURCE, "default", name)


def owned(simulation, name="a"):
    return simulation.api.owned("replicasets.apps", metadata.uid(get(simulation, name)))


def undo(simulation):
    """What `kubectl rollout undo` does."""
    target = deployments.rollback_target(get(simulation), owned(simulation))
    with simulation.act() as api:
        api.patch(RESOURCE, "default", "a", deployments.rollback_patch(get(simulation), target), "json")


@pytest.fixture(scope="module")
def story():
    """The scenario's acts on Deployment a; (Progressing conditions, revisions, statuses at rest)."""
    simulation = new_cluster()
    apply(simulation, with_requests(deployment("a", 4, progressDeadlineSeconds=6)))
    simulation.until_quiet()
    simulation.advance(1000)
    conditions, revisions, at_rest = [progress(get(simulation))], [], {}

    def go_on(name, milliseconds=0):
        for _ in simulation.steps_until_quiet():
            look()
        for _ in simulation.steps_until(simulation.now + milliseconds):
            look()
        at_rest[name] = (get(simulation), owned(simulation))

    def look():
        document = get(simulation)
        add_changed(conditions, progress(document))
        add_changed(revisions, metadata.annotations(document).get(deployments.REVISION))

    set_image(simulation, "a", "nginx:doesnotexist")
    go_on("stuck", 8000)
    undo(simulation)
    go_on("undone", 1000)
    patch(simulation, RESOURCE, "a", {"spec": {"paused": True}})
    go_on("paused")
    set_image(simulation, "a", "nginx:3")
    go_on("changed while paused", 5000)
    patch(simulation, RESOURCE, "a", {"spec": {"paused": None}})
    go_on("resumed", 1000)
    restarted = {"kubectl.kubernetes.io/restartedAt": "2026-11-21T04:37:53Z"}
    patch(simulation, RESOURCE, "a", {"spec": {"template": {"metadata": {"annotations": restarted}}}})
    go_on("restarted", 1000)
    return conditions, revisions, at_rest


def test_it_works(story):
    conditions, _, _ = story
    recorded = []
    for document in recorded_deployments():
        add_changed(recorded, progress(document))
    assert conditions == recorded


def test_revisions(story):
    _, revisions, _ = story
    recorded = []
    for document in recorded_deployments():
        add_changed(recorded, metadata.annotations(document)[deployments.REVISION])
    assert revisions == recorded


def test_the_stuck_rollout(story):
    document, found = story[2]["stuck"]
    status = document["status"]
    assert [status.get(name, 0) for name in REPLICA_COUNTS] == [5, 2, 3, 3]
    assert status["unavailableReplicas"] == 2
    assert {metadata.name(one): replicasets.wanted(one) for one in found} == {"a-74595d69b6": 3, "a-84b9f5b664": 2}
    with pytest.raises(deployments.RolloutFailed, match="exceeded its progress deadline"):
        deployments.rollout_status(document)


def test_undo_reuses_the_old_replicaset(story):
    document, found = story[2]["undone"]
    assert list(deployments.history(found)) == [2, 3]
    reused = deployments.history(found)[3]
    assert metadata.name(reused) == "a-74595d69b6"
    assert metadata.annotations(reused) == {
        "deployment.kubernetes.io/desired-replicas": "4", "deployment.kubernetes.io/max-replicas": "5",
        "deployment.kubernetes.io/revision": "3", "deployment.kubernetes.io/revision-history": "1",
    }
    assert deployments.rollout_status(document) == ('deployment "a" successfully rolled out', True)


def test_a_change_while_paused_waits(story):
    document, _ = story[2]["changed while paused"]
    assert "updatedReplicas" not in document["status"]
    line = 'Waiting for deployment "a" rollout to finish: 0 out of 4 new replicas have been updated...'
    assert deployments.rollout_status(document) == (line, False)


@pytest.mark.parametrize("moment", ["undone", "resumed", "restarted"])
def test_status_at_rest_is_the_recorded_one(story, moment):
    document, _ = story[2][moment]
    recorded = [
        found["status"] for found in recorded_deployments()
        if metadata.annotations(found)[deployments.REVISION] == metadata.annotations(document)[deployments.REVISION]
        and progress(found)[1] == "NewReplicaSetAvailable"
    ]
    assert without_times(document["status"]) in list(map(without_times, recorded))


def without_times(status):
    # The generations differ where the scenario sends more requests than are needed here.
    conditions = [
        {name: value for name, value in found.items() if not name.startswith("last")} for found in status["conditions"]
    ]
    return {**without(status, ("observedGeneration",)), "conditions": conditions, "names": sorted(status)}


def test_replicasets_have_the_recorded_shape(story):
    """Every field of a recorded ReplicaSet is there with the same value, but for names and times that chance makes."""
    for line in (golden() / "watch" / "deployment-conditions.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["kind"] == "replicasets":
            recorded = event["object"]
            break
    simulation = new_cluster()
    apply(simulation, with_requests(deployment("a", 4, progressDeadlineSeconds=6)))
    simulation.until_quiet()
    (found,) = owned(simulation)
    assert found["spec"] == recorded["spec"]
    assert found["status"] == recorded["status"]
    for part in ("name", "labels", "annotations", "generation"):
        assert found["metadata"][part] == recorded["metadata"][part]
    for reference in (found["metadata"]["ownerReferences"][0], recorded["metadata"]["ownerReferences"][0]):
        assert reference.keys() == {"apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"}


def test_proportional_scaling():
    simulation = new_cluster()
    apply(simulation, with_requests(deployment("p", 10)))
    simulation.until_quiet()
    set_image(simulation, "p", "nginx:bad")
    simulation.until_quiet()
    split = [split_of(simulation)]
    for replicas in (20, 5):
        patch(simulation, RESOURCE, "p", {"spec": {"replicas": replicas}})
        simulation.until_quiet()
        split.append(split_of(simulation))
    # golden/transcripts/02: prop-before, prop-20, prop-5.
    assert split == [(8, 5), (15, 10), (4, 3)]
    status = get(simulation, "p")["status"]
    assert (status["readyReplicas"], status["updatedReplicas"], status["availableReplicas"]) == (4, 3, 4)


def split_of(simulation):
    found = {dig(one, "spec", "template", "spec", "containers", 0, "image"): one for one in owned(simulation, "p")}
    return replicasets.wanted(found["nginx:1"]), replicasets.wanted(found["nginx:bad"])


def test_min_ready_seconds():
    simulation = new_cluster()
    apply(simulation, with_requests(deployment("m", 3, minReadySeconds=3)))
    simulation.advance(1700)
    early = get(simulation, "m")["status"]
    assert (early["readyReplicas"], early.get("availableReplicas", 0), early["unavailableReplicas"]) == (3, 0, 3)
    simulation.until_quiet()
    late = get(simulation, "m")["status"]
    assert (late["availableReplicas"], late.get("unavailableReplicas", 0)) == (3, 0)
    assert progress(get(simulation, "m"))[1] == "NewReplicaSetAvailable"
    assert 3000 <= simulation.now < 5000
