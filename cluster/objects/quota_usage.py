"""What an object counts for in a ResourceQuota, and in which quotas it counts.

pkg/quota/v1/evaluator/core/{pods,services,persistent_volume_claims,registry}.go and
apiserver/pkg/quota/v1/{resources.go,generic/evaluator.go}. Amounts are quantities by the quota's names.
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster.objects import quantity, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import resourcequota as quotas
from cluster.objects.kinds.resourcequota import Amounts
from cluster.objects.pod_amounts import container_amounts, pod_limits, pod_requests
from cluster.objects.registry import Kind
from cluster.objects.resource_names import CONTAINER_RESOURCES, HUGE_PAGES, REQUESTS, is_extended, is_native

PODS, SERVICES, CLAIMS = "pods", "services", "persistentvolumeclaims"
# What is never counted (pkg/quota/v1/install/registry.go).
IGNORED = frozenset({"events"})
# Kinds that had a name of their own before every kind could be counted.
_ALIASES = frozenset({"configmaps", "resourcequotas", "replicationcontrollers", "secrets"})
_POD_NAMES = frozenset({
    "count/pods", "pods", *CONTAINER_RESOURCES, *(f"{REQUESTS}{name}" for name in CONTAINER_RESOURCES),
    *(f"limits.{name}" for name in CONTAINER_RESOURCES),
})
_SERVICE_NAMES = frozenset({"count/services", "services", "services.nodeports", "services.loadbalancers"})
_CLAIM_NAMES = ("persistentvolumeclaims", "requests.storage")
_OF_CLASS = ".storageclass.storage.k8s.io/"
# With a quota on one of these every container must say how much it wants. Not of anything that came later.
_MUST_BE_SAID = frozenset({"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})


def measured(kind: Kind, names: Iterable[str]) -> list[str]:
    """Those of a quota's names that are about objects of the kind, in order (MatchingResources)."""
    return sorted(name for name in names if _measures(kind, name))


def usage(kind: Kind, document: Document, now: int) -> Amounts:
    """What the object counts for at the time `now` (ms)."""
    if kind.resource == PODS:
        return _of_pod(document, now)
    if kind.resource == SERVICES:
        return _of_service(document)
    if kind.resource == CLAIMS:
        return _of_claim(document)
    return dict.fromkeys(_counts(kind), "1")


def covers(quota: Document, kind: Kind, document: Document) -> bool:
    """Whether the scopes of a quota take the object in; without scopes it takes in everything."""
    return all(_in_scope(requirement, kind, document) for requirement in quotas.requirements(quota))


def unsaid(kind: Kind, names: Iterable[str], document: Document) -> str:
    """`limits.memory for: a,b; requests.cpu for: a`: what containers must say and do not; "" when nothing is missing."""
    if kind.resource != PODS or _says_it_for_the_pod(document):
        return ""
    missing: dict[str, set[str]] = {}
    for container in (*pods.containers(document), *pods.init_containers(document)):
        requests, limits = container_amounts(container, "requests"), container_amounts(container, "limits")
        for name in (_MUST_BE_SAID & set(names)) - _compute(requests, limits).keys():
            missing.setdefault(name, set()).add(container["name"])
    return "; ".join(f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))


def total(every: Iterable[Amounts], names: Iterable[str]) -> Amounts:
    """The sum by name, "0" for what nothing counts for."""
    found = list(every)
    return {name: quantity.total(amounts[name] for amounts in found if name in amounts) for name in sorted(names)}


def expires(pod: Document) -> int | None:
    """When a Pod that does not get gone stops counting (ms); None when it is not being deleted."""
    meta = pod["metadata"]
    if "deletionTimestamp" not in meta or "deletionGracePeriodSeconds" not in meta:
        return None
    return times.parse(meta["deletionTimestamp"]) + int(meta["deletionGracePeriodSeconds"]) * times.SECOND


# --- which names -----------------------------------------------------------------------------------------------------


def _counts(kind: Kind) -> list[str]:
    """The names under which objects of any kind are counted."""
    return [f"count/{kind.resource}", *([kind.resource] if kind.resource in _ALIASES else [])]


def _measures(kind: Kind, name: str) -> bool:
    if kind.resource == PODS:
        extended = not is_native(name) and name.startswith(REQUESTS)
        return name in _POD_NAMES or extended or name.startswith((HUGE_PAGES, REQUESTS + HUGE_PAGES))
    if kind.resource == SERVICES:
        return name in _SERVICE_NAMES
    if kind.resource == CLAIMS:
        by_class = tuple(_OF_CLASS + each for each in _CLAIM_NAMES)
        return name in ("count/persistentvolumeclaims", *_CLAIM_NAMES) or name.endswith(by_class)
    return name in _counts(kind)


# --- how much --------------------------------------------------------------------------------------------------------


def _of_pod(pod: Document, now: int) -> Amounts:
    """A Pod that has ended, or whose grace is long over, is only still an object (QuotaV1Pod)."""
    end = expires(pod)
    if pods.is_terminal(pod) or (end is not None and now > end):
        return {"count/pods": "1"}
    return {"count/pods": "1", **_compute(pod_requests(pod), pod_limits(pod))}


def _compute(requests: Amounts, limits: Amounts) -> Amounts:
    found: Amounts = {"pods": "1"}
    for name, amount in requests.items():
        if name in CONTAINER_RESOURCES or name.startswith(HUGE_PAGES):
            found[name] = amount
        if name in CONTAINER_RESOURCES or name.startswith(HUGE_PAGES) or is_extended(name):
            found[REQUESTS + name] = amount
    found.update({f"limits.{name}": amount for name, amount in limits.items() if name in CONTAINER_RESOURCES})
    return found


def _of_service(service: Document) -> Amounts:
    spec = service.get("spec") or {}
    type_, ports = spec.get("type"), spec.get("ports") or []
    balanced = type_ == "LoadBalancer"
    if balanced and spec.get("allocateLoadBalancerNodePorts") is False:
        opened = sum(bool(port.get("nodePort")) for port in ports)
    else:
        opened = len(ports) if balanced or type_ == "NodePort" else 0
    return {
        "count/services": "1", "services": "1", "services.nodeports": str(opened),
        "services.loadbalancers": str(int(balanced)),
    }


def _of_claim(claim: Document) -> Amounts:
    found = {"count/persistentvolumeclaims": "1", "persistentvolumeclaims": "1"}
    if dig(claim, "spec", "resources", "requests", "storage") is not None:
        found["requests.storage"] = _whole(max(
            claims.requested(claim), dig(claim, "status", "allocatedResources", "storage", default="0"), key=quantity.parse
        ))
    name = claims.storage_class(claim)
    if name:
        found |= {f"{name}{_OF_CLASS}{each}": found[each] for each in _CLAIM_NAMES if each in found}
    return found


def _whole(amount: str) -> str:
    """Storage counts in whole bytes."""
    if quantity.parse(amount).denominator == 1:
        return amount
    return quantity.format(quantity.value(amount), quantity.family(amount))


# --- scopes ----------------------------------------------------------------------------------------------------------


def _in_scope(requirement: Document, kind: Kind, document: Document) -> bool:
    scope = requirement.get("scopeName")
    if kind.resource == CLAIMS:
        return scope == quotas.ATTRIBUTES_CLASS and _selects(requirement, _attributes_classes(document))
    if kind.resource != PODS:
        return False
    spec = document.get("spec") or {}
    if scope in (quotas.TERMINATING, quotas.NOT_TERMINATING):
        return has_deadline(document) == (scope == quotas.TERMINATING)
    if scope in (quotas.BEST_EFFORT, quotas.NOT_BEST_EFFORT):
        return (pods.qos_class(document) == quotas.BEST_EFFORT) == (scope == quotas.BEST_EFFORT)
    if scope == quotas.PRIORITY_CLASS:
        return _selects(requirement, {spec["priorityClassName"]} if spec.get("priorityClassName") else set())
    return scope == quotas.CROSS_NAMESPACE and _looks_beyond(spec.get("affinity") or {})


def has_deadline(pod: Document) -> bool:
    """Whether it is of the scope Terminating: it may live only for so long."""
    return int(dig(pod, "spec", "activeDeadlineSeconds", default=-1)) >= 0


def _selects(requirement: Document, values: set[str]) -> bool:
    """Whether an expression is true of an object with these values."""
    operator, wanted = requirement.get("operator"), set(requirement.get("values") or [])
    if operator == quotas.EXISTS:
        return bool(values)
    if operator == quotas.DOES_NOT_EXIST:
        return not values
    if operator == quotas.IN:
        return bool(values & wanted)
    return operator == quotas.NOT_IN and not values & wanted


def _attributes_classes(claim: Document) -> set[str]:
    """The VolumeAttributesClasses that a claim has or is about to get."""
    found = (
        dig(claim, "spec", "volumeAttributesClassName"), dig(claim, "status", "currentVolumeAttributesClassName"),
        dig(claim, "status", "modifyVolumeStatus", "targetVolumeAttributesClassName"),
    )
    return {str(name) for name in found if name}


def _looks_beyond(affinity: Document) -> bool:
    """Whether an affinity of Pods names other namespaces than the Pod's own."""
    terms: list[Document] = []
    for part in ("podAffinity", "podAntiAffinity"):
        terms += dig(affinity, part, "requiredDuringSchedulingIgnoredDuringExecution", default=[])
        preferred = dig(affinity, part, "preferredDuringSchedulingIgnoredDuringExecution", default=[])
        terms += [weighted["podAffinityTerm"] for weighted in preferred]
    return any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms)


def _says_it_for_the_pod(pod: Document) -> bool:
    """Whether requests or limits stand at the Pod itself; its containers need not say anything then."""
    return any(dig(pod, "spec", "resources", field, default={}) for field in ("requests", "limits"))
