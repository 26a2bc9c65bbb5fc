"""kube-scheduler as a component: takes the first pod of its queue, decides, and binds it or says why not.

pkg/scheduler/scheduler.go, pkg/scheduler/schedule_one.go, pkg/scheduler/eventhandlers.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects.documents import Document, dig
from cluster.objects.metadata import is_being_deleted
from cluster.scheduler import conditions, diagnosis
from cluster.scheduler.decision import Decision, Outcome
from cluster.scheduler.events import EVENT_KEY, ClusterEvent, assigned_pod_events, is_assigned, is_finished, node_events
from cluster.scheduler.evictions import evict_next
from cluster.scheduler.framework import DEFAULT_SCHEDULER, Profile
from cluster.scheduler.profile import default_profile
from cluster.scheduler.queue import GATED, SchedulingQueue
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot, pod_key

CYCLE: Key = ("cycle",)
RESTART: Key = ("restart",)
QUEUE: Key = ("queue",)  # in memory


class Scheduler(Component):
    """Keys: ("cycle",) tries one pod; ("event", …) tells the queue of a change; ("restart",) begins a new queue."""

    name = DEFAULT_SCHEDULER
    watches = ("pods", "nodes")

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or default_profile()

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "nodes":
            found = node_events(change.old, change.new)
        else:
            found = assigned_pod_events(change.old, change.new)
            if self._concerns_queue(change.old, change.new):
                yield CYCLE
        for event in found:
            if event.kind in self.profile.events:
                yield event.key()

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return [RESTART]

    def reconcile(self, context: Context, key: Key) -> None:
        if key == RESTART:
            context.forget(QUEUE)
            context.again(0, CYCLE)
            return
        queue = SchedulingQueue(context.memory(QUEUE), self.profile, context.now)
        if key[0] == EVENT_KEY and not queue.rejected:
            return
        pods = context.list("pods")
        waiting = {pod_key(pod): pod for pod in pods if self._waits(pod)}
        queue.sync(waiting)
        if key[0] == EVENT_KEY:
            queue.move(ClusterEvent.of_key(key), waiting)
            context.again(0, CYCLE)
        else:
            queue.flush()
            self._cycle(context, queue, pods, waiting)
        context.remember(QUEUE, queue.data)

    # --- one cycle ---------------------------------------------------------------------------------------------------

    def _cycle(
        self, context: Context, queue: SchedulingQueue, pods: Iterable[Document], waiting: Mapping[str, Document]
    ) -> None:
        self._mark_gated(context, queue, waiting)
        if not context.wrote:
            evict_next(context, queue, waiting, self.profile.scheduler_name)
        if context.wrote:
            return
        key = queue.head()
        if key is None:
            wake = queue.next_wake()
            if wake is not None:
                context.again(wake - context.now, CYCLE, quiet=True)
            return
        # The next pod's turn; after a write the engine calls again by itself.
        context.again(context.settings.write, CYCLE)
        pod = waiting[key]
        if is_being_deleted(pod):
            context.event(pod, "Warning", "FailedScheduling", f"skip schedule deleting pod: {key}", action="Scheduling")
            queue.skip(key)
            return
        snapshot = Snapshot.of(context.list("nodes"), pods, context)
        decision = decide(pod, snapshot, self.profile, context.random, queue.start_index)
        queue.start_index = decision.next_start_index
        if decision.outcome is Outcome.SCHEDULED:
            decision = self._permitted(pod, decision)
        if decision.outcome is not Outcome.SCHEDULED:
            self._report(context, pod, decision)
            queue.failed(key, decision.rejectors)
            queue.evict(key, decision.victims)
        elif self._bind(context, pod, decision):
            queue.done(key)

    def _mark_gated(self, context: Context, queue: SchedulingQueue, waiting: Mapping[str, Document]) -> None:
        """The API server gives a gated pod its condition when it is created; make up for one that lacks it."""
        for key, known in queue.pods.items():
            if known["place"] != GATED:
                continue
            pod = waiting[key]
            marked = conditions.not_scheduled(
                pod, conditions.SCHEDULING_GATED, conditions.GATED_MESSAGE, context.now
            )
            if marked is not pod:
                gates = ", ".join(gate["name"] for gate in pod["spec"]["schedulingGates"])
                story = Story("scheduler.gated", {"pod": pod["metadata"]["name"], "gates": gates}, NARRATED)
                context.update(marked, subresource="status", story=story)
                return

    def _permitted(self, pod: Document, decision: Decision) -> Decision:
        """The decision after Permit: as it was, or a rejection when a plugin objects."""
        verdicts = [(plugin, plugin.permit(pod, decision.chosen)) for plugin in self.profile.permit]
        for plugin, status in verdicts:
            if not status.is_success:
                return replace(
                    decision, outcome=Outcome.UNSCHEDULABLE, chosen="", message=status.message, rejectors=(plugin.name,)
                )
        return decision

    def _bind(self, context: Context, pod: Document, decision: Decision) -> bool:
        """PreBind to PostBind; whether the pod was bound. After a write by PreBind it waits for its next turn."""
        node = decision.chosen
        for plugin in self.profile.pre_bind:
            if not plugin.pre_bind(context, pod, node, None).is_success:
                return False
        story, why = _bind_story(pod, decision), decision.why()
        for plugin in self.profile.bind:
            if plugin.bind(context, pod, node, story, why):
                break
        context.event(pod, "Normal", "Scheduled", decision.message, action="Binding")
        for plugin in self.profile.post_bind:
            plugin.post_bind(context, pod, node)
        return True

    def _report(self, context: Context, pod: Document, decision: Decision) -> None:
        """Event and condition of a pod that found no node. The same condition again is no write."""
        note = diagnosis.event_note(decision.message)
        context.event(pod, "Warning", "FailedScheduling", note, action="Scheduling")
        marked = conditions.not_scheduled(pod, conditions.UNSCHEDULABLE, decision.message, context.now)
        marked = conditions.with_nomination(marked, decision.nominated)
        if marked is not pod:
            story = _failure_story(pod, decision)
            context.update(marked, subresource="status", story=story, why=decision.why())

    # --- which pods --------------------------------------------------------------------------------------------------

    def _waits(self, pod: Document | None) -> bool:
        """Whether a pod is this scheduler's to place."""
        if pod is None or is_assigned(pod) or is_finished(pod):
            return False
        return dig(pod, "spec", "schedulerName", default=DEFAULT_SCHEDULER) == self.profile.scheduler_name

    def _concerns_queue(self, old: Document | None, new: Document | None) -> bool:
        """Whether a change of a pod adds it to the queue, removes it or may change its place; a new status does not."""
        waited, waits = self._waits(old), self._waits(new)
        if not (waited and waits) or old is None or new is None:
            return waited or waits
        return old["spec"] != new["spec"] or is_being_deleted(old) != is_being_deleted(new)


def _failure_story(pod: Document, decision: Decision) -> Story:
    name = pod["metadata"]["name"]
    if not decision.nominated:
        return Story("scheduler.unschedulable", {"pod": name, "message": decision.message}, NARRATED)
    objects = (f"nodes//{decision.nominated}", *(object_reference("pods", victim) for victim in decision.victims))
    args = {"pod": name, "node": decision.nominated, "victims": len(decision.victims)}
    return Story("scheduler.preempt", args, NARRATED, objects)


def _bind_story(pod: Document, decision: Decision) -> Story:
    node = decision.chosen
    args: dict[str, str | int] = {
        "pod": pod["metadata"]["name"], "node": node,
        "feasible": len(decision.feasible), "nodes": decision.total_nodes,
    }
    objects = (object_reference("pods", pod), f"nodes//{node}")
    runner_up = decision.runner_up
    if runner_up is None:
        return Story("scheduler.bind-only", args, NARRATED, objects)
    args |= {
        "score": decision.verdict(node).total, "runner_up": runner_up.node, "runner_up_score": runner_up.total,
    }
    tied = args["score"] == args["runner_up_score"]
    return Story("scheduler.bind-tie" if tied else "scheduler.bind", args, NARRATED, objects)
