"""`kubectl describe` (kubectl/pkg/cmd/describe)."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver import errors
from cluster.apiserver.errors import APIError
from cluster.kubectl import failures
from cluster.kubectl.command import ALL_NAMESPACES, SELECTOR, Command, switch
from cluster.kubectl.completing import kinds_then_names
from cluster.kubectl.describing import describe
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run
from cluster.kubectl.resources import Target, label_selector, scope, targets
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import endpoints

NOTHING_NAMED = (
    'error: You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of'
    " supported resources.\n"
)
SELECTOR_WITH_NAME = "error: name cannot be provided when a selector is specified"
NAME_EVERYWHERE = "error: a resource cannot be retrieved by name across all namespaces"


def _run(invocation: Invocation) -> Run:
    if not invocation.words:
        raise CommandError(NOTHING_NAMED)
    wanted = targets(invocation.words, "describe")
    if any(target.kind is endpoints.KIND for target in wanted):
        yield Output("stderr", f"Warning: {endpoints.DEPRECATION}\n")
    if any(target.name for target in wanted):
        _refuse_with_names(invocation)
    found: list[Document] = []
    refusals: list[APIError] = []
    for target in wanted:
        try:
            found += _find(invocation, target)
        except APIError as refusal:
            refusals.append(refusal)
    if refusals and len(invocation.words) == 2:
        return (yield from _matching(invocation, wanted[0], refusals[0]))
    yield from _described(invocation, found, failed=bool(refusals))
    for each in refusals:
        yield Output("stderr", failures.from_server(each) + "\n")
    return 1 if refusals else 0


def _refuse_with_names(invocation: Invocation) -> None:
    if invocation.text("selector"):
        raise CommandError(SELECTOR_WITH_NAME)
    if invocation.on("all-namespaces"):
        raise CommandError(NAME_EVERYWHERE)


def _find(invocation: Invocation, target: Target) -> list[Document]:
    namespace = scope(target.kind, invocation.namespace, invocation.on("all-namespaces"))
    if not target.name:
        return invocation.api.select(target.kind.resource, namespace, label_selector(invocation)).items
    found = invocation.api.get(target.kind.resource, namespace or "", target.name)
    if found is None:
        raise errors.not_found(target.kind, target.name)
    return [found]


def _matching(invocation: Invocation, target: Target, refusal: APIError) -> Run:
    """Objects whose names begin with a word that is no name; the refusal when there are none."""
    everything = _find(invocation, Target(target.kind))
    matching = [document for document in everything if metadata.name(document).startswith(target.name)]
    if not matching:
        raise refusal
    for document in matching:
        text = describe(invocation.api, document, events=_shows_events(invocation, several=True))
        yield Output("stdout", f"{text}\n")
    return 0


def _shows_events(invocation: Invocation, *, several: bool) -> bool:
    """Of several objects no events are shown unless somebody asks for them."""
    return invocation.on("show-events") and (not several or "show-events" in invocation.given)


def _described(invocation: Invocation, found: list[Document], *, failed: bool) -> Iterator[Output]:
    several = failed or len(found) > 1
    events = _shows_events(invocation, several=several)
    if found:
        yield Output("stdout", "\n\n".join(describe(invocation.api, document, events=events) for document in found))
    elif not failed:
        where = "" if invocation.on("all-namespaces") else f" in {invocation.namespace} namespace."
        yield Output("stderr", f"No resources found{where}\n")


COMMANDS = (
    Command(
        name="describe",
        run=_run,
        usage="kubectl describe (TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [flags]",
        summary="Show details of a specific resource or group of resources",
        flags=(
            SELECTOR,
            ALL_NAMESPACES,
            switch("show-events", absent=True, help="If true, display events related to the described object."),
        ),
        examples=("kubectl describe deployment web", "kubectl describe pods web-", "kubectl describe node node-1"),
        complete=kinds_then_names,
    ),
)
