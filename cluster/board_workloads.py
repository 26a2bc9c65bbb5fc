"""The board's rows of workloads: what makes Pods, by its numbers, and the autoscaler that sets its size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.objects import metadata
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import cronjob as cronjobs
from cluster.objects.kinds import daemonset as daemonsets
from cluster.objects.kinds import horizontalpodautoscaler as hpas
from cluster.objects.kinds import job as jobs
from cluster.objects.kinds import statefulset as statefulsets
from cluster.objects.registry import REGISTRY

DEPLOYMENTS = "deployments.apps"
REPLICASETS = "replicasets.apps"
REPLICATION_CONTROLLERS = "replicationcontrollers"
HPAS = hpas.KIND.resource
WORKLOADS = (
    DEPLOYMENTS, REPLICASETS, REPLICATION_CONTROLLERS, statefulsets.RESOURCE, daemonsets.RESOURCE, jobs.RESOURCE,
    cronjobs.RESOURCE,
)
# Workloads that can belong to another one, so that their Pods show the name of that.
BETWEEN = {"ReplicaSet": REPLICASETS, "Job": jobs.RESOURCE}
REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
REVISION_LABEL = statefulsets.REVISION

Row = dict[str, Any]


def workload_row(view: Reader, table: str, document: Document) -> Row:
    """A workload by its numbers; what is the same for all kinds has the same name."""
    owner = metadata.controller_of(document)
    return {
        "kind": document["kind"],
        "name": metadata.name(document),
        "ns": metadata.namespace(document),
        "revision": metadata.annotations(document).get(REVISION_ANNOTATION, ""),
        "owner": {"kind": owner["kind"], "name": owner["name"]} if owner else None,
        **_NUMBERS.get(table, _replicas)(document),
        "hpa": autoscaler_row(view, document),
    }


def _replicas(document: Document) -> Row:
    status = document.get("status") or {}
    return {
        "desired": dig(document, "spec", "replicas", default=0),
        "current": status.get("replicas", 0),
        "ready": status.get("readyReplicas", 0),
        "updated": status.get("updatedReplicas", status.get("replicas", 0)),
        "available": status.get("availableReplicas", 0),
    }


def _daemonset(document: Document) -> Row:
    status = document.get("status") or {}
    return {
        "desired": status.get("desiredNumberScheduled", 0),
        "current": status.get("currentNumberScheduled", 0),
        "ready": status.get("numberReady", 0),
        "updated": status.get("updatedNumberScheduled", 0),
        "available": status.get("numberAvailable", 0),
    }


def _job(document: Document) -> Row:
    """A work queue without completions is done with its first success."""
    status, wanted = document.get("status") or {}, jobs.completions(document)
    return {
        "desired": 1 if wanted is None else wanted,
        "current": status.get("active", 0),
        "ready": status.get("ready", 0),
        "done": status.get("succeeded", 0),
        "failed": status.get("failed", 0),
        "end": jobs.end(document),
        "suspended": jobs.is_suspended(document),
    }


def _cronjob(document: Document) -> Row:
    return {
        "desired": 0,
        "current": len(cronjobs.active(document)),
        "ready": 0,
        "schedule": cronjobs.schedule_text(document),
        "suspended": cronjobs.is_suspended(document),
    }


_NUMBERS: dict[str, Callable[[Document], Row]] = {
    daemonsets.RESOURCE: _daemonset, jobs.RESOURCE: _job, cronjobs.RESOURCE: _cronjob,
}


# --- what sets the size of a workload ----------------------------------------------------------------------------


def autoscaler_row(view: Reader, workload: Document) -> Row | None:
    """The HorizontalPodAutoscaler of a workload: its bounds, sizes and metrics; None without one."""
    if not view.world.table(HPAS):
        return None
    found = (hpa for hpa in view.list(HPAS, metadata.namespace(workload)) if _scales(hpa, workload))
    hpa = next(found, None)
    if hpa is None:
        return None
    status = hpa.get("status") or {}
    return {
        "name": metadata.name(hpa),
        "least": hpas.least(hpa),
        "most": hpas.most(hpa),
        "current": status.get("currentReplicas", 0),
        "desired": status.get("desiredReplicas", 0),
        "metrics": hpas.targets_cell(hpa),
    }


def _scales(hpa: Document, workload: Document) -> bool:
    target = hpas.target(hpa)
    return (target.get("kind"), target.get("name")) == (workload["kind"], metadata.name(workload))


def target_key(hpa: Document) -> tuple[str, Key] | None:
    """Table and key of what an HPA scales; None for what the board does not show."""
    target = hpas.target(hpa)
    table = next((name for name in WORKLOADS if REGISTRY[name].kind == target.get("kind")), None)
    return (table, (metadata.namespace(hpa), str(target.get("name")))) if table else None


# --- what Pods say of their workload -----------------------------------------------------------------------------


def ownership(view: Reader, pod: Document) -> tuple[Row | None, str, str]:
    """(direct owner, name of the topmost owner, "v2" for the second revision of a template)."""
    reference = metadata.controller_of(pod)
    if reference is None:
        return None, metadata.name(pod), ""
    owner, namespace = {"kind": reference["kind"], "name": reference["name"]}, metadata.namespace(pod)
    if reference["kind"] in ("StatefulSet", "DaemonSet"):
        return owner, reference["name"], _kept_version(view, pod, reference)
    between = BETWEEN.get(reference["kind"])
    document = view.get(between, namespace, reference["name"]) if between else None
    above = metadata.controller_of(document) if document else None
    if document is None or above is None:
        return owner, reference["name"], ""
    number = metadata.annotations(document).get(REVISION_ANNOTATION, "")
    return owner, above["name"], f"v{number}" if number else ""


def _kept_version(view: Reader, pod: Document, owner: Document) -> str:
    """The number of the ControllerRevision of which a Pod is made; "" while nobody keeps it."""
    label = metadata.labels(pod).get(REVISION_LABEL, "")
    name = label if owner["kind"] == "StatefulSet" else f"{owner['name']}-{label}"
    revision = view.get(revisions.RESOURCE, metadata.namespace(pod), name) if label else None
    return f"v{revisions.number(revision)}" if revision else ""


def told_by(table: str, document: Document | None) -> tuple[Any, ...] | None:
    """What Pods show of a document above them; None for nothing."""
    if document is None:
        return None
    if table == revisions.RESOURCE:
        return (revisions.number(document),)
    owner = metadata.controller_of(document)
    return owner["name"] if owner else "", metadata.annotations(document).get(REVISION_ANNOTATION, "")


def ordinal(pod: Document) -> str:
    """Which one of a numbered set a Pod is: the ordinal of a StatefulSet's, the index of an Indexed Job's, "" otherwise."""
    labels = metadata.labels(pod)
    return labels.get(statefulsets.POD_INDEX) or labels.get(jobs.INDEX, "")
