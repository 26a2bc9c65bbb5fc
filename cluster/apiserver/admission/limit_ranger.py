"""LimitRanger: containers that say nothing get the namespace's defaults, and nobody gets beyond its bounds.

plugin/pkg/admission/limitranger/admission.go
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from cluster.apiserver import errors
from cluster.apiserver.admission.request import Request
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import limitrange as ranges
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds.limitrange import Amounts
from cluster.objects.pod_amounts import container_amounts, pod_total

RANGES = ranges.KIND.resource
ANNOTATION = "kubernetes.io/limit-ranger"
# Larger amounts are compared in whole units, smaller ones in thousandths.
MAX_MILLI = (2**63 - 1) // 1000


def admit(request: Request) -> Document | None:
    """A new Pod with the defaults of every LimitRange of its namespace."""
    pod = request.object
    if pod is None or request.kind.resource != "pods" or not _concerns(request):
        return pod
    for limit_range in request.reader.list(RANGES, request.namespace):
        pod = _with_defaults(pod, *ranges.defaults_of_containers(limit_range))
    return pod


def validate(request: Request) -> None:
    """Raise Forbidden for a Pod or claim beyond the bounds of a LimitRange."""
    document = request.object
    if document is None or not _concerns(request):
        return
    for limit_range in request.reader.list(RANGES, request.namespace):
        found = list(dict.fromkeys(complaints(limit_range, document)))
        if found:
            why = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
            raise errors.forbidden(request.kind, request.name, why)


def _concerns(request: Request) -> bool:
    """New Pods, new and changed claims; nothing that is being deleted."""
    if request.subresource or (request.old is not None and metadata.is_being_deleted(request.old)):
        return False
    if request.kind.resource == "pods":
        return request.operation == "CREATE"
    return request.kind.resource == "persistentvolumeclaims" and request.operation in ("CREATE", "UPDATE")


# --- defaults --------------------------------------------------------------------------------------------------------


def _with_defaults(pod: Document, requests: Amounts, limits: Amounts) -> Document:
    said: list[str] = []
    spec = dict(pod["spec"])
    for group, words in (("containers", "container"), ("initContainers", "init container")):
        if spec.get(group):
            spec[group] = [_filled(container, words, requests, limits, said) for container in spec[group]]
    if not said:
        return pod
    noted = {**metadata.annotations(pod), ANNOTATION: f"LimitRanger plugin set: {'; '.join(said)}"}
    filled = with_value({**pod, "spec": spec}, ("metadata", "annotations"), noted)
    with suppress(quantity.QuantityError):  # validation, which comes later, names the field
        filled = with_value(filled, ("status", "qosClass"), pods.qos_class(filled))
    return filled


def _filled(container: Document, words: str, requests: Amounts, limits: Amounts, said: list[str]) -> Document:
    """A container with what it left open; what that was is added to `said`."""
    resources = dict(container.get("resources") or {})
    for field, defaults in (("requests", requests), ("limits", limits)):
        given = resources.get(field) or {}
        left_open = sorted(defaults.keys() - given.keys())
        if left_open:
            resources[field] = {**given, **{name: defaults[name] for name in left_open}}
            said.append(f"{', '.join(left_open)} {field.removesuffix('s')} for {words} {container.get('name', '')}")
    return {**container, "resources": resources}


# --- bounds ----------------------------------------------------------------------------------------------------------


def complaints(limit_range: Document, document: Document) -> Iterator[str]:
    """What is beyond the bounds, in the server's words."""
    for item in ranges.items(limit_range):
        kind = item.get("type", "")
        if document["kind"] == "PersistentVolumeClaim":
            if kind == ranges.CLAIM:
                yield from _of_claim(item, document)
        elif kind == ranges.CONTAINER:
            for container in (*pods.containers(document), *pods.init_containers(document)):
                yield from _of_amounts(
                    item, kind, container_amounts(container, "requests"), container_amounts(container, "limits")
                )
        elif kind == ranges.POD:
            yield from _of_amounts(item, kind, pod_total(document, "requests"), pod_total(document, "limits"))


def _of_claim(item: Document, claim: Document) -> Iterator[str]:
    asked: Amounts = dig(claim, "spec", "resources", "requests", default={})
    for name, bound in sorted(ranges.amounts(item, ranges.MIN).items()):
        yield from _below(ranges.CLAIM, name, bound, asked, {})
    for name, bound in sorted(ranges.amounts(item, ranges.MAX).items()):
        rule = f"maximum {name} usage per {ranges.CLAIM} is {bound}"
        if name not in asked:
            yield f"{rule}.  No request is specified"
        elif _is_more(asked[name], bound):
            yield f"{rule}, but request is {quantity.canonical(asked[name])}"


def _of_amounts(item: Document, kind: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, bound in sorted(ranges.amounts(item, ranges.MIN).items()):
        yield from _below(kind, name, bound, requests, limits)
    for name, bound in sorted(ranges.amounts(item, ranges.MAX).items()):
        yield from _above(kind, name, bound, requests, limits)
    for name, bound in sorted(ranges.amounts(item, ranges.RATIO).items()):
        yield from _beyond_ratio(kind, name, bound, requests, limits)


def _below(kind: str, name: str, bound: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    rule = f"minimum {name} usage per {kind} is {bound}"
    if name not in requests:
        yield f"{rule}.  No request is specified"
    elif _is_more(bound, requests[name]):
        yield f"{rule}, but request is {quantity.canonical(requests[name])}"
    elif name in limits and _is_more(bound, limits[name]):
        yield f"{rule}, but limit is {quantity.canonical(limits[name])}"


def _above(kind: str, name: str, bound: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    rule = f"maximum {name} usage per {kind} is {bound}"
    if name not in limits:
        yield f"{rule}.  No limit is specified"
    elif _is_more(limits[name], bound):
        yield f"{rule}, but limit is {quantity.canonical(limits[name])}"
    elif name in requests and _is_more(requests[name], bound):
        yield f"{rule}, but request is {quantity.canonical(requests[name])}"


def _beyond_ratio(kind: str, name: str, bound: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    rule = f"{name} max limit to request ratio per {kind} is {bound}"
    request, limit = _units(requests.get(name, "0"), limits.get(name, "0"))
    if not request:
        yield f"{rule}, but no request is specified or request is 0"
    elif not limit:
        yield f"{rule}, but no limit is specified or limit is 0"
    elif limit / request * 1000 > quantity.milli_value(bound):
        yield f"{rule}, but provided ratio is {limit / request:f}"


def _is_more(amount: str, than: str) -> bool:
    one, other = _units(amount, than)
    return one > other


def _units(one: str, other: str) -> tuple[int, int]:
    """Two amounts in the same units: thousandths, or whole ones when they are large (requestLimitEnforcedValues)."""
    if max(quantity.value(one), quantity.value(other)) <= MAX_MILLI:
        return quantity.milli_value(one), quantity.milli_value(other)
    return quantity.value(one), quantity.value(other)
