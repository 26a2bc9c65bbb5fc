"""What is true of running Pods, as their kubelets tell of them, after every step and when all is quiet."""

from __future__ import annotations

from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.walks import quiet
from tests.walks.rules import Seen, objects_of, updates_of, written

CONTAINERS = "host/containers"
BACK_OFF_FIRST, BACK_OFF_LONGEST = 10, 300  # seconds
BACK_OFF_FORGOTTEN = 600
# A status tells whole seconds.
ROUNDING = 1


def _statuses(pod: Document) -> dict[str, Document]:
    return {status["name"]: status for status in dig(pod, "status", "containerStatuses", default=[])}


def _own(step: Step) -> list[tuple[Document, Document]]:
    """A Pod before and after its kubelet wrote its status."""
    return updates_of(step, "pods") if step.actor.startswith("kubelet/") else []


@written("pods")
def containers_are_restarted_as_the_policy_says(seen: Seen, step: Step) -> None:
    for old, new in _own(step):
        before, policy = _statuses(old), dig(new, "spec", "restartPolicy", default="Always")
        for name, status in _statuses(new).items():
            if name not in before or status["restartCount"] == before[name]["restartCount"]:
                continue
            last = dig(status, "lastState", "terminated") or {}
            if last.get("reason") == "ContainerStatusUnknown":
                continue  # lost with its machine
            assert policy != "Never", name
            assert policy == "Always" or last.get("exitCode"), (policy, last)


@written("pods")
def restarts_wait_longer_and_longer(seen: Seen, step: Step) -> None:
    """The second restart comes 10 s after the end, then 20 s, 40 s … 300 s, unless it ran for 10 minutes meanwhile."""
    for old, new in _own(step):
        before = _statuses(old)
        for name, status in _statuses(new).items():
            earlier, ended = before.get(name), dig(status, "lastState", "terminated") or {}
            started = dig(status, "state", "running", "startedAt")
            if earlier is None or not started or not ended.get("finishedAt") or "running" in earlier["state"]:
                continue
            restarts = status["restartCount"]
            if restarts < 2 or restarts != earlier["restartCount"] + 1 or new["metadata"]["generation"] != 1:
                continue  # with another image it begins at once
            ran = times.parse(ended["finishedAt"]) - times.parse(ended["startedAt"])
            waited = (times.parse(started) - times.parse(ended["finishedAt"])) // 1000
            least = min(BACK_OFF_FIRST << (restarts - 2), BACK_OFF_LONGEST)
            lost = ended.get("exitCode") == 255  # rebooted
            if not lost and ran < BACK_OFF_FORGOTTEN * 1000 and restarts <= 5:
                assert waited >= least - ROUNDING, (name, restarts, waited, least)


@written("pods")
def a_phase_says_what_became_of_the_containers(seen: Seen, step: Step) -> None:
    for old, new in _own(step):
        if pods.phase(old) == pods.phase(new) or not _statuses(new):
            continue
        states = [status["state"] for status in _statuses(new).values()]
        codes = [state["terminated"]["exitCode"] for state in states if "terminated" in state]
        if pods.phase(new) == "Succeeded":
            assert len(codes) == len(states) and not any(codes), states
        elif pods.phase(new) == "Failed" and dig(new, "status", "reason") is None:
            inits = [dig(status, "state", "terminated", "exitCode") for status in new["status"].get("initContainerStatuses", [])]
            assert any(codes) or any(inits), states
        elif pods.phase(new) == "Running":
            assert any("waiting" not in state or status["restartCount"] or dig(status, "lastState", "terminated")
                       for state, status in zip(states, _statuses(new).values(), strict=True)), states


@written("pods")
def ready_containers_run(seen: Seen, step: Step) -> None:
    for _, new in _own(step):
        for name, status in _statuses(new).items():
            assert not status["ready"] or "running" in status["state"], name
            assert not status["ready"] or status.get("started"), name
        whole = all(status["ready"] for status in _statuses(new).values())
        assert not pods.is_true(new, "ContainersReady") or whole, _statuses(new)
        assert not pods.is_true(new, "Ready") or pods.is_true(new, "ContainersReady")


@written("pods")
def probed_containers_are_not_ready_before_their_probe(seen: Seen, step: Step) -> None:
    for _, new in _own(step):
        for container in pods.containers(new):
            probe, status = container.get("readinessProbe"), _statuses(new).get(container["name"])
            if probe is None or status is None or not status["ready"]:
                continue
            started = times.parse(status["state"]["running"]["startedAt"])
            assert step.at >= started + probe.get("initialDelaySeconds", 0) * 1000, container["name"]


@written("pods")
def plain_containers_wait_for_the_initial_ones(seen: Seen, step: Step) -> None:
    for _, new in _own(step):
        inits = {status["name"]: status for status in new["status"].get("initContainerStatuses", [])}
        begun = any("running" in status["state"] for status in _statuses(new).values())
        for container in pods.init_containers(new) if begun else []:
            state = inits[container["name"]]["state"]
            if not pods.is_sidecar(container) and not status_was_lost(inits[container["name"]]):
                assert dig(state, "terminated", "exitCode") == 0, (container["name"], state)


def status_was_lost(status: Document) -> bool:
    """Whether a container's end is known by hearsay only."""
    return dig(status, "state", "terminated", "reason") == "ContainerStatusUnknown" or "waiting" in status["state"]


@written("pods")
def a_pod_ends_before_its_object(seen: Seen, step: Step) -> None:
    """A kubelet lets an object go when nothing of it runs any more."""
    for change in objects_of(step, "pods"):
        if change.new is None and step.actor.startswith("kubelet/") and not pods.is_mirror(change.old):
            running = [name for name, status in _statuses(change.old).items() if "running" in status["state"]]
            assert not running, running
            assert metadata.is_being_deleted(change.old)


@written("pods")
def a_pod_is_given_its_time_to_end(seen: Seen, step: Step) -> None:
    """Nothing is killed before its grace period is over that ends by itself: exit 137 comes late, if at all."""
    for old, new in _own(step):
        deleted, before = new["metadata"].get("deletionTimestamp"), _statuses(old)
        # It may have been told to end before, by a deadline or a probe.
        probed = any("livenessProbe" in container or "startupProbe" in container for container in pods.containers(new))
        if probed or new["spec"].get("activeDeadlineSeconds"):
            continue
        for name, status in _statuses(new).items():
            ended = status["state"].get("terminated")
            if not deleted or not ended or "terminated" in dig(before.get(name) or {}, "state", default={}):
                continue
            if ended["exitCode"] == 137 and ended.get("finishedAt") and ended.get("reason") == "Error":
                assert times.parse(ended["finishedAt"]) >= times.parse(deleted) - 2_000, (name, ended, deleted)


@written("pods")
def a_deadline_is_kept(seen: Seen, step: Step) -> None:
    for _, new in _own(step):
        if dig(new, "status", "reason") == "DeadlineExceeded":
            seconds = new["spec"].get("activeDeadlineSeconds")
            assert seconds is not None
            assert step.at >= times.parse(new["status"]["startTime"]) + (seconds - ROUNDING) * 1000


# --- quiet ------------------------------------------------------------------------------------------------------------


def _is_up(simulation: Simulation, node: str) -> bool:
    there = simulation.api.get("nodes", "", node) is not None and simulation.api.host("host/machines", (node,)) is not None
    return there and not simulation.api.is_off(f"kubelet/{node}", f"node/{node}")


@quiet.rule()
def nothing_runs_that_nobody_asked_for(simulation: Simulation, seen: Seen) -> None:
    uids = {pods.runtime_uid(pod) for pod in simulation.api.list("pods")}
    for (node, uid), row in simulation.api.hosts(CONTAINERS):
        assert uid in uids or not _is_up(simulation, node), (node, row["pod"])


@quiet.rule()
def bound_pods_are_looked_after(simulation: Simulation, seen: Seen) -> None:
    for pod in simulation.api.list("pods"):
        if not pods.node_name(pod) or not _is_up(simulation, pods.node_name(pod)) or pods.is_terminal(pod):
            continue
        assert not metadata.is_being_deleted(pod) or metadata.finalizers(pod), (metadata.name(pod), "should be gone")
        assert pod["status"].get("startTime"), metadata.name(pod)
        assert pods.ip(pod) or not all("running" in status["state"] for status in _statuses(pod).values()), metadata.name(pod)


@quiet.rule()
def what_has_no_probe_and_runs_is_ready(simulation: Simulation, seen: Seen) -> None:
    for pod in simulation.api.list("pods"):
        if not pods.node_name(pod) or not _is_up(simulation, pods.node_name(pod)) or pods.is_terminal(pod):
            continue
        statuses = _statuses(pod)
        for container in pods.containers(pod):
            status = statuses.get(container["name"])
            probed = {"readinessProbe", "startupProbe"} & container.keys()
            if status is not None and "running" in status["state"] and not probed and not metadata.is_being_deleted(pod):
                assert status["ready"], metadata.name(pod)
