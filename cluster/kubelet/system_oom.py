"""A machine whose memory is used up: its kernel kills the container that it can spare most, without asking the kubelet.

The score is that of the kernel: the share of the memory that a container takes, plus what the kubelet gives it by the
Pod's class of service (pkg/kubelet/qos/policy.go); the event is that of pkg/kubelet/oom/oom_watcher_linux.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cluster.kubelet.eviction_ranking import is_critical
from cluster.kubelet.eviction_signals import Stats
from cluster.machinery import load, usage
from cluster.machinery.component import Context
from cluster.objects import metadata, times
from cluster.objects.documents import Document, Key
from cluster.objects.kinds import pod as pods

KILLED = 137
GUARANTEED_ADJUSTMENT, BEST_EFFORT_ADJUSTMENT = -997, 1000
FORESIGHT = times.HOUR
# Growth under load is looked at in such steps.
GRID = 10 * times.SECOND
# Until a container that was killed is seen to have ended.
SETTLING = 200
# What is further away than this is nothing that "until quiet" waits for.
LONG = times.MINUTE


class Victim(NamedTuple):
    """A container with its score; the highest one is killed."""

    score: int
    pod: Document
    container: str


def relieve(context: Context, node: str, capacity: int, taken: Sequence[Stats]) -> bool:
    """Kill a container of a machine that has no memory left, or ask to be called when that will be so."""
    due = _starves_at(context, capacity, taken)
    if due is None:
        return False
    if due > context.now:
        context.again(due - context.now, quiet=due - context.now > LONG)
        return False
    context.again(SETTLING)
    if not any(_is_ending(context, node, each.pod) for each in taken):
        _kill(context, node, max(_victims(taken, capacity), key=lambda one: one.score))
    return True


def _starves_at(context: Context, capacity: int, taken: Sequence[Stats]) -> int | None:
    """When more memory is used than there is; None as long as that is not foreseen."""
    now, left = context.now, capacity - usage.machine_memory(capacity) - sum(each.used("memory") for each in taken)
    if left < 0:
        return now
    moving = [each.pod for each in taken if usage.moves(context, each.pod)]
    if sum(usage.most_growth(context, pod, now + FORESIGHT) for pod in moving) <= left:
        return None
    moments = {at for pod in moving for at in usage.next_steps(context, pod) if at - now <= FORESIGHT}
    if any(context.host(load.TRAFFIC, (pods.node_name(pod), pods.runtime_uid(pod))) for pod in moving):
        moments.update(range(now + GRID, now + FORESIGHT, GRID))
    grown = [usage.growth(context, pod) for pod in moving]
    return next((at for at in sorted(moments) if sum(by(at) for by in grown) > left), None)


def _victims(taken: Sequence[Stats], capacity: int) -> list[Victim]:
    return [
        Victim(used * 1_000 // capacity + adjustment(each.pod, name, capacity), each.pod, name)
        for each in taken for name, used in each.memory.items()
    ]


def adjustment(pod: Document, container: str, capacity: int) -> int:
    """oom_score_adj of a container (GetContainerOOMScoreAdjust)."""
    quality = pods.qos_class(pod)
    if quality == "Guaranteed" or is_critical(pod):
        return GUARANTEED_ADJUSTMENT
    if quality == "BestEffort":
        return BEST_EFFORT_ADJUSTMENT
    spec = next(one for one in [*pods.init_containers(pod), *pods.containers(pod)] if one["name"] == container)
    request = pods.container_requests(spec).get("memory", 0)
    return min(max(1_000 - 1_000 * request // capacity, 1_000 + GUARANTEED_ADJUSTMENT), BEST_EFFORT_ADJUSTMENT - 1)


def _key(node: str, pod: Document) -> Key:
    return (node, metadata.namespace(pod), metadata.name(pod))


def _is_ending(context: Context, node: str, pod: Document) -> bool:
    """Whether a container of the Pod has been killed already and nobody has noticed yet."""
    ends = (context.memory(_key(node, pod)) or {}).get("ends") or {}
    return any(end["at"] <= context.now for end in ends.values())


def _kill(context: Context, node: str, victim: Victim) -> None:
    """Leave word with the Pod's worker that a container is dead."""
    key, container = _key(node, victim.pod), victim.container
    work = context.memory(key)
    if work is None:
        return
    end = {"at": context.now, "code": KILLED, "reason": "OOMKilled"}
    context.remember(key, {**work, "ends": {**(work.get("ends") or {}), container: end}})
    context.again(0, key)
    process = _process(victim.pod, container)
    reference = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "uid": node}}
    text = f"System OOM encountered, victim process: {process}, pid: {_pid(victim.pod)}"
    context.event(reference, "Warning", "SystemOOM", text, host=node)


def _process(pod: Document, container: str) -> str:
    """The name of a container's first process."""
    spec = next(one for one in [*pods.init_containers(pod), *pods.containers(pod)] if one["name"] == container)
    image = load.image_of(spec)
    words = [*(spec.get("command") or image.entrypoint), *image.cmd, container]
    return str(words[0]).rpartition("/")[2][:15]


def _pid(pod: Document) -> int:
    """A process id of the machine, made up from the Pod's uid."""
    return 2_000 + sum(map(ord, metadata.uid(pod))) * 7 % 30_000
