"""Objects that a command makes up from its flags, on their way to the server.

They hold the same empty fields as kubectl's: -o yaml with --dry-run=client shows them.
"""

from __future__ import annotations

import re

from cluster.kubectl.applying import with_last_applied
from cluster.kubectl.command import DRY_RUN, OUTPUT, Flag, switch
from cluster.kubectl.invocation import CommandError, Invocation
from cluster.kubectl.results import Results
from cluster.machinery.story import NARRATED, Story, reference
from cluster.objects.documents import Document, with_value
from cluster.objects.registry import REGISTRY

SAVE_CONFIG = switch("save-config", help="Save the configuration of the object in its annotation, for a later apply.")
FLAGS: tuple[Flag, ...] = (DRY_RUN, OUTPUT, SAVE_CONFIG)
# What distribution/reference takes for the name of an image, without its limits of length.
IMAGE = re.compile(
    r"([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]+)?/)?"
    r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:\w[\w.-]{0,127})?(@[A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)


def create(invocation: Invocation, results: Results, document: Document, verb: str = "created") -> Document:
    """Create the object (or only say what it would be) and return it; raises the server's refusal.

    `verb` names the story: user.created, user.exposed.
    """
    kind = REGISTRY.of(document)
    namespace = invocation.namespace if kind.namespaced else ""
    if namespace and "namespace" in invocation.given:
        document = with_value(document, ("metadata", "namespace"), namespace)
    if invocation.on("save-config"):
        document = with_last_applied(document)
    if results.dry_run == "client":
        return document
    writer = invocation.shell.writer()
    written = reference(kind.resource, (namespace, document["metadata"]["name"]))
    writer.tell(Story(f"user.{verb}", {"object": written}, NARRATED))
    return writer.create(document, namespace, dry_run=results.dry_run == "server")


def pairs(text: str, what: str) -> dict[str, str]:
    """`a=b,c=d` as a mapping; CommandError naming `what` otherwise."""
    found = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals or not key or "=" in value:
            raise CommandError(f"error: unexpected {what} spec: {part}")
        found[key] = value
    return found


def number(text: str) -> int:
    """A port from 0 to 65535; CommandError in the words of Go's parser."""
    if not (text.isascii() and text.isdigit()):
        raise CommandError(f'error: strconv.ParseUint: parsing "{text}": invalid syntax')
    if len(text) > 6 or int(text) > 65535:
        raise CommandError(f'error: strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


def environment(words: tuple[str, ...]) -> list[Document]:
    """The --env values."""
    found = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise CommandError(f"error: invalid env: {word}")
        found.append({"name": name, "value": value} if value else {"name": name})
    return found


def usage(invocation: Invocation, text: str) -> CommandError:
    """An error about how the command was written."""
    return CommandError(f"error: {text}\nSee 'kubectl {invocation.command} -h' for help and examples")


def only_name(invocation: Invocation, words: tuple[str, ...]) -> str:
    """The one NAME of a line."""
    if len(words) != 1:
        raise usage(invocation, f"exactly one NAME is required, got {len(words)}")
    return words[0]
