"""`kubectl get`: tables, documents, names, watches (kubectl/pkg/cmd/get)."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from cluster.apiserver import errors
from cluster.apiserver.errors import APIError
from cluster.kubectl import failures, printers
from cluster.kubectl.command import (
    ALL_NAMESPACES,
    FIELD_SELECTOR,
    FILENAME,
    OUTPUT,
    SELECTOR,
    Command,
    Flag,
    switch,
)
from cluster.kubectl.completing import kinds_then_names
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Wait
from cluster.kubectl.resources import field_selector, label_selector, scope, shown, targets
from cluster.kubectl.sorting import sort_by
from cluster.kubectl.tables import TabWriter, one_line
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import endpoints
from cluster.objects.manifest import ManifestError, load
from cluster.objects.printing import NONE, labels_cell
from cluster.objects.registry import REGISTRY, Kind, Version
from cluster.objects.selectors import FieldSelector

NOTHING_NAMED = (
    'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.'
    "\n\nerror: Required resource not specified.\n"
    'Use "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).\n'
    "See 'kubectl get -h' for help and examples"
)


@dataclass
class _Query:
    """What one request to the server asks for, and what it answered."""

    kind: Kind
    namespace: str | None
    name: str = ""
    version: Version | None = None
    found: list[Document] = field(default_factory=list)
    revision: int = 0


def _run(invocation: Invocation) -> Run:
    if not invocation.words and not invocation.many("filename"):
        raise CommandError(NOTHING_NAMED)
    _check_labels_flag(invocation)
    queries = _queries(invocation)
    yield from _warnings(queries)
    if invocation.on("watch") or invocation.on("watch-only"):
        return (yield from _watch(invocation, queries))
    refusals = _ask(invocation, queries)
    if _is_table(invocation):
        yield from _tables(invocation, queries, failed=bool(refusals))
    else:
        yield from _documents(invocation, queries, refusals)
    for refusal in refusals:
        yield Output("stderr", failures.from_server(refusal) + "\n")
    return 1 if refusals else 0


def _check_labels_flag(invocation: Invocation) -> None:
    output = invocation.text("output")
    if invocation.on("show-labels") and output not in ("", "wide"):
        raise CommandError(f"error: --show-labels option cannot be used with {output} printer")


def _is_table(invocation: Invocation) -> bool:
    return invocation.text("output") in ("", "wide")


# --- asking ----------------------------------------------------------------------------------------------------------


def _queries(invocation: Invocation) -> list[_Query]:
    if invocation.many("filename"):
        return _queries_of_files(invocation)
    wanted = targets(invocation.words, "get")
    everywhere = invocation.on("all-namespaces")
    if any(target.name for target in wanted):
        _refuse_selectors_with_names(invocation)
    return [
        _Query(target.kind, scope(target.kind, invocation.namespace, everywhere), target.name, target.version)
        for target in wanted
    ]


def _refuse_selectors_with_names(invocation: Invocation) -> None:
    if invocation.text("selector") or invocation.text("field-selector"):
        slashed = any("/" in word for word in invocation.words)
        raise CommandError(
            "error: selectors and the all flag cannot be used when passing resource/name arguments" if slashed
            else "error: name cannot be provided when a selector is specified"
        )
    if invocation.on("all-namespaces"):
        raise CommandError("error: a resource cannot be retrieved by name across all namespaces")


def _queries_of_files(invocation: Invocation) -> list[_Query]:
    if invocation.words:
        raise CommandError(
            "error: when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
        )
    return [_query_of(invocation, document) for name in invocation.many("filename") for document in _file(invocation, name)]


def _file(invocation: Invocation, name: str) -> list[Document]:
    if name not in invocation.shell.files:
        raise CommandError(f'error: the path "{name}" does not exist')
    try:
        return [found.document for found in load(invocation.shell.files[name])]
    except ManifestError as problem:
        raise CommandError(f"error: error parsing {name}: error converting YAML to JSON: yaml: {problem}") from problem


def _query_of(invocation: Invocation, document: Document) -> _Query:
    api_version, type_ = str(document.get("apiVersion", "")), str(document.get("kind", ""))
    kind = REGISTRY.by_type(api_version, type_)
    if kind is None:
        raise CommandError(f'error: no matches for kind "{type_}" in version "{api_version}"')
    meta = document.get("metadata") or {}
    namespace = scope(kind, meta.get("namespace") or invocation.namespace)
    return _Query(kind, namespace, str(meta.get("name", "")), REGISTRY.version(api_version, type_))


def _warnings(queries: Iterable[_Query]) -> Iterator[Output]:
    if any(query.kind is endpoints.KIND for query in queries):
        yield Output("stderr", f"Warning: {endpoints.DEPRECATION}\n")


def _ask(invocation: Invocation, queries: list[_Query]) -> list[APIError]:
    """Fill in what the server answers; returns its refusals."""
    refusals = []
    for query in queries:
        try:
            _ask_one(invocation, query)
        except APIError as refusal:
            if refusal.reason != "NotFound" or not invocation.on("ignore-not-found"):
                refusals.append(refusal)
    return refusals


def _ask_one(invocation: Invocation, query: _Query) -> None:
    api = invocation.api
    if query.name:
        found = api.get(query.kind.resource, query.namespace or "", query.name)
        if found is None:
            raise errors.not_found(query.kind, query.name)
        query.found, query.revision = [found], api.revision
        return
    try:
        listed = api.select(
            query.kind.resource, query.namespace, label_selector(invocation), field_selector(invocation)
        )
    except APIError as refusal:
        raise _unable_to_find(invocation, query.kind, refusal) from refusal
    query.found, query.revision = listed.items, listed.revision


def _unable_to_find(invocation: Invocation, kind: Kind, refusal: APIError) -> APIError:
    if refusal.reason not in ("BadRequest", "NotFound"):
        return refusal
    message = (
        f'Unable to find "{kind.api_version if kind.group else "/" + kind.version}, Resource={kind.plural}" that match'
        f' label selector "{invocation.text("selector")}", field selector "{invocation.text("field-selector")}":'
        f" {refusal.message}"
    )
    return APIError(refusal.code, refusal.reason, message, refusal.details)


# --- documents -------------------------------------------------------------------------------------------------------


def _documents(invocation: Invocation, queries: list[_Query], refusals: list[APIError]) -> Iterator[Output]:
    documents = [
        query.version.served(document) if query.version else document for query in queries for document in query.found
    ]
    single = len(queries) == 1 and bool(queries[0].name)
    if (single and not documents) or (not documents and invocation.on("ignore-not-found")):
        # Only a format that does not exist is still complained about.
        _printer(invocation)
        return
    if invocation.text("sort-by"):
        documents = sort_by(documents, invocation.text("sort-by"))
    text = _printer(invocation)(documents[0] if single else printers.as_list(documents))
    if text:
        yield Output("stdout", text)


def _printer(invocation: Invocation) -> printers.Printer:
    return printers.printer(invocation.text("output"), printers.GET_FORMATS, headers=not invocation.on("no-headers"))


# --- tables ----------------------------------------------------------------------------------------------------------


class _Table:
    """Rows of one kind; the header comes with the first of them."""

    def __init__(self, invocation: Invocation, kind: Kind, *, with_kind: bool) -> None:
        wide = invocation.text("output") == "wide"
        self.kind = kind
        self.columns = [column for column in kind.columns if wide or not column.wide]
        self.with_kind = with_kind or invocation.on("show-kind")
        self.with_namespace = invocation.on("all-namespaces") and kind.namespaced
        self.labels = invocation.many("label-columns")
        self.show_labels = invocation.on("show-labels")
        self._headed = invocation.on("no-headers")
        self._writer = TabWriter()

    def text(self, documents: Iterable[Document], now: int) -> str:
        """These rows, in line with the ones before; "" for none."""
        rows = [self._row(document, now) for document in documents]
        if rows and not self._headed:
            self._headed = True
            rows.insert(0, self._headers())
        return self._writer.text(rows)

    def _headers(self) -> list[str]:
        return [
            *(["NAMESPACE"] if self.with_namespace else []),
            *(column.name.upper() for column in self.columns),
            *(label.rpartition("/")[2].upper() for label in self.labels),
            *(["LABELS"] if self.show_labels else []),
        ]

    def _row(self, document: Document, now: int) -> list[str]:
        labels = metadata.labels(document)
        cells = []
        for column in self.columns:
            cell = one_line(column.value(document, now))
            cells.append(shown(self.kind, cell) if self.with_kind and column.name == "Name" else cell)
        return [
            *([metadata.namespace(document)] if self.with_namespace else []),
            *cells,
            *(labels.get(label, NONE) for label in self.labels),
            *([labels_cell(labels)] if self.show_labels else []),
        ]


def _tables(invocation: Invocation, queries: list[_Query], *, failed: bool) -> Iterator[Output]:
    answered = [query for query in queries if query.found or not query.name]
    with_kind = len({query.kind.resource for query in answered}) > 1
    printed = ""
    for _, group in groupby(answered, key=lambda query: query.kind.resource):
        same = list(group)
        table = _Table(invocation, same[0].kind, with_kind=with_kind)
        documents = [document for query in same for document in query.found]
        if invocation.text("sort-by"):
            documents = sort_by(documents, invocation.text("sort-by"))
        text = table.text(documents, invocation.api.now)
        if text and printed and not invocation.on("no-headers"):
            printed += "\n"
        printed += text
    if printed:
        yield Output("stdout", printed)
    elif not failed and not invocation.on("ignore-not-found"):
        yield Output("stderr", _nothing(invocation, answered))


def _nothing(invocation: Invocation, queries: list[_Query]) -> str:
    if not invocation.on("all-namespaces") and all(query.kind.namespaced for query in queries):
        return f"No resources found in {invocation.namespace} namespace.\n"
    return "No resources found\n"


# --- watching --------------------------------------------------------------------------------------------------------


def _watch(invocation: Invocation, queries: list[_Query]) -> Run:
    if len({query.kind.resource for query in queries}) > 1:
        raise CommandError("error: you may only specify a single resource type")
    if len(queries) > 1:
        raise CommandError(
            "error: watch is only supported on individual resources and resource collections - "
            f"{len(queries)} resources were found"
        )
    if invocation.text("sort-by"):
        yield Output("stderr", "warning: --watch requested, --sort-by will be ignored for watch events received\n")
    query = queries[0]
    refusals = _ask(invocation, queries)
    if refusals:
        raise refusals[0]
    if query.name and not query.found:
        return 0
    show = _shower(invocation, query.kind)
    if not invocation.on("watch-only"):
        yield from show(query.found)
    return (yield from _follow(invocation, query, show))


def _shower(invocation: Invocation, kind: Kind) -> printers.Shower:
    """What prints the objects of a watch one after another."""
    if _is_table(invocation):
        table = _Table(invocation, kind, with_kind=False)
        return lambda documents: _shown(table.text(documents, invocation.api.now))
    printer = _printer(invocation)
    return lambda documents: _shown("".join(map(printer, documents)))


def _shown(text: str) -> Iterator[Output]:
    if text:
        yield Output("stdout", text)


def _follow(invocation: Invocation, query: _Query, show: printers.Shower) -> Generator[Output | Wait, None, int]:
    labels, fields = label_selector(invocation), field_selector(invocation)
    if query.name:
        fields = FieldSelector.parse(f"metadata.name={query.name}")
    since = query.revision
    while True:
        yield Wait()
        events = invocation.api.watch(query.kind.resource, query.namespace, since, labels, fields)
        since = invocation.api.revision
        yield from show([event.object for event in events])


COMMANDS = (
    Command(
        name="get",
        run=_run,
        usage="kubectl get [(-o|--output=)json|yaml|name|jsonpath|custom-columns|wide] (TYPE[.GROUP] [NAME | -l label] |"
        " TYPE[.GROUP]/NAME ...) [flags]",
        summary="Display one or many resources",
        flags=(
            OUTPUT,
            SELECTOR,
            FIELD_SELECTOR,
            ALL_NAMESPACES,
            FILENAME,
            Flag("label-columns", "list", "L", (), help="Labels that are shown as columns, separated by commas."),
            Flag("sort-by", help="Sort by this field, a JSONPath such as '{.metadata.name}'."),
            switch("show-labels", help="Show all labels as the last column."),
            switch("show-kind", help="Show the kind before every name."),
            switch("no-headers", help="Leave the header out."),
            switch("ignore-not-found", help="Names that do not exist are no error."),
            switch("watch", "w", help="After listing, go on to print every change."),
            switch("watch-only", help="Print changes without listing first."),
        ),
        examples=(
            "kubectl get pods",
            "kubectl get pods -o wide",
            "kubectl get deploy,rs,pods -l app=web",
            "kubectl get deployment web -o yaml",
            "kubectl get pods -A --field-selector spec.nodeName=node-1",
            "kubectl get pods -o jsonpath='{.items[*].status.podIP}'",
            "kubectl get pods -w",
        ),
        complete=kinds_then_names,
    ),
)
