"""Carrying out a preemption: less important pods lose their claim on the node, then the victims go, one write at a time.

pkg/scheduler/framework/preemption/executor.go. Until all victims are on their way no other pod is scheduled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from cluster.machinery.component import Context, Preconditions
from cluster.machinery.story import FOLDED, NARRATED, NORMAL, Story, object_reference
from cluster.objects.documents import Document, dig
from cluster.objects.metadata import is_being_deleted
from cluster.scheduler import conditions
from cluster.scheduler.events import is_assigned
from cluster.scheduler.framework import DEFAULT_SCHEDULER
from cluster.scheduler.queue import SchedulingQueue
from cluster.scheduler.snapshot import nominated_node, pod_key, priority_of


def evict_next(
    context: Context, queue: SchedulingQueue, waiting: Mapping[str, Document], cancel: Callable[[str], None]
) -> None:
    """Make the next write of the preemptions under way, if there is one.

    A victim that is still in its binding cycle is not deleted: `cancel` ends the cycle of that key.
    """
    for key in queue.preempting:
        victim = next(_left(context, queue, queue.pods[key]["victims"]), None)
        if victim is None:
            queue.evicted(key)
            continue
        if not is_assigned(victim):
            cancel(pod_key(victim))
            return
        pod = waiting[key]
        marked = conditions.preempted(victim, _scheduler_of(pod), context.now)
        if marked is victim:
            _evict(context, pod, victim)
        elif not _take_back(context, pod, victim["spec"]["nodeName"], waiting.values()):
            _mark(context, pod, marked)
        return


def _left(context: Context, queue: SchedulingQueue, victims: Iterable[list[str]]) -> Iterator[Document]:
    """The victims that are not being deleted yet, on their node or about to be bound to it."""
    for namespace, name, uid in victims:
        victim = context.get("pods", namespace, name)
        if victim is None or victim["metadata"]["uid"] != uid or is_being_deleted(victim):
            continue
        if is_assigned(victim) or pod_key(victim) in queue.binding:
            yield victim


def _take_back(context: Context, pod: Document, node: str, waiting: Iterable[Document]) -> bool:
    """Take the nomination of one less important pod for the node back, so that it looks for another one soon.

    Whether there was one (getLowerPriorityNominatedPods).
    """
    other = next((w for w in waiting if nominated_node(w) == node and priority_of(w) < priority_of(pod)), None)
    if other is None:
        return False
    args = {"pod": pod["metadata"]["name"], "other": other["metadata"]["name"], "node": node}
    story = Story("scheduler.take-back", args, NORMAL, (object_reference("pods", pod),))
    context.update(conditions.with_nomination(other, ""), subresource="status", story=story)
    return True


def _mark(context: Context, pod: Document, marked: Document) -> None:
    story = Story("scheduler.disrupt", _args(pod, marked), FOLDED, (object_reference("pods", pod),))
    context.update(marked, subresource="status", story=story)


def _evict(context: Context, pod: Document, victim: Document) -> None:
    note = f"Preempted by pod {pod['metadata']['uid']} on node {victim['spec']['nodeName']}"
    context.event(
        victim, "Normal", "Preempted", note, action="Preempting", related=pod, source=_scheduler_of(pod),
    )
    meta = victim["metadata"]
    context.delete(
        "pods", meta["namespace"], meta["name"], preconditions=Preconditions(uid=meta["uid"]),
        story=Story("scheduler.evict", _args(pod, victim), NARRATED, (object_reference("pods", pod),)),
    )


def _scheduler_of(pod: Document) -> str:
    return str(dig(pod, "spec", "schedulerName", default=DEFAULT_SCHEDULER))


def _args(pod: Document, victim: Document) -> dict[str, str]:
    return {
        "pod": pod["metadata"]["name"], "victim": victim["metadata"]["name"], "node": victim["spec"]["nodeName"],
    }
