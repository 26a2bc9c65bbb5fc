"""Node."""

from __future__ import annotations

import ipaddress

from cluster.objects import conditions
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import forbidden, invalid
from cluster.objects.metadata import labels
from cluster.objects.placement_validation import taint_errors
from cluster.objects.printing import AGE, NAME, NONE, UNKNOWN
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind

ROLE_PREFIX = "node-role.kubernetes.io/"
ROLE_LABEL = "kubernetes.io/role"
NOT_READY_TAINT = "node.kubernetes.io/not-ready"
UNREACHABLE_TAINT = "node.kubernetes.io/unreachable"
UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable"

condition = conditions.condition
is_true = conditions.is_true


def is_ready(node: Document) -> bool:
    """Whether the kubelet says that it is healthy; an unknown state is not ready."""
    return is_true(node, "Ready")


def is_unschedulable(node: Document) -> bool:
    """Whether it is cordoned."""
    return bool(dig(node, "spec", "unschedulable", default=False))


def taints(node: Document) -> list[Document]:
    return dig(node, "spec", "taints", default=[])


def taint_text(taint: Document) -> str:
    """`key=value:Effect`, or `key:Effect` without a value (ToString in staging/src/k8s.io/api/core/v1/taint.go)."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


def same_taint(one: Document, other: Document) -> bool:
    """Taints are told apart by key and effect (MatchTaint in staging/src/k8s.io/api/core/v1/taint.go)."""
    return one.get("key") == other.get("key") and one.get("effect") == other.get("effect")


def with_taint(node: Document, taint: Document) -> Document:
    """The node with that taint, in the place of one with the same key and effect."""
    if taint in taints(node):
        return node
    kept = [present for present in taints(node) if not same_taint(present, taint)]
    return {**node, "spec": {**(node.get("spec") or {}), "taints": [*kept, taint]}}


def without_taint(node: Document, key: str, effect: str = "") -> Document:
    """The node without taints of that key, of any effect unless one is given."""
    kept = [taint for taint in taints(node) if taint["key"] != key or effect not in ("", taint["effect"])]
    if len(kept) == len(taints(node)):
        return node
    spec = {field: value for field, value in node["spec"].items() if field != "taints"}
    if kept:
        spec["taints"] = kept
    return {**node, "spec": spec}


def address(node: Document, kind: str) -> str:
    """The first address of that type ("InternalIP", "Hostname"), "" without one."""
    for entry in dig(node, "status", "addresses", default=[]):
        if entry["type"] == kind:
            return str(entry["address"])
    return ""


def internal_ip(node: Document) -> str:
    return address(node, "InternalIP")


def allocatable(node: Document) -> dict[str, str]:
    """Quantities that Pods may use; the whole capacity when the node says nothing else."""
    return dig(node, "status", "allocatable") or dig(node, "status", "capacity", default={})


def roles(node: Document) -> list[str]:
    """Sorted roles by its labels (findNodeRoles in pkg/printers/internalversion/printers.go)."""
    found = {key.removeprefix(ROLE_PREFIX) for key in labels(node) if key.startswith(ROLE_PREFIX)}
    found.add(labels(node).get(ROLE_LABEL, ""))
    return sorted(found - {""})


def status_text(node: Document) -> str:
    """The STATUS cell: `Ready`, `NotReady,SchedulingDisabled`; `Unknown` before the first report."""
    status = "Ready" if is_ready(node) else "NotReady"
    if condition(node, "Ready") is None:
        status = "Unknown"
    return f"{status},SchedulingDisabled" if is_unschedulable(node) else status


def _info(node: Document, field: str, missing: str = UNKNOWN) -> str:
    return str(dig(node, "status", "nodeInfo", field, default="") or missing)


def _kernel(node: Document, now: int) -> str:
    architecture = _info(node, "architecture", "")
    return _info(node, "kernelVersion") + (f" ({architecture})" if architecture else "")


def default(node: Document) -> Document:
    """Everything that the machine has can be used, unless the node says less (SetDefaults_NodeStatus).

    Conditions and addresses always say of what type they are and what they are, be it nothing: nobody validates them.
    """
    status = node.get("status") or {}
    if status.get("capacity") and not status.get("allocatable"):
        status = {**status, "allocatable": status["capacity"]}
    for field, always in (("conditions", ("type", "status")), ("addresses", ("type", "address"))):
        entries = status.get(field) or ()
        if any(name not in entry for entry in entries for name in always):
            status = {**status, field: [{**dict.fromkeys(always, ""), **entry} for entry in entries]}
    return {**node, "spec": node.get("spec") or {}, "status": status}


def validate(node: Document, old: Document | None) -> list[FieldError]:
    """Taints have the path that the server really reports (ValidateNode in pkg/apis/core/validation/validation.go)."""
    found = taint_errors(taints(node), "metadata.taints")
    # The older field is the first of the newer one's entries.
    cidrs = [dig(node, "spec", "podCIDR"), *dig(node, "spec", "podCIDRs", default=[])[1:]]
    if not cidrs[0]:
        cidrs = dig(node, "spec", "podCIDRs", default=[])
    found += [
        invalid(f"spec.podCIDRs[{index}]", cidr, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")
        for index, cidr in enumerate(cidrs) if cidr and not _is_cidr(cidr)
    ]
    for field, text in (("podCIDRs", "podCIDR"), ("providerID", "providerID")):
        before = dig(old, "spec", field)
        if before and before != dig(node, "spec", field):
            found.append(forbidden(f"spec.{field}", f'node updates may not change {text} except from "" to valid'))
    return found


def _is_cidr(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="Node",
        plural="nodes",
        singular="node",
        short_names=("no",),
        namespaced=False,
        subresources=frozenset({"status", "proxy"}),
        default=default,
        validate=validate,
        columns=(
            NAME,
            Column("Status", lambda node, now: status_text(node)),
            Column("Roles", lambda node, now: ",".join(roles(node)) or NONE),
            AGE,
            Column("Version", lambda node, now: _info(node, "kubeletVersion", "")),
            Column("Internal-IP", lambda node, now: internal_ip(node) or NONE, wide=True),
            Column("External-IP", lambda node, now: address(node, "ExternalIP") or NONE, wide=True),
            Column("OS-Image", lambda node, now: _info(node, "osImage"), wide=True),
            Column("Kernel-Version", _kernel, wide=True),
            Column("Container-Runtime", lambda node, now: _info(node, "containerRuntimeVersion"), wide=True),
        ),
        field_labels={"spec.unschedulable": lambda node: str(is_unschedulable(node)).lower()},
    )
)
