"""One Pod on one node: from admission to the last byte of its end, one write at a time.

What the runtime has lies in the row host/containers (node, uid); what the worker itself knows (what it is doing, what
it waits for, back-offs, results of probes) is its private note. pkg/kubelet/kubelet.go (SyncPod, SyncTerminatingPod),
pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions), pkg/kubelet/images/image_manager.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster.apiserver.server import Preconditions
from cluster.kubelet import addresses, admission, backoff, configuration, images, probes, process, references, status
from cluster.kubelet.durations import go_duration
from cluster.machinery.component import Context
from cluster.machinery.story import FOLDED, NARRATED, NORMAL, Story
from cluster.objects import times
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods

CONTAINERS = "host/containers"
IMAGES = "host/images"
KUBELET = "host/kubelet"

# Until the worker looks at a failed pull again: the Pod's next event from the runtime.
RESYNC = 1_200
# How long a Pod whose containers cannot be configured waits for its next sync (backOffPeriod of pkg/kubelet/kubelet.go).
CONFIG_RETRY = 10 * times.SECOND
# Volumes are tried again after 500 ms, doubling (pkg/util/goroutinemap/exponentialbackoff).
MOUNT_INITIAL, MOUNT_MAXIMUM = 500, 122_000
# A container has at least so long to end (minimumGracePeriodInSeconds of pkg/kubelet/kuberuntime).
MINIMUM_GRACE = 2
# An end that is further away than this is nothing that "until quiet" waits for.
LONG = times.MINUTE

REBOOT_CODE = 255
NETWORK_NOT_READY = (
    "network is not ready: container runtime network not ready: NetworkReady=false "
    "reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"
)

Record = dict[str, Any]


def reconcile(context: Context, key: Key) -> None:
    """Bring a Pod of a node one write closer to what its object says. Key: (node, namespace, name)."""
    node, namespace, name = key
    if context.host(KUBELET, (node,)) is None or context.host("host/machines", (node,)) is None:
        return
    pod = context.world.row("pods", (namespace, name))
    if pod is not None and pods.node_name(pod) != node:
        pod = None
    work = context.memory(key)
    if work is not None and (pod is None or pod["metadata"]["uid"] != work["uid"]):
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
        context.set_host(CONTAINERS, row_key, None, story=Story("kubelet.orphan-removed", args, NORMAL))
        context.forget(self.key)

    def _tell_killing(self, container: str) -> None:
        _, namespace, name = self.key
        meta = {"namespace": namespace, "name": name, "uid": self.work["uid"]}
        self.context.event(
            {"apiVersion": "v1", "kind": "Pod", "metadata": meta}, "Normal", "Killing", f"Stopping container {container}",
            field_path=f"spec.containers{{{container}}}", host=self.key[0],
        )


class _Worker:
    """One look at one Pod. Lives for one reconcile; everything that stays is in the row and in the note."""

    def __init__(self, context: Context, key: Key, pod: Document, work: dict[str, Any] | None) -> None:
        self.context, self.key, self.pod = context, key, pod
        self.node, self.namespace, self.name = key
        self.now, self.settings = context.now, context.settings
        self.uid = pod["metadata"]["uid"]
        self.known = work is not None
        self.work: dict[str, Any] = work or {"uid": self.uid, "begun": self.now}
        self.row: dict[str, Any] | None = context.host(CONTAINERS, (self.node, self.uid))
        self.dues: list[tuple[int, bool]] = []

    # --- the order of things -------------------------------------------------------------------------------------------

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
        yield self._notice_probes
        if self._is_deleted():
            yield self._stop_running
            yield self._post_status
            yield self._leave
            return
        yield self._post_status
        if self._is_over():
            yield self._tear_down
            return
        yield self._finish_operation
        yield self._replace_changed
        yield self._start_next

    def _wait(self) -> None:
        if self.dues:
            due = min(when for when, _ in self.dues)
            self.context.again(due - self.now, quiet=all(quiet for _, quiet in self.dues))

    def _expect(self, due: int, *, quiet: bool = False) -> None:
        self.dues.append((due, quiet))

    # --- notes, rows, events -------------------------------------------------------------------------------------------

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

    # --- beginning -----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """First sight of the Pod: admit it or refuse it."""
        if self._is_deleted():
            self._delete_object()
            return
        if pods.is_terminal(self.pod):
            return
        node = self.context.world.row("nodes", ("", self.node))
        if node is None:
            return
        refusal = admission.refusal(self.pod, node, self.context.pods_on(self.node), self._is_admitted)
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
        return known is not None and known["uid"] == meta["uid"]

    # --- what has happened meanwhile -----------------------------------------------------------------------------------

    def _notice_reboot(self) -> None:
        """After a reboot of the machine no container runs any longer."""
        if self.row is None or self.row["boot"] == self._boot():
            return
        ended = {
            name: self._ended(record, self.now, REBOOT_CODE, "Unknown")
            for name, record in self.records.items() if record["state"] == "running"
        }
        self._note(op=None, probes=None, reasons=None, crash=None, hold=None)
        self._write_records(ended, self._story("containers-lost"), sandbox=None, ip=None, boot=self._boot(), pulling=None)

    def _notice_ends(self) -> None:
        """Processes that have ended by now, by themselves or because they were told to."""
        ended: dict[str, Record] = {}
        for name, record in self.records.items():
            end = record.get("end")
            if record["state"] != "running" or end is None:
                continue
            if end["at"] <= self.now:
                ended[name] = self._ended(record, end["at"], end["code"], end["reason"])
            else:
                self._expect(end["at"], quiet=end["at"] - self.now > LONG)
        if not ended:
            return
        name, record = next(iter(ended.items()))
        crashed = record["code"] != 0 and not record.get("stopping")
        story = self._story("crashed" if crashed else "exited", container=", ".join(ended), code=record["code"])
        self._note(probes={c: kept for c, kept in self.work.get("probes", {}).items() if c not in ended})
        self._write_records(ended, story)

    @staticmethod
    def _ended(record: Record, at: int, code: int, reason: str) -> Record:
        kept = {name: value for name, value in record.items() if name != "end"}
        return {**kept, "state": "exited", "finished": at, "code": code, "reason": reason}

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
        while moments and record["started"] + moments[0][0] <= self.now:
            (_, what, text), moments = moments[0], moments[1:]
            probed = {**probed, "moments": moments}
            if what == probes.KILL:
                self._note_of("probes", name, probed)
                if not self._is_deleted() and not record.get("stopping"):
                    message = f"Container {name} failed {text} probe, will be restarted"
                    self._stop({name: record}, message, self._story("probe-killed", container=name, probe=text))
                    return
            elif what == probes.UNHEALTHY:
                self._event("Warning", "Unhealthy", text, name)
            elif what == probes.STARTED:
                probed = {**probed, "started": True}
            else:
                probed = {**probed, "ready": what == probes.READY}
        if moments:
            due = record["started"] + moments[0][0]
            self._expect(due, quiet=due - self.now > LONG)
        if probed != self._noted("probes", name):
            self._note_of("probes", name, probed)

    # --- status --------------------------------------------------------------------------------------------------------

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

    # --- starting ------------------------------------------------------------------------------------------------------

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

    def _finish_operation(self) -> None:
        """The sandbox, pull or start that was under way and is due."""
        operation = self.work.get("op")
        if operation is None:
            return
        if operation["due"] > self.now:
            self._expect(operation["due"])
            return
        finish = {
            "sandbox": self._sandbox_ready, "pull": self._pull_done, "create": self._created, "start": self._started,
        }
        finish[operation["what"]](operation)

    def _replace_changed(self) -> None:
        """A container whose image was changed in the Pod is stopped, so that it starts again with the new one."""
        for container in pods.containers(self.pod):
            record = self.records.get(container["name"])
            if record is None or record["state"] != "running" or record.get("stopping"):
                continue
            if record["spec_image"] != container["image"]:
                message = f"Container {container['name']} definition changed, will be restarted"
                self._stop({container["name"]: record}, message, self._story("killing", container=container["name"]))
                return

    def _start_next(self) -> None:
        """Begin the next thing that can be begun, unless something is under way."""
        if self.work.get("op") is not None:
            return
        if self.row is None or not self.row.get("sandbox"):
            self._begin_sandbox()
            return
        for container in self._startable():
            if self._is_held(container["name"]):
                continue
            self._try_start(container)
            if self.context.wrote or self.work.get("op") is not None:
                return

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

    def _startable(self) -> Iterator[Document]:
        """Containers that should run and do not, in the order in which they may start."""
        begun = any(c["name"] in self.records for c in pods.containers(self.pod))
        for container in pods.init_containers(self.pod):
            record = self.records.get(container["name"])
            running = record is not None and record["state"] == "running"
            if pods.is_sidecar(container):
                if not running:
                    yield container
                if not begun and not (running and (self._noted("probes", container["name"]) or {}).get("started")):
                    return
            elif not begun and not (record is not None and record["state"] == "exited" and record["code"] == 0):
                if not running and self._wants_start(container, record):
                    yield container
                return
        for container in pods.containers(self.pod):
            if self._wants_start(container, self.records.get(container["name"])):
                yield container

    def _wants_start(self, container: Document, record: Record | None) -> bool:
        if record is None:
            return True
        return record["state"] == "exited" and (
            status.should_restart(self.pod, container, record["code"])
            or record["spec_image"] != container["image"]
        )

    # --- sandbox -------------------------------------------------------------------------------------------------------

    def _begin_sandbox(self) -> None:
        hold = self._is_held("")
        if hold:
            return
        problem = configuration.mount_error(self.context, self.pod)
        if problem:
            self._event("Warning", "FailedMount", problem)
            delay = min(2 * self.work["mount"], MOUNT_MAXIMUM) if "mount" in self.work else MOUNT_INITIAL
            self._note(mount=delay)
            self._hold("", self.now + delay, quiet=True)
            return
        node = self.context.world.row("nodes", ("", self.node))
        if not self._on_host_network() and not (node and nodes.is_ready(node) and dig(node, "spec", "podCIDR")):
            if not self.work.get("told_network"):
                self._event("Warning", "NetworkNotReady", NETWORK_NOT_READY)
                self._note(told_network=True)
            return  # the node's becoming Ready wakes its Pods
        if self.row is not None:
            self._event("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
        self._operate("sandbox", self.context.jitter(self.settings.sandbox))

    def _operate(self, what: str, duration: int, **more: Any) -> None:
        operation = {"what": what, "began": self.now, "due": self.now + duration, **more}
        self._note(op=operation, mount=None, told_network=None)
        self._expect(operation["due"])

    def _on_host_network(self) -> bool:
        return bool(dig(self.pod, "spec", "hostNetwork", default=False))

    def _sandbox_ready(self, operation: dict[str, Any]) -> None:
        node = self.context.world.row("nodes", ("", self.node))
        address = self._host_ip() if self._on_host_network() else addresses.next_address(self.context, node)
        self._note(op=None)
        if address is None:
            message = (
                "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox: "
                f'plugin type="bridge" failed (add): failed to allocate for range 0: '
                f"no IP addresses available in range set: {dig(node, 'spec', 'podCIDR')}"
            )
            self._event("Warning", "FailedCreatePodSandBox", message)
            self._hold("", self.now + CONFIG_RETRY, quiet=True)
            return
        # A new sandbox is a new beginning: the init containers run again.
        inits = {c["name"] for c in pods.init_containers(self.pod)}
        kept = {name: record for name, record in self.records.items() if name not in inits}
        self._write_row(
            self._story("sandbox", NORMAL, ip=address), pod=[self.namespace, self.name], boot=self._boot(),
            sandbox={"since": self.now, "attempt": dig(self.row, "sandbox", "attempt", default=-1) + 1},
            ip=address, containers=kept,
        )

    # --- images --------------------------------------------------------------------------------------------------------

    def _try_start(self, container: Document) -> None:
        """From the decision to start a container to its first slow part: back-off, image, configuration."""
        name = container["name"]
        record = self.records.get(name)
        if record is not None and record["spec_image"] == container["image"] and not self._may_restart(name, record):
            return
        try:
            reference = references.parse(container["image"])
        except references.InvalidImageName as problem:
            image = container["image"]
            text = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": {problem}'
            self._event("Warning", "InspectFailed", text, name)
            self._refuse_start(name, "InvalidImageName", text)
            return
        present = self.context.host(IMAGES, (self.node, str(reference))) is not None
        policy = container.get("imagePullPolicy", "IfNotPresent")
        if policy == "Always" or (policy == "IfNotPresent" and not present):
            self._pull(container, reference, present)
        elif present:
            text = f'Container image "{container["image"]}" already present on machine and can be accessed by the pod'
            self._event("Normal", "Pulled", text, name)
            self._create(container)
        else:
            text = f'Container image "{container["image"]}" is not present with pull policy of Never'
            self._event("Warning", "ErrImageNeverPull", text, name)
            self._refuse_start(name, "ErrImageNeverPull", text)

    def _refuse_start(self, name: str, reason: str, message: str, *, event: str = "") -> None:
        """The container waits with a reason and is tried again at the next sync."""
        self._event("Warning", "Failed", f"Error: {event or reason}", name)
        self._hold(name, self.now + CONFIG_RETRY, quiet=True)
        self._wait_with(name, reason, message)

    def _wait_with(self, name: str, reason: str, message: str) -> None:
        self._note_of("reasons", name, [reason, message])
        self._post_status()

    def _may_restart(self, name: str, record: Record) -> bool:
        """Crash back-off: the first restart is immediate, each later one waits twice as long (doBackOff)."""
        entry = self._noted("crash", name)
        due = backoff.until(entry, record["finished"], self.settings)
        if due <= self.now:
            self._note_of("crash", name, backoff.raised(entry, record["finished"], self.settings))
            return True
        where = f"{self.name}_{self.namespace}({self.uid})"
        self._event("Warning", "BackOff", f"Back-off restarting failed container {name} in pod {where}", name)
        self._hold(name, due, quiet=True)
        delay = go_duration(entry["delay"])
        self._wait_with(name, "CrashLoopBackOff", f"back-off {delay} restarting failed container={name} pod={where}")
        return False

    def _pull(self, container: Document, reference: references.Reference, present: bool) -> None:
        name, image = container["name"], container["image"]
        failed = self._noted("pulls", image)
        if failed is not None and self.now < failed["at"] + failed["delay"]:
            self._event("Normal", "BackOff", f'Back-off pulling image "{image}"', name)
            self._event("Warning", "Failed", "Error: ImagePullBackOff", name)
            self._hold(name, failed["at"] + failed["delay"], quiet=True)
            text = f'Back-off pulling image "{image}": ErrImagePull: {failed["error"]}'
            self._wait_with(name, "ImagePullBackOff", text)
            return
        self._event("Normal", "Pulling", f'Pulling image "{image}"', name)
        known = images.find(reference, self.settings.extra_images)
        duration = self._pull_duration(known, present)
        self._operate("pull", duration, container=name, image=image)
        self._write_row(self._story("pulling", NORMAL, container=name, image=image), pulling=name)

    def _pull_duration(self, known: images.Image | None, present: bool) -> int:
        settings = self.settings
        if settings.image_pull_fixed is not None:
            return settings.image_pull_fixed
        duration = settings.image_manifest
        if known is not None and not present:
            duration += known.size * times.SECOND // settings.image_bytes_per_second
        return self.context.jitter(duration)

    def _pull_done(self, operation: dict[str, Any]) -> None:
        name, image = operation["container"], operation["image"]
        reference = references.parse(image)
        known = images.find(reference, self.settings.extra_images)
        if known is None:
            self._pull_failed(name, image, images.pull_error(reference))
            return
        took = go_duration(operation["due"] - operation["began"])
        text = f'Successfully pulled image "{image}" in {took} ({took} including waiting). Image size: {known.size} bytes.'
        self._event("Normal", "Pulled", text, name)
        self._note_of("pulls", image, None)
        self._note(op={"what": "create", "due": self.now, "container": name})
        if self.context.host(IMAGES, (self.node, str(reference))) is not None:
            self._created(self.work["op"])
            return
        story = self._story("pulled", NORMAL, container=name, image=image, duration=took, bytes=known.size)
        self.context.set_host(IMAGES, (self.node, str(reference)), known.size, story=story)

    def _pull_failed(self, name: str, image: str, error: str) -> None:
        self._event("Warning", "Failed", f'Failed to pull image "{image}": {error}', name)
        self._event("Warning", "Failed", "Error: ErrImagePull", name)
        entry = backoff.raised(self._noted("pulls", image), self.now, self.settings)
        self._note_of("pulls", image, {**entry, "error": error})
        self._note_of("reasons", name, ["ErrImagePull", error])
        self._note(op=None)
        self._hold(name, self.now + RESYNC, quiet=False)
        self._write_row(self._story("pull-failed", NORMAL, container=name, image=image, error=error), pulling=None)

    # --- containers ----------------------------------------------------------------------------------------------------

    def _created(self, operation: dict[str, Any]) -> None:
        """The image has come: go on with the container that asked for it."""
        self._note(op=None)
        self._create(self._container(operation["container"]))

    def _create(self, container: Document) -> None:
        """Begin to create a container whose image is there, unless its configuration is not."""
        name = container["name"]
        problem = configuration.environment_error(self.context, self.pod, container)
        if problem:
            self._refuse_start(name, "CreateContainerConfigError", problem, event=problem)
            return
        self._operate("start", self.context.jitter(self.settings.container_start), container=name)

    def _started(self, operation: dict[str, Any]) -> None:
        """The container runs, or the runtime could not start it."""
        name = operation["container"]
        container = self._container(name)
        reference = references.parse(container["image"])
        image = images.find(reference, self.settings.extra_images)
        assert image is not None  # it lies on the node
        plan = process.plan(container, image)
        self._note(op=None)
        self._note_of("reasons", name, None)
        self._event("Normal", "Created", "Container created", name)
        record = self._new_record(container, reference)
        if plan.error:
            self._event("Warning", "Failed", f"Error: {plan.error}", name)
            self._note_of("reasons", name, ["RunContainerError", plan.error])
            self._hold(name, self.now + RESYNC, quiet=False)
            record = self._ended(record, self.now, process.CANNOT_START, "StartError")
            story = self._story("crashed", NORMAL, container=name, code=process.CANNOT_START)
            self._write_records({name: {**record, "message": plan.error}}, story, pulling=None)
            return
        self._event("Normal", "Started", "Container started", name)
        if plan.end is not None:
            end = {"at": self.now + plan.end.after, "code": plan.end.code, "reason": plan.end.shown_reason}
            record = {**record, "end": end}
        address = (self.row or {}).get("ip") or ""
        moments = [list(moment) for moment in probes.moments(container, plan, address)]
        self._note_of("probes", name, {"ready": False, "started": False, "moments": moments})
        record = {**record, "stops": plan.stops, "stop_code": plan.stop_code}
        self._write_records({name: record}, self._story("started", NORMAL, container=name), pulling=None)

    def _new_record(self, container: Document, reference: references.Reference) -> Record:
        before = self.records.get(container["name"])
        attempt = before["attempt"] + 1 if before is not None else self._attempts_before(container["name"])
        digits = "".join(f"{int(self.context.random() * 65536):04x}" for _ in range(16))
        record: Record = {
            "state": "running", "attempt": attempt, "started": self.now, "id": f"containerd://{digits}",
            "image": str(reference), "image_id": reference.image_id, "spec_image": container["image"],
        }
        if before is not None:
            kept = ("id", "started", "finished", "code", "reason", "message")
            record["last"] = {name: before[name] for name in kept if name in before}
        return record

    def _attempts_before(self, name: str) -> int:
        """Restarts go on counting from what the status says when the runtime has no record any more."""
        known = pods.container_status(self.pod, name)
        return known["restartCount"] + 1 if known is not None and known.get("containerID") else 0

    # --- stopping ------------------------------------------------------------------------------------------------------

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
        end: dict[str, Any] = {"at": signalled + left, "code": process.KILLED, "reason": "Error"}
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
        return int(self.pod["metadata"].get("deletionGracePeriodSeconds", default))

    # --- the end -------------------------------------------------------------------------------------------------------

    def _is_deleted(self) -> bool:
        return "deletionTimestamp" in self.pod["metadata"]

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

    def _running(self) -> dict[str, Record]:
        return {name: record for name, record in self.records.items() if record["state"] == "running"}

    def _stop_in_order(self, running: dict[str, Record]) -> None:
        """App containers first, then sidecars from the last to the first (kuberuntime_termination_order.go)."""
        sidecars = [c["name"] for c in pods.init_containers(self.pod) if pods.is_sidecar(c)]
        targets = [name for name in running if name not in sidecars]
        targets = targets or [name for name in reversed(sidecars) if name in running][:1]
        fresh = {name: running[name] for name in targets if not running[name].get("stopping")}
        if fresh:
            self._note(op=None, grace=self._grace())
            self._stop(fresh, "", self._story("killing", NORMAL, container=", ".join(fresh)))
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
