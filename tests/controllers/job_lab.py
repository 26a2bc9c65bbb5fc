"""A cluster for Jobs with a stand-in kubelet that ends Pods when and how their annotations say."""

from __future__ import annotations

from typing import Any

from cluster.controllers.cronjob import CronJobController
from cluster.controllers.garbage_collector import GarbageCollector
from cluster.controllers.job import JobController
from cluster.controllers.ttl_after_finished import TTLAfterFinishedController
from cluster.machinery.component import Context
from cluster.machinery.story import Story
from cluster.objects import metadata, times
from cluster.objects.documents import Document
from cluster.objects.kinds import job as jobs
from cluster.objects.kinds import pod as pods
from cluster.scheduler.scheduler import Scheduler
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import STOP, StandInKubelet, change, events, new_cluster

JOBS, CRONJOBS = jobs.RESOURCE, "cronjobs.batch"
ROOM = {"cpu": "4", "memory": "8Gi", "pods": "110"}
AFTER, CODE = "fake/exit-after", "fake/exit-code"


class EndingKubelet(StandInKubelet):
    """Runs each Pod for its annotation's ms and ends it with its annotation's code; without one it runs on."""

    def _advance(self, context: Context, pod: Document) -> bool:
        if metadata.is_being_deleted(pod):
            return self._stop(context, pod)
        notes = metadata.annotations(pod)
        if pods.phase(pod) != "Running" or AFTER not in notes:
            return super()._advance(context, pod)
        started = context.memory(("began", metadata.uid(pod)))
        if started is None:
            context.remember(("began", metadata.uid(pod)), context.now)
            started = context.now
        left = started + int(notes[AFTER]) - context.now
        if left > 0:
            context.again(left)
            return False
        context.update(with_exit(pod, int(notes.get(CODE, "0")), context.now), subresource="status", story=Story("test.exit"))
        return True

    def _stop(self, context: Context, pod: Document) -> bool:
        """What is killed has failed."""
        if pods.is_terminal(pod):
            context.delete("pods", metadata.namespace(pod), metadata.name(pod), grace=0, story=Story("test.gone"))
            return context.wrote
        since = context.memory(("stops", metadata.uid(pod)))
        if since is None:
            context.remember(("stops", metadata.uid(pod)), context.now)
        left = (since or context.now) + STOP - context.now
        if left > 0:
            context.again(left)
            return False
        context.update(with_exit(pod, 143, context.now), subresource="status", story=Story("test.stopped"))
        return True


def with_exit(pod: Document, code: int, now: int) -> Document:
    """The Pod with its container ended."""
    stamp = times.rfc3339(now)
    ready = {"type": "Ready", "status": "False", "lastProbeTime": None, "lastTransitionTime": stamp}
    others = [one for one in pod["status"].get("conditions", []) if one["type"] != "Ready"]
    ended = {"name": "c", "restartCount": 0, "state": {"terminated": {"exitCode": code, "finishedAt": stamp}}}
    status = {
        **pod["status"], "phase": "Failed" if code else "Succeeded", "conditions": [*others, ready], "containerStatuses": [ended],
    }
    return {**pod, "status": status}


class Lab:
    """`made`: when Pods were created (s since the lab began), by name; `seen`: stories of the controllers."""

    def __init__(self) -> None:
        self.cluster: Simulation = new_cluster(
            EndingKubelet(), JobController(), CronJobController(), TTLAfterFinishedController(), Scheduler(), GarbageCollector(),
            kubelet=False,
        )
        for node in self.cluster.api.list("nodes"):
            change(self.cluster, "nodes", "", metadata.name(node), ("status", "allocatable"), ROOM, subresource="status")
        self.cluster.until_quiet()
        # Whole seconds are easier to reckon with.
        self.cluster.advance(-self.cluster.now % times.SECOND)
        self.began = self.cluster.now
        self.made: dict[str, float] = {}
        self.seen: list[str] = []
        self.most = 0
        self.whys: list[dict[str, Any]] = []
        self.cluster.on_step = self._note

    def _note(self, step: Any) -> None:
        if step.say.startswith(("job.", "cronjob.", "ttl")):
            self.seen.append(step.say)
            if step.why is not None:
                self.whys.append(step.why)
        for entry in step.changes:
            if entry.table == "pods" and entry.old is None:
                self.made[entry.key[1]] = (step.at - self.began) / times.SECOND
        self.most = max(self.most, sum(map(pods.is_active, self.cluster.api.list("pods"))))

    def wait(self, seconds: float) -> None:
        self.cluster.advance(round(seconds * times.SECOND))

    def add(self, document: Document, seconds: float = 0) -> Document:
        with self.cluster.act() as api:
            made = api.create(document, "default")
        self.wait(seconds)
        return made

    def job(self, seconds: float = 0, *, name: str = "j", runs: int | None = 1_000, code: int = 0, **spec: Any) -> Document:
        return self.add(job(name, runs=runs, code=code, **spec), seconds)

    def edit(self, path: tuple[str, ...], value: Any, seconds: float = 10, name: str = "j", resource: str = JOBS) -> None:
        change(self.cluster, resource, "default", name, path, value)
        self.wait(seconds)

    def get(self, name: str = "j", resource: str = JOBS) -> Document:
        return self.cluster.api.read(resource, "default", name)

    def status(self, name: str = "j") -> Document:
        found: Document = self.get(name)["status"]
        return found

    def conditions(self, name: str = "j") -> dict[str, str]:
        """Reasons of the conditions that are True."""
        found = self.status(name).get("conditions", [])
        return {one["type"]: one["reason"] for one in found if one["status"] == "True"}

    @property
    def pods(self) -> list[Document]:
        return self.cluster.api.list("pods", "default")

    @property
    def running(self) -> list[str]:
        return [metadata.name(pod) for pod in self.pods if pods.is_active(pod)]

    @property
    def times(self) -> list[int]:
        """When Pods were made, in whole seconds."""
        return [round(at) for at in self.made.values()]

    @property
    def names(self) -> list[str]:
        return [metadata.name(one) for one in self.cluster.api.list(JOBS, "default")]

    def delete_pod(self, name: str, seconds: float = 5) -> None:
        with self.cluster.act() as api:
            api.delete("pods", "default", name)
        self.wait(seconds)

    def fail(self, pod: Document, code: int = 1, seconds: float = 0) -> None:
        """End a Pod that runs on."""
        with self.cluster.act() as api:
            fresh = api.read("pods", "default", metadata.name(pod))
            api.update(with_exit(fresh, code, self.cluster.now), subresource="status")
        self.wait(seconds)

    def events(self, name: str = "j") -> list[tuple[str, str]]:
        self.cluster.advance(100)
        return [(reason, message) for about, _, reason, message in events(self.cluster) if about == name]


def template(runs: int | None = 1_000, code: int = 0, restart: str = "Never") -> Document:
    """Pods that run for so many ms (None: for ever) and end with this code."""
    notes = {} if runs is None else {AFTER: str(runs), CODE: str(code)}
    spec = {"restartPolicy": restart, "containers": [{"name": "c", "image": "busybox:1"}], "terminationGracePeriodSeconds": 1}
    return {"metadata": {"annotations": notes}, "spec": spec}


def job(name: str = "j", *, runs: int | None = 1_000, code: int = 0, restart: str = "Never", **spec: Any) -> Document:
    meta: Document = {"name": name, "namespace": "default"}
    return {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": meta,
        "spec": {"template": template(runs, code, restart), **spec},
    }


def indexed(completions: int, parallelism: int, **spec: Any) -> Document:
    return {"completionMode": "Indexed", "completions": completions, "parallelism": parallelism, **spec}
