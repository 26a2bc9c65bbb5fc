"""The kinds that roll out a template, alike: their bounds, their strategy, whose Pods are whose.

The arithmetic itself is the controllers' own (cluster/objects/kinds); nothing is reckoned a second time here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cluster.apiserver.reader import Reader
from cluster.objects import metadata
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import daemonset as daemonsets
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds import statefulset as statefulsets
from cluster.objects.kinds.deployment import count
from cluster.objects.registry import REGISTRY

DEPLOYMENTS = "deployments.apps"
REPLICASETS = "replicasets.apps"
STATEFULSETS = statefulsets.RESOURCE
DAEMONSETS = daemonsets.RESOURCE
RESOURCES = (DEPLOYMENTS, STATEFULSETS, DAEMONSETS)
SYSTEM = "kube-system"


class Bounds(NamedTuple):
    """How many Pods are wanted, the most that may count, and the fewest that stay available (None: no promise)."""

    wanted: int
    ceiling: int
    floor: int | None


def split(reference: str) -> tuple[str, Key]:
    """Table and key of "deployments.apps/default/web"; ("", ()) for what is no such reference."""
    table, _, rest = reference.partition("/")
    namespace, _, name = rest.partition("/")
    return (table, (namespace, name)) if table and namespace and name and "/" not in name else ("", ())


def resource_of(document: Document) -> str:
    """"deployments.apps" for a Deployment."""
    return f"{document['kind'].lower()}s.apps"


def reference(document: Document) -> str:
    """"deployments.apps/default/web" """
    return f"{resource_of(document)}/{metadata.namespace(document)}/{metadata.name(document)}"


# --- finding ----------------------------------------------------------------------------------------------------


def all_of(view: Reader) -> Iterator[Document]:
    """Everything that rolls out, by kind, namespace and name."""
    for resource in RESOURCES:
        yield from view.list(resource)


def workload_of(view: Reader, ref: str) -> str:
    """The workload that a reference names, or to which the Pod or ReplicaSet that it names belongs; "" for none."""
    table, key = split(ref)
    if table in RESOURCES:
        return ref
    document = view.get(table, *key) if table in ("pods", REPLICASETS) else None
    owner = metadata.controller_of(document) if document is not None else None
    found = next((resource for resource in (*RESOURCES, REPLICASETS) if owner and REGISTRY[resource].kind == owner["kind"]), "")
    return workload_of(view, f"{found}/{key[0]}/{owner['name']}") if owner and found else ""


def newest(view: Reader) -> str:
    """The workload that one looks at unasked: one under way, else the last one written; the system's only when alone."""
    found = list(all_of(view))
    best = max(found, key=_interest, default=None)
    return "" if best is None else reference(best)


def _interest(document: Document) -> tuple[bool, bool, int]:
    own = metadata.namespace(document) != SYSTEM
    return own, not is_settled(document), int(document["metadata"]["resourceVersion"])


# --- whose Pods --------------------------------------------------------------------------------------------------


def keepers(view: Reader, workload: Document) -> list[Document]:
    """The objects that keep its templates: ReplicaSets of a Deployment, ControllerRevisions of the others."""
    table = REPLICASETS if workload["kind"] == "Deployment" else revisions.RESOURCE
    return view.owned(table, metadata.uid(workload))


def number_of(keeper: Document) -> int:
    """The revision that a ReplicaSet or ControllerRevision stands for."""
    return replicasets.revision(keeper) if keeper["kind"] == "ReplicaSet" else revisions.number(keeper)


def template_of(keeper: Document) -> Document:
    """The Pod template that is kept, without the label of its hash."""
    return deployments.template_of(keeper) if keeper["kind"] == "ReplicaSet" else revisions.template_of(keeper)


def group_of(kind: str, owner: str, pod: Document) -> str:
    """The name of the ReplicaSet or ControllerRevision that a Pod was made from."""
    if kind == "Deployment":
        controller = metadata.controller_of(pod)
        return controller["name"] if controller else ""
    label = metadata.labels(pod).get(daemonsets.HASH_LABEL, "")
    return label if kind == "StatefulSet" else f"{owner}-{label}"


def newest_keeper(workload: Document, kept: Iterable[Document]) -> Document | None:
    """The one that keeps the workload's present template; None before the controller has made it."""
    if workload["kind"] == "Deployment":
        return deployments.new_and_old(workload, kept)[0]
    data = revisions.kept_template(workload)
    return next((one for one in reversed(revisions.in_order(kept)) if one["data"] == data), None)


# --- bounds -----------------------------------------------------------------------------------------------------


def wanted(workload: Document) -> int:
    """How many Pods it asks for; a DaemonSet as many as there are nodes for it."""
    if workload["kind"] == "DaemonSet":
        return count(workload.get("status") or {}, "desiredNumberScheduled")
    return deployments.replicas(workload)


def bounds(workload: Document) -> Bounds:
    """Between what its rollout keeps the Pods."""
    number = wanted(workload)
    if workload["kind"] == "Deployment":
        floor = number - deployments.max_unavailable(workload) if deployments.is_rolling(workload) else 0
        return Bounds(number, number + deployments.max_surge(workload), floor)
    if workload["kind"] == "StatefulSet":
        # One Pod after the other, whatever the policy (pkg/controller/statefulset/stateful_set_control.go).
        return Bounds(number, number, max(0, number - 1) if statefulsets.is_rolling(workload) else None)
    if not daemonsets.is_rolling(workload):
        return Bounds(number, number, None)
    surge = daemonsets.max_surge(workload, number)
    missing = 0 if surge else daemonsets.max_unavailable(workload, number) or 1
    return Bounds(number, number + surge, max(0, number - missing))


def min_ready(workload: Document) -> int:
    """Milliseconds for which a Pod has to be ready before it counts as available."""
    return int(dig(workload, "spec", "minReadySeconds", default=0)) * 1000


def is_paused(workload: Document) -> bool:
    return workload["kind"] == "Deployment" and deployments.is_paused(workload)


def is_late(workload: Document) -> bool:
    """Whether a Deployment has made no progress for as long as it may."""
    if workload["kind"] != "Deployment":
        return False
    return (deployments.condition(workload, "Progressing") or {}).get("reason") == deployments.DEADLINE_EXCEEDED


def strategy(workload: Document) -> dict[str, Any]:
    """The strategy as it is written: its type and the numbers that a learner may change."""
    field = "strategy" if workload["kind"] == "Deployment" else "updateStrategy"
    written = dig(workload, "spec", field, default={})
    rolling = written.get("rollingUpdate") or {}
    found: dict[str, Any] = {"type": written.get("type", deployments.ROLLING_UPDATE)}
    if found["type"] != deployments.ROLLING_UPDATE:
        return found
    if workload["kind"] == "StatefulSet":
        return {**found, "partition": statefulsets.partition(workload) or 0}
    surge, unavailable = ("25%", "25%") if workload["kind"] == "Deployment" else (0, 1)
    numbers = {"maxSurge": rolling.get("maxSurge", surge), "maxUnavailable": rolling.get("maxUnavailable", unavailable)}
    return {**found, **numbers}


def is_settled(workload: Document) -> bool:
    """Whether its controller has seen the newest wish and every Pod is as it should be."""
    status = workload.get("status") or {}
    if count(status, "observedGeneration") < workload["metadata"].get("generation", 0):
        return False
    if workload["kind"] == "Deployment":
        return deployments.is_complete(workload, status)
    number = wanted(workload)
    if workload["kind"] == "DaemonSet":
        updated = not daemonsets.is_rolling(workload) or count(status, "updatedNumberScheduled") == number
        return updated and count(status, "numberAvailable") == count(status, "currentNumberScheduled") == number
    due = number - min(number, statefulsets.partition(workload) or 0) if statefulsets.is_rolling(workload) else 0
    return (
        count(status, "replicas") == count(status, "readyReplicas") == count(status, "availableReplicas") == number
        and count(status, "updatedReplicas") >= due
    )
