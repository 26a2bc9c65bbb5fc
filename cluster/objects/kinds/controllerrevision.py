"""ControllerRevision: a template that a DaemonSet or a StatefulSet had once, so that it can be had again."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.field_errors import IMMUTABLE, invalid, required
from cluster.objects.kinds.replicaset import negative_errors
from cluster.objects.printing import AGE, NAME, NONE
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind

RESOURCE = "controllerrevisions.apps"


def number(revision: Document) -> int:
    """Which revision it is; the highest is the newest."""
    return int(revision.get("revision") or 0)


def in_order(revisions: Iterable[Document]) -> list[Document]:
    """Oldest first: by number, then age, then name (byRevision in pkg/controller/history/controller_history.go)."""
    return sorted(revisions, key=lambda one: (number(one), one["metadata"]["creationTimestamp"], metadata.name(one)))


def template_of(revision: Document) -> Document:
    """The Pod template that was kept."""
    template: Document = revision["data"]["spec"]["template"]
    return {key: value for key, value in template.items() if key != "$patch"}


def kept_template(document: Document) -> Document:
    """What is kept of a DaemonSet or StatefulSet: a patch that puts its template back."""
    return {"spec": {"template": {**document["spec"]["template"], "$patch": "replace"}}}


def validate(revision: Document, old: Document | None) -> list[FieldError]:
    """ValidateControllerRevisionCreate and …Update in pkg/apis/apps/validation/validation.go."""
    found = negative_errors(revision, ("revision",), "")
    found = [FieldError(error.reason, error.field.lstrip("."), error.detail) for error in found]
    if old is not None:
        if revision.get("data") != old.get("data"):
            found.append(invalid("data", revision.get("data"), IMMUTABLE))
        return found
    data = revision.get("data")
    if data is None:
        found.append(required("data", "data is mandatory"))
    elif not isinstance(data, dict):
        found.append(required("data", "data must be a valid JSON object"))
    return found


def _controller_cell(revision: Document, now: int) -> str:
    owner = metadata.controller_of(revision)
    if owner is None:
        return NONE
    group = owner["apiVersion"].partition("/")[0] if "/" in owner["apiVersion"] else ""
    kind = owner["kind"].lower()
    return f"{kind}.{group}/{owner['name']}" if group else f"{kind}/{owner['name']}"


KIND = REGISTRY.register(
    Kind(
        group="apps",
        version="v1",
        kind="ControllerRevision",
        plural="controllerrevisions",
        singular="controllerrevision",
        namespaced=True,
        validate=validate,
        columns=(
            NAME,
            Column("Controller", _controller_cell),
            Column("Revision", lambda revision, now: str(number(revision))),
            AGE,
        ),
    )
)
