"""The kubelets of all nodes as one component; each works only for its own node and stops with it."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.apiserver.state import SWITCHES
from cluster.kubelet import eviction, node, outside, pod_worker, projected, runtime, static_pods
from cluster.kubelet.foresight import ASKERS, EVICTION
from cluster.machinery import load, usage
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.objects.documents import dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import volumeattachment as attachments

# Keys of what happens to a machine rather than to its kubelet: (node, "", what).
OFF = "off"
BOOT = "boot"
GONE = "gone"
RESTART = "restart"
ATTACHMENTS = "volumeattachments.storage.k8s.io"
SLICES = "endpointslices.discovery.k8s.io"
MACHINE_SWITCH = "node/"


class Kubelet(Component):
    """Keys: (node,) for the node itself, (node, namespace, name) for a Pod on it."""

    name = "kubelet"
    watches = (
        "pods", "nodes", "services", "configmaps", "secrets", SLICES, ATTACHMENTS, node.MACHINES, node.KUBELET, node.IMAGES,
        node.CONTAINERS, SWITCHES, runtime.TABLE, load.TRAFFIC, outside.RULES, usage.DEMANDS, eviction.PRESSURE,
        static_pods.MANIFESTS,
    )

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "pods":
            name = dig(change.new or change.old, "spec", "nodeName")
            return [*([(name, *change.key)] if name else []), *self._askers(view)]
        if change.table in ("services", SLICES, outside.RULES):
            return self._askers(view)
        if change.table in ("configmaps", "secrets"):
            return _mounting(view, change.table, change.key)
        if change.table in (runtime.TABLE, load.TRAFFIC):
            row = view.host(runtime.CONTAINERS, change.key)
            return [*([(change.key[0], *row["pod"])] if row is not None else []), (change.key[0], "", EVICTION)]
        if change.table == ATTACHMENTS:
            name = attachments.node_name(change.new or change.old or {})
            return _with_pods(name, view) if change.new is not None and attachments.is_attached(change.new) else []
        if change.table == node.MACHINES:
            return [(change.key[0], "", GONE) if change.new is None else change.key]
        if change.table == node.KUBELET:
            return _with_pods(change.key[0], view)
        if change.table == node.IMAGES:
            return [(change.key[0],)]
        if change.table == static_pods.MANIFESTS:
            return [static_pods.key_of(change.key[0], row) for row in (change.old, change.new) if row is not None]
        if change.table == eviction.PRESSURE:
            return [change.key]
        if change.table == usage.DEMANDS or (change.table == node.CONTAINERS and _starts_more(change)):
            return [(change.key[0], "", EVICTION)]
        if change.table == node.CONTAINERS:
            return []
        if change.table == SWITCHES:
            switch = change.key[0]
            what = BOOT if change.new is None else OFF
            return [(switch.removeprefix(MACHINE_SWITCH), "", what)] if switch.startswith(MACHINE_SWITCH) else []
        return self._keys_for_node(change, view)

    def _askers(self, view: Reader) -> list[Key]:
        """Pods whose processes or probes ask the network: it may answer otherwise from now on."""
        return [key for key, _ in view.hosts(ASKERS)]

    def _keys_for_node(self, change: Change, view: Reader) -> Iterable[Key]:
        """A node's own key; its Pods too when they can now get their sandboxes."""
        name = change.key[1]
        if change.new is not None and _has_network(change.new) and not (change.old and _has_network(change.old)):
            return _with_pods(name, view)
        return [(name,)]

    def all_keys(self, view: Reader) -> Iterable[Key]:
        keys: dict[Key, None] = {}
        for (name,), _ in view.hosts(node.MACHINES):
            keys.update(dict.fromkeys([(name, "", RESTART), *_with_pods(name, view)]))
        return list(keys)

    def switches(self, key: Key) -> tuple[str, ...]:
        """The kubelet's switch and the machine's; the machine itself boots and disappears whatever its kubelet does."""
        machine = f"{MACHINE_SWITCH}{key[0]}"
        if key[1:] == ("", BOOT):
            return (machine,)
        if key[1:] in (("", GONE), ("", OFF)):
            return (f"machine/{key[0]}",)
        return (f"kubelet/{key[0]}", machine)

    def reconcile(self, context: Context, key: Key) -> None:
        if len(key) == 1:
            node.reconcile(context, key[0])
        elif key[1]:
            pod_worker.reconcile(context, key)
        else:
            what = {OFF: node.power_off, BOOT: node.reboot, GONE: node.remove, RESTART: node.restart, EVICTION: eviction.look}
            what[key[2]](context, key[0])


def _starts_more(change: Change) -> bool:
    """Whether more containers of a Pod run than before."""
    running = [
        sum(record["state"] == "running" for record in row["containers"].values()) if row else 0
        for row in (change.old, change.new)
    ]
    return running[1] > running[0]


def _mounting(view: Reader, resource: str, key: Key) -> list[Key]:
    """The Pods that have volumes of a ConfigMap or Secret."""
    found = []
    for pod in view.list("pods", key[0]):
        node_name = dig(pod, "spec", "nodeName")
        if node_name and any((resource, key[1]) in projected.objects_of(volume) for volume in projected.kept_volumes(pod)):
            found.append((node_name, *key[:1], pod["metadata"]["name"]))
    return found


def _has_network(document: dict[str, object]) -> bool:
    return nodes.is_ready(document) and bool(dig(document, "spec", "podCIDR"))


def _with_pods(name: str, view: Reader) -> list[Key]:
    """The keys of a node, of all its Pods and of Pods that have only containers left."""
    keys: dict[Key, None] = {(name,): None}
    for pod in view.pods_on(name):
        keys[name, pod["metadata"]["namespace"], pod["metadata"]["name"]] = None
    table = view.world.table(node.CONTAINERS)
    left = sorted((name, *row["pod"]) for key, row in table.items() if key[0] == name)
    return list(keys | dict.fromkeys([*left, *static_pods.keys(view, name)]))
