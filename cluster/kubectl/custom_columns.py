"""`-o custom-columns=NAME:.metadata.name,…` (kubectl/pkg/cmd/get/customcolumn.go)."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.kubectl.formats import go_print
from cluster.kubectl.invocation import CommandError
from cluster.kubectl.jsonpath import JSONPathError, Template, relaxed
from cluster.objects.documents import Document


@dataclass(frozen=True)
class CustomColumn:
    """A column of the user's own: a header and the path of its values."""
    header: str
    path: Template

    def cell(self, document: Document) -> str:
        """The values found, separated by commas; `<none>` for none."""
        found = self.path.results(document)
        if not found or not found[0]:
            return "<none>"
        return ",".join(go_print(value) for part in found for value in part)


def parse(spec: str) -> list[CustomColumn]:
    """The columns of a spec; CommandError in kubectl's words."""
    if not spec:
        raise CommandError("error: custom-columns format specified but no custom columns given")
    columns = []
    for part in spec.split(","):
        header, colon, path = part.partition(":")
        if not colon:
            raise CommandError(f"error: unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        try:
            columns.append(CustomColumn(header, relaxed(path)))
        except JSONPathError as problem:
            raise CommandError(f"error: {problem}") from problem
    return columns
