"""PodSpecs and the templates that hold them: defaults and the rules of a template.

Defaults: pkg/apis/core/v1/defaults.go. The rules of the PodSpec itself stand in pod_validation.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster.objects import quantity
from cluster.objects.documents import Document
from cluster.objects.field_errors import forbidden, not_supported, required
from cluster.objects.metadata_rules import annotation_errors, label_errors
from cluster.objects.pod_validation import pod_spec_errors
from cluster.objects.registry import FieldError

__all__ = ["default_pod_spec", "default_template", "pod_spec_errors", "pull_policy", "template_errors"]

GRACE_SECONDS = 30
SCHEDULER = "default-scheduler"
FILE_MODE = 0o644
TOKEN_SECONDS = 3600
PROBE_DEFAULTS = (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3))
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


# --- defaults --------------------------------------------------------------------------------------------------------


def default_pod_spec(spec: Document) -> Document:
    """The PodSpec with everything that a client left out (SetDefaults_PodSpec)."""
    filled = {
        **spec,
        "restartPolicy": spec.get("restartPolicy") or "Always",
        "terminationGracePeriodSeconds": _or(spec.get("terminationGracePeriodSeconds"), GRACE_SECONDS),
        "dnsPolicy": spec.get("dnsPolicy") or "ClusterFirst",
        "securityContext": _or(spec.get("securityContext"), {}),
        "schedulerName": spec.get("schedulerName") or SCHEDULER,
    }
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        filled["serviceAccountName"] = filled["serviceAccount"] = account
    for group in ("initContainers", "containers", "ephemeralContainers"):
        if spec.get(group):
            filled[group] = [_default_container(container) for container in spec[group]]
    if spec.get("volumes"):
        filled["volumes"] = [_default_volume(volume) for volume in spec["volumes"]]
    return filled


def default_template(template: Document) -> Document:
    """A workload's template with the defaults of its PodSpec."""
    meta = template.get("metadata") or {}
    return {**template, "metadata": meta, "spec": default_pod_spec(template.get("spec") or {})}


def pull_policy(image: str) -> str:
    """`Always` for the tag `latest` or none, else `IfNotPresent`."""
    if "@" in image:
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _or(value: Any, other: Any) -> Any:
    return other if value is None else value


def _default_container(container: Document) -> Document:
    filled = {
        **container,
        "resources": _default_resources(container.get("resources") or {}),
        "terminationMessagePath": container.get("terminationMessagePath") or "/dev/termination-log",
        "terminationMessagePolicy": container.get("terminationMessagePolicy") or "File",
        "imagePullPolicy": container.get("imagePullPolicy") or pull_policy(container.get("image") or ""),
    }
    for name in PROBES:
        if container.get(name) is not None:
            filled[name] = _default_probe(container[name])
    if container.get("lifecycle"):
        filled["lifecycle"] = {hook: _default_action(action) for hook, action in container["lifecycle"].items()}
    if container.get("ports"):
        filled["ports"] = [{**port, "protocol": port.get("protocol") or "TCP"} for port in container["ports"]]
    if container.get("env"):
        filled["env"] = [_default_variable(variable) for variable in container["env"]]
    return filled


def _default_resources(resources: Document) -> Document:
    return {
        part: {name: _rounded(amount) for name, amount in value.items()}
        if part in ("requests", "limits") and isinstance(value, dict) else value
        for part, value in resources.items()
    }


def _rounded(amount: str | int | float) -> str:
    """The canonical quantity; what is no quantity stays for validation to refuse."""
    try:
        return quantity.round_up_milli(amount)
    except quantity.QuantityError:
        return str(amount)


def _default_probe(probe: Document) -> Document:
    filled = _default_action(probe)
    for field, number in PROBE_DEFAULTS:
        filled[field] = probe.get(field) or number
    return filled


def _default_action(action: Document) -> Document:
    filled = dict(action)
    if action.get("httpGet"):
        get = action["httpGet"]
        filled["httpGet"] = {**get, "path": get.get("path") or "/", "scheme": get.get("scheme") or "HTTP"}
    if action.get("grpc"):
        filled["grpc"] = {**action["grpc"], "service": action["grpc"].get("service") or ""}
    return filled


def _default_variable(variable: Document) -> Document:
    reference = (variable.get("valueFrom") or {}).get("fieldRef")
    if not reference:
        return variable
    filled = {**reference, "apiVersion": reference.get("apiVersion") or "v1"}
    return {**variable, "valueFrom": {**variable["valueFrom"], "fieldRef": filled}}


def _default_items(source: Document) -> Document:
    """Items of a downwardAPI volume say which version of the API their field is of."""
    items = [
        {**item, "fieldRef": {**item["fieldRef"], "apiVersion": item["fieldRef"].get("apiVersion") or "v1"}}
        if item.get("fieldRef") else item
        for item in source.get("items") or []
    ]
    return {**source, "items": items} if items else source


def _default_projection(source: Document) -> Document:
    if source.get("serviceAccountToken"):
        token = source["serviceAccountToken"]
        seconds = token.get("expirationSeconds") or TOKEN_SECONDS
        return {**source, "serviceAccountToken": {**token, "expirationSeconds": seconds}}
    if source.get("downwardAPI"):
        return {**source, "downwardAPI": _default_items(source["downwardAPI"])}
    return source


def _with_mode(source: Document) -> Document:
    return {**source, "defaultMode": _or(source.get("defaultMode"), FILE_MODE)}


_VOLUME_DEFAULTS: dict[str, Callable[[Document], Document]] = {
    "configMap": _with_mode,
    "secret": _with_mode,
    "downwardAPI": lambda source: _default_items(_with_mode(source)),
    "projected": lambda source: _with_mode(
        {**source, "sources": [_default_projection(part) for part in source.get("sources") or []]}
    ),
    "hostPath": lambda source: {**source, "type": _or(source.get("type"), "")},
}


def _default_volume(volume: Document) -> Document:
    """A volume without a source is an emptyDir."""
    sources = [field for field, value in volume.items() if field != "name" and value is not None]
    if not sources:
        return {**volume, "emptyDir": {}}
    return {
        field: _VOLUME_DEFAULTS[field](value) if field in _VOLUME_DEFAULTS and value is not None else value
        for field, value in volume.items()
    }


# --- rules -----------------------------------------------------------------------------------------------------------


def template_errors(
    template: Document, path: str, *, restart_policies: tuple[str, ...] = ("Always",), owner: str = "ReplicaSet"
) -> list[FieldError]:
    """Complaints about a workload's template at `path` (ValidatePodTemplateSpec and what each workload adds).

    `restart_policies` are those that the workload allows, `owner` is the kind that complaints name.
    """
    meta = template.get("metadata") or {}
    spec = template.get("spec") or {}
    found = label_errors(meta.get("labels") or {}, f"{path}.metadata.labels")
    found += annotation_errors(meta.get("annotations") or {}, f"{path}.metadata.annotations")
    found += pod_spec_errors(spec, f"{path}.spec")
    policy = spec.get("restartPolicy", "Always")
    if policy not in restart_policies:
        found.append(_policy_error(policy, f"{path}.spec.restartPolicy", restart_policies))
    if spec.get("activeDeadlineSeconds") is not None and restart_policies == ("Always",):
        complaint = f"activeDeadlineSeconds in {owner} is not Supported"
        found.append(forbidden(f"{path}.spec.activeDeadlineSeconds", complaint))
    return found


def _policy_error(policy: str, path: str, allowed: tuple[str, ...]) -> FieldError:
    """A Job's author who says nothing gets the default Always, so the server asks instead of refusing."""
    if policy == "Always":
        return required(path, "valid values: " + ", ".join(f'"{name}"' for name in allowed))
    return not_supported(path, policy, allowed)
