"""Why the API server would not take a new Pod: quotas with their arithmetic, bounds of LimitRanges."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.admission import limit_ranger, resource_quota
from cluster.apiserver.admission.request import Request
from cluster.apiserver.errors import APIError
from cluster.apiserver.reader import Reader
from cluster.apiserver.server import APIServer
from cluster.apiserver.state import Etcd
from cluster.controllers.explanation.words import MEND, Word, word
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY


def refused(reader: Reader, document: Document) -> Iterator[Word]:
    """What the server says to this new object, in thought; nothing when it would take it."""
    server = APIServer(Etcd(reader.world))
    try:
        server.create(document, metadata.namespace(document), field_validation="Trusted")
    except APIError as error:
        yield word("refused", message=error.message)
        yield from _quotas(reader, document)
        yield from _ranges(reader, document)


def _quotas(reader: Reader, document: Document) -> Iterator[Word]:
    for found in resource_quota.excesses(_request(reader, document)):
        yield word(
            "refused.quota", quota=found.quota, resource=found.name, used=found.used, asked=found.asked, hard=found.hard,
        )
        yield word("refused.quota-mend", MEND, quota=found.quota)


def _ranges(reader: Reader, document: Document) -> Iterator[Word]:
    request = _request(reader, document)
    for limit_range in reader.list(limit_ranger.RANGES, request.namespace):
        for complaint in dict.fromkeys(limit_ranger.complaints(limit_range, request.object or {})):
            yield word("refused.range", range=metadata.name(limit_range), complaint=complaint)


def _request(reader: Reader, document: Document) -> Request:
    """The request to create it, with what LimitRanges fill in."""
    kind = REGISTRY.of(document)
    request = Request(
        "CREATE", kind, metadata.namespace(document), document["metadata"].get("name", ""), "", kind.default(document),
        None, reader, lambda alphabet: alphabet[0],
    )
    return request.with_object(limit_ranger.admit(request))
