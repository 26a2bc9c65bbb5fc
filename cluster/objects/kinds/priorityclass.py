"""PriorityClass: a name for a number that says how important Pods are."""

from __future__ import annotations

from typing import Any

from cluster.objects.documents import Document
from cluster.objects.field_errors import IMMUTABLE, forbidden, invalid, not_supported, required
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind

PREEMPT, NEVER = "PreemptLowerPriority", "Never"
POLICIES = (PREEMPT, NEVER)
# Users' own classes end here; what is above belongs to the system (pkg/apis/scheduling/types.go).
HIGHEST_OF_USERS = 1_000_000_000
SYSTEM_PREFIX = "system-"
# The classes that every cluster has: value and description (pkg/apis/scheduling/v1/helpers.go).
SYSTEM: dict[str, tuple[int, str]] = {
    "system-node-critical": (
        2_000_001_000, "Used for system critical pods that must not be moved from their current node.",
    ),
    "system-cluster-critical": (
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
}


def value(priority_class: Document) -> int:
    return int(priority_class.get("value") or 0)


def is_global_default(priority_class: Document) -> bool:
    """Whether Pods that name no class get this one."""
    return bool(priority_class.get("globalDefault"))


def preemption_policy(priority_class: Document) -> str:
    """PreemptLowerPriority or Never."""
    return str(priority_class.get("preemptionPolicy") or PREEMPT)


def system_classes() -> list[Document]:
    """The objects that the API server makes when it starts (pkg/registry/scheduling/rest/storage_scheduling.go)."""
    return [
        {
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
            "value": number, "description": description,
        }
        for name, (number, description) in SYSTEM.items()
    ]


def default(priority_class: Document) -> Document:
    """SetDefaults_PriorityClass in pkg/apis/scheduling/v1/defaults.go; what says nothing is left out as the API does."""
    filled: dict[str, Any] = {"preemptionPolicy": PREEMPT, **priority_class, "value": value(priority_class)}
    return {name: found for name, found in filled.items() if name not in ("globalDefault", "description") or found}


def validate(priority_class: Document, old: Document | None) -> list[FieldError]:
    """ValidatePriorityClass and ValidatePriorityClassUpdate in pkg/apis/scheduling/validation/validation.go."""
    return _creation_errors(priority_class) if old is None else _update_errors(priority_class, old)


def _creation_errors(priority_class: Document) -> list[FieldError]:
    found = []
    if priority_class["metadata"].get("name", "").startswith(SYSTEM_PREFIX):
        found += _system_errors(priority_class)
    elif value(priority_class) > HIGHEST_OF_USERS:
        found.append(forbidden("value", f"maximum allowed value of a user defined priority is {HIGHEST_OF_USERS}"))
    policy = priority_class.get("preemptionPolicy")
    if policy == "":
        found.append(required("preemptionPolicy"))
    elif policy not in POLICIES:
        found.append(not_supported("preemptionPolicy", policy, POLICIES))
    return found


def _system_errors(priority_class: Document) -> list[FieldError]:
    """Names that begin with `system-` are for the classes of the system, as they are (IsKnownSystemPriorityClass)."""
    name = priority_class["metadata"]["name"]
    if name not in SYSTEM:
        error = f"{name} is not a known system priority class"
    elif value(priority_class) != SYSTEM[name][0]:
        error = f"value of {name} PriorityClass must be {SYSTEM[name][0]}"
    elif is_global_default(priority_class):
        error = f"globalDefault of {name} PriorityClass must be false"
    else:
        return []
    detail = f"priority class names with '{SYSTEM_PREFIX}' prefix are reserved for system use only. error: {error}"
    return [forbidden("metadata.name", detail)]


def _update_errors(priority_class: Document, old: Document) -> list[FieldError]:
    found = []
    if value(priority_class) != value(old):
        found.append(forbidden("value", "may not be changed in an update."))
    if priority_class.get("preemptionPolicy") != old.get("preemptionPolicy"):
        found.append(invalid("preemptionPolicy", priority_class.get("preemptionPolicy"), IMMUTABLE))
    return found


KIND = REGISTRY.register(
    Kind(
        group="scheduling.k8s.io",
        version="v1",
        kind="PriorityClass",
        plural="priorityclasses",
        singular="priorityclass",
        short_names=("pc",),
        namespaced=False,
        default=default,
        validate=validate,
        counts_generation=True,
        columns=(
            NAME,
            Column("Value", lambda found, now: str(value(found))),
            Column("Global-Default", lambda found, now: str(is_global_default(found)).lower()),
            AGE,
            Column("PreemptionPolicy", lambda found, now: preemption_policy(found)),
        ),
    )
)
