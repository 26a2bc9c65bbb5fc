"""The node lifecycle controller: notices silent kubelets, tells conditions as taints, and slows down mass evictions.

pkg/controller/nodelifecycle/node_lifecycle_controller.go. The real one looks at every node each 5 s. Heartbeats are
computed here, so nothing polls: a node is looked at when a switch, its Node or its kubelet changes, and again at the
pass of that 5 s loop that would notice something.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NARRATED, NORMAL, Story
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods

SOURCE = "node-controller"
ZONE_LABEL = "topology.kubernetes.io/zone"
REGION_LABEL = "topology.kubernetes.io/region"
EXCLUDED_LABEL = "node.kubernetes.io/exclude-disruption"
# --node-startup-grace-period: a kubelet that has never reported.
STARTUP_GRACE = 60 * times.SECOND
# How often the queue of nodes to be tainted is looked at (NodeEvictionPeriod).
TAINT_PERIOD = 100
# Zone states take effect after all nodes of a pass have been looked at, and before the queue.
DISRUPTION_DELAY = 50
# --large-cluster-size-threshold, --unhealthy-zone-threshold, and how much slower evictions are in a half-broken zone.
LARGE_ZONE = 50
UNHEALTHY_SHARE = 0.55
SLOWER = 10

HEARTBEAT_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
# The NoSchedule taint for each condition that is not as it should be.
CONDITION_TAINTS = {
    ("Ready", "False"): nodes.NOT_READY_TAINT,
    ("Ready", "Unknown"): nodes.UNREACHABLE_TAINT,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
# The NoExecute taint of a node by its Ready condition.
EXECUTE_TAINTS = {"False": nodes.NOT_READY_TAINT, "Unknown": nodes.UNREACHABLE_TAINT}
# Older labels that repeat newer ones (labelReconcileInfo).
MIRRORED_LABELS = {"kubernetes.io/os": "beta.kubernetes.io/os", "kubernetes.io/arch": "beta.kubernetes.io/arch"}

NORMAL_ZONE, PARTIAL, FULL = "Normal", "PartialDisruption", "FullDisruption"

# First parts of keys.
START, HEALTH, TAINTS, ZONE, DISRUPTION = "start", "health", "taints", "zone", "disruption"
# In memory: (KNOWN, node) -> as last seen, (PASS, node) -> what the pass still has to do, (QUEUE, zone, node) -> since (ms),
# (LIMIT, zone) -> last taint (ms), (PROBE, node) -> last sign of life without a kubelet (ms),
# (FLOOR,) -> before this moment nothing was observed (ms), (STATES,) -> {zone: state}
KNOWN, PASS, QUEUE, LIMIT, PROBE, FLOOR, STATES = "known", "pass", "queue", "limit", "probe", "floor", "states"


class NodeLifecycleController(Component):
    """Keys: ("health", node), ("taints", node), ("zone", zone), ("disruption",), ("start",) after a restart."""

    name = "node-lifecycle-controller"
    watches = ("nodes", "switches", "host/kubelet")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "nodes":
            name = change.key[1]
            return [(HEALTH, name)] if change.new is None else [(TAINTS, name), (HEALTH, name)]
        if change.table == "host/kubelet":
            return [(HEALTH, change.key[0])]
        kind, _, name = change.key[0].partition("/")
        return [(HEALTH, name)] if kind in ("kubelet", "node") and name else []

    def all_keys(self, view: Reader) -> Iterable[Key]:
        names = [metadata.name(node) for node in view.list("nodes")]
        zones = sorted({zone_of(node) for node in view.list("nodes")})
        per_node = [(kind, name) for name in names for kind in (TAINTS, HEALTH)]
        return [(START,), *per_node, *((ZONE, zone) for zone in zones)]

    def reconcile(self, context: Context, key: Key) -> None:
        context.source = SOURCE
        if key[0] == START:
            # A restarted controller has seen no heartbeat yet: it counts from now.
            context.remember((FLOOR,), context.now)
        elif key[0] == HEALTH:
            _check_health(context, key[1])
        elif key[0] == TAINTS:
            _taint_by_conditions(context, key[1])
        elif key[0] == ZONE:
            _taint_next(context, key[1])
        else:
            _handle_disruption(context)


def zone_of(node: Document) -> str:
    """Region and zone of a node, "" for none: the groups in which evictions are limited."""
    labels = metadata.labels(node)
    return "/".join(part for part in (labels.get(REGION_LABEL, ""), labels.get(ZONE_LABEL, "")) if part)


def _ready(node: Document) -> str:
    return (nodes.condition(node, "Ready") or {}).get("status", "")


def _next_pass(context: Context) -> int:
    """When the 5 s loop runs next (ms); now, if it is running."""
    period = context.settings.node_monitor_period
    return -(-context.now // period) * period


# --- one node in one pass of the loop --------------------------------------------------------------------------------


def _check_health(context: Context, name: str) -> None:
    node = context.get("nodes", "", name)
    if node is None:
        _forget_node(context, name)
        return
    step = context.memory((PASS, name))
    if step is None:
        begin = _next_pass(context)
        if begin > context.now and not _settled(context, node):
            context.again(begin - context.now, (HEALTH, name))
            return
        if begin > context.now or not _begin_pass(context, node):
            _watch_heartbeat(context, node)
            return
        step = context.memory((PASS, name))
    if step == "pods" and _mark_next_pod(context, name):
        return
    context.remember((PASS, name), "taints")
    if _follow_up(context, node):
        return
    context.forget((PASS, name))
    context.remember((KNOWN, name), _seen(node))
    context.again(DISRUPTION_DELAY, (DISRUPTION,))
    _watch_heartbeat(context, node)


def _settled(context: Context, node: Document) -> bool:
    """Whether the next pass would find nothing to do for this node as it stands."""
    if context.memory((KNOWN, metadata.name(node))) != _seen(node):
        return False
    if overdue_at(context, node) <= context.now and _ready(node) != "Unknown":
        return False
    wanted = EXECUTE_TAINTS.get(_ready(node))
    present = _execute_taints(node)
    if wanted is None:
        return not present or not _ready(node)
    return present == [wanted] or (not present and _queued(context, node))


def _seen(node: Document) -> list[str]:
    """What a pass takes note of: zones are judged by it."""
    return [metadata.uid(node), _ready(node), zone_of(node)]


def _begin_pass(context: Context, node: Document) -> bool:
    """Begin what a pass does for a node; False when there is nothing to do. Afterwards the pass is remembered."""
    name = metadata.name(node)
    if context.memory((KNOWN, name), [""])[0] != metadata.uid(node):
        context.remember((KNOWN, name), _seen(node))
        message = f"Node {name} event: Registered Node {name} in Controller"
        context.event(_about(name, metadata.uid(node)), "Normal", "RegisteredNode", message)
        context.remember((PASS, name), "taints")
        return True
    if _settled(context, node):
        return False
    context.remember((PASS, name), "taints")
    return True


def _follow_up(context: Context, node: Document) -> bool:
    """The next write of a pass, if there is one: conditions of a silent node first, then its NoExecute taints."""
    name = metadata.name(node)
    if overdue_at(context, node) <= context.now and _ready(node) != "Unknown":
        _declare_unknown(context, node)
        return True
    wanted = EXECUTE_TAINTS.get(_ready(node))
    surplus = [key for key in _execute_taints(node) if key != wanted]
    if not surplus:
        if wanted and not _execute_taints(node) and not _queued(context, node):
            context.remember((QUEUE, zone_of(node), name), context.now)
            context.again(TAINT_PERIOD, (ZONE, zone_of(node)))
        return False
    context.forget((QUEUE, zone_of(node), name))
    if wanted:
        _write_execute_taint(context, node, wanted)
        return True
    if not _ready(node):
        return False
    story = Story("node-lifecycle.untaint", {"node": name, "taint": f"{surplus[0]}:NoExecute"}, NARRATED)
    context.update(nodes.without_taint(node, surplus[0], "NoExecute"), story=story)
    return True


def _execute_taints(node: Document) -> list[str]:
    """The NoExecute taints that belong to this controller."""
    own = set(EXECUTE_TAINTS.values())
    return [taint["key"] for taint in nodes.taints(node) if taint["effect"] == "NoExecute" and taint["key"] in own]


def _queued(context: Context, node: Document) -> bool:
    return context.memory((QUEUE, zone_of(node), metadata.name(node))) is not None


def _forget_node(context: Context, name: str) -> None:
    known = context.memory((KNOWN, name))
    if known is None:
        return
    for note in (KNOWN, PASS, PROBE):
        context.forget((note, name))
    for key, _ in context.memories(QUEUE):
        if key[2] == name:
            context.forget(key)
    message = f"Node {name} event: Removing Node {name} from Controller"
    context.event(_about(name, known[0]), "Normal", "RemovingNode", message)
    context.again(DISRUPTION_DELAY, (DISRUPTION,))


def _about(name: str, uid: str) -> Document:
    """A Node as its events refer to it."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": uid}}


# --- heartbeats ------------------------------------------------------------------------------------------------------


def overdue_at(context: Context, node: Document) -> int:
    """The pass (ms) at which the node counts as silent, if no heartbeat comes until then."""
    name = metadata.name(node)
    period = context.settings.node_monitor_period
    grace = context.settings.node_monitor_grace if _ready(node) else STARTUP_GRACE
    seen = context.last_heartbeat(name)
    if seen is None:
        seen = context.memory((PROBE, name))
        if seen is None:
            # No kubelet of ours: the Node itself was the last sign of life.
            seen = context.now if _ready(node) else times.parse(node["metadata"]["creationTimestamp"])
            context.remember((PROBE, name), seen)
    # What counts is when the loop saw the heartbeat, not when it was sent.
    observed = -(-max(seen, context.memory((FLOOR,), 0)) // period) * period
    return observed + -(-grace // period) * period


def _watch_heartbeat(context: Context, node: Document) -> None:
    """Look again when a node that has fallen silent would be noticed. While heartbeats come nothing needs watching."""
    name = metadata.name(node)
    if _ready(node) == "Unknown":
        return
    beating = context.last_heartbeat(name) is not None and not context.is_off(f"kubelet/{name}", f"node/{name}")
    due = overdue_at(context, node)
    if not beating and due > context.now:
        context.again(due - context.now, (HEALTH, name), quiet=True)


def _declare_unknown(context: Context, node: Document) -> None:
    """All that the kubelet used to report becomes Unknown (tryUpdateNodeHealth)."""
    name = metadata.name(node)
    was_ready = _ready(node) == "True"
    present = {condition["type"]: condition for condition in dig(node, "status", "conditions", default=[])}
    changed = [_unknown(node, condition, context.now) for condition in present.values()]
    never = [_never_reported(node, type_, context.now) for type_ in HEARTBEAT_CONDITIONS if type_ not in present]
    silent = (context.now - (context.last_heartbeat(name) or 0)) // times.SECOND
    story = Story("node-lifecycle.unknown", {"node": name, "seconds": silent}, NARRATED)
    why = {
        "decision": "unknown", "node": name, "lastHeartbeat": context.last_heartbeat(name),
        "graceSeconds": context.settings.node_monitor_grace // times.SECOND, "at": context.now,
    }
    told = with_value(node, ("status", "conditions"), [*changed, *never])
    context.update(told, subresource="status", story=story, why=why)
    if was_ready:
        message = f"Node {name} status is now: NodeNotReady"
        context.event(_about(name, metadata.uid(node)), "Normal", "NodeNotReady", message)
        context.remember((PASS, name), "pods")


def _unknown(node: Document, condition: Document, now: int) -> Document:
    if condition["type"] not in HEARTBEAT_CONDITIONS or condition["status"] == "Unknown":
        return condition
    return {
        **condition, "status": "Unknown", "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped posting node status.", "lastTransitionTime": times.rfc3339(now),
    }


def _never_reported(node: Document, type_: str, now: int) -> Document:
    return {
        "type": type_, "status": "Unknown", "lastHeartbeatTime": node["metadata"]["creationTimestamp"],
        "lastTransitionTime": times.rfc3339(now), "reason": "NodeStatusNeverUpdated",
        "message": "Kubelet never posted node status.",
    }


def _mark_next_pod(context: Context, name: str) -> bool:
    """Make the next ready Pod of a silent node not ready; False when none is left (MarkPodsNotReady)."""
    for pod in context.pods_on(name):
        if not pods.is_ready(pod):
            continue
        conditions = [
            {**c, "status": "False", "lastTransitionTime": times.rfc3339(context.now)} if c["type"] == "Ready" else c
            for c in pod["status"]["conditions"]
        ]
        args = {"pod": metadata.name(pod), "node": name}
        story = Story("node-lifecycle.pod-not-ready", args, NORMAL, (f"nodes//{name}",))
        context.update(with_value(pod, ("status", "conditions"), conditions), subresource="status", story=story)
        context.event(pod, "Warning", "NodeNotReady", "Node is not ready")
        return True
    return False


# --- NoSchedule taints: at once --------------------------------------------------------------------------------------


def _taint_by_conditions(context: Context, name: str) -> None:
    """One write towards the NoSchedule taints that a node's conditions ask for (doNoScheduleTaintingPass)."""
    node = context.get("nodes", "", name)
    if node is None:
        return
    conditions = dig(node, "status", "conditions", default=[])
    asked = (CONDITION_TAINTS.get((condition.get("type", ""), condition.get("status", ""))) for condition in conditions)
    wanted = [key for key in asked if key]
    if nodes.is_unschedulable(node):
        wanted.append(nodes.UNSCHEDULABLE_TAINT)
    own = {*CONDITION_TAINTS.values(), nodes.UNSCHEDULABLE_TAINT}
    present = [t["key"] for t in nodes.taints(node) if t["effect"] == "NoSchedule" and t["key"] in own]
    missing = [key for key in wanted if key not in present]
    surplus = [key for key in present if key not in wanted]
    changed = node
    for key in missing:
        taint = {"key": key, "effect": "NoSchedule", "timeAdded": times.rfc3339(context.now)}
        changed = nodes.with_taint(changed, taint)
    # Adding and removing are two requests.
    for key in surplus if not missing else ():
        changed = nodes.without_taint(changed, key, "NoSchedule")
    if changed is not node:
        verb, taints = ("taint", missing) if missing else ("untaint", surplus)
        args = {"node": name, "taint": ", ".join(f"{key}:NoSchedule" for key in taints)}
        context.update(changed, story=Story(f"node-lifecycle.{verb}", args, NORMAL))
        return
    _mirror_labels(context, node)


def _mirror_labels(context: Context, node: Document) -> None:
    labels = metadata.labels(node)
    mirrored = {old: labels[new] for new, old in MIRRORED_LABELS.items() if new in labels}
    if all(labels.get(name) == value for name, value in mirrored.items()):
        return
    relabelled = with_value(node, ("metadata", "labels"), {**labels, **mirrored})
    context.update(relabelled, story=Story("node-lifecycle.labels", {"node": metadata.name(node)}, FOLDED))


# --- NoExecute taints: one node after the other ----------------------------------------------------------------------


def _taint_next(context: Context, zone: str) -> None:
    """Taint the node that has waited longest in the zone's queue, when the limit allows (doNoExecuteTaintingPass)."""
    interval = _interval(context, zone)
    waiting = sorted(context.memories(QUEUE, zone), key=lambda entry: (entry[1], entry[0]))
    for key, since in waiting:
        node = context.get("nodes", "", key[2])
        wanted = EXECUTE_TAINTS.get(_ready(node)) if node is not None else None
        if node is None or wanted is None or wanted in _execute_taints(node) or zone_of(node) != zone:
            context.forget(key)
            continue
        if interval is None:
            return
        free = context.memory((LIMIT, zone), -interval) + interval
        due = max(free, since + TAINT_PERIOD)
        if due > context.now:
            context.again(due - context.now, (ZONE, zone))
            return
        context.remember((LIMIT, zone), context.now)
        context.forget(key)
        _write_execute_taint(context, node, wanted)
        return


def _write_execute_taint(context: Context, node: Document, key: str) -> None:
    """Unreachable and not ready exclude each other."""
    name = metadata.name(node)
    changed = node
    for other in _execute_taints(node):
        changed = nodes.without_taint(changed, other, "NoExecute")
    taint = {"key": key, "effect": "NoExecute", "timeAdded": times.rfc3339(context.now)}
    story = Story("node-lifecycle.taint", {"node": name, "taint": f"{key}:NoExecute"}, NARRATED)
    context.update(nodes.with_taint(changed, taint), story=story, why=_why(context, node, key))


def _why(context: Context, node: Document, key: str) -> dict[str, Any]:
    zone = zone_of(node)
    return {
        "decision": "taint", "node": metadata.name(node), "taint": {"key": key, "effect": "NoExecute"},
        "ready": _ready(node), "zone": zone, "zoneState": context.memory((STATES,), {}).get(zone, NORMAL_ZONE),
        "at": context.now,
    }


# --- disruption of zones ---------------------------------------------------------------------------------------------


def zone_state(ready: int, not_ready: int) -> str:
    """How well a zone is, by its nodes (ComputeZoneState)."""
    if not_ready and not ready:
        return FULL
    if not_ready > 2 and not_ready / (not_ready + ready) >= UNHEALTHY_SHARE:
        return PARTIAL
    return NORMAL_ZONE


def _zones(context: Reader) -> dict[str, list[Document]]:
    zones: dict[str, list[Document]] = {}
    for node in context.list("nodes"):
        if EXCLUDED_LABEL not in metadata.labels(node):
            zones.setdefault(zone_of(node), []).append(node)
    return zones


def _interval(context: Context, zone: str) -> int | None:
    """Milliseconds from one NoExecute taint of a zone to its next; None while there are none (setLimiterInZone)."""
    states = context.memory((STATES,), {})
    usual = context.settings.zone_eviction_interval
    if states and all(state == FULL for state in states.values()):
        return None
    if states.get(zone) != PARTIAL:
        return usual
    return usual * SLOWER if len(_zones(context).get(zone, [])) > LARGE_ZONE else None


def _handle_disruption(context: Context) -> None:
    """Take note of how the zones are. When every node of the cluster is silent, the fault is most likely our own."""
    states = {}
    for zone, members in sorted(_zones(context).items()):
        ready = sum(nodes.is_ready(node) for node in members)
        states[zone] = zone_state(ready, len(members) - ready)
    before = context.memory((STATES,), {})
    all_down = bool(states) and all(state == FULL for state in states.values())
    were_all_down = bool(before) and all(state == FULL for state in before.values())
    if all_down and not were_all_down and _relieve_next(context):
        return
    if states == before:
        return
    context.remember((STATES,), states)
    if were_all_down and not all_down:
        # Whoever was silent in the meantime gets a new period of grace, from the pass that has just ended.
        context.remember((FLOOR,), context.now - context.now % context.settings.node_monitor_period)
    for zone in states:
        context.again(TAINT_PERIOD, (ZONE, zone))


def _relieve_next(context: Context) -> bool:
    """Take the NoExecute taints off again, a node at a time; False when none has one."""
    for node in context.list("nodes"):
        for key in _execute_taints(node):
            args = {"node": metadata.name(node), "taint": f"{key}:NoExecute"}
            story = Story("node-lifecycle.relieve", args, NARRATED)
            context.update(nodes.without_taint(node, key, "NoExecute"), story=story)
            return True
    return False
