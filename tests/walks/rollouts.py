"""What is true of ReplicaSets and Deployments, and of Services, after every step."""

from __future__ import annotations

from typing import Any

from cluster.apiserver.state import World
from cluster.controllers.endpoint_pods import belongs
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import endpointslice as slices
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds import service as services
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.walks import quiet
from tests.walks.rules import Seen, objects_of, told, written, written_of

SLICES = "endpointslices.discovery.k8s.io"
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


# --- what a rollout may take and add ---------------------------------------------------------------------------------


@told("deployment.scale-down", "deployment.scale-up", "deployment.create-replicaset")
def a_rollout_leaves_enough_that_serves(seen: Seen, step: Step) -> None:
    """What will stay available is never less than maxUnavailable allows, unless it was less before."""
    for change in objects_of(step, "replicasets.apps"):
        owner = _deployment_of(step.world, change.new)
        # Who scales a Deployment in the middle of a rollout gets what was asked for at once.
        if owner is None or not deployments.is_rolling(owner) or (step.why or {}).get("decision") != "rolling-update":
            continue
        least = deployments.replicas(owner) - deployments.max_unavailable(owner)
        before, after = (sum(map(_lasting, _owned(world, owner))) for world in (seen.world, step.world))
        assert after >= min(before, least), (before, after, least)


def _lasting(replicaset: Document) -> int:
    return min(replicasets.wanted(replicaset), replicasets.available(replicaset))


@told("deployment.scale-up", "deployment.create-replicaset")
def recreate_waits_until_the_old_pods_are_gone(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "replicasets.apps"):
        owner = _deployment_of(step.world, change.new)
        if owner is None or deployments.is_rolling(owner) or deployments.is_paused(owner):
            continue
        new, old = deployments.new_and_old(owner, _owned(step.world, owner))
        if new is None or metadata.uid(new) != metadata.uid(change.new) or (change.old and replicasets.wanted(change.old)):
            continue
        left = [pod for one in old for pod in _pods_of(seen.world, one) if not pods.is_terminal(pod)]
        assert not left, [metadata.name(pod) for pod in left]


@told("deployment.create-replicaset")
def a_paused_deployment_begins_nothing(seen: Seen, step: Step) -> None:
    for replicaset in written_of(step, "replicasets.apps"):
        owner = _deployment_of(step.world, replicaset)
        assert owner is not None
        assert not owner["spec"].get("paused")
        assert metadata.labels(replicaset)[replicasets.HASH_LABEL] in metadata.name(replicaset)


@told("deployment.create-replicaset", "deployment.update-replicaset", "deployment.reuse-replicaset")
def the_new_revision_is_the_highest(seen: Seen, step: Step) -> None:
    for replicaset in written_of(step, "replicasets.apps"):
        owner = _deployment_of(step.world, replicaset)
        assert owner is not None
        others = [replicasets.revision(one) for one in _owned(step.world, owner) if one is not replicaset]
        assert replicasets.revision(replicaset) > max(others, default=0), (replicasets.revision(replicaset), others)


@told("deployment.delete-replicaset")
def only_empty_old_replicasets_are_forgotten(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "replicasets.apps"):
        owner = _deployment_of(seen.world, change.old)
        assert owner is not None
        assert not replicasets.wanted(change.old)
        new, old = deployments.new_and_old(owner, _owned(seen.world, owner))
        assert new is None or metadata.uid(new) != metadata.uid(change.old), "it is the new one"
        kept = sum(replicasets.revision(one) > replicasets.revision(change.old) for one in old)
        limit = deployments.history_limit(owner)
        assert limit is not None and kept >= limit, (kept, limit)


OWNERS = {"replicaset.create-pod": "replicasets.apps", "replication.create-pod": "replicationcontrollers"}
OWNERS |= {"replicaset.delete-pod": "replicasets.apps", "replication.delete-pod": "replicationcontrollers"}


@told("replicaset.create-pod", "replication.create-pod")
def nobody_has_more_pods_than_wanted(seen: Seen, step: Step) -> None:
    for pod in written_of(step, "pods"):
        owner = _owner_of(seen.world, pod, OWNERS[step.say])
        active = [one for one in _pods_of(step.world, owner) if pods.is_active(one)]
        assert len(active) <= replicasets.wanted(owner), (metadata.name(owner), len(active))


@told("replicaset.delete-pod", "replication.delete-pod")
def what_serves_least_goes_first(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "pods"):
        owner = _owner_of(seen.world, change.old, OWNERS[step.say])
        active = [one for one in _pods_of(seen.world, owner) if pods.is_active(one)]
        assert len(active) > replicasets.wanted(owner), (metadata.name(owner), len(active))
        # A surplus is chosen at once and goes Pod by Pod; what is chosen first is the least of all.
        if step.why["rule"] == "all" or step.why["place"] != 1:
            continue
        others = [_worth(pod) for pod in active if metadata.uid(pod) != metadata.uid(change.old)]
        assert _worth(change.old) <= min(others, default=_worth(change.old)), (_worth(change.old), others)


def _worth(pod: Document) -> tuple[bool, int, bool]:
    """What the order of deletion looks at first: bound, phase, Ready."""
    return bool(pods.node_name(pod)), ("Pending", "Unknown", "Running").index(pods.phase(pod)), pods.is_ready(pod)


def _owner_of(world: World, pod: Document, resource: str) -> Document:
    found: Document = world.row(resource, (metadata.namespace(pod), (metadata.controller_of(pod) or {})["name"]))
    return found


def _pods_of(world: World, owner: Document) -> list[Document]:
    return [world.row(*entry) for entry in world.filed("controller", f"pods/{metadata.uid(owner)}")]


# --- endpoints -------------------------------------------------------------------------------------------------------


@told("endpointslice.create", "endpointslice.update")
def endpoints_are_what_their_pods_are(seen: Seen, step: Step) -> None:
    for slice_ in written_of(step, SLICES):
        namespace = metadata.namespace(slice_)
        service = seen.world.row("services", (namespace, slices.service_name(slice_)))
        assert service is not None, slices.service_name(slice_)
        for endpoint in slices.endpoints(slice_):
            pod = seen.world.row("pods", (namespace, endpoint["targetRef"]["name"]))
            if pod is None or seen.world.row("nodes", ("", pods.node_name(pod))) is None:
                continue  # of a lost node: it stays as it was
            serving = pods.is_ready(pod)
            assert services.selects(service, pod), metadata.name(pod)
            assert endpoint["addresses"] == [pods.ip(pod)], (endpoint, pods.ip(pod))
            assert slices.is_serving(endpoint) == serving, (metadata.name(pod), endpoint)
            assert slices.is_terminating(endpoint) == metadata.is_being_deleted(pod), (metadata.name(pod), endpoint)
            always = bool(service["spec"].get("publishNotReadyAddresses"))
            assert slices.is_ready(endpoint) == (always or (serving and not metadata.is_being_deleted(pod)))


@told("endpoints.create", "endpoints.update")
def addresses_are_of_ready_pods(seen: Seen, step: Step) -> None:
    for document in written_of(step, "endpoints"):
        namespace = metadata.namespace(document)
        service = seen.world.row("services", (namespace, metadata.name(document)))
        for subset in document.get("subsets") or []:
            for group, ready in (("addresses", True), ("notReadyAddresses", False)):
                for address in subset.get(group) or []:
                    pod = seen.world.row("pods", (namespace, dig(address, "targetRef", "name", default="")))
                    assert pod is not None and pods.ip(pod) == address["ip"], address
                    assert services.selects(service, pod)
                    always = bool(service["spec"].get("publishNotReadyAddresses"))
                    assert (pods.is_ready(pod) or always) == ready, address


# --- quiet -----------------------------------------------------------------------------------------------------------


@quiet.rule("deployment-controller", "replicaset-controller")
def old_revisions_are_forgotten(simulation: Simulation, seen: Seen) -> None:
    for owner in simulation.api.list("deployments.apps"):
        limit = deployments.history_limit(owner)
        if metadata.is_being_deleted(owner) or quiet.is_going(simulation, owner) or deployments.is_paused(owner):
            continue
        if limit is not None and deployments.is_complete(owner, owner["status"]):
            _, old = deployments.new_and_old(owner, simulation.api.owned("replicasets.apps", metadata.uid(owner)))
            empty = [one for one in old if not replicasets.wanted(one) and not dig(one, "status", "replicas", default=0)]
            assert len(empty) <= limit, (metadata.name(owner), len(empty), limit)


@quiet.rule("endpoint-controller")
def endpoints_list_the_ready_pods(simulation: Simulation, seen: Seen) -> None:
    for service in simulation.api.list("services"):
        namespace, name = metadata.namespace(service), metadata.name(service)
        if not services.selector(service) or services.is_external_name(service) or metadata.is_being_deleted(service):
            continue
        if quiet.is_going(simulation, service):
            continue
        document = simulation.api.get("endpoints", namespace, name)
        listed = {
            dig(address, "targetRef", "name") for subset in (document or {}).get("subsets") or []
            for address in subset.get("addresses") or []
        }
        ready = {
            metadata.name(pod) for pod in simulation.api.list("pods", namespace)
            if services.selects(service, pod) and belongs(pod, False) and pods.is_ready(pod)
        }
        assert listed == ready, (name, listed, ready)
