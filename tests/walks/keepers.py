"""What is true of those who clear up after every step: garbage collector, taint eviction, node life cycle, namespaces."""

from __future__ import annotations

from cluster.apiserver.deletion import FOREGROUND
from cluster.apiserver.state import World
from cluster.controllers.taint_eviction import judge
from cluster.objects import metadata, times
from cluster.objects.conditions import condition
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import job as jobs
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.registry import REGISTRY
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.walks import quiet
from tests.walks.rules import Seen, objects_of, told, updates_of, written

# A node is silent for so long before it is Unknown (ms), and a new one a little longer.
GRACE = 50_000


def _owner(world: World, document: Document, reference: Document) -> Document | None:
    kind = REGISTRY.by_type(reference["apiVersion"], reference["kind"])
    assert kind is not None, reference
    namespace = metadata.namespace(document) if kind.namespaced else ""
    found: Document | None = world.row(kind.resource, (namespace, reference["name"]))
    return found if found is not None and metadata.uid(found) == reference["uid"] else None


@told("gc.delete")
def only_what_nobody_owns_is_collected(seen: Seen, step: Step) -> None:
    for change in objects_of(step):
        references = metadata.owner_references(change.old)
        assert references, "it has no owner at all"
        for reference in references:
            owner = _owner(seen.world, change.old, reference)
            going = owner is not None and metadata.is_being_deleted(owner) and FOREGROUND in metadata.finalizers(owner)
            assert owner is None or going, reference


@told("gc.unlink")
def only_useless_references_are_dropped(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step):
        kept = [reference["uid"] for reference in metadata.owner_references(new)]
        assert kept
        for reference in metadata.owner_references(old):
            owner = _owner(seen.world, old, reference)
            if reference["uid"] not in kept:
                assert owner is None or metadata.is_being_deleted(owner), reference


@told("gc.finish")
def who_waits_for_its_dependents_goes_after_them(seen: Seen, step: Step) -> None:
    for change in objects_of(step):
        if step.args["finalizer"] != FOREGROUND:
            continue
        uid = metadata.uid(change.old)
        blocking = [
            entry for entry in seen.world.filed("owner", uid)
            if any(reference["uid"] == uid and reference.get("blockOwnerDeletion")
                   for reference in metadata.owner_references(seen.world.row(*entry)))
        ]
        assert not blocking, blocking


@told("taint-eviction.delete", "taint-eviction.mark")
def only_who_does_not_tolerate_a_taint_is_evicted(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "pods"):
        node = seen.world.row("nodes", ("", pods.node_name(change.old)))
        assert node is not None, pods.node_name(change.old)
        taints = [taint for taint in nodes.taints(node) if taint["effect"] == "NoExecute"]
        assert taints, "there is no such taint"
        verdict = judge(taints, pods.tolerations(change.old))
        assert verdict.seconds is not None, verdict
        if len(taints) == 1 and taints[0].get("timeAdded") and dig(change.old, "spec", "tolerations"):
            least = min(verdict.seconds, int(step.args["seconds"]))
            assert step.at >= times.parse(taints[0]["timeAdded"]) + least * 1000 - 1000, (verdict, step.args)


@told("node-lifecycle.unknown")
def only_a_silent_node_is_unknown(seen: Seen, step: Step) -> None:
    for old, _ in updates_of(step, "nodes"):
        name = metadata.name(old)
        switches = seen.world.table("switches")
        since = [switches[key]["since"] for key in ((f"kubelet/{name}",), (f"node/{name}",)) if key in switches]
        machine = seen.world.row("host/machines", (name,))
        assert since or machine is None or seen.world.row("host/kubelet", (name,)) is None, name
        if since:
            assert step.at >= min(since) + GRACE - 10_000, (step.at, since)


def _ready(node: Document) -> str:
    found = condition(node, "Ready")
    return found["status"] if found is not None else ""


@told("node-lifecycle.taint")
def taints_say_what_the_conditions_say(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "nodes"):
        ready = _ready(new)
        before = {(taint["key"], taint["effect"]) for taint in nodes.taints(old)}
        for key, _ in {(taint["key"], taint["effect"]) for taint in nodes.taints(new)} - before:
            if key == nodes.NOT_READY_TAINT:
                assert ready in ("False", ""), ready
            if key == nodes.UNREACHABLE_TAINT:
                assert ready == "Unknown", ready
            if key == nodes.UNSCHEDULABLE_TAINT:
                assert nodes.is_unschedulable(new)


@told("ttl-after-finished.delete")
def jobs_go_when_their_time_is_over(seen: Seen, step: Step) -> None:
    for change in objects_of(step, jobs.RESOURCE):
        ended = jobs.ended_at(change.old)
        assert ended is not None
        assert step.at >= ended + change.old["spec"]["ttlSecondsAfterFinished"] * 1000


@told("pod-gc.orphaned", "pod-gc.orphaned-fail")
def only_pods_of_lost_nodes_are_given_up(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "pods"):
        assert seen.world.row("nodes", ("", pods.node_name(change.old))) is None, pods.node_name(change.old)


@written("pods")
def only_some_take_pods_away_by_force(seen: Seen, step: Step) -> None:
    """A bound Pod that runs goes when its kubelet says so, or by the hand of a user, or with its machine."""
    for change in objects_of(step, "pods"):
        if change.new is not None or not pods.node_name(change.old) or pods.is_terminal(change.old):
            continue
        part = step.actor.partition("/")[0]
        fresh = not dig(change.old, "status", "startTime")
        default = dig(change.old, "spec", "terminationGracePeriodSeconds")
        zero = change.old["metadata"].get("deletionGracePeriodSeconds", default) == 0
        allowed = ("kubelet", "user", "machine", "pod-garbage-collector", "kubectl")
        assert part in allowed or fresh or zero, step.actor


# --- quiet ------------------------------------------------------------------------------------------------------------


@quiet.rule("taint-eviction-controller")
def nobody_stays_who_must_go_at_once(simulation: Simulation, seen: Seen) -> None:
    for node in simulation.api.list("nodes"):
        taints = [taint for taint in nodes.taints(node) if taint["effect"] == "NoExecute"]
        for pod in simulation.api.pods_on(metadata.name(node)) if taints else []:
            stays = judge(taints, pods.tolerations(pod)).seconds != 0 or metadata.is_being_deleted(pod)
            assert stays or pods.is_terminal(pod), (metadata.name(pod), taints)


@quiet.rule("node-lifecycle-controller")
def silent_nodes_are_known(simulation: Simulation, seen: Seen) -> None:
    for node in simulation.api.list("nodes"):
        keys = {taint["key"] for taint in nodes.taints(node)}
        ready = _ready(node)
        if ready == "True":
            assert not keys & {nodes.NOT_READY_TAINT, nodes.UNREACHABLE_TAINT}, (metadata.name(node), keys)
        elif ready == "Unknown":
            assert nodes.UNREACHABLE_TAINT in keys, (metadata.name(node), keys)
        assert nodes.is_unschedulable(node) == (nodes.UNSCHEDULABLE_TAINT in keys), (metadata.name(node), keys)


@quiet.rule("garbage-collector-controller")
def nobody_waits_for_dependents_that_are_gone(simulation: Simulation, seen: Seen) -> None:
    for table, document in quiet.everything(simulation):
        if metadata.is_being_deleted(document) and FOREGROUND in metadata.finalizers(document):
            assert simulation.api.dependents(metadata.uid(document)), (table, metadata.name(document))
