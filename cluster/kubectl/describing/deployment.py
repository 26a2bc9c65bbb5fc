"""describeDeployment in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import NONE, Page, date
from cluster.kubectl.describing.pod_parts import describe_template
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds.deployment import count, new_and_old, replicas
from cluster.objects.selectors import LabelSelector


def describe(page: Page, reader: Reader, deployment: Document) -> None:
    """Write the page of a Deployment, without its events."""
    spec, status = deployment["spec"], deployment.get("status") or {}
    page.line(0, "Name:", metadata.name(deployment))
    page.line(0, "Namespace:", metadata.namespace(deployment))
    page.line(0, "CreationTimestamp:", date(deployment["metadata"]["creationTimestamp"]))
    page.labels("Labels", metadata.labels(deployment))
    page.annotations("Annotations", metadata.annotations(deployment))
    page.line(0, "Selector:", str(LabelSelector.from_document(spec["selector"])))
    page.line(0, "Replicas:", _replicas(deployment, status))
    page.line(0, "StrategyType:", dig(spec, "strategy", "type", default=""))
    page.line(0, "MinReadySeconds:", spec.get("minReadySeconds", 0))
    rolling = dig(spec, "strategy", "rollingUpdate")
    if rolling:
        limits = f"{rolling['maxUnavailable']} max unavailable, {rolling['maxSurge']} max surge"
        page.line(0, "RollingUpdateStrategy:", limits)
    describe_template(page, spec["template"])
    describe_conditions(page, status)
    _replica_sets(page, reader, deployment)


def _replicas(deployment: Document, status: Document) -> str:
    numbers = (
        (replicas(deployment), "desired"), (count(status, "updatedReplicas"), "updated"),
        (count(status, "replicas"), "total"), (count(status, "availableReplicas"), "available"),
        (count(status, "unavailableReplicas"), "unavailable"),
    )
    return " | ".join(f"{number} {word}" for number, word in numbers)


def describe_conditions(page: Page, status: Document) -> None:
    """Type, status and reason of the conditions of a workload."""
    conditions = status.get("conditions") or []
    if conditions:
        page.line(0, "Conditions:")
        page.line(1, "Type", "Status", "Reason")
        page.line(1, "----", "------", "------")
    for condition in conditions:
        page.line(1, f"{condition['type']} ", condition["status"], condition.get("reason", ""))


def _replica_sets(page: Page, reader: Reader, deployment: Document) -> None:
    owned = reader.owned("replicasets.apps", metadata.uid(deployment))
    new, _ = new_and_old(deployment, owned)
    if owned:
        page.line(0, "OldReplicaSets:", _listed([each for each in owned if each is not new]))
        page.line(0, "NewReplicaSet:", _listed([new] if new else []))


def _listed(found: list[Document]) -> str:
    texts = (
        f"{metadata.name(each)} ({replicasets.current(each)}/{replicasets.wanted(each)} replicas created)" for each in found
    )
    return ", ".join(texts) or NONE
