"""How a Pod worker starts what should run: sandbox, image, configuration, container.

pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions, SyncPod), pkg/kubelet/images/image_manager.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster.containers import images, references
from cluster.containers.machine import Machine, StartError
from cluster.kubelet import addresses, backoff, configuration, environment, handlers, runs, runtime, status, volumes
from cluster.kubelet.desk import Record, ended
from cluster.kubelet.downward import Place
from cluster.kubelet.durations import go_duration
from cluster.kubelet.environment import ConfigurationError
from cluster.kubelet.runtime import Present
from cluster.kubelet.stopping import Stopper
from cluster.machinery.story import NORMAL
from cluster.objects import times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.storage.contents import MountError

IMAGES = "host/images"

# Until the worker looks at a failed start again: the Pod's next event from the runtime.
RESYNC = 1_200
# How long a Pod whose containers cannot be configured waits for its next sync (backOffPeriod of pkg/kubelet/kubelet.go).
CONFIG_RETRY = 10 * times.SECOND
# Volumes are tried again after 500 ms, doubling (pkg/util/goroutinemap/exponentialbackoff).
MOUNT_INITIAL, MOUNT_MAXIMUM = 500, 122_000
# podAttachAndMountTimeout of pkg/kubelet/volumemanager
ATTACH_TIMEOUT = 123 * times.SECOND

NETWORK_NOT_READY = (
    "network is not ready: container runtime network not ready: NetworkReady=false "
    "reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"
)


class Starter(Stopper):
    """The part of a Pod worker that starts."""

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
            "postStart": self._post_started,
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

    def _startable(self) -> Iterator[Document]:
        """Containers that should run and do not, in the order in which they may start."""
        begun = any(self._is_fresh(self.records.get(c["name"])) for c in pods.containers(self.pod))
        for container in pods.init_containers(self.pod):
            record = self.records.get(container["name"])
            running = record is not None and record["state"] == "running"
            if pods.is_sidecar(container):
                if not running:
                    yield container
                if not begun and not (running and (self._noted("probes", container["name"]) or {}).get("started")):
                    return
            elif not begun and not self._has_succeeded(record):
                if not running and (not self._is_fresh(record) or self._wants_start(container, record)):
                    yield container
                return
        for container in pods.containers(self.pod):
            if self._wants_start(container, self.records.get(container["name"])):
                yield container

    def _is_fresh(self, record: Record | None) -> bool:
        """Whether a container belongs to the present sandbox; in a new one the init containers run again."""
        return record is not None and record["sandbox"] == self._sandbox_attempt()

    def _sandbox_attempt(self) -> int:
        return int(dig(self.row, "sandbox", "attempt", default=0))

    def _has_succeeded(self, record: Record | None) -> bool:
        return record is not None and self._is_fresh(record) and record["state"] == "exited" and record["code"] == 0

    def _wants_start(self, container: Document, record: Record | None) -> bool:
        if record is None:
            return True
        return record["state"] == "exited" and (
            status.should_restart(self.pod, container, record["code"])
            or record["spec_image"] != container["image"]
        )

    # --- sandbox ---------------------------------------------------------------------------------------------------

    def _begin_sandbox(self) -> None:
        if self._is_held(""):
            return
        problem = volumes.mount_problem(self.context, self.pod, Place(self.node, self._host_ip(), ""))
        if problem:
            self._event("Warning", "FailedMount", problem)
            delay = min(2 * self.work["mount"], MOUNT_MAXIMUM) if "mount" in self.work else MOUNT_INITIAL
            self._note(mount=delay)
            self._hold("", self.now + delay, quiet=True)
            return
        if self._waits_for_attachment():
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

    def _waits_for_attachment(self) -> bool:
        """Whether a driver has yet to attach volumes, which wakes the Pod; an Event tells of it when that takes long."""
        waiting = configuration.unattached(self.context, self.pod, self.node)
        if not waiting:
            return False
        since = self.work.get("attaching", self.now)
        if since + ATTACH_TIMEOUT <= self.now:
            names = " ".join(waiting)
            text = (
                f"Unable to attach or mount volumes: unmounted volumes=[{names}], unattached volumes=[{names}], "
                "failed to process volumes=[]: timed out waiting for the condition"
            )
            self._event("Warning", "FailedMount", text)
            since = self.now
        self._note(attaching=since)
        self._expect(since + ATTACH_TIMEOUT, quiet=True)
        return True

    def _operate(self, what: str, duration: int, **more: Any) -> None:
        operation = {"what": what, "began": self.now, "due": self.now + duration, **more}
        self._note(op=operation, mount=None, attaching=None, told_network=None)
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
        attempt = dig(self.row, "attempt", default=-1) + 1
        if not self._mount(address):
            return
        self._write_row(
            self._story("sandbox", NORMAL, ip=address), pod=[self.namespace, self.name], boot=self._boot(),
            sandbox={"since": self.now, "attempt": attempt}, attempt=attempt, ip=address, containers=self.records,
        )

    def _mount(self, address: str) -> bool:
        """Mount the volumes and boot the Pod's machine; False when a volume that was there a moment ago is not any more."""
        place = Place(self.node, self._host_ip(), address)
        try:
            places, kept = volumes.mount(self.context, self.pod, place)
        except MountError as problem:
            self._event("Warning", "FailedMount", str(problem))
            self._hold("", self.now + MOUNT_INITIAL, quiet=True)
            return False
        for (table, key), value in kept.items():
            self.context.keep(table, key, value)
        machine = Machine.boot(runs.sandbox(self.context, self.pod, place), self.now)
        row = {"machine": machine.to_row(), "images": {}, "places": places, "mounted": self.now}
        self.context.keep(runtime.TABLE, (self.node, self.uid), row)
        return True

    # --- images ----------------------------------------------------------------------------------------------------

    def _try_start(self, container: Document) -> None:
        """From the decision to start a container to its first slow part: back-off, image, configuration."""
        name = container["name"]
        record = self.records.get(name)
        same = record is not None and record["spec_image"] == container["image"] and self._is_fresh(record)
        if record is not None and same and not self._may_restart(name, record):
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
        self._write_row(self._story("pulling", NORMAL, container=name, image=image), pulling=self.work["op"])

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

    # --- containers ------------------------------------------------------------------------------------------------

    def _created(self, operation: dict[str, Any]) -> None:
        """The image has come: go on with the container that asked for it."""
        self._note(op=None)
        self._create(self._container(operation["container"]))

    def _create(self, container: Document) -> None:
        """Begin to create a container whose image is there, unless its configuration is not."""
        name = container["name"]
        if container.get("env") or container.get("envFrom"):
            try:
                self._variables(container)
            except ConfigurationError as problem:
                self._refuse_start(name, "CreateContainerConfigError", str(problem), event=str(problem))
                return
        self._operate("start", self.context.jitter(self.settings.container_start), container=name)

    def _started(self, operation: dict[str, Any]) -> None:
        """The container runs, or the runtime could not start it."""
        name = operation["container"]
        container = self._container(name)
        self._note(op=None)
        try:
            present, machine, changes = self._run(container)
        except ConfigurationError as problem:
            self._refuse_start(name, "CreateContainerConfigError", str(problem), event=str(problem))
            return
        except StartError as problem:
            self._not_started(container, str(problem), problem.code)
            return
        self._note_of("reasons", name, None)
        self._event("Normal", "Created", "Container created", name)
        self._event("Normal", "Started", "Container started", name)
        self._keep(present, machine, **changes)
        self._note_of("probes", name, {"ready": False, "started": False, "ledgers": {}})
        record = self._new_record(container, references.parse(container["image"]))
        self._write_records({name: record}, self._story("started", NORMAL, container=name), pulling=None)
        self._look(present, machine)
        if dig(container, "lifecycle", "postStart"):
            self._begin_post_start(container, machine)

    def _not_started(self, container: Document, problem: str, code: int) -> None:
        name = container["name"]
        self._event("Normal", "Created", "Container created", name)
        self._event("Warning", "Failed", f"Error: {problem}", name)
        self._note_of("reasons", name, ["RunContainerError", problem])
        self._hold(name, self.now + RESYNC, quiet=False)
        record = ended(self._new_record(container, references.parse(container["image"])), self.now, code, "StartError")
        story = self._story("crashed", NORMAL, container=name, code=code)
        self._write_records({name: {**record, "message": problem}}, story, pulling=None)

    def _run(self, container: Document) -> tuple[Present, Machine, dict[str, Any]]:
        """The Pod's machine before and with the container started, and what else changes in its row; raises StartError."""
        present = self._present()
        site = self._site()
        assert present is not None and site is not None
        name, machine = container["name"], present.own
        variables = self._variables(container)
        mounted = volumes.of_container(self.pod, container, site.places, machine.volumes, variables, self.now)
        if mounted.trees:
            machine = machine.with_volumes({**machine.volumes, **mounted.trees})
        image = str(references.parse(container["image"]))
        run = runs.container_run(self.pod, container, image, variables, mounted.mounts)
        before = {**site.row.get("before", {})}
        if name in site.row["images"]:
            before[name] = [list(line) for line in machine.logs(name)]
        changes = {"images": {**site.row["images"], name: image}, "before": before, "places": {**site.places, **mounted.places}}
        return present, machine.start(run, self.now, self._network()), changes

    def _variables(self, container: Document) -> dict[str, str]:
        place = runtime.place_of(self.context, self.pod, self.node)
        return environment.of_container(self.context, self.pod, container, place)

    # --- postStart -------------------------------------------------------------------------------------------------

    def _begin_post_start(self, container: Document, machine: Machine) -> None:
        """The hook runs; until it is over, the worker does nothing else, and nobody hears that the container runs."""
        action = container["lifecycle"]["postStart"]
        done = handlers.hook(action, machine, self.now, self._target(container))
        self._operate("postStart", done.took, container=container["name"])

    def _post_started(self, operation: dict[str, Any]) -> None:
        """The hook is over: in earnest now, with what it has left in the container."""
        name = operation["container"]
        container, record = self._container(name), self.records.get(name)
        self._note(op=None)
        present = self._present(operation["began"])
        if present is None or record is None or record["state"] != "running":
            return
        action = container["lifecycle"]["postStart"]
        done = handlers.hook(action, present.own, operation["began"], self._target(container))
        if done.machine.at <= self.now:
            self._keep(present, done.machine)
            self._look(present, done.machine)
        if done.problem:
            self._event("Warning", "FailedPostStartHook", "PostStartHook failed", name)
            self._note_of("reasons", name, ["PostStartHookError", done.problem])
            self._stop({name: record}, "FailedPostStartHook", self._story("killing", container=name))
        else:
            self._post_status()

    def _new_record(self, container: Document, reference: references.Reference) -> Record:
        before = self.records.get(container["name"])
        attempt = before["attempt"] + 1 if before is not None else self._attempts_before(container["name"])
        digits = "".join(f"{int(self.context.random() * 65536):04x}" for _ in range(16))
        record: Record = {
            "state": "running", "attempt": attempt, "sandbox": self._sandbox_attempt(), "started": self.now, "id": f"containerd://{digits}",
            "image": str(reference), "image_id": reference.image_id, "spec_image": container["image"],
        }
        if before is not None:
            kept = ("id", "started", "finished", "code", "reason", "message")
            record["last"] = {name: before[name] for name in kept if name in before}
        return record

    def _attempts_before(self, name: str) -> int:
        """Restarts go on counting from what the status says when the runtime has no record any more."""
        return int((pods.container_status(self.pod, name) or {}).get("restartCount", 0))
