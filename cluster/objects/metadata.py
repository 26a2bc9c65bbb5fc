"""Questions about `metadata`: names, owners, finalizers, and the names that the server makes up."""

from collections.abc import Callable, Iterable
from typing import Any

from cluster.objects.documents import Document, with_value

# apimachinery/pkg/util/rand: no vowels and no look-alikes, so that no name spells a word.
NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
# apiserver/pkg/storage/names/generate.go
GENERATED_SUFFIX_LENGTH = 5
GENERATED_BASE_LENGTH = 58


def name(document: Document) -> str:
    return str(document["metadata"]["name"])


def namespace(document: Document) -> str:
    """The namespace, "" for an object of cluster scope."""
    return str(document["metadata"].get("namespace", ""))


def uid(document: Document) -> str:
    return str(document["metadata"].get("uid", ""))


def labels(document: Document) -> dict[str, str]:
    return document["metadata"].get("labels") or {}


def annotations(document: Document) -> dict[str, str]:
    return document["metadata"].get("annotations") or {}


def finalizers(document: Document) -> list[str]:
    return document["metadata"].get("finalizers") or []


def owner_references(document: Document) -> list[dict[str, Any]]:
    return document["metadata"].get("ownerReferences") or []


def is_being_deleted(document: Document) -> bool:
    return "deletionTimestamp" in document["metadata"]


def controller_of(document: Document) -> dict[str, Any] | None:
    """The owner reference with `controller: true`, as metav1.GetControllerOf."""
    for reference in owner_references(document):
        if reference.get("controller"):
            return reference
    return None


def is_controlled_by(document: Document, owner: Document) -> bool:
    reference = controller_of(document)
    return reference is not None and reference.get("uid") == uid(owner)


def controller_reference(owner: Document) -> dict[str, Any]:
    """The reference that a controller puts on what it makes (metav1.NewControllerRef)."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name(owner),
        "uid": uid(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def with_annotations(document: Document, changes: dict[str, str]) -> Document:
    return with_value(document, ("metadata", "annotations"), {**annotations(document), **changes})


def with_finalizers(document: Document, wanted: Iterable[str]) -> Document:
    """The document with just these finalizers; the field goes away when none is left."""
    kept = list(wanted)
    meta = {field: value for field, value in document["metadata"].items() if field != "finalizers"}
    if kept:
        meta["finalizers"] = kept
    return {**document, "metadata": meta}


def generated_name(base: str, choose: Callable[[str], str]) -> str:
    """`generateName` plus five characters; `choose` picks one character of the alphabet it is given."""
    suffix = "".join(choose(NAME_ALPHABET) for _ in range(GENERATED_SUFFIX_LENGTH))
    return base[:GENERATED_BASE_LENGTH] + suffix
