"""How a Pod worker ends what runs: hooks, signals, grace periods, the order among containers.

pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer), kuberuntime_termination_order.go.
"""

from __future__ import annotations

from typing import Any

from cluster.apiserver.server import Preconditions
from cluster.containers.files import FILE
from cluster.containers.machine import Machine
from cluster.kubelet import eviction, handlers, runtime, volumes
from cluster.kubelet.desk import CONTAINERS, Record
from cluster.kubelet.foresight import ASKERS, Foreseer
from cluster.machinery import usage
from cluster.machinery.story import FOLDED, NARRATED, NORMAL, Story
from cluster.objects import times
from cluster.objects.documents import dig
from cluster.objects.kinds import pod as pods
from cluster.storage import contents

# A container has at least so long to end (minimumGracePeriodInSeconds of pkg/kubelet/kuberuntime).
MINIMUM_GRACE = 2


class Stopper(Foreseer):
    """The part of a Pod worker that stops."""

    def _stop(self, running: dict[str, Record], message: str, story: Story, *, grace: int | None = None) -> None:
        """Ask containers to end: preStop hook, stop signal, and SIGKILL when the grace period is over."""
        seconds = self._grace() if grace is None else grace
        stopped = {}
        for name, record in running.items():
            self._event("Normal", "Killing", message or f"Stopping container {name}", name)
            stopped[name] = {**record, "stopping": True, "stop": self._stop_of(name, seconds)}
        self._write_records(stopped, story)
        self._signal_due()

    def _stop_of(self, name: str, grace: int) -> dict[str, Any]:
        """How a container is stopped: `began`, `signal` (when the signal is sent: after the hook), `kill`; in ms."""
        whole = grace * times.SECOND
        hook = dig(self._container(name), "lifecycle", "preStop")
        took = 0
        if hook and grace > 0:
            present = self._present()
            if present is not None:
                took = min(handlers.hook(hook, present.own, self.now, self._target(self._container(name))).took, whole)
        left = max(whole - took // times.SECOND * times.SECOND, MINIMUM_GRACE * times.SECOND)
        stop = {"began": self.now, "signal": self.now + took, "kill": self.now + took + left}
        return {**stop, "hook": True} if hook and grace > 0 else stop

    def _hurried(self, record: Record, grace: int) -> Record:
        """A container whose grace period has been shortened while it is being stopped."""
        stop = record["stop"]
        kill = min(stop["kill"], self.now + max(grace, MINIMUM_GRACE) * times.SECOND)
        return {**record, "stop": {**stop, "kill": kill, "signal": min(stop["signal"], kill)}}

    def _signal_due(self) -> None:
        """Finish the hooks that are over and send the stop signals that are due."""
        waiting = {
            name: record["stop"] for name, record in self._running().items()
            if record.get("stop") and "signalled" not in record["stop"]
        }
        due = [name for name, stop in waiting.items() if stop["signal"] <= self.now]
        for name in waiting:
            if name not in due:
                self._expect(waiting[name]["signal"])
        if not due:
            return
        present = self._present(min(waiting[name]["began"] for name in due))
        if present is None:
            return
        machine, network = present.own, self._network()
        for name in due:
            if waiting[name].get("hook"):
                machine = self._finish_hook(name, machine, waiting[name])
            machine = machine.advance(self.now, network).signal(name, "TERM", self.now, network)
        self._keep(present, machine)
        heard = self.now + self.context.jitter(self.settings.container_stop)
        stopped = {
            name: {**self.records[name], "stop": {**waiting[name], "signalled": self.now, "heard": heard}} for name in due
        }
        self._set_records(stopped)
        self._look(present, machine)

    def _finish_hook(self, name: str, machine: Machine, stop: dict[str, Any]) -> Machine:
        """The preStop hook in earnest; one that takes longer than there is time is left behind."""
        container = self._container(name)
        action = dig(container, "lifecycle", "preStop")
        done = handlers.hook(action, machine, stop["began"], self._target(container))
        if done.problem and stop["began"] + done.took <= self.now:
            self._event("Warning", "FailedPreStopHook", "PreStopHook failed", name)
        return done.machine if done.machine.at <= self.now else machine

    def _grace(self) -> int:
        """Seconds that containers have for their end."""
        default = dig(self.pod, "spec", "terminationGracePeriodSeconds", default=30)
        if self.work.get("evicted"):
            default = eviction.GRACE
        return int(self.pod["metadata"].get("deletionGracePeriodSeconds", default))

    def _grace_after(self, name: str, kind: str) -> int:
        """Seconds that a container has for its end whose probe has failed: the probe's own, if it says so."""
        if "deletionGracePeriodSeconds" in self.pod["metadata"]:
            return self._grace()
        own = dig(self._container(name), f"{kind}Probe", "terminationGracePeriodSeconds")
        return self._grace() if own is None else int(own)

    # --- the end ---------------------------------------------------------------------------------------------------

    def _stop_running(self) -> None:
        """A deleted Pod's containers are stopped; when none runs any more, its status becomes final."""
        running = self._running()
        if running:
            self._stop_in_order(running)
        elif not self.work.get("terminal"):
            self._note(terminal=True, op=None)

    def _leave(self) -> None:
        """The end has been reported: remove the sandbox, then let the object go."""
        if self._running():
            return
        if self.row is not None:
            self._remove_sandbox(None)
        else:
            self._delete_object()

    def _stop_in_order(self, running: dict[str, Record]) -> None:
        """App containers first, then sidecars from the last to the first (kuberuntime_termination_order.go)."""
        sidecars = [c["name"] for c in pods.init_containers(self.pod) if pods.is_sidecar(c)]
        targets = [name for name in running if name not in sidecars]
        targets = targets or [name for name in reversed(sidecars) if name in running][:1]
        fresh = {name: running[name] for name in targets if not running[name].get("stopping")}
        if fresh:
            self._note(op=None, grace=self._grace())
            name = "deadline" if self.work.get("too_old") and not self._is_deleted() else "killing"
            name = "evicting" if self.work.get("evicted") else name
            self._stop(fresh, "", self._story(name, NORMAL, container=", ".join(fresh)))
        elif self._is_deleted() and self._grace() < self.work.get("grace", self._grace()):
            self._note(grace=self._grace())
            hurried = {name: self._hurried(running[name], self._grace()) for name in targets}
            self._write_records(hurried, self._story("killing", FOLDED, container=", ".join(targets)))
            self._note(again=True)

    def _tear_down(self) -> None:
        """A Pod that is over keeps its containers' records and loses its sandbox."""
        running = self._running()
        if running:
            self._stop_in_order(running)
        elif self.row is not None and self.row.get("sandbox"):
            self._remove_sandbox({**self.row, "sandbox": None, "pulling": None})

    def _remove_sandbox(self, left: dict[str, Any] | None) -> None:
        due = self.work.get("sandbox_stop")
        if due is None:
            due = self.now + (self.context.jitter(self.settings.sandbox_stop) if dig(self.row, "sandbox") else 0)
            self._note(sandbox_stop=due)
        if due > self.now:
            self._expect(due)
            return
        self._note(gone=True if left is None else None, sandbox_stop=None, op=None)
        folders = self._let_volumes_go(forget=left is None)
        story = self._story("sandbox-removed", FOLDED)
        if folders:
            # A folder of a node does not move with the Pods that mount it, which surprises many.
            story = self._story("left-behind", NARRATED, folders=", ".join(folders))
            story = story._replace(objects=(*story.objects, f"nodes//{self.node}"))
        self.context.set_host(CONTAINERS, (self.node, self.uid), left, story=story)

    def _let_volumes_go(self, *, forget: bool) -> list[str]:
        """Unmount what the Pod had mounted; its emptyDirs are gone. Logs stay as long as the Pod does.

        Returns the folders of the node that it leaves files in.
        """
        site = self._site()
        if site is None:
            return []
        if any(contents.is_shared(key) for key, *_ in site.places.values()):
            present = self._present()
            assert present is not None
            self._keep(present, present.own)
        for (table, key), value in volumes.let_go(self.context, site.places, self.node, self.uid).items():
            self.context.keep(table, key, value)
        own = self._site()
        assert own is not None
        self.context.keep(runtime.TABLE, own.key, None if forget else {**own.row, "places": {}})
        self.context.keep(ASKERS, self.key, None)
        self.context.keep(usage.DEMANDS, own.key, None)
        disk = contents.disk(self.node)
        written = contents.written(self.node, contents.tree(self.context, disk))
        folders = {path for key, path, *_ in site.places.values() if key == disk}
        return sorted(path for path in folders if any(file.kind == FILE for _, file in written.walk(path)))

    def _delete_object(self) -> None:
        self.context.delete(
            "pods", self.namespace, self.name, grace=0, preconditions=Preconditions(uid=self.uid),
            story=self._story("removed", NORMAL),
        )
        self.context.forget(self.key)
