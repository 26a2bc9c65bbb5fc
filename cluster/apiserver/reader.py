"""Read access to a World: what components, kubectl and pages ask. Works for the present and for any past moment."""

from __future__ import annotations

from typing import Any

from cluster.apiserver.state import HOST_PREFIX, SWITCHES, Etcd, World, rows
from cluster.objects import times
from cluster.objects.documents import Document, Key, dig, with_value
from cluster.objects.selectors import LabelSelector

# `list` is a method here, so the types have names of their own.
Documents = list[Document]
NamedDocuments = list[tuple[str, Document]]
Rows = list[tuple[Key, Any]]
# kubelet's nodeStatusUpdateFrequency and a quarter of its node lease's duration (pkg/kubelet/apis/config/v1beta1/defaults.go).
HEARTBEAT = 10 * times.SECOND
# nodeStatusReportFrequency: an unchanged node status is posted again only every five minutes.
STATUS_REPORT = 5 * times.MINUTE


class Reader:
    """Questions about one World."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def world(self) -> World:
        return self._world

    @property
    def now(self) -> int:
        return self.world.now

    @property
    def revision(self) -> int:
        return self.world.revision

    def get(self, resource: str, namespace: str, name: str) -> Document | None:
        """The object, or None. Nodes and leases carry the heartbeats that their kubelet has sent by now."""
        document = self.world.row(resource, (namespace, name))
        return None if document is None else self._with_heartbeat(resource, document)

    def list(self, resource: str, namespace: str | None = None, selector: LabelSelector | None = None) -> Documents:
        """Objects ordered by namespace and name; `namespace=None` means all namespaces."""
        found = []
        for key, document in rows(self.world.table(resource)):
            if namespace is not None and key[0] != namespace:
                continue
            if selector is not None and not selector.matches(document["metadata"].get("labels") or {}):
                continue
            found.append(self._with_heartbeat(resource, document))
        return found

    def owned(self, resource: str, uid: str) -> Documents:
        """Objects of `resource` whose controller has this uid, ordered by namespace and name."""
        rows_of = self.world.table(resource)
        return [rows_of[key] for _, key in self.world.filed("controller", f"{resource}/{uid}")]

    def orphans(self, resource: str, namespace: str) -> Documents:
        """Pods or ReplicaSets of a namespace that no controller owns, ordered by name."""
        return [self.world.row(table, key) for table, key in self.world.filed("orphan", f"{resource}/{namespace}")]

    def dependents(self, uid: str) -> NamedDocuments:
        """(resource, object) of everything with an owner reference to this uid."""
        return [(table, self.world.row(table, key)) for table, key in self.world.filed("owner", uid)]

    def pods_on(self, node: str) -> Documents:
        """Pods bound to a node, ordered by namespace and name."""
        return [self.world.row(table, key) for table, key in self.world.filed("node", node)]

    def events_regarding(self, uid: str) -> Documents:
        """Events about the object with this uid."""
        return [self.world.row(table, key) for table, key in self.world.filed("regarding", uid)]

    def host(self, table: str, key: Key) -> Any:
        """A row of a node-local table, for example host("host/iptables", ("node-1",)); None when there is none."""
        return self.world.row(table, key)

    def hosts(self, table: str, *prefix: str) -> Rows:
        """Rows of a node-local table whose key begins with `prefix`, in order."""
        assert table.startswith(HOST_PREFIX)
        return [(key, value) for key, value in rows(self.world.table(table)) if key[: len(prefix)] == prefix]

    def is_off(self, *switches: str) -> bool:
        """Whether any of these is switched off: a component ("kube-scheduler", "kubelet/node-1") or a machine ("node/node-1")."""
        table = self.world.table(SWITCHES)
        return any((name,) in table for name in switches)

    def last_heartbeat(self, node: str, period: int = HEARTBEAT) -> int | None:
        """When the kubelet of `node` last renewed its lease (ms); None when it never registered.

        Computed, not scheduled: an idle cluster costs nothing. Heartbeats lie on a grid of `period` from the start on.
        """
        registered = self.world.row("host/kubelet", (node,))
        if registered is None:
            return None
        table = self.world.table(SWITCHES)
        stops = [table[name,]["since"] for name in (f"kubelet/{node}", f"node/{node}") if (name,) in table]
        until = min([self.now, *stops])
        start = registered["started"]
        return start + max(0, until - start) // period * period

    def _with_heartbeat(self, resource: str, document: Document) -> Document:
        if resource == "nodes":
            return self._node_with_heartbeat(document)
        if resource == "leases.coordination.k8s.io" and document["metadata"]["namespace"] == "kube-node-lease":
            beat = self.last_heartbeat(document["metadata"]["name"])
            return document if beat is None else with_value(document, ("spec", "renewTime"), times.micro(beat))
        return document

    def _node_with_heartbeat(self, node: Document) -> Document:
        conditions = dig(node, "status", "conditions")
        beat = self.last_heartbeat(node["metadata"]["name"], STATUS_REPORT)
        if not conditions or beat is None:
            return node
        text = times.rfc3339(beat)
        beating = [
            {**condition, "lastHeartbeatTime": max(text, condition.get("lastHeartbeatTime", ""))}
            if condition.get("reason") != "NodeStatusUnknown" else condition
            for condition in conditions
        ]
        return with_value(node, ("status", "conditions"), beating)


class LiveReader(Reader):
    """A reader of whatever World etcd holds now."""

    def __init__(self, etcd: Etcd) -> None:
        super().__init__(etcd.world)
        self._etcd = etcd

    @property
    def world(self) -> World:
        return self._etcd.world

    @property
    def etcd(self) -> Etcd:
        """What the World lives in, for those who follow its changes."""
        return self._etcd
