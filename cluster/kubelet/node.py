"""How a machine becomes a node: the kubelet's registration, its Lease and the node status that it posts.

pkg/kubelet/kubelet_node_status.go, pkg/kubelet/nodestatus/setters.go. Heartbeats are computed by the readers.
"""

from __future__ import annotations

import hashlib
from typing import Any

from cluster.containers import references
from cluster.kubelet import eviction, runtime, static_pods, volumes
from cluster.kubelet.foresight import ASKERS
from cluster.machinery.component import Context
from cluster.machinery.story import FOLDED, NARRATED, NORMAL, Story
from cluster.objects import times
from cluster.objects.documents import Document, Key, dig, with_value
from cluster.storage import contents, driver

KUBELET = "host/kubelet"
MACHINES = "host/machines"
IMAGES = "host/images"
CONTAINERS = "host/containers"
LEASE_NAMESPACE = "kube-node-lease"
LEASE_SECONDS = 40

VERSION = "v1.36.2"
SYSTEM = {
    "kernelVersion": "6.12.48+deb13-amd64", "osImage": "Debian GNU/Linux 13 (trixie)",
    "containerRuntimeVersion": "containerd://2.2.0", "kubeletVersion": VERSION, "kubeProxyVersion": "",
    "operatingSystem": "linux", "architecture": "amd64",
}
# nodeStatusUpdateFrequency: how soon a change that nobody waits for (images) is posted.
UPDATE_FREQUENCY = 10 * times.SECOND
# nodeStatusMaxImages
MAX_IMAGES = 50

# The same under pressure: reason, message, reason of the event.
PRESSURE = {
    "MemoryPressure": ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available", "NodeHasInsufficientMemory"),
    "DiskPressure": ("KubeletHasDiskPressure", "kubelet has disk pressure", "NodeHasDiskPressure"),
}
READY = ("KubeletReady", "kubelet is posting ready status")
NOT_READY = (
    "KubeletNotReady",
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized",
)
HEALTH = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available", "NodeHasSufficientMemory"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", "NodeHasNoDiskPressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available", "NodeHasSufficientPID"),
)


def reconcile(context: Context, name: str) -> None:
    """Bring a node one write closer to what its machine and its kubelet are."""
    machine = context.host(MACHINES, (name,))
    if machine is None:
        return
    note = context.memory((name,), {})
    if note.get("off"):
        return
    kubelet = context.host(KUBELET, (name,))
    if kubelet is None:
        _start_kubelet(context, name, note)
        return
    node = context.world.row("nodes", ("", name))
    if node is None:
        _register(context, name, machine, kubelet, note)
        return
    _tell_schedulable(context, name, node, note)
    _post_status(context, name, machine, kubelet, node)
    if not context.wrote:
        _ensure_lease(context, node)
    if not context.wrote:
        _ensure_csi_node(context, node)


def power_off(context: Context, name: str) -> None:
    """The machine has lost its power: note that it will have to boot."""
    if context.is_off(f"node/{name}"):
        context.remember((name,), {**context.memory((name,), {}), "off": True})


def reboot(context: Context, name: str) -> None:
    """The machine's power has come back: it boots, and what ran on it is gone."""
    kubelet, note = context.host(KUBELET, (name,)), context.memory((name,), {})
    if not note.get("off"):
        return
    if kubelet is not None and "booting" not in note:
        note = {**note, "booting": context.now + context.jitter(context.settings.node_start)}
        context.remember((name,), note)
    if note.get("booting", 0) > context.now:
        context.again(note["booting"] - context.now)
        return
    context.remember((name,), {field: value for field, value in note.items() if field not in ("booting", "off")})
    if kubelet is None:
        context.again(0, (name,))
        return
    boot = kubelet["boot"] + 1
    context.event(_reference(name), "Normal", "Starting", "Starting kubelet.", host=name)
    text = f"Node {name} has been rebooted, boot id: {_machine_id(name, f'boot-{boot}')}"
    context.event(_reference(name), "Warning", "Rebooted", text, host=name)
    row = {**kubelet, "started": context.now, "boot": boot}
    context.set_host(KUBELET, (name,), row, story=_story("node-rebooted", name, NARRATED))


def restart(context: Context, name: str) -> None:
    """The kubelet starts again: it registers its node anew if somebody has deleted it."""
    note = context.memory((name,), {})
    if note.get("off") or context.host(KUBELET, (name,)) is None:
        return
    context.event(_reference(name), "Normal", "Starting", "Starting kubelet.", host=name)
    if "registered" in note:
        context.remember((name,), {field: value for field, value in note.items() if field != "registered"})
        context.again(0, (name,))


def remove(context: Context, name: str) -> None:
    """The machine is gone, and with it everything that lay on it; the API objects stay behind."""
    if context.host(MACHINES, (name,)) is not None:
        return
    for table in (KUBELET, CONTAINERS, IMAGES, eviction.PRESSURE, static_pods.MANIFESTS):
        for key, _ in context.hosts(table, name):
            if table == CONTAINERS:
                _forget_processes(context, key)
            weight = NORMAL if table == KUBELET else FOLDED
            context.set_host(table, key, None, story=_story("node-gone", name, weight))
            return
    for key, _ in context.memories():
        if key[0] == name or key[1:] == (name,):
            context.forget(key)
    for key, _ in context.hosts(ASKERS, name):
        context.keep(ASKERS, key, None)
    context.keep(contents.TABLE, (contents.disk(name),), None)


def _forget_processes(context: Context, key: Key) -> None:
    """What ran in a Pod's containers, and its volumes, are gone with the machine."""
    row = context.host(runtime.TABLE, key)
    if row is not None:
        for (table, row_key), value in volumes.let_go(context, row["places"], *key).items():
            context.keep(table, row_key, value)
        context.keep(runtime.TABLE, key, None)


# --- registration ------------------------------------------------------------------------------------------------------


def _story(name: str, node: str, weight: int) -> Story:
    reference = f"nodes//{node}"
    return Story(f"kubelet.{name}", {"node": reference}, weight, (reference,))


def _reference(name: str) -> Document:
    """The node as the kubelet's own events name it: its name stands for the uid (nodeRef in pkg/kubelet/kubelet.go)."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": name}}


def _event(context: Context, name: str, reason: str) -> None:
    context.event(_reference(name), "Normal", reason, f"Node {name} status is now: {reason}", host=name)


def _machine_id(name: str, part: str) -> str:
    digits = hashlib.sha256(f"{name}/{part}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _start_kubelet(context: Context, name: str, note: dict[str, Any]) -> None:
    due = note.get("due")
    if due is None:
        due = context.now + context.jitter(context.settings.node_start)
        context.remember((name,), {**note, "due": due})
    if due > context.now:
        context.again(due - context.now)
        return
    context.remember((name,), {field: value for field, value in note.items() if field != "due"})
    context.event(_reference(name), "Normal", "Starting", "Starting kubelet.", host=name)
    row = {"started": context.now, "boot": 1}
    context.set_host(KUBELET, (name,), row, story=_story("kubelet-started", name, NORMAL))


def _register(
    context: Context, name: str, machine: dict[str, Any], kubelet: dict[str, Any], note: dict[str, Any]
) -> None:
    if note.get("registered"):
        return  # somebody deleted the Node; a running kubelet does not make it again
    context.remember((name,), {**note, "registered": True})
    for _, _, _, reason in HEALTH:
        _event(context, name, reason)
    text = "Updated Node Allocatable limit across pods"
    context.event(_reference(name), "Normal", "NodeAllocatableEnforced", text, host=name)
    labels = {
        "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **machine.get("labels", {}),
    }
    node: Document = {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": name, "labels": labels,
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": {"taints": machine["taints"]} if machine.get("taints") else {},
    }
    node["status"] = _status(context, name, machine, kubelet, node)
    context.create(node, story=_story("node-registered", name, NARRATED))


def _ensure_lease(context: Context, node: Document) -> None:
    name = node["metadata"]["name"]
    if context.world.row("leases.coordination.k8s.io", (LEASE_NAMESPACE, name)) is not None:
        return
    if context.world.row("namespaces", ("", LEASE_NAMESPACE)) is None:
        return
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
    lease = {
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
        "spec": {
            "holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": times.micro(context.now),
        },
    }
    context.create(lease, story=_story("lease", name, FOLDED))


def _ensure_csi_node(context: Context, node: Document) -> None:
    """The node's storage drivers, which register with the kubelet (pkg/volume/csi/nodeinfomanager)."""
    name = node["metadata"]["name"]
    if context.world.row("csinodes.storage.k8s.io", ("", name)) is None:
        context.create(driver.csi_node(node), story=_story("csi-node", name, FOLDED))


def _tell_schedulable(context: Context, name: str, node: Document, note: dict[str, Any]) -> None:
    cordoned = bool(dig(node, "spec", "unschedulable", default=False))
    if cordoned == note.get("cordoned", False):
        return
    context.remember((name,), {**context.memory((name,), {}), "cordoned": cordoned})
    _event(context, name, "NodeNotSchedulable" if cordoned else "NodeSchedulable")


# --- status ------------------------------------------------------------------------------------------------------------


def _post_status(
    context: Context, name: str, machine: dict[str, Any], kubelet: dict[str, Any], node: Document
) -> None:
    status = _status(context, name, machine, kubelet, node)
    old = node.get("status") or {}
    if status == old:
        return
    if _but_images(status) == _but_images(old) and not _may_post(context, name):
        return
    became = _readiness(status) if _readiness(status) != _readiness(old) else ""
    if became:
        _event(context, name, "NodeReady" if became == "True" else "NodeNotReady")
    for (kind, _, _, reason), condition in zip(HEALTH, status["conditions"], strict=False):
        if condition["status"] != _condition_of(old, kind).get("status"):
            _event(context, name, PRESSURE[kind][2] if condition["status"] == "True" else reason)
    context.remember((name,), {**context.memory((name,), {}), "posted": context.now})
    story = _story("node-ready", name, NARRATED) if became == "True" else _story("node-status", name, FOLDED)
    context.update(with_value(node, ("status",), status), subresource="status", story=story)


def _but_images(status: Document) -> Document:
    return {field: value for field, value in status.items() if field != "images"}


def _may_post(context: Context, name: str) -> bool:
    """Whether it is time for the regular update; asks to be called when it is."""
    left = context.memory((name,), {}).get("posted", context.now) + UPDATE_FREQUENCY - context.now
    if left > 0:
        context.again(left, quiet=True)
    return left <= 0


def _condition_of(status: Document, kind: str) -> Document:
    return next((c for c in status.get("conditions") or [] if c["type"] == kind), {})


def _readiness(status: Document) -> str:
    return str(_condition_of(status, "Ready").get("status", ""))


def _status(
    context: Context, name: str, machine: dict[str, Any], kubelet: dict[str, Any], node: Document
) -> Document:
    """The node's status as the kubelet sees it now; parts of others (volumes, foreign conditions) stay."""
    old = node.get("status") or {}
    ready_at = kubelet["started"] + context.settings.node_ready
    if ready_at > context.now:
        context.again(ready_at - context.now)
    ready = ready_at <= context.now and bool(dig(node, "spec", "podCIDR"))
    capacity = {
        "cpu": machine["cpu"], "ephemeral-storage": machine["ephemeral-storage"], "hugepages-1Gi": "0",
        "hugepages-2Mi": "0", "memory": machine["memory"], "pods": machine["pods"], **machine.get("extended", {}),
    }
    pressing = eviction.conditions(context, name)
    wanted = [
        (kind, "True", *PRESSURE[kind][:2]) if kind in pressing else (kind, "False", reason, message)
        for kind, reason, message, _ in HEALTH
    ]
    wanted.append(("Ready", "True", *READY) if ready else ("Ready", "False", *NOT_READY))
    own = {kind for kind, *_ in wanted}
    conditions = [_condition(old, *entry, context.now) for entry in wanted]
    conditions += [c for c in old.get("conditions") or [] if c["type"] not in own]
    return {
        **old, "capacity": capacity, "allocatable": _allocatable(capacity, machine), "conditions": conditions,
        "addresses": [{"type": "InternalIP", "address": machine["ip"]}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "machineID": _machine_id(name, "machine").replace("-", ""), "systemUUID": _machine_id(name, "system"),
            "bootID": _machine_id(name, f"boot-{kubelet['boot']}"), **SYSTEM,
        },
        "images": _images(context, name),
    }


def _allocatable(capacity: dict[str, str], machine: dict[str, Any]) -> dict[str, str]:
    """All of the capacity, unless the machine's row says that less is left for Pods."""
    return {**capacity, **machine.get("allocatable", {})}


def _condition(old: Document, kind: str, status: str, reason: str, message: str, now: int) -> Document:
    before = _condition_of(old, kind)
    same = before.get("status") == status
    if same and before.get("reason") == reason and before.get("message") == message:
        return before
    stamp = times.rfc3339(now)
    return {
        "type": kind, "status": status, "lastHeartbeatTime": stamp,
        "lastTransitionTime": before["lastTransitionTime"] if same else stamp, "reason": reason, "message": message,
    }


def _images(context: Context, name: str) -> list[Document]:
    """The largest images on the node, as ImageLocality reads them."""
    table = context.world.table(IMAGES)
    found = sorted(((-size, key[1]) for key, size in table.items() if key[0] == name))
    return [
        {"names": [references.parse(image).image_id, image], "sizeBytes": -size} for size, image in found[:MAX_IMAGES]
    ]

