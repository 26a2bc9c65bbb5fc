"""What a Pod waits for, or why it restarts: the sentences above the Pod view, the most important one first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.inspection import notes
from cluster.inspection.words import word
from cluster.kubelet import configuration, inspect, runtime, volumes
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

PULL_FAILS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
CONFIGURATION_FAILS = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")

Row = dict[str, Any]


def sentences(view: Reader, pod: Document, containers: list[Row]) -> list[Row]:
    """`containers` are the rows of cluster/inspection/containers.py."""
    return list(_said(view, pod, containers))


def _said(view: Reader, pod: Document, containers: list[Row]) -> Iterator[Row]:
    node = pods.node_name(pod)
    if metadata.is_being_deleted(pod):
        yield _leaving(pod, containers)
    elif pods.is_terminal(pod):
        yield from _over(pod, containers)
        return
    elif not node:
        yield _without_node(pod)
        return
    if node and not notes.is_answering(view, node):
        yield word("silent", node=node)
    if metadata.is_being_deleted(pod):
        return
    waits = list(_starting(view, pod, containers))
    yield from waits
    ready = pods.condition(pod, "Ready") or {}
    if not waits and pods.is_ready(pod):
        yield word("ready", count=len(containers_that_count(containers)), since=_moment(ready.get("lastTransitionTime")))
        yield from _endangered(containers)
        yield from _restarted(containers)
    elif not waits:
        yield word("unready", reason=ready.get("reason", ""), message=ready.get("message", ""))


def containers_that_count(containers: list[Row]) -> list[Row]:
    """Those that are to run all the time."""
    return [one for one in containers if one["role"] != "init"]


def _moment(text: str | None) -> int:
    return times.parse(text) if text else 0


# --- before and after ------------------------------------------------------------------------------------------------


def _leaving(pod: Document, containers: list[Row]) -> Row:
    due = times.parse(pod["metadata"]["deletionTimestamp"])
    running = [one["name"] for one in containers if one["state"]["is"] == "running"]
    if running:
        return word("stopping", containers=running, until=due)
    kept = metadata.finalizers(pod)
    return word("finalizers", finalizers=kept) if kept else word("stopped")


def _over(pod: Document, containers: list[Row]) -> Iterator[Row]:
    status = pod.get("status") or {}
    if pods.phase(pod) == "Succeeded":
        yield word("succeeded")
        return
    if status.get("reason"):
        key = "evicted" if status["reason"] == "Evicted" else "failed-because"
        yield word(key, reason=status["reason"], message=status.get("message", ""))
    for one in containers:
        if one["state"]["is"] == "terminated" and one["state"]["code"]:
            policy = dig(pod, "spec", "restartPolicy", default="Always")
            yield word("failed", container=one["name"], code=one["state"]["code"], policy=policy)


def _without_node(pod: Document) -> Row:
    gates = [gate["name"] for gate in dig(pod, "spec", "schedulingGates", default=[])]
    if gates:
        return word("gated", gates=gates)
    scheduled = pods.condition(pod, "PodScheduled") or {}
    nominated = dig(pod, "status", "nominatedNodeName")
    if nominated:
        return word("nominated", node=nominated)
    if scheduled.get("reason") == "Unschedulable":
        return word("unschedulable", message=scheduled.get("message", "").split(" preemption: ")[0].rstrip(". "))
    return word("unscheduled", scheduler=dig(pod, "spec", "schedulerName", default="default-scheduler"))


# --- on its node -----------------------------------------------------------------------------------------------------


def _starting(view: Reader, pod: Document, containers: list[Row]) -> Iterator[Row]:
    """What keeps the Pod from being ready, from the ground up."""
    if not notes.runtime(view, pod).get("sandbox"):
        yield _before_sandbox(view, pod)
        return
    yield from _of_containers(view, pod, containers)
    gates = [gate["conditionType"] for gate in dig(pod, "spec", "readinessGates", default=[])]
    closed = [gate for gate in gates if not pods.is_true(pod, gate)]
    if closed and pods.is_true(pod, "ContainersReady"):
        yield word("readiness-gates", gates=closed)


def _before_sandbox(view: Reader, pod: Document) -> Row:
    problem = volumes.mount_problem(view, pod, runtime.place_of(view, pod, pods.node_name(pod)))
    if problem:
        return word("mount", message=problem)
    waiting = configuration.unattached(view, pod, pods.node_name(pod))
    if waiting:
        return word("attach", volumes=waiting, node=pods.node_name(pod))
    return word("sandbox", node=pods.node_name(pod))


def _of_containers(view: Reader, pod: Document, containers: list[Row]) -> Iterator[Row]:
    operation = inspect.operation(view, pod) or {}
    for one in containers:
        found = _of_container(one, operation)
        if found is not None:
            yield found
        if one["role"] == "init" and not _has_succeeded(one):
            return
        if one["role"] == "sidecar" and not one["started"]:
            return


def _has_succeeded(container: Row) -> bool:
    return container["state"]["is"] == "terminated" and container["state"]["code"] == 0


def _of_container(one: Row, operation: Row) -> Row | None:
    state, name = one["state"], one["name"]
    if operation.get("container") == name and operation["what"] == "pull":
        return word("pulling", container=name, image=one["image"]["name"], until=operation["due"])
    if operation.get("container") == name and operation["what"] == "postStart":
        return word("post-start", container=name)
    if operation.get("container") == name and operation["what"] == "stop":
        failing = next((probe["kind"] for probe in one["probes"] if probe["kind"] != "readiness" and _has_failed(probe)), "")
        if failing:
            return word("being-killed", container=name, probe=failing, until=operation["due"])
        return word("being-stopped", container=name, until=operation["due"])
    if state["is"] == "waiting":
        return _waiting(one)
    if state["is"] == "terminated":
        return None if one["role"] == "init" and not state["code"] else word("ended", container=name, code=state["code"])
    if state["is"] == "running" and one["role"] == "init":
        return word("initializing", container=name)
    return _probed(one) if state["is"] == "running" else None


def _has_failed(probe: Row) -> bool:
    return bool(probe["row"] >= probe["failures"] and probe["dots"][-1]["complaint"])


def _waiting(one: Row) -> Row | None:
    state, name, reason = one["state"], one["name"], one["state"]["reason"]
    until = one["wait"]["until"] if one["wait"] else 0
    if reason in PULL_FAILS:
        key = "pull-fails-until" if until else "pull-fails"
        return word(key, container=name, image=one["image"]["name"], message=state["message"], until=until)
    if reason in CONFIGURATION_FAILS:
        return word("configuration-fails", container=name, reason=reason, message=state["message"])
    if reason == "CrashLoopBackOff":
        return _crashing(one, until)
    if reason == "PodInitializing":
        return None  # the init container that it waits for has said so
    return word("creating", container=name)


def _crashing(one: Row, until: int) -> Row:
    last = one["last"] or {"code": 0, "reason": ""}
    args = {"container": one["name"], "code": last["code"], "times": one["restarts"] + 1, "until": until}
    if one["killed_by"]:
        return word("crash-probe", probe=one["killed_by"], **args)
    if last["reason"] == "OOMKilled":
        return word("crash-memory", **args)
    return word("crash-ended" if last["code"] == 0 else "crash", **args)


def _probed(one: Row) -> Row | None:
    """Why a running container is not ready."""
    if one["ready"]:
        return None
    by_kind = {probe["kind"]: probe for probe in one["probes"]}
    startup, readiness = by_kind.get("startup"), by_kind.get("readiness")
    if startup is not None and not one["started"]:
        return word("starting-up", container=one["name"], message=startup["complaint"])
    if readiness is not None and readiness["complaint"]:
        return word("readiness-fails", container=one["name"], message=readiness["complaint"])
    return word("not-ready-yet", container=one["name"]) if readiness is not None else None


def _endangered(containers: list[Row]) -> Iterator[Row]:
    """Who is about to be killed for a failing liveness probe."""
    for one in containers_that_count(containers):
        for probe in one["probes"]:
            if probe["kind"] == "liveness" and probe["dots"] and probe["dots"][-1]["complaint"]:
                count = min(probe["row"], probe["failures"])
                yield word("endangered", container=one["name"], row=count, failures=probe["failures"], message=probe["complaint"])


def _restarted(containers: list[Row]) -> Iterator[Row]:
    """What happened before all went well."""
    for one in containers_that_count(containers):
        last = one["last"]
        if not one["restarts"] or last is None:
            continue
        args = {"container": one["name"], "times": one["restarts"], "code": last["code"]}
        if one["killed_by"]:
            yield word("restarted-probe", probe=one["killed_by"], **args)
        elif last["reason"] == "OOMKilled":
            yield word("restarted-memory", **args)
        else:
            yield word("restarted", **args)
