"""What is true of ReplicaSets and Deployments, and of Services, after every step."""

from __future__ import annotations

from typing import Any

from cluster.apiserver.state import World
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds import service as services
from cluster.simulation.step import Step
from tests.walks.rules import Seen, objects_of, told, written, written_of

COUNTED_STATUS = ("replicas", "readyReplicas", "availableReplicas", "fullyLabeledReplicas", "updatedReplicas")


@told("replicaset.create-pod")
def replicasets_make_what_they_select(seen: Seen, step: Step) -> None:
    for pod in written_of(step, "pods"):
        reference = metadata.controller_of(pod)
        assert reference is not None
        owner = seen.world.row("replicasets.apps", (metadata.namespace(pod), reference["name"]))
        assert owner is not None
        assert metadata.uid(owner) == reference["uid"]
        assert not metadata.is_being_deleted(owner)
        assert replicasets.selector(owner).matches(metadata.labels(pod)), metadata.labels(pod)


@written("replicasets.apps", "deployments.apps")
def counts_make_sense(seen: Seen, step: Step) -> None:
    for document in written_of(step, "replicasets.apps", "deployments.apps"):
        status = document.get("status") or {}
        counts = {name: status.get(name, 0) for name in COUNTED_STATUS}
        assert all(0 <= count <= counts["replicas"] for count in counts.values()), counts
        assert counts["availableReplicas"] <= counts["readyReplicas"], counts


@written("replicasets.apps")
def rollouts_keep_their_bounds(seen: Seen, step: Step) -> None:
    if step.actor != "deployment-controller" or step.say == "deployment.adopt":
        return
    for change in objects_of(step, "replicasets.apps"):
        new = change.new
        owner = _deployment_of(step.world, new) if new is not None else None
        if owner is None or not deployments.is_rolling(owner):
            continue
        owned = _owned(step.world, owner)
        if any(metadata.uid(one) in seen.meddled for one in owned):
            continue
        before = sum(map(replicasets.wanted, _owned(seen.world, owner)))
        after = sum(map(replicasets.wanted, owned))
        assert after <= max(before, deployments.replicas(owner) + deployments.max_surge(owner)), (before, after)
        least = deployments.replicas(owner) - deployments.max_unavailable(owner)
        assert after >= min(before, least), (before, after, least)


def _deployment_of(world: World, replicaset: Document) -> Any:
    reference = metadata.controller_of(replicaset)
    if reference is None or reference["kind"] != "Deployment":
        return None
    return world.row("deployments.apps", (metadata.namespace(replicaset), reference["name"]))


def _owned(world: World, owner: Document) -> list[Document]:
    found = [world.row(*entry) for entry in world.filed("owner", metadata.uid(owner)) if entry[0] == "replicasets.apps"]
    return [document for document in found if metadata.is_controlled_by(document, owner)]


@written("services")
def services_have_addresses_of_their_own(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "services"):
        if change.new is None:
            continue
        address = services.cluster_ip(change.new)
        taken = {port["nodePort"] for port in services.ports(change.new) if port.get("nodePort")}
        if address in ("", services.HEADLESS):
            continue
        assert address.startswith("10."), address
        for key, other in step.world.table("services").items():
            if key != change.key:
                assert services.cluster_ip(other) != address, (address, key)
                assert not taken & {port.get("nodePort") for port in services.ports(other)}, (taken, key)


@written("endpointslices.discovery.k8s.io")
def a_slice_holds_a_hundred_at_most(seen: Seen, step: Step) -> None:
    for slice_ in written_of(step, "endpointslices.discovery.k8s.io"):
        listed = [endpoint["addresses"][0] for endpoint in slice_["endpoints"] or []]
        assert len(listed) <= 100, len(listed)
