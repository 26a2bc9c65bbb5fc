"""Pod: its defaults, its rules and the questions that everything else asks of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from cluster.objects import conditions, quantity, times
from cluster.objects.documents import Document, dig
from cluster.objects.label_keys import with_label_keys
from cluster.objects.metadata import is_being_deleted
from cluster.objects.pod_template import default_pod_spec
from cluster.objects.pod_validation import pod_errors, pod_update_errors
from cluster.objects.printing import AGE, NAME, NONE, human_duration
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind

# The status reason of Pods on a node that is gone (pkg/util/node).
NODE_LOST = "NodeLost"
QOS_RESOURCES = ("cpu", "memory")
# The annotation of a mirror: the uid of the static Pod that it shows (pkg/kubelet/types/pod_update.go).
MIRROR = "kubernetes.io/config.mirror"

Amount = TypeVar("Amount", int, str)
Adder = Callable[[dict[str, Amount], dict[str, Amount]], None]

condition = conditions.condition
is_true = conditions.is_true


# --- questions -------------------------------------------------------------------------------------------------------


def phase(pod: Document) -> str:
    return str(dig(pod, "status", "phase", default=""))


def node_name(pod: Document) -> str:
    """The node that it is bound to, "" before."""
    return str(dig(pod, "spec", "nodeName", default=""))


def ip(pod: Document) -> str:
    """Its address, "" before it has one."""
    return str(dig(pod, "status", "podIP", default=""))


def is_terminal(pod: Document) -> bool:
    """Whether it has ended for good."""
    return phase(pod) in ("Succeeded", "Failed")


def is_active(pod: Document) -> bool:
    """Whether a controller counts it: neither ended nor being deleted (pkg/controller/controller_utils.go)."""
    return not is_terminal(pod) and not is_being_deleted(pod)


def is_ready(pod: Document) -> bool:
    return is_true(pod, "Ready")


def is_available(pod: Document, min_ready_seconds: int, now: int) -> bool:
    """Whether it has been ready for `min_ready_seconds` at `now` (ms) (pkg/api/v1/pod/util.go)."""
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True":
        return False
    if not min_ready_seconds:
        return True
    since = ready.get("lastTransitionTime")
    return bool(since) and times.parse(since) + min_ready_seconds * times.SECOND <= now


def available_in(pod: Document, min_ready_seconds: int, now: int) -> int | None:
    """Milliseconds until a ready Pod is available, 0 when it is already; None while it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or ready["status"] != "True" or not ready.get("lastTransitionTime"):
        return None
    return max(0, times.parse(ready["lastTransitionTime"]) + min_ready_seconds * times.SECOND - now)


def is_mirror(pod: Document) -> bool:
    """Whether the object only shows a static Pod, which its node's kubelet runs from a file."""
    return MIRROR in (pod["metadata"].get("annotations") or {})


def runtime_uid(pod: Document) -> str:
    """The uid under which a Pod's kubelet knows it: a static Pod's own, whatever uid its mirror has."""
    return str((pod["metadata"].get("annotations") or {}).get(MIRROR) or pod["metadata"]["uid"])


def containers(pod: Document) -> list[Document]:
    return dig(pod, "spec", "containers", default=[])


def init_containers(pod: Document) -> list[Document]:
    return dig(pod, "spec", "initContainers", default=[])


def is_sidecar(container: Document) -> bool:
    """Whether an init container keeps running beside the others."""
    return container.get("restartPolicy") == "Always"


def container_status(pod: Document, name: str) -> Document | None:
    """The status of a container or init container."""
    for group in ("containerStatuses", "initContainerStatuses"):
        for status in dig(pod, "status", group, default=[]):
            if status["name"] == name:
                return status
    return None


def tolerations(pod: Document) -> list[Document]:
    return dig(pod, "spec", "tolerations", default=[])


def tolerates(toleration: Document, taint: Document) -> bool:
    """Whether one toleration covers a taint (staging/src/k8s.io/api/core/v1/toleration.go)."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Equal":
        return (toleration.get("value") or "") == (taint.get("value") or "")
    return bool(operator == "Exists")


def tolerates_taint(pod: Document, taint: Document) -> bool:
    """Whether any toleration of the Pod covers the taint."""
    return any(tolerates(toleration, taint) for toleration in tolerations(pod))


def priority(pod: Document) -> int:
    return int(dig(pod, "spec", "priority", default=0))


# --- resources -------------------------------------------------------------------------------------------------------


def requests(pod: Document) -> dict[str, int]:
    """What it reserves: CPU in millicores, everything else in units (component-helpers/resource/helpers.go)."""
    total = together(pod, container_requests, _add, _raise_to)
    total.update(_amounts(dig(pod, "spec", "resources", "requests", default={})))
    _add(total, _amounts(dig(pod, "spec", "overhead", default={})))
    return total


def together(
    pod: Document, wanted: Callable[[Document], dict[str, Amount]], add: Adder[Amount], raise_to: Adder[Amount]
) -> dict[str, Amount]:
    """What all containers want: those that run side by side, or the largest init container with the sidecars before it.

    `wanted` tells what one container wants; `add` and `raise_to` change their first argument by their second.
    """
    total: dict[str, Amount] = {}
    for container in containers(pod):
        add(total, wanted(container))
    beside: dict[str, Amount] = {}
    peak: dict[str, Amount] = {}
    for container in init_containers(pod):
        one = dict(wanted(container))
        if is_sidecar(container):
            add(total, one)
            add(beside, one)
            raise_to(peak, beside)
        else:
            add(one, beside)
            raise_to(peak, one)
    raise_to(total, peak)
    return total


def container_requests(container: Document) -> dict[str, int]:
    """Requests of one container as `requests` counts them; a limit stands in for a request that is missing."""
    resources = container.get("resources") or {}
    return _amounts({**(resources.get("limits") or {}), **(resources.get("requests") or {})})


def _amounts(quantities: dict[str, Any]) -> dict[str, int]:
    return {
        name: quantity.milli_value(amount) if name == "cpu" else quantity.value(amount)
        for name, amount in quantities.items()
    }


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _raise_to(total: dict[str, int], other: dict[str, int]) -> None:
    for name, amount in other.items():
        total[name] = max(total.get(name, 0), amount)


def qos_class(pod: Document) -> str:
    """Guaranteed, Burstable or BestEffort by CPU and memory alone (pkg/apis/core/v1/helper/qos/qos.go)."""
    named: list[tuple[dict[str, Any], dict[str, Any]]] = []
    pod_level = dig(pod, "spec", "resources")
    each = [container.get("resources") or {} for container in (*containers(pod), *init_containers(pod))]
    for resources in [pod_level] if pod_level else each:
        limits = _positive(resources.get("limits") or {})
        named.append(({**limits, **_positive(resources.get("requests") or {})}, limits))
    if not any(wanted or limits for wanted, limits in named):
        return "BestEffort"
    if all(len(limits) == len(QOS_RESOURCES) and wanted == limits for wanted, limits in named):
        return "Guaranteed"
    return "Burstable"


def _positive(quantities: dict[str, Any]) -> dict[str, Any]:
    amounts = {name: quantity.parse(amount) for name, amount in quantities.items() if name in QOS_RESOURCES}
    return {name: amount for name, amount in amounts.items() if amount > 0}


# --- what kubectl shows ----------------------------------------------------------------------------------------------


class Summary(NamedTuple):
    """The cells of a Pod's row."""

    ready: int
    total: int
    status: str
    restarts: int
    last_restart: str  # RFC 3339, "" when nothing ever restarted


def summary(pod: Document) -> Summary:
    """What `kubectl get pods` calculates (printPod in pkg/printers/internalversion/printers.go)."""
    sidecars = {container["name"] for container in init_containers(pod) if is_sidecar(container)}
    status = _first_status(pod)
    starting, ready, restarts, sidecar_restarts, last, sidecar_last = _init_summary(pod, sidecars)
    if starting:
        status = starting
    if not starting or is_true(pod, "Initialized"):
        status, more_ready, more_restarts, last_of_containers = _container_summary(pod, status)
        ready += more_ready
        restarts = sidecar_restarts + more_restarts
        last = max(sidecar_last, last_of_containers)
    if is_being_deleted(pod):
        if dig(pod, "status", "reason") == NODE_LOST:
            status = "Unknown"
        elif not is_terminal(pod):
            status = "Terminating"
    return Summary(ready, len(containers(pod)) + len(sidecars), status, restarts, last)


def _first_status(pod: Document) -> str:
    gated = any(
        found["type"] == "PodScheduled" and found.get("reason") == "SchedulingGated"
        for found in dig(pod, "status", "conditions", default=[])
    )
    return "SchedulingGated" if gated else str(dig(pod, "status", "reason") or phase(pod))


def _init_summary(pod: Document, sidecars: set[str]) -> tuple[str, int, int, int, str, str]:
    """Status until init containers are done ("" then), ready sidecars, restarts and last ones of all and of them."""
    ready = restarts = sidecar_restarts = 0
    last = sidecar_last = ""
    statuses = dig(pod, "status", "initContainerStatuses", default=[])
    for index, status in enumerate(statuses):
        count, finished = status.get("restartCount", 0), _last_finish(status)
        restarts, last = restarts + count, max(last, finished)
        sidecar = status["name"] in sidecars
        if sidecar:
            sidecar_restarts, sidecar_last = sidecar_restarts + count, max(sidecar_last, finished)
        if dig(status, "state", "terminated", "exitCode") == 0:
            continue
        if sidecar and status.get("started"):
            ready += bool(status.get("ready"))
            continue
        starting = "Init:" + _init_reason(status, f"{index}/{len(init_containers(pod))}")
        return starting, ready, restarts, sidecar_restarts, last, sidecar_last
    return "", ready, restarts, sidecar_restarts, last, sidecar_last


def _init_reason(status: Document, progress: str) -> str:
    terminated = dig(status, "state", "terminated")
    if terminated is not None:
        return _terminated_reason(terminated)
    waiting = dig(status, "state", "waiting", "reason", default="")
    return waiting if waiting not in ("", "PodInitializing") else progress


def _terminated_reason(terminated: Document) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _container_summary(pod: Document, status: str) -> tuple[str, int, int, str]:
    """Status, ready containers, restarts and the time of the last one; the first container has the last word."""
    ready = restarts = 0
    running = False
    error = last = ""
    for container in reversed(dig(pod, "status", "containerStatuses", default=[])):
        restarts += container.get("restartCount", 0)
        last = max(last, _last_finish(container))
        state = container.get("state") or {}
        if dig(state, "waiting", "reason"):
            status = state["waiting"]["reason"]
        elif state.get("terminated") is not None:
            status = _terminated_reason(state["terminated"])
            if state["terminated"].get("exitCode"):
                error = status
        elif container.get("ready") and state.get("running") is not None:
            running = True
            ready += 1
    if status == "Completed":
        if running and is_ready(pod):
            status = "Running"
        elif error:
            status = error
        elif running:
            status = "NotReady"
    return status, ready, restarts, last


def _last_finish(status: Document) -> str:
    return str(dig(status, "lastState", "terminated", "finishedAt", default=""))


def status_text(pod: Document) -> str:
    """The STATUS cell: `Running`, `CrashLoopBackOff`, `Init:0/2`, `Terminating`."""
    return summary(pod).status


def ready_containers(pod: Document) -> tuple[int, int]:
    """Ready containers and all that can be ready, sidecars included."""
    found = summary(pod)
    return found.ready, found.total


def ready_text(pod: Document) -> str:
    """The READY cell: `1/2`."""
    ready, total = ready_containers(pod)
    return f"{ready}/{total}"


def restarts(pod: Document) -> int:
    """The number in the RESTARTS cell."""
    return summary(pod).restarts


def restarts_text(pod: Document, now: int) -> str:
    """The RESTARTS cell: `0`, `3 (20s ago)`."""
    found = summary(pod)
    if not found.restarts or not found.last_restart:
        return str(found.restarts)
    return f"{found.restarts} ({human_duration(now - times.parse(found.last_restart))} ago)"


def _readiness_gates(pod: Document, now: int) -> str:
    gates = dig(pod, "spec", "readinessGates", default=[])
    if not gates:
        return NONE
    met = sum(is_true(pod, gate.get("conditionType", "")) for gate in gates)
    return f"{met}/{len(gates)}"


# --- the kind --------------------------------------------------------------------------------------------------------


def default(pod: Document) -> Document:
    """SetDefaults_Pod and SetDefaults_PodSpec in pkg/apis/core/v1/defaults.go."""
    spec = default_pod_spec(pod.get("spec") or {})
    if spec.get("enableServiceLinks") is None:
        spec["enableServiceLinks"] = True
    host_network = bool(spec.get("hostNetwork"))
    for group in ("initContainers", "containers"):
        if spec.get(group):
            spec[group] = [_default_container(container, host_network) for container in spec[group]]
    return {**pod, "spec": spec}


def _default_container(container: Document, host_network: bool) -> Document:
    limits = dig(container, "resources", "limits")
    if limits:
        wanted = {**limits, **(container["resources"].get("requests") or {})}
        container = {**container, "resources": {**container["resources"], "requests": wanted}}
    if host_network and container.get("ports"):
        ports = [
            {**port, "hostPort": port.get("hostPort") or port.get("containerPort", 0)} for port in container["ports"]
        ]
        container = {**container, "ports": ports}
    return container


def prepare(pod: Document) -> Document:
    """Pending, with its quality of service; `nodeName` may be given (pkg/registry/core/pod/strategy.go)."""
    pod = with_label_keys(pod)
    status: Document = {"phase": "Pending"}
    if dig(pod, "spec", "schedulingGates"):
        status["conditions"] = [_gated(pod)]
    with suppress(quantity.QuantityError):  # validation, which comes later, names the field
        status["qosClass"] = qos_class(pod)
    return {**pod, "status": status}


def _gated(pod: Document) -> Document:
    return {
        "type": "PodScheduled", "status": "False", "lastProbeTime": None,
        "lastTransitionTime": pod["metadata"].get("creationTimestamp"), "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
    }


def validate(pod: Document, old: Document | None) -> list[FieldError]:
    """ValidatePodCreate and ValidatePodUpdate in pkg/apis/core/validation/validation.go."""
    return pod_errors(pod) if old is None else pod_update_errors(pod, old)


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="Pod",
        plural="pods",
        singular="pod",
        short_names=("po",),
        categories=("all",),
        namespaced=True,
        subresources=frozenset(
            {"status", "binding", "eviction", "log", "exec", "attach", "portforward", "ephemeralcontainers", "resize"}
        ),
        default=default,
        prepare=prepare,
        validate=validate,
        counts_generation=True,
        columns=(
            NAME,
            Column("Ready", lambda pod, now: ready_text(pod)),
            Column("Status", lambda pod, now: status_text(pod)),
            Column("Restarts", restarts_text),
            AGE,
            Column("IP", lambda pod, now: ip(pod) or NONE, wide=True),
            Column("Node", lambda pod, now: node_name(pod) or NONE, wide=True),
            Column("Nominated Node", lambda pod, now: dig(pod, "status", "nominatedNodeName", default=NONE), wide=True),
            Column("Readiness Gates", _readiness_gates, wide=True),
        ),
        field_labels={
            "spec.nodeName": node_name,
            "spec.restartPolicy": lambda pod: dig(pod, "spec", "restartPolicy", default=""),
            "spec.schedulerName": lambda pod: dig(pod, "spec", "schedulerName", default=""),
            "spec.serviceAccountName": lambda pod: dig(pod, "spec", "serviceAccountName", default=""),
            "spec.hostNetwork": lambda pod: str(bool(dig(pod, "spec", "hostNetwork", default=False))).lower(),
            "status.phase": phase,
            "status.podIP": ip,
            "status.nominatedNodeName": lambda pod: dig(pod, "status", "nominatedNodeName", default=""),
        },
    )
)
