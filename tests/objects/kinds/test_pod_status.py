"""READY, STATUS and RESTARTS are calculated as kubectl shows them."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods
from cluster.objects.times import SECOND

RUNNING: Document = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}


def waiting(reason: str) -> Document:
    return {"waiting": {"reason": reason}}


def ended(code: int, reason: str = "", signal: int = 0) -> Document:
    return {"terminated": {"exitCode": code, **({"reason": reason} if reason else {}), **({"signal": signal} if signal else {})}}


def status(state: Document, *, ready: bool = False, restarts: int = 0, last: str = "", name: str = "c",
           started: bool = False) -> Document:
    found = {"name": name, "state": state, "ready": ready, "restartCount": restarts, "started": started}
    return {**found, "lastState": {"terminated": {"exitCode": 1, "finishedAt": last}}} if last else found


def pod(*statuses: Document, phase: str = "Running", init: tuple[Document, ...] = (), ready: bool = False,
        sidecars: tuple[str, ...] = (), **more: Any) -> Document:
    names = [entry["name"] for entry in statuses] or ["c"]
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    init_containers = [
        {"name": entry["name"], **({"restartPolicy": "Always"} if entry["name"] in sidecars else {})} for entry in init
    ]
    return {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"containers": [{"name": name} for name in names], "initContainers": init_containers},
        "status": {
            "phase": phase, "conditions": conditions, "containerStatuses": list(statuses),
            "initContainerStatuses": list(init), **more,
        },
    }


def test_it_works() -> None:
    running = pod(status(RUNNING, ready=True), ready=True)
    assert (pods.ready_text(running), pods.status_text(running), pods.restarts_text(running, 0)) == ("1/1", "Running", "0")


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (pod(phase="Pending"), "Pending"),
        (pod(status(waiting("ContainerCreating")), phase="Pending"), "ContainerCreating"),
        (pod(status(waiting("CrashLoopBackOff"))), "CrashLoopBackOff"),
        (pod(status(ended(0, "Completed")), phase="Succeeded"), "Completed"),
        (pod(status(ended(1, "Error")), phase="Failed"), "Error"),
        (pod(status(ended(137, "OOMKilled")), phase="Failed"), "OOMKilled"),
        (pod(status(ended(137, signal=9)), phase="Failed"), "Signal:9"),
        (pod(status(ended(3)), phase="Failed"), "ExitCode:3"),
        (pod(phase="Failed", reason="Evicted"), "Evicted"),
        (pod(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]),
         "SchedulingGated"),
    ],
)
def test_status_by_state(document: Document, text: str) -> None:
    assert pods.status_text(document) == text


def test_the_first_container_has_the_last_word() -> None:
    both = pod(status(waiting("ErrImagePull"), name="a"), status(waiting("CrashLoopBackOff"), name="b"))
    assert pods.status_text(both) == "ErrImagePull"


def test_completed_beside_a_running_container() -> None:
    done, alive = status(ended(0, "Completed"), name="a"), status(RUNNING, ready=True, name="b")
    failed = status(ended(1, "Error"), name="b")
    assert pods.status_text(pod(done, alive, ready=True)) == "Running"
    assert pods.status_text(pod(done, alive)) == "NotReady"
    assert pods.status_text(pod(done, failed)) == "Error"


@pytest.mark.parametrize(
    ("init", "text"),
    [
        ((status(RUNNING, name="i"), status(waiting("PodInitializing"), name="j")), "Init:0/2"),
        ((status(ended(0, "Completed"), name="i"), status(waiting("PodInitializing"), name="j")), "Init:1/2"),
        ((status(waiting("CrashLoopBackOff"), name="i"),), "Init:CrashLoopBackOff"),
        ((status(ended(1, "Error"), name="i"),), "Init:Error"),
        ((status(ended(2), name="i"),), "Init:ExitCode:2"),
        ((status(ended(2, signal=9), name="i"),), "Init:Signal:9"),
    ],
)
def test_init_containers_come_first(init: tuple[Document, ...], text: str) -> None:
    assert pods.status_text(pod(status(waiting("PodInitializing")), phase="Pending", init=init)) == text


def test_a_started_sidecar_counts_as_a_container() -> None:
    sidecar = status(RUNNING, ready=True, started=True, name="s", restarts=2, last="2026-01-01T00:00:05Z")
    document = pod(status(RUNNING, ready=True), init=(sidecar,), sidecars=("s",), ready=True)
    assert pods.ready_text(document) == "2/2"
    assert pods.restarts_text(document, 25 * SECOND) == "2 (20s ago)"


def test_restarts_of_init_containers_count_only_until_they_are_done() -> None:
    failing = status(waiting("CrashLoopBackOff"), name="i", restarts=3)
    assert pods.restarts(pod(status(waiting("PodInitializing")), init=(failing,))) == 3
    done = status(ended(0, "Completed"), name="i", restarts=3)
    assert pods.restarts(pod(status(RUNNING, ready=True), init=(done,))) == 0


def test_the_latest_restart_is_named() -> None:
    document = pod(
        status(RUNNING, name="a", restarts=1, last="2026-01-01T00:00:10Z"),
        status(RUNNING, name="b", restarts=2, last="2026-01-01T00:00:40Z"),
    )
    assert pods.restarts_text(document, 60 * SECOND) == "3 (20s ago)"


def test_a_pod_that_is_being_deleted() -> None:
    document = pod(status(RUNNING, ready=True), ready=True)
    meta = {**document["metadata"], "deletionTimestamp": "2026-01-01T00:00:30Z"}
    assert pods.status_text({**document, "metadata": meta}) == "Terminating"
    ended_pod = pod(status(ended(0, "Completed")), phase="Succeeded")
    assert pods.status_text({**ended_pod, "metadata": meta}) == "Completed"
    lost = pod(status(RUNNING, ready=True), reason="NodeLost")
    assert pods.status_text({**lost, "metadata": meta}) == "Unknown"


def test_nothing_but_a_name_is_enough() -> None:
    document = {"metadata": {"name": "web"}, "spec": {}, "status": {}}
    assert (pods.ready_text(document), pods.status_text(document), pods.restarts(document)) == ("0/0", "", 0)
