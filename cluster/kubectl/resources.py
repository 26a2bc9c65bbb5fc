"""Which objects a line means: `pods`, `pod web-1`, `deploy/web`, `po,svc -l app=web`, `all`.

cli-runtime/pkg/resource/builder.go
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cluster.apiserver import errors
from cluster.apiserver.reader import Reader
from cluster.kubectl.invocation import CommandError, Invocation
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY, Kind, Version
from cluster.objects.selectors import FieldSelector, LabelSelector, SelectorError

ALL = "all"


@dataclass(frozen=True)
class Target:
    """Objects of one kind that a line names: one by `name`, or all that the selectors match when it is ""."""

    kind: Kind
    name: str = ""
    version: Version | None = None  # another one than is stored, when the line names it


def kind_of(word: str) -> Kind:
    """The kind that a word means; CommandError in kubectl's words for an unknown one."""
    kind = REGISTRY.find(word)
    if kind is None:
        raise CommandError(f'error: the server doesn\'t have a resource type "{word}"')
    return kind


def kinds_of(word: str) -> list[Kind]:
    """The kinds of `po,svc` or `all`, in the order named."""
    found: list[Kind] = []
    for part in word.split(","):
        if part == ALL:
            # In the order of the API's discovery documents.
            found += sorted((kind for kind in REGISTRY if ALL in kind.categories), key=lambda kind: (kind.group, kind.plural))
        else:
            found.append(kind_of(part))
    return found


def targets(words: Sequence[str], command: str) -> list[Target]:
    """What the words after a command name; CommandError when they name nothing or mix both spellings."""
    if not words:
        raise CommandError(
            "error: You must specify the type of resource to " + command + ". Use \"kubectl api-resources\" for a complete"
            " list of supported resources."
        )
    if any("/" in word for word in words):
        return [_slashed(word) for word in words]
    kinds = kinds_of(words[0])
    names = words[1:]
    version = REGISTRY.version_named(words[0])
    return [Target(kind, name, version) for kind in kinds for name in names or [""]]


def _slashed(word: str) -> Target:
    type_, slash, name = word.partition("/")
    if not slash:
        raise CommandError(
            "error: there is no need to specify a resource type as a separate argument when passing arguments in"
            " resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of"
            " 'kubectl get resource resource/<resource_name>'"
        )
    if not type_ or not name or "/" in name:
        raise CommandError("error: arguments in resource/name form must have a single resource and name")
    return Target(kind_of(type_), name, REGISTRY.version_named(type_))


def label_selector(invocation: Invocation) -> LabelSelector | None:
    """The selector of -l, None when there is none; CommandError in the parser's words."""
    text = invocation.text("selector")
    if not text:
        return None
    try:
        return LabelSelector.parse(text)
    except SelectorError as problem:
        raise CommandError(f"error: {problem}") from problem


def field_selector(invocation: Invocation) -> FieldSelector | None:
    """The selector of --field-selector, None when there is none."""
    text = invocation.text("field-selector")
    if not text:
        return None
    try:
        return FieldSelector.parse(text)
    except SelectorError as problem:
        raise CommandError(f"error: {problem}") from problem


def scope(kind: Kind, namespace: str, everywhere: bool = False) -> str | None:
    """The namespace in which objects of this kind are looked for: "" for cluster scope, None for all namespaces."""
    if not kind.namespaced:
        return ""
    return None if everywhere else namespace


def read(reader: Reader, kind: Kind, namespace: str, name: str) -> Document:
    """One object; raises the API server's NotFound."""
    found = reader.get(kind.resource, namespace if kind.namespaced else "", name)
    if found is None:
        raise errors.not_found(kind, name)
    return found


def shown(kind: Kind, name: str) -> str:
    """How kubectl names an object that it has done something to: `pod/web`, `deployment.apps/web`."""
    return f"{kind.singular}.{kind.group}/{name}" if kind.group else f"{kind.singular}/{name}"
