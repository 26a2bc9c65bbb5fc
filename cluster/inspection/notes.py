"""What the kubelet of a node is doing with a Pod, read from its rows and notes. Times are virtual ms."""

from __future__ import annotations

from typing import Any, NamedTuple

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import MEMORY
from cluster.kubelet.desk import CONTAINERS
from cluster.kubelet.kubelet import Kubelet
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods

Row = dict[str, Any]


class Wait(NamedTuple):
    """A wait with an end."""

    begun: int
    until: int


def runtime(view: Reader, pod: Document) -> Row:
    """What the container runtime of its node has of the Pod (see cluster/kubelet/desk.py); {} when it has nothing."""
    return view.host(CONTAINERS, (pods.node_name(pod), pods.runtime_uid(pod))) or {}


def work(view: Reader, pod: Document) -> Row:
    """The note of the Pod's worker; {} when no kubelet looks after it."""
    key = (Kubelet.name, pods.node_name(pod), metadata.namespace(pod), metadata.name(pod))
    found: Row | None = view.world.row(MEMORY, key)
    return found if found is not None and found["uid"] == pods.runtime_uid(pod) else {}


def operation(view: Reader, pod: Document) -> Row | None:
    """What is under way: {what: sandbox, pull, create or start, due, began, container, image}; None for nothing."""
    found: Row | None = work(view, pod).get("op")
    return found


def back_off(view: Reader, pod: Document, container: str) -> Wait | None:
    """How long a container has to wait before it is tried again; None when it does not wait."""
    hold = work(view, pod).get("hold", {}).get(container)
    if hold is None or hold[0] <= view.now:
        return None
    return Wait(_held_since(view, pod, container, hold[0]), hold[0])


def _held_since(view: Reader, pod: Document, container: str, until: int) -> int:
    """When the wait began: at the container's end, or when the pull of its image failed."""
    record = runtime(view, pod).get("containers", {}).get(container) or {}
    pull = work(view, pod).get("pulls", {}).get(_image(pod, container)) or {}
    known = [moment for moment in (record.get("finished"), pull.get("at")) if moment is not None and moment < until]
    return max(known, default=view.now)


def _image(pod: Document, container: str) -> str:
    both = (*pods.init_containers(pod), *pods.containers(pod))
    return next((str(one["image"]) for one in both if one["name"] == container), "")


def is_answering(view: Reader, node: str) -> bool:
    """Whether a node's kubelet runs; without it a Pod's status is what was last reported."""
    return not view.is_off(f"kubelet/{node}", f"node/{node}")
