"""describePod in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.containers import describe_containers, describe_resources, field_resolver
from cluster.kubectl.describing.page import NONE, Page, date
from cluster.kubectl.describing.pod_parts import controlled_by, describe_spreading, describe_tolerations, describe_volumes
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.printing import since


def describe(page: Page, reader: Reader, pod: Document) -> None:
    """Write the page of a Pod, without its events."""
    spec, status = pod["spec"], pod.get("status") or {}
    _head(page, pod, spec, status)
    _status(page, reader, pod, status)
    page.line(0, "IP:", status.get("podIP", ""))
    ips = status.get("podIPs") or []
    page.line(0, *(["IPs:"] if ips else ["IPs:", NONE]))
    for address in ips:
        page.line(1, "IP:", address["ip"])
    controlled_by(page, pod)
    if status.get("nominatedNodeName"):
        page.line(0, "NominatedNodeName:", status["nominatedNodeName"])
    if spec.get("resources"):
        page.line(0, "Resources:")
        describe_resources(page, spec["resources"], 1)
    _containers(page, pod, spec, status)
    _conditions(page, spec, status)
    describe_volumes(page, spec.get("volumes") or [])
    page.line(0, "QoS Class:", status.get("qosClass") or pods.qos_class(pod))
    page.labels("Node-Selectors", spec.get("nodeSelector"))
    describe_tolerations(page, spec.get("tolerations") or [])
    describe_spreading(page, spec.get("topologySpreadConstraints") or [])


def _head(page: Page, pod: Document, spec: Document, status: Document) -> None:
    page.line(0, "Name:", metadata.name(pod))
    page.line(0, "Namespace:", metadata.namespace(pod))
    if spec.get("priority") is not None:
        page.line(0, "Priority:", spec["priority"])
    for title, field in (
        ("Priority Class Name:", "priorityClassName"), ("Runtime Class Name:", "runtimeClassName"),
        ("Service Account:", "serviceAccountName"),
    ):
        if spec.get(field):
            page.line(0, title, spec[field])
    node = spec.get("nodeName")
    page.line(0, "Node:", f"{node}/{status.get('hostIP', '')}" if node else NONE)
    if status.get("startTime"):
        page.line(0, "Start Time:", date(status["startTime"]))
    page.labels("Labels", metadata.labels(pod))
    page.annotations("Annotations", metadata.annotations(pod))


def _status(page: Page, reader: Reader, pod: Document, status: Document) -> None:
    if metadata.is_being_deleted(pod) and not pods.is_terminal(pod):
        page.line(0, "Status:", f"Terminating (lasts {since(pod['metadata']['deletionTimestamp'], reader.now)})")
        page.line(0, "Termination Grace Period:", f"{pod['metadata'].get('deletionGracePeriodSeconds', 0)}s")
    else:
        page.line(0, "Status:", status.get("phase", ""))
    for title, field in (("Reason:", "reason"), ("Message:", "message")):
        if status.get(field):
            page.line(0, title, status[field])
    seccomp = dig(pod, "spec", "securityContext", "seccompProfile")
    if seccomp:
        page.line(0, "SeccompProfile:", seccomp["type"])
        if seccomp["type"] == "Localhost":
            page.line(0, "LocalhostProfile:", seccomp.get("localhostProfile", ""))


def _containers(page: Page, pod: Document, spec: Document, status: Document) -> None:
    resolve = field_resolver(pod)
    if spec.get("initContainers"):
        statuses = status.get("initContainerStatuses") or []
        describe_containers(page, "Init Containers", spec["initContainers"], statuses, resolve)
    describe_containers(page, "Containers", spec["containers"], status.get("containerStatuses") or [], resolve)


def _conditions(page: Page, spec: Document, status: Document) -> None:
    conditions = status.get("conditions") or []
    if spec.get("readinessGates"):
        states = {condition["type"]: condition["status"] for condition in conditions}
        page.line(0, "Readiness Gates:")
        page.line(1, "Type", "Status")
        for gate in spec["readinessGates"]:
            page.line(1, f"{gate['conditionType']} ", f"{states.get(gate['conditionType'], NONE)} ")
    if conditions:
        page.line(0, "Conditions:")
        page.line(1, "Type", "Status")
    for condition in conditions:
        page.line(1, f"{condition['type']} ", f"{condition['status']} ")
