"""PodDisruptionBudget: how many Pods of an application may be evicted at a time."""

from __future__ import annotations

from typing import Any

from cluster.objects import times
from cluster.objects.condition_rules import condition_errors
from cluster.objects.conditions import condition
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import invalid, not_supported
from cluster.objects.int_or_percent import amount_errors, over_100_percent_errors
from cluster.objects.metadata_rules import selector_errors
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind
from cluster.objects.selectors import LabelSelector, SelectorError

ALWAYS_ALLOW = "AlwaysAllow"
UNHEALTHY_POLICIES = (ALWAYS_ALLOW, "IfHealthyBudget")
COUNTS = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")

DISRUPTION_ALLOWED = "DisruptionAllowed"
SUFFICIENT, INSUFFICIENT, SYNC_FAILED = "SufficientPods", "InsufficientPods", "SyncFailed"


# --- questions -------------------------------------------------------------------------------------------------------


def selector(budget: Document) -> LabelSelector:
    """Which Pods of its namespace it protects: an empty one all, an invalid one none."""
    try:
        return LabelSelector.from_document(dig(budget, "spec", "selector"))
    except SelectorError:
        return LabelSelector(nothing=True)


def covers(budget: Document, pod: Document) -> bool:
    """Whether it protects the Pod."""
    if budget["metadata"]["namespace"] != pod["metadata"]["namespace"]:
        return False
    return selector(budget).matches(pod["metadata"].get("labels"))


def allowed(budget: Document) -> int:
    """How many more Pods may be evicted now."""
    return int(dig(budget, "status", "disruptionsAllowed", default=0))


def current_healthy(budget: Document) -> int:
    return int(dig(budget, "status", "currentHealthy", default=0))


def desired_healthy(budget: Document) -> int:
    return int(dig(budget, "status", "desiredHealthy", default=0))


def disrupted(budget: Document) -> dict[str, str]:
    """Pods whose eviction the API server granted and that are not being deleted yet: name -> when (RFC 3339)."""
    return dict(dig(budget, "status", "disruptedPods", default={}))


def observed_generation(budget: Document) -> int:
    """The generation that the controller has seen."""
    return int(dig(budget, "status", "observedGeneration", default=0))


# --- the condition ---------------------------------------------------------------------------------------------------


def with_condition(status: Document, now: int, *, failure: str = "") -> Document:
    """The status with what its numbers say, or with the failure of the sync.

    component-helpers/apps/poddisruptionbudget/helpers.go, failSafe in pkg/controller/disruption/disruption.go.
    """
    if failure:
        holds, reason = "False", SYNC_FAILED
    elif status.get("disruptionsAllowed", 0) > 0:
        holds, reason = "True", SUFFICIENT
    else:
        holds, reason = "False", INSUFFICIENT
    old = condition({"status": status}, DISRUPTION_ALLOWED)
    since = old.get("lastTransitionTime") if old is not None and old.get("status") == holds else None
    new: Document = {
        "type": DISRUPTION_ALLOWED, "status": holds, "lastTransitionTime": since or times.rfc3339(now), "reason": reason,
        "message": failure,
    }
    if status.get("observedGeneration"):
        new["observedGeneration"] = status["observedGeneration"]
    others = [found for found in status.get("conditions") or [] if found["type"] != DISRUPTION_ALLOWED]
    return {**status, "conditions": [*others, new]}


def condition_is_current(budget: Document) -> bool:
    """Whether the condition says what the numbers say (ConditionsAreUpToDate)."""
    found = condition(budget, DISRUPTION_ALLOWED)
    if found is None:
        return False
    wanted = ("True", SUFFICIENT) if allowed(budget) > 0 else ("False", INSUFFICIENT)
    return (found.get("status"), found.get("reason")) == wanted


# --- defaults and validation -----------------------------------------------------------------------------------------


def default(budget: Document) -> Document:
    """A budget without a spec protects nobody, but the API serves it with an empty one."""
    return {**budget, "spec": budget.get("spec") or {}}


def prepare(budget: Document) -> Document:
    """A new budget allows nothing until its controller has counted (pkg/registry/policy/poddisruptionbudget)."""
    return {**budget, "status": dict.fromkeys(COUNTS, 0)}


def validate(budget: Document, old: Document | None) -> list[FieldError]:
    """ValidatePodDisruptionBudgetSpec in pkg/apis/policy/validation/validation.go."""
    spec = budget.get("spec") or {}
    found = []
    given = [field for field in ("minAvailable", "maxUnavailable") if spec.get(field) is not None]
    if len(given) > 1:
        found.append(invalid("spec", _internal(spec), "minAvailable and maxUnavailable cannot be both set"))
    for field in given:
        found += amount_errors(spec[field], f"spec.{field}")
        found += over_100_percent_errors(spec[field], f"spec.{field}")
    found += selector_errors(spec.get("selector") or {}, "spec.selector")
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in UNHEALTHY_POLICIES:
        found.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, UNHEALTHY_POLICIES))
    return found


def validate_status(budget: Document) -> list[FieldError]:
    """ValidatePodDisruptionBudgetStatusUpdate."""
    status = budget.get("status") or {}
    return [
        *condition_errors(status.get("conditions") or [], "status.conditions"),
        *(
            invalid(f"status.{field}", status[field], "must be greater than or equal to 0")
            for field in COUNTS if (status.get(field) or 0) < 0
        ),
    ]


def _internal(spec: Document) -> dict[str, Any]:
    """The spec as the server's internal type shows itself in an error: all fields, in its order, capitalised."""
    fields = ("minAvailable", "selector", "maxUnavailable", "unhealthyPodEvictionPolicy")
    return {field[0].upper() + field[1:]: spec.get(field) for field in fields}


# --- the kind --------------------------------------------------------------------------------------------------------


def _amount(budget: Document, field: str) -> str:
    value = dig(budget, "spec", field)
    return "N/A" if value is None else str(value)


KIND = REGISTRY.register(
    Kind(
        group="policy",
        version="v1",
        kind="PodDisruptionBudget",
        plural="poddisruptionbudgets",
        singular="poddisruptionbudget",
        short_names=("pdb",),
        subresources=frozenset({"status"}),
        namespaced=True,
        default=default,
        prepare=prepare,
        validate=validate,
        validate_status=validate_status,
        counts_generation=True,
        columns=(
            NAME,
            Column("Min Available", lambda budget, now: _amount(budget, "minAvailable")),
            Column("Max Unavailable", lambda budget, now: _amount(budget, "maxUnavailable")),
            Column("Allowed Disruptions", lambda budget, now: str(allowed(budget))),
            AGE,
        ),
    )
)
