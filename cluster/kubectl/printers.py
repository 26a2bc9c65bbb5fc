"""The printers of -o: each turns one document after another into text (cli-runtime/pkg/printers)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cluster.kubectl import custom_columns
from cluster.kubectl.formats import go_syntax, served, to_json, to_yaml
from cluster.kubectl.invocation import CommandError, Output
from cluster.kubectl.jsonpath import JSONPathError, Template
from cluster.kubectl.resources import shown
from cluster.kubectl.tables import TabWriter
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY

# What stands in a kind's place when a printer gets a list.
LIST = "List"

Printer = Callable[[Document], str]
# Prints the objects of a watch as they come.
Shower = Callable[[Iterable[Document]], Iterator[Output]]

OBJECT_FORMATS = ("go-template", "go-template-file", "json", "jsonpath", "jsonpath-as-json", "jsonpath-file", "kyaml",
                  "name", "template", "templatefile", "yaml")
GET_FORMATS = tuple(sorted((*OBJECT_FORMATS, "custom-columns", "custom-columns-file", "wide")))
# Formats that kubectl has and this console does not.
MISSING_FORMATS = frozenset({
    "custom-columns-file", "go-template", "go-template-file", "jsonpath-file", "kyaml", "template", "templatefile",
})


def printer(output: str, allowed: tuple[str, ...] = OBJECT_FORMATS, *, headers: bool = True) -> Printer:
    """The printer of a value of -o; CommandError in kubectl's words for one that is not `allowed`."""
    name, equals, argument = output.partition("=")
    if name not in allowed or name == "wide":
        raise CommandError(
            f'error: unable to match a printer suitable for the output format "{output}",'
            f" allowed formats are: {','.join(allowed)}"
        )
    if name in MISSING_FORMATS:
        raise CommandError(
            f"error: this console does not print {name}; use json, yaml, name, jsonpath=… or custom-columns=…"
        )
    if name in ("jsonpath", "jsonpath-as-json"):
        return _jsonpath(name, argument, given=bool(equals))
    if name == "custom-columns":
        return _custom_columns(argument, headers=headers)
    return {"json": _json, "yaml": _yaml(), "name": _name}[name]


def as_list(documents: list[Document]) -> Document:
    """Several documents as the one that kubectl prints."""
    return {"apiVersion": "v1", "items": documents, "kind": LIST, "metadata": {"resourceVersion": ""}}


def items(document: Document) -> list[Document]:
    """The documents of a list, or the one document."""
    found: list[Document] = document["items"] if document.get("kind") == LIST else [document]
    return found


def _json(document: Document) -> str:
    return to_json(_served(document))


def _served(document: Document) -> Document:
    if document.get("kind") == LIST:
        return {**document, "items": [served(item) for item in document["items"]]}
    return served(document)


def _yaml() -> Printer:
    printed = 0

    def text(document: Document) -> str:
        nonlocal printed
        printed += 1
        return ("---\n" if printed > 1 else "") + to_yaml(_served(document))

    return text


def _name(document: Document) -> str:
    return "".join(f"{shown(REGISTRY.of(item), item['metadata']['name'])}\n" for item in items(document))


def _jsonpath(name: str, argument: str, *, given: bool) -> Printer:
    if not given or not argument:
        raise CommandError("error: template format specified but no template given")
    try:
        template = Template(argument)
    except JSONPathError as problem:
        raise CommandError(f"error: error parsing jsonpath {argument}, {problem}") from problem

    def text(document: Document) -> str:
        try:
            return template.as_json(document) if name == "jsonpath-as-json" else template.render(document)
        except JSONPathError as problem:
            raise CommandError(_failed(argument, problem, document)) from problem

    return text


def _failed(template: str, problem: JSONPathError, document: Document) -> str:
    return (
        f'error: error executing jsonpath "{template}": Error executing template: {problem}.'
        " Printing more information for debugging the template:\n\ttemplate was:\n\t\t"
        f"{template}\n\tobject given to jsonpath engine was:\n\t\t{go_syntax(document)}\n\n"
    )


def _custom_columns(spec: str, *, headers: bool) -> Printer:
    columns = custom_columns.parse(spec)
    writer = TabWriter()
    headed = not headers

    def text(document: Document) -> str:
        nonlocal headed
        lines = [] if headed else [[column.header for column in columns]]
        headed = True
        try:
            lines += [[column.cell(item) for column in columns] for item in items(document)]
        except JSONPathError as problem:
            raise CommandError(f"error: {problem}") from problem
        return writer.text(lines)

    return text
