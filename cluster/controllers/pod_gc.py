"""Pod garbage collection: Pods that no kubelet will ever finish (pkg/controller/podgc/gc_controller.go)."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import NARRATED, NORMAL, Story
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods

PERIOD = 20 * times.SECOND
# How long a node must be missing before its Pods are given up.
QUARANTINE = 40 * times.SECOND
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
# --terminated-pod-gc-threshold
MAX_TERMINATED = 12_500
ORPHANED = {"reason": "DeletionByPodGC", "message": "PodGC: node no longer exists"}
# In memory: (MISSING, node) -> when the loop first missed it (ms)
MISSING = "missing"


class PodGarbageCollector(Component):
    """Keys: (namespace, name) of a Pod; ("", node) of a node that came; ("",) when too many Pods may have ended."""

    name = "pod-garbage-collector"
    watches = ("pods", "nodes")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "nodes":
            if change.old is None:
                return [("", change.key[1])]
            return [
                (metadata.namespace(pod), metadata.name(pod)) for pod in view.pods_on(change.key[1])
                if _hopeless(pod, change.new)
            ]
        if change.new is None:
            return []
        keys: list[Key] = [("",)] if len(view.world.table("pods")) > MAX_TERMINATED else []
        return [change.key, *keys] if _hopeless(change.new, _node_of(view, change.new)) else keys

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return [
            (metadata.namespace(pod), metadata.name(pod)) for pod in view.list("pods")
            if _hopeless(pod, _node_of(view, pod))
        ]

    def reconcile(self, context: Context, key: Key) -> None:
        if key == ("",):
            _collect_terminated(context)
            return
        if not key[0]:
            context.forget((MISSING, key[1]))
            return
        pod = context.get("pods", *key)
        node = _node_of(context, pod) if pod is not None else None
        if pod is None or not _hopeless(pod, node):
            return
        if pods.node_name(pod) and node is None:
            _collect_orphan(context, pod)
        elif _its_turn(context, pod):
            _fail_and_delete(context, pod, "pod-gc.terminating", None)


def _node_of(view: Reader, pod: Document) -> Document | None:
    return view.get("nodes", "", pods.node_name(pod))


def _hopeless(pod: Document, node: Document | None) -> bool:
    """Whether no kubelet will finish the Pod: its node is gone or out of service, or it is deleted and has none."""
    if not pods.node_name(pod):
        return metadata.is_being_deleted(pod)
    if node is None:
        return True
    out = any(taint["key"] == OUT_OF_SERVICE for taint in nodes.taints(node))
    return out and not nodes.is_ready(node) and metadata.is_being_deleted(pod)


def _next_pass(now: int) -> int:
    """When the loop runs next."""
    return -(-now // PERIOD) * PERIOD


def _its_turn(context: Context, pod: Document) -> bool:
    """Whether the loop is at this Pod; if not, it is called again when it is."""
    if _failed(pod) or context.now % PERIOD == 0:
        return True
    context.again(_next_pass(context.now) - context.now)
    return False


def _collect_orphan(context: Context, pod: Document) -> None:
    """A node may come back: its Pods are given up at the first pass after the quarantine."""
    key = (MISSING, pods.node_name(pod))
    first_missed = context.memory(key)
    if first_missed is None:
        first_missed = _next_pass(context.now)
        context.remember(key, first_missed)
    due = _next_pass(first_missed + QUARANTINE)
    if context.now < due:
        context.again(due - context.now)
        return
    if pods.is_terminal(pod) and len(context.pods_on(pods.node_name(pod))) == 1:
        context.forget(key)
    _fail_and_delete(context, pod, "pod-gc.orphaned", ORPHANED)


def _failed(pod: Document) -> bool:
    return pods.phase(pod) == "Failed"


def _fail_and_delete(context: Context, pod: Document, story: str, cause: dict[str, str] | None) -> None:
    """First the phase becomes Failed, so that a controller counts it so; then the object is deleted without grace."""
    args = {"pod": metadata.name(pod), "node": pods.node_name(pod)}
    if not pods.is_terminal(pod):
        failed = with_value(pod, ("status", "phase"), "Failed")
        failed = with_value(failed, ("status", "observedGeneration"), pod["metadata"].get("generation", 1))
        if cause is not None:
            failed = _with_condition(failed, cause, context.now)
        context.update(failed, subresource="status", story=Story(f"{story}-fail", args, NORMAL))
        return
    if metadata.is_being_deleted(pod) and metadata.finalizers(pod):
        return
    context.delete(
        "pods", metadata.namespace(pod), metadata.name(pod), grace=0, story=Story(story, args, NARRATED),
    )


def _with_condition(pod: Document, cause: dict[str, str], now: int) -> Document:
    condition = {
        "type": "DisruptionTarget", "observedGeneration": pod["metadata"].get("generation", 1), "status": "True",
        "lastProbeTime": None, "lastTransitionTime": times.rfc3339(now), **cause,
    }
    others = [c for c in dig(pod, "status", "conditions", default=[]) if c["type"] != "DisruptionTarget"]
    return with_value(pod, ("status", "conditions"), [*others, condition])


def _collect_terminated(context: Context) -> None:
    """Above the threshold the oldest Pods that have ended go, evicted ones first."""
    ended = [pod for pod in context.list("pods") if pods.is_terminal(pod) and not metadata.is_being_deleted(pod)]
    if len(ended) <= MAX_TERMINATED:
        return
    if context.now % PERIOD and not context.memory(("pass",), 0):
        context.again(_next_pass(context.now) - context.now)
        return
    context.remember(("pass",), int(len(ended) > MAX_TERMINATED + 1))
    first = min(ended, key=lambda pod: (
        dig(pod, "status", "reason") != "Evicted", pod["metadata"]["creationTimestamp"], metadata.name(pod),
    ))
    _fail_and_delete(context, first, "pod-gc.terminated", None)
