"""How a Pod worker ends what runs: hooks, signals, grace periods, the order among containers.

pkg/kubelet/kuberuntime/kuberuntime_container.go (killContainer), kuberuntime_termination_order.go.
"""

from __future__ import annotations

from typing import Any

from cluster.apiserver.server import Preconditions
from cluster.containers import images
from cluster.kubelet import eviction, plans, process
from cluster.kubelet.desk import CONTAINERS, Desk, Record
from cluster.machinery.story import FOLDED, NORMAL, Story
from cluster.objects import times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

# A container has at least so long to end (minimumGracePeriodInSeconds of pkg/kubelet/kuberuntime).
MINIMUM_GRACE = 2


class Stopper(Desk):
    """The part of a Pod worker that stops."""

    def _stop(self, running: dict[str, Record], message: str, story: Story) -> None:
        """Ask containers to end: preStop hook, stop signal, and SIGKILL when the grace period is over."""
        grace = self._grace()
        stopped = {}
        for name, record in running.items():
            self._event("Normal", "Killing", message or f"Stopping container {name}", name)
            stopped[name] = self._stopping(name, record, grace)
        self._write_records(stopped, story)

    def _stopping(self, name: str, record: Record, grace: int) -> Record:
        hook = min(_pre_stop(self._container(name)), grace * times.SECOND)
        left = max(grace * times.SECOND - hook, MINIMUM_GRACE * times.SECOND)
        signalled = self.now + hook
        end: dict[str, Any] = {"at": signalled + left, "code": plans.KILLED, "reason": "Error"}
        if record.get("stops", True):
            code = int(record.get("stop_code", images.TERMINATED))
            at = signalled + self.context.jitter(self.settings.container_stop)
            if at < end["at"]:
                end = {"at": at, "code": code, "reason": "Completed" if code == 0 else "Error"}
        own = record.get("end")
        if own is not None and own["at"] < end["at"]:
            end = own
        return {**record, "end": end, "stopping": True}

    def _grace(self) -> int:
        """Seconds that containers have for their end."""
        default = dig(self.pod, "spec", "terminationGracePeriodSeconds", default=30)
        if self.work.get("evicted"):
            default = eviction.GRACE
        return int(self.pod["metadata"].get("deletionGracePeriodSeconds", default))

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
            hurried = {name: self._stopping(name, running[name], self._grace()) for name in targets}
            self._write_records(hurried, self._story("killing", FOLDED, container=", ".join(targets)))

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
        self.context.set_host(CONTAINERS, (self.node, self.uid), left, story=self._story("sandbox-removed", FOLDED))

    def _delete_object(self) -> None:
        self.context.delete(
            "pods", self.namespace, self.name, grace=0, preconditions=Preconditions(uid=self.uid),
            story=self._story("removed", NORMAL),
        )
        self.context.forget(self.key)


def _pre_stop(container: Document) -> int:
    """How long the preStop hook takes (ms)."""
    hook = dig(container, "lifecycle", "preStop", default={})
    if hook.get("sleep"):
        return int(hook["sleep"].get("seconds", 0)) * times.SECOND
    command = dig(hook, "exec", "command", default=[])
    return process.duration(command) if command else 0
