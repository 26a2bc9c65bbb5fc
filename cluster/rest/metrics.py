"""`metrics.k8s.io`: what nodes and Pods use (kubernetes-sigs/metrics-server, pkg/api)."""

from __future__ import annotations

from cluster.apiserver.errors import APIError
from cluster.apiserver.reader import Reader
from cluster.machinery import usage
from cluster.objects import times
from cluster.objects.documents import Document
from cluster.objects.selectors import LabelSelector
from cluster.rest.messages import Response, answer

API_VERSION = "metrics.k8s.io/v1beta1"


def response(reader: Reader, plural: str, namespace: str | None, name: str, labels: LabelSelector | None) -> Response:
    """Metrics of one object, or of all; raises NotFound for one that nobody has measured."""
    kind = {"pods": "PodMetrics", "nodes": "NodeMetrics"}[plural]
    found = _pods(reader, namespace, labels) if plural == "pods" else _nodes(reader, labels)
    if not name:
        return answer({"kind": f"{kind}List", "apiVersion": API_VERSION, "metadata": {}, "items": found})
    for one in found:
        if one["metadata"]["name"] == name:
            return answer(one)
    details = {"name": name, "group": "metrics.k8s.io", "kind": plural}
    shown = f"{namespace}/{name}" if namespace else name
    raise APIError(404, "NotFound", f'{plural}.metrics.k8s.io "{shown}" not found', details)


def _measured(reader: Reader, kind: str, document: Document) -> Document:
    meta = {field: document["metadata"][field] for field in ("name", "namespace", "labels") if field in document["metadata"]}
    meta["creationTimestamp"] = times.rfc3339(reader.now)
    return {
        "kind": kind, "apiVersion": API_VERSION, "metadata": meta, "timestamp": times.rfc3339(usage.scraped_at(reader.now)),
        "window": f"{usage.WINDOW / times.SECOND:.3f}s",
    }


def _amounts(cpu: int, memory: int) -> Document:
    return {"cpu": f"{cpu}m", "memory": f"{memory // 1024}Ki"}


def _pods(reader: Reader, namespace: str | None, labels: LabelSelector | None) -> list[Document]:
    found = []
    for pod in reader.list("pods", namespace, labels):
        used = usage.of_pod(reader, pod)
        if used is not None:
            containers = [{"name": one.container, "usage": _amounts(one.cpu, one.memory)} for one in used]
            found.append({**_measured(reader, "PodMetrics", pod), "containers": containers})
    return found


def _nodes(reader: Reader, labels: LabelSelector | None) -> list[Document]:
    measured = ((node, usage.of_node(reader, node)) for node in reader.list("nodes", None, labels))
    return [{**_measured(reader, "NodeMetrics", node), "usage": _amounts(*used)} for node, used in measured if used is not None]
