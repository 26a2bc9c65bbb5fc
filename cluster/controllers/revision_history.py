"""The ControllerRevisions of a DaemonSet or StatefulSet: finding its own, keeping a new template, forgetting old ones.

pkg/controller/history/controller_history.go, pkg/controller/daemon/update.go, pkg/controller/statefulset. Each function
that writes makes one write and says so, or makes none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cluster.controllers import pod_control
from cluster.machinery.component import Context
from cluster.machinery.story import FOLDED, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.selectors import LabelSelector


def claim_one(context: Context, owner: Document, selector: LabelSelector) -> bool:
    """Adopt or release one revision that the labels say is (not) the owner's; whether that was a write."""
    found = pod_control.claim(context, owner, revisions.RESOURCE, selector)
    if not found.adopt and not found.release:
        return False
    change, document = pod_control.first_change(found, owner)
    context.update(document, story=_story(f"revision.{change}", owner, document))
    return True


def owned(context: Context, owner: Document) -> list[Document]:
    """The revisions of the owner, oldest first."""
    return revisions.in_order(context.owned(revisions.RESOURCE, metadata.uid(owner)))


def equal_to(data: Document, known: Sequence[Document]) -> list[Document]:
    """Those among `known` that keep the same template."""
    return [revision for revision in known if revision["data"] == data]


def keep(context: Context, owner: Document, revision: Document) -> Document:
    """Store a new revision; raises AlreadyExists when its name is taken."""
    return context.create(revision, story=_story("revision.keep", owner, revision, number=revisions.number(revision)))


def renumber(context: Context, owner: Document, revision: Document, number: int) -> None:
    """An old template that is wanted again becomes the newest revision."""
    story = _story("revision.renumber", owner, revision, number=number, before=revisions.number(revision))
    context.update({**revision, "revision": number}, story=story)


def forget_one(context: Context, owner: Document, old: Sequence[Document], live: Collection[str], limit: int) -> bool:
    """Delete the oldest of the `old` revisions above the limit that no Pod has; whether there was one.

    `live` holds the hashes or names of revisions in use.
    """
    surplus = len(old) - limit
    for revision in old if surplus > 0 else ():
        if metadata.name(revision) in live or metadata.labels(revision).get("controller-revision-hash") in live:
            continue
        story = _story("revision.forget", owner, revision, number=revisions.number(revision))
        context.delete(revisions.RESOURCE, *_key(revision), story=story)
        return True
    return False


def _key(document: Document) -> tuple[str, str]:
    return metadata.namespace(document), metadata.name(document)


def _story(key: str, owner: Document, revision: Document, **more: int) -> Story:
    name = object_reference(f"{owner['kind'].lower()}s.apps", owner)
    args = {"owner": name, "kind": owner["kind"], "revision": metadata.name(revision), **more}
    return Story(key, args, FOLDED, (name,))
