"""`kubectl delete` and `kubectl wait` (kubectl/pkg/cmd/delete, kubectl/pkg/cmd/wait)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster.apiserver import errors
from cluster.kubectl import files
from cluster.kubectl.command import (
    ALL_NAMESPACES,
    DRY_RUN,
    FIELD_SELECTOR,
    FILENAME,
    OUTPUT,
    SELECTOR,
    Command,
    Flag,
    switch,
)
from cluster.kubectl.completing import kinds_then_names
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run
from cluster.kubectl.jsonpath import JSONPathError, Template, relaxed
from cluster.kubectl.problems import Problems
from cluster.kubectl.resources import read, shown
from cluster.kubectl.results import SUFFIXES, dry_run
from cluster.kubectl.selection import Found, selected
from cluster.kubectl.waiting import deadline, duration, is_gone, until
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document, dig

NO_GRACE = -1
FOREVER = 7 * 24 * 3_600_000
PROPAGATION = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
OLD_CASCADES = {"true": "background", "false": "orphan"}
FORCED = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource"
    " may continue to run on the cluster indefinitely.\n"
)
OUT_OF_SCOPE = "Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n"


# --- delete ----------------------------------------------------------------------------------------------------------


def _delete(invocation: Invocation) -> Run:
    strategy, grace, cascade = dry_run(invocation), _grace(invocation), _cascade(invocation)
    timeout = duration(invocation, "timeout") or FOREVER
    if invocation.text("output") not in ("", "name"):
        raise CommandError(
            f"error: unexpected -o output mode: {invocation.text('output')}. We only support '-o name'"
        )
    _refuse_all_with_selectors(invocation)
    if invocation.on("force") and grace == 0:
        yield Output("stderr", FORCED)
    problems = Problems()
    found = _found(invocation, problems)
    scoped = "namespace" in invocation.given and not invocation.on("all-namespaces")
    if scoped and any(not one.kind.namespaced for one in found):
        yield Output("stderr", OUT_OF_SCOPE)
    if not found and not problems:
        yield Output("stdout", "No resources found\n")
        return 0
    for one in found:
        with problems.catching(f'error when deleting "{one.source}"' if one.source else ""):
            if strategy != "client":
                _delete_one(invocation, one, grace, cascade, tell_only=strategy == "server")
            yield Output("stdout", _deleted(invocation, one, grace) + "\n")
    if problems:
        return (yield from problems.report())
    if invocation.on("wait") and strategy == "none":
        yield from _wait_until_gone(invocation, found, timeout)
    return 0


def _grace(invocation: Invocation) -> int:
    grace, forced = invocation.number("grace-period"), invocation.on("force")
    if invocation.on("now"):
        if grace != NO_GRACE:
            raise CommandError("error: --now and --grace-period cannot be specified together")
        grace = 1
    if grace > 0 and forced:
        raise CommandError("error: --force and --grace-period greater than 0 cannot be specified together")
    if grace == 0 and not forced:
        return 1
    return 0 if forced and grace < 0 else grace


def _cascade(invocation: Invocation) -> str:
    value = invocation.text("cascade")
    value = OLD_CASCADES.get(value, value)
    if value not in PROPAGATION:
        raise CommandError(f'error: invalid cascade value ({value}). Must be "background", "foreground", or "orphan"')
    return PROPAGATION[value]


def _refuse_all_with_selectors(invocation: Invocation) -> None:
    for flag in ("selector", "field-selector"):
        if invocation.on("all") and invocation.text(flag):
            raise CommandError(f"error: cannot set --all and --{flag} at the same time")


def _found(invocation: Invocation, problems: Problems) -> list[Found]:
    """What is to be deleted; what is not there is a problem unless it is to be ignored."""
    ignoring = invocation.on("ignore-not-found")
    missing = Problems()
    if not invocation.many("filename"):
        found = selected(invocation, missing)
    else:
        files.refuse_words(invocation, invocation.words)
        found = []
        for item in files.items(invocation, problems):
            doing = f'error when deleting "{item.source}"'
            with missing.catching(doing):
                found.append(Found(item.kind, read(invocation.api, item.kind, item.namespace, item.name), item.source))
    if not ignoring:
        problems.take(missing)
    return found


def _delete_one(invocation: Invocation, found: Found, grace: int, cascade: str, *, tell_only: bool) -> None:
    writer = invocation.shell.writer()
    writer.tell(Story("user.deleted", {"object": object_reference(found.kind.resource, found.document)}, NARRATED))
    writer.delete(
        found.kind.resource, found.namespace, found.name, grace=None if grace == NO_GRACE else grace,
        propagation=cascade, dry_run=tell_only,
    )


def _deleted(invocation: Invocation, found: Found, grace: int) -> str:
    kind = shown(found.kind, "")[:-1]
    if invocation.text("output") == "name":
        return f"{kind}/{found.name}"
    text = f'{kind} "{found.name}" {"force deleted" if grace == 0 else "deleted"}'
    if found.kind.namespaced:
        text += f" from {found.namespace} namespace"
    return text + SUFFIXES[dry_run(invocation)]


def _wait_until_gone(invocation: Invocation, found: list[Found], timeout: int) -> Run:
    end = deadline(invocation.api.now, timeout)
    for one in found:
        gone = yield from until(invocation.api, _gone(invocation, one), end)
        if not gone:
            raise CommandError(f"error: timed out waiting for the condition on {one.kind.plural}/{one.name}")
    return 0


def _gone(invocation: Invocation, found: Found) -> Callable[[], bool]:
    uid = metadata.uid(found.document)
    return lambda: is_gone(invocation.api, found.kind, found.namespace, found.name, uid)


# --- wait ------------------------------------------------------------------------------------------------------------

# Whether a document is as it was waited for.
Check = Callable[[Document], bool]


def _wait(invocation: Invocation) -> Run:
    what = invocation.text("for")
    check = _check(what)
    timeout = duration(invocation, "timeout")
    end = invocation.api.now + (FOREVER if timeout < 0 else timeout)
    if what.lower() == "create":
        yield from _wait_for_creation(invocation, end)
    missing = Problems()
    found = selected(invocation, missing)
    if what.lower() != "delete":
        if missing:
            return (yield from missing.report())
        if not found:
            raise CommandError("error: no matching resources found")
    for one in found:
        met = yield from until(invocation.api, _met(invocation, one, check), end)
        if not met:
            text = "condition not met for" if timeout == 0 else "timed out waiting for the condition on"
            raise CommandError(f"error: {text} {one.kind.plural}/{one.name}")
        yield Output("stdout", f"{shown(one.kind, one.name)} condition met\n")
    return 0


def _wait_for_creation(invocation: Invocation, end: int) -> Run:
    def there() -> bool:
        missing = Problems()
        return bool(selected(invocation, missing)) and not missing

    found = yield from until(invocation.api, there, end)
    if not found:
        raise CommandError("error: timed out waiting for the condition")
    return 0


def _met(invocation: Invocation, found: Found, check: Check | None) -> Callable[[], bool]:
    if check is None:
        return _gone(invocation, found)

    def met() -> bool:
        current = invocation.api.get(found.kind.resource, found.namespace, found.name)
        if current is None:
            raise errors.not_found(found.kind, found.name)
        return check(current)

    return met


def _check(what: str) -> Check | None:
    """What --for asks of an object; None: that it is gone."""
    lowered = what.lower()
    if lowered == "delete":
        return None
    if lowered == "create":
        return lambda document: True
    if lowered.startswith("condition="):
        name, _, status = what[len("condition="):].partition("=")
        return lambda document: _has_condition(document, name, status or "true")
    if lowered.startswith("jsonpath="):
        return _jsonpath_check(what[len("jsonpath="):])
    raise CommandError(f'error: unrecognized condition: "{what}"')


def _has_condition(document: Document, name: str, status: str) -> bool:
    for condition in dig(document, "status", "conditions", default=[]):
        if condition["type"].lower() == name.lower():
            generation = document["metadata"].get("generation")
            observed = condition.get("observedGeneration", dig(document, "status", "observedGeneration"))
            if generation is not None and observed is not None and observed < generation:
                return False
            return bool(condition["status"].lower() == status.lower())
    return False


def _jsonpath_check(text: str) -> Check:
    expression, equals, value = _split_jsonpath(text)
    value = value.strip("'\"")
    if equals and not value:
        raise CommandError(
            "error: jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3"
        )
    try:
        template = relaxed(expression)
    except JSONPathError as problem:
        raise CommandError(f"error: {problem}") from problem
    return lambda document: _matches(template, document, value)


def _split_jsonpath(text: str) -> tuple[str, str, str]:
    """The equal sign after the braces; those inside belong to a filter."""
    closing = text.rfind("}=")
    if closing >= 0:
        return text[: closing + 1], "=", text[closing + 2 :]
    return (text, "", "") if text.endswith("}") else text.partition("=")


def _matches(template: Template, document: Document, value: str) -> bool:
    try:
        results = template.results(document)
    except JSONPathError as problem:
        raise CommandError(f"error: {problem}") from problem
    if not results or not results[0]:
        return False
    if len(results) > 1 or len(results[0]) > 1:
        many = "list" if len(results) > 1 else "value"
        raise CommandError(f"error: given jsonpath expression matches more than one {many}")
    found = results[0][0]
    if value and isinstance(found, dict | list):
        raise CommandError("error: jsonpath leads to a nested object or list which is not supported")
    return not value or _text(found).strip() == value.strip()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


COMMANDS = (
    Command(
        "delete", _delete, "kubectl delete ([-f FILENAME] | TYPE [(NAME | -l label | --all)])",
        "Delete resources by file names, resources and names, or by resources and label selector",
        (
            switch("all", help="Delete all resources, in the namespace of the specified resource types."),
            ALL_NAMESPACES, SELECTOR, FIELD_SELECTOR, FILENAME, OUTPUT, DRY_RUN,
            Flag("cascade", absent="background", bare="background", help='Must be "background", "orphan", or "foreground".'),
            Flag("grace-period", "int", absent=NO_GRACE, help="Seconds given to the resource to terminate gracefully."),
            switch("force", help="Immediately remove resources from API and bypass graceful deletion."),
            switch("now", help="Resources are signaled for immediate shutdown (same as --grace-period=1)."),
            switch("wait", absent=True, help="Wait for resources to be gone before returning."),
            switch("ignore-not-found", help='Treat "resource not found" as a successful delete.'),
            Flag("timeout", absent="0s", help="The length of time to wait before giving up on a delete, zero means no limit."),
        ),
        examples=(
            "kubectl delete pod web-1", "kubectl delete deployment,service -l app=nginx",
            "kubectl delete -f nginx-demo.yaml",
        ),
        complete=kinds_then_names,
    ),
    Command(
        "wait", _wait, "kubectl wait ([-f FILENAME] | TYPE NAME) --for=condition=CONDITION | delete | create | jsonpath=…",
        "Wait for a specific condition on one or many resources",
        (
            Flag("for", help="What to wait for: create, delete, condition=name[=value], jsonpath='{expression}'[=value]."),
            Flag("timeout", absent="30s", help="The length of time to wait before giving up; negative means a week."),
            switch("all"), ALL_NAMESPACES, SELECTOR, FIELD_SELECTOR, FILENAME, OUTPUT,
        ),
        examples=(
            "kubectl wait --for=condition=Available deployment/web", "kubectl wait --for=delete pod/web-1 --timeout=60s",
        ),
        complete=kinds_then_names,
    ),
)
