"""The status that a kubelet posts for a Pod, computed from what the runtime has and what the Pod worker waits for.

pkg/kubelet/kubelet_pods.go (generateAPIPodStatus, getPhase), pkg/kubelet/status/generate.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

OWN_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
BY_KUBELET = "TerminationByKubelet"
STATUS_UNKNOWN = "ContainerStatusUnknown"
KEPT = ("nominatedNodeName", "resourceClaimStatuses")
TOO_OLD = "Pod was active on the node longer than the specified deadline"
LOST = "The container could not be located when the pod was deleted.  The container used to be Running"
NOT_LOCATED = "The container could not be located when the pod was terminated"

Row = Mapping[str, Any]
Work = Mapping[str, Any]


def should_restart(pod: Document, container: Document, code: int) -> bool:
    """Whether a container that ended with `code` is started again: its own rules, its own policy, the Pod's policy.

    pkg/api/v1/pod/util.go (ContainerShouldRestart)
    """
    for rule in container.get("restartPolicyRules") or []:
        codes = rule.get("exitCodes") or {}
        if (code in (codes.get("values") or [])) == (codes.get("operator") == "In"):
            return True
    policy = container.get("restartPolicy") or dig(pod, "spec", "restartPolicy", default="Always")
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def compute(pod: Document, row: Row | None, work: Work, host_ip: str, now: int) -> Document:
    """The whole `status` as it should be; equal to the present one when there is nothing to post."""
    old = pod.get("status") or {}
    records = row["containers"] if row else {}
    terminal = bool(work.get("terminal"))
    has_init = bool(pods.init_containers(pod))
    inits = [_container(pod, c, records, work, has_init, False) for c in pods.init_containers(pod)]
    apps = [_container(pod, c, records, work, has_init, terminal) for c in pods.containers(pod)]
    too_old = bool(work.get("too_old")) and terminal
    evicted = work.get("evicted") or {}
    failed = terminal and (too_old or bool(evicted))
    phase = old.get("phase") if pods.is_terminal(pod) else "Failed" if failed else _phase(pod, inits, apps, terminal)
    status: Document = {name: old[name] for name in KEPT if name in old}
    status["observedGeneration"] = pod["metadata"].get("generation", 1)
    status["phase"] = phase
    status["conditions"] = _conditions(pod, old, inits, apps, str(phase), bool(row and row.get("sandbox")), now)
    if evicted.get("disrupted"):
        status["conditions"] = _with_disruption(pod, status["conditions"], evicted["message"], now)
    if phase == old.get("phase"):
        status.update({name: old[name] for name in ("message", "reason") if name in old})
    elif evicted and terminal:
        status.update({"message": evicted["message"], "reason": "Evicted"})
    elif too_old:
        status.update({"message": TOO_OLD, "reason": "DeadlineExceeded"})
    status["hostIP"] = host_ip
    status["hostIPs"] = [{"ip": host_ip}]
    address = row.get("ip") if row else old.get("podIP")
    if address:
        status["podIP"] = address
        status["podIPs"] = [{"ip": address}]
    status["startTime"] = old.get("startTime") or times.rfc3339(work["begun"])
    if inits:
        status["initContainerStatuses"] = inits
    status["containerStatuses"] = sorted(apps, key=lambda status: str(status["name"]))
    status["qosClass"] = old.get("qosClass") or pods.qos_class(pod)
    return status


def rejected(pod: Document, reason: str, message: str, now: int) -> Document:
    """The status of a Pod that the kubelet does not take (rejectPod in pkg/kubelet/kubelet.go)."""
    old = pod.get("status") or {}
    kept = [c for c in old.get("conditions") or [] if c["type"] not in OWN_CONDITIONS]
    return {
        "observedGeneration": pod["metadata"].get("generation", 1), "phase": "Failed",
        **({"conditions": kept} if kept else {}),
        "message": f"Pod was rejected: {message}", "reason": reason, "startTime": times.rfc3339(now),
        "qosClass": old.get("qosClass") or pods.qos_class(pod),
    }


# --- containers ------------------------------------------------------------------------------------------------------


def _container(
    pod: Document, container: Document, records: Mapping[str, Row], work: Work, has_init: bool, terminal: bool
) -> Document:
    name = container["name"]
    record = records.get(name)
    waiting = work.get("reasons", {}).get(name)
    if record is not None and _is_in_post_start(work, name):
        # Until the hook is over the worker says nothing of its container.
        return pods.container_status(pod, name) or _without_record(pod, container, waiting, has_init, terminal)
    if record is None:
        return _without_record(pod, container, waiting, has_init, terminal)
    probed = work.get("probes", {}).get(name, {})
    running = record["state"] == "running"
    state: Document
    before = pods.container_status(pod, name) or {}
    last = terminated(record["last"]) if record.get("last") else before.get("lastState") or {}
    if running:
        state = {"running": {"startedAt": times.rfc3339(record["started"])}}
    elif waiting and not terminal:
        state, last = {"waiting": _waiting(waiting)}, terminated(record)
    else:
        state = terminated(record)
    if _is_plain_init(pod, container):
        ready, started = record["state"] == "exited" and record["code"] == 0, False
    else:
        ready, started = bool(running and probed.get("ready")), bool(running and probed.get("started"))
    return {
        "name": name, "state": state, "lastState": last,
        "ready": ready,
        "restartCount": record["attempt"], "image": record["image"], "imageID": record["image_id"],
        "containerID": record["id"], "started": started,
    }


def _is_in_post_start(work: Work, name: str) -> bool:
    operation = work.get("op") or {}
    return operation.get("what") == "postStart" and operation.get("container") == name


def _is_plain_init(pod: Document, container: Document) -> bool:
    return not pods.is_sidecar(container) and any(c["name"] == container["name"] for c in pods.init_containers(pod))


def _without_record(
    pod: Document, container: Document, waiting: Sequence[str] | None, has_init: bool, terminal: bool
) -> Document:
    """A container that the runtime does not know: not started yet, or lost with its machine."""
    old = pods.container_status(pod, container["name"]) or {"state": {}}
    default = ("PodInitializing" if has_init else "ContainerCreating", "")
    state: Document = {"waiting": _waiting(waiting or default)}
    last, restarts = old.get("lastState") or {}, old.get("restartCount", 0)
    if terminal:
        state = {"terminated": _unknown(NOT_LOCATED)}
    elif "running" in old["state"]:
        last, restarts = {"terminated": _unknown(LOST)}, restarts + 1
    elif "terminated" in old["state"]:
        last = old["state"]
    return {
        "name": container["name"], "state": state, "lastState": last, "ready": False, "restartCount": restarts,
        "image": container["image"], "imageID": "", "started": False,
    }


def _unknown(message: str) -> Document:
    return {
        "exitCode": 137, "reason": STATUS_UNKNOWN, "message": message, "startedAt": None, "finishedAt": None,
    }


def _waiting(reason: Sequence[str]) -> Document:
    name, message = reason
    return {"reason": name, "message": message} if message else {"reason": name}


def terminated(record: Row) -> Document:
    """The state of a container that has ended."""
    state = {"exitCode": record["code"], "reason": record["reason"]}
    if record.get("message"):
        state["message"] = record["message"]
    return {"terminated": {
        **state, "startedAt": times.rfc3339(record["started"]), "finishedAt": times.rfc3339(record["finished"]),
        "containerID": record["id"],
    }}


# --- phase -----------------------------------------------------------------------------------------------------------


def _end(status: Document) -> Document | None:
    """The termination that counts for the phase: the present one, or the last one of a container that waits."""
    state = status["state"]
    if "terminated" in state:
        return dict(state["terminated"])
    if "waiting" in state and "terminated" in status["lastState"]:
        return dict(status["lastState"]["terminated"])
    return None


def _phase(pod: Document, inits: Sequence[Document], apps: Sequence[Document], terminal: bool) -> str:
    by_name = {c["name"]: c for c in [*pods.init_containers(pod), *pods.containers(pod)]}
    initialized = any("waiting" not in status["state"] or status["lastState"] for status in apps)
    pending = 0
    for status in inits:
        container = by_name[status["name"]]
        if pods.is_sidecar(container):
            pending += not initialized and not status["started"] and _end(status) is None
            continue
        end = _end(status)
        if end is None:
            pending += 1
        elif end["exitCode"] != 0 and not should_restart(pod, container, end["exitCode"]):
            return "Failed"
    sidecars_run = any("running" in s["state"] and pods.is_sidecar(by_name[s["name"]]) for s in inits)
    running = sidecars_run or any("running" in status["state"] for status in apps)
    ends = [_end(status) for status in apps if "running" not in status["state"]]
    if not terminal and (pending or any(end is None for end in ends)):
        return "Pending"
    if running:
        return "Running"
    codes = [end["exitCode"] for end in ends if end is not None]
    again = [
        should_restart(pod, by_name[s["name"]], e["exitCode"]) for s in apps if (e := _end(s)) is not None
    ]
    if not terminal and any(again):
        return "Running"
    return "Succeeded" if codes and not any(codes) else "Failed"


# --- conditions ------------------------------------------------------------------------------------------------------


def _conditions(
    pod: Document, old: Document, inits: Sequence[Document], apps: Sequence[Document], phase: str, sandbox: bool, now: int
) -> list[Document]:
    before = {c["type"]: c for c in old.get("conditions") or []}
    others = [c for c in old.get("conditions") or [] if c["type"] not in OWN_CONDITIONS]
    containers_ready = _containers_ready(pod, inits, apps, phase)
    wanted = {
        "PodReadyToStartContainers": (sandbox, "", ""),
        "Initialized": _initialized(pod, inits, apps, phase),
        "Ready": _with_gates(pod, others, containers_ready),
        "ContainersReady": containers_ready,
        "PodScheduled": (True, "", ""),
    }
    if metadata.is_being_deleted(pod) and before.get("Ready", {}).get("status") == "False":
        # A Pod on its way out does not become ready again, such as when the kubelet of a lost node comes back.
        wanted["Ready"] = (False, *wanted["Ready"][1:])
    generation = pod["metadata"].get("generation", 1)
    return others + [_condition(name, *wanted[name], before.get(name), generation, now) for name in OWN_CONDITIONS]


def _condition(
    name: str, holds: bool, reason: str, message: str, before: Document | None, generation: int, now: int
) -> Document:
    status = "True" if holds else "False"
    same = before is not None and before["status"] == status and before.get("lastTransitionTime")
    condition: Document = {
        "type": name, "observedGeneration": generation, "status": status, "lastProbeTime": None,
        "lastTransitionTime": before["lastTransitionTime"] if before is not None and same else times.rfc3339(now),
    }
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition


def _with_disruption(pod: Document, conditions: list[Document], message: str, now: int) -> list[Document]:
    """Why a Pod ends before its time: the eviction manager ends it."""
    if any(condition["type"] == "DisruptionTarget" and condition["reason"] == BY_KUBELET for condition in conditions):
        return conditions
    others = [condition for condition in conditions if condition["type"] != "DisruptionTarget"]
    generation = pod["metadata"].get("generation", 1)
    return [_condition("DisruptionTarget", True, BY_KUBELET, message, None, generation, now), *others]


def _names(statuses: Sequence[Document]) -> str:
    return "[" + " ".join(status["name"] for status in statuses) + "]"


def _containers_ready(
    pod: Document, inits: Sequence[Document], apps: Sequence[Document], phase: str
) -> tuple[bool, str, str]:
    if phase == "Succeeded":
        return False, "PodCompleted", ""
    if phase == "Failed":
        return False, "PodFailed", ""
    sidecars = {c["name"] for c in pods.init_containers(pod) if pods.is_sidecar(c)}
    unready = [s for s in [*inits, *apps] if not s["ready"] and (s in apps or s["name"] in sidecars)]
    if unready:
        return False, "ContainersNotReady", f"containers with unready status: {_names(unready)}"
    return True, "", ""


def _with_gates(
    pod: Document, conditions: Sequence[Document], containers_ready: tuple[bool, str, str]
) -> tuple[bool, str, str]:
    if not containers_ready[0]:
        return containers_ready
    complaints = []
    for gate in dig(pod, "spec", "readinessGates", default=[]):
        name = gate["conditionType"]
        status = next((c["status"] for c in conditions if c["type"] == name), None)
        if status is None:
            complaints.append(f'corresponding condition of pod readiness gate "{name}" does not exist.')
        elif status != "True":
            complaints.append(f'the status of pod readiness gate "{name}" is not "True", but {status}')
    return (False, "ReadinessGatesNotReady", ", ".join(complaints)) if complaints else (True, "", "")


def _initialized(
    pod: Document, inits: Sequence[Document], apps: Sequence[Document], phase: str
) -> tuple[bool, str, str]:
    if phase == "Succeeded":
        return True, "PodCompleted", ""
    if any(status["started"] or "terminated" in status["state"] or status["lastState"] for status in apps):
        return True, "", ""
    sidecars = {c["name"] for c in pods.init_containers(pod) if pods.is_sidecar(c)}
    incomplete = [s for s in inits if not (s["started"] if s["name"] in sidecars else s["ready"])]
    if incomplete:
        return False, "ContainersNotInitialized", f"containers with incomplete status: {_names(incomplete)}"
    return True, "", ""
