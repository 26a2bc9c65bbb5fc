"""ResourceQuota: the last word before a write is stored; what would exceed a quota of the namespace is refused.

apiserver/pkg/admission/plugin/resourcequota/controller.go. There admission itself charges the quota's status, and the
controller corrects it when objects go. Here a step is one write, so the controller does both soon after, and admission
counts the namespace itself: what is there, or what the status says if that is more and nobody has corrected it yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cluster.apiserver import errors
from cluster.apiserver.admission.request import Request
from cluster.objects import quantity, quota_usage
from cluster.objects.documents import Document
from cluster.objects.kinds import resourcequota as quotas
from cluster.objects.kinds.resourcequota import Amounts

QUOTAS = quotas.KIND.resource


class Excess(NamedTuple):
    """An amount that a quota has no room for: `used` and `asked` together are more than `hard`."""

    quota: str
    name: str
    used: str
    asked: str
    hard: str


def excesses(request: Request) -> list[Excess]:
    """What the new object asks beyond the quotas of its namespace."""
    assert request.object is not None
    usage = quota_usage.usage(request.kind, request.object, request.reader.now)
    found = request.reader.list(QUOTAS, request.namespace)
    return [
        excess for quota in found if _concerns(quota, request)
        for excess in _excesses(quota, request, _additional(quota, request, usage))
    ]


def validate(request: Request) -> None:
    """Raise Forbidden for what no quota has room for, or what does not say what a quota must know."""
    document = request.object
    if document is None or not request.namespace or request.kind.resource in quota_usage.IGNORED:
        return
    found = request.reader.list(QUOTAS, request.namespace)
    if not found or not _handles(request):
        return
    concerned = [quota for quota in found if _concerns(quota, request)]
    for quota in concerned:
        _refuse_unmeasurable(quota, request)
    usage = quota_usage.usage(request.kind, document, request.reader.now)
    negative = [name for name, amount in usage.items() if quantity.parse(amount) < 0]
    if negative:
        why = f"quota usage is negative for resource(s): {','.join(sorted(negative))}"
        raise errors.forbidden(request.kind, request.name, why)
    for quota in concerned:
        _refuse_excess(quota, request, _additional(quota, request, usage))


def _handles(request: Request) -> bool:
    """Whether a request of this sort can use anything up."""
    resource, old, new = request.kind.resource, request.old, request.object
    if request.subresource:
        return False
    if request.operation == "CREATE" or old is None or new is None:
        return request.operation == "CREATE"
    if resource == quota_usage.PODS:
        return quota_usage.has_deadline(old) != quota_usage.has_deadline(new)
    return resource in (quota_usage.SERVICES, quota_usage.CLAIMS)


def _concerns(quota: Document, request: Request) -> bool:
    assert request.object is not None
    measured = quota_usage.measured(request.kind, quotas.hard(quota))
    return bool(measured) and quota_usage.covers(quota, request.kind, request.object)


def _refuse_unmeasurable(quota: Document, request: Request) -> None:
    """Raise Forbidden for a Pod that does not say how much it wants, and while nobody has counted what is there."""
    assert request.object is not None
    name = quota["metadata"]["name"]
    measured = quota_usage.measured(request.kind, quotas.hard(quota))
    unsaid = quota_usage.unsaid(request.kind, measured, request.object)
    if unsaid:
        raise errors.forbidden(request.kind, request.name, f"failed quota: {name}: must specify {unsaid}")
    if not quotas.used(quota).keys() >= set(measured):
        why = f"status unknown for quota: {name}, resources: {','.join(measured)}"
        raise errors.forbidden(request.kind, request.name, why)


def _additional(quota: Document, request: Request, usage: Amounts) -> Amounts:
    """What the request adds to what the quota counts, without what it adds nothing to."""
    old = request.old
    if old is not None and quota_usage.covers(quota, request.kind, old):
        before = quota_usage.usage(request.kind, old, request.reader.now)
        usage = {name: quantity.subtract(amount, before.get(name, "0")) for name, amount in usage.items()}
    limited = quotas.hard(quota)
    return {name: amount for name, amount in usage.items() if name in limited and quantity.parse(amount) > 0}


def _refuse_excess(quota: Document, request: Request, asked: Amounts) -> None:
    found = _excesses(quota, request, asked)
    if found:
        requested = _listed((one.name, one.asked) for one in found)
        used, limited = _listed((one.name, one.used) for one in found), _listed((one.name, one.hard) for one in found)
        why = f"exceeded quota: {quota['metadata']['name']}, requested: {requested}, used: {used}, limited: {limited}"
        raise errors.forbidden(request.kind, request.name, why)


def _excesses(quota: Document, request: Request, asked: Amounts) -> list[Excess]:
    if not asked:
        return []
    limits, used, name = quotas.hard(quota), _used(quota, request, asked), quota["metadata"]["name"]
    return [
        Excess(name, resource, used[resource], asked[resource], limits[resource]) for resource in sorted(asked)
        if quantity.compare(quantity.add(used[resource], asked[resource]), limits[resource]) > 0
    ]


def _used(quota: Document, request: Request, names: Iterable[str]) -> Amounts:
    reader, kind = request.reader, request.kind
    there = [one for one in reader.list(kind.resource, request.namespace) if quota_usage.covers(quota, kind, one)]
    counted = quota_usage.total((quota_usage.usage(kind, one, reader.now) for one in there), names)
    noted = quotas.used(quota)
    return {
        name: noted[name] if name in noted and quantity.compare(noted[name], amount) > 0 else amount
        for name, amount in counted.items()
    }


def _listed(amounts: Iterable[tuple[str, str]]) -> str:
    return ",".join(f"{name}={quantity.canonical(amount)}" for name, amount in amounts)
