"""What the container runtime of a node has of a Pod. Times are virtual ms."""

from __future__ import annotations

from typing import Any

from cluster.apiserver.reader import Reader
from cluster.kubelet.desk import CONTAINERS
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods

Row = dict[str, Any]


def runtime(view: Reader, pod: Document) -> Row:
    """What the container runtime of its node has of the Pod (see cluster/kubelet/desk.py); {} when it has nothing."""
    return view.host(CONTAINERS, (pods.node_name(pod), pods.runtime_uid(pod))) or {}


def is_answering(view: Reader, node: str) -> bool:
    """Whether a node's kubelet runs; without it a Pod's status is what was last reported."""
    return not view.is_off(f"kubelet/{node}", f"node/{node}")
