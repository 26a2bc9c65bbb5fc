"""Priority: the name of a priority class becomes a number (plugin/pkg/admission/priority/admission.go)."""

from __future__ import annotations

from cluster.apiserver import errors
from cluster.apiserver.admission.request import Request
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY

CLASSES = "priorityclasses.scheduling.k8s.io"
PREEMPT = "PreemptLowerPriority"
# The classes that every cluster has (pkg/apis/scheduling/v1/helpers.go).
SYSTEM_CLASSES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def admit(request: Request) -> Document | None:
    pod = request.object
    if pod is None or request.kind.resource != "pods" or request.operation == "DELETE" or request.subresource:
        return pod
    if request.operation == "UPDATE":
        return _preserved(pod, request.old or {})
    return _resolved(request, pod)


def _preserved(pod: Document, old: Document) -> Document:
    """What admission put in at creation need not be repeated by an update."""
    kept = {
        field: old["spec"][field] for field in ("priority", "preemptionPolicy")
        if pod["spec"].get(field) is None and field in old["spec"]
    }
    return {**pod, "spec": {**pod["spec"], **kept}} if kept else pod


def _resolved(request: Request, pod: Document) -> Document:
    spec = dict(pod["spec"])
    name, value, policy = _established(request, spec.get("priorityClassName") or "")
    given = spec.get("priority")
    if given is not None and given != value:
        why = (
            f"the integer value of priority ({given}) must not be provided in pod spec; "
            f"priority admission controller computed {value} from the given PriorityClass name"
        )
        raise errors.forbidden(request.kind, request.name, why)
    wanted = spec.get("preemptionPolicy")
    if wanted is not None and wanted != policy:
        why = (
            f"the string value of PreemptionPolicy ({wanted}) must not be provided in pod spec; "
            f"priority admission controller computed {policy} from the given PriorityClass name"
        )
        raise errors.forbidden(request.kind, request.name, why)
    if name:
        spec["priorityClassName"] = name
    return {**pod, "spec": {**spec, "priority": value, "preemptionPolicy": policy}}


def _established(request: Request, name: str) -> tuple[str, int, str]:
    """Name, value and preemption policy of the class; without a name those of the global default, or priority 0."""
    stored = request.reader.list(CLASSES) if CLASSES in REGISTRY else []
    if not name:
        defaults = [entry for entry in stored if entry.get("globalDefault")]
        if not defaults:
            return "", 0, PREEMPT
        return _facts(min(defaults, key=lambda entry: int(entry["value"])))
    for entry in stored:
        if entry["metadata"]["name"] == name:
            return _facts(entry)
    if name in SYSTEM_CLASSES:
        return name, SYSTEM_CLASSES[name], PREEMPT
    raise errors.forbidden(request.kind, request.name, f"no PriorityClass with name {name} was found")


def _facts(entry: Document) -> tuple[str, int, str]:
    return entry["metadata"]["name"], int(entry["value"]), entry.get("preemptionPolicy") or PREEMPT
