"""How a command says what it has done: `deployment.apps/web created`, or the object itself with -o."""

from __future__ import annotations

from typing import Literal

from cluster.kubectl import printers
from cluster.kubectl.invocation import CommandError, Invocation, Output
from cluster.kubectl.resources import shown
from cluster.objects.documents import Document
from cluster.objects.registry import Kind

DryRun = Literal["none", "client", "server"]
SUFFIXES: dict[DryRun, str] = {"none": "", "client": " (dry run)", "server": " (server dry run)"}


def dry_run(invocation: Invocation) -> DryRun:
    """The value of --dry-run; standing alone it means client (GetDryRunStrategy in kubectl/pkg/cmd/util/helpers.go)."""
    meanings: dict[str, DryRun] = {
        "none": "none", "client": "client", "server": "server", "unchanged": "client", "true": "client", "false": "none",
    }
    value = invocation.text("dry-run")
    if value not in meanings:
        raise CommandError(f'error: Invalid dry-run value ({value}). Must be "none", "server", or "client".')
    return meanings[value]


class Results:
    """Prints the results of one command; its format stands in -o."""

    def __init__(self, invocation: Invocation, strategy: DryRun | None = None) -> None:
        self.dry_run: DryRun = dry_run(invocation) if strategy is None else strategy
        output = invocation.text("output")
        self._print = printers.printer(output) if output else None

    @property
    def prints_objects(self) -> bool:
        """Whether -o asks for something else than the usual sentence."""
        return self._print is not None

    def done(self, kind: Kind, document: Document, verb: str) -> Output:
        """What is said about one object that was `verb`: "created"."""
        if self._print is not None:
            return Output("stdout", self._print(document))
        return Output("stdout", f"{shown(kind, document['metadata']['name'])} {verb}{SUFFIXES[self.dry_run]}\n")

    def all(self, documents: list[Document]) -> Output:
        """Several objects in the format of -o: one alone, more as a List."""
        assert self._print is not None
        return Output("stdout", self._print(documents[0] if len(documents) == 1 else printers.as_list(documents)))
