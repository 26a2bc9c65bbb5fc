"""Pods with labels, nodes with zones, and the rules by which pods choose their neighbours."""

from __future__ import annotations

from typing import Any

from cluster.objects.documents import Document
from tests.scheduler.builders import node, pod

ZONE = "topology.kubernetes.io/zone"
HOSTNAME = "kubernetes.io/hostname"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
WEB = {"matchLabels": {"app": "web"}}


def zoned(name: str, zone: str | None = None, **more: Any) -> Document:
    """A node in a zone, or in none."""
    return node(name, labels={} if zone is None else {ZONE: zone}, **more)


def labelled(name: str, labels: dict[str, str] | None = None, *, on: str = "", namespace: str = "default",
             owner: Document | None = None, leaving: bool = False, **spec: Any) -> Document:
    """A pod with labels (app=web unless given)."""
    found = pod(name, on=on, **spec)
    meta = {**found["metadata"], "namespace": namespace, "labels": {"app": "web"} if labels is None else labels}
    if owner is not None:
        meta["ownerReferences"] = [{"apiVersion": "apps/v1", "uid": "u", "controller": True, **owner}]
    if leaving:
        meta["deletionTimestamp"] = "2026-02-01T00:00:00Z"
    return {**found, "metadata": meta}


def spread(key: str = ZONE, selector: Document | None = WEB, *, skew: int = 1, soft: bool = False, **more: Any) -> Document:
    """A topology spread constraint."""
    action = "ScheduleAnyway" if soft else "DoNotSchedule"
    found = {"topologyKey": key, "maxSkew": skew, "whenUnsatisfiable": action, **more}
    return found if selector is None else {**found, "labelSelector": selector}


def term(key: str = ZONE, selector: Document | None = WEB, **more: Any) -> Document:
    """A pod affinity term."""
    return {"topologyKey": key, **({} if selector is None else {"labelSelector": selector}), **more}


def near(*terms: Document) -> Document:
    return {"podAffinity": {REQUIRED: list(terms)}}


def away(*terms: Document) -> Document:
    return {"podAntiAffinity": {REQUIRED: list(terms)}}


def rather_near(weight: int, wanted: Document) -> Document:
    return {"podAffinity": {PREFERRED: [{"weight": weight, "podAffinityTerm": wanted}]}}


def rather_away(weight: int, unwanted: Document) -> Document:
    return {"podAntiAffinity": {PREFERRED: [{"weight": weight, "podAffinityTerm": unwanted}]}}
