"""The containers of a Pod as the Pod view shows them, in the order in which they start."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.containers import images, references
from cluster.containers.machine import Line
from cluster.inspection import amounts, probing
from cluster.inspection.inside import Inside
from cluster.kubelet import inspect, logs
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

INIT, SIDECAR, CONTAINER = "init", "sidecar", "container"
# So many of the last lines of a log are shown.
LINES = 40
SIGNAL_BASE = 128
_KILLED_BY = re.compile(r"Container (?P<name>\S+) failed (?P<probe>\w+) probe, will be restarted")

Row = dict[str, Any]


def rows(view: Reader, pod: Document, inside: Inside, extra_images: Mapping[str, int]) -> list[Row]:
    """Init containers and sidecars first, as in the spec."""
    inits = [(one, SIDECAR if pods.is_sidecar(one) else INIT) for one in pods.init_containers(pod)]
    each = [*inits, *((one, CONTAINER) for one in pods.containers(pod))]
    return [_row(view, pod, inside, container, role, extra_images) for container, role in each]


def _row(
    view: Reader, pod: Document, inside: Inside, container: Document, role: str, extra_images: Mapping[str, int]
) -> Row:
    name = container["name"]
    status = pods.container_status(pod, name) or {}
    wait = inspect.wait_until(view, pod, name)
    return {
        "name": name,
        "role": role,
        "state": state(status.get("state") or {}),
        "last": ending(dig(status, "lastState", "terminated")),
        "killed_by": killed_by(view, pod, name),
        "ready": bool(status.get("ready")),
        "started": bool(status.get("started")),
        "restarts": status.get("restartCount", 0),
        "wait": {"begun": wait[0], "until": wait[1]} if wait else None,
        "image": _image(container, extra_images),
        "command": container.get("command") or [],
        "args": container.get("args") or [],
        "ports": [_port(port) for port in container.get("ports") or []],
        "environment": list(_environment(pod, container)),
        "mounts": [_mount(mount) for mount in container.get("volumeMounts") or []],
        "hooks": [{"hook": hook, "does": _handler(found)} for hook, found in (container.get("lifecycle") or {}).items()],
        "probes": probing.rows(view, pod, container, status),
        "amounts": amounts.rows(view, pod, container),
        "processes": inside.processes(name),
        "listens": inside.listens(name),
        "serving": amounts.serving(view, pod, container),
        "log": log(inside.lines(name)),
        "previous_log": log(logs.lines(view, pod, name, view.now, previous=True)) if status.get("lastState") else None,
    }


# --- state -----------------------------------------------------------------------------------------------------------


def state(found: Document) -> Row:
    """A container's state: {is: waiting, running, terminated or none, …}; times in ms."""
    if found.get("waiting") is not None:
        return {"is": "waiting", "reason": found["waiting"].get("reason", ""), "message": found["waiting"].get("message", "")}
    if found.get("running") is not None:
        return {"is": "running", "since": moment(found["running"].get("startedAt"))}
    ended = ending(found.get("terminated"))
    return {"is": "terminated", **ended} if ended else {"is": "none"}


def ending(terminated: Document | None) -> Row | None:
    """How a container has ended: `signal` is the number behind an exit code above 128, 0 for none."""
    if not terminated:
        return None
    code = int(terminated.get("exitCode", 0))
    return {
        "code": code,
        "signal": code - SIGNAL_BASE if SIGNAL_BASE < code < SIGNAL_BASE + 65 else 0,
        "reason": terminated.get("reason", ""),
        "message": terminated.get("message", ""),
        "began": moment(terminated.get("startedAt")),
        "ended": moment(terminated.get("finishedAt")),
    }


def moment(text: str | None) -> int | None:
    """A time of the API in ms; None without one."""
    return times.parse(text) if text else None


def killed_by(view: Reader, pod: Document, container: str) -> str:
    """The probe for whose failures the last run was ended: "liveness", "startup" or ""."""
    ended = dig(pods.container_status(pod, container), "lastState", "terminated", "finishedAt")
    if not ended:
        return ""
    newest: tuple[int, str] = (0, "")
    for event in view.events_regarding(metadata.uid(pod)):
        found = _KILLED_BY.fullmatch(event["message"]) if event["reason"] == "Killing" else None
        if found is not None and found["name"] == container:
            newest = max(newest, (seen(event), found["probe"]))
    grace = (dig(pod, "spec", "terminationGracePeriodSeconds", default=30) + 1) * times.SECOND
    return newest[1] if newest[1] and times.parse(ended) - grace <= newest[0] <= times.parse(ended) + times.SECOND else ""


def seen(event: Document) -> int:
    """When an Event was seen last (ms)."""
    return times.parse(dig(event, "series", "lastObservedTime") or event.get("lastTimestamp") or event["eventTime"])


# --- what it is made of ----------------------------------------------------------------------------------------------


def _image(container: Document, extra_images: Mapping[str, int]) -> Row:
    """`generic`: nothing is known of it, a server stands in. `words`: what it runs when the Pod names no command."""
    row: Row = {"name": container["image"], "policy": container.get("imagePullPolicy", ""), "generic": False, "words": []}
    try:
        found = images.find(references.parse(container["image"]), extra_images)
    except references.InvalidImageName:
        return row
    if found is None:
        return row
    return {**row, "generic": found.generic, "size": found.size, "words": [*found.entrypoint, *found.cmd]}


def _port(port: Document) -> Row:
    return {
        "port": port["containerPort"], "protocol": port.get("protocol", "TCP"), "name": port.get("name", ""),
        "host": port.get("hostPort", 0),
    }


def _environment(pod: Document, container: Document) -> list[Row]:
    """Every variable with where it comes from: {name, value, from, object, key}. What a Secret holds is left out."""
    return [*map(_whole_object, container.get("envFrom") or []), *(_variable(one) for one in container.get("env") or [])]


def _whole_object(entry: Document) -> Row:
    kind, field = ("ConfigMap", "configMapRef") if entry.get("configMapRef") else ("Secret", "secretRef")
    return {"name": f"{entry.get('prefix') or ''}*", "value": "", "from": kind, "object": entry[field].get("name", ""), "key": ""}


def _variable(variable: Document) -> Row:
    row = {"name": variable["name"], "value": variable.get("value") or "", "from": "", "object": "", "key": ""}
    wanted = variable.get("valueFrom") or {}
    for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if wanted.get(field):
            return {**row, "from": kind, "object": wanted[field].get("name", ""), "key": wanted[field]["key"]}
    if wanted.get("fieldRef"):
        return {**row, "from": "field", "key": wanted["fieldRef"]["fieldPath"]}
    if wanted.get("resourceFieldRef"):
        return {**row, "from": "resource", "key": wanted["resourceFieldRef"]["resource"]}
    return row


def _mount(mount: Document) -> Row:
    return {
        "path": mount["mountPath"], "volume": mount["name"], "sub_path": mount.get("subPath", ""),
        "read_only": bool(mount.get("readOnly")),
    }


def _handler(handler: Document) -> str:
    """What a hook does, in few words."""
    if handler.get("exec"):
        return " ".join(handler["exec"].get("command") or [])
    if handler.get("sleep"):
        return f"sleep {handler['sleep'].get('seconds', 0)}"
    get = handler.get("httpGet") or {}
    return f"GET :{get.get('port', '')}{get.get('path', '/')}" if get else ""


# --- log -------------------------------------------------------------------------------------------------------------


def log(written: Sequence[Line]) -> Row:
    """The last lines of a log, {lines: [{at, text}], more: how many came before}."""
    tail = [{"at": line.at, "text": line.text} for line in written[-LINES:]]
    return {"lines": tail, "more": len(written) - len(tail)}
