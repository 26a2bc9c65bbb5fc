"""`kubectl scale` (kubectl/pkg/cmd/scale/scale.go)."""

from __future__ import annotations

from cluster.kubectl.command import DRY_RUN, FILENAME, OUTPUT, SELECTOR, Command, Flag, switch
from cluster.kubectl.completing import kinds_then_names
from cluster.kubectl.invocation import CommandError, Invocation, Run
from cluster.kubectl.problems import Problems
from cluster.kubectl.results import Results
from cluster.kubectl.selection import Found, selected
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects.documents import Document, dig, with_value

NO_CONDITION = -1


def _run(invocation: Invocation) -> Run:
    if "replicas" not in invocation.given:
        raise CommandError('error: required flag(s) "replicas" not set')
    if invocation.number("replicas") < 0:
        raise CommandError(
            "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0"
        )
    if invocation.number("current-replicas") < NO_CONDITION:
        raise CommandError("error: The --current-replicas must specify an integer of -1 or greater")
    problems, results = Problems(), Results(invocation)
    found = selected(invocation, problems)
    if not found and not problems:
        raise CommandError("error: no objects passed to scale")
    for one in found:
        with problems.catching():
            yield results.done(one.kind, _scaled(invocation, one, results), "scaled")
    return (yield from problems.report())


def _scaled(invocation: Invocation, found: Found, results: Results) -> Document:
    wanted = invocation.number("replicas")
    if results.dry_run == "client":
        return with_value(found.document, ("spec", "replicas"), wanted)
    writer = invocation.shell.writer()
    scale = writer.scale(found.kind.resource, found.namespace, found.name)
    expected, size = invocation.number("current-replicas"), dig(scale, "spec", "replicas", default=0)
    if expected not in (NO_CONDITION, size):
        raise CommandError(f"error: Expected replicas to be {expected}, was {size}")
    writer.tell(
        Story("user.scaled", {"object": object_reference(found.kind.resource, found.document), "replicas": wanted}, NARRATED)
    )
    writer.update_scale(
        found.kind.resource, with_value(scale, ("spec", "replicas"), wanted), dry_run=results.dry_run == "server"
    )
    return with_value(found.document, ("spec", "replicas"), wanted)


COMMANDS = (
    Command(
        "scale", _run, "kubectl scale --replicas=COUNT (-f FILENAME | TYPE NAME)",
        "Set a new size for a deployment or replica set",
        (
            Flag("replicas", "int", absent=0, help="The new desired number of replicas. Required."),
            Flag("current-replicas", "int", absent=NO_CONDITION, help="Precondition for current size."),
            switch("all", help="Select all resources in the namespace of the specified resource types"),
            SELECTOR, FILENAME, DRY_RUN, OUTPUT,
        ),
        examples=("kubectl scale deployment web --replicas=5", "kubectl scale --current-replicas=2 --replicas=3 deploy/web"),
        complete=kinds_then_names,
    ),
)
