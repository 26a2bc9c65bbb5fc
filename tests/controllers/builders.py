"""A small cluster for the controllers' tests, with a stand-in kubelet like that of the recordings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.apiserver.state import World
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.event_recorder import EventRecorder
from cluster.machinery.settings import Settings
from cluster.machinery.story import Story
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig, with_value
from cluster.simulation.simulation import Simulation

START = STOP = 300  # ms
HEALTHY = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID"),
    "Ready": ("True", "KubeletReady"),
}


class StandInKubelet(Component):
    """Starts and stops Pods after fixed times and reports its node again when it has been away."""

    name = "kubelet"
    watches = ("pods", "nodes", "switches")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "pods":
            node = dig(change.new or change.old, "spec", "nodeName")
            return [(node,)] if node else []
        return [(change.key[-1].partition("/")[2] or change.key[-1],)]

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return [(metadata.name(node),) for node in view.list("nodes")]

    def switches(self, key: Key) -> tuple[str, ...]:
        return (f"kubelet/{key[0]}", f"node/{key[0]}")

    def reconcile(self, context: Context, key: Key) -> None:
        node = context.get("nodes", "", key[0])
        if node is None:
            return
        if any(c["reason"] == "NodeStatusUnknown" for c in dig(node, "status", "conditions", default=[])):
            context.update(healthy(node, 0), subresource="status", story=Story("test.node"))
            return
        for pod in context.pods_on(key[0]):
            if self._advance(context, pod):
                return

    def _advance(self, context: Context, pod: Document) -> bool:
        meta = pod["metadata"]
        phase = dig(pod, "status", "phase", default="Pending")
        deleting = metadata.is_being_deleted(pod)
        wanted = "ended" if deleting and phase == "Succeeded" else "stop" if deleting else "run"
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in dig(pod, "status", "conditions", default=[]))
        if wanted == "run" and phase == "Running" and (ready or is_never_ready(pod)):
            return False
        if wanted == "run" and phase in ("Succeeded", "Failed"):
            return False
        if wanted == "ended":
            context.delete("pods", meta["namespace"], meta["name"], grace=0, story=Story("test.gone"))
            return True
        note = (meta["uid"], wanted)
        since = context.memory(note)
        if since is None:
            since = context.now
            context.remember(note, since)
        left = since + (STOP if deleting else START) - context.now
        if (left > 0 and phase != "Running") or (left > 0 and deleting):
            context.again(left)
            return False
        context.update(ended(pod, context) if deleting else started(pod, context), subresource="status", story=Story("t"))
        return True


def is_never_ready(pod: Document) -> bool:
    return metadata.annotations(pod).get("fake/never-ready") == "1"


def started(pod: Document, context: Context) -> Document:
    address = dig(pod, "status", "podIP")
    if address is None:
        number = context.memory(("ip", pod["spec"]["nodeName"]), 1) + 1
        context.remember(("ip", pod["spec"]["nodeName"]), number)
        address = f"10.244.{int(pod['spec']['nodeName'].rpartition('-')[2]) - 1}.{number}"
    ready = {
        "type": "Ready", "status": "False" if is_never_ready(pod) else "True", "observedGeneration": 1,
        "lastProbeTime": None, "lastTransitionTime": times.rfc3339(context.now),
    }
    others = [c for c in dig(pod, "status", "conditions", default=[]) if c["type"] != "Ready"]
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": [*others, ready]}
    return {**pod, "status": {**pod["status"], **status}}


def ended(pod: Document, context: Context) -> Document:
    conditions = [{**c, "status": "False"} if c["type"] == "Ready" else c for c in pod["status"]["conditions"]]
    return {**pod, "status": {**pod["status"], "phase": "Succeeded", "conditions": conditions}}


def healthy(node: Document, now: int, **changes: tuple[str, str]) -> Document:
    """The node with the conditions of a healthy kubelet, single ones replaced (Ready=("False", "KubeletNotReady"))."""
    stamp = times.rfc3339(now)
    conditions = [
        {"type": type_, "status": status, "reason": reason, "message": "", "lastHeartbeatTime": stamp,
         "lastTransitionTime": stamp}
        for type_, (status, reason) in {**HEALTHY, **changes}.items()
    ]
    return with_value(node, ("status", "conditions"), conditions)


def new_cluster(
    *components: Component, zones: Sequence[str] = ("a", "b", "c"), settings: Settings | None = None,
    namespaces: Sequence[str] = ("default",), kubelet: bool = True,
) -> Simulation:
    """Healthy nodes node-1 …, one for each zone given, and the namespaces; settled."""
    own = [StandInKubelet()] if kubelet else []
    simulation = Simulation(World(), [EventRecorder(), *own, *components], settings)
    with simulation.act() as api:
        for name in namespaces:
            api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
            api.create(account, name)
        for number, zone in enumerate(zones, 1):
            add_node(api, f"node-{number}", zone, now=simulation.now)
    simulation.until_quiet()
    return simulation


def add_node(api: Any, name: str, zone: str = "", now: int = 0) -> None:
    labels = {"kubernetes.io/hostname": name, **({"topology.kubernetes.io/zone": zone} if zone else {})}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}}
    created = api.create(healthy(node, now))
    spec = {field: value for field, value in created["spec"].items() if field != "taints"}
    api.update({**created, "spec": spec})
    api.write_row("create", "host/kubelet", (name,), {"started": now})


def add_pod(simulation: Simulation, name: str, node: str = "", *, labels: dict[str, str] | None = None,
            annotations: dict[str, str] | None = None, namespace: str = "default", owner: Document | None = None,
            finalizers: Sequence[str] = (), **spec: Any) -> Document:
    """A Pod with one container, on a node unless none is given."""
    meta: Document = {"name": name, "namespace": namespace, "labels": labels or {}, "annotations": annotations or {}}
    if owner is not None:
        meta["ownerReferences"] = [metadata.controller_reference(owner)]
    if finalizers:
        meta["finalizers"] = list(finalizers)
    whole = {"containers": [{"name": "c", "image": "nginx:1"}], **spec, **({"nodeName": node} if node else {})}
    with simulation.act() as api:
        return api.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": whole}, namespace)


def add_service(simulation: Simulation, name: str, *, labels: dict[str, str] | None = None, **spec: Any) -> Document:
    """A Service on port 80 that selects app=<name> unless told otherwise."""
    whole = {"selector": {"app": name}, "ports": [{"port": 80}], **spec}
    meta = {"name": name, "namespace": "default", "labels": labels or {}}
    with simulation.act() as api:
        return api.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": whole}, "default")


def change(simulation: Simulation, resource: str, namespace: str, name: str, path: Sequence[str], value: Any,
           subresource: str = "") -> Document:
    with simulation.act() as api:
        return api.update(with_value(api.read(resource, namespace, name), path, value), subresource=subresource)


def delete(simulation: Simulation, resource: str, namespace: str, name: str, **options: Any) -> None:
    with simulation.act() as api:
        api.delete(resource, namespace, name, **options)


def names(simulation: Simulation, resource: str, namespace: str | None = None) -> list[str]:
    return [metadata.name(found) for found in simulation.api.list(resource, namespace)]


def events(simulation: Simulation) -> list[tuple[str, str, str, str]]:
    """Name, type, reason and message of every Event, in the order of writing."""
    found = sorted(simulation.api.list("events"), key=lambda event: int(event["metadata"]["resourceVersion"]))
    return [(e["involvedObject"]["name"], e["type"], e["reason"], e["message"]) for e in found]


def taints(simulation: Simulation, node: str) -> list[str]:
    found = simulation.api.read("nodes", "", node)
    return [f"{taint['key'].rpartition('/')[2]}:{taint['effect']}" for taint in dig(found, "spec", "taints", default=[])]
