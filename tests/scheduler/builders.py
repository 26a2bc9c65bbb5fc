"""Small pods and nodes for the scheduler's tests."""

from __future__ import annotations

from typing import Any

from cluster.objects.documents import Document
from cluster.scheduler.decision import Decision
from cluster.scheduler.framework import Profile
from cluster.scheduler.profile import default_profile
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot

PROFILE = default_profile()


def node(name: str = "node-1", *, labels: dict[str, str] | None = None, taints: list[Document] | None = None,
         cordoned: bool = False, images: list[Document] | None = None, **allocatable: str) -> Document:
    """A node with 4 CPUs, 8Gi and room for 110 pods unless said otherwise; `_` in a resource's name stands for `-`."""
    amounts = {"cpu": "4", "memory": "8Gi", "pods": "110"} | {k.replace("_", "-"): v for k, v in allocatable.items()}
    spec: Document = {"taints": taints} if taints else {}
    if cordoned:
        spec["unschedulable"] = True
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": spec, "status": {"allocatable": amounts, "images": images or []},
    }


def container(name: str = "c", image: str = "nginx:1", *, host_port: int = 0, host_ip: str = "",
              **requests: str) -> Document:
    """A container; `requests` by resource, `_` in a name stands for `-`."""
    found: Document = {"name": name, "image": image}
    if requests:
        found["resources"] = {"requests": {k.replace("_", "-"): v for k, v in requests.items()}}
    if host_port:
        port: Document = {"containerPort": 80, "hostPort": host_port, "protocol": "TCP"}
        found["ports"] = [port | ({"hostIP": host_ip} if host_ip else {})]
    return found


def pod(name: str = "p", *containers: Document, on: str = "", **spec: Any) -> Document:
    """A pod in namespace default with one container unless given; `on` places it."""
    whole = {"containers": list(containers) or [container()], "schedulerName": "default-scheduler", **spec}
    if on:
        whole["nodeName"] = on
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"},
        "spec": whole, "status": {"phase": "Pending"},
    }


def taint(key: str, value: str = "", effect: str = "NoSchedule") -> Document:
    return {"key": key, "effect": effect} | ({"value": value} if value else {})


def decision(incoming: Document, nodes: list[Document], pods: list[Document] | None = None, *,
             profile: Profile = PROFILE, random: float = 0.0) -> Decision:
    return decide(incoming, Snapshot.of(nodes, pods or []), profile, lambda: random)
