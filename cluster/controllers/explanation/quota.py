"""What a ResourceQuota has left."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.controllers.explanation.words import STATE, WAITS, Cell, Explained, table, word
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document
from cluster.objects.kinds import resourcequota as quotas

COLUMNS = ["column.resource", "column.used", "column.hard", "column.left"]


def explained(reader: Reader, quota: Document) -> Explained:
    hard, used = quotas.hard(quota), quotas.used(quota)
    rows: list[list[Cell]] = []
    full = []
    for name in sorted(hard):
        left = quantity.subtract(hard[name], used.get(name, "0"))
        rows.append([name, used.get(name, "0"), hard[name], left])
        if quantity.parse(left) <= 0:
            full.append(name)
    words = [word("quota.state", STATE, name=metadata.name(quota), count=len(hard))]
    if full:
        words.append(word("quota.full", WAITS, resources=full))
    return Explained(words, table("table.quota", COLUMNS, rows))
