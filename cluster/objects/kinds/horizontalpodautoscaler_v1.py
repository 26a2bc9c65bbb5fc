"""autoscaling/v1: the HorizontalPodAutoscaler that knows only of CPU; what else it has goes into annotations.

pkg/apis/autoscaling/v1/conversion.go and pkg/apis/autoscaling/annotations.go
"""

from __future__ import annotations

import json
from typing import Any

from cluster.objects import metadata
from cluster.objects.documents import Document, dig

API_VERSION = "autoscaling/v1"
_PREFIX = "autoscaling.alpha.kubernetes.io/"
METRICS, CURRENT, CONDITIONS, BEHAVIOR = (
    _PREFIX + name for name in ("metrics", "current-metrics", "conditions", "behavior")
)
_KEPT = (METRICS, CURRENT, CONDITIONS, BEHAVIOR)
# What the two versions call the same: the source of a metric, its target, its present value.
_TARGETS = {"averageUtilization": "targetAverageUtilization", "averageValue": "targetAverageValue"}
_VALUES = {"averageUtilization": "currentAverageUtilization", "averageValue": "currentAverageValue"}


def stored(hpa: Document) -> Document:
    """An autoscaling/v1 document as autoscaling/v2."""
    spec, status = dict(hpa.get("spec") or {}), dict(hpa.get("status") or {})
    share = spec.pop("targetCPUUtilizationPercentage", None)
    notes = dict(dig(hpa, "metadata", "annotations", default={}) or {})
    metrics = [] if share is None else [_cpu(share)]
    metrics += [_metric_from(one) for one in _noted(notes, METRICS, list) if isinstance(one, dict)]
    if metrics:
        spec["metrics"] = metrics
    behavior = _lowered(_noted(notes, BEHAVIOR, dict))
    if behavior:
        spec["behavior"] = behavior
    status.pop("currentCPUUtilizationPercentage", None)
    meta = {field: value for field, value in (hpa.get("metadata") or {}).items() if field != "annotations"}
    left = {name: text for name, text in notes.items() if name not in _KEPT}
    found: Document = {
        **hpa, "apiVersion": "autoscaling/v2", "metadata": {**meta, "annotations": left} if left else meta, "spec": spec,
    }
    return {**found, "status": status} if "status" in hpa else found


def served(hpa: Document) -> Document:
    """An autoscaling/v2 document as autoscaling/v1."""
    spec, status = dict(hpa["spec"]), dict(hpa.get("status") or {})
    metrics, current, conditions = spec.pop("metrics", []), status.pop("currentMetrics", None), status.pop("conditions", None)
    behavior = spec.pop("behavior", None)
    others = [metric for metric in metrics if _share(metric) is None]
    share = next((found for metric in metrics if (found := _share(metric)) is not None), None)
    if share is not None:
        spec["targetCPUUtilizationPercentage"] = share
    used = next((_used(metric) for metric in current or [] if _used(metric) is not None), None)
    if used is not None:
        status["currentCPUUtilizationPercentage"] = used
    notes = dict(metadata.annotations(hpa))
    for name, value in (
        (METRICS, [_metric_into(metric, "target", _TARGETS) for metric in others]),
        (CURRENT, [_metric_into(metric, "current", _VALUES) for metric in current or []]),
        (CONDITIONS, conditions), (BEHAVIOR, _raised(behavior) if behavior else None),
    ):
        if value:
            notes[name] = json.dumps(value, separators=(",", ":"))
    meta = {**hpa["metadata"], "annotations": notes} if notes else hpa["metadata"]
    return {**hpa, "apiVersion": API_VERSION, "metadata": meta, "spec": spec, "status": status}


def _cpu(share: int) -> Document:
    goal = {"type": "Utilization", "averageUtilization": share}
    return {"type": "Resource", "resource": {"name": "cpu", "target": goal}}


def _share(metric: Document) -> int | None:
    """The CPU utilization that a metric asks for; None for another metric."""
    if metric.get("type") != "Resource" or dig(metric, "resource", "name") != "cpu":
        return None
    found: int | None = dig(metric, "resource", "target", "averageUtilization")
    return found


def _used(metric: Document) -> int | None:
    if metric.get("type") != "Resource" or dig(metric, "resource", "name") != "cpu":
        return None
    found: int | None = dig(metric, "resource", "current", "averageUtilization")
    return found


def _noted(notes: dict[str, str], name: str, type_: type[Any]) -> Any:
    """What an annotation says, empty for none and for one that says nothing of this type."""
    try:
        found = json.loads(notes.get(name, "null"))
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, type_) else type_()


def _metric_into(metric: Document, part: str, names: dict[str, str]) -> Document:
    """A metric of v2 in the words of v1: `target: {averageUtilization: 60}` is `targetAverageUtilization: 60`."""
    field = next((name for name in metric if name != "type"), "")
    source = dict(metric.get(field) or {})
    amounts = source.pop(part, {})
    return {"type": metric.get("type", ""), field: {**source, **{names[n]: v for n, v in amounts.items() if n in names}}}


def _metric_from(metric: Document) -> Document:
    field = next((name for name in metric if name != "type"), "")
    source = metric.get(field)
    if not isinstance(source, dict):
        return metric
    source, target = dict(source), {}
    for new, old in _TARGETS.items():
        if old in source:
            target = {"type": "Utilization" if new == "averageUtilization" else "AverageValue", new: source.pop(old)}
    return {"type": metric.get("type", ""), field: {**source, "target": target}}


def _raised(value: Any) -> Any:
    """Internal types have no JSON names of their own: their fields begin with capitals."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _raised(item) for name, item in value.items()}
    return [_raised(item) for item in value] if isinstance(value, list) else value


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _lowered(item) for name, item in value.items() if item is not None}
    return [_lowered(item) for item in value] if isinstance(value, list) else value
