"""`kubectl apply`, `replace`, `patch`: bring objects into the shape that a file or a patch asks for."""

from __future__ import annotations

import json
from typing import Any

import yaml

from cluster.apiserver.server import FieldValidation
from cluster.kubectl import applying, files
from cluster.kubectl.applying import Applied, Refusal
from cluster.kubectl.command import DRY_RUN, FILENAME, OUTPUT, SELECTOR, Command, Flag, switch
from cluster.kubectl.completing import kinds_then_names
from cluster.kubectl.creating import usage
from cluster.kubectl.files import Item
from cluster.kubectl.formats import to_json, to_yaml
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run
from cluster.kubectl.problems import Problems
from cluster.kubectl.resources import label_selector
from cluster.kubectl.results import Results
from cluster.kubectl.selection import Found, selected
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata, schema
from cluster.objects.documents import Document, dig
from cluster.objects.manifest import ManifestError, load
from cluster.objects.patches import PatchError, json_patch, merge_patch, strategic_merge_patch

NO_SERVER_SIDE = "error: this console applies on the client's side only: leave --server-side out"
MUST_NAME_FILES = "error: must specify one of -f and -k"
VALIDATE = Flag("validate", absent="strict", bare="strict", help='Must be one of: strict (or true), warn, ignore (or false).')
VALIDATIONS: dict[str, FieldValidation] = {
    "strict": "Strict", "true": "Strict", "ignore": "Ignore", "false": "Ignore", "warn": "Ignore",
}
PATCH_TYPES = ("json", "merge", "strategic")


def validation(invocation: Invocation) -> FieldValidation:
    """The value of --validate."""
    value = invocation.text("validate")
    if value not in VALIDATIONS:
        raise CommandError(
            f'error: invalid - validate option "{value}"; must be one of: strict (or true), warn, ignore (or false)'
        )
    return VALIDATIONS[value]


def _apply(invocation: Invocation) -> Run:
    if invocation.on("server-side"):
        raise CommandError(NO_SERVER_SIDE)
    if invocation.words:
        raise usage(invocation, f"Unexpected args: [{' '.join(invocation.words)}]")
    if not invocation.many("filename"):
        raise CommandError(MUST_NAME_FILES)
    problems, results = Problems(), Results(invocation)
    found = _chosen(invocation, files.items(invocation, problems))
    if not found and not problems:
        raise CommandError("error: no objects passed to apply")
    done: list[Document] = []
    for item in found:
        with problems.catching():
            applied = _apply_one(invocation, item, problems, results)
            if applied is None:
                continue
            for warning in applied.warnings:
                yield Output("stderr", f"Warning: {warning}\n")
            if results.prints_objects:
                done.append(applied.document)
            else:
                yield results.done(item.kind, applied.document, applied.verb)
    if done and not problems:
        yield results.all(done)
    return (yield from problems.report())


def _chosen(invocation: Invocation, items: list[Item]) -> list[Item]:
    selector = label_selector(invocation)
    if selector is None:
        return items
    return [item for item in items if selector.matches(_labels(item.document))]


def _labels(document: Document) -> dict[str, str]:
    meta = document.get("metadata")
    labels = meta.get("labels") if isinstance(meta, dict) else None
    return {str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {}


def _apply_one(invocation: Invocation, item: Item, problems: Problems, results: Results) -> Applied | None:
    try:
        return applying.apply(invocation.shell.writer(), item, results.dry_run, validation(invocation))
    except Refusal as stopped:
        problems.add(stopped.refusal, stopped.doing)
        return None


def _view_last_applied(invocation: Invocation) -> Run:
    problems = Problems()
    output = invocation.text("output") or "yaml"
    if output not in ("yaml", "json"):
        raise CommandError(
            f"error: Unexpected -o output mode: {output}, the flag 'output' must be one of yaml|json"
            "\nSee 'view-last-applied -h' for help and examples"
        )
    for found in selected(invocation, problems):
        text = metadata.annotations(found.document).get(applying.LAST_APPLIED)
        if text is None:
            problems.add(f"no last-applied-configuration annotation found on resource: {found.name}")
        else:
            yield Output("stdout", (to_yaml if output == "yaml" else to_json)(json.loads(text)))
    return (yield from problems.report())


# --- replace ---------------------------------------------------------------------------------------------------------


def _replace(invocation: Invocation) -> Run:
    if not invocation.many("filename"):
        raise CommandError(MUST_NAME_FILES)
    problems, results = Problems(), Results(invocation)
    found = files.items(invocation, problems)
    if not found and not problems:
        raise CommandError("error: no objects passed to replace")
    for item in found:
        with problems.catching(f'error when replacing "{item.source}"'):
            yield results.done(item.kind, _replaced(invocation, item, results), "replaced")
    return (yield from problems.report())


def _replaced(invocation: Invocation, item: Item, results: Results) -> Document:
    if not item.name:
        raise CommandError(f'error: error when replacing "{item.source}": resource name may not be empty')
    if results.dry_run == "client":
        return item.document
    writer = invocation.shell.writer()
    writer.tell(Story("user.replaced", {"object": object_reference(item.kind.resource, item.document)}, NARRATED))
    return writer.update(item.document, dry_run=results.dry_run == "server", field_validation=validation(invocation))


# --- patch -----------------------------------------------------------------------------------------------------------


def _patch(invocation: Invocation) -> Run:
    type_ = invocation.text("type").lower() or "strategic"
    if not invocation.text("patch"):
        raise CommandError("error: must specify --patch or --patch-file containing the contents of the patch")
    if type_ not in PATCH_TYPES:
        raise CommandError(f'error: --type must be one of [json merge strategic], not "{invocation.text("type")}"')
    patch = _read_patch(invocation.text("patch"))
    problems, results = Problems(), Results(invocation)
    for found in selected(invocation, problems):
        with problems.catching():
            new = _patched(invocation, found, patch, type_, results)
            changed = new != found.document
            yield results.done(found.kind, new, "patched" if changed else "patched (no change)")
    return (yield from problems.report())


def _read_patch(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if text.lstrip().startswith("["):
        raise CommandError(f'error: unable to parse "{text}": a JSON patch is written as JSON')
    try:
        manifests = load(text)
    except (ManifestError, yaml.YAMLError) as problem:
        raise CommandError(f'error: unable to parse "{text}": yaml: {problem}') from problem
    return manifests[0].document if manifests else {}


def _patched(invocation: Invocation, found: Found, patch: Any, type_: str, results: Results) -> Document:
    if results.dry_run == "client":
        return _patched_here(found, patch, type_)
    writer = invocation.shell.writer()
    writer.tell(Story("user.patched", {"object": object_reference(found.kind.resource, found.document)}, NARRATED))
    return writer.patch(
        found.kind.resource, found.namespace, found.name, patch, type_,
        subresource=invocation.text("subresource"), dry_run=results.dry_run == "server",
    )


def _patched_here(found: Found, patch: Any, type_: str) -> Document:
    keys = schema.merge_keys(found.kind.api_version, found.kind.kind)
    try:
        if type_ == "strategic":
            new = strategic_merge_patch(found.document, patch, keys)
        else:
            new = (json_patch if type_ == "json" else merge_patch)(found.document, patch)
    except PatchError as problem:
        raise CommandError(f"error: {problem}") from problem
    complaint = schema.decoding_error(found.kind.api_version, found.kind.kind, new, strict=False)
    if complaint or not dig(new, "metadata", "name"):
        raise CommandError(f"error: {complaint or 'the patch takes the name away'}")
    return new


# --- edit ------------------------------------------------------------------------------------------------------------


def _edit(invocation: Invocation) -> Run:
    raise CommandError(
        "error: this console opens no editor of its own: change the manifest in the editor beside it and apply that,"
        " or use kubectl patch, set image, scale or label"
    )
    yield  # a command is a generator


COMMANDS = (
    Command(
        "apply", _apply, "kubectl apply -f FILENAME", "Apply a configuration to a resource by file name",
        (FILENAME, SELECTOR, DRY_RUN, OUTPUT, VALIDATE, switch("server-side")),
        examples=("kubectl apply -f nginx-demo.yaml", "kubectl apply -f editor.yaml --dry-run=server"),
    ),
    Command(
        "apply view-last-applied", _view_last_applied, "kubectl apply view-last-applied TYPE/NAME",
        "View the latest last-applied-configuration annotations of a resource",
        (SELECTOR, OUTPUT, FILENAME), complete=kinds_then_names,
    ),
    Command(
        "replace", _replace, "kubectl replace -f FILENAME", "Replace a resource by file name",
        (FILENAME, DRY_RUN, OUTPUT, VALIDATE), examples=("kubectl replace -f editor.yaml",),
    ),
    Command(
        "patch", _patch, "kubectl patch TYPE NAME -p PATCH", "Update fields of a resource",
        (
            Flag("patch", short="p", help="The patch to be applied to the resource as JSON or YAML."),
            Flag("type", absent="strategic", help="The type of patch; one of [json merge strategic]"),
            Flag("subresource", help="Operate on the subresource of the requested object: status or scale."),
            FILENAME, DRY_RUN, OUTPUT,
        ),
        examples=("""kubectl patch deployment web -p '{"spec":{"replicas":4}}'""",), complete=kinds_then_names,
    ),
    Command("edit", _edit, "kubectl edit TYPE NAME", "Not here: use the editor beside the console", (OUTPUT, FILENAME)),
)
