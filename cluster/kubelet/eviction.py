"""The eviction manager of each kubelet: a node that runs out of memory or disk gets rid of Pods before its kernel has to.

pkg/kubelet/eviction/eviction_manager.go. It looks every 10 s, but only where something may have changed: a look that
would see the same as the last one is not taken. What it knows is the row host/pressure (node,): "met": resources of which
too little is left; "last": condition -> when that was last so (ms; null while it is); "evicted": the Pod that goes.
"""

from __future__ import annotations

from typing import Any

from cluster.kubelet import eviction_limits, eviction_signals, local_storage, system_oom
from cluster.kubelet.desk import CONTAINERS, KUBELET, MACHINES
from cluster.kubelet.eviction_ranking import Candidate, is_critical, message, ranked
from cluster.kubelet.eviction_signals import CONDITIONS, MEMORY, STORAGE, Signal, Stats
from cluster.machinery import load, usage
from cluster.machinery.component import Context, Reader
from cluster.machinery.story import FOLDED, NARRATED, Story
from cluster.objects import metadata, quantity, times
from cluster.objects.documents import Document, Key
from cluster.objects.kinds import pod as pods

PRESSURE = "host/pressure"
REASON = "Evicted"
PERIOD = 10 * times.SECOND  # monitoringInterval
# evictionPressureTransitionPeriod: so long a condition stays after the last look that found it.
TRANSITION = 5 * times.MINUTE
# immediateEvictionGracePeriodSeconds
GRACE = 1
# How far ahead memory that grows with time alone is looked at.
FORESIGHT = times.HOUR
TAINT = {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}


def conditions(reader: Reader, node: str) -> frozenset[str]:
    """The conditions of pressure that a node has now."""
    row = reader.host(PRESSURE, (node,)) or {"last": {}}
    return frozenset(kind for kind, last in row["last"].items() if last is None or reader.now - last < TRANSITION)


def refusal(reader: Reader, node: str, pod: Document) -> str:
    """Why a node under pressure does not take a Pod; "" when it does (Admit)."""
    present = conditions(reader, node)
    if not present or is_critical(pod):
        return ""
    if present == {CONDITIONS[MEMORY]} and (pods.qos_class(pod) != "BestEffort" or pods.tolerates_taint(pod, TAINT)):
        return ""
    return f"The node had condition: [{' '.join(sorted(present, reverse=True))}]. "


def look(context: Context, node: str) -> None:
    """Take the next look at a node, at its time."""
    machine, kubelet = context.host(MACHINES, (node,)), context.host(KUBELET, (node,))
    if machine is None or kubelet is None or context.world.row("nodes", ("", node)) is None:
        return
    if _starves(context, node, machine):
        return
    early = (context.now - kubelet["started"]) % PERIOD
    if early and not context.memory(_key(node)):
        context.again(PERIOD - early, quiet=not _is_pressing(context, node, machine))
        return
    _Look(context, node, machine).take()


def _starves(context: Context, node: str, machine: dict[str, Any]) -> bool:
    """Whether the kernel has had to make room at once."""
    if not context.world.table(load.TRAFFIC) and not context.world.table(usage.DEMANDS):
        return False
    taken = [eviction_signals.stats(context, pod) for pod in eviction_signals.active(context, node)]
    return system_oom.relieve(context, node, quantity.value(machine["memory"]), taken)


def _is_pressing(context: Context, node: str, machine: dict[str, Any]) -> bool:
    """Whether the coming look will find something to do, which "until quiet" then waits for."""
    if not any(context.world.table(table) for table in (load.TRAFFIC, usage.DEMANDS, PRESSURE)):
        return False
    taken = [eviction_signals.stats(context, pod) for pod in eviction_signals.active(context, node)]
    return any(signal.is_met for signal in eviction_signals.observe(context, node, machine, taken))


def _key(node: str) -> Key:
    """The key of the manager's own work, and of its note: whether it is removing images."""
    return (node, "", "eviction")


class _Look:
    """One pass of the manager's loop (synchronize)."""

    def __init__(self, context: Context, node: str, machine: dict[str, Any]) -> None:
        self.context, self.node, self.machine = context, node, machine
        self.row: dict[str, Any] = context.host(PRESSURE, (node,)) or {"met": [], "last": {}}
        self.taken = [eviction_signals.stats(context, pod) for pod in eviction_signals.active(context, node)]
        self.signals = eviction_signals.observe(context, node, machine, self.taken)
        self.met = [signal for signal in self.signals if signal.is_met]

    def take(self) -> None:
        going = self._going()
        over_limit = [] if going else self._over_limits()
        if not going and not over_limit and self._reclaims():
            return
        chosen = None if going or over_limit or not self.met else self._choose(self.met[0])
        why = None
        if chosen is not None:
            signal = self.met[0]
            why = self._why(signal, chosen)
            self._evict(chosen.pod, message(chosen, signal), disrupted=True)
        self._ask_again(acted=bool(going or over_limit or chosen))
        self._note(chosen, why)

    def _reclaims(self) -> bool:
        """Whether the disk is short and an image that nobody uses is removed instead of a Pod (reclaimNodeLevelResources)."""
        context, key = self.context, _key(self.node)
        short = bool(self.met) and self.met[0].resource == STORAGE
        begun = bool(context.memory(key))
        unused = local_storage.unused_images(context, self.node) if short or begun else []
        if not unused or not (short or begun):
            if begun:
                context.forget(key)
            return False
        if not begun:
            self._tell(self.met[0])
            context.remember(key, {"reclaiming": True})
            self._note(None, None)
            context.again(0)
            return True
        args = {"node": f"nodes//{self.node}", "image": unused[0]}
        story = Story("kubelet.image-removed", args, FOLDED, (f"nodes//{self.node}",))
        context.set_host(local_storage.IMAGES, (self.node, unused[0]), None, story=story)
        return True

    def _tell(self, signal: Signal) -> None:
        text = f"Attempting to reclaim {signal.resource}"
        reference = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self.node, "uid": self.node}}
        self.context.event(reference, "Warning", "EvictionThresholdMet", text, host=self.node)

    def _going(self) -> bool:
        """Whether a Pod that was evicted before still runs (waitForPodsCleanup)."""
        uids = {pods.runtime_uid(each.pod) for each in self.taken}
        rows = [self.context.host(CONTAINERS, (self.node, uid)) for uid in uids if self._is_evicted(uid)]
        return any(record["state"] == "running" for row in rows if row for record in row["containers"].values())

    def _is_evicted(self, uid: str) -> bool:
        pod = next(each.pod for each in self.taken if pods.runtime_uid(each.pod) == uid)
        return bool((self.context.memory(self._key_of(pod)) or {}).get("evicted"))

    def _over_limits(self) -> list[str]:
        """Evict the Pods that have written more than they may; their names."""
        found = [(each.pod, eviction_limits.complaint(each)) for each in self.taken]
        over = [(pod, text) for pod, text in found if text and not is_critical(pod)]
        for pod, text in over:
            self._evict(pod, text, disrupted=False)
        return [metadata.name(pod) for pod, _ in over]

    def _choose(self, signal: Signal) -> Candidate | None:
        """The Pod that has to go for a resource; None when nothing on the node may."""
        self._tell(signal)
        present = [one for one in self._order(signal) if not is_critical(one.pod)]
        return present[0] if present else None

    def _order(self, signal: Signal) -> list[Candidate]:
        return ranked([each for each in self.taken if _has_run(each)], signal.resource)

    def _evict(self, pod: Document, text: str, *, disrupted: bool) -> None:
        """Leave word with the Pod's worker that the Pod has to end (evictPod)."""
        key, context = self._key_of(pod), self.context
        work = context.memory(key)
        if work is None or work["uid"] != pods.runtime_uid(pod) or work.get("evicted"):
            return
        context.event(pod, "Warning", REASON, text, host=self.node)
        context.remember(key, {**work, "evicted": {"message": text, "disrupted": disrupted}})
        context.again(0, key)

    def _key_of(self, pod: Document) -> Key:
        return (self.node, metadata.namespace(pod), metadata.name(pod))

    # --- afterwards ------------------------------------------------------------------------------------------------

    def _ask_again(self, *, acted: bool) -> None:
        """When the next look can see something else than this one."""
        now, context = self.context.now, self.context
        if acted:
            context.again(PERIOD)
            return
        ends = [last + TRANSITION for last in self._last().values() if last is not None and last + TRANSITION > now]
        if ends:
            context.again(min(ends) - now, quiet=True)
        crossing = self._crossing()
        if crossing is not None:
            context.again(crossing - now, quiet=True)
        writes = [at for each in self.taken if (at := local_storage.next_write(context, each.pod)) is not None]
        if writes:
            context.again(min(writes) - now, quiet=True)

    def _crossing(self) -> int | None:
        """The look at which memory that grows with time alone will be short; None when nothing grows."""
        memory = next(signal for signal in self.signals if signal.resource == MEMORY)
        moving = [each.pod for each in self.taken if usage.moves(self.context, each.pod)]
        if not moving or memory.is_met:
            return None
        now, room = self.context.now, memory.available - memory.threshold
        if sum(usage.most_growth(self.context, pod, now + FORESIGHT) for pod in moving) <= room:
            return now + FORESIGHT
        grown = [usage.growth(self.context, pod) for pod in moving]
        for at in range(now + PERIOD, now + FORESIGHT + 1, PERIOD):
            if sum(by(at) for by in grown) > room:
                return at
        return now + FORESIGHT

    def _last(self) -> dict[str, int | None]:
        """Condition -> when it was last so; null while it is."""
        before, now = self.row["last"], self.context.now
        present = {signal.condition for signal in self.met}
        ended = {kind: now if last is None else last for kind, last in before.items() if kind not in present}
        kept = {kind: last for kind, last in ended.items() if now - last < TRANSITION}
        return {**kept, **dict.fromkeys(sorted(present))}

    def _note(self, chosen: Candidate | None, why: Any) -> None:
        """Write down what was found, as the step that tells of it."""
        row: dict[str, Any] = {"met": [signal.resource for signal in self.met], "last": self._last()}
        reference = f"nodes//{self.node}"
        if chosen is not None:
            pod = f"pods/{metadata.namespace(chosen.pod)}/{metadata.name(chosen.pod)}"
            args = {"node": reference, "pod": pod, "resource": self.met[0].resource}
            story = Story("kubelet.evicts", args, NARRATED, (pod, reference))
            row["evicted"] = [metadata.namespace(chosen.pod), metadata.name(chosen.pod), self.context.now]
        else:
            story = Story("kubelet.pressure", {"node": reference}, FOLDED, (reference,))
        value = row if row["met"] or row["last"] else None
        if value != self.context.host(PRESSURE, (self.node,)):
            self.context.set_host(PRESSURE, (self.node,), value, story=story, why=why)

    def _why(self, signal: Signal, chosen: Candidate) -> dict[str, Any]:
        return {
            "decision": "eviction", "node": self.node, "resource": signal.resource, "threshold": signal.threshold,
            "available": signal.available,
            "evicted": chosen.why["pod"], "ranking": [one.why for one in self._order(signal)],
        }


def _has_run(each: Stats) -> bool:
    return bool(each.memory or each.storage)

