"""Priority: the name of a priority class becomes a number, and at most one class is everybody's.

plugin/pkg/admission/priority/admission.go; that the system's classes stay comes from
pkg/registry/scheduling/priorityclass/storage/storage.go.
"""

from __future__ import annotations

from cluster.apiserver import errors
from cluster.apiserver.admission.request import Request
from cluster.objects.documents import Document
from cluster.objects.kinds import priorityclass

CLASSES = priorityclass.KIND.resource


def admit(request: Request) -> Document | None:
    if request.subresource:
        return request.object
    if request.kind.resource == "pods":
        return _pod(request)
    if request.kind.resource == CLASSES:
        _check_class(request)
    return request.object


# --- classes ---------------------------------------------------------------------------------------------------------


def _check_class(request: Request) -> None:
    if request.object is None:
        if request.name in priorityclass.SYSTEM:
            raise errors.forbidden(request.kind, request.name, "this is a system priority class and cannot be deleted")
        return
    if not priorityclass.is_global_default(request.object):
        return
    holder = _global_default(request)
    if holder is not None and (request.operation == "CREATE" or holder["metadata"]["name"] != request.name):
        why = f"PriorityClass {holder['metadata']['name']} is already marked as default. Only one default can exist"
        raise errors.forbidden(request.kind, request.name, why)


def _global_default(request: Request) -> Document | None:
    """The class of Pods that name none; should there be several, the least important."""
    found = [stored for stored in request.reader.list(CLASSES) if priorityclass.is_global_default(stored)]
    return min(found, key=priorityclass.value, default=None)


# --- Pods ------------------------------------------------------------------------------------------------------------


def _pod(request: Request) -> Document | None:
    pod = request.object
    if pod is None:
        return None
    return _preserved(pod, request.old) if request.old is not None else _resolved(request, pod)


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
    if not name:
        holder = _global_default(request)
        return ("", 0, priorityclass.PREEMPT) if holder is None else _facts(holder)
    stored = request.reader.get(CLASSES, "", name)
    if stored is not None:
        return _facts(stored)
    if name in priorityclass.SYSTEM:
        # A cluster from before it had classes has these all the same.
        return name, priorityclass.SYSTEM[name][0], priorityclass.PREEMPT
    raise errors.forbidden(request.kind, request.name, f"no PriorityClass with name {name} was found")


def _facts(stored: Document) -> tuple[str, int, str]:
    return stored["metadata"]["name"], priorityclass.value(stored), priorityclass.preemption_policy(stored)
