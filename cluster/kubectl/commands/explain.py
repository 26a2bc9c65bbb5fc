"""`kubectl explain` (kubectl/pkg/cmd/explain)."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.kubectl.command import Command, Flag, switch
from cluster.kubectl.completing import Flags, Words
from cluster.kubectl.explaining import explain
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Shell
from cluster.kubectl.resources import kind_of
from cluster.objects.registry import REGISTRY, Kind
from cluster.objects.schema import UnknownFieldError

NOTHING_NAMED = (
    'error: You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of'
    " supported resources.\n"
)


def _run(invocation: Invocation) -> Run:
    if not invocation.words:
        raise CommandError(NOTHING_NAMED)
    if len(invocation.words) > 1:
        raise CommandError("error: We accept only this format: explain RESOURCE\n")
    kind, path = _split(invocation.words[0].removesuffix("."))
    wanted = invocation.text("api-version")
    if wanted and wanted != kind.api_version:
        raise CommandError(f'error: couldn\'t find resource for "{wanted}, Resource={kind.plural}"')
    try:
        text = explain(kind, path, recursive=invocation.on("recursive"))
    except UnknownFieldError as problem:
        raise CommandError(f"error: {problem}") from problem
    yield Output("stdout", text)
    return 0


def _split(word: str) -> tuple[Kind, tuple[str, ...]]:
    """The kind and the path in `deployments.apps.spec.replicas` or `deploy.spec.replicas`."""
    parts = word.split(".")
    for kind in REGISTRY:
        opening = (kind.plural, *kind.group.split("."))
        if kind.group and tuple(parts[: len(opening)]) == opening:
            return kind, tuple(parts[len(opening) :])
    return kind_of(parts[0]), tuple(parts[1:])


def _complete(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    return () if words else sorted(kind.plural for kind in REGISTRY)


COMMANDS = (
    Command(
        name="explain",
        run=_run,
        usage="kubectl explain TYPE[.FIELD...] [--recursive=false]",
        summary="Get documentation for a resource",
        flags=(
            switch("recursive", "R", help="Print the fields of fields, without their descriptions."),
            Flag("api-version", help="The API version (group/version) to explain."),
        ),
        examples=("kubectl explain pods", "kubectl explain deployment.spec.strategy", "kubectl explain pod.spec -R"),
        complete=_complete,
    ),
)
