"""Why a node did not take the Pod, in one sentence with the numbers behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cluster.scheduler.explanation import texts
from cluster.scheduler.explanation.shape import Word
from cluster.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cluster.scheduler.plugins.node_affinity import NodeAffinity
from cluster.scheduler.plugins.node_name import NodeName
from cluster.scheduler.plugins.node_ports import NodePorts
from cluster.scheduler.plugins.node_resources_fit import NodeResourcesFit
from cluster.scheduler.plugins.node_unschedulable import NodeUnschedulable
from cluster.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from cluster.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cluster.scheduler.plugins.taint_toleration import TaintToleration
from cluster.scheduler.plugins.volume_binding import VolumeBinding
from cluster.scheduler.plugins.volume_restrictions import VolumeRestrictions
from cluster.scheduler.plugins.volume_zone import VolumeZone
from cluster.scheduler.resources import PODS

Values = Mapping[str, Any]


def pod_word(plugin: str, entry: Mapping[str, Any]) -> Word:
    """The sentence for a Pod that a plugin rejected before any node was looked at; `entry` is any node's part."""
    values = entry.get("values") or {}
    if "claims" in values:
        return {"key": "pod.unbound-claims", "args": {"claims": list(values["claims"])}, "topic": "nodes"}
    args = {"plugin": plugin, "reason": ", ".join(entry.get("reasons", ()))}
    return {"key": "pod.rejected", "args": args, "topic": "nodes"}


def node_word(entry: Mapping[str, Any]) -> Word:
    """The sentence for a node that was stopped; `entry` is its part of the record."""
    node, plugin, values = entry["node"], entry["plugin"], entry.get("values") or {}
    if "only" in values:
        found = _only(values) | {"plugin": plugin}
        key = "node.only"
    else:
        sayer = _SAYERS.get(plugin)
        told = sayer(values) if sayer else None
        key, found = told or ("node.other", {"plugin": plugin, "reason": ", ".join(entry.get("reasons", ()))})
    return {"key": key, "args": {"node": node, **found}, "topic": "nodes", "node": node}


Said = tuple[str, dict[str, Any]] | None


def _only(values: Values) -> dict[str, Any]:
    return {"names": list(values["only"])}


def _cordoned(values: Values) -> Said:
    return "node.cordoned", {}


def _taint(values: Values) -> Said:
    return ("node.taint", {"taint": texts.taint(values["taint"])}) if "taint" in values else None


def _name(values: Values) -> Said:
    return ("node.name", {"wanted": values["wanted"]}) if "wanted" in values else None


def _ports(values: Values) -> Said:
    ports = [f"{port['hostPort']}/{port['protocol']}" for port in values.get("ports", ())]
    return ("node.ports", {"ports": ports}) if ports else None


def _resources(values: Values) -> Said:
    short = values.get("insufficient") or []
    if not short:
        return None
    if len(short) > 1:
        pairs = [f"{one['resource']} {_amount(one, 'needs')} > {_amount(one, 'free')}" for one in short]
        return "node.resources", {"count": len(short), "shortages": pairs}
    one = short[0]
    args = {name: _amount(one, name) for name in ("needs", "free", "used", "allocatable")} | {"resource": one["resource"]}
    if one["resource"] == PODS:
        return "node.full", args
    if not one["allocatable"]:
        return "node.no-resource", args
    return ("node.too-small" if one["needs"] > one["allocatable"] else "node.resource"), args


def _amount(shortage: Values, name: str) -> str:
    return texts.amount(shortage["resource"], shortage[name])


def _affinity(values: Values) -> Said:
    if wanted := values.get("nodeSelector"):
        has = texts.labels(values.get("labels") or {})
        args = {"wanted": texts.labels(wanted), "has": has}
        return ("node.selector-other" if has else "node.selector"), args
    if "terms" in values:
        return "node.affinity", {"terms": texts.terms(values["terms"])}
    return None


def _spread(values: Values) -> Said:
    constraint = values.get("constraint")
    if constraint is None:
        return None
    topology = constraint["topologyKey"]
    if values["domain"] is None:
        return "node.spread-label", {"topology": topology}
    return "node.spread", {
        "topology": topology, "domain": values["domain"], "count": values["count"], "least": values["minimum"],
        "skew": values["skew"], "allowed": constraint["maxSkew"],
    }


def _pods(values: Values) -> Said:
    if "rule" not in values:
        return None
    args = {
        "topology": values["topologyKey"], "domain": values["domain"] or "",
        "pods": [name.removeprefix("default/") for name in values["pods"]],
        "selector": texts.selector(values["term"].get("labelSelector")),
    }
    if values["rule"] == "affinity":
        return ("node.pod-affinity" if values["domain"] else "node.pod-affinity-label"), args
    return ("node.anti-affinity" if values["rule"] == "anti-affinity" else "node.anti-affinity-of-others"), args


def _volumes(values: Values) -> Said:
    if chosen := values.get("selectedNode"):
        return "node.volume-selected", {"claims": list(chosen), "nodes": sorted(set(chosen.values()))}
    if refused := values.get("claims"):
        return "node.no-volume", {"claims": [one["claim"] for one in refused]}
    if "terms" in values:
        args = {"claim": values["claim"], "volume": values["volume"], "terms": texts.terms(values["terms"] or ())}
        return "node.volume-elsewhere", args
    return None


def _volume_zone(values: Values) -> Said:
    if "label" not in values:
        return None
    args = {"volume": values["volume"], "label": values["label"], "places": list(values["values"]), "has": values["node"] or "–"}
    return "node.volume-zone", args


def _volume_limit(values: Values) -> Said:
    return ("node.volume-limit", dict(values)) if "limit" in values else None


def _volume_use(values: Values) -> Said:
    if "pod" in values:
        return "node.disk-in-use", {"pod": values["pod"].removeprefix("default/")}
    return ("node.claim-in-use", {"claims": list(values["claims"])}) if "claims" in values else None


_SAYERS: Mapping[str, Callable[[Values], Said]] = {
    NodeUnschedulable.name: _cordoned,
    NodeName.name: _name,
    TaintToleration.name: _taint,
    NodeAffinity.name: _affinity,
    NodePorts.name: _ports,
    NodeResourcesFit.name: _resources,
    PodTopologySpread.name: _spread,
    InterPodAffinity.name: _pods,
    VolumeBinding.name: _volumes,
    VolumeZone.name: _volume_zone,
    NodeVolumeLimits.name: _volume_limit,
    VolumeRestrictions.name: _volume_use,
}
