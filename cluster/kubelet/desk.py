"""What the parts of a Pod worker share: the Pod, the runtime's row, the private note, events, waits, the status.

What the runtime has lies in the row host/containers (node, uid); what the worker itself knows (what it is doing, what
it waits for, back-offs, results of probes) is its private note. Times are virtual ms.

The row: pod [namespace, name]; boot: which start of the machine it belongs to; sandbox {since, attempt} or null;
attempt: the last sandbox's; ip; pulling {container, image, began, due} or null; containers: name -> record.
A record: state "running" or "exited", attempt (restarts), sandbox, started, id, image, image_id, spec_image; stopping, and
stop {began, signal, kill, hook, signalled, heard} while it is being stopped; when it has exited finished, code, reason,
message; last: the previous run's id, started, finished, code, reason, message.
"""

from __future__ import annotations

from typing import Any

from cluster.kubelet import status
from cluster.machinery.component import Context
from cluster.machinery.story import FOLDED, NARRATED, NORMAL, Story
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import pod as pods

CONTAINERS = "host/containers"
KUBELET = "host/kubelet"
MACHINES = "host/machines"

Record = dict[str, Any]  # one container in the row


def ended(record: Record, at: int, code: int, reason: str) -> Record:
    """The record of a container that has ended."""
    kept = {name: value for name, value in record.items() if name != "stop"}
    return {**kept, "state": "exited", "finished": at, "code": code, "reason": reason}


class Desk:
    """One Pod on the desk of its worker. Lives for one reconcile; everything that stays is in the row and in the note."""

    def __init__(self, context: Context, key: Key, pod: Document, work: dict[str, Any] | None) -> None:
        self.context, self.key, self.pod = context, key, pod
        self.node, self.namespace, self.name = key
        self.now, self.settings = context.now, context.settings
        self.uid = pods.runtime_uid(pod)
        self.known = work is not None
        self.work: dict[str, Any] = work or {"uid": self.uid, "begun": self.now}
        self.row: dict[str, Any] | None = context.host(CONTAINERS, (self.node, self.uid))
        self.dues: list[tuple[int, bool]] = []

    # --- waiting ---------------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        if self.dues:
            due = min(when for when, _ in self.dues)
            self.context.again(due - self.now, quiet=all(quiet for _, quiet in self.dues))

    def _expect(self, due: int, *, quiet: bool = False) -> None:
        self.dues.append((due, quiet))

    def _is_held(self, name: str) -> bool:
        """Whether a container waits for a moment (back-off, retry); a wait that is over is forgotten."""
        hold = self._noted("hold", name)
        if hold is None:
            return False
        due, quiet, image = hold
        if due > self.now and image == self._image(name):
            self._expect(due, quiet=quiet)
            return True
        self._note_of("hold", name, None)
        return False

    def _hold(self, name: str, due: int, *, quiet: bool) -> None:
        self._note_of("hold", name, [due, quiet, self._image(name)])
        self._expect(due, quiet=quiet)

    def _image(self, name: str) -> str:
        """The image that a container is to have: with another one it need not wait any longer. "" for the sandbox."""
        return str(self._container(name)["image"]) if name else ""

    # --- notes, rows, events ---------------------------------------------------------------------------------------

    def _note(self, **changes: Any) -> None:
        """Change the private note; None removes a field."""
        self.work = {name: value for name, value in {**self.work, **changes}.items() if value is not None}
        self.context.remember(self.key, self.work)

    def _note_of(self, field: str, name: str, value: Any) -> None:
        """Change the part of a note that belongs to one container or image."""
        entries = {key: kept for key, kept in self.work.get(field, {}).items() if key != name}
        if value is not None:
            entries[name] = value
        self._note(**{field: entries})

    def _noted(self, field: str, name: str) -> Any:
        return self.work.get(field, {}).get(name)

    @property
    def records(self) -> dict[str, Record]:
        return self.row["containers"] if self.row else {}

    def _write_row(self, story: Story, **changes: Any) -> None:
        self.row = {**(self.row or {}), **changes}
        self.context.set_host(CONTAINERS, (self.node, self.uid), self.row, story=story)

    def _set_records(self, changes: dict[str, Record]) -> None:
        """Change records as a part of what has just been written."""
        assert self.row is not None
        self.row = {**self.row, "containers": {**self.records, **changes}}
        self.context.keep(CONTAINERS, (self.node, self.uid), self.row)

    def _write_records(self, changes: dict[str, Record], story: Story, **more: Any) -> None:
        self._write_row(story, containers={**self.records, **changes}, **more)

    def _story(self, name: str, weight: int = NORMAL, **args: Any) -> Story:
        pod = f"pods/{self.namespace}/{self.name}"
        return Story(f"kubelet.{name}", {"pod": pod, "node": f"nodes//{self.node}", **args}, weight, (pod,))

    def _event(self, type: str, reason: str, message: str, container: str = "") -> None:
        path = ""
        if container:
            group = "initContainers" if container in {c["name"] for c in pods.init_containers(self.pod)} else "containers"
            path = f"spec.{group}{{{container}}}"
        self.context.event(self.pod, type, reason, message, field_path=path, host=self.node)

    def _container(self, name: str) -> Document:
        return next(c for c in [*pods.init_containers(self.pod), *pods.containers(self.pod)] if c["name"] == name)

    def _host_ip(self) -> str:
        return str(self.context.host("host/machines", (self.node,))["ip"])

    def _boot(self) -> int:
        return int(self.context.host(KUBELET, (self.node,)).get("boot", 1))

    def _is_deleted(self) -> bool:
        return "deletionTimestamp" in self.pod["metadata"]

    def _running(self) -> dict[str, Record]:
        return {name: record for name, record in self.records.items() if record["state"] == "running"}

    # --- status ----------------------------------------------------------------------------------------------------

    def _post_status(self) -> None:
        if self.work.get("gone"):
            return
        wanted = status.compute(self.pod, self.row, self.work, self._host_ip(), self.now)
        if wanted == self.pod.get("status"):
            return
        changed = {**self.pod, "status": wanted}
        self.pod = self.context.update(changed, subresource="status", story=self._status_story(changed))

    def _status_story(self, changed: Document) -> Story:
        if pods.is_ready(changed) and not pods.is_ready(self.pod):
            return self._story("ready", NARRATED, ip=pods.ip(changed))
        if pods.phase(changed) != pods.phase(self.pod) and pods.is_terminal(changed):
            return self._story("completed" if pods.phase(changed) == "Succeeded" else "failed", NORMAL)
        for container in [*pods.init_containers(changed), *pods.containers(changed)]:
            now = pods.container_status(changed, container["name"]) or {}
            before = pods.container_status(self.pod, container["name"]) or {}
            reason = dig(now, "state", "waiting", "reason", default="")
            if reason != dig(before, "state", "waiting", "reason", default="") and reason.endswith("BackOff"):
                return self._story("backoff", NORMAL, container=container["name"], reason=reason)
            unready = before.get("ready") and not now.get("ready")
            if unready and "running" in now["state"] and not self._is_deleted():
                return self._story("probe-failed", NARRATED, container=container["name"])
        return self._story("status", FOLDED)
