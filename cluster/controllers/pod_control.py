"""What controllers share that own Pods or ReplicaSets: claiming what is theirs, making Pods from a template.

pkg/controller/controller_ref_manager.go and controller_utils.go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cluster.apiserver.errors import APIError
from cluster.apiserver.reader import Reader
from cluster.apiserver.state import Change
from cluster.objects import metadata, names
from cluster.objects.documents import Document, Key, dig, with_value, without
from cluster.objects.selectors import LabelSelector

# `Key` is what wakes a controller: (namespace, name) of an owner.
Keys = list[Key]

NAMESPACE_TERMINATING = "NamespaceTerminating"


@dataclass(slots=True)
class Claim:
    """What a controller's selector and the owner references say together."""

    owned: list[Document] = field(default_factory=list)  # the controller's, and matched
    adopt: list[Document] = field(default_factory=list)  # matched, and nobody's
    release: list[Document] = field(default_factory=list)  # the controller's, but no longer matched
    unwanted: list[Document] = field(default_factory=list)  # the controller's, but not `wanted`


def keys_for_owned(
    change: Change, view: Reader, kind: str, resource: str, selector: Callable[[Document], LabelSelector]
) -> Keys:
    """Which owners of a kind a change of one of their objects wakes: the old and the new controller, each once.

    Of an object that nobody controls it wakes those whose selector would adopt it, if it came, lost its controller
    or changed its labels.
    """
    # A dictionary: each owner once, in order.
    found = dict.fromkeys(_controller_keys(change.old, kind) + _controller_keys(change.new, kind))
    document = change.new
    if document is not None and metadata.controller_of(document) is None and _may_be_adopted_now(change.old, document):
        namespace, labels = metadata.namespace(document), metadata.labels(document)
        found |= dict.fromkeys(
            (namespace, metadata.name(owner)) for owner in view.list(resource, namespace) if selector(owner).matches(labels)
        )
    return list(found)


def _controller_keys(document: Document | None, kind: str) -> Keys:
    reference = metadata.controller_of(document) if document is not None else None
    if document is None or reference is None or reference["kind"] != kind:
        return []
    return [(metadata.namespace(document), reference["name"])]


def _may_be_adopted_now(old: Document | None, document: Document) -> bool:
    return (
        old is None
        or metadata.labels(old) != metadata.labels(document)
        or metadata.controller_of(old) is not None
    )


def claim(
    reader: Reader, owner: Document, resource: str, selector: LabelSelector,
    wanted: Callable[[Document], bool] = lambda document: True,
) -> Claim:
    """Sort the objects of `resource` that `owner` has or could have; only `wanted` ones are looked at.

    An owner that is being deleted neither adopts nor releases (ClaimObject).
    """
    found = Claim()
    leaving = metadata.is_being_deleted(owner)
    for document in reader.owned(resource, metadata.uid(owner)):
        if not wanted(document):
            found.unwanted.append(document)
        elif selector.matches(metadata.labels(document)):
            found.owned.append(document)
        elif not leaving:
            found.release.append(document)
    if leaving:
        return found
    for document in filter(wanted, reader.orphans(resource, metadata.namespace(owner))):
        if selector.matches(metadata.labels(document)) and not metadata.is_being_deleted(document):
            found.adopt.append(document)
    return found


def first_change(claim: Claim, owner: Document) -> tuple[str, Document]:
    """The next write that a claim asks for: ("adopt" or "release", the changed object). There must be one."""
    if claim.adopt:
        return "adopt", adopted(claim.adopt[0], owner)
    return "release", released(claim.release[0], owner)


def adopted(document: Document, owner: Document) -> Document:
    """The document with `owner` as its controller."""
    references = [*metadata.owner_references(document), metadata.controller_reference(owner)]
    return with_value(document, ("metadata", "ownerReferences"), references)


def released(document: Document, owner: Document) -> Document:
    """The document without its reference to `owner`."""
    references = [kept for kept in metadata.owner_references(document) if kept.get("uid") != metadata.uid(owner)]
    if not references:
        return without(document, ("metadata", "ownerReferences"))
    return with_value(document, ("metadata", "ownerReferences"), references)


def pod_from_template(template: Document, owner: Document) -> Document:
    """A new Pod of `owner`; the server makes up the end of its name (GetPodFromTemplate)."""
    prefix = f"{metadata.name(owner)}-"
    if names.subdomain(prefix + "x"):
        prefix = metadata.name(owner)
    meta: Document = {"generateName": prefix, "namespace": metadata.namespace(owner)}
    for part in ("labels", "annotations", "finalizers"):
        value = dig(template, "metadata", part)
        if value:
            meta[part] = value
    meta["ownerReferences"] = [metadata.controller_reference(owner)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": template["spec"]}


def namespace_is_terminating(error: APIError) -> bool:
    """Whether a create failed only because its namespace goes away: nothing can be done about that."""
    return any(cause.get("reason") == NAMESPACE_TERMINATING for cause in error.details.get("causes", ()))
