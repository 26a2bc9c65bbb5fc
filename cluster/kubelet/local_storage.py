"""What lies on a node's disk: images, what containers write into their own layer, emptyDir volumes."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.machinery import load
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods

IMAGES = "host/images"
CONTAINERS = "host/containers"
# What the machine itself takes: the system, logs, the container runtime.
SYSTEM = 2 << 30
# Images are pulled compressed; unpacked they take about so many times as much.
UNPACKED = 2.6
# Of a log file that is there at all.
LOG = 4 << 10


def of_machine(capacity: int) -> int:
    """Bytes that a machine's own system takes of its disk."""
    return min(SYSTEM, capacity // 16)


def of_images(reader: Reader, node: str) -> int:
    """Bytes of all images on a node."""
    return int(UNPACKED * sum(size for _, size in reader.hosts(IMAGES, node)))


def unused_images(reader: Reader, node: str) -> list[str]:
    """The images on a node that no container of it uses, by name."""
    used = {
        record["image"] for key, row in reader.world.table(CONTAINERS).items() if key[0] == node
        for record in row["containers"].values()
    }
    return [name for (_, name), _ in reader.hosts(IMAGES, node) if name not in used]


def of_containers(reader: Reader, pod: Document) -> dict[str, int]:
    """Bytes that the containers of a Pod have written into their own layers and logs."""
    return {
        container["name"]: LOG + load.image_of(container).layer
        for container in pods.containers(pod) if load.is_running(pod, container["name"])
    }


def of_volumes(reader: Reader, pod: Document) -> dict[str, int]:
    """Bytes in the emptyDir volumes of a Pod that lie on the disk."""
    return {}
