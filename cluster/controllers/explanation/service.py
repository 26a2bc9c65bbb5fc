"""Which Pods a Service lists as endpoints, and why each of the others is not among them."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.controllers import endpoint_pods
from cluster.controllers.endpointslice import RESOURCE
from cluster.controllers.explanation.words import MEND, STATE, SUM, Cell, Explained, Word, table, word
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import endpointslice
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import service as services

COLUMNS = ["column.pod", "column.address", "column.listed", "column.because"]
# So many Pods that are almost selected are named.
NEAR = 5


def explained(reader: Reader, service: Document) -> Explained:
    selected = endpoint_pods.selected_pods(reader, service) if services.selector(service) else []
    rows: list[list[Cell]] = [_row(reader, service, pod) for pod in selected]
    return Explained(list(_words(reader, service, selected)), table("table.endpoints", COLUMNS, rows))


def _words(reader: Reader, service: Document, selected: list[Document]) -> Iterator[Word]:
    name, wanted = metadata.name(service), services.selector(service)
    listed = [
        one for found in reader.list(RESOURCE, metadata.namespace(service)) if endpointslice.service_name(found) == name
        for one in endpointslice.endpoints(found)
    ]
    ready = sum(map(endpointslice.is_ready, listed))
    yield word("service.state", STATE, name=name, listed=len(listed), ready=ready)
    if services.is_external_name(service):
        yield word("service.external", SUM)
        return
    if not wanted:
        yield word("service.no-selector", SUM)
        return
    yield word("service.selects", SUM, selector=_pairs(wanted), count=len(selected))
    if selected and not ready:
        yield word("service.none-ready")
    if not selected:
        yield word("service.nobody", selector=_pairs(wanted))
        yield from _near(reader, service, wanted)


def _pairs(labels: dict[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in sorted(labels.items())]


def _near(reader: Reader, service: Document, wanted: dict[str, str]) -> Iterator[Word]:
    """Pods with the same keys but other values, or with a part of the labels: where the mistake often is."""
    near = [
        pod for pod in reader.list("pods", metadata.namespace(service))
        if pods.is_active(pod) and wanted.keys() & metadata.labels(pod).keys()
    ]
    for pod in near[:NEAR]:
        has = {key: value for key, value in metadata.labels(pod).items() if key in wanted}
        yield word("service.near", MEND, pod=metadata.name(pod), has=_pairs(has))


def _row(reader: Reader, service: Document, pod: Document) -> list[Cell]:
    reason = why_not(reader, service, pod)
    listed = "cell.no" if reason in _LEFT_OUT else "cell.not-ready" if reason else "cell.yes"
    because: Cell = word(f"endpoint.{reason}", "cell", node=pods.node_name(pod)) if reason else ""
    return [metadata.name(pod), ", ".join(endpoint_pods.addresses(pod)), word(listed, "cell"), because]


_LEFT_OUT = frozenset({"ended", "no-address", "no-node"})


def why_not(reader: Reader, service: Document, pod: Document) -> str:
    """Why a selected Pod gets no traffic: left out of the list, or in it and not ready; "" when it gets some."""
    if pods.is_terminal(pod):
        return "ended"
    if not endpoint_pods.belongs(pod, include_terminating=True):
        return "no-address"
    public = services.publishes_not_ready(service)
    if reader.get("nodes", "", pods.node_name(pod)) is None and not public:
        return "no-node"
    if any(endpoint_pods.port_number(pod, port) is None for port in services.ports(service)):
        return "no-port"
    if public:
        return ""
    if metadata.is_being_deleted(pod):
        return "leaving"
    return "" if pods.is_ready(pod) else "not-ready"
