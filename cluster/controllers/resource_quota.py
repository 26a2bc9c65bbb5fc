"""The resource quota controller: counts what the objects of a namespace add up to (pkg/controller/resourcequota).

It is woken by what comes, goes or counts for something else than before. A Pod whose machine is lost stops counting when
its grace is over; the controller finds that out when it counts everything anew, every five minutes.
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import Change
from cluster.machinery.component import Component, Context, Key, Story
from cluster.machinery.story import FOLDED, object_reference
from cluster.objects import kinds as _registered  # noqa: F401  (the kinds that can be counted)
from cluster.objects import quantity, quota_usage, times
from cluster.objects.documents import Document
from cluster.objects.kinds import resourcequota as quotas
from cluster.objects.kinds.resourcequota import Amounts
from cluster.objects.registry import REGISTRY, Kind

QUOTAS = quotas.KIND.resource
RESYNC = 5 * times.MINUTE
COUNTED: dict[str, Kind] = {
    kind.resource: kind for kind in REGISTRY if kind.namespaced and kind.resource not in quota_usage.IGNORED
}


class ResourceQuotaController(Component):
    name = "resourcequota-controller"
    watches = (QUOTAS, *(resource for resource in COUNTED if resource != QUOTAS))

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if not view.world.table(QUOTAS):
            return []
        keys = [
            (quota["metadata"]["namespace"], quota["metadata"]["name"])
            for quota in view.list(QUOTAS, change.key[0]) if _matters(quota, change, view.now)
        ]
        own = change.table == QUOTAS and change.new is not None and change.key not in keys
        return [*keys, change.key] if own and _has_new_limits(change) else keys

    def reconcile(self, context: Context, key: Key) -> None:
        quota = context.get(QUOTAS, *key)
        if quota is None:
            return
        _report(context, quota)
        if not context.wrote and _has_fading_pods(context, quota):
            context.again(RESYNC - context.now % RESYNC, quiet=True)


def counted(reader: Reader, quota: Document) -> Amounts:
    """What the objects of the quota's namespace add up to, by the names of its limits (CalculateUsage)."""
    limits = quotas.wanted(quota)
    found: Amounts = {}
    for kind in COUNTED.values():
        names = quota_usage.measured(kind, limits)
        if names:
            there = reader.list(kind.resource, quota["metadata"]["namespace"])
            each = (quota_usage.usage(kind, one, reader.now) for one in there if quota_usage.covers(quota, kind, one))
            found |= quota_usage.total(each, names)
    known = {**quotas.used(quota), **found}  # what nobody knows how to count stays as it is
    return {name: known[name] for name in sorted(limits) if name in known}


# --- what wakes ------------------------------------------------------------------------------------------------------


def _has_new_limits(change: Change) -> bool:
    """A quota is new, or its owner wants other limits."""
    return change.old is None or not _same(quotas.wanted(change.old), quotas.wanted(change.new))


def _matters(quota: Document, change: Change, now: int) -> bool:
    """Whether the quota counts the changed object differently than before."""
    kind = COUNTED[change.table]
    names = quota_usage.measured(kind, quotas.wanted(quota))
    if not names:
        return False
    return _weight(quota, kind, change.old, names, now) != _weight(quota, kind, change.new, names, now) or _fades(change)


def _fades(change: Change) -> bool:
    """Whether a Pod begins to go: from then on it may stop counting before it is gone."""
    if change.table != quota_usage.PODS or change.old is None or change.new is None:
        return False
    return quota_usage.expires(change.old) is None and quota_usage.expires(change.new) is not None


def _weight(quota: Document, kind: Kind, document: Document | None, names: list[str], now: int) -> Amounts:
    if document is None or not quota_usage.covers(quota, kind, document):
        return {}
    return {name: amount for name, amount in quota_usage.usage(kind, document, now).items() if name in names}


# --- counting --------------------------------------------------------------------------------------------------------


def _report(context: Context, quota: Document) -> None:
    """Store limits and sums, if they differ (syncResourceQuota)."""
    limits, sums = quotas.wanted(quota), counted(context, quota)
    old = quotas.used(quota)
    if "status" in quota and "used" in quota["status"] and _same(limits, quotas.hard(quota)) and _same(sums, old):
        return
    changes = [
        f"{name} {amount}/{limits[name]}" for name, amount in sums.items()
        if name not in old or quantity.compare(amount, old[name]) or limits[name] != quotas.hard(quota).get(name)
    ]
    args = {"quota": object_reference(QUOTAS, quota), "counted": ", ".join(changes)}
    why = {"decision": "quota-usage", "hard": limits, "used": sums, "before": old}
    status = {"hard": limits, "used": sums}
    story = Story("quota.usage", args, FOLDED)
    context.update({**quota, "status": status}, subresource="status", story=story, why=why)


def _same(one: Amounts, other: Amounts) -> bool:
    """Whether amounts are equal whatever their spelling (quota.Equals)."""
    return one.keys() == other.keys() and not any(quantity.compare(one[name], other[name]) for name in one)


def _has_fading_pods(context: Context, quota: Document) -> bool:
    """Whether a Pod counts that will stop to count by itself."""
    if not quota_usage.measured(COUNTED[quota_usage.PODS], quotas.wanted(quota)):
        return False
    pods = context.list(quota_usage.PODS, quota["metadata"]["namespace"])
    return any((end := quota_usage.expires(pod)) is not None and end >= context.now for pod in pods)
