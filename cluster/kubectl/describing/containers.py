"""Containers of a Pod or a template (describeContainers in kubectl/pkg/describe/describe.go)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from cluster.kubectl.describing.page import NONE, Page, date
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig

# The value of an environment variable that names a field of the Pod; nothing is known of a template's.
Resolver = Callable[[str], str]


def describe_containers(
    page: Page, label: str, containers: list[Document], statuses: Iterable[Document], resolve: Resolver | None,
    *, inside: bool = False,
) -> None:
    """`inside` a template everything stands one column further to the right."""
    by_name = {status["name"]: status for status in statuses}
    space = "  " if inside else ""
    page.line(0, f"{space}{label}:{'' if containers else ' ' + NONE}")
    for container in containers:
        page.line(1, f"{' ' if inside else ''}{container['name']}:")
        status = by_name.get(container["name"])
        _basics(page, container, status)
        _command(page, container)
        if status is not None:
            _states(page, status)
        describe_resources(page, container.get("resources") or {}, 2)
        _probes(page, container)
        _environment_from(page, container)
        _environment(page, container, resolve)
        _mounts(page, container)


def _basics(page: Page, container: Document, status: Document | None) -> None:
    if status is not None:
        page.line(2, "Container ID:", status.get("containerID", ""))
    page.line(2, "Image:", container.get("image", ""))
    if status is not None:
        page.line(2, "Image ID:", status.get("imageID", ""))
    ports = container.get("ports") or []
    _ports(page, "Port", [_port(port, "containerPort") for port in ports])
    _ports(page, "Host Port", [_port(port, "hostPort") for port in ports])
    seccomp = dig(container, "securityContext", "seccompProfile")
    if seccomp:
        page.line(2, "SeccompProfile:", seccomp["type"])
        if seccomp["type"] == "Localhost":
            page.line(3, "LocalhostProfile:", seccomp.get("localhostProfile", ""))


def _port(port: Document, field: str) -> str:
    text = f"{port.get(field, 0)}/{port.get('protocol', 'TCP')}"
    return f"{text} ({port['name']})" if port.get("name") else text


def _ports(page: Page, title: str, ports: list[str]) -> None:
    page.line(2, f"{title}s:" if len(ports) > 1 else f"{title}:", ", ".join(ports) or NONE)


def _command(page: Page, container: Document) -> None:
    for title, field in (("Command:", "command"), ("Args:", "args")):
        words = container.get(field) or []
        if words:
            page.line(2, title)
        for word in words:
            for line in word.split("\n"):
                page.line(3, line)


def _states(page: Page, status: Document) -> None:
    _state(page, "State", status.get("state") or {})
    if dig(status, "lastState", "terminated"):
        _state(page, "Last State", status["lastState"])
    page.line(2, "Ready:", "True" if status.get("ready") else "False")
    page.line(2, "Restart Count:", status.get("restartCount", 0))


def _state(page: Page, title: str, state: Document) -> None:
    running, terminated, waiting = state.get("running"), state.get("terminated"), state.get("waiting") or {}
    if running is not None:
        page.line(2, f"{title}:", "Running")
        page.line(3, "Started:", date(running.get("startedAt")))
    elif terminated is not None and not waiting:
        page.line(2, f"{title}:", "Terminated")
        _terminated(page, terminated)
    else:
        page.line(2, f"{title}:", "Waiting")
        if waiting.get("reason"):
            page.line(3, "Reason:", waiting["reason"])


def _terminated(page: Page, terminated: Document) -> None:
    for title, field in (("Reason:", "reason"), ("Message:", "message")):
        if terminated.get(field):
            page.line(3, title, terminated[field])
    page.line(3, "Exit Code:", terminated.get("exitCode", 0))
    if terminated.get("signal"):
        page.line(3, "Signal:", terminated["signal"])
    page.line(3, "Started:", date(terminated.get("startedAt")))
    page.line(3, "Finished:", date(terminated.get("finishedAt")))


def describe_resources(page: Page, resources: Document, level: int) -> None:
    """Limits and requests."""
    for title, field in (("Limits:", "limits"), ("Requests:", "requests")):
        amounts = resources.get(field) or {}
        if amounts:
            page.line(level, title)
        for name in sorted(amounts):
            page.line(level + 1, f"{name}:", quantity.canonical(amounts[name]))


def _probes(page: Page, container: Document) -> None:
    for title, field in (("Liveness:", "livenessProbe"), ("Readiness:", "readinessProbe"), ("Startup:", "startupProbe")):
        if container.get(field):
            page.line(2, title, probe_text(container[field]))


def probe_text(probe: Document) -> str:
    """`http-get http://:80/ delay=0s timeout=1s period=10s #success=1 #failure=3` (DescribeProbe)."""
    numbers = (
        f"delay={probe.get('initialDelaySeconds', 0)}s timeout={probe.get('timeoutSeconds', 0)}s"
        f" period={probe.get('periodSeconds', 0)}s #success={probe.get('successThreshold', 0)}"
        f" #failure={probe.get('failureThreshold', 0)}"
    )
    if "exec" in probe:
        return f"exec [{' '.join(probe['exec'].get('command') or [])}] {numbers}"
    if "httpGet" in probe:
        get = probe["httpGet"]
        host = get.get("host", "")
        host = f"[{host}]" if ":" in host else host
        path = get.get("path", "")
        slash = "" if path.startswith("/") or not path else "/"
        return f"http-get {get.get('scheme', 'HTTP').lower()}://{host}:{get['port']}{slash}{path} {numbers}"
    if "tcpSocket" in probe:
        return f"tcp-socket {probe['tcpSocket'].get('host', '')}:{probe['tcpSocket']['port']} {numbers}"
    if "grpc" in probe:
        return f"grpc <pod>:{probe['grpc']['port']} {probe['grpc'].get('service', '')} {numbers}"
    return f"unknown {numbers}"


# --- environment -----------------------------------------------------------------------------------------------------


def _optional(source: Document) -> str:
    return f"Optional: {'true' if source.get('optional') else 'false'}"


def _environment_from(page: Page, container: Document) -> None:
    sources = container.get("envFrom") or []
    if sources:
        page.line(2, "Environment Variables from:")
    for source in sources:
        kind, field = ("ConfigMap", "configMapRef") if "configMapRef" in source else ("Secret", "secretRef")
        named = source.get(field) or {}
        prefix = f" with prefix '{source['prefix']}'" if source.get("prefix") else ""
        page.line(3, named.get("name", ""), kind + prefix, _optional(named))


def _environment(page: Page, container: Document, resolve: Resolver | None) -> None:
    variables = container.get("env") or []
    page.line(2, *(["Environment:"] if variables else ["Environment:", NONE]))
    for variable in variables:
        source = variable.get("valueFrom")
        if source is None:
            first, *others = variable.get("value", "").split("\n")
            page.line(3, f"{variable['name']}:", first)
            for other in others:
                page.line(3, "", other)
        else:
            page.line(3, f"{variable['name']}:", *_from(container, source, resolve))


def _from(container: Document, source: Document, resolve: Resolver | None) -> list[str]:
    if "fieldRef" in source:
        path = source["fieldRef"]["fieldPath"]
        value = resolve(path) if resolve is not None else ""
        return [f"{value} ({source['fieldRef'].get('apiVersion', 'v1')}:{path})"]
    if "resourceFieldRef" in source:
        reference = source["resourceFieldRef"]
        return [f"{_resource_value(container, reference)} ({reference['resource']})"]
    for field, holder in (("secretKeyRef", "in secret"), ("configMapKeyRef", "of config map")):
        if field in source:
            reference = source[field]
            text = f"<set to the key '{reference['key']}' {holder} '{reference.get('name', '')}'>"
            return [text, _optional(reference)]
    return [""]


def _resource_value(container: Document, reference: Document) -> str:
    """ExtractContainerResourceValue: in units of the divisor, rounded up."""
    resource = reference["resource"]
    group, _, name = resource.partition(".")
    amount = dig(container, "resources", group, name, default="0")
    divisor = reference.get("divisor") or "1"
    units = quantity.milli_value if name == "cpu" else quantity.value
    whole = units(divisor) or units("1")
    value = -(-units(amount) // whole)
    return "node allocatable" if not value and resource in ("limits.cpu", "limits.memory") else str(value)


def field_resolver(pod: Document) -> Resolver:
    """Values of `metadata.…` fields of a Pod; kubectl knows no others (kubectl/pkg/util/fieldpath)."""

    def resolve(path: str) -> str:
        place, bracket, key = path.partition("['")
        values: Any = {"metadata.labels": metadata.labels(pod), "metadata.annotations": metadata.annotations(pod)}
        if place in values:
            if bracket:
                return str(values[place].get(key.removesuffix("']"), ""))
            return "\n".join(f"{name}={json.dumps(value)}" for name, value in sorted(values[place].items()))
        known = ("metadata.name", "metadata.namespace", "metadata.uid")
        return str(dig(pod, *path.split("."), default="")) if path in known else ""

    return resolve


def _mounts(page: Page, container: Document) -> None:
    mounts = sorted(container.get("volumeMounts") or [], key=lambda mount: str(mount["mountPath"]))
    page.line(2, *(["Mounts:"] if mounts else ["Mounts:", NONE]))
    for mount in mounts:
        flags = ["ro" if mount.get("readOnly") else "rw"]
        if mount.get("subPath"):
            flags.append(f"path={json.dumps(mount['subPath'])}")
        page.line(3, f"{mount['mountPath']} from {mount['name']} ({','.join(flags)})")
    devices = sorted(container.get("volumeDevices") or [], key=lambda device: str(device["devicePath"]))
    if devices:
        page.line(2, *(["Devices:"] if mounts else ["Devices:", NONE]))
    for device in devices:
        page.line(3, f"{device['devicePath']} from {device['name']}")
