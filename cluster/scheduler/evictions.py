"""Carrying out a preemption: mark and delete the victims, one write at a time.

pkg/scheduler/framework/preemption/executor.go. Until all victims are on their way no other pod is scheduled.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.machinery.component import Context, Preconditions
from cluster.machinery.story import FOLDED, NARRATED, Story, object_reference
from cluster.objects.documents import Document
from cluster.objects.metadata import is_being_deleted
from cluster.scheduler import conditions
from cluster.scheduler.queue import SchedulingQueue


def evict_next(context: Context, queue: SchedulingQueue, waiting: Mapping[str, Document], scheduler: str) -> None:
    """Make the next write of the preemptions under way, if there is one."""
    for key in queue.preempting:
        for namespace, name, uid in queue.pods[key]["victims"]:
            victim = context.get("pods", namespace, name)
            if victim is None or victim["metadata"]["uid"] != uid or is_being_deleted(victim):
                continue
            _evict(context, waiting[key], victim, scheduler)
            return
        queue.evicted(key)


def _evict(context: Context, pod: Document, victim: Document, scheduler: str) -> None:
    node = victim["spec"]["nodeName"]
    args = {"pod": pod["metadata"]["name"], "victim": victim["metadata"]["name"], "node": node}
    objects = (object_reference("pods", pod),)
    marked = conditions.preempted(victim, scheduler, context.now)
    if marked is not victim:
        context.update(marked, subresource="status", story=Story("scheduler.disrupt", args, FOLDED, objects))
        return
    note = f"Preempted by pod {pod['metadata']['uid']} on node {node}"
    context.event(victim, "Normal", "Preempted", note, action="Preempting", related=pod)
    meta = victim["metadata"]
    context.delete(
        "pods", meta["namespace"], meta["name"], preconditions=Preconditions(uid=meta["uid"]),
        story=Story("scheduler.evict", args, NARRATED, objects),
    )
