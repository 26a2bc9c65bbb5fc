"""The objects on the server that a line means: by name, by selector, all of a kind, or those of a file.

cli-runtime/pkg/resource/builder.go
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cluster.kubectl import files
from cluster.kubectl.invocation import CommandError, Invocation
from cluster.kubectl.problems import Problems
from cluster.kubectl.resources import field_selector, label_selector, read, scope, targets
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.registry import Kind

NOTHING_NAMED = """error: You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'"""


@dataclass(frozen=True)
class Found:
    """An object as it is on the server now. `source` is the file that named it, "" for the line itself."""

    kind: Kind
    document: Document
    source: str = ""

    @property
    def name(self) -> str:
        return metadata.name(self.document)

    @property
    def namespace(self) -> str:
        return metadata.namespace(self.document)


def selected(
    invocation: Invocation, problems: Problems, words: Sequence[str] | None = None, *, whole_kind: bool = False,
) -> list[Found]:
    """What the line means, in its order; names that are not there go to `problems`.

    `words` are those that name objects (by default all). `whole_kind`: a kind alone means all of it, as for
    `rollout status deployment`; otherwise --all or a selector must say so.
    """
    words = invocation.words if words is None else words
    if "filename" in invocation.flags and invocation.many("filename"):
        files.refuse_words(invocation, words)
        return _of_files(invocation, problems)
    if not words:
        raise CommandError(NOTHING_NAMED)
    wanted = targets(words, invocation.command)
    chosen = _chosen_by_flags(invocation)
    named = [target for target in wanted if target.name]
    if named and chosen:
        slashed = any("/" in word for word in words)
        raise CommandError(
            "error: selectors and the all flag cannot be used when passing resource/name arguments" if slashed
            else "error: name cannot be provided when a selector is specified"
        )
    if not named and not chosen and not whole_kind:
        raise CommandError("error: resource(s) were provided, but no name was specified")
    found = []
    for target in wanted:
        if target.name:
            with problems.catching():
                document = read(invocation.api, target.kind, invocation.namespace, target.name)
                found.append(Found(target.kind, document))
        else:
            found += _listed(invocation, target.kind)
    return found


def _chosen_by_flags(invocation: Invocation) -> bool:
    return any(invocation.flags.get(flag) for flag in ("all", "selector", "field-selector"))


def _listed(invocation: Invocation, kind: Kind) -> list[Found]:
    namespace = scope(kind, invocation.namespace, bool(invocation.flags.get("all-namespaces")))
    labels = label_selector(invocation) if "selector" in invocation.flags else None
    fields = field_selector(invocation) if "field-selector" in invocation.flags else None
    return [Found(kind, document) for document in invocation.api.select(kind.resource, namespace, labels, fields).items]


def _of_files(invocation: Invocation, problems: Problems) -> list[Found]:
    found = []
    for item in files.items(invocation, problems):
        with problems.catching():
            found.append(Found(item.kind, read(invocation.api, item.kind, item.namespace, item.name), item.source))
    return found
