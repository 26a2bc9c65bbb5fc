"""What is true of a cluster after every step. Each rule looks at what the step changed, so a step costs microseconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from cluster.apiserver import deletion
from cluster.apiserver.state import AGENDA, MEMORY, Change, World, is_resource
from cluster.objects import metadata, quantity, schema
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds import service as services
from cluster.objects.registry import REGISTRY
from cluster.simulation.step import Step
from dashboard.narration import SENTENCES

# Every so many written documents one is kept with its bytes, to see whether anybody changes it later.
SAMPLE = 7
# The arguments that a sentence fills in: {pod}, {replicas, plural, …}.
PLACES = re.compile(r"\{(\w+)[,}]")
NOT_FOR_PODS = ("NoSchedule", "NoExecute")
# Controllers that hold objects back by a finalizer of their own.
GUARDS = {
    "persistentvolumeclaim-protection-controller": {"kubernetes.io/pvc-protection"},
    "persistentvolume-protection-controller": {"kubernetes.io/pv-protection"},
    "job-controller": {"batch.kubernetes.io/job-tracking"},
}
COUNTED_STATUS = ("replicas", "readyReplicas", "availableReplicas", "fullyLabeledReplicas", "updatedReplicas")


class Broken(AssertionError):
    """A rule does not hold."""


@dataclass
class Seen:
    """What the rules remember of the steps before."""

    world: World
    uids: dict[str, tuple[str, Key]] = field(default_factory=dict)  # every uid that ever was, with its object
    names: set[str] = field(default_factory=set)  # of nodes that ever were
    meddled: set[str] = field(default_factory=set)  # uids of ReplicaSets that a user gave another size than their Deployment
    samples: list[tuple[Document, bytes]] = field(default_factory=list)
    written: int = 0

    @classmethod
    def at(cls, world: World) -> Seen:
        seen = cls(world)
        for table, rows in world.tables.items():
            if is_resource(table):
                for key, document in rows.items():
                    seen.uids[metadata.uid(document)] = (table, key)
        seen.names |= {key[1] for key in world.table("nodes")}
        return seen


Rule = Callable[[Seen, Step], None]
RULES: list[Rule] = []


def rule(check: Rule) -> Rule:
    RULES.append(check)
    return check


def check(seen: Seen, step: Step) -> None:
    """Look at one step with every rule; Broken names the rule and the step."""
    for look in RULES:
        try:
            look(seen, step)
        except AssertionError as problem:
            raise Broken(
                f"{look.__name__} at revision {step.revision} ({step.at} ms, {step.actor} {step.verb} {step.objects[0]}"
                f" {step.say}): {problem}"
            ) from problem
    seen.world = step.world
    for change in step.changes:
        _note(seen, change)
    if step.actor == "user":
        seen.meddled |= {metadata.uid(new) for _, new in updates_of(step, "replicasets.apps")}


def _note(seen: Seen, change: Change) -> None:
    if not is_resource(change.table) or change.new is None:
        return
    seen.uids.setdefault(metadata.uid(change.new), (change.table, change.key))
    if change.table == "nodes":
        seen.names.add(change.key[1])
    seen.written += 1
    if seen.written % SAMPLE == 0:
        seen.samples.append((change.new, orjson.dumps(change.new)))


def check_samples(seen: Seen) -> None:
    """Documents that were written are what they were."""
    for document, before in seen.samples:
        if orjson.dumps(document) != before:
            raise Broken(f"a stored document was changed in place: {document['kind']} {metadata.name(document)}")


def objects_of(step: Step, *tables: str) -> list[Change]:
    return [change for change in step.changes if is_resource(change.table) and (not tables or change.table in tables)]


def written_of(step: Step, *tables: str) -> list[Document]:
    return [change.new for change in objects_of(step, *tables) if change.new is not None]


def updates_of(step: Step, *tables: str) -> list[tuple[Document, Document]]:
    return [(c.old, c.new) for c in objects_of(step, *tables) if c.old is not None and c.new is not None]


# --- the server -------------------------------------------------------------------------------------------------------


@rule
def revisions_are_contiguous(seen: Seen, step: Step) -> None:
    assert step.revision == seen.world.revision + 1 == step.world.revision, seen.world.revision


@rule
def time_does_not_go_back(seen: Seen, step: Step) -> None:
    assert seen.world.now <= step.at == step.world.now, seen.world.now


@rule
def a_step_is_one_write(seen: Seen, step: Step) -> None:
    changed = [(change.table, change.key) for change in step.changes if change.table not in (AGENDA, MEMORY)]
    assert len(changed) == (step.verb != "clock"), changed


@rule
def the_written_object_carries_the_revision(seen: Seen, step: Step) -> None:
    for document in written_of(step):
        assert document["metadata"]["resourceVersion"] == str(step.revision), document["metadata"]["resourceVersion"]


@rule
def uids_are_never_used_again(seen: Seen, step: Step) -> None:
    for change in objects_of(step):
        if change.old is None:
            assert metadata.uid(change.new) not in seen.uids, metadata.uid(change.new)
        elif change.new is not None:
            assert metadata.uid(change.new) == metadata.uid(change.old)


@rule
def identity_stays(seen: Seen, step: Step) -> None:
    for change in objects_of(step):
        if change.new is None:
            continue
        assert change.key == (metadata.namespace(change.new), metadata.name(change.new)), change.key
        if change.old is not None:
            assert change.new["metadata"]["creationTimestamp"] == change.old["metadata"]["creationTimestamp"]
            assert (change.new["kind"], change.new["apiVersion"]) == (change.old["kind"], change.old["apiVersion"])


@rule
def generation_counts_changes_of_the_spec(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step):
        kind = REGISTRY.of(new)
        if not kind.counts_generation:
            continue
        grown = new["metadata"]["generation"] - old["metadata"]["generation"]
        changed = old.get("spec") != new.get("spec") and step.verb != "bind"
        begun = metadata.is_being_deleted(new) and not metadata.is_being_deleted(old)
        noted = kind.annotations_count and metadata.annotations(old) != metadata.annotations(new)
        assert grown in (0, 1), grown
        assert not changed or grown == 1, "the spec changed"
        assert not grown or changed or begun or noted, "nothing changed"


@rule
def nobody_has_seen_a_later_generation(seen: Seen, step: Step) -> None:
    for document in written_of(step):
        observed = dig(document, "status", "observedGeneration", default=0)
        assert observed <= document["metadata"].get("generation", observed), observed


@rule
def deletion_cannot_be_taken_back(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step):
        if metadata.is_being_deleted(old):
            assert metadata.is_being_deleted(new)
            grace = "deletionGracePeriodSeconds"
            assert new["metadata"].get(grace, 0) <= old["metadata"].get(grace, 0)


@rule
def finalizers_hold_what_is_deleted(seen: Seen, step: Step) -> None:
    for change in objects_of(step):
        # Who lets go last deletes with the same write: the collector, a delete with another policy, a guard.
        if change.new is None:
            held = set(metadata.finalizers(change.old)) - {deletion.FOREGROUND, deletion.ORPHAN}
            assert not held or (len(held) == 1 and held <= GUARDS.get(step.actor, set())), held


@rule
def documents_fit_their_schema(seen: Seen, step: Step) -> None:
    for document in written_of(step):
        found = schema.decode_errors(document["apiVersion"], document["kind"], document)
        assert not found, found


@rule
def objects_live_in_a_namespace_that_exists(seen: Seen, step: Step) -> None:
    for change in objects_of(step):
        namespace = change.key[0]
        if change.old is None and namespace:
            found = seen.world.row("namespaces", ("", namespace))
            assert found is not None, namespace
            assert not metadata.is_being_deleted(found), f"{namespace} is going away"


@rule
def a_namespace_goes_last(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "namespaces"):
        if change.new is None:
            left = [
                (table, key) for table, rows in step.world.tables.items() if is_resource(table)
                for key in rows if key[0] == change.key[1]
            ]
            assert not left, left


@rule
def events_are_about_something(seen: Seen, step: Step) -> None:
    for event in written_of(step, "events"):
        regarding = event["involvedObject"]
        uid = regarding.get("uid")
        # The taint eviction controller knows a Pod by its name only (pkg/controller/tainteviction/taint_eviction.go).
        if uid is None and event["reason"] == "TaintManagerEviction":
            continue
        assert uid in seen.uids or uid in seen.names, regarding


@rule
def due_work_lies_ahead(seen: Seen, step: Step) -> None:
    for change in step.changes:
        if change.table == AGENDA and change.new is not None:
            assert change.new[0] >= seen.world.now, (change.key, change.new)


@rule
def what_is_off_writes_nothing(seen: Seen, step: Step) -> None:
    part, _, name = step.actor.partition("/")
    if part == "machine":  # taken away by its owner, who clears up what lay on it
        return
    machine = f"node/{name}"
    off = [key[0] for key in seen.world.table("switches")]
    assert step.actor not in off, off
    assert machine not in off, off


@rule
def every_step_has_its_story(seen: Seen, step: Step) -> None:
    assert step.say in SENTENCES, "no sentence"
    missing = set(PLACES.findall(SENTENCES[step.say])) - step.args.keys()
    assert not missing, f"the sentence needs {sorted(missing)}"
    orjson.dumps([step.args, step.why, step.objects])


# --- Pods and nodes ---------------------------------------------------------------------------------------------------


@rule
def a_pod_stays_on_its_node(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        if pods.node_name(old):
            assert pods.node_name(new) == pods.node_name(old), pods.node_name(new)


def _bound(step: Step) -> list[Document]:
    return [new for old, new in updates_of(step, "pods") if not pods.node_name(old) and pods.node_name(new)]


@rule
def pods_are_bound_to_nodes_that_exist(seen: Seen, step: Step) -> None:
    for pod in _bound(step):
        assert seen.world.row("nodes", ("", pods.node_name(pod))) is not None, pods.node_name(pod)
        assert not metadata.is_being_deleted(pod)
        assert not dig(pod, "spec", "schedulingGates", default=[])


@rule
def pods_tolerate_the_taints_where_they_are_bound(seen: Seen, step: Step) -> None:
    for pod in _bound(step):
        node = seen.world.row("nodes", ("", pods.node_name(pod)))
        unschedulable = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
        taints = [*nodes.taints(node), *([unschedulable] if nodes.is_unschedulable(node) else [])]
        for taint in taints:
            assert taint["effect"] not in NOT_FOR_PODS or pods.tolerates_taint(pod, taint), taint


@rule
def requests_fit_where_pods_are_bound(seen: Seen, step: Step) -> None:
    for pod in _bound(step):
        node = seen.world.row("nodes", ("", pods.node_name(pod)))
        filed = step.world.filed("node", pods.node_name(pod))
        there = [found for found in (step.world.row(*entry) for entry in filed) if not pods.is_terminal(found)]
        assert len(there) <= int(nodes.allocatable(node)["pods"]), len(there)
        for name, amount in pods.requests(pod).items():
            room = nodes.allocatable(node).get(name, "0")
            limit = int(quantity.parse(room) * (1000 if name == "cpu" else 1))
            total = sum(pods.requests(other).get(name, 0) for other in there)
            assert not amount or total <= limit, (name, total, limit)


@rule
def a_kubelet_minds_its_own_node(seen: Seen, step: Step) -> None:
    part, _, machine = step.actor.partition("/")
    if part != "kubelet":
        return
    for change in objects_of(step, "pods"):
        assert pods.node_name(change.new or change.old) == machine, pods.node_name(change.new or change.old)
    for change in objects_of(step, "nodes"):
        assert change.key[1] == machine


@rule
def pods_have_addresses_of_their_own(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        address = pods.ip(new)
        if not address or address == pods.ip(old) or dig(new, "spec", "hostNetwork"):
            continue
        for key, other in step.world.table("pods").items():
            same = pods.ip(other) == address and metadata.uid(other) != metadata.uid(new)
            assert not same or pods.is_terminal(other) or not _has_node(step.world, other), (address, key)


def _has_node(world: World, pod: Document) -> bool:
    node = world.row("nodes", ("", pods.node_name(pod)))
    # A node of the same name that was made later has addresses of its own.
    return node is not None and node["metadata"]["creationTimestamp"] <= pod["metadata"]["creationTimestamp"]


@rule
def an_ended_pod_stays_ended(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        before, after = pods.phase(old), pods.phase(new)
        assert not pods.is_terminal(old) or before == after, (before, after)
        assert before != "Running" or after != "Pending", (before, after)


@rule
def restarts_only_grow(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        for status in dig(old, "status", "containerStatuses", default=[]):
            now = pods.container_status(new, status["name"])
            assert now is None or now["restartCount"] >= status["restartCount"], status["name"]


@rule
def what_runs_has_an_address(seen: Seen, step: Step) -> None:
    for pod in written_of(step, "pods"):
        if pods.phase(pod) == "Running":
            assert pods.node_name(pod)
        # A machine that has been off has lost its sandboxes: until there is a new one, what runs has no address.
        if pods.is_true(pod, "PodReadyToStartContainers"):
            assert pods.ip(pod)
        # Who else ends a Pod leaves its conditions as they are.
        if pods.is_ready(pod) and step.actor.startswith("kubelet/"):
            assert pods.phase(pod) == "Running", pods.phase(pod)
            assert all(status["ready"] for status in dig(pod, "status", "containerStatuses", default=[]))


@rule
def nodes_keep_their_addresses(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "nodes"):
        cidr = dig(new, "spec", "podCIDR")
        if dig(old, "spec", "podCIDR"):
            assert cidr == dig(old, "spec", "podCIDR"), cidr
        elif cidr:
            others = [n for n in step.world.table("nodes").values() if n is not new and dig(n, "spec", "podCIDR") == cidr]
            assert not others, cidr


# --- workloads and Services -------------------------------------------------------------------------------------------


@rule
def replicasets_make_what_they_select(seen: Seen, step: Step) -> None:
    if step.actor != "replicaset-controller" or step.verb != "create":
        return
    for pod in written_of(step, "pods"):
        reference = metadata.controller_of(pod)
        assert reference is not None
        owner = seen.world.row("replicasets.apps", (metadata.namespace(pod), reference["name"]))
        assert owner is not None
        assert metadata.uid(owner) == reference["uid"]
        assert not metadata.is_being_deleted(owner)
        assert replicasets.selector(owner).matches(metadata.labels(pod)), metadata.labels(pod)


@rule
def counts_make_sense(seen: Seen, step: Step) -> None:
    for document in written_of(step, "replicasets.apps", "deployments.apps"):
        status = document.get("status") or {}
        counts = {name: status.get(name, 0) for name in COUNTED_STATUS}
        assert all(0 <= count <= counts["replicas"] for count in counts.values()), counts
        assert counts["availableReplicas"] <= counts["readyReplicas"], counts


@rule
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


@rule
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


@rule
def a_slice_holds_a_hundred_at_most(seen: Seen, step: Step) -> None:
    for slice_ in written_of(step, "endpointslices.discovery.k8s.io"):
        listed = [endpoint["addresses"][0] for endpoint in slice_["endpoints"] or []]
        assert len(listed) <= 100, len(listed)
