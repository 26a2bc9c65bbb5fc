"""Applying a manifest: the patch between what was applied last, what is asked for now and what there is.

kubectl/pkg/cmd/apply/apply.go and patcher.go
"""

from __future__ import annotations

import json
from typing import NamedTuple

from cluster.apiserver import errors
from cluster.apiserver.errors import APIError
from cluster.apiserver.server import FieldValidation
from cluster.kubectl.files import Item
from cluster.kubectl.formats import compact_json
from cluster.kubectl.invocation import CommandError
from cluster.kubectl.results import DryRun
from cluster.machinery.story import NARRATED, Story, reference
from cluster.objects import metadata, schema
from cluster.objects.documents import Document, without_nulls
from cluster.objects.patches import PatchError, strategic_merge_patch, three_way_strategic
from cluster.objects.registry import REGISTRY
from cluster.simulation.simulation import UserServer

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Applied(NamedTuple):
    """What became of a manifest: created, configured or unchanged; and what kubectl warns of."""

    verb: str
    document: Document
    warnings: tuple[str, ...] = ()


class Refusal(Exception):
    """The server's refusal, and what kubectl was doing: `error when creating "web.yaml"`."""

    def __init__(self, refusal: APIError, doing: str) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.doing = doing


def with_last_applied(document: Document) -> Document:
    """The manifest with the annotation that remembers it (GetModifiedConfiguration in kubectl/pkg/util/apply.go)."""
    meta = document["metadata"]
    annotations = {key: value for key, value in (meta.get("annotations") or {}).items() if key != LAST_APPLIED}
    plain = {**document, "metadata": {**meta, "annotations": annotations}}
    noted = {**annotations, LAST_APPLIED: compact_json(plain) + "\n"}
    return {**document, "metadata": {**meta, "annotations": noted}}


def _last_applied(current: Document) -> Document:
    """What was applied last; {} for an object that was made otherwise."""
    text = metadata.annotations(current).get(LAST_APPLIED)
    if not text:
        return {}
    try:
        original = json.loads(text)
    except (ValueError, RecursionError):
        original = None
    if not isinstance(original, dict):
        raise CommandError(f"error: the annotation {LAST_APPLIED} of {metadata.name(current)} is not a JSON object")
    return original


def apply(
    writer: UserServer, item: Item, dry_run: DryRun = "none", validation: FieldValidation = "Strict"
) -> Applied:
    """Create the object or patch it. Raises Refusal, and CommandError for a manifest that cannot be applied."""
    if not item.name:
        raise _nameless(item)
    current = writer.get(item.kind.resource, item.namespace, item.name)
    doing = f'error when {"creating" if current is None else "patching"} "{item.source}"'
    complaint = schema.decoding_error(item.document["apiVersion"], item.kind.kind, item.document, strict=False)
    if complaint:
        # The patch of a document of the wrong shape could not even be computed.
        raise Refusal(errors.bad_request(complaint), doing)
    modified = with_last_applied(item.document)
    if current is None:
        return create(writer, item, modified, dry_run, validation)
    return _patch(writer, item, modified, current, dry_run)


def _nameless(item: Item) -> CommandError:
    meta = item.document.get("metadata")
    prefix = meta.get("generateName") if isinstance(meta, dict) else None
    if prefix:
        return CommandError(f"error: from {prefix}: cannot use generate name with apply")
    return CommandError(
        f"error: error when retrieving current configuration of:\n{item.described}\n"
        f'from server for: "{item.source}": resource name may not be empty'
    )


def _story(verb: str, item: Item) -> Story:
    return Story(f"user.{verb}", {"object": reference(item.kind.resource, (item.namespace, item.name))}, NARRATED)


def create(
    writer: UserServer, item: Item, document: Document, dry_run: DryRun, validation: FieldValidation = "Strict"
) -> Applied:
    """Create the object of a file; raises Refusal."""
    document = without_nulls(document)
    if dry_run == "client":
        return Applied("created", document)
    writer.tell(_story("created", item))
    try:
        new = writer.create(document, item.namespace, dry_run=dry_run == "server", field_validation=validation)
        return Applied("created", new)
    except APIError as refusal:
        raise Refusal(refusal, f'error when creating "{item.source}"') from refusal


def _patch(writer: UserServer, item: Item, modified: Document, current: Document, dry_run: DryRun) -> Applied:
    keys = schema.merge_keys(item.document["apiVersion"], item.kind.kind)
    version = REGISTRY.version(item.document["apiVersion"], item.kind.kind)
    current = version.served(current) if version else current
    warnings = []
    if LAST_APPLIED not in metadata.annotations(current):
        warnings.append(
            f"resource {item.kind.plural}/{item.name} is missing the {LAST_APPLIED} annotation which is required by kubectl"
            " apply. kubectl apply should only be used on resources created declaratively by either kubectl create"
            " --save-config or kubectl apply. The missing annotation will be patched automatically."
        )
    try:
        patch = three_way_strategic(_last_applied(current), modified, current, keys)
    except PatchError as problem:
        raise CommandError(
            f'error: error when applying patch:\n\nto:\n{item.described}\nfor: "{item.source}": {problem}'
        ) from problem
    if metadata.is_being_deleted(current):
        warnings.append(f"Detected changes to resource {item.name} which is currently being deleted.")
    if not patch:
        return Applied("unchanged", current, tuple(warnings))
    if dry_run == "client":
        return Applied("configured", strategic_merge_patch(current, patch, keys), tuple(warnings))
    writer.tell(_story("configured", item))
    try:
        new = writer.patch(item.kind.resource, item.namespace, item.name, patch, dry_run=dry_run == "server", version=version)
    except APIError as refusal:
        doing = (
            f"error when applying patch:\n{compact_json(patch)}\nto:\n{item.described}\n"
            f'for: "{item.source}": error when patching "{item.source}"'
        )
        raise Refusal(refusal, doing) from refusal
    return Applied("configured", new, tuple(warnings))
