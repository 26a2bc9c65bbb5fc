"""Workloads in words."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from dashboard.workloads import listed, numbers


def row(kind: str = "Deployment", name: str = "web", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "ns": "default", "owner": None, "desired": 3, "ready": 2, "current": 3, "hpa": None,
            "suspended": False, **more}


def test_it_works() -> None:
    rows = {
        "deployments.apps/default/web": row(), "statefulsets.apps/default/db": row("StatefulSet", "db"),
        "replicasets.apps/default/web-1": row("ReplicaSet", "web-1", owner={"kind": "Deployment", "name": "web"}),
        "daemonsets.apps/kube-system/kube-proxy": row("DaemonSet", "kube-proxy", ns="kube-system"),
    }
    assert [(one["name"], one["ref"], one["words"]) for one in listed(rows)] == [
        ("db", "statefulsets.apps/default/db", "3 wanted, 2 ready"),
        ("web", "deployments.apps/default/web", "3 wanted, 2 ready"),
    ]


@pytest.mark.parametrize("found,english,chinese", [
    (row("Job", done=1, failed=0, end=""), "1 of 3 done", "已完成 1 / 3"),
    (row("Job", done=1, failed=7, end="Failed"), "failed, 7 of its Pods did", "失败，7 个 Pod 失败"),
    (row("Job", suspended=True), "suspended", "已挂起"),
    (row("CronJob", schedule="*/5 * * * *"), "*/5 * * * *", "*/5 * * * *"),
    (row("DaemonSet"), "3 wanted, 2 ready", "期望 3，就绪 2"),
])
def test_what_counts_for_a_kind(found: dict[str, Any], english: str, chinese: str) -> None:
    assert numbers(found) == english
    with override("zh-hans"):
        assert numbers(found) == chinese
