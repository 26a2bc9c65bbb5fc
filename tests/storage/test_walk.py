"""Random lives of claims, volumes and Pods: whatever happens, no volume serves two claims, and all comes to rest."""

from __future__ import annotations

import contextlib
import random

import pytest

from cluster.apiserver.errors import APIError
from cluster.objects import metadata
from cluster.objects.documents import dig
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import volumeattachment as attachments
from cluster.simulation.bootstrap import Machine, new_cluster, worker
from cluster.simulation.simulation import Simulation
from cluster.storage import driver
from tests.controllers.storage_builders import CLAIMS, VOLUMES, claim, pod_using, volume

NAMES = ("a", "b", "c")
CLASSES = ("standard", "immediate", "manual", "", None)


def cluster(seed: int) -> Simulation:
    machines = [Machine(worker(n).name, worker(n).ip, labels={driver.ZONE: f"z{n}"}) for n in (1, 2)]
    return new_cluster(machines, seed=seed, storage_classes=driver.storage_classes())


def act(simulation: Simulation, chance: random.Random) -> None:
    """One thing that a user, or an accident, does."""
    api, name = simulation.user(), chance.choice(NAMES)
    deeds = (
        lambda: api.create(claim(name, chance.choice(("1Gi", "2Gi")), storage_class=chance.choice(CLASSES))),
        lambda: api.create(volume(f"v-{name}", "2Gi", policy=chance.choice(("Retain", "Delete", "Recycle")))),
        lambda: api.create(pod_using(f"p-{chance.choice(NAMES)}", name)),
        lambda: api.delete(CLAIMS, "default", name),
        lambda: api.delete(VOLUMES, "", f"v-{name}"),
        lambda: api.delete("pods", "default", f"p-{name}", grace=chance.choice((0, 30))),
        lambda: api.patch(CLAIMS, "default", name, {"metadata": {"annotations": {claims.SELECTED_NODE: "nowhere"}}}, "merge"),
        lambda: api.patch(CLAIMS, "default", name, {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}),
        lambda: simulation.switch(chance.choice(("csi-provisioner", "csi-attacher", "default-scheduler")), chance.random() < 0.7),
    )
    with contextlib.suppress(APIError):  # it may not be there, or may not be changed
        chance.choice(deeds)()


def check(simulation: Simulation) -> None:
    """What holds at every moment."""
    view = simulation.api
    served: dict[str, str] = {}
    for each in view.list(CLAIMS):
        name = claims.volume_name(each)
        if claims.BIND_COMPLETED in metadata.annotations(each) and name:
            assert name not in served, f"{name} serves {served[name]} and {metadata.name(each)}"
            served[name] = metadata.name(each)
            found = view.get(VOLUMES, "", name)
            assert found is None or dig(found, "spec", "claimRef", "uid") == metadata.uid(each)
    holders: dict[str, str] = {}
    for attachment in view.list("volumeattachments.storage.k8s.io"):
        name = attachments.volume_name(attachment)
        assert holders.setdefault(name, attachments.node_name(attachment)) == attachments.node_name(attachment)
    for pod in view.list("pods"):
        if pods.phase(pod) == "Running" and not metadata.is_being_deleted(pod):
            (name, _), *_ = claims.of_pod(pod)
            used = view.get(CLAIMS, "default", name)
            assert used is not None and claims.is_bound(used)


def check_at_rest(simulation: Simulation) -> None:
    """What holds when nothing is going on and everything is switched on."""
    view = simulation.api
    for each in view.list(VOLUMES):
        assert volumes.phase(each) in ("Available", "Bound", "Released")
        kept_for = volumes.claim_reference(each)
        if volumes.phase(each) == "Bound":
            bound = view.get(CLAIMS, "default", kept_for["name"])
            assert claims.volume_name(bound) == metadata.name(each) and claims.phase(bound) == "Bound"
    for each in view.list(CLAIMS):
        used = any(
            pods.node_name(pod) and claim_name == metadata.name(each)
            for pod in view.list("pods") for claim_name, _ in claims.of_pod(pod)
        )
        assert used or not metadata.is_being_deleted(each)


@pytest.mark.parametrize("seed", range(12))
def test_it_works(seed):
    chance, simulation = random.Random(seed), cluster(seed)
    for _ in range(40):
        act(simulation, chance)
        for _ in simulation.steps_until(simulation.now + chance.choice((5, 50, 500, 5_000, 30_000))):
            check(simulation)
    for switch in ("csi-provisioner", "csi-attacher", "default-scheduler"):
        simulation.switch(switch, True)
    simulation.until_quiet()
    check(simulation)
    check_at_rest(simulation)
