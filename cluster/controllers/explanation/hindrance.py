"""Why a Pod is not available: what its owner waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cluster.apiserver.reader import Reader
from cluster.controllers.explanation.words import WAITS, Word, seconds, word
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods

# So many Pods get a sentence of their own.
TOLD = 5


def hindrance(reader: Reader, pod: Document, min_ready: int = 0) -> Word | None:
    """What is in the way of the Pod's being available after `min_ready` seconds; None when nothing is."""
    name, node = metadata.name(pod), pods.node_name(pod)
    if metadata.is_being_deleted(pod):
        left = times.parse(pod["metadata"]["deletionTimestamp"]) - reader.now
        return word("pod.leaving", pod=name, seconds=seconds(left))
    if pods.is_terminal(pod):
        return word("pod.ended", pod=name, status=pods.status_text(pod))
    if not node:
        message = (pods.condition(pod, "PodScheduled") or {}).get("message", "")
        return word("pod.unscheduled", pod=name, message=message) if message else word("pod.unseen", pod=name)
    if _is_silent(reader, node):
        return word("pod.silent", pod=name, node=node)
    waiting = _waiting(pod)
    if waiting is not None:
        return word("pod.container-waits", pod=name, reason=waiting)
    if not pods.is_ready(pod):
        return word("pod.starting" if pods.phase(pod) == "Pending" else "pod.not-ready", pod=name, node=node)
    left_until = pods.available_in(pod, min_ready, reader.now)
    if left_until:
        return word("pod.young", pod=name, seconds=seconds(left_until), wanted=min_ready)
    return None


def hindrances(reader: Reader, found: Iterable[Document], min_ready: int = 0) -> Iterator[Word]:
    """A sentence for each Pod that is not available, the first few; one for how many more there are."""
    words = [said for pod in found if (said := hindrance(reader, pod, min_ready)) is not None]
    yield from words[:TOLD]
    if len(words) > TOLD:
        yield word("pod.more", WAITS, count=len(words) - TOLD)


def _is_silent(reader: Reader, name: str) -> bool:
    node = reader.get("nodes", "", name)
    ready = nodes.condition(node, "Ready") if node is not None else None
    return ready is not None and ready["status"] == "Unknown"


def _waiting(pod: Document) -> str | None:
    """Why its first waiting container waits, when it is for more than its turn."""
    for group in ("initContainerStatuses", "containerStatuses"):
        for status in dig(pod, "status", group, default=[]):
            reason: str = dig(status, "state", "waiting", "reason", default="")
            if reason not in ("", "ContainerCreating", "PodInitializing"):
                return reason
    return None
