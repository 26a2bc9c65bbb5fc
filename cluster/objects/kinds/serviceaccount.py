"""ServiceAccount."""

from __future__ import annotations

from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, Kind

KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="ServiceAccount",
        plural="serviceaccounts",
        singular="serviceaccount",
        short_names=("sa",),
        namespaced=True,
        subresources=frozenset({"token"}),
        columns=(NAME, Column("Secrets", lambda account, now: str(len(account.get("secrets") or []))), AGE),
    )
)
