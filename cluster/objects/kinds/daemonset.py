"""DaemonSet: one Pod of a template on every node that it may run on."""

from __future__ import annotations

from typing import Any

from cluster.objects.documents import Document, dig, with_value
from cluster.objects.field_errors import invalid, not_supported, required
from cluster.objects.int_or_percent import amount_errors, is_zero, over_100_percent_errors, scaled_value
from cluster.objects.kinds.deployment import RolloutFailed, count
from cluster.objects.kinds.replicaset import immutable_selector_errors, negative_errors, template_columns
from cluster.objects.metadata_rules import selector_errors
from cluster.objects.pod_template import default_template, template_errors
from cluster.objects.printing import AGE, NAME, labels_cell
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind
from cluster.objects.selectors import LabelSelector, SelectorError

RESOURCE = "daemonsets.apps"
ROLLING_UPDATE = "RollingUpdate"
ON_DELETE = "OnDelete"
# Counts the templates that the DaemonSet has had; a field of the spec in versions before apps/v1.
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
GENERATION_LABEL = "pod-template-generation"
HASH_LABEL = "controller-revision-hash"


# --- questions -----------------------------------------------------------------------------------------------


def selector(daemonset: Document) -> LabelSelector:
    """Its selector; raises SelectorError for one that validation would refuse."""
    return LabelSelector.from_document(dig(daemonset, "spec", "selector"))


def is_rolling(daemonset: Document) -> bool:
    return bool(dig(daemonset, "spec", "updateStrategy", "type") == ROLLING_UPDATE)


def max_surge(daemonset: Document, desired: int) -> int:
    """How many nodes of `desired` may have a second Pod during an update (SurgeCount, daemon/util)."""
    return _scaled(daemonset, "maxSurge", desired)


def max_unavailable(daemonset: Document, desired: int) -> int:
    """How many nodes of `desired` may be without an available Pod during an update; rounded up (UnavailableCount)."""
    return _scaled(daemonset, "maxUnavailable", desired)


def _scaled(daemonset: Document, field: str, total: int) -> int:
    value = dig(daemonset, "spec", "updateStrategy", "rollingUpdate", field, default=0)
    return scaled_value(value, total, round_up=True) if is_rolling(daemonset) else 0


def min_ready_seconds(daemonset: Document) -> int:
    return int(dig(daemonset, "spec", "minReadySeconds", default=0))


def history_limit(daemonset: Document) -> int:
    return int(dig(daemonset, "spec", "revisionHistoryLimit", default=10))


def template_generation(daemonset: Document) -> str:
    """The number of its template as text, "" when nobody counted."""
    return str(dig(daemonset, "metadata", "annotations", TEMPLATE_GENERATION, default=""))


def rollout_status(daemonset: Document) -> tuple[str, bool]:
    """The line of `kubectl rollout status` and whether the rollout is done.

    Raises RolloutFailed for a strategy that has no rollout (kubectl/pkg/polymorphichelpers/rollout_status.go).
    """
    name, status = daemonset["metadata"]["name"], daemonset.get("status") or {}
    if not is_rolling(daemonset):
        raise RolloutFailed(f"rollout status is only available for {ROLLING_UPDATE} strategy type")
    if daemonset["metadata"].get("generation", 0) > count(status, "observedGeneration"):
        return "Waiting for daemon set spec update to be observed...", False
    desired, waiting = count(status, "desiredNumberScheduled"), f'Waiting for daemon set "{name}" rollout to finish: '
    if count(status, "updatedNumberScheduled") < desired:
        return f"{waiting}{count(status, 'updatedNumberScheduled')} out of {desired} new pods have been updated...", False
    if count(status, "numberAvailable") < desired:
        return f"{waiting}{count(status, 'numberAvailable')} of {desired} updated pods are available...", False
    return f'daemon set "{name}" successfully rolled out', True


# --- defaults and validation ---------------------------------------------------------------------------------


def prepare(daemonset: Document) -> Document:
    """A new DaemonSet has reported nothing yet and its first template (pkg/registry/apps/daemonset/strategy.go)."""
    status = {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0}
    generation = template_generation(daemonset) or "1"
    return {**_with_template_generation(daemonset, generation), "status": status}


def prepare_update(daemonset: Document, old: Document) -> Document:
    """Every new template is counted, whatever the client said (the same strategy)."""
    before = template_generation(old) or "0"
    changed = dig(daemonset, "spec", "template") != dig(old, "spec", "template")
    return _with_template_generation(daemonset, str(int(before) + 1) if changed else before)


def _with_template_generation(daemonset: Document, generation: str) -> Document:
    return with_value(daemonset, ("metadata", "annotations"), {
        **(daemonset["metadata"].get("annotations") or {}), TEMPLATE_GENERATION: generation,
    })


def default(daemonset: Document) -> Document:
    """SetDefaults_DaemonSet in pkg/apis/apps/v1/defaults.go."""
    spec = daemonset.get("spec") or {}
    filled = {
        **spec,
        "template": default_template(spec.get("template") or {}),
        "updateStrategy": _default_strategy(spec.get("updateStrategy") or {}),
    }
    if spec.get("revisionHistoryLimit") is None:
        filled["revisionHistoryLimit"] = 10
    if not spec.get("minReadySeconds"):
        filled.pop("minReadySeconds", None)
    return {**daemonset, "spec": filled}


def _default_strategy(strategy: Document) -> Document:
    strategy = {**strategy, "type": strategy.get("type") or ROLLING_UPDATE}
    if strategy["type"] != ROLLING_UPDATE:
        return strategy
    given = {field: value for field, value in (strategy.get("rollingUpdate") or {}).items() if value is not None}
    return {**strategy, "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1, **given}}


def validate(daemonset: Document, old: Document | None) -> list[FieldError]:
    """ValidateDaemonSet and ValidateDaemonSetUpdate in pkg/apis/apps/validation/validation.go."""
    spec = daemonset.get("spec") or {}
    return [
        *immutable_selector_errors(daemonset, old),
        *_selector_errors(spec),
        *template_errors(spec.get("template") or {}, "spec.template", owner="DaemonSet"),
        *negative_errors(spec, ("minReadySeconds",), "spec"),
        *_strategy_errors(spec["updateStrategy"]),
        *negative_errors(spec, ("revisionHistoryLimit",), "spec"),
    ]


def _selector_errors(spec: Document) -> list[FieldError]:
    wanted: Any = spec.get("selector")
    found = selector_errors(wanted, "spec.selector") if wanted is not None else []
    labels = dig(spec, "template", "metadata", "labels", default={})
    try:
        matches = LabelSelector.from_document(wanted).matches(labels)
    except SelectorError:
        matches = True
    if not matches:
        found.append(invalid("spec.template.metadata.labels", labels or None, "`selector` does not match template `labels`"))
    if wanted is not None and not any(map(wanted.get, ("matchLabels", "matchExpressions"))):
        found.append(invalid("spec.selector", wanted, "empty selector is invalid for daemonset"))
    return found


def _strategy_errors(strategy: Document) -> list[FieldError]:
    path = "spec.updateStrategy"
    if strategy.get("type") == ON_DELETE:
        return []
    if strategy.get("type") != ROLLING_UPDATE:
        return [not_supported(path, strategy, [ROLLING_UPDATE, ON_DELETE])]
    path += ".rollingUpdate"
    unavailable, surge = strategy["rollingUpdate"]["maxUnavailable"], strategy["rollingUpdate"]["maxSurge"]
    found = [
        *amount_errors(unavailable, f"{path}.maxUnavailable"), *amount_errors(surge, f"{path}.maxSurge"),
        *over_100_percent_errors(unavailable, f"{path}.maxUnavailable"), *over_100_percent_errors(surge, f"{path}.maxSurge"),
    ]
    if not is_zero(unavailable) and not is_zero(surge):
        found.append(invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero"))
    elif is_zero(unavailable) and is_zero(surge):
        found.append(required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return found


# --- printing ------------------------------------------------------------------------------------------------


def _number(name: str, field: str) -> Column:
    return Column(name, lambda daemonset, now: str(count(daemonset.get("status") or {}, field)))


KIND = REGISTRY.register(
    Kind(
        group="apps",
        version="v1",
        kind="DaemonSet",
        plural="daemonsets",
        singular="daemonset",
        short_names=("ds",),
        categories=("all",),
        subresources=frozenset({"status"}),
        namespaced=True,
        default=default,
        prepare=prepare,
        prepare_update=prepare_update,
        validate=validate,
        counts_generation=True,
        columns=(
            NAME,
            _number("Desired", "desiredNumberScheduled"),
            _number("Current", "currentNumberScheduled"),
            _number("Ready", "numberReady"),
            _number("Up-to-date", "updatedNumberScheduled"),
            _number("Available", "numberAvailable"),
            Column("Node Selector", lambda d, now: labels_cell(dig(d, "spec", "template", "spec", "nodeSelector"))),
            AGE,
            *template_columns(),
        ),
    )
)
