"""watch: what happens to a selection, from a revision on (apiserver/pkg/endpoints/handlers/watch.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import orjson

from cluster.apiserver import errors
from cluster.apiserver.errors import APIError
from cluster.apiserver.server import WatchEvent
from cluster.objects.documents import Document
from cluster.rest import tables
from cluster.rest.messages import Request
from cluster.rest.negotiation import Form, form_of
from cluster.rest.paths import Target
from cluster.rest.reading import View, page, shaped
from cluster.rest.selection import Selection, selection, too_large

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
# How often a client that wants bookmarks hears of the newest revision (seconds of wall time).
BOOKMARK_EVERY = 60
# A watch ends after so long at the latest, as a real server's does (seconds; --min-request-timeout).
LONGEST = 1800


@dataclass(frozen=True, slots=True)
class Watch:
    """A watch that is under way: everything up to `since` has been told."""

    target: Target
    wanted: Selection
    form: Form
    include: str
    bookmarks: bool
    seconds: int
    since: int
    headed: bool = False  # whether the columns of a table have been told

    def told(self, events: Iterable[WatchEvent], until: int, now: int) -> tuple[Watch, bytes]:
        """The watch after these events, which reach to revision `until`, and what the client is told."""
        lines, headed = [], self.headed
        for event in events:
            lines.append(_line(event.type, self._shape(event.object, now, headed=headed)))
            headed = True
        return replace(self, since=until, headed=headed), b"".join(lines)

    def bookmark(self, *, initial: bool = False) -> bytes:
        """A line that tells nothing but the revision."""
        meta: Document = {"resourceVersion": str(self.since)}
        if initial:
            meta["annotations"] = {INITIAL_EVENTS_END: "true"}
        document: Document = {"kind": self.target.kind.kind, "apiVersion": self.target.api_version, "metadata": meta}
        if self.form == "table":
            document = {
                "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": str(self.since)},
                "columnDefinitions": None, "rows": [{"cells": [], "object": tables.partial(document)}],
            }
        elif self.form == "metadata":
            document = tables.partial(document)
        return _line("BOOKMARK", document)

    def _shape(self, document: Document, now: int, *, headed: bool) -> Document:
        if self.form == "table":
            meta = {"resourceVersion": document["metadata"]["resourceVersion"]}
            return tables.table(self.target, [document], now, self.include, meta, headers=not headed)
        return shaped(self.target, document, self.form)


def begun(view: View, request: Request, target: Target) -> tuple[Watch, bytes]:
    """A new watch and what the client is told at once; raises what lists raise, Expired and Invalid."""
    parameters, reader = request.parameters, view.reader
    wanted = selection(parameters, target)
    initial = _initial_events(request)
    seconds = min(parameters.number("timeoutSeconds") or LONGEST, LONGEST)
    since = wanted.version or 0
    watch = Watch(
        target, wanted, form_of(request.header("accept")), parameters.text("includeObject"),
        parameters.on("allowWatchBookmarks"), max(1, seconds), since,
    )
    if since > reader.revision:
        raise too_large(since, reader.revision)
    # Without a revision the present state comes first; with one only what has happened since.
    if initial or (since == 0 and initial is None):
        found = page(view, target, replace(wanted, limit=0, token="", version=None, match=""))
        events = (WatchEvent(found.revision, "ADDED", document) for document in found.items)
        watch, text = watch.told(events, found.revision, reader.now)
        return watch, text + (watch.bookmark(initial=True) if initial and watch.bookmarks else b"")
    if since == 0:
        watch = replace(watch, since=reader.revision)
    return watch, b""


def _initial_events(request: Request) -> bool | None:
    """Whether the client wants the present state and a mark at its end (sendInitialEvents); None when it says nothing."""
    parameters = request.parameters
    if "sendInitialEvents" not in parameters:
        return None
    if parameters.text("resourceVersionMatch") != "NotOlderThan":
        message = (
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting '
            "resourceVersionMatch to NotOlderThan"
        )
        raise APIError(422, "Invalid", message, {"group": "meta.k8s.io", "kind": "ListOptions"})
    return parameters.on("sendInitialEvents")


def failed(error: APIError) -> bytes:
    """The last line of a watch that cannot go on."""
    return _line("ERROR", error.status())


def too_old(watch: Watch, newest: int) -> APIError:
    return errors.expired(f"too old resource version: {watch.since} ({newest})")


def _line(kind: str, document: Document) -> bytes:
    return orjson.dumps({"type": kind, "object": document}) + b"\n"


def up_to(events: Iterable[WatchEvent], revision: int) -> Iterator[WatchEvent]:
    """Those that may be told by now."""
    return (event for event in events if event.revision <= revision)
