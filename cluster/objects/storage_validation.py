"""What the API server refuses about volumes, claims, storage classes and the objects of storage drivers.

pkg/apis/core/validation/validation.go, pkg/apis/storage/validation/validation.go.
"""

from __future__ import annotations

import difflib
import json
import posixpath
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cluster.objects import metadata, names, placement_validation, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import IMMUTABLE, duplicate, forbidden, invalid, not_supported, required, too_long
from cluster.objects.metadata_rules import selector_errors
from cluster.objects.registry import FieldError

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")
VOLUME_POLICIES = ("Delete", "Recycle", "Retain")
CLASS_POLICIES = ("Delete", "Retain")
BINDING_MODES = ("Immediate", "WaitForFirstConsumer")
HOST_PATH_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
NOT_POSITIVE = "must be greater than zero"
MORE_THAN_ONE = "may not specify more than 1 volume type"
FROZEN_CLAIM = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"
FROZEN_SOURCE = "spec.persistentvolumesource is immutable after creation\n"
# The kinds of storage that a PersistentVolume can stand for, in the order in which they are checked.
SOURCES = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs",
    "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume",
    "azureDisk", "scaleIO", "local", "storageos", "csi",
)
# Fields without which a source means nothing.
NEEDED = {
    "hostPath": ("path",), "local": ("path",), "nfs": ("server", "path"), "csi": ("driver", "volumeHandle"),
    "gcePersistentDisk": ("pdName",), "awsElasticBlockStore": ("volumeID",), "rbd": ("monitors", "image"),
    "iscsi": ("targetPortal", "iqn"), "cinder": ("volumeID",), "cephfs": ("monitors",), "glusterfs": ("endpoints", "path"),
}
# Go's names of a claim's spec in the order in which the server shows them in a difference.
CLAIM_FIELDS = (
    "accessModes", "selector", "resources", "volumeName", "storageClassName", "volumeMode", "dataSource", "dataSourceRef",
    "volumeAttributesClassName",
)
MAX_DRIVER_NAME = 63
MAX_NODE_ID = 256
MAX_PARAMETERS, MAX_PARAMETERS_SIZE = 512, 256 * 1024


# --- PersistentVolume --------------------------------------------------------------------------------------------------


def volume_errors(volume: Document, old: Document | None) -> list[FieldError]:
    """ValidatePersistentVolume and ValidatePersistentVolumeUpdate."""
    found = volume_spec_errors(volume.get("spec") or {}, "spec")
    return found if old is None else found + _volume_changes(volume["spec"], old["spec"])


def volume_spec_errors(spec: Document, path: str) -> list[FieldError]:
    found = _access_mode_errors(spec.get("accessModes") or [], f"{path}.accessModes", "")
    found += _capacity_errors(spec.get("capacity") or {}, f"{path}.capacity")
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy and policy not in VOLUME_POLICIES:
        found.append(not_supported(f"{path}.persistentVolumeReclaimPolicy", policy, VOLUME_POLICIES))
    affinity = spec.get("nodeAffinity")
    if affinity is not None:
        found += _volume_affinity_errors(affinity, f"{path}.nodeAffinity")
    found += _source_errors(spec, path)
    host_path = dig(spec, "hostPath", "path", default="")
    if host_path and posixpath.normpath(host_path) == "/" and policy == "Recycle":
        complaint = "may not be 'recycle' for a hostPath mount of '/'"
        found.append(forbidden(f"{path}.persistentVolumeReclaimPolicy", complaint))
    found += _class_name_errors(spec.get("storageClassName") or "", f"{path}.storageClassName")
    return found + _volume_mode_errors(spec, path)


def _access_mode_errors(modes: list[str], path: str, missing: str) -> list[FieldError]:
    found = [] if modes else [required(path, missing)]
    found += [not_supported(path, mode, ACCESS_MODES) for mode in modes if mode not in ACCESS_MODES]
    if "ReadWriteOncePod" in modes and any(mode in ACCESS_MODES for mode in modes if mode != "ReadWriteOncePod"):
        found.append(forbidden(path, "may not use ReadWriteOncePod with other access modes"))
    return found


def _capacity_errors(capacity: Mapping[str, Any], path: str) -> list[FieldError]:
    found = [] if capacity else [required(path)]
    if "storage" not in capacity or len(capacity) > 1:
        found.append(not_supported(path, dict(capacity), ("storage",)))
    for name, amount in sorted(capacity.items()):
        found += _positive_errors(amount, f"{path}[{name}]")
    return found


def _positive_errors(amount: Any, path: str) -> list[FieldError]:
    return [] if quantity.parse(amount) > 0 else [invalid(path, quantity.canonical(amount), NOT_POSITIVE)]


def _volume_affinity_errors(affinity: Document, path: str) -> list[FieldError]:
    wanted = affinity.get("required")
    if wanted is None:
        return [required(f"{path}.required", "must specify required node constraints")]
    return placement_validation.node_selector_errors(wanted, f"{path}.required")


def _source_errors(spec: Document, path: str) -> list[FieldError]:
    present = [source for source in SOURCES if spec.get(source) is not None]
    if not present:
        return [required(path, "must specify a volume type")]
    first, *others = present
    source = spec[first]
    where = f"{path}.{first}"
    found = [required(f"{where}.{field}") for field in NEEDED.get(first, ()) if not source.get(field)]
    target = source.get("path") or ""
    if first in ("hostPath", "local") and ".." in target.split("/"):
        found.append(invalid(f"{where}.path", target, "must not contain '..'"))
    if first == "hostPath" and (source.get("type") or "") not in HOST_PATH_TYPES:
        found.append(not_supported(f"{where}.type", source["type"], HOST_PATH_TYPES))
    if first == "local" and spec.get("nodeAffinity") is None:
        found.append(required(f"{path}.nodeAffinity", "Local volume requires node affinity"))
    if first == "csi" and source.get("driver"):
        found += _driver_name_errors(source["driver"], f"{where}.driver")
    return found + [forbidden(f"{path}.{extra}", MORE_THAN_ONE) for extra in others]


def _volume_changes(spec: Document, old: Document) -> list[FieldError]:
    found = []
    source, before = ({name: each[name] for name in SOURCES if each.get(name) is not None} for each in (spec, old))
    if source != before:
        difference = _difference({name: before.get(name) for name in SOURCES}, {name: source.get(name) for name in SOURCES})
        found.append(forbidden("spec.persistentvolumesource", FROZEN_SOURCE + difference))
    if spec.get("volumeMode") != old.get("volumeMode"):
        found.append(invalid("volumeMode", spec.get("volumeMode"), IMMUTABLE))
    if old.get("nodeAffinity") is not None and spec.get("nodeAffinity") != old["nodeAffinity"]:
        found.append(invalid("nodeAffinity", spec.get("nodeAffinity"), IMMUTABLE))
    return found


# --- PersistentVolumeClaim ---------------------------------------------------------------------------------------------


def claim_errors(claim: Document, old: Document | None) -> list[FieldError]:
    """ValidatePersistentVolumeClaim and ValidatePersistentVolumeClaimUpdate."""
    found = claim_spec_errors(claim.get("spec") or {}, "spec")
    return found if old is None else found + _claim_changes(claim, old)


def claim_spec_errors(spec: Document, path: str) -> list[FieldError]:
    """ValidatePersistentVolumeClaimSpec, also for the claim in an ephemeral volume or a volumeClaimTemplate."""
    modes = spec.get("accessModes") or []
    found = [] if modes else [required(f"{path}.accessModes", "at least 1 access mode is required")]
    found += selector_errors(spec.get("selector") or {}, f"{path}.selector")
    found += _access_mode_errors(modes, f"{path}.accessModes", "") if modes else []
    amount = dig(spec, "resources", "requests", "storage")
    where = f"{path}.resources[storage]"
    found += [required(where)] if amount is None else _positive_errors(amount, where)
    found += _class_name_errors(spec.get("storageClassName") or "", f"{path}.storageClassName")
    found += _volume_mode_errors(spec, path)
    for field in ("dataSource", "dataSourceRef"):
        if spec.get(field) is not None:
            found += _data_source_errors(spec[field], f"{path}.{field}")
    return found


def _data_source_errors(source: Document, path: str) -> list[FieldError]:
    found = [required(f"{path}.{field}") for field in ("name", "kind") if not source.get(field)]
    if not source.get("apiGroup") and source.get("kind") != "PersistentVolumeClaim":
        complaint = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        found.append(invalid(path, source.get("kind", ""), complaint))
    return found


def _claim_changes(claim: Document, old: Document) -> list[FieldError]:
    found = []
    spec, before = claim["spec"], old["spec"]
    noted, noted_before = (metadata.annotations(each).get(BETA_CLASS) for each in (claim, old))
    if noted != noted_before:
        found.append(invalid(f"metadata.annotations[{BETA_CLASS}]", noted, IMMUTABLE))
    frozen = _with_permitted_changes_undone(claim, old)
    if frozen != before:
        difference = _difference(_in_order(before), _in_order(frozen))
        found.append(forbidden("spec", FROZEN_CLAIM + difference))
    size, size_before = (dig(each, "resources", "requests", "storage", default="0") for each in (spec, before))
    has = dig(old, "status", "capacity", "storage", default="0")
    if quantity.compare(size, size_before) < 0 and quantity.compare(size, has) <= 0:
        found.append(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"))
    if spec.get("volumeMode") != before.get("volumeMode"):
        found.append(invalid("volumeMode", spec.get("volumeMode"), IMMUTABLE))
    return found


def _with_permitted_changes_undone(claim: Document, old: Document) -> Document:
    """The new spec as if it had not used its freedoms: what still differs from the old one is forbidden."""
    frozen, before = dict(claim["spec"]), old["spec"]
    free = [] if before.get("volumeName") else ["volumeName"]
    if before.get("storageClassName") is None and metadata.annotations(old).get(BETA_CLASS) in (
        None, frozen.get("storageClassName")
    ):
        # A claim without a class may get one later.
        free.append("storageClassName")
    if dig(claim, "status", "phase") == "Bound":
        free.append("volumeAttributesClassName")
        requests = dig(frozen, "resources", "requests")
        if requests is not None:
            size = dig(before, "resources", "requests", "storage")
            frozen["resources"] = {**frozen["resources"], "requests": {**requests, "storage": size}}
    for field in free:
        frozen.pop(field, None)
        if field in before:
            frozen[field] = before[field]
    return frozen


def _in_order(spec: Document) -> Document:
    resources = spec.get("resources") or {}
    filled = {**spec, "resources": {"limits": resources.get("limits"), "requests": resources.get("requests")}}
    return {field: filled.get(field) for field in CLAIM_FIELDS}


def _difference(before: Document, after: Document) -> str:
    """A unified diff with Go's field names, as the server shows it (apimachinery/pkg/util/diff)."""
    old, new = (json.dumps(_in_go(each), indent=1).splitlines(keepends=True) for each in (before, after))
    return "".join(list(difflib.unified_diff(old, new, n=3))[2:]) + "\n"


def _in_go(spec: Document) -> Document:
    """Field names with a capital; maps of the user (requests, selectors) keep their keys."""
    shown: Document = {}
    for field, value in spec.items():
        inner = isinstance(value, dict) and field not in ("selector", "requests", "limits", "volumeAttributes")
        shown[_go_name(field)] = _in_go(value) if inner else value
    return shown


def _go_name(field: str) -> str:
    if field in ("nfs", "rbd", "csi", "fc", "iscsi"):
        return field.upper()
    return f"FST{field[3:]}" if field.startswith("fst") else field[:1].upper() + field[1:]


# --- StorageClass ------------------------------------------------------------------------------------------------------


def storage_class_errors(storage_class: Document, old: Document | None) -> list[FieldError]:
    """ValidateStorageClass and ValidateStorageClassUpdate."""
    if old is not None:
        return [
            invalid(field, storage_class.get(field), IMMUTABLE)
            for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")
            if (storage_class.get(field) or None) != (old.get(field) or None)
        ]
    provisioner = storage_class.get("provisioner") or ""
    found = [] if provisioner else [required("provisioner")]
    if provisioner:
        found += [invalid("provisioner", provisioner.lower(), text) for text in names.qualified_name(provisioner.lower())]
    found += _parameter_errors(storage_class.get("parameters") or {})
    for field, allowed in (("reclaimPolicy", CLASS_POLICIES), ("volumeBindingMode", BINDING_MODES)):
        if storage_class.get(field) and storage_class[field] not in allowed:
            found.append(not_supported(field, storage_class[field], allowed))
    return found + _topology_errors(storage_class.get("allowedTopologies") or [])


def _parameter_errors(parameters: Mapping[str, str]) -> list[FieldError]:
    if len(parameters) > MAX_PARAMETERS:
        return [too_long("parameters", MAX_PARAMETERS)]
    found = [invalid("parameters", key, "field can not be empty.") for key in parameters if not key]
    size = sum(len(key.encode()) + len(value.encode()) for key, value in parameters.items())
    return found + ([too_long("parameters", MAX_PARAMETERS_SIZE)] if size > MAX_PARAMETERS_SIZE else [])


def _topology_errors(terms: Iterable[Document]) -> list[FieldError]:
    found: list[FieldError] = []
    seen: list[dict[str, set[str]]] = []
    for index, term in enumerate(terms):
        path = f"allowedTopologies[{index}].matchLabelExpressions"
        wanted: dict[str, set[str]] = {}
        for place, rule in enumerate(term.get("matchLabelExpressions") or []):
            key = rule.get("key") or ""
            found += _topology_rule_errors(key, rule.get("values") or [], f"{path}[{place}]")
            if key in wanted:
                found.append(duplicate(f"{path}[{place}].key", key))
            wanted[key] = set(rule.get("values") or [])
        if wanted in seen:
            found.append(duplicate(path, ""))
        seen.append(wanted)
    return found


def _topology_rule_errors(key: str, values: list[str], path: str) -> list[FieldError]:
    found = [] if values else [required(f"{path}.values")]
    found += [
        duplicate(f"{path}.values[{index}]", value) for index, value in enumerate(values) if value in values[:index]
    ]
    return found + [invalid(f"{path}.key", key, complaint) for complaint in names.qualified_name(key)]


# --- CSINode, VolumeAttachment -----------------------------------------------------------------------------------------


def csi_node_errors(csi_node: Document, old: Document | None) -> list[FieldError]:
    """ValidateCSINode and ValidateCSINodeUpdate: a driver's entry never changes, but for how much it takes."""
    found: list[FieldError] = []
    drivers: list[Document] = dig(csi_node, "spec", "drivers", default=[])
    for index, driver in enumerate(drivers):
        path, name = f"spec.drivers[{index}]", driver.get("name", "")
        found += _driver_name_errors(name, f"{path}.name") if name else [required(f"{path}.name")]
        found += _node_id_errors(driver.get("nodeID", ""), f"{path}.nodeID")
        count = dig(driver, "allocatable", "count", default=0)
        if count < 0:
            found.append(invalid(f"{path}.allocatable.count", count, "must be greater than or equal to 0"))
        if any(name == other.get("name") for other in drivers[:index]):
            found.append(duplicate(f"{path}.name", name))
        for key in driver.get("topologyKeys") or []:
            found += [invalid(path, key, complaint) for complaint in names.qualified_name(key)]
    for before in dig(old, "spec", "drivers", default=[]):
        for driver in drivers:
            if driver.get("name") == before["name"] and _but_limits(driver) != _but_limits(before):
                found.append(invalid("spec.drivers", driver, IMMUTABLE))
    return found


def _but_limits(driver: Document) -> Document:
    return {field: value for field, value in driver.items() if field != "allocatable"}


def _node_id_errors(node_id: str, path: str) -> list[FieldError]:
    if not node_id:
        return [required(path)]
    return [invalid(path, node_id, f"must be {MAX_NODE_ID} characters or less")] if len(node_id) > MAX_NODE_ID else []


def attachment_errors(attachment: Document, old: Document | None) -> list[FieldError]:
    """ValidateVolumeAttachment and ValidateVolumeAttachmentUpdate."""
    spec = attachment.get("spec") or {}
    source = spec.get("source") or {}
    attacher = spec.get("attacher") or ""
    found = _driver_name_errors(attacher, "spec.attacher") if attacher else [required("spec.attacher")]
    volume, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    choice = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
    if volume is None and inline is None:
        found.append(required("spec.source", choice))
    elif volume is not None and inline is not None:
        found.append(forbidden("spec.source", choice))
    elif volume == "":
        found.append(required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName"))
    node = spec.get("nodeName") or ""
    found += [invalid("spec.nodeName", node, complaint) for complaint in names.subdomain(node)]
    if old is not None and spec != old.get("spec"):
        found.append(invalid("spec", spec, IMMUTABLE))
    return found


# --- shared ------------------------------------------------------------------------------------------------------------


def _driver_name_errors(name: str, path: str) -> list[FieldError]:
    found = [too_long(path, MAX_DRIVER_NAME)] if len(name) > MAX_DRIVER_NAME else []
    return found + [invalid(path, name, complaint) for complaint in names.subdomain(name.lower())]


def _class_name_errors(name: str, path: str) -> list[FieldError]:
    rule: Callable[[str], list[str]] = names.subdomain
    return [invalid(path, name, complaint) for complaint in rule(name)] if name else []


def _volume_mode_errors(spec: Document, path: str) -> list[FieldError]:
    mode = spec.get("volumeMode")
    return [] if mode is None or mode in VOLUME_MODES else [not_supported(f"{path}.volumeMode", mode, VOLUME_MODES)]
