"""describeNode in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.amounts import pod_limits, pod_requests, share
from cluster.kubectl.describing.page import NONE, UNSET, Page, date
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.printing import since

_INFO = (
    ("Machine ID:", "machineID"), ("System UUID:", "systemUUID"), ("Boot ID:", "bootID"),
    ("Kernel Version:", "kernelVersion"), ("OS Image:", "osImage"), ("Operating System:", "operatingSystem"),
    ("Architecture:", "architecture"), ("Container Runtime Version:", "containerRuntimeVersion"),
    ("Kubelet Version:", "kubeletVersion"),
)
_STANDARD = ("cpu", "memory", "ephemeral-storage")
_HUGE_PAGES = "hugepages-"


def describe(page: Page, reader: Reader, node: Document) -> None:
    """Write the page of a Node, without its events."""
    name, spec = metadata.name(node), node.get("spec") or {}
    page.line(0, "Name:", name)
    page.line(0, "Roles:", ",".join(nodes.roles(node)) or NONE)
    page.labels("Labels", metadata.labels(node))
    page.annotations("Annotations", metadata.annotations(node))
    page.line(0, "CreationTimestamp:", date(node["metadata"]["creationTimestamp"]))
    taints = sorted(nodes.taints(node), key=lambda taint: f"{taint['effect']},{taint['key']}")
    page.values("Taints", map(nodes.taint_text, taints))
    page.line(0, "Unschedulable:", nodes.is_unschedulable(node))
    _lease(page, reader, name)
    _conditions(page, node)
    page.line(0, "Addresses:")
    for address in dig(node, "status", "addresses", default=[]):
        page.line(1, f"{address['type']}:", address["address"])
    _resources(page, "Capacity:", dig(node, "status", "capacity", default={}))
    _resources(page, "Allocatable:", dig(node, "status", "allocatable", default={}))
    page.line(0, "System Info:")
    for title, field in _INFO:
        page.line(1, title, dig(node, "status", "nodeInfo", field, default=""))
    for title, value in (
        ("PodCIDR:", spec.get("podCIDR")), ("PodCIDRs:", ",".join(spec.get("podCIDRs") or [])),
        ("ProviderID:", spec.get("providerID")),
    ):
        if value:
            page.line(0, title, value)
    _pods(page, reader, node)


def _lease(page: Page, reader: Reader, name: str) -> None:
    lease = reader.get("leases.coordination.k8s.io", "kube-node-lease", name)
    if lease is None:
        page.line(0, "Lease:", f'Failed to get lease: leases.coordination.k8s.io "{name}" not found')
        return
    spec = lease.get("spec") or {}
    page.line(0, "Lease:")
    page.line(1, "HolderIdentity:", spec.get("holderIdentity") or UNSET)
    for title, field in (("AcquireTime:", "acquireTime"), ("RenewTime:", "renewTime")):
        page.line(1, title, date(spec[field]) if spec.get(field) else UNSET)


def _conditions(page: Page, node: Document) -> None:
    conditions = dig(node, "status", "conditions", default=[])
    if conditions:
        page.line(0, "Conditions:")
        page.line(1, "Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
        page.line(1, "----", "------", "-----------------", "------------------", "------", "-------")
    for condition in conditions:
        page.line(
            1, f"{condition['type']} ", f"{condition['status']} ", f"{date(condition.get('lastHeartbeatTime'))} ",
            f"{date(condition.get('lastTransitionTime'))} ", f"{condition.get('reason', '')} ",
            condition.get("message", ""),
        )


def _resources(page: Page, title: str, amounts: dict[str, str]) -> None:
    if amounts:
        page.line(0, title)
    for name in sorted(amounts):
        page.line(1, f"{name}:", quantity.canonical(amounts[name]))


# --- its Pods ----------------------------------------------------------------------------------------------------------


def _pods(page: Page, reader: Reader, node: Document) -> None:
    here = [pod for pod in reader.pods_on(metadata.name(node)) if not pods.is_terminal(pod)]
    available = nodes.allocatable(node) or dig(node, "status", "capacity", default={})
    page.line(0, "Non-terminated Pods:", f"({len(here)} in total)")
    page.line(
        1, "Namespace", "Name", "", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age"
    )
    page.line(
        1, "---------", "----", "", "------------", "----------", "---------------", "-------------", "---"
    )
    for pod in here:
        requests, limits = pod_requests(pod), pod_limits(pod)
        cells = [share(amounts, name, available) for name in ("cpu", "memory") for amounts in (requests, limits)]
        age = since(pod["metadata"].get("creationTimestamp"), reader.now)
        page.line(1, metadata.namespace(pod), metadata.name(pod), "", *cells, age)
    _allocated(page, here, available)


def _allocated(page: Page, here: list[Document], available: dict[str, str]) -> None:
    requests = _totals([pod_requests(pod) for pod in here])
    limits = _totals([pod_limits(pod) for pod in here])
    page.line(0, "Allocated resources:")
    page.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)")
    page.line(1, "Resource", "Requests", "Limits")
    page.line(1, "--------", "--------", "------")
    huge = sorted(name for name in available if name.startswith(_HUGE_PAGES))
    for name in (*_STANDARD, *huge):
        page.line(1, name, share(requests, name, available), share(limits, name, available))
    for name in sorted(set(available) - {*_STANDARD, *huge, "pods"}):
        page.line(1, name, requests.get(name, "0"), limits.get(name, "0"))


def _totals(each: list[dict[str, str]]) -> dict[str, str]:
    names = {name for amounts in each for name in amounts}
    return {name: quantity.total(amounts[name] for amounts in each if name in amounts) for name in names}
