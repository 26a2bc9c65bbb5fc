"""Whatever is done to a Deployment on its way, the promises of its strategy hold after every single write."""

import random

import orjson
import pytest

from cluster.controllers.deployment import DeploymentController
from cluster.controllers.replicaset import ReplicaSetController
from cluster.objects import metadata
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets
from cluster.simulation.journal import decode_world, encode_world
from tests.support.fakes import apply, deployment, fake_cluster, patch, set_image

RESOURCE = "deployments.apps"
SEEDS = range(40)
IMAGES = ("nginx:1", "nginx:2", "nginx:3", "nginx:bad")


def get(simulation):
    return simulation.api.get(RESOURCE, "default", "d")


def owned(simulation):
    return simulation.api.owned("replicasets.apps", metadata.uid(get(simulation)))


def new_deployment(chance):
    surge, unavailable = chance.choice([("25%", "25%"), (1, 0), (0, 1), ("100%", 0), (0, "50%"), (2, 1), ("10%", "0%")])
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    return deployment(replicas=chance.randint(1, 12), strategy=strategy, revisionHistoryLimit=chance.choice([0, 1, 10]))


def act(simulation, chance):
    what = chance.choice(["image", "image", "image", "scale", "pause", "resume", "kill"])
    if what == "image":
        set_image(simulation, "d", chance.choice(IMAGES))
    elif what == "scale":
        patch(simulation, RESOURCE, "d", {"spec": {"replicas": chance.randint(0, 12)}})
    elif what in ("pause", "resume"):
        patch(simulation, RESOURCE, "d", {"spec": {"paused": what == "pause"}})
    elif simulation.api.list("pods", "default"):
        with simulation.act() as api:
            api.delete("pods", "default", metadata.name(chance.choice(api.list("pods", "default"))))


@pytest.mark.parametrize("seed", SEEDS)
def test_it_works(seed):
    """However it went: with a good image and no pause the end is the wanted number of available new Pods."""
    chance = random.Random(seed)
    simulation = fake_cluster(DeploymentController(), ReplicaSetController(), start=60, stop=90, seed=seed)
    apply(simulation, new_deployment(chance))
    for _ in range(15):
        act(simulation, chance)
        for _ in range(chance.choice([0, 3, 20, 100])):
            simulation.step()
    patch(simulation, RESOURCE, "d", {"spec": {"paused": False, "replicas": 7}})
    set_image(simulation, "d", "nginx:4")
    simulation.until_quiet()
    document = get(simulation)
    assert deployments.is_complete(document, document["status"])
    assert deployments.rollout_status(document)[1]
    alive = [pod for pod in simulation.api.list("pods", "default") if pods.is_active(pod)]
    assert [pod["spec"]["containers"][0]["image"] for pod in alive] == ["nginx:4"] * 7
    new, old = deployments.new_and_old(document, owned(simulation))
    assert deployments.revision(document) == replicasets.revision(new) > max(map(replicasets.revision, old), default=0)
    assert not any(map(replicasets.wanted, old))


@pytest.mark.parametrize("seed", SEEDS)
def test_bounds_of_a_rollout(seed):
    """Without scaling there are never more Pods than the surge allows, nor fewer available than promised."""
    chance = random.Random(1000 + seed)
    simulation = fake_cluster(DeploymentController(), ReplicaSetController(), start=60, stop=90, seed=seed)
    document = apply(simulation, new_deployment(chance))
    simulation.until_quiet()
    most = deployments.replicas(document) + deployments.max_surge(document)
    least = deployments.replicas(document) - deployments.max_unavailable(document)
    for _ in range(8):
        set_image(simulation, "d", chance.choice(IMAGES))
        for _ in range(chance.choice([1, 5, 30, 200])):
            simulation.step()
            assert sum(map(replicasets.wanted, owned(simulation))) <= most
            ready = [pod for pod in simulation.api.list("pods", "default") if pods.is_active(pod) and pods.is_ready(pod)]
            assert len(ready) >= least


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_stored_moment_goes_on_as_it_did(seed):
    """Plans under way (slow start, chosen victims, shares) are part of the World, so rewinding loses nothing."""
    simulation = fake_cluster(DeploymentController(), ReplicaSetController(), start=60, stop=90, seed=seed)
    apply(simulation, deployment(replicas=9))
    simulation.until_quiet()
    set_image(simulation, "d", "nginx:2")
    for _ in range(25):
        simulation.step()
    patch(simulation, RESOURCE, "d", {"spec": {"replicas": 4}})
    steps = simulation.until_quiet()
    told = [(step.revision, step.at, step.actor, step.say, step.objects) for step in steps]
    for index in range(0, len(steps) - 1, 7):
        stored = orjson.loads(orjson.dumps(encode_world(steps[index].world)))
        again = simulation.fork(decode_world(stored))
        found = [(step.revision, step.at, step.actor, step.say, step.objects) for step in again.until_quiet()]
        assert found == told[index + 1 :]
