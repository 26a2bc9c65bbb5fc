"""What lies on a node's disk: images, what containers write into their own layer, emptyDir volumes."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.containers.machine import Machine
from cluster.kubelet import runtime
from cluster.machinery import load
from cluster.objects import times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.pod_amounts import container_amounts
from cluster.storage import contents

STORAGE = "ephemeral-storage"
IMAGES = "host/images"
CONTAINERS = "host/containers"
# What the machine itself takes: the system, logs, the container runtime.
SYSTEM = 2 << 30
# Images are pulled compressed; unpacked they take about so many times as much.
UNPACKED = 2.6
# Of a log file that is there at all.
LOG = 4 << 10
# How far ahead is looked for what a Pod writes next.
FORESIGHT = times.HOUR


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
    """Bytes that the running containers of a Pod have written into their own layers and logs."""
    machine, found = _machine(reader, pod), {}
    for container in pods.containers(pod):
        name = container["name"]
        if load.is_running(pod, name):
            layer = 0 if container.get("volumeMounts") else load.image_of(container).layer
            found[name] = LOG + layer + _written(machine, name)
    return found


def of_volumes(reader: Reader, pod: Document) -> dict[str, int]:
    """Bytes in the emptyDir volumes of a Pod that lie on the disk."""
    machine, uid = _machine(reader, pod), pods.runtime_uid(pod)
    if machine is None:
        return {}
    names = [
        volume["name"] for volume in pod["spec"].get("volumes") or []
        if volume.get("emptyDir") is not None and volume["emptyDir"].get("medium") != contents.MEMORY
    ]
    trees = {name: machine.volumes.get(f"emptydir/{uid}/{name}") for name in names}
    return {name: tree.used for name, tree in trees.items() if tree is not None}


def is_limited(pod: Document) -> bool:
    """Whether anything of a Pod's local storage is limited, so that it is looked at closely."""
    sizes = [dig(volume, "emptyDir", "sizeLimit") for volume in pod["spec"].get("volumes") or []]
    return any(size is not None for size in sizes) or any(
        STORAGE in container_amounts(container, "limits") for container in pods.containers(pod)
    )


def next_write(reader: Reader, pod: Document) -> int | None:
    """When a Pod whose storage is limited changes something in its files by itself; None when that is not foreseen."""
    machine = _machine(reader, pod) if is_limited(pod) else None
    if machine is None:
        return None
    future = machine.look_ahead(reader.now + FORESIGHT, None)
    later = [turn for turn in future.turns if turn > reader.now]
    return min(later) if later else None


def _machine(reader: Reader, pod: Document) -> Machine | None:
    """The Pod's processes and files: as they are now where a limit counts, else as they were when last touched."""
    site = runtime.site_of(reader, pod, pods.node_name(pod))
    if site is None:
        return None
    return runtime.present(reader, site, reader.now, None).own if is_limited(pod) else runtime.kept_machine(reader, site)


def _written(machine: Machine | None, container: str) -> int:
    """How much larger a container's root file system is than its image."""
    if machine is None or container not in machine.layers:
        return 0
    return max(0, machine.layers[container].used - machine.software[container].files.used)
