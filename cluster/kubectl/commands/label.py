"""`kubectl label` and `annotate` (kubectl/pkg/cmd/label/label.go, kubectl/pkg/cmd/annotate/annotate.go)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cluster.kubectl import pairs
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
from cluster.kubectl.problems import Problems
from cluster.kubectl.results import Results
from cluster.kubectl.selection import Found, selected
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata, names
from cluster.objects.documents import Document, with_value
from cluster.objects.kinds.deployment import CHANGE_CAUSE


class Changes(NamedTuple):
    """Keys to set, and keys to take away."""

    set: dict[str, str]
    removed: list[str]


# --- what the words say ----------------------------------------------------------------------------------------------


def parse_labels(words: Sequence[str]) -> Changes:
    """Words like `tier=front` and `tier-`; CommandError in kubectl's words."""
    changes = Changes({}, [])
    for word in words:
        key, equals, value = word.partition("=")
        if equals:
            if "=" in value:
                raise CommandError(f"error: invalid label spec: {word}")
            problems = names.label_value(value)
            if problems:
                raise CommandError(f'error: invalid label value: "{word}": {";".join(problems)}')
            changes.set[key] = value
        else:
            changes.removed.append(word[:-1])
    if any(key in changes.set for key in changes.removed):
        raise CommandError("error: can not both modify and remove a label in the same command")
    return changes


def parse_annotations(words: Sequence[str]) -> Changes:
    """Words like `note=hi` and `note-`; CommandError in kubectl's words."""
    changes = Changes({}, [])
    for word in words:
        key, equals, value = word.partition("=")
        if equals:
            changes.set[key] = value
        else:
            changes.removed.append(word[:-1])
    both = [key for key in changes.removed if key in changes.set]
    if both:
        raise CommandError(
            "error: can not both modify and remove the following annotation(s) in the same command: " + ", ".join(both)
        )
    return changes


def _selected(invocation: Invocation, words: Sequence[str], what: str, changes: Changes, problems: Problems) -> list[Found]:
    if not words and not invocation.many("filename"):
        raise CommandError("error: one or more resources must be specified as <resource> <name> or <resource>/<name>")
    if invocation.on("all") and (invocation.text("selector") or invocation.text("field-selector")):
        flag = "selector" if invocation.text("selector") else "field-selector"
        raise CommandError(f"error: cannot set --all and --{flag} at the same time")
    if not changes.set and not changes.removed and not invocation.on("list"):
        raise CommandError(f"error: at least one {what} update is required")
    return selected(invocation, problems, words)


def _changed(current: Mapping[str, str], changes: Changes) -> dict[str, str]:
    kept = {key: value for key, value in current.items() if key not in changes.removed}
    return {**kept, **changes.set}


def _listing(found: Found, current: Mapping[str, str], what: str, *, alone: bool) -> Iterator[Output]:
    if not alone:
        yield Output("stdout", f"Listing {what} for {found.kind.kind}.{found.kind.group}/{found.name}:\n")
    for key, value in sorted(current.items()):
        yield Output("stdout", f"{'' if alone else ' '}{key}={value}\n")


def _write(invocation: Invocation, found: Found, field: str, changes: Changes, results: Results, verb: str) -> Document:
    """Patch the labels or annotations and return the object."""
    if results.dry_run == "client":
        current = found.document["metadata"].get(field) or {}
        return with_value(found.document, ("metadata", field), _changed(current, changes))
    patch = {"metadata": {field: {**changes.set, **dict.fromkeys(changes.removed)}}}
    writer = invocation.shell.writer()
    what = ", ".join([*(f"{key}={value}" for key, value in changes.set.items()), *(f"{key}-" for key in changes.removed)])
    reference = object_reference(found.kind.resource, found.document)
    writer.tell(Story(f"user.{verb}", {"object": reference, "changes": what}, NARRATED))
    return writer.patch(found.kind.resource, found.namespace, found.name, patch, "merge", dry_run=results.dry_run == "server")


# --- label -----------------------------------------------------------------------------------------------------------


def _label(invocation: Invocation) -> Run:
    words, updates = pairs.split(invocation.words, "label")
    changes = parse_labels(updates)
    problems, results = Problems(), Results(invocation)
    found = _selected(invocation, words, "label", changes, problems)
    for one in found:
        with problems.catching():
            yield from _label_one(invocation, one, changes, results, alone=len(found) == 1)
    return (yield from problems.report())


def _label_one(invocation: Invocation, found: Found, changes: Changes, results: Results, *, alone: bool) -> Iterator[Output]:
    current = metadata.labels(found.document)
    if not invocation.on("overwrite"):
        _refuse_overwriting(current, changes)
    if invocation.on("list"):
        yield from _listing(found, _changed(current, changes), "labels", alone=alone)
        return
    for key in changes.removed:
        if key not in current and results.dry_run != "client":
            yield Output("stdout", f'label "{key}" not found.\n')
    added = any(current.get(key) != value for key, value in changes.set.items())
    removed = any(key in current for key in changes.removed)
    document = found.document
    if added or removed:
        document = _write(invocation, found, "labels", changes, results, "labeled")
    verb = "modified" if added and removed else "labeled" if added else "unlabeled" if removed else "not labeled"
    yield results.done(found.kind, document, verb)


def _refuse_overwriting(current: Mapping[str, str], changes: Changes) -> None:
    taken = [
        f"'{key}' already has a value ({current[key]}), and --overwrite is false"
        for key, value in changes.set.items() if current.get(key, value) != value
    ]
    if taken:
        raise CommandError("error: " + (taken[0] if len(taken) == 1 else f"[{', '.join(taken)}]"))


# --- annotate --------------------------------------------------------------------------------------------------------


def _annotate(invocation: Invocation) -> Run:
    words, updates = pairs.split(invocation.words, "annotation")
    changes = parse_annotations(updates)
    problems, results = Problems(), Results(invocation)
    found = _selected(invocation, words, "annotation", changes, problems)
    for one in found:
        with problems.catching():
            yield from _annotate_one(invocation, one, changes, results, alone=len(found) == 1)
    return (yield from problems.report())


def _annotate_one(
    invocation: Invocation, found: Found, changes: Changes, results: Results, *, alone: bool
) -> Iterator[Output]:
    current = metadata.annotations(found.document)
    taken = [
        f"'{key}' already has a value ({current[key]})"
        for key, value in changes.set.items() if current.get(key, value) != value and key != CHANGE_CAUSE
    ]
    if taken and not invocation.on("overwrite"):
        raise CommandError(
            f"error: --overwrite is false but found the following declared annotation(s): {'; '.join(taken)}"
        )
    if invocation.on("list"):
        yield from _listing(found, _changed(current, changes), "annotations", alone=alone)
        return
    document = _write(invocation, found, "annotations", changes, results, "annotated")
    yield results.done(found.kind, document, "annotated")


FLAGS: tuple[Flag, ...] = (
    switch("overwrite", help="Allow values to be overwritten."),
    switch("list", help="Display the values instead of changing them."),
    switch("all", help="Select all resources, in the namespace of the specified resource types"),
    ALL_NAMESPACES, SELECTOR, FIELD_SELECTOR, FILENAME, DRY_RUN, OUTPUT,
)

COMMANDS = (
    Command(
        "label", _label, "kubectl label [--overwrite] TYPE NAME KEY_1=VAL_1 ... KEY_N=VAL_N", "Update the labels on a resource",
        FLAGS, examples=("kubectl label node node-1 disk=ssd", "kubectl label pods --all tier-"), complete=kinds_then_names,
    ),
    Command(
        "annotate", _annotate, "kubectl annotate [--overwrite] TYPE NAME KEY_1=VAL_1 ... KEY_N=VAL_N",
        "Update the annotations on a resource", FLAGS,
        examples=('kubectl annotate deployment web kubernetes.io/change-cause="nginx 2"',), complete=kinds_then_names,
    ),
)
