"""Names of resources: which of them mean something where (pkg/apis/core/helper/helpers.go, validation.go)."""

from __future__ import annotations

from cluster.objects import names
from cluster.objects.field_errors import invalid
from cluster.objects.registry import FieldError

HUGE_PAGES, REQUESTS = "hugepages-", "requests."
CONTAINER_RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage"})
# What there is a whole number of.
COUNTED = frozenset({
    "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
    "services.nodeports", "services.loadbalancers",
})
QUOTA_RESOURCES = COUNTED | CONTAINER_RESOURCES | {
    f"{prefix}.{name}" for prefix in ("requests", "limits") for name in CONTAINER_RESOURCES
} | {"requests.storage"}
NOT_STANDARD = "must be a standard resource type or fully qualified"


def is_native(name: str) -> bool:
    """Whether it belongs to Kubernetes: a name without a prefix, or with one of kubernetes.io."""
    return "/" not in name or "kubernetes.io/" in name


def may_overcommit(name: str) -> bool:
    """Huge pages and extended resources cannot be promised twice (IsOvercommitAllowed)."""
    return is_native(name) and not name.startswith(HUGE_PAGES)


def is_extended(name: str) -> bool:
    """Whether it is a device that somebody other than Kubernetes names (IsExtendedResourceName)."""
    return not is_native(name) and not name.startswith(REQUESTS) and not names.qualified_name(f"{REQUESTS}{name}")


def is_counted(name: str) -> bool:
    """Whether only whole numbers of it make sense (IsIntegerResourceName)."""
    return name in COUNTED or is_extended(name)


def is_of_quotas(name: str) -> bool:
    """Whether a quota can name it without a prefix (IsStandardQuotaResourceName)."""
    return name in QUOTA_RESOURCES or name.startswith((HUGE_PAGES, REQUESTS + HUGE_PAGES))


def resource_errors(name: str, path: str) -> list[FieldError]:
    """Complaints about the name of any resource (validateResourceName)."""
    found = [invalid(path, name, complaint) for complaint in names.qualified_name(name)]
    if not found and "/" not in name and not is_of_quotas(name) and name != "storage":
        found.append(invalid(path, name, NOT_STANDARD))
    return found


def container_resource_errors(name: str, path: str) -> list[FieldError]:
    """Complaints about the name of what a container can ask for (validateContainerResourceName)."""
    found = resource_errors(name, path)
    if "/" not in name:
        if name not in CONTAINER_RESOURCES and not name.startswith(HUGE_PAGES):
            found.append(invalid(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        found.append(invalid(path, name, "doesn't follow extended resource name standard"))
    return found


def quota_resource_errors(name: str, path: str) -> list[FieldError]:
    """Complaints about the name of what a quota can limit (ValidateResourceQuotaResourceName)."""
    found = resource_errors(name, path)
    if "/" not in name and not is_of_quotas(name):
        found.append(invalid(path, name, "must be a standard resource for quota"))
    return found
