"""The taint eviction controller: Pods leave a node with a NoExecute taint that they do not tolerate, or not for ever.

pkg/controller/tainteviction/taint_eviction.go
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NARRATED, NORMAL, Story
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods

REASON = "DeletionByTaintManager"
MESSAGE = "Taint manager: deleting due to NoExecute taint"
EVENT = "TaintManagerEviction"
# In memory: (PENDING, namespace, name) -> {"uid", "since": ms, "due": ms, "marked": whether the deletion was announced}
PENDING = "pending"
# A planned eviction as a row of its own, (node, namespace, name) -> {"due": ms}: making a plan is a step that can be told.
PLANS = "host/evictions"


class Verdict(NamedTuple):
    """What the taints of a node mean for a Pod. `seconds`: 0 leave now, None stay for ever."""

    seconds: int | None
    taint: Document
    toleration: Document | None


class TaintEvictionController(Component):
    """Keys: (namespace, name) of a Pod."""

    name = "taint-eviction-controller"
    watches = ("pods", "nodes")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "nodes":
            if change.new is None or _no_execute(change.old) == _no_execute(change.new):
                return []
            return [(metadata.namespace(pod), metadata.name(pod)) for pod in view.pods_on(change.key[1])]
        if change.old is not None and change.new is not None and _placement(change.old) == _placement(change.new):
            return []
        return [change.key]

    def all_keys(self, view: Reader) -> Iterable[Key]:
        tainted = [metadata.name(node) for node in view.list("nodes") if _no_execute(node)]
        return [(metadata.namespace(pod), metadata.name(pod)) for name in tainted for pod in view.pods_on(name)]

    def reconcile(self, context: Context, key: Key) -> None:
        pod = context.get("pods", *key)
        pending = context.memory((PENDING, *key))
        if pod is not None and pending is not None and pending["uid"] != metadata.uid(pod):
            context.forget((PENDING, *key))
            _drop_plan(context, key, pending)
            if context.wrote:
                return
            pending = None
        taints = _no_execute(context.get("nodes", "", pods.node_name(pod))) if pod is not None else []
        verdict = judge(taints, pods.tolerations(pod)) if pod is not None and taints else None
        if pod is None or verdict is None or verdict.seconds is None:
            _cancel(context, key, pending)
        elif not metadata.is_being_deleted(pod):
            _pursue(context, pod, verdict, pending)


def judge(taints: list[Document], tolerations: list[Document]) -> Verdict:
    """How long a Pod with these tolerations may stay, and because of which taint (getMinTolerationTime).

    Of several tolerations the first that fits a taint counts; the shortest of the times that they grant is the Pod's.
    """
    verdict = Verdict(None, taints[0], None)
    for taint in taints:
        used = next((toleration for toleration in tolerations if pods.tolerates(toleration, taint)), None)
        if used is None:
            return Verdict(0, taint, None)
        seconds = used.get("tolerationSeconds")
        if seconds is not None and (verdict.seconds is None or max(seconds, 0) < verdict.seconds):
            verdict = Verdict(max(seconds, 0), taint, used)
        elif verdict.toleration is None:
            verdict = Verdict(verdict.seconds, taint, used)
    return verdict


def _no_execute(node: Document | None) -> list[Document]:
    return [taint for taint in nodes.taints(node) if taint["effect"] == "NoExecute"] if node is not None else []


def _placement(pod: Document) -> tuple[Any, ...]:
    return pods.node_name(pod), pods.tolerations(pod)


def _cancel(context: Context, key: Key, pending: dict[str, Any] | None) -> None:
    """The Pod may stay, or is gone: an eviction that was planned is called off."""
    if pending is None:
        return
    context.forget((PENDING, *key))
    if not pending["marked"]:
        _tell(context, key, "Cancelling deletion of Pod")
    _drop_plan(context, key, pending)


def _drop_plan(context: Context, key: Key, pending: dict[str, Any]) -> None:
    """Take the row away that told of the plan; notes of older histories know of none."""
    row = (pending.get("node", ""), *key)
    if context.host(PLANS, row) is None:
        return
    stays = context.get("pods", *key) is not None
    args = {"pod": key[1], "node": pending["node"]}
    story = Story("taint-eviction.cancel", args, NARRATED if stays else FOLDED, _objects(pending, key))
    context.set_host(PLANS, row, None, story=story)


def _objects(pending: dict[str, Any], key: Key) -> tuple[str, str]:
    return f"pods/{'/'.join(key)}", f"nodes//{pending['node']}"


def _pursue(context: Context, pod: Document, verdict: Verdict, pending: dict[str, Any] | None) -> None:
    """Plan the eviction, or carry it out when its time has come: first the condition, then the deletion."""
    key = (metadata.namespace(pod), metadata.name(pod))
    assert verdict.seconds is not None
    if pending is None or (verdict.seconds == 0 and not pending["marked"] and pending["due"] > context.now):
        if pending is not None:
            # A planned eviction becomes one at once: the plan is called off first.
            context.forget((PENDING, *key))
            _tell(context, key, "Cancelling deletion of Pod")
        due = context.now + verdict.seconds * times.SECOND
        pending = {
            "uid": metadata.uid(pod), "since": context.now, "due": due, "marked": False, "node": pods.node_name(pod),
        }
        context.remember((PENDING, *key), pending)
    if pending["due"] > context.now:
        context.again(pending["due"] - context.now, key, quiet=True)
        args = {"pod": key[1], "node": pending["node"], "taint": f"{verdict.taint['key']}:NoExecute", "seconds": verdict.seconds}
        story = Story("taint-eviction.plan", args, NORMAL, _objects(pending, key))
        context.set_host(PLANS, (pending["node"], *key), {"due": pending["due"]}, story=story)
        return
    if not pending["marked"]:
        _tell(context, key, "Marking for deletion Pod")
        context.remember((PENDING, *key), {**pending, "marked": True})
    why = _why(pod, verdict, pending, context.now)
    args = {
        "pod": metadata.name(pod), "node": pods.node_name(pod),
        "taint": f"{verdict.taint['key']}:NoExecute", "seconds": (context.now - pending["since"]) // times.SECOND,
    }
    marked = _with_condition(pod, context.now)
    if marked is not pod:
        story = Story("taint-eviction.mark", args, NORMAL, (f"nodes//{pods.node_name(pod)}",))
        context.update(marked, subresource="status", story=story, why=why)
        return
    story = Story("taint-eviction.delete", args, NARRATED, (f"nodes//{pods.node_name(pod)}",))
    context.delete("pods", *key, story=story)


def _tell(context: Context, key: Key, text: str) -> None:
    # The real controller refers to the Pod by name only.
    about = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": key[0], "name": key[1]}}
    context.event(about, "Normal", EVENT, f"{text} {key[0]}/{key[1]}")


def _why(pod: Document, verdict: Verdict, pending: dict[str, Any], now: int) -> dict[str, Any]:
    """The record of the decision: which taint, which toleration, how long it was tolerated (ms since the epoch)."""
    return {
        "decision": "evict",
        "pod": f"{metadata.namespace(pod)}/{metadata.name(pod)}",
        "node": pods.node_name(pod),
        "taint": {field: value for field, value in verdict.taint.items() if field != "timeAdded"},
        "toleration": verdict.toleration,
        "tolerationSeconds": verdict.seconds,
        "since": pending["since"],
        "at": now,
    }


def _with_condition(pod: Document, now: int) -> Document:
    """The Pod marked as a target of disruption; the same document when it is so already."""
    conditions = dig(pod, "status", "conditions", default=[])
    wanted = {"status": "True", "reason": REASON, "message": MESSAGE}
    old = pods.condition(pod, "DisruptionTarget")
    if old is not None and all(old.get(field) == value for field, value in wanted.items()):
        return pod
    since = old["lastTransitionTime"] if old is not None and old["status"] == "True" else times.rfc3339(now)
    condition = {
        "type": "DisruptionTarget", "observedGeneration": pod["metadata"].get("generation", 1), **wanted,
        "lastProbeTime": None, "lastTransitionTime": since,
    }
    others = [found for found in conditions if found["type"] != "DisruptionTarget"]
    return with_value(pod, ("status", "conditions"), [*others, condition])
