"""HorizontalPodAutoscaler: how large a workload shall be, by what its Pods use."""

from __future__ import annotations

from typing import Any

from cluster.objects import quantity
from cluster.objects.container_validation import NEGATIVE
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import forbidden, invalid, not_supported, required
from cluster.objects.kinds import horizontalpodautoscaler_v1 as v1
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind, Version
from cluster.objects.resource_names import container_resource_errors

RESOURCE, CONTAINER_RESOURCE, PODS, OBJECT, EXTERNAL = "Resource", "ContainerResource", "Pods", "Object", "External"
# The field of a metric that belongs to its type.
SOURCES = {
    RESOURCE: "resource", CONTAINER_RESOURCE: "containerResource", PODS: "pods", OBJECT: "object", EXTERNAL: "external",
}
UTILIZATION, AVERAGE_VALUE, VALUE = "Utilization", "AverageValue", "Value"
MAX_CHANGE, MIN_CHANGE, DISABLED = "Max", "Min", "Disabled"
PODS_POLICY, PERCENT_POLICY = "Pods", "Percent"
DEFAULT_CPU = 80
MAX_WINDOW, MAX_PERIOD = 3_600, 1_800  # seconds
SHOWN_METRICS = 2
_UP = {
    "stabilizationWindowSeconds": 0, "selectPolicy": MAX_CHANGE,
    "policies": [
        {"type": PODS_POLICY, "value": 4, "periodSeconds": 15}, {"type": PERCENT_POLICY, "value": 100, "periodSeconds": 15},
    ],
}
# How long a scale-down waits is the controller's to say.
_DOWN = {"selectPolicy": MAX_CHANGE, "policies": [{"type": PERCENT_POLICY, "value": 100, "periodSeconds": 15}]}
ONLY_ONE = "must populate the given metric source only"


# --- questions -------------------------------------------------------------------------------------------------------


def target(hpa: Document) -> Document:
    """What it scales: kind, name and apiVersion."""
    found: Document = dig(hpa, "spec", "scaleTargetRef", default={})
    return found


def least(hpa: Document) -> int:
    return int(dig(hpa, "spec", "minReplicas", default=1))


def most(hpa: Document) -> int:
    return int(dig(hpa, "spec", "maxReplicas", default=0))


def metrics(hpa: Document) -> list[Document]:
    found: list[Document] = dig(hpa, "spec", "metrics", default=[])
    return found


def source(metric: Document) -> Document:
    """The part of a metric that says what is measured."""
    found: Document = metric.get(SOURCES.get(metric.get("type", ""), "")) or {}
    return found


def behavior(hpa: Document) -> Document | None:
    """Its rules for scaling up and down; None when it says nothing about them."""
    found: Document | None = dig(hpa, "spec", "behavior")
    return found


# --- defaults and validation -----------------------------------------------------------------------------------------


def default(hpa: Document) -> Document:
    """SetDefaults_HorizontalPodAutoscaler in pkg/apis/autoscaling/v2/defaults.go."""
    spec = dict(hpa.get("spec") or {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    if not spec.get("metrics"):
        wanted = {"type": UTILIZATION, "averageUtilization": DEFAULT_CPU}
        spec["metrics"] = [{"type": RESOURCE, "resource": {"name": "cpu", "target": wanted}}]
    rules = spec.get("behavior")
    if rules is not None:
        spec["behavior"] = {
            "scaleUp": {**_UP, **(rules.get("scaleUp") or {})}, "scaleDown": {**_DOWN, **(rules.get("scaleDown") or {})},
        }
    return {**hpa, "spec": spec}


def prepare(hpa: Document) -> Document:
    """pkg/registry/autoscaling/horizontalpodautoscaler/strategy.go; the API serves both counts even before anybody counted."""
    return {**hpa, "status": {"currentMetrics": None, "desiredReplicas": 0}}


def validate(hpa: Document, old: Document | None) -> list[FieldError]:
    """ValidateHorizontalPodAutoscaler in pkg/apis/autoscaling/validation/validation.go."""
    spec = hpa.get("spec") or {}
    found = _size_errors(spec) + _target_errors(spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef")
    if old is None or _type(target(hpa)) != _type(target(old)):
        found += _version_errors(target(hpa), "spec.scaleTargetRef.apiVersion")
    for index, metric in enumerate(spec.get("metrics") or []):
        found += _metric_errors(metric, f"spec.metrics[{index}]")
    rules = spec.get("behavior") or {}
    for direction in ("scaleUp", "scaleDown"):
        if rules.get(direction) is not None:
            found += _rule_errors(rules[direction], f"spec.behavior.{direction}")
    return found


def validate_status(hpa: Document) -> list[FieldError]:
    """ValidateHorizontalPodAutoscalerStatusUpdate."""
    status = hpa.get("status") or {}
    return [
        invalid(f"status.{field}", status[field], NEGATIVE)
        for field in ("currentReplicas", "desiredReplicas") if (status.get(field) or 0) < 0
    ]


def _size_errors(spec: Document) -> list[FieldError]:
    lowest, highest = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    found = []
    if lowest is not None and lowest < 1:
        found.append(invalid("spec.minReplicas", lowest, "must be greater than or equal to 1"))
    if highest == 0:
        found.append(required("spec.maxReplicas", "must be set and greater than 0"))
    elif highest < 0:
        found.append(invalid("spec.maxReplicas", highest, "must be greater than or equal to 1"))
    if lowest is not None and highest < lowest:
        found.append(invalid("spec.maxReplicas", highest, "must be greater than or equal to `minReplicas`"))
    return found


def _target_errors(reference: Document, path: str) -> list[FieldError]:
    found = []
    for field in ("kind", "name"):
        text = reference.get(field) or ""
        if not text:
            found.append(required(f"{path}.{field}"))
        elif text in (".", ".."):
            found.append(invalid(f"{path}.{field}", text, f"may not be '{text}'"))
        found += [
            invalid(f"{path}.{field}", text, f"may not contain '{wrong}'") for wrong in ("/", "%") if wrong in text
        ]
    return found


def _type(reference: Document) -> tuple[str, str]:
    return reference.get("apiVersion") or "", reference.get("kind") or ""


def _version_errors(reference: Document, path: str) -> list[FieldError]:
    """Of what can be scaled only a ReplicationController has no API group (ValidateAPIVersion)."""
    version, kind = _type(reference)
    if version.count("/") > 1:
        return [invalid(path, version, f"unexpected GroupVersion string: {version}")]
    if "/" not in version and kind != "ReplicationController":
        return [invalid(path, version, "apiVersion must specify API group")]
    return []


def _metric_errors(metric: Document, path: str) -> list[FieldError]:
    kind = metric.get("type") or ""
    supported = sorted(SOURCES)
    if kind not in SOURCES:
        missing = [] if kind else [required(f"{path}.type", "must specify a metric source type")]
        # Two rules say so, one for the name and one for what belongs to it.
        return [*missing, *[not_supported(f"{path}.type", kind, supported)] * 2]
    field = SOURCES[kind]
    found = []
    if metric.get(field) is None:
        found.append(required(f"{path}.{field}", "must populate information for the given metric source"))
    else:
        found += _source_errors(kind, metric[field], f"{path}.{field}")
    others = [other for other in SOURCES.values() if other != field and metric.get(other) is not None]
    return found + [forbidden(f"{path}.{other}", ONLY_ONE) for other in others]


def _source_errors(kind: str, given: Document, path: str) -> list[FieldError]:
    found = []
    wanted, place = given.get("target") or {}, f"{path}.target"
    if kind in (RESOURCE, CONTAINER_RESOURCE):
        if not given.get("name"):
            found.append(required(f"{path}.name", "must specify a resource name"))
        else:
            found += container_resource_errors(given["name"], f"{path}.name")
        if kind == CONTAINER_RESOURCE and not given.get("container"):
            found.append(required(f"{path}.container", "must specify a container"))
    elif not dig(given, "metric", "name"):
        found.append(required(f"{path}.metric.name", "must specify a metric name"))
    found += _goal_errors(wanted, place)
    fields = {
        RESOURCE: ("averageUtilization", "averageValue"), CONTAINER_RESOURCE: ("averageUtilization", "averageValue"),
        PODS: ("averageValue",), OBJECT: ("averageValue", "value"), EXTERNAL: ("averageValue", "value"),
    }[kind]
    if all(wanted.get(field) is None for field in fields):
        found.append(required(f"{place}.{fields[0]}", _MISSING[kind]))
    elif kind in (RESOURCE, CONTAINER_RESOURCE) and all(wanted.get(field) is not None for field in fields):
        found.append(forbidden(f"{place}.averageValue", "may not set both a target raw value and a target utilization"))
    elif kind == EXTERNAL and all(wanted.get(field) is not None for field in fields):
        found.append(forbidden(f"{place}.value", "may not set both a target value for metric and a per-pod target"))
    return found


_MISSING = {
    RESOURCE: "must set either a target raw value or a target utilization",
    CONTAINER_RESOURCE: "must set either a target raw value or a target utilization",
    PODS: "must specify a positive target averageValue",
    OBJECT: "must set either a target value or averageValue",
    EXTERNAL: "must set either a target value for metric or a per-pod target",
}


def _goal_errors(wanted: Document, path: str) -> list[FieldError]:
    """validateMetricTarget."""
    kind = wanted.get("type") or ""
    found = []
    if not kind:
        found.append(required(f"{path}.type", "must specify a metric target type"))
    if kind not in (UTILIZATION, VALUE, AVERAGE_VALUE):
        found.append(invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    for field in ("value", "averageValue"):
        if wanted.get(field) is not None:
            found += _positive_errors(wanted[field], f"{path}.{field}")
    share = wanted.get("averageUtilization")
    if share is not None and share < 1:
        found.append(invalid(f"{path}.averageUtilization", share, "must be greater than 0"))
    return found


def _positive_errors(amount: Any, path: str) -> list[FieldError]:
    try:
        positive = quantity.parse(amount) > 0
    except quantity.QuantityError as problem:
        return [invalid(path, amount, str(problem))]
    return [] if positive else [invalid(path, quantity.canonical(amount), "must be positive")]


def _rule_errors(rules: Document, path: str) -> list[FieldError]:
    window, policy = rules.get("stabilizationWindowSeconds"), rules.get("selectPolicy")
    found = []
    if window is not None and window < 0:
        found.append(invalid(f"{path}.stabilizationWindowSeconds", window, "must be greater than or equal to zero"))
    if window is not None and window > MAX_WINDOW:
        found.append(invalid(f"{path}.stabilizationWindowSeconds", window, f"must be less than or equal to {MAX_WINDOW}"))
    if policy is not None and policy not in (MAX_CHANGE, MIN_CHANGE, DISABLED):
        found.append(not_supported(f"{path}.selectPolicy", policy, (DISABLED, MAX_CHANGE, MIN_CHANGE)))
    if not rules.get("policies"):
        found.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, each in enumerate(rules.get("policies") or []):
        found += _policy_errors(each, f"{path}.policies[{index}]")
    if rules.get("tolerance") is not None:
        found += _tolerance_errors(rules["tolerance"], f"{path}.tolerance")
    return found


def _tolerance_errors(amount: Any, path: str) -> list[FieldError]:
    try:
        negative = quantity.parse(amount) < 0
    except quantity.QuantityError as problem:
        return [invalid(path, amount, str(problem))]
    return [invalid(path, quantity.canonical(amount), NEGATIVE)] if negative else []


def _policy_errors(policy: Document, path: str) -> list[FieldError]:
    value, period = policy.get("value") or 0, policy.get("periodSeconds") or 0
    found = []
    if policy.get("type") not in (PODS_POLICY, PERCENT_POLICY):
        found.append(not_supported(f"{path}.type", policy.get("type") or "", (PERCENT_POLICY, PODS_POLICY)))
    if value <= 0:
        found.append(invalid(f"{path}.value", value, "must be greater than zero"))
    if period <= 0:
        found.append(invalid(f"{path}.periodSeconds", period, "must be greater than zero"))
    if period > MAX_PERIOD:
        found.append(invalid(f"{path}.periodSeconds", period, f"must be less than or equal to {MAX_PERIOD}"))
    return found


# --- what kubectl shows ----------------------------------------------------------------------------------------------


def current(hpa: Document, index: int) -> Document:
    """What was measured last for the metric of this number; {} before that."""
    found = dig(hpa, "status", "currentMetrics", default=[])
    status = found[index] if index < len(found) else {}
    value: Document = dig(status, SOURCES.get(status.get("type", ""), ""), "current", default={})
    return value


def measured(hpa: Document, index: int) -> tuple[str, str]:
    """Current and wanted amount of a metric as they are shown: `30%`, `50%`."""
    wanted, now = source(metrics(hpa)[index]).get("target") or {}, current(hpa, index)
    for field in ("averageValue", "value"):
        if wanted.get(field) is not None:
            return _amount(now.get(field)), quantity.canonical(wanted[field])
    share = wanted.get("averageUtilization")
    return _percent(now.get("averageUtilization")), "<auto>" if share is None else f"{share}%"


def _amount(value: Any) -> str:
    return "<unknown>" if value is None else quantity.canonical(value)


def _percent(value: Any) -> str:
    return "<unknown>" if value is None else f"{value}%"


def targets_cell(hpa: Document) -> str:
    """`cpu: 30%/50%` for at most two metrics (formatHPAMetrics in pkg/printers/internalversion/printers.go)."""
    if not metrics(hpa):
        return "<none>"
    shown = []
    for index, metric in enumerate(metrics(hpa)):
        now, wanted = measured(hpa, index)
        name = f"{source(metric).get('name')}: " if metric.get("type") in (RESOURCE, CONTAINER_RESOURCE) else ""
        average = metric.get("type") in (OBJECT, EXTERNAL) and dig(source(metric), "target", "averageValue") is not None
        shown.append(f"{name}{now}/{wanted}" + (" (avg)" if average else ""))
    text = ", ".join(shown[:SHOWN_METRICS])
    return f"{text} + {len(shown) - SHOWN_METRICS} more..." if len(shown) > SHOWN_METRICS else text


KIND = REGISTRY.register(
    Kind(
        group="autoscaling",
        version="v2",
        kind="HorizontalPodAutoscaler",
        versions=(Version(v1.API_VERSION, v1.stored, v1.served),),
        plural="horizontalpodautoscalers",
        singular="horizontalpodautoscaler",
        short_names=("hpa",),
        categories=("all",),
        subresources=frozenset({"status"}),
        namespaced=True,
        default=default,
        prepare=prepare,
        validate=validate,
        validate_status=validate_status,
        columns=(
            NAME,
            Column("Reference", lambda hpa, now: f"{target(hpa).get('kind')}/{target(hpa).get('name')}"),
            Column("Targets", lambda hpa, now: targets_cell(hpa)),
            Column("MinPods", lambda hpa, now: str(least(hpa))),
            Column("MaxPods", lambda hpa, now: str(most(hpa))),
            Column("Replicas", lambda hpa, now: str(dig(hpa, "status", "currentReplicas", default=0))),
            AGE,
        ),
    )
)
