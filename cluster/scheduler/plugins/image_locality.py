"""ImageLocality: nodes that have the pod's images already score higher.

pkg/scheduler/framework/plugins/imagelocality.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cluster.objects.documents import Document, dig
from cluster.scheduler.framework import MAX_NODE_SCORE, SUCCESS, CycleState, Plugin, Status
from cluster.scheduler.snapshot import NodeInfo, Snapshot

MEBIBYTE = 1024 * 1024
# Images below this do not count; above this times the number of containers more does not help.
MIN_THRESHOLD = 23 * MEBIBYTE
MAX_CONTAINER_THRESHOLD = 1000 * MEBIBYTE


def normalized_name(image: str) -> str:
    """The name as nodes report it: with a tag."""
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"


class ImageLocality(Plugin):
    name = "ImageLocality"

    def pre_score(self, state: CycleState, pod: Document, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> Status:
        state[self.name] = snapshot
        return SUCCESS

    def score(self, state: CycleState, pod: Document, node: NodeInfo) -> int:
        snapshot: Snapshot = state[self.name]
        present = sum(_spread_size(snapshot, node, image) for image in images_of(pod))
        spec = pod["spec"]
        containers = len(spec.get("containers") or ()) + len(spec.get("initContainers") or ())
        highest = MAX_CONTAINER_THRESHOLD * containers
        present = min(max(present, MIN_THRESHOLD), highest)
        return MAX_NODE_SCORE * (present - MIN_THRESHOLD) // (highest - MIN_THRESHOLD)


def images_of(pod: Document) -> Iterator[str]:
    spec = pod["spec"]
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        yield normalized_name(container.get("image", ""))
    for volume in spec.get("volumes") or ():
        reference = dig(volume, "image", "reference")
        if reference:
            yield normalized_name(reference)


def _spread_size(snapshot: Snapshot, node: NodeInfo, image: str) -> int:
    """An image's size times the share of nodes that have it: few nodes shall not attract all pods."""
    state = snapshot.image(image)
    if image not in node.images or state is None:
        return 0
    return int(state.size * (state.nodes / len(snapshot)))
