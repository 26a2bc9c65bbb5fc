"""The workloads of a cluster in words, from the board's rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

Row = Mapping[str, Any]
SYSTEM = "kube-system"


def listed(rows: Mapping[str, Row]) -> list[dict[str, Any]]:
    """Every workload that belongs to no other one, by name, with its `ref` and what counts for its kind in words."""
    found = [
        {"ref": ref, "kind": row["kind"], "name": row["name"], "ns": row["ns"], "words": numbers(row), "hpa": row["hpa"]}
        for ref, row in rows.items() if row["owner"] is None and row["ns"] != SYSTEM
    ]
    return sorted(found, key=lambda one: (one["ns"], one["name"], one["kind"]))


def numbers(row: Row) -> str:
    """What counts for its kind: "3 wanted, 2 ready", "1 of 3 done", the schedule."""
    if row["kind"] in ("CronJob", "Job") and row["suspended"]:
        return gettext("suspended")
    if row["kind"] == "CronJob":
        return str(row["schedule"])
    if row["kind"] != "Job":
        return gettext("%(desired)d wanted, %(ready)d ready") % {"desired": row["desired"], "ready": row["ready"]}
    if row["end"] == "Failed":
        return gettext("failed, %(n)d of its Pods did") % {"n": row["failed"]}
    return gettext("%(done)d of %(desired)d done") % {"done": row["done"], "desired": row["desired"]}
