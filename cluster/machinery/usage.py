"""What Pods use, as a metrics server and the kernel would tell: computed when somebody asks.

A container takes what its image takes at rest, what the requests that reach it cost (see `load`), and what its own
processes demand. It cannot use more CPU than its limit. metrics-server scrapes every 15 s and needs two scrapes of a
container, so a young one is not known to it yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cluster.apiserver.reader import Reader
from cluster.containers.serving import Serving
from cluster.machinery import load
from cluster.machinery.load import COST, DEMANDS, LOAD, demand_at, load_key
from cluster.objects import metadata, quantity, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.pod_amounts import container_amounts

__all__ = [
    "COST", "DEMANDS", "LOAD", "WINDOW", "Details", "Usage", "details", "growth", "killed_at", "known_from", "load_key",
    "machine_memory", "most_growth", "moves", "next_steps", "of_node", "of_pod", "scraped_at",
]

WINDOW = 15 * times.SECOND
# What a machine uses for itself: kubelet, container runtime, kernel.
MACHINE_CPU, MACHINE_MEMORY = 40, 300 << 20
# What a shell, a sleep and the like take.
SMALL_PROCESS = 1 << 20
SMALL = frozenset({"sh", "bash", "ash", "dash", "sleep", "tail", "cat", "echo", "true", "false", "env", "date", "touch"})


class Usage(NamedTuple):
    """What one container uses: millicores and bytes."""

    container: str
    cpu: int
    memory: int


class Details(NamedTuple):
    """What a running container uses and why, for those who look closely. CPU in millicores, memory in bytes."""

    container: str
    cpu: int
    memory: int
    cpu_request: int | None
    cpu_limit: int | None
    memory_request: int | None
    memory_limit: int | None
    wanted_cpu: int  # what it would take without a limit
    throttled: int  # which part of that it does not get, in thousandths
    rate: int  # requests that come, per 1,000 seconds
    answer: int  # ms until a request is answered; 0 without requests
    line: int  # requests in line
    refused: int  # requests that find the line full, per 1,000 seconds


def scraped_at(now: int) -> int:
    """When the metrics server looked last."""
    return now // WINDOW * WINDOW


def of_pod(reader: Reader, pod: Document) -> list[Usage] | None:
    """What a Pod's containers use; None while nobody knows."""
    if pods.phase(pod) != "Running" or metadata.is_being_deleted(pod):
        return None
    running = [container for container in pods.containers(pod) if _is_known(pod, container, reader.now)]
    if len(running) < len(pods.containers(pod)):
        return None
    return [Usage(*details_of(reader, pod, container)[:3]) for container in running]


def details(reader: Reader, pod: Document) -> list[Details]:
    """What the running containers of a Pod use, sidecars included, whether or not the metrics server knows them yet."""
    every = [*(one for one in pods.init_containers(pod) if pods.is_sidecar(one)), *pods.containers(pod)]
    return [details_of(reader, pod, container) for container in every if load.is_running(pod, container["name"])]


def details_of(reader: Reader, pod: Document, container: Document) -> Details:
    """What one running container uses."""
    now, name = reader.now, container["name"]
    rest, serving = at_rest(container), load.serving(reader, pod, container)
    demanded = demands(reader, pod, name, now)
    requests = {kind: container_amounts(container, kind) for kind in ("requests", "limits")}
    cpu_limit = _milli(requests["limits"].get("cpu"))
    wanted = rest[0] + demanded[0] + (max(serving.wanted_cpu(), serving.cpu_at(now)) if serving else 0)
    got = rest[0] + demanded[0] + (serving.cpu_at(now) if serving else 0)
    got = min(got, load.cores_of(reader, pod, name))
    return Details(
        container=name, cpu=got, memory=memory_at(rest[1], serving, demanded[1], now),
        cpu_request=_milli(requests["requests"].get("cpu")), cpu_limit=cpu_limit,
        memory_request=_bytes(requests["requests"].get("memory")), memory_limit=_bytes(requests["limits"].get("memory")),
        wanted_cpu=wanted, throttled=(wanted - got) * 1_000 // wanted if wanted else 0,
        rate=serving.rate if serving else 0, answer=serving.answer_at(now) if serving else 0,
        line=round(serving.line_at(now)) if serving else 0, refused=round(serving.refused_at(now) * 1_000) if serving else 0,
    )


def moves(reader: Reader, pod: Document) -> bool:
    """Whether what a Pod uses changes with time alone: a line that grows or shrinks, a leak, what its processes do next."""
    for container in pods.containers(pod):
        serving = load.serving(reader, pod, container)
        if serving is not None and serving.moves(reader.now):
            return True
        if any(at > reader.now for at, _, _ in _steps(reader, pod, container["name"])):
            return True
    return False


def next_steps(reader: Reader, pod: Document) -> list[int]:
    """When a Pod's processes will take another amount than before (ms)."""
    return [at for container in pods.containers(pod) for at, _, _ in _steps(reader, pod, container["name"]) if at > reader.now]


def growth(reader: Reader, pod: Document) -> Callable[[int], int]:
    """By how many bytes a Pod will have grown at a later time (ms) if nothing touches it, as a function of that time."""
    found = [
        (load.serving(reader, pod, container), _steps(reader, pod, container["name"])) for container in pods.containers(pod)
    ]

    def used(at: int) -> int:
        return sum((serving.memory_at(at) if serving else 0) + demand_at(steps, at)[1] for serving, steps in found)

    now = used(reader.now)
    return lambda at: used(at) - now


def of_node(reader: Reader, node: Document) -> tuple[int, int] | None:
    """What runs on a node and the machine itself, together (millicores, bytes); None for one that does not answer."""
    if not nodes.is_ready(node):
        return None
    used = [
        one for pod in reader.pods_on(metadata.name(node)) if pods.phase(pod) == "Running" for one in of_pod(reader, pod) or ()
    ]
    own = machine_memory(quantity.value(dig(node, "status", "capacity", "memory", default="0")))
    return MACHINE_CPU + sum(one.cpu for one in used), own + sum(one.memory for one in used)


def most_growth(reader: Reader, pod: Document, until: int) -> int:
    """No fewer bytes than a Pod will ever have grown by up to a time: a quick look before a close one."""
    total = 0
    for container in pods.containers(pod):
        serving, steps = load.serving(reader, pod, container), _steps(reader, pod, container["name"])
        if serving is not None:
            total += max(0, serving.most_memory(until) - serving.memory_at(reader.now))
        present = demand_at(steps, reader.now)[1]
        total += max([0, *(memory - present for at, _, memory in steps if reader.now < at <= until)])
    return total


def machine_memory(capacity: int) -> int:
    """Bytes that a machine needs for itself: kernel, container runtime, kubelet."""
    return min(MACHINE_MEMORY, capacity // 8)


def killed_at(reader: Reader, pod: Document, container: Document) -> int | None:
    """When requests will have made a container need more memory than its limit; None as long as they never do.

    Holds until something comes to it that is not known now, which host/traffic tells. What its own processes take by
    themselves is counted; that they alone take too much is not found here.
    """
    limit, serving = _bytes(_limit_of(pod, container)), load.serving(reader, pod, container)
    if limit is None or serving is None:
        return None
    steps = _steps(reader, pod, container["name"])
    begins = sorted({reader.now, *(at for at, _, _ in steps if at > reader.now)})
    for begin, end in zip(begins, [*begins[1:], None], strict=True):
        room = limit - at_rest(container)[1] - demand_at(steps, begin)[1]
        due = serving.at(begin).outgrows(room) if room >= 0 else None
        if due is not None and (end is None or due < end):
            return due
    return None


def _limit_of(pod: Document, container: Document) -> str | None:
    own = container_amounts(container, "limits").get("memory")
    return own or dig(pod, "spec", "resources", "limits", "memory")


def at_rest(container: Document) -> tuple[int, int]:
    """Millicores and bytes of a container that has nothing to do: of its image's own server, or of another small process."""
    image, command = load.image_of(container), container.get("command") or []
    program = command[0].rpartition("/")[2] if command else ""
    if program and not {program, command[0]} & image.programs and not (image.generic and program not in SMALL):
        return 0, SMALL_PROCESS
    return image.idle_cpu, image.memory


def memory_at(rest: int, serving: Serving | None, demanded: int, now: int) -> int:
    """Bytes that a container uses at a time."""
    return rest + demanded + (serving.memory_at(now) if serving else 0)


def demands(reader: Reader, pod: Document, container: str, now: int) -> tuple[int, int]:
    """Millicores and bytes that a container's processes take by themselves."""
    return demand_at(_steps(reader, pod, container), now)


def _steps(reader: Reader, pod: Document, container: str) -> list[tuple[int, int, int]]:
    """From when on its processes take how much: (ms, millicores, bytes), in order of time."""
    row = reader.host(DEMANDS, (pods.node_name(pod), pods.runtime_uid(pod))) or {}
    return [(at, cpu, memory) for at, cpu, memory in row.get(container, [])]


def _milli(amount: str | None) -> int | None:
    return None if amount is None else quantity.milli_value(amount)


def _bytes(amount: str | None) -> int | None:
    return None if amount is None else quantity.value(amount)


def known_from(pod: Document) -> int | None:
    """When the metrics server will know a running Pod; None while a container does not run."""
    starts = [_started(pod, container) for container in pods.containers(pod)]
    known = [start for start in starts if start is not None]
    if len(known) < len(starts) or not known:
        return None
    return -(-(max(known) + WINDOW) // WINDOW) * WINDOW


def _is_known(pod: Document, container: Document, now: int) -> bool:
    started = _started(pod, container)
    return started is not None and started + WINDOW <= scraped_at(now)


def _started(pod: Document, container: Document) -> int | None:
    status = pods.container_status(pod, container["name"])
    started = dig(status, "state", "running", "startedAt")
    return times.parse(started) if started else None
