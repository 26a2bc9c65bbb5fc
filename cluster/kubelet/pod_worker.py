"""One Pod on one node: from admission to the last byte of its end, one write at a time.

pkg/kubelet/pod_workers.go, pkg/kubelet/kubelet.go (SyncPod, SyncTerminatingPod, SyncTerminatedPod).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster.kubelet import admission, environment, eviction, probes, runtime, static_pods, status, termination, volumes
from cluster.kubelet.desk import CONTAINERS, KUBELET, Record, ended
from cluster.kubelet.foresight import ASKERS
from cluster.kubelet.refreshing import Refresher
from cluster.kubelet.starting import Starter
from cluster.machinery import usage
from cluster.machinery.component import Context
from cluster.machinery.story import NARRATED, NORMAL, Story
from cluster.objects import times
from cluster.objects.documents import Document, Key
from cluster.objects.kinds import pod as pods

# How a container has ended whose machine was switched off.
REBOOT_CODE = 255


def reconcile(context: Context, key: Key) -> None:
    """Bring a Pod of a node one write closer to what its object says. Key: (node, namespace, name)."""
    node, namespace, name = key
    if context.host(KUBELET, (node,)) is None or context.host("host/machines", (node,)) is None:
        return
    if context.memory((node,), {}).get("off"):
        return  # the kubelet's start wakes every Pod of its node
    if static_pods.keep(context, key):
        return
    pod = context.world.row("pods", (namespace, name))
    if pod is not None and pods.node_name(pod) != node:
        pod = None
    work = context.memory(key)
    if work is not None and (pod is None or pods.runtime_uid(pod) != work["uid"]):
        _Orphan(context, key, work).end()
    elif pod is not None:
        _Worker(context, key, pod, work).sync()


class _Orphan:
    """Containers whose Pod object is gone (forced deletion) or replaced by another of the same name."""

    def __init__(self, context: Context, key: Key, work: dict[str, Any]) -> None:
        self.context, self.key, self.work = context, key, work

    def end(self) -> None:
        context, row_key = self.context, (self.key[0], self.work["uid"])
        row = context.host(CONTAINERS, row_key)
        if row is None:
            context.forget(self.key)
            context.again(0)
            return
        running = [name for name, record in row["containers"].items() if record["state"] == "running"]
        due = self.work.get("orphaned")
        if due is None:
            due = context.now + (context.jitter(context.settings.container_stop) if running else 0)
            context.remember(self.key, {**self.work, "orphaned": due})
            for name in running:
                self._tell_killing(name)
        if due > context.now:
            context.again(due - context.now)
            return
        args = {"pod": f"pods/{self.key[1]}/{self.key[2]}", "node": f"nodes//{self.key[0]}"}
        self._let_volumes_go(row_key)
        context.set_host(CONTAINERS, row_key, None, story=Story("kubelet.orphan-removed", args, NORMAL))
        context.forget(self.key)

    def _let_volumes_go(self, row_key: Key) -> None:
        processes = self.context.host(runtime.TABLE, row_key)
        if processes is None:
            return
        for (table, key), value in volumes.let_go(self.context, processes["places"], *row_key).items():
            self.context.keep(table, key, value)
        for table, key in ((runtime.TABLE, row_key), (ASKERS, self.key), (usage.DEMANDS, row_key)):
            self.context.keep(table, key, None)

    def _tell_killing(self, container: str) -> None:
        _, namespace, name = self.key
        meta = {"namespace": namespace, "name": name, "uid": self.work["uid"]}
        self.context.event(
            {"apiVersion": "v1", "kind": "Pod", "metadata": meta}, "Normal", "Killing", f"Stopping container {container}",
            field_path=f"spec.containers{{{container}}}", host=self.key[0],
        )


class _Worker(Refresher, Starter):
    """The whole worker: what is looked at, in which order."""

    def sync(self) -> None:
        """Find the next needed write and make it; without one, ask to be called when something is due."""
        if not self.known:
            self._begin()
        else:
            for act in self._acts():
                act()
                if self.context.wrote:
                    break
            else:
                self._wait()

    def _acts(self) -> Iterator[Any]:
        """What is looked at, most urgent first; whoever writes ends the round."""
        yield self._notice_reboot
        yield self._notice_ends
        yield self._signal_due
        yield self._notice_probes
        yield self._notice_touch
        yield self._refresh_volumes
        if self._is_deleted() or self.work.get("evicted") or self._is_too_old():
            yield self._stop_running
            yield self._post_status
            yield self._leave if self._is_deleted() else self._tear_down
            return
        yield self._post_status
        if self._is_over():
            yield self._tear_down
            return
        yield self._finish_operation
        yield self._replace_changed
        yield self._start_next

    # --- beginning -------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """First sight of the Pod: admit it or refuse it."""
        if self._is_deleted():
            # Whoever holds the object back by a finalizer is told first that nothing will come of the Pod.
            if self.pod["metadata"].get("finalizers") and not pods.is_terminal(self.pod):
                self._note(terminal=True)
                self._post_status()
            else:
                self._delete_object()
            return
        if pods.is_terminal(self.pod):
            return
        node = self.context.world.row("nodes", ("", self.node))
        if node is None:
            return
        pressure = eviction.refusal(self.context, self.node, self.pod)
        refusal = admission.Refusal(eviction.REASON, pressure) if pressure else None
        refusal = refusal or admission.refusal(self.pod, node, self.context.pods_on(self.node), self._is_admitted)
        if refusal is not None:
            self._event("Warning", refusal.reason, refusal.message)
            rejected = status.rejected(self.pod, refusal.reason, refusal.message, self.now)
            story = self._story("rejected", NARRATED, reason=refusal.reason, message=refusal.message)
            self.context.update({**self.pod, "status": rejected}, subresource="status", story=story)
            return
        self._note()
        self._post_status()
        self.context.again(0)

    def _is_admitted(self, other: Document) -> bool:
        meta = other["metadata"]
        known = self.context.memory((self.node, meta["namespace"], meta["name"]))
        return known is not None and known["uid"] == pods.runtime_uid(other)

    def _is_over(self) -> bool:
        """Whether nothing of the Pod runs or will run again."""
        if pods.is_terminal(self.pod):
            return True
        records = [self.records.get(c["name"]) for c in pods.containers(self.pod)]
        return bool(records) and all(
            record is not None and record["state"] == "exited"
            and not status.should_restart(self.pod, container, record["code"])
            for record, container in zip(records, pods.containers(self.pod), strict=True)
        )

    def _is_too_old(self) -> bool:
        """Whether activeDeadlineSeconds are over (pkg/kubelet/active_deadline.go)."""
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        if seconds is None or pods.is_terminal(self.pod):
            return False
        due = self.work["begun"] + seconds * times.SECOND
        if due > self.now:
            self._expect(due, quiet=True)
            return False
        if not self.work.get("too_old"):
            self._event("Normal", "DeadlineExceeded", status.TOO_OLD)
            self._note(too_old=True)
        return True

    # --- what has happened meanwhile -------------------------------------------------------------------------------

    def _notice_reboot(self) -> None:
        """After a reboot of the machine no container runs any longer."""
        if self.row is None or self.row["boot"] == self._boot():
            return
        lost = {
            name: ended(record, self.now, REBOOT_CODE, "Unknown")
            for name, record in self.records.items() if record["state"] == "running"
        }
        self._note(op=None, probes=None, reasons=None, crash=None, hold=None, ends=None, horizon=None)
        self._forget_processes()
        self._write_records(lost, self._story("containers-lost"), sandbox=None, ip=None, boot=self._boot(), pulling=None)

    def _notice_ends(self) -> None:
        """Processes that have ended by now, by themselves or because they were told to."""
        over: dict[str, Record] = {}
        for name, end in self.work.get("ends", {}).items():
            record = self.records.get(name)
            if record is None or record["state"] != "running":
                continue
            if end["at"] <= self.now:
                over[name] = ended(record, end["at"], end["code"], end["reason"])
            else:
                self._expect_far(end["at"])
        if not over:
            return
        name, record = next(iter(over.items()))
        crashed = record["code"] != 0 and not record.get("stopping")
        story = self._story("crashed" if crashed else "exited", container=", ".join(over), code=record["code"])
        self._note(
            probes={c: kept for c, kept in self.work.get("probes", {}).items() if c not in over},
            ends={c: kept for c, kept in self.work["ends"].items() if c not in over},
        )
        self._write_records(self._with_messages(over), story)

    def _with_messages(self, over: dict[str, Record]) -> dict[str, Record]:
        """The records of what has ended, each with what it has left as its message; what was killed is over in its machine."""
        present = self._present()
        if present is None:
            return over
        machine = present.own
        for name, record in over.items():
            if machine.exit_of(name) is None:
                machine = machine.kill(name, record["finished"], record["reason"], record["code"])
        if machine is not present.own:
            self._keep(present, machine)
        if self._running().keys() - over.keys():
            self._note(again=True)
        return {name: termination.with_message(self._container(name), record, machine) for name, record in over.items()}

    def _forget_processes(self) -> None:
        """After a reboot: no process is left, and nothing of what lay in memory."""
        site = self._site()
        if site is None:
            return
        for (table, key), value in volumes.forgotten_by_reboot(self.context, self.pod, site.places).items():
            self.context.keep(table, key, value)
        self.context.keep(runtime.TABLE, site.key, None)

    def _notice_probes(self) -> None:
        """What probes have brought about by now: events, readiness, the end of a container."""
        for name, probed in list(self.work.get("probes", {}).items()):
            record = self.records.get(name)
            if record is None or record["state"] != "running":
                continue
            self._apply_moments(name, record, probed)
            if self.context.wrote:
                return

    def _apply_moments(self, name: str, record: Record, probed: dict[str, Any]) -> None:
        moments = probed["moments"]
        while moments and moments[0][0] <= self.now:
            (_, what, text), moments = moments[0], moments[1:]
            probed = {**probed, "moments": moments}
            if what == probes.KILL:
                self._note_of("probes", name, probed)
                if not self._is_deleted() and not record.get("stopping"):
                    message = f"Container {name} failed {text} probe, will be restarted"
                    story = self._story("probe-killed", container=name, probe=text)
                    self._stop({name: record}, message, story, grace=self._grace_after(name, text))
                    return
            elif what == probes.TOUCH:
                self._note_of("probes", name, probed)
                self._probe_in_earnest(name, text)
                return
            elif what == probes.WARNING:
                self._event("Warning", "ProbeWarning", text, name)
            elif what == probes.UNHEALTHY:
                self._event("Warning", "Unhealthy", text, name)
            elif what == probes.STARTED:
                probed = {**probed, "started": True}
            else:
                probed = {**probed, "ready": what == probes.READY}
        if moments:
            self._expect_far(moments[0][0])
        if probed != self._noted("probes", name):
            self._note_of("probes", name, probed)

    def _probe_in_earnest(self, name: str, kind: str) -> None:
        """A probe that changes files is made, and then the future is another one."""
        present = self._present()
        container = self._container(name)
        if present is None or self._is_deleted():
            return
        command = container[probes.FIELDS[kind]]["exec"].get("command") or []
        timeout = int(container[probes.FIELDS[kind]].get("timeoutSeconds") or 1) * times.SECOND
        argv = environment.static_command(command, container)
        machine, _ = present.own.execute(name, argv, self.now, self._network(), timeout=timeout)
        self._keep(present, machine)
        self._look(present, machine)
