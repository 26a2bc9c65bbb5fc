"""What is true of quotas and LimitRanges after every step."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.controllers.resource_quota import COUNTED
from cluster.objects import metadata, quantity, quota_usage
from cluster.objects.documents import Document
from cluster.objects.kinds import limitrange as ranges
from cluster.objects.kinds import resourcequota as quotas
from cluster.objects.pod_amounts import container_amounts
from cluster.simulation.step import Step
from tests.walks.rules import Seen, objects_of, told, written, written_of

QUOTAS, RANGES = "resourcequotas", "limitranges"


def _of_namespace(seen: Seen, table: str, namespace: str) -> list[Document]:
    return [document for key, document in sorted(seen.world.table(table).items()) if key[0] == namespace]


@written()
def quotas_are_never_exceeded(seen: Seen, step: Step) -> None:
    """A write that makes a namespace use more leaves it within the limits that were in force."""
    for change in objects_of(step):
        kind = COUNTED.get(change.table)
        if kind is None or change.new is None:
            continue
        for quota in _of_namespace(seen, QUOTAS, change.key[0]):
            names = quota_usage.measured(kind, quotas.hard(quota))
            before = _sum(quota, change.table, seen.world.table(change.table).values(), seen.world.now, names)
            after = _sum(quota, change.table, step.world.table(change.table).values(), step.world.now, names)
            for name in names:
                more = quantity.compare(after[name], before[name]) > 0
                limit = quotas.hard(quota)[name]
                assert not more or quantity.compare(after[name], limit) <= 0, (name, after[name], limit)


def _sum(quota: Document, table: str, documents: Iterable[Document], now: int, names: list[str]) -> quotas.Amounts:
    kind, namespace = COUNTED[table], metadata.namespace(quota)
    there = [one for one in documents if metadata.namespace(one) == namespace and quota_usage.covers(quota, kind, one)]
    return quota_usage.total((quota_usage.usage(kind, one, now) for one in there), names)


@told("quota.usage")
def quotas_count_what_there_is(seen: Seen, step: Step) -> None:
    for quota in written_of(step, QUOTAS):
        assert quotas.hard(quota) == quotas.wanted(quota)
        for table, kind in COUNTED.items():
            names = quota_usage.measured(kind, quotas.hard(quota))
            sums = _sum(quota, table, step.world.table(table).values(), step.world.now, names)
            for name in names:
                assert quantity.compare(quotas.used(quota)[name], sums[name]) == 0, (name, quotas.used(quota)[name], sums[name])


@written("pods")
def new_pods_keep_the_bounds_of_their_namespace(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "pods"):
        if change.old is not None:
            continue
        for limit_range in _of_namespace(seen, RANGES, change.key[0]):
            for item in ranges.items(limit_range):
                if item["type"] == ranges.CONTAINER:
                    _check_containers(item, change.new)


def _check_containers(item: Document, pod: Document) -> None:
    for container in pod["spec"]["containers"]:
        requests, limits = container_amounts(container, "requests"), container_amounts(container, "limits")
        for name in ranges.amounts(item, ranges.DEFAULT):
            assert name in limits, name
        for name, most in ranges.amounts(item, ranges.MAX).items():
            assert quantity.compare(limits[name], most) <= 0, (name, limits[name], most)
        for name, least in ranges.amounts(item, ranges.MIN).items():
            assert quantity.compare(requests[name], least) >= 0, (name, requests[name], least)
