"""`kubectl rollout`: status, history, undo, pause, resume, restart (kubectl/pkg/cmd/rollout, kubectl/pkg/polymorphichelpers)."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator

from cluster.apiserver.errors import APIError
from cluster.apiserver.server import WatchEvent
from cluster.kubectl import printers
from cluster.kubectl.applying import LAST_APPLIED
from cluster.kubectl.command import DRY_RUN, FILENAME, OUTPUT, SELECTOR, Command, Flag, switch
from cluster.kubectl.completing import workloads
from cluster.kubectl.describing.page import Page
from cluster.kubectl.describing.pod_parts import describe_template
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Wait
from cluster.kubectl.problems import Problems
from cluster.kubectl.resources import shown
from cluster.kubectl.results import Results
from cluster.kubectl.rollouts import ROLLOUTS, Revision, Rollout
from cluster.kubectl.selection import Found, selected
from cluster.kubectl.tables import TabWriter
from cluster.kubectl.waiting import deadline, duration
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig, with_value, without
from cluster.objects.kinds import deployment as deployments
from cluster.objects.printing import NONE
from cluster.objects.selectors import FieldSelector

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
PAUSABLE = frozenset({"deployments.apps"})
TIMED_OUT = "error: timed out waiting for the condition"


def _chosen(invocation: Invocation, problems: Problems) -> list[Found]:
    if not invocation.words and not invocation.many("filename"):
        raise CommandError("error: required resource not specified")
    return selected(invocation, problems, whole_kind=True)


def _nothing(invocation: Invocation) -> Output:
    return Output("stderr", f"No resources found in {invocation.namespace} namespace.\n")


def _rollout(found: Found, what: str) -> Rollout:
    """What is known of the rollouts of its kind; CommandError when kubectl knows none."""
    if found.kind.resource not in ROLLOUTS:
        shown_kind = f"{found.kind.kind}.{found.kind.group}" if found.kind.group else found.kind.kind
        raise CommandError(f'error: no {what} has been implemented for "{shown_kind}"')
    return ROLLOUTS[found.kind.resource]


# --- status ----------------------------------------------------------------------------------------------------------


def _status(invocation: Invocation) -> Run:
    if invocation.number("revision") < 0:
        raise CommandError(f"error: revision must be a positive integer: {invocation.number('revision')}")
    end = deadline(invocation.api.now, duration(invocation, "timeout"))
    problems = Problems()
    found = _chosen(invocation, problems)
    if not found and not problems:
        yield _nothing(invocation)
    for one in found:
        yield from _watch_status(invocation, one, _rollout(one, "status viewer"), end)
    return (yield from problems.report())


def _watch_status(invocation: Invocation, found: Found, rollout: Rollout, end: int | None) -> Run:
    for document in _states(invocation, found):
        if document is not None:
            try:
                text, done = rollout.status(document, invocation.number("revision"))
            except deployments.RolloutFailed as failure:
                raise CommandError(f"error: {failure}") from failure
            yield Output("stdout", text + "\n")
            if done or not invocation.on("watch"):
                return 0
        elif end is not None and invocation.api.now >= end:
            raise CommandError(TIMED_OUT)
        else:
            yield Wait(end)
    raise CommandError("error: object has been deleted")


def _states(invocation: Invocation, found: Found) -> Iterator[Document | None]:
    """The Deployment now and after each of its changes; None while there is no change to tell of. Ends with the object."""
    api, resource, by_name = invocation.api, found.kind.resource, FieldSelector.parse(f"metadata.name={found.name}")
    seen = api.revision
    document = api.get(resource, found.namespace, found.name)
    while document is not None:
        yield document
        events: list[WatchEvent] = []
        while not events:
            yield None
            try:
                events = api.watch(resource, found.namespace, seen, fields=by_name)
            except APIError:
                # Too long ago for the watch cache: list again, as a client's informer does.
                break
            seen = api.revision
        for event in events[:-1]:
            if event.type == "DELETED":
                return
            yield event.object
        seen = api.revision
        document = api.get(resource, found.namespace, found.name) if not events else _after(events[-1])


def _after(event: WatchEvent) -> Document | None:
    return None if event.type == "DELETED" else event.object


# --- history ---------------------------------------------------------------------------------------------------------


def _history(invocation: Invocation) -> Run:
    wanted = invocation.number("revision")
    if wanted < 0:
        raise CommandError(f"error: revision must be a positive integer: {wanted}")
    problems = Problems()
    for one in _chosen(invocation, problems):
        with problems.catching():
            revisions = _rollout(one, "history viewer").history(invocation.api, one.document)
            if invocation.text("output"):
                yield Output("stdout", _documents(invocation, revisions, wanted))
                continue
            text = _page(revisions, wanted) if wanted else _table(revisions)
            heading = f"with revision #{wanted}" if wanted else ""
            yield Output("stdout", f"{shown(one.kind, one.name)} {heading}\n{text}\n")
    return (yield from problems.report())


def _one_revision(revisions: dict[int, Revision], wanted: int) -> Revision:
    if wanted not in revisions:
        raise CommandError("error: unable to find the specified revision")
    return revisions[wanted]


def _documents(invocation: Invocation, revisions: dict[int, Revision], wanted: int) -> str:
    printer = printers.printer(invocation.text("output"))
    chosen = [_one_revision(revisions, wanted)] if wanted else revisions.values()
    return "".join(printer(revision.document) for revision in chosen)


def _table(revisions: dict[int, Revision]) -> str:
    if not revisions:
        return "No rollout history found."
    rows = [["REVISION", "CHANGE-CAUSE"]]
    rows += [[str(number), revision.cause or NONE] for number, revision in revisions.items()]
    return TabWriter(2).text(rows)


def _page(revisions: dict[int, Revision], wanted: int) -> str:
    revision = _one_revision(revisions, wanted)
    template = revision.template
    if revision.cause:
        template = metadata.with_annotations({"metadata": {}, **template}, {deployments.CHANGE_CAUSE: revision.cause})
    return _tabbed(template)


def _tabbed(template: Document) -> str:
    page = Page()
    describe_template(page, template)
    return page.tabbed()


# --- undo ------------------------------------------------------------------------------------------------------------


def _undo(invocation: Invocation) -> Run:
    problems, results = Problems(), Results(invocation)
    for one in _chosen(invocation, problems):
        if LAST_APPLIED in metadata.annotations(one.document):
            yield Output("stderr", _was_applied(one))
        with problems.catching():
            yield results.done(one.kind, one.document, _rolled_back(invocation, one, results))
    return (yield from problems.report())


def _was_applied(found: Found) -> str:
    return (
        f"Warning: resource {found.kind.plural}/{found.name} was previously managed with 'kubectl apply'. Rolling back will"
        f" not update the {LAST_APPLIED} annotation, which may cause unexpected behavior on future 'kubectl apply'"
        " operations. Consider using 'kubectl apply' with your previous configuration file instead.\n"
    )


def _rolled_back(invocation: Invocation, found: Found, results: Results) -> str:
    """Put the template of the wanted revision (by default the one before) back; what became of it."""
    wanted, rollout = invocation.number("to-revision"), _rollout(found, "rollbacker")
    try:
        target = rollout.target(invocation.api, found.document, wanted)
    except deployments.RolloutFailed as failure:
        raise CommandError(f"error: {failure}") from failure
    if results.dry_run == "client":
        return _tabbed(target.template)
    patch = rollout.patch_to(found.document, target)
    if patch is None:
        return f"skipped rollback (current template already matches revision {wanted})"
    writer = invocation.shell.writer()
    writer.tell(_story("rolled-back", found, revision=target.number))
    dry_run = results.dry_run == "server"
    writer.patch(found.kind.resource, found.namespace, found.name, patch.body, patch.type, dry_run=dry_run)
    return "rolled back"


def _story(verb: str, found: Found, **more: int) -> Story:
    return Story(f"user.{verb}", {"object": object_reference(found.kind.resource, found.document), **more}, NARRATED)


# --- pause, resume, restart ------------------------------------------------------------------------------------------

# From a workload to what it shall be; CommandError with the reason why not.
Change = Callable[[Document, int], Document]


def _paused(deployment: Document, now: int) -> Document:
    if deployments.is_paused(deployment):
        raise CommandError("is already paused")
    return with_value(deployment, ("spec", "paused"), True)


def _resumed(deployment: Document, now: int) -> Document:
    if not deployments.is_paused(deployment):
        raise CommandError("is not paused")
    return without(deployment, ("spec", "paused"))


def _restarted(workload: Document, now: int) -> Document:
    if deployments.is_paused(workload):
        raise CommandError("can't restart paused deployment (run rollout resume first)")
    path = ("spec", "template", "metadata", "annotations")
    annotations = dig(workload, *path, default={})
    return with_value(workload, path, {**annotations, RESTARTED_AT: times.rfc3339(now)})


def _changing(change: Change, verb: str, doing: str, kinds: Container[str]) -> Callable[[Invocation], Run]:
    """A command that changes the workloads it names, if they are of these kinds (resources)."""

    def run(invocation: Invocation) -> Run:
        problems, results = Problems(), Results(invocation, "none")
        found = _chosen(invocation, problems)
        if not found and not problems:
            yield _nothing(invocation)
        for one in found:
            try:
                if one.kind.resource not in kinds:
                    raise CommandError(f"{doing} is not supported")
                new = change(one.document, invocation.api.now)
            except CommandError as reason:
                problems.add(f'error: {one.kind.resource} "{one.name}" {reason.text}')
                continue
            if new == one.document:
                problems.add(
                    f"failed to create patch for {one.name}: if restart has already been triggered within the past second,"
                    " please wait before attempting to trigger another"
                )
                continue
            with problems.catching("failed to patch"):
                writer = invocation.shell.writer()
                writer.tell(_story(verb, one))
                # Without a resourceVersion: what the controller wrote meanwhile is its status only.
                yield results.done(one.kind, writer.update(without(new, ("metadata", "resourceVersion"))), verb)
        return (yield from problems.report())

    return run


def _command(name: str, run: Callable[[Invocation], Run], summary: str, *flags: Flag) -> Command:
    usage = f"kubectl rollout {name} (TYPE NAME | TYPE/NAME)"
    return Command(
        f"rollout {name}", run, usage, summary, (*flags, SELECTOR, FILENAME),
        examples=(f"kubectl rollout {name} deployment/web",), complete=workloads,
    )


COMMANDS = (
    _command(
        "status", _status, "Show the status of the rollout",
        switch("watch", "w", absent=True, help="Watch the status of the rollout until it's done."),
        Flag("revision", "int", absent=0, help="Pin to a specific revision for showing its status."),
        Flag("timeout", absent="0s", help="The length of time to wait before ending watch, zero means never."),
    ),
    _command(
        "history", _history, "View rollout history",
        Flag("revision", "int", absent=0, help="See the details, including podTemplate of the revision specified"), OUTPUT,
    ),
    _command(
        "undo", _undo, "Undo a previous rollout",
        Flag("to-revision", "int", absent=0, help="The revision to rollback to. Default to 0 (last revision)."), DRY_RUN, OUTPUT,
    ),
    _command("pause", _changing(_paused, "paused", "pausing", PAUSABLE), "Mark the provided resource as paused", OUTPUT),
    _command("resume", _changing(_resumed, "resumed", "resuming", PAUSABLE), "Resume a paused resource", OUTPUT),
    _command("restart", _changing(_restarted, "restarted", "restarting", ROLLOUTS), "Restart a resource", OUTPUT),
)
