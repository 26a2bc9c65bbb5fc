"""The picture's rows: small dictionaries that say what the board shows of a World, and what a step changes in them.

Pure functions of the World, computed by the worker once per step; every viewer gets the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster import board_volumes
from cluster.apiserver.reader import Reader
from cluster.apiserver.state import MEMORY, SWITCHES, Change, World, rows
from cluster.board_workloads import HPAS, WORKLOADS, ordinal, ownership, target_key, told_by, workload_row
from cluster.controllers import taint_eviction
from cluster.controllers.taint_eviction import TaintEvictionController
from cluster.machinery import usage
from cluster.objects import metadata, quantity, times
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import poddisruptionbudget as budgets
from cluster.objects.kinds import service as services
from cluster.simulation.step import Step

SLICES = "endpointslices.discovery.k8s.io"
BUDGETS = "poddisruptionbudgets.policy"
SERVICE_NAME_LABEL = "kubernetes.io/service-name"
# Where the taint eviction controller notes when a Pod will have to leave.
PLANNED_EVICTION = (TaintEvictionController.name, taint_eviction.PENDING)
EVENTS_SHOWN = 100
# What can be switched off besides kubelets and kube-proxies, with the component names that each switch stops.
COMPONENTS = {
    "default-scheduler": "kube-scheduler",
    "deployment-controller": "Deployment controller",
    "replicaset-controller": "ReplicaSet controller",
    "replication-controller": "ReplicationController manager",
    "statefulset-controller": "StatefulSet controller",
    "daemonset-controller": "DaemonSet controller",
    "job-controller": "Job controller",
    "cronjob-controller": "CronJob controller",
    "ttl-after-finished-controller": "TTL-after-finished controller",
    "horizontal-pod-autoscaler-controller": "Horizontal Pod autoscaler",
    "disruption-controller": "Disruption controller",
    "endpointslice-controller": "EndpointSlice controller",
    "endpoint-controller": "Endpoints controller",
    "kubernetes-service-controller": "Service kubernetes",
    "garbage-collector-controller": "Garbage collector",
    "pod-garbage-collector": "Pod garbage collector",
    "namespace-controller": "Namespace controller",
    "serviceaccount-controller": "ServiceAccount controller",
    "root-ca-certificate-publisher": "Root CA publisher",
    "resourcequota-controller": "ResourceQuota controller",
    "node-lifecycle-controller": "Node lifecycle controller",
    "node-ipam-controller": "Node IPAM controller",
    "taint-eviction-controller": "Taint eviction controller",
    "persistentvolume-binder-controller": "PersistentVolume binder",
    "ephemeral-volume-controller": "Ephemeral volume controller",
    "persistentvolumeclaim-protection-controller": "PersistentVolumeClaim protection",
    "persistentvolume-protection-controller": "PersistentVolume protection",
    "attachdetach-controller": "Attach/detach controller",
    "csi-provisioner": "CSI provisioner",
    "csi-attacher": "CSI attacher",
}

Row = dict[str, Any]


def state(world: World) -> dict[str, Any]:
    """Every table of the board at one moment."""
    view = Reader(world)
    return {
        "nodes": {key[1]: node_row(view, key[1]) for key, _ in rows(world.table("nodes"))},
        "pods": {"/".join(key): pod_row(view, pod) for key, pod in rows(world.table("pods"))},
        "workloads": {
            f"{table}/{'/'.join(key)}": workload_row(view, table, document)
            for table in WORKLOADS for key, document in rows(world.table(table))
        },
        "services": {"/".join(key): service_row(view, service) for key, service in rows(world.table("services"))},
        "components": {name: component_row(view, name) for name in COMPONENTS},
        "queue": queue(view),
        "volumes": board_volumes.rows(view),
        "events": events(view),
    }


# --- rows ---------------------------------------------------------------------------------------------------------


def node_row(view: Reader, name: str) -> Row | None:
    """A node as the board draws it; None when it is gone."""
    node = view.get("nodes", "", name)
    if node is None:
        return None
    condition = nodes.condition(node, "Ready")
    capacity = dig(node, "status", "capacity", default={})
    rules = view.host("host/iptables", (name,))
    return {
        "name": name,
        "ip": nodes.internal_ip(node),
        "ready": condition["status"] if condition else "Unknown",
        "cordoned": bool(dig(node, "spec", "unschedulable")),
        "roles": nodes.roles(node),
        "taints": [
            {"key": taint["key"], "value": taint.get("value", ""), "effect": taint["effect"]} for taint in nodes.taints(node)
        ],
        "labels": {key: value for key, value in metadata.labels(node).items() if "kubernetes.io/" not in key},
        "cpu": quantity.milli_value(capacity.get("cpu", "0")),
        "memory": quantity.value(capacity.get("memory", "0")),
        "pods": quantity.value(capacity.get("pods", "0")),
        "kubelet": "off" if view.is_off(f"kubelet/{name}", f"node/{name}") else "on",
        "machine": "off" if view.is_off(f"node/{name}") else "on",
        "proxy": None if rules is None or view.is_off(f"kube-proxy/{name}") else {"rules": rules_count(rules)},
        "images": len(view.hosts("host/images", name)),
    }


def rules_count(rules: Any) -> int:
    """How many service ports kube-proxy has written rules for."""
    return len(rules["ports"])


def pod_row(view: Reader, pod: Document) -> Row:
    """A Pod as a chip, a table row and an endpoint know it."""
    owner, app, version = ownership(view, pod)
    requests = pods.requests(pod)
    reason, message, until = _trouble(view, pod)
    node = view.get("nodes", "", pods.node_name(pod)) if pods.node_name(pod) else None
    return {
        "name": metadata.name(pod),
        "ns": metadata.namespace(pod),
        "uid": metadata.uid(pod),
        "owner": owner,
        "app": app,
        "version": version,
        "ordinal": ordinal(pod),
        "mark": mark(pod, node),
        "status": pods.status_text(pod),
        "ready": pods.ready_text(pod),
        "restarts": pods.restarts(pod),
        "node": dig(pod, "spec", "nodeName", default=""),
        "ip": dig(pod, "status", "podIP", default=""),
        "reason": reason,
        "message": message,
        "since": _since(pod),
        "begun": _wait_begun(view, pod),
        "until": until,
        "nominated": dig(pod, "status", "nominatedNodeName", default="") if node is None else "",
        "held": _holding_budget(view, pod, node),
        "cpu": requests.get("cpu", 0),
        "memory": requests.get("memory", 0),
    }


def mark(pod: Document, node: Document | None = None) -> str:
    """The silhouette that shows the Pod's phase; of a Pod on a node that has fallen silent nobody knows it."""
    phase = dig(pod, "status", "phase", default="Pending")
    status = pods.status_text(pod)
    if metadata.is_being_deleted(pod) and phase not in ("Succeeded", "Failed"):
        return "terminating"
    if phase == "Failed":
        return "evicted" if dig(pod, "status", "reason") == "Evicted" else "failed"
    if phase in ("Succeeded", "Unknown"):
        return phase.lower()
    if _is_silent(node):
        return "unknown"
    if not dig(pod, "spec", "nodeName"):
        return "pending"
    if status in ("CrashLoopBackOff", "Error", "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
                  "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "OOMKilled"):
        return "crash"
    if status.startswith("Init:"):
        return "init"
    if phase == "Pending":
        return "creating"
    return "running" if pods.is_ready(pod) else "notready"


def _is_silent(node: Document | None) -> bool:
    condition = nodes.condition(node, "Ready") if node is not None else None
    return condition is not None and condition["status"] == "Unknown"


def _holding_budget(view: Reader, pod: Document, node: Document | None) -> str:
    """The PodDisruptionBudget that keeps the Pod on a node which is being drained, "" when none does."""
    if node is None or not dig(node, "spec", "unschedulable") or metadata.is_being_deleted(pod) or not pods.is_active(pod):
        return ""
    spent = (budget for budget in view.list(BUDGETS, metadata.namespace(pod)) if not budgets.allowed(budget))
    return next((metadata.name(budget) for budget in spent if budgets.covers(budget, pod)), "")


def _trouble(view: Reader, pod: Document) -> tuple[str, str, int | None]:
    """Why the Pod is not (yet) what it should be, and when the present wait ends (virtual ms) if that is known."""
    if metadata.is_being_deleted(pod):
        return "Terminating", "", times.parse(pod["metadata"]["deletionTimestamp"])
    for status in dig(pod, "status", "containerStatuses", default=[]):
        waiting = dig(status, "state", "waiting")
        if waiting:
            return waiting.get("reason", ""), waiting.get("message", ""), None
    for condition in dig(pod, "status", "conditions", default=[]):
        if condition["status"] == "False" and condition["type"] in ("PodScheduled", "Ready"):
            return condition.get("reason", ""), condition.get("message", ""), _eviction_due(view, pod)
    return dig(pod, "status", "reason", default=""), dig(pod, "status", "message", default=""), _eviction_due(view, pod)


def _eviction_due(view: Reader, pod: Document) -> int | None:
    """When a NoExecute taint will make this Pod leave, as the taint eviction controller noted it."""
    pending = _planned_eviction(view, pod)
    return int(pending["due"]) if pending else None


def _planned_eviction(view: Reader, pod: Document) -> Row | None:
    found: Row | None = view.world.row(MEMORY, (*PLANNED_EVICTION, metadata.namespace(pod), metadata.name(pod)))
    return found


def _wait_begun(view: Reader, pod: Document) -> int | None:
    """When the wait began that ends at `until` (virtual ms): the grace period, or the time that a taint is tolerated."""
    if metadata.is_being_deleted(pod):
        grace: int = dig(pod, "metadata", "deletionGracePeriodSeconds", default=0)
        return times.parse(pod["metadata"]["deletionTimestamp"]) - grace * times.SECOND
    pending = _planned_eviction(view, pod)
    return int(pending["since"]) if pending else None


def _since(pod: Document) -> int:
    stamps = [condition.get("lastTransitionTime") for condition in dig(pod, "status", "conditions", default=[])]
    return max((times.parse(stamp) for stamp in stamps if stamp), default=times.parse(pod["metadata"]["creationTimestamp"]))


def service_row(view: Reader, service: Document) -> Row:
    """A Service with its live list of endpoints."""
    namespace, name = metadata.namespace(service), metadata.name(service)
    return {
        "name": name,
        "ns": namespace,
        "type": dig(service, "spec", "type", default="ClusterIP"),
        "ip": dig(service, "spec", "clusterIP", default=""),
        "ports": [text for text in services.ports_text(service).split(",") if text != "<none>"],
        "selector": ",".join(f"{key}={value}" for key, value in sorted(dig(service, "spec", "selector", default={}).items())),
        "endpoints": list(_endpoints(view, namespace, name)),
        "load": view.host(*_load_row(namespace, name)),
    }


def _load_row(namespace: str, service: str) -> tuple[str, Key]:
    """Where the load on a Service is written: requests per second and what one costs."""
    table, *key = usage.load_key(namespace, service)
    return table, tuple(key)


def _endpoints(view: Reader, namespace: str, service: str) -> Iterable[Row]:
    for endpoint_slice in view.list(SLICES, namespace):
        if metadata.labels(endpoint_slice).get(SERVICE_NAME_LABEL) != service:
            continue
        ports = [port.get("port") for port in endpoint_slice.get("ports") or []]
        for endpoint in endpoint_slice.get("endpoints") or []:
            conditions = endpoint.get("conditions") or {}
            target = endpoint.get("targetRef") or {}
            yield {
                "ip": endpoint["addresses"][0],
                "port": ports[0] if ports else None,
                "pod": f"{target['namespace']}/{target['name']}" if target.get("kind") == "Pod" else "",
                "node": endpoint.get("nodeName", ""),
                "ready": conditions.get("ready", True) is not False,
                "serving": conditions.get("serving", True) is not False,
                "terminating": bool(conditions.get("terminating", False)),
            }


def component_row(view: Reader, name: str) -> Row:
    return {"on": not view.is_off(name), "label": COMPONENTS[name]}


def queue(view: Reader) -> list[str]:
    """Pods that wait for a node, highest priority first, then oldest."""
    waiting = [
        pod for pod in view.list("pods")
        if not dig(pod, "spec", "nodeName") and not metadata.is_being_deleted(pod) and pods.is_active(pod)
    ]
    waiting.sort(key=lambda pod: (-dig(pod, "spec", "priority", default=0), pod["metadata"]["creationTimestamp"],
                                  metadata.name(pod)))
    return [f"{metadata.namespace(pod)}/{metadata.name(pod)}" for pod in waiting]


def events(view: Reader) -> dict[str, Row]:
    """The newest Events by namespace and name; a viewer who has followed longer may know older ones."""
    found = sorted(view.list("events"), key=lambda event: int(event["metadata"]["resourceVersion"]))
    return {f"{metadata.namespace(event)}/{metadata.name(event)}": event_row(event) for event in found[-EVENTS_SHOWN:]}


def event_row(event: Document) -> Row:
    stamp = dig(event, "series", "lastObservedTime") or event.get("lastTimestamp") or event["eventTime"]
    regarding = event["involvedObject"]
    return {
        "t": times.parse(stamp),
        "type": event["type"],
        "reason": event["reason"],
        "object": f"{regarding['kind'].lower()}/{regarding['name']}",
        "message": event["message"],
        "count": dig(event, "series", "count") or event.get("count") or 1,
    }


# --- what a step changes ------------------------------------------------------------------------------------------


def delta(step: Step) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """(rows to set, rows to delete) per table of the board."""
    view = Reader(step.world)
    news = _News(view)
    for change in step.changes:
        news.see(change)
    if any(board_volumes.concerns(change) for change in step.changes):
        news.set["volumes"] = board_volumes.rows(view)
    return news.set, news.gone


class _News:
    """Collects the rows that changes touch."""

    def __init__(self, view: Reader) -> None:
        self.view = view
        self.set: dict[str, Any] = {}
        self.gone: dict[str, list[str]] = {}

    def put(self, table: str, key: str, row: Row | None) -> None:
        if row is None:
            self.gone.setdefault(table, []).append(key)
        else:
            self.set.setdefault(table, {})[key] = row

    def see(self, change: Change) -> None:
        table, key = change.table, change.key
        if table == "pods":
            self._pod(change)
        elif table == "nodes":
            self.put("nodes", key[1], node_row(self.view, key[1]))
            if _standing(change.old) != _standing(change.new):
                self._pods_again(self.view.pods_on(key[1]))
        elif table == BUDGETS:
            self._pods_again(self._on_cordoned_nodes(key[0]))
        elif table in WORKLOADS:
            self._workload(change)
        elif table == HPAS:
            self._autoscaler(change)
        elif table == revisions.RESOURCE:
            self._telling(change)
        elif table == usage.LOAD:
            self._service_again(*key)
        elif table == "services":
            self.put("services", "/".join(key), service_row(self.view, change.new) if change.new else None)
        elif table == SLICES:
            self._slice(change)
        elif table == "events":
            self.put("events", "/".join(key), event_row(change.new) if change.new else None)
        elif table in ("host/iptables", "host/images"):
            self._node_again(key[0])
        elif table == SWITCHES:
            self._switch(key[0])
        elif table == MEMORY and key[:2] == PLANNED_EVICTION:
            self._pod_again(key[2:4])

    def _pod(self, change: Change) -> None:
        self.put("pods", "/".join(change.key), pod_row(self.view, change.new) if change.new else None)
        if _waits(change.old) or _waits(change.new):
            self.set["queue"] = queue(self.view)

    def _pod_again(self, key: Key) -> None:
        pod = self.view.get("pods", *key)
        if pod is not None:
            self.put("pods", "/".join(key), pod_row(self.view, pod))

    def _pods_again(self, documents: Iterable[Document]) -> None:
        for pod in documents:
            self._pod_again((metadata.namespace(pod), metadata.name(pod)))

    def _on_cordoned_nodes(self, namespace: str) -> Iterable[Document]:
        """The Pods of a namespace whose nodes are being drained: a budget may hold them."""
        cordoned = {metadata.name(node) for node in self.view.list("nodes") if dig(node, "spec", "unschedulable")}
        return [pod for pod in self.view.list("pods", namespace) if pods.node_name(pod) in cordoned] if cordoned else []

    def _workload(self, change: Change) -> None:
        name = f"{change.table}/{'/'.join(change.key)}"
        self.put("workloads", name, workload_row(self.view, change.table, change.new) if change.new else None)
        self._telling(change)

    def _telling(self, change: Change) -> None:
        """What a Pod shows of its workload is told by the documents between them."""
        if told_by(change.table, change.old) == told_by(change.table, change.new):
            return
        owner = metadata.controller_of(change.new or change.old) if change.table == revisions.RESOURCE else None
        self._pods_again(self.view.owned("pods", owner["uid"] if owner else metadata.uid(change.new or change.old)))

    def _autoscaler(self, change: Change) -> None:
        for hpa in (change.old, change.new):
            target = target_key(hpa) if hpa else None
            document = self.view.get(target[0], *target[1]) if target else None
            if target and document:
                self.put("workloads", f"{target[0]}/{'/'.join(target[1])}", workload_row(self.view, target[0], document))

    def _slice(self, change: Change) -> None:
        document = change.new or change.old
        self._service_again(metadata.namespace(document), metadata.labels(document).get(SERVICE_NAME_LABEL, ""))

    def _service_again(self, namespace: str, name: str) -> None:
        service = self.view.get("services", namespace, name)
        if service is not None:
            self.put("services", f"{namespace}/{name}", service_row(self.view, service))

    def _node_again(self, name: str) -> None:
        row = node_row(self.view, name)
        if row is not None:
            self.put("nodes", name, row)

    def _switch(self, name: str) -> None:
        if name in COMPONENTS:
            self.put("components", name, component_row(self.view, name))
        elif "/" in name:
            self._node_again(name.split("/", 1)[1])


def _standing(node: Document | None) -> tuple[bool, bool] | None:
    """What the chips on a node show of it: whether it is silent, whether it is being drained."""
    return (_is_silent(node), bool(dig(node, "spec", "unschedulable"))) if node is not None else None


def _waits(pod: Document | None) -> bool:
    return pod is not None and not dig(pod, "spec", "nodeName")


# --- why ----------------------------------------------------------------------------------------------------------


def short_why(why: Any) -> Row | None:
    """What the ghosts of the board need of a scheduling decision."""
    if not isinstance(why, dict) or "nodes" not in why:
        return None
    return {
        "rejected": [
            {"node": node["node"], "plugin": node["plugin"], "reason": ", ".join(node.get("reasons", []))}
            for node in why["nodes"] if node.get("plugin")
        ],
        "scores": [{"node": node["node"], "total": node["total"]} for node in why["nodes"] if node.get("total") is not None],
        "chosen": why.get("chosen") or "",
        "nominated": (why.get("preemption") or {}).get("node", ""),
    }


def header(entry: dict[str, Any]) -> dict[str, Any]:
    """A kept step (encoded, see simulation/journal.py) as the timeline and the narration know it."""
    event = {
        "r": entry["revision"], "t": entry["at"], "actor": entry["actor"], "verb": entry["verb"],
        "objs": entry["objects"], "say": {"key": entry["say"], "args": entry["args"]}, "w": entry["weight"],
    }
    why = short_why(entry["why"])
    return {**event, "why": why} if why else event


def event(step: Step) -> dict[str, Any]:
    """A step as viewers get it."""
    told, gone = delta(step)
    entry = {
        "type": "event", "r": step.revision, "t": step.at, "actor": step.actor, "verb": step.verb,
        "objs": list(step.objects), "say": {"key": step.say, "args": step.args}, "w": step.weight,
        "set": told, "del": gone,
    }
    why = short_why(step.why)
    return {**entry, "why": why} if why else entry
