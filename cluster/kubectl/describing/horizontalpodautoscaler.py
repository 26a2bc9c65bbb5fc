"""describeHorizontalPodAutoscalerV2 in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import Page, date
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import horizontalpodautoscaler as hpas


def describe(page: Page, reader: Reader, hpa: Document) -> None:
    """Write the page of a HorizontalPodAutoscaler, without its events."""
    kind, status = hpas.target(hpa).get("kind"), hpa.get("status") or {}
    page.line(0, "Name:", metadata.name(hpa))
    page.line(0, "Namespace:", metadata.namespace(hpa))
    page.labels("Labels", metadata.labels(hpa))
    page.annotations("Annotations", metadata.annotations(hpa))
    page.line(0, "CreationTimestamp:", date(hpa["metadata"]["creationTimestamp"]))
    page.line(0, "Reference:", f"{kind}/{hpas.target(hpa).get('name')}")
    page.line(0, "Metrics:", "( current / target )")
    for index, metric in enumerate(hpas.metrics(hpa)):
        page.line(1, f"{_title(metric)}:", " / ".join(_amounts(hpa, index)))
    page.line(0, "Min replicas:", hpas.least(hpa))
    page.line(0, "Max replicas:", hpas.most(hpa))
    rules = hpas.behavior(hpa)
    if rules is not None:
        page.line(0, "Behavior:")
        _rules(page, "Scale Up", rules.get("scaleUp"))
        _rules(page, "Scale Down", rules.get("scaleDown"))
    current, desired = status.get("currentReplicas", 0), status.get("desiredReplicas", 0)
    page.line(0, f"{kind} pods:", f"{current} current / {desired} desired")
    conditions = status.get("conditions") or []
    if conditions:
        page.line(0, "Conditions:")
        page.line(1, "Type", "Status", "Reason", "Message")
        page.line(1, "----", "------", "------", "-------")
    for condition in conditions:
        page.line(1, condition["type"], condition["status"], condition.get("reason", ""), condition.get("message", ""))


def _title(metric: Document) -> str:
    source, average = hpas.source(metric), dig(hpas.source(metric), "target", "averageValue") is not None
    if metric["type"] in (hpas.RESOURCE, hpas.CONTAINER_RESOURCE):
        container = f' of container "{source["container"]}"' if metric["type"] == hpas.CONTAINER_RESOURCE else ""
        return f"resource {source['name']}{container} on pods" + ("" if average else "  (as a percentage of request)")
    name = f'"{source["metric"]["name"]}"'
    if metric["type"] == hpas.PODS:
        return f"{name} on pods"
    meant = "(target average value)" if average else "(target value)"
    if metric["type"] == hpas.EXTERNAL:
        return f"{name} {meant}"
    return f"{name} on {source['describedObject']['kind']}/{source['describedObject']['name']} {meant}"


def _amounts(hpa: Document, index: int) -> tuple[str, str]:
    """Current and wanted amount; behind a share stands what it is a share of."""
    now, wanted = hpas.measured(hpa, index)
    found = hpas.current(hpa, index)
    if found.get("averageUtilization") is not None and "averageValue" in found:
        now = f"{now} ({quantity.canonical(found['averageValue'])})"
    return now, wanted


def _rules(page: Page, title: str, rules: Document | None) -> None:
    if rules is None:
        return
    page.line(1, f"{title}:")
    if rules.get("stabilizationWindowSeconds") is not None:
        page.line(2, f"Stabilization Window: {rules['stabilizationWindowSeconds']} seconds")
    if rules.get("policies"):
        page.line(2, f"Select Policy: {rules.get('selectPolicy') or hpas.MAX_CHANGE}")
        page.line(2, "Policies:")
    for policy in rules.get("policies") or []:
        page.line(3, f"- Type: {policy['type']}", f"Value: {policy['value']}", f"Period: {policy['periodSeconds']} seconds")
