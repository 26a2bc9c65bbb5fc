"""kube-scheduler as a component: takes the first pod of its queue, decides, and binds it or says why not.

pkg/scheduler/scheduler.go, pkg/scheduler/schedule_one.go, pkg/scheduler/eventhandlers.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cluster.apiserver.state import MEMORY
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects.documents import Document
from cluster.objects.metadata import is_being_deleted
from cluster.scheduler import books, conditions, configuration, diagnosis, events
from cluster.scheduler.books import Books
from cluster.scheduler.decision import Decision, Outcome
from cluster.scheduler.events import EVENT_KEY, SOURCES, ClusterEvent, is_assigned, is_finished
from cluster.scheduler.evictions import evict_next
from cluster.scheduler.framework import DEFAULT_SCHEDULER, SUCCESS, Code, Profile, Profiles, Status
from cluster.scheduler.queue import Binding
from cluster.scheduler.schedule import decide
from cluster.scheduler.snapshot import Snapshot

CYCLE: Key = ("cycle",)
RESTART: Key = ("restart",)
# How a binding cycle ends whose pod is preempted: its context is cancelled (pkg/scheduler/framework/preemption/executor.go).
CANCELLED = Status(Code.ERROR, ("context canceled",))


class Scheduler(Component):
    """Keys: ("cycle",) tries one pod; ("event", …) tells the queue of a change; ("restart",) begins a new queue.

    A given profile is the only one; otherwise the cluster's KubeSchedulerConfiguration tells which there are.
    """

    name = DEFAULT_SCHEDULER
    watches = (*SOURCES, configuration.TABLE)

    def __init__(self, profile: Profile | None = None) -> None:
        self._given = None if profile is None else Profiles([profile])

    def profiles(self, view: Reader) -> Profiles:
        return self._given or configuration.profiles(view)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == configuration.TABLE:
            # A real one has to be restarted to read its configuration again.
            yield RESTART
            return
        profiles = self.profiles(view)
        if change.table == "pods" and _concerns_queue(profiles, change.old, change.new):
            yield CYCLE
        counters = view.world.row(MEMORY, (self.name, *books.COUNTERS))
        if counters is None or not counters["idle"]:
            return
        for event in SOURCES[change.table](change.old, change.new):
            if events.concerns(profiles.events, event):
                yield event.key(view.revision)

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return [RESTART]

    def reconcile(self, context: Context, key: Key) -> None:
        if key == RESTART:
            books.forget(context)
            context.again(0, CYCLE)
            return
        opened = books.opened(context, self.profiles(context))
        turn = _Turn(context, opened)
        if key[0] == EVENT_KEY:
            turn.hear(ClusterEvent.of_key(key), events.revision_of(key))
        else:
            turn.cycle()
        opened.close(context)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One reconcile."""

    context: Context
    books: Books

    def hear(self, event: ClusterEvent, revision: int) -> None:
        queue = self.books.queue
        queue.move(event, self.books.cache.waiting, revision)
        if queue.binding or queue.head() is not None:
            self.context.again(0, CYCLE)

    def cycle(self) -> None:
        """Go on with what is under way; when that needs nothing now, try the next pod."""
        context, queue, waiting = self.context, self.books.queue, self.books.cache.waiting
        queue.flush()
        if queue.preempting:
            evict_next(context, queue, dict(sorted(waiting.items())), self._cancel_binding)
        for key in queue.binding:
            if context.wrote:
                break
            self._go_on_binding(key)
        if context.wrote:
            return
        head = queue.head()
        if head is not None:
            # The next pod's turn; after a write the engine calls again by itself.
            context.again(context.settings.write, CYCLE)
            self._try(head)
            return
        wake = queue.next_wake()
        if wake is not None:
            context.again(wake - context.now, CYCLE, quiet=True)

    # --- scheduling cycle --------------------------------------------------------------------------------------------

    def _try(self, key: str) -> None:
        context, queue, pod = self.context, self.books.queue, self.books.cache.waiting[key]
        if is_being_deleted(pod):
            self._event(pod, "Warning", "FailedScheduling", f"skip schedule deleting pod: {key}", "Scheduling")
            queue.skip(key)
            return
        decision = decide(pod, self._snapshot(), self._profile(pod), context.random, queue.start_index)
        queue.start_index = decision.next_start_index
        if decision.outcome is Outcome.SCHEDULED:
            self._begin_binding(key, pod, decision)
            return
        self._report(pod, decision)
        queue.failed(key, decision.rejectors, context.revision)
        queue.evict(key, decision.victims)

    def _profile(self, pod: Document) -> Profile:
        profile = self.books.queue.profiles.of(pod)
        assert profile is not None
        return profile

    def _event(self, pod: Document, type: str, reason: str, message: str, action: str) -> None:
        """Each profile reports under its own name."""
        self.context.event(pod, type, reason, message, action=action, source=self._profile(pod).scheduler_name)

    def _snapshot(self) -> Snapshot:
        """Nodes and pods as the scheduler takes them to be: who is in its binding cycle is on its node."""
        queue, cache = self.books.queue, self.books.cache
        snapshot = cache.snapshot(self.context)
        for key in queue.binding:
            binding = queue.pods[key]["binding"]
            assert binding is not None
            snapshot = snapshot.assuming(cache.waiting[key], binding["node"])
        return snapshot

    def _report(self, pod: Document, decision: Decision) -> None:
        """Event and condition of a pod that found no node. The same condition again is no write."""
        context = self.context
        note = diagnosis.event_note(decision.message)
        self._event(pod, "Warning", "FailedScheduling", note, "Scheduling")
        is_error = decision.outcome is Outcome.ERROR
        reason = conditions.SCHEDULER_ERROR if is_error else conditions.UNSCHEDULABLE
        marked = conditions.not_scheduled(pod, reason, decision.message, context.now)
        marked = conditions.with_nomination(marked, decision.nominated)
        if marked is not pod:
            story = _failure_story(pod, decision)
            context.update(marked, subresource="status", story=story, why=decision.why())

    # --- binding cycle -----------------------------------------------------------------------------------------------

    def _begin_binding(self, key: str, pod: Document, decision: Decision) -> None:
        """Bind the pod at once, or after plugins have prepared what it needs on its node."""
        story = _bind_story(pod, decision)
        binding: Binding = {
            "node": decision.chosen, "notes": dict(decision.notes), "message": decision.message,
            "story": [story.key, dict(story.args), list(story.objects)], "why": decision.why(),
        }
        if any(note is not None for note in decision.notes.values()):
            nominated = conditions.with_nomination(pod, decision.chosen)
            if nominated is not pod:
                args = {"pod": pod["metadata"]["name"], "node": decision.chosen}
                story = Story("scheduler.expect", args, NARRATED, (f"nodes//{decision.chosen}",))
                self.context.update(nominated, subresource="status", story=story, why=binding["why"])
                self.books.queue.reserve(key, binding)
                return
        self._go_on(key, pod, binding)

    def _go_on_binding(self, key: str) -> None:
        queue, pod = self.books.queue, self.books.cache.waiting[key]
        binding = queue.pods[key]["binding"]
        assert binding is not None
        if is_being_deleted(pod):
            queue.skip(key)
            self._free(pod, binding)
            return
        self._go_on(key, pod, binding)

    def _go_on(self, key: str, pod: Document, binding: Binding) -> None:
        queue = self.books.queue
        plugin, status = self._pre_bound(pod, binding)
        if status.code is Code.WAIT:
            if queue.pods[key]["binding"] is not binding:
                queue.reserve(key, binding)
        elif status.is_success:
            self._bind(pod, binding)
            queue.done(key)
        else:
            self._give_up_binding(key, pod, binding, plugin, status)

    def _pre_bound(self, pod: Document, binding: Binding) -> tuple[str, Status]:
        """What the PreBind plugins say in turn: the first that has not succeeded (yet)."""
        for plugin in self._profile(pod).pre_bind:
            status = plugin.pre_bind(self.context, pod, binding["node"], binding["notes"].get(plugin.name))
            if not status.is_success:
                return plugin.name, status
        return "", SUCCESS

    def _bind(self, pod: Document, binding: Binding) -> None:
        context, node, profile = self.context, binding["node"], self._profile(pod)
        key, args, objects = binding["story"]
        story = Story(key, args, NARRATED, tuple(objects))
        for plugin in profile.bind:
            if plugin.bind(context, pod, node, story, binding["why"]):
                break
        self._event(pod, "Normal", "Scheduled", binding["message"], "Binding")
        for plugin in profile.post_bind:
            plugin.post_bind(context, pod, node)

    def _give_up_binding(self, key: str, pod: Document, binding: Binding, plugin: str, status: Status) -> None:
        """PreBind failed: the node is free again, and the pod is tried again after a back-off, whatever happens."""
        rejected = status.is_rejected
        message = status.message if rejected else f'running PreBind plugin "{plugin}": {status.message}'
        outcome = Outcome.UNSCHEDULABLE if rejected else Outcome.ERROR
        self._report(pod, Decision(key, outcome, len(binding["why"]["nodes"]), message=message, nominated=""))
        self.books.queue.failed(key, (), self.context.revision)
        self._free(pod, binding)

    def _cancel_binding(self, key: str) -> None:
        """A pod loses the node that it was about to be bound to, because a more important one preempts it."""
        binding = self.books.queue.pods[key]["binding"]
        assert binding is not None
        plugin = next(name for name, note in binding["notes"].items() if note is not None)
        self._give_up_binding(key, self.books.cache.waiting[key], binding, plugin, CANCELLED)

    def _free(self, pod: Document, binding: Binding) -> None:
        """The room that the pod was assumed to take is free again for others."""
        assumed = {**pod, "spec": {**pod["spec"], "nodeName": binding["node"]}}
        for event in events.pod_events(assumed, None):
            self.books.queue.move(event, self.books.cache.waiting)
        self.context.again(0, CYCLE)


def _concerns_queue(profiles: Profiles, old: Document | None, new: Document | None) -> bool:
    """Whether a change of a pod adds it to the queue, removes it or may change its place; a new status does not."""
    before, after = waits(profiles, old), waits(profiles, new)
    if not (before and after) or old is None or new is None:
        return before or after
    if is_being_deleted(old) != is_being_deleted(new):
        return True
    return old["spec"] is not new["spec"] and old["spec"] != new["spec"]


def waits(profiles: Profiles, pod: Document | None) -> bool:
    """Whether a pod is this scheduler's to place."""
    return pod is not None and not is_assigned(pod) and not is_finished(pod) and profiles.of(pod) is not None


def _failure_story(pod: Document, decision: Decision) -> Story:
    name = pod["metadata"]["name"]
    if decision.outcome is Outcome.ERROR:
        return Story("scheduler.error", {"pod": name, "message": decision.message}, NARRATED)
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
