"""The rules of containers: names, images, ports, environment, mounts, resources, probes.

pkg/apis/core/validation/validation.go (validateContainers, validateInitContainers).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cluster.objects import names, quantity
from cluster.objects.documents import Document
from cluster.objects.field_errors import duplicate, forbidden, invalid, not_found, not_supported, required
from cluster.objects.registry import FieldError
from cluster.objects.resource_names import may_overcommit

PROTOCOLS = ("SCTP", "TCP", "UDP")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
STANDARD_RESOURCES = ("cpu", "ephemeral-storage", "memory")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
MORE_THAN_ONE = "may not have more than one field specified at a time"
NOT_WITHOUT_ALWAYS = "may not be set for init containers without restartPolicy=Always"
NEGATIVE = "must be greater than or equal to 0"


def container_errors(spec: Document, path: str) -> list[FieldError]:
    """Complaints about all containers and init containers of a PodSpec at `path`."""
    volumes = {volume.get("name", "") for volume in spec.get("volumes") or []}
    containers = spec.get("containers") or []
    if not containers:
        found = [required(f"{path}.containers")]
    else:
        found = _group_errors(containers, f"{path}.containers", volumes, set())
    taken = {container.get("name", "") for container in containers}
    init = spec.get("initContainers") or []
    found += _group_errors(init, f"{path}.initContainers", volumes, taken)
    for index, container in enumerate(init):
        found += _init_errors(container, f"{path}.initContainers[{index}]")
    return found + (_host_network_errors(containers, f"{path}.containers") if spec.get("hostNetwork") else [])


def _host_network_errors(containers: list[Document], path: str) -> list[FieldError]:
    """On the host's network a container's port is the host's port."""
    return [
        invalid(f"{path}[{index}].ports[{number}].hostPort", port["hostPort"],
                "must match `containerPort` when `hostNetwork` is true")
        for index, container in enumerate(containers)
        for number, port in enumerate(container.get("ports") or [])
        if port.get("hostPort") and port["hostPort"] != port.get("containerPort")
    ]


def _group_errors(
    containers: list[Document], path: str, volumes: Collection[str], taken: set[str]
) -> list[FieldError]:
    found = []
    seen = set(taken)
    for index, container in enumerate(containers):
        here = f"{path}[{index}]"
        found += _one_errors(container, here, volumes)
        name = container.get("name", "")
        if name and name in seen:
            found.append(duplicate(f"{here}.name", name))
        seen.add(name)
        for probe in PROBES:
            if container.get(probe) is not None:
                found += _probe_errors(container[probe], f"{here}.{probe}", probe)
        for hook, handler in (container.get("lifecycle") or {}).items():
            if isinstance(handler, dict):
                found += _handler_errors(handler, f"{here}.lifecycle.{hook}")
    return found + _host_port_errors(containers, path)


def _one_errors(container: Document, path: str, volumes: Collection[str]) -> list[FieldError]:
    found = []
    name = container.get("name", "")
    if not name:
        found.append(required(f"{path}.name"))
    else:
        found += [invalid(f"{path}.name", name, complaint) for complaint in names.label(name)]
    if not container.get("image"):
        found.append(required(f"{path}.image"))
    found += _port_errors(container.get("ports") or [], f"{path}.ports")
    found += _environment_errors(container.get("env") or [], f"{path}.env")
    found += _source_errors(container.get("envFrom") or [], f"{path}.envFrom")
    found += _mount_errors(container.get("volumeMounts") or [], f"{path}.volumeMounts", volumes)
    policy = container.get("imagePullPolicy")
    if policy and policy not in PULL_POLICIES:
        found.append(not_supported(f"{path}.imagePullPolicy", policy, PULL_POLICIES))
    return found + resource_errors(container.get("resources") or {}, f"{path}.resources")


def _init_errors(container: Document, path: str) -> list[FieldError]:
    if container.get("restartPolicy") == "Always":
        return []
    return [
        forbidden(f"{path}.{field}", NOT_WITHOUT_ALWAYS)
        for field in ("lifecycle", *PROBES) if container.get(field) is not None
    ]


def _port_errors(ports: list[Document], path: str) -> list[FieldError]:
    found = []
    seen = set()
    for index, port in enumerate(ports):
        here = f"{path}[{index}]"
        name = port.get("name")
        if name:
            complaints = names.port_name(name)
            found += [invalid(f"{here}.name", name, complaint) for complaint in complaints]
            if not complaints and name in seen:
                found.append(duplicate(f"{here}.name", name))
            seen.add(name)
        if not port.get("containerPort"):
            found.append(required(f"{here}.containerPort"))
        for field in ("containerPort", "hostPort"):
            number = port.get(field)
            if number:
                found += [invalid(f"{here}.{field}", number, complaint) for complaint in names.port_number(number)]
        protocol = port.get("protocol", "TCP")
        if protocol not in PROTOCOLS:
            found.append(not_supported(f"{here}.protocol", protocol, PROTOCOLS))
    return found


def _host_port_errors(containers: list[Document], path: str) -> list[FieldError]:
    found = []
    seen = set()
    for index, container in enumerate(containers):
        for number, port in enumerate(container.get("ports") or []):
            if not port.get("hostPort"):
                continue
            key = f"{port.get('protocol', 'TCP')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if key in seen:
                found.append(duplicate(f"{path}[{index}].ports[{number}].hostPort", key))
            seen.add(key)
    return found


def _environment_errors(variables: list[Document], path: str) -> list[FieldError]:
    found = []
    for index, variable in enumerate(variables):
        here = f"{path}[{index}]"
        name = variable.get("name", "")
        if not name:
            found.append(required(f"{here}.name"))
        else:
            found += [invalid(f"{here}.name", name, complaint) for complaint in names.environment_name(name)]
        if variable.get("valueFrom") is not None:
            found += _value_from_errors(variable, f"{here}.valueFrom")
    return found


def _value_from_errors(variable: Document, path: str) -> list[FieldError]:
    source = variable["valueFrom"]
    given = [field for field in source if source[field] is not None]
    found = []
    for field in ("configMapKeyRef", "secretKeyRef"):
        if source.get(field) and not source[field].get("key"):
            found.append(required(f"{path}.{field}.key"))
    if not given:
        choices = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        found.append(invalid(path, "", f"must specify one of: {choices}"))
    elif variable.get("value"):
        found.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(given) > 1:
        found.append(invalid(path, "", MORE_THAN_ONE))
    return found


def _source_errors(sources: list[Document], path: str) -> list[FieldError]:
    found = []
    for index, source in enumerate(sources):
        given = [field for field in ("configMapRef", "secretRef") if source.get(field) is not None]
        found += [required(f"{path}[{index}].{field}.name") for field in given if not source[field].get("name")]
        if not given:
            found.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            found.append(invalid(path, "", MORE_THAN_ONE))
    return found


def _mount_errors(mounts: list[Document], path: str, volumes: Collection[str]) -> list[FieldError]:
    found = []
    seen = set()
    for index, mount in enumerate(mounts):
        here = f"{path}[{index}]"
        name, where = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            found.append(required(f"{here}.name"))
        if name not in volumes:
            found.append(not_found(f"{here}.name", name))
        if not where:
            found.append(required(f"{here}.mountPath"))
        if where in seen:
            found.append(invalid(f"{here}.mountPath", where, "must be unique"))
        seen.add(where)
        sub_path = mount.get("subPath") or ""
        if sub_path.startswith("/"):
            found.append(invalid(f"{path}.subPath", sub_path, "must be a relative path"))
        if ".." in sub_path.split("/"):
            found.append(invalid(f"{path}.subPath", sub_path, "must not contain '..'"))
    return found


# --- resources -------------------------------------------------------------------------------------------------------


def resource_errors(resources: Document, path: str) -> list[FieldError]:
    """Complaints about requests and limits: names, amounts, and no request above its limit."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    found = _list_errors(limits, f"{path}.limits")
    for name, amount in sorted(requests.items()):
        found += _amount_errors(name, amount, f"{path}.requests[{name}]")
        if name in limits:
            found += _limit_errors(name, amount, limits[name], f"{path}.requests")
        elif not may_overcommit(name):
            found.append(required(f"{path}.limits", "Limit must be set for non overcommitable resources"))
    return found


def _list_errors(amounts: dict[str, Any], path: str) -> list[FieldError]:
    return [complaint for name, amount in sorted(amounts.items())
            for complaint in _amount_errors(name, amount, f"{path}[{name}]")]


def _amount_errors(name: str, amount: Any, path: str) -> list[FieldError]:
    found = [invalid(path, name, complaint) for complaint in names.qualified_name(name)]
    if not found and "/" not in name and name not in STANDARD_RESOURCES and not name.startswith("hugepages-"):
        # Two rules say so, one for any resource and one for containers.
        found.append(invalid(path, name, "must be a standard resource type or fully qualified"))
        found.append(invalid(path, name, "must be a standard resource for containers"))
    try:
        value = quantity.parse(amount)
    except quantity.QuantityError as problem:
        return [*found, invalid(path, amount, str(problem))]
    if value < 0:
        found.append(invalid(path, amount, NEGATIVE))
    if not may_overcommit(name) and "/" in name and value.denominator != 1:
        found.append(invalid(path, amount, "must be an integer"))
    return found


def _limit_errors(name: str, amount: Any, limit: Any, path: str) -> list[FieldError]:
    try:
        order = quantity.compare(amount, limit)
    except quantity.QuantityError:
        return []
    if order and not may_overcommit(name):
        return [invalid(path, amount, f"must be equal to {name} limit of {limit}")]
    if order > 0:
        return [invalid(path, amount, f"must be less than or equal to {name} limit of {limit}")]
    return []


# --- probes and hooks ------------------------------------------------------------------------------------------------


def _probe_errors(probe: Document, path: str, kind: str) -> list[FieldError]:
    found = _handler_errors(probe, path)
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        if (probe.get(field) or 0) < 0:
            found.append(invalid(f"{path}.{field}", probe[field], NEGATIVE))
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        found.append(invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0"))
    if kind == "readinessProbe":
        if grace is not None:
            complaint = "must not be set for readinessProbes"
            found.append(invalid(f"{path}.terminationGracePeriodSeconds", grace, complaint))
    elif probe.get("successThreshold", 1) != 1:
        found.append(invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1"))
    return found


def _handler_errors(handler: Document, path: str) -> list[FieldError]:
    given = [field for field in HANDLERS if handler.get(field) is not None]
    if not given:
        return [required(path, "must specify a handler type")]
    first, *others = given
    found = _action_errors(first, handler[first], f"{path}.{first}")
    return found + [forbidden(f"{path}.{field}", "may not specify more than 1 handler type") for field in others]


def _action_errors(kind: str, action: Document, path: str) -> list[FieldError]:
    if kind == "exec":
        return [] if action.get("command") else [required(f"{path}.command")]
    if kind == "sleep":
        return []
    found = port_or_name_errors(action.get("port", 0), f"{path}.port")
    scheme = action.get("scheme", "HTTP")
    if kind == "httpGet" and scheme not in ("HTTP", "HTTPS"):
        found.append(not_supported(f"{path}.scheme", scheme, ("HTTP", "HTTPS")))
    return found


def port_or_name_errors(port: object, path: str) -> list[FieldError]:
    """Complaints about a port given as a number or as the name of a container's port (ValidatePortNumOrName)."""
    complaints = names.port_name(port) if isinstance(port, str) else names.port_number(port)
    return [invalid(path, port, complaint) for complaint in complaints]
