"""The rules of a PodSpec and of changes to a Pod (pkg/apis/core/validation/validation.go)."""

from __future__ import annotations

import difflib
import json

from cluster.objects import names
from cluster.objects.container_validation import container_errors
from cluster.objects.documents import Document
from cluster.objects.field_errors import duplicate, forbidden, invalid, not_supported, required
from cluster.objects.placement_validation import placement_errors, toleration_errors
from cluster.objects.registry import FieldError
from cluster.objects.storage_validation import claim_spec_errors

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
MAX_INT = 2**31 - 1
FILE_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
# What a volume must name to be found.
VOLUME_NAMES = {"configMap": "name", "secret": "secretName", "persistentVolumeClaim": "claimName", "hostPath": "path"}
# What an update of a Pod may change; everything else is fixed at creation.
CHANGEABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def pod_spec_errors(spec: Document, path: str) -> list[FieldError]:
    """Complaints about a PodSpec with its defaults; `path` is where it stands, for example "spec.template.spec"."""
    found = _volume_errors(spec.get("volumes") or [], f"{path}.volumes")
    found += container_errors(spec, path)
    found += _policy_errors(spec, path)
    found += placement_errors(spec, path)
    for field, rule in (
        ("serviceAccountName", names.subdomain), ("nodeName", names.subdomain), ("hostname", names.label),
        ("subdomain", names.label), ("priorityClassName", names.subdomain),
    ):
        value = spec.get(field)
        if value:
            found += [invalid(f"{path}.{field}", value, complaint) for complaint in rule(value)]
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= MAX_INT:
        complaint = f"must be between 1 and {MAX_INT}, inclusive"
        found.append(invalid(f"{path}.activeDeadlineSeconds", deadline, complaint))
    return found


def pod_errors(pod: Document) -> list[FieldError]:
    """Complaints about a new Pod."""
    spec = pod.get("spec") or {}
    found = pod_spec_errors(spec, "spec")
    if spec.get("nodeName") and spec.get("schedulingGates"):
        found.append(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"))
    return found


def pod_update_errors(pod: Document, old: Document) -> list[FieldError]:
    """Complaints about a changed Pod: hardly anything of its spec may change."""
    new, before = pod["spec"], old["spec"]
    if new == before:
        return []
    found: list[FieldError] = []
    for group in ("containers", "initContainers"):
        changed = _container_changes(new.get(group) or [], before.get(group) or [], f"spec.{group}")
        found += changed
        if len(new.get(group) or []) != len(before.get(group) or []):
            return found
    found += _deadline_changes(new.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds"))
    found += _toleration_changes(new.get("tolerations") or [], before.get("tolerations") or [])
    found += _gate_changes(new.get("schedulingGates") or [], before.get("schedulingGates") or [])
    frozen = _with_permitted_changes_undone(new, before)
    if frozen != before:
        complaint = f"pod updates may not change fields other than {CHANGEABLE}\n{_diff(before, frozen)}"
        found.append(forbidden("spec", complaint))
    return found


def _volume_errors(volumes: list[Document], path: str) -> list[FieldError]:
    found = []
    seen = set()
    for index, volume in enumerate(volumes):
        here = f"{path}[{index}]"
        sources = [field for field, value in volume.items() if field != "name" and value is not None]
        for extra in sources[1:]:
            found.append(forbidden(f"{here}.{extra}", "may not specify more than 1 volume type"))
        for source in sources[:1]:
            found += _source_errors(source, volume[source], f"{here}.{source}")
        name = volume.get("name", "")
        if not name:
            found.append(required(f"{here}.name"))
        else:
            found += [invalid(f"{here}.name", name, complaint) for complaint in names.label(name)]
        if name in seen:
            found.append(duplicate(f"{here}.name", name))
        seen.add(name)
    return found


def _source_errors(kind: str, source: Document, path: str) -> list[FieldError]:
    found = []
    field = VOLUME_NAMES.get(kind)
    if field is not None and not source.get(field):
        found.append(required(f"{path}.{field}"))
    if kind == "ephemeral":
        template = source.get("volumeClaimTemplate")
        where = f"{path}.volumeClaimTemplate"
        found += [required(where)] if template is None else claim_spec_errors(template.get("spec") or {}, f"{where}.spec")
    if kind == "hostPath" and ".." in (source.get("path") or "").split("/"):
        found.append(invalid(f"{path}.path", source["path"], "must not contain '..'"))
    mode = source.get("defaultMode")
    if mode is not None and not 0 <= mode <= 0o777:
        found.append(invalid(f"{path}.defaultMode", mode, FILE_MODE))
    for index, item in enumerate(source.get("items") or []) if kind in ("configMap", "secret") else ():
        found += [required(f"{path}.items[{index}].{part}") for part in ("key", "path") if not item.get(part)]
    return found


def _policy_errors(spec: Document, path: str) -> list[FieldError]:
    found = []
    for field, supported in (("restartPolicy", RESTART_POLICIES), ("dnsPolicy", DNS_POLICIES)):
        policy = spec.get(field)
        if policy not in (None, *supported):
            found.append(not_supported(f"{path}.{field}", policy, supported))
    return found


def _container_changes(new: list[Document], before: list[Document], path: str) -> list[FieldError]:
    if len(new) != len(before):
        return [forbidden(path, "pod updates may not add or remove containers")]
    found = []
    for index, container in enumerate(new):
        image = container.get("image") or ""
        if not image:
            found.append(required(f"{path}[{index}].image"))
        elif image.strip() != image:
            complaint = "must not have leading or trailing whitespace"
            found.append(invalid(f"{path}[{index}].image", image, complaint))
    return found


def _deadline_changes(new: int | None, before: int | None) -> list[FieldError]:
    path = "spec.activeDeadlineSeconds"
    if new is None:
        return [] if before is None else [invalid(path, None, "must not update from a positive integer to nil value")]
    if not 0 <= new <= MAX_INT:
        return [invalid(path, new, f"must be between 0 and {MAX_INT}, inclusive")]
    if before is not None and before < new:
        return [invalid(path, new, "must be less than or equal to previous value")]
    return []


def _toleration_changes(new: list[Document], before: list[Document]) -> list[FieldError]:
    def timeless(toleration: Document) -> Document:
        return {field: value for field, value in toleration.items() if field != "tolerationSeconds"}

    kept = [timeless(toleration) for toleration in new]
    if any(timeless(toleration) not in kept for toleration in before):
        complaint = "existing toleration can not be modified except its tolerationSeconds"
        return [forbidden("spec.tolerations", complaint)]
    return toleration_errors(new, "spec.tolerations")


def _gate_changes(new: list[Document], before: list[Document]) -> list[FieldError]:
    known = {gate["name"] for gate in before}
    return [
        forbidden(
            f"spec.schedulingGates[{index}].name",
            f"only deletion is allowed, but found new scheduling gate '{gate['name']}'",
        )
        for index, gate in enumerate(new) if gate["name"] not in known
    ]


def _with_permitted_changes_undone(new: Document, before: Document) -> Document:
    """The new spec as if it had not used its freedoms: what still differs from the old one is forbidden."""
    frozen = dict(new)
    for group in ("containers", "initContainers"):
        if new.get(group):
            pairs = zip(new[group], before[group], strict=True)
            frozen[group] = [{**container, "image": old["image"]} for container, old in pairs]
    free = ["activeDeadlineSeconds", "tolerations", "schedulingGates"]
    if before.get("schedulingGates"):
        # A gated Pod may still be told where to go.
        free.append("nodeSelector")
    for field in free:
        frozen.pop(field, None)
        if field in before:
            frozen[field] = before[field]
    return frozen


def _diff(before: Document, after: Document) -> str:
    """A unified diff of both specs, as the server shows it (apimachinery/pkg/util/diff)."""
    old, new = (json.dumps(spec, indent=1, sort_keys=True).splitlines(keepends=True) for spec in (before, after))
    lines = list(difflib.unified_diff(old, new, n=3))
    return "".join(lines[2:])
