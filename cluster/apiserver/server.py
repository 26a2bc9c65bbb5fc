"""The one door: every read and write of the cluster passes through here, as in Kubernetes.

A write goes: decode → defaults → admission → validation → etcd. What differs between kinds stands in the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from cluster.apiserver import admission, deletion, errors, eviction, paging, strategy, validation
from cluster.apiserver.admission import Request
from cluster.apiserver.admission.pod_topology_labels import with_labels_of_node
from cluster.apiserver.errors import APIError
from cluster.apiserver.randomness import draw, fraction
from cluster.apiserver.reader import LiveReader
from cluster.apiserver.state import Change, Etcd, World, is_resource
from cluster.objects import metadata, schema
from cluster.objects.documents import Document, without_nulls
from cluster.objects.patches import PatchError, json_patch, merge_patch, strategic_merge_patch
from cluster.objects.registry import REGISTRY, Kind, Version
from cluster.objects.selectors import FieldSelector, LabelSelector

NO_LIMITS: Mapping[str, int] = {}
# kubectl's --validate: Strict refuses unknown fields, Ignore drops them and says nothing, Trusted looks at nothing.
FieldValidation = Literal["Strict", "Ignore", "Trusted"]
BUDGETS = "poddisruptionbudgets.policy"
# Writes that the server makes on the way to the one that it was asked for.
PREPARATIONS = frozenset({"grant", "disrupt"})
# Kinds that come and go by themselves and do not count as a user's objects.
UNCOUNTED = frozenset({"events", "leases.coordination.k8s.io"})
# How often a taken generated name is tried anew (apiserver/pkg/registry/generic/registry/store.go).
NAME_ATTEMPTS = 8


class Write(NamedTuple):
    """What was written, for the story of the step."""

    verb: str  # create, update, patch, delete, bind, evict, grant (by a budget), disrupt (a Pod is told that it goes) …
    resource: str
    namespace: str
    name: str
    subresource: str = ""


class WatchEvent(NamedTuple):
    revision: int
    type: str  # ADDED, MODIFIED, DELETED
    object: Document


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What must be true of the stored object for a delete to happen."""

    uid: str = ""
    resource_version: str = ""


class APIServer(LiveReader):
    """The API server of one cluster. `before_write` hears of each write just before it gets its revision."""

    def __init__(
        self, etcd: Etcd, before_write: Callable[[Write], None] = lambda write: None,
        limits: Mapping[str, int] = NO_LIMITS,
    ) -> None:
        super().__init__(etcd)
        self._before_write = before_write
        self._limits = limits

    # --- reading ---------------------------------------------------------------------------------------------------

    def read(self, resource: str, namespace: str, name: str) -> Document:
        """The object; raises NotFound."""
        document = self.get(resource, namespace, name)
        if document is None:
            raise errors.not_found(REGISTRY[resource], name)
        return document

    def select(
        self,
        resource: str,
        namespace: str | None = None,
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
        limit: int = 0,
        continue_token: str = "",
    ) -> paging.ListResult:
        """A list with selectors and paging; raises BadRequest for an unknown field label, Expired for an old token."""
        return paging.select(self, self.world_at, REGISTRY[resource], namespace, labels, fields, limit, continue_token)

    def watch(
        self,
        resource: str,
        namespace: str | None,
        since: int,
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
    ) -> list[WatchEvent]:
        """What a watch from revision `since` has to deliver by now, in order; raises Expired when that is too long ago.

        An object that leaves the selection is delivered as DELETED, one that enters as ADDED.
        """
        history = self._etcd.since(since)
        if history is None:
            raise errors.expired(f"too old resource version: {since} ({self.revision})")
        kind = REGISTRY[resource]
        paging.check_field_labels(kind, fields)
        events = []
        for revision, change in history:
            if change.table != resource or namespace not in (None, change.key[0]):
                continue
            event = _watched(kind, revision, change, labels, fields)
            if event is not None:
                events.append(event)
        return events

    def world_at(self, revision: int) -> World | None:
        """The World of a past revision as far back as watches reach, else None."""
        return self._etcd.world_at(revision)

    # --- randomness ------------------------------------------------------------------------------------------------

    def random(self) -> float:
        """A seeded random number in [0, 1)."""
        bits, state = draw(self.world.random)
        self._etcd.set_random(state)
        return fraction(bits)

    def choose(self, alphabet: str) -> str:
        return alphabet[int(self.random() * len(alphabet))]

    def _new_uid(self) -> str:
        high, state = draw(self.world.random)
        low, state = draw(state)
        self._etcd.set_random(state)
        # Version 4, variant 10 (RFC 9562).
        high = high & ~0xF000 | 0x4000
        low = low & ~(0b11 << 62) | 0b10 << 62
        return f"{high >> 32:08x}-{high >> 16 & 0xFFFF:04x}-{high & 0xFFFF:04x}-{low >> 48:04x}-{low & 0xFFFFFFFFFFFF:012x}"

    # --- creating --------------------------------------------------------------------------------------------------

    def create(
        self, document: Document, namespace: str = "", *, dry_run: bool = False, field_validation: FieldValidation = "Strict"
    ) -> Document:
        """Store a new object and return it as stored.

        `namespace` is where the request went; a document that names another one is refused. Wrong types are
        always refused, unknown fields when `field_validation` is Strict, as kubectl asks for; components' own documents
        are Trusted.
        """
        kind = self._kind_of(document)
        document = self._decode(kind, document, field_validation)
        document = self._into_namespace(kind, document, namespace)
        # The names that the server makes up are not spent on a request that is refused or a dry run.
        spent = self.world.random
        try:
            document = self._prepared(kind, document)
        except APIError:
            self._etcd.set_random(spent)
            raise
        if dry_run:
            self._etcd.set_random(spent)
            return document
        key = (metadata.namespace(document), metadata.name(document))
        return self._store(Write("create", kind.resource, *key), document)

    def _prepared(self, kind: Kind, document: Document) -> Document:
        """The new object as it will be stored: named, defaulted, admitted, validated, allocated."""
        namespace = metadata.namespace(document)
        document = self._named(kind, document)
        document = kind.default(strategy.for_create(kind, document, self.now))
        if kind.identify is not None:
            document = kind.identify(self._with_uid(document))
        name = document["metadata"].get("name", "")  # validation complains when there is none
        request = Request("CREATE", kind, namespace, name, "", document, None, self, self.choose)
        admitted = admission.admit(request)
        assert admitted is not None
        self._refuse_invalid(kind, admitted, None)
        admission.validate(request.with_object(admitted))
        if self.get(kind.resource, namespace, metadata.name(admitted)) is not None:
            raise errors.already_exists(kind, metadata.name(admitted))
        self._refuse_beyond_limits(kind, metadata.name(admitted))
        document = strategy.allocate(kind, admitted, None, self, self.choose)
        return document if metadata.uid(document) else self._with_uid(document)

    def _with_uid(self, document: Document) -> Document:
        return {**document, "metadata": {**document["metadata"], "uid": self._new_uid()}}

    def _refuse_beyond_limits(self, kind: Kind, name: str) -> None:
        """What a sandbox may have at most, in the words of a ResourceQuota that is full."""
        if kind.resource in UNCOUNTED:
            return
        for counted, limit in self._limits.items():
            if counted not in ("objects", kind.resource):
                continue
            tables = [kind.resource] if counted == kind.resource else [t for t in self.world.tables if is_resource(t)]
            used = sum(len(self.world.table(table)) for table in tables if table not in UNCOUNTED)
            if used >= limit:
                why = (
                    f"exceeded quota: sandbox, requested: {counted}=1, used: {counted}={used}, limited: {counted}={limit}"
                )
                raise errors.forbidden(kind, name, why)

    def _kind_of(self, document: Document) -> Kind:
        api_version, name = document.get("apiVersion", ""), document.get("kind", "")
        kind = REGISTRY.by_type(api_version, name)
        if kind is None:
            raise errors.bad_request(f'no matches for kind "{name}" in version "{api_version}"')
        return kind

    def _decode(self, kind: Kind, document: Document, field_validation: FieldValidation) -> Document:
        """The document as the server understands it; raises BadRequest for wrong types and, if Strict, unknown fields."""
        if field_validation == "Trusted":
            return document
        strict = field_validation == "Strict"
        version = REGISTRY.version(str(document.get("apiVersion")), kind.kind)
        if version is not None:
            self._refuse_undecodable(version.api_version, kind, document, strict=strict)
            # What stood in annotations has a type only now.
            document, strict = version.stored(without_nulls(document)), False
        self._refuse_undecodable(kind.api_version, kind, document, strict=strict)
        if not strict:
            document = schema.without_unknown_fields(kind.api_version, kind.kind, document)
        decoded: Document = without_nulls(document)
        return decoded

    def _refuse_undecodable(self, api_version: str, kind: Kind, document: Document, *, strict: bool) -> None:
        complaint = schema.decoding_error(api_version, kind.kind, document, strict=strict)
        if complaint:
            raise errors.bad_request(complaint)

    def _into_namespace(self, kind: Kind, document: Document, namespace: str) -> Document:
        meta = document.get("metadata") or {}
        if not kind.namespaced:
            return {**document, "metadata": {k: v for k, v in meta.items() if k != "namespace"}}
        named = meta.get("namespace") or namespace or "default"
        if namespace and named != namespace:
            raise errors.bad_request("the namespace of the provided object does not match the namespace sent on the request")
        return {**document, "metadata": {**meta, "namespace": named}}

    def _named(self, kind: Kind, document: Document) -> Document:
        meta = document["metadata"]
        if meta.get("name") or not meta.get("generateName"):
            return document
        for _ in range(NAME_ATTEMPTS):
            name = metadata.generated_name(meta["generateName"], self.choose)
            if self.get(kind.resource, metadata.namespace(document), name) is None:
                break
        return {**document, "metadata": {**meta, "name": name}}

    # --- changing --------------------------------------------------------------------------------------------------

    def update(
        self,
        document: Document,
        *,
        subresource: str = "",
        dry_run: bool = False,
        field_validation: FieldValidation = "Trusted",
    ) -> Document:
        """Replace the stored object (or its `status`) and return it as stored.

        A resourceVersion in the document must be the stored one (Conflict); without one the update is unconditional.
        A write that changes nothing stores nothing and keeps the revision.
        """
        kind = self._kind_of(document)
        document = self._decode(kind, document, field_validation)
        return self._replace(Write("update", kind.resource, *_key(document), subresource), kind, document, dry_run)

    def patch(
        self,
        resource: str,
        namespace: str,
        name: str,
        patch: Any,
        patch_type: str = "strategic",
        *,
        subresource: str = "",
        dry_run: bool = False,
        version: Version | None = None,
    ) -> Document:
        """Apply a `json`, `merge` or `strategic` patch to the stored object; raises what update raises.

        With a `version` the patch is one of the object as that version serves it.
        """
        kind = REGISTRY[resource]
        current = self.scale(resource, namespace, name) if subresource == "scale" else self.read(resource, namespace, name)
        current = version.served(current) if version else current
        try:
            patched = self._patched(kind, current, patch, patch_type)
        except PatchError as problem:
            raise errors.unpatchable(kind, name, problem.code, str(problem)) from problem
        if subresource == "scale":
            return self.update_scale(resource, patched, dry_run=dry_run)
        patched = self._decode(kind, patched, "Strict")
        given = (patched.get("metadata") or {}).get("name", "")
        if given != name:
            raise errors.bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
        type_ = (patched.get("apiVersion"), patched.get("kind"))
        if type_ != (kind.api_version, kind.kind):
            raise errors.bad_request(
                f"the type in the data ({type_[0]}, {type_[1]}) does not match the expected type"
                f" ({kind.api_version}, {kind.kind})"
            )
        return self._replace(Write("patch", resource, namespace, name, subresource), kind, patched, dry_run)

    def _patched(self, kind: Kind, current: Document, patch: Any, patch_type: str) -> Document:
        if patch_type == "json":
            return json_patch(current, patch)
        if patch_type == "merge":
            return merge_patch(current, patch)
        if patch_type == "strategic":
            return strategic_merge_patch(current, patch, schema.merge_keys(kind.api_version, kind.kind))
        raise errors.bad_request(f'unknown patch type "{patch_type}": allowed are json, merge, strategic')

    def _replace(self, write: Write, kind: Kind, document: Document, dry_run: bool) -> Document:
        stored = self.world.row(kind.resource, _key(document))
        name = metadata.name(document)
        if stored is None:
            raise errors.not_found(kind, name)
        version = document["metadata"].get("resourceVersion", "")
        if version and version != stored["metadata"]["resourceVersion"]:
            raise errors.conflict(kind, name)
        if document["metadata"].get("uid") not in (None, "", stored["metadata"]["uid"]):
            why = (
                f"Precondition failed: UID in precondition: {document['metadata']['uid']}, "
                f"UID in object meta: {stored['metadata']['uid']}"
            )
            raise errors.conflict(kind, name, why)
        new = strategy.for_update(kind, document, stored, write.subresource)
        if write.subresource != "status":
            new = kind.prepare_update(kind.default(new), stored)
        request = Request("UPDATE", kind, write.namespace, name, write.subresource, new, stored, self, self.choose)
        admitted = admission.admit(request)
        assert admitted is not None
        self._refuse_invalid(kind, admitted, stored, write.subresource)
        admission.validate(request.with_object(admitted))
        new = strategy.allocate(kind, admitted, stored, self, self.choose)
        if write.subresource != "status":
            new = strategy.with_generation(kind, new, stored)
        if new == stored:
            return stored
        if dry_run:
            return new
        if deletion.is_finished(new):
            self._remove(Write("delete", *write[1:]), new)
            return new
        return self._store(write, new)

    def _refuse_invalid(self, kind: Kind, document: Document, old: Document | None, subresource: str = "") -> None:
        if subresource == "status":
            complaints = kind.validate_status(document) or validation.status_errors(document)
        else:
            complaints = validation.metadata_errors(kind, document, old) + kind.validate(document, old)
        if complaints:
            raise errors.invalid(kind, document["metadata"].get("name", ""), complaints)

    # --- scale -----------------------------------------------------------------------------------------------------

    def scale(self, resource: str, namespace: str, name: str) -> Document:
        """The `Scale` of an object that has one."""
        return strategy.scale_of(REGISTRY[resource], self.read(resource, namespace, name))

    def update_scale(self, resource: str, scale: Document, *, dry_run: bool = False) -> Document:
        """Set the wanted replicas through the `scale` subresource; raises Conflict for a stale resourceVersion."""
        meta = scale["metadata"]
        kind = REGISTRY[resource]
        stored = self.read(resource, meta["namespace"], meta["name"])
        if meta.get("resourceVersion", "") not in ("", stored["metadata"]["resourceVersion"]):
            raise errors.conflict(kind, meta["name"])
        wanted = strategy.with_replicas(kind, stored, scale)
        write = Write("update", resource, meta["namespace"], meta["name"], "scale")
        return strategy.scale_of(kind, self._replace(write, kind, wanted, dry_run))

    # --- pods: binding and eviction --------------------------------------------------------------------------------

    def bind(self, namespace: str, name: str, node: str) -> Document:
        """`pods/binding`: give the Pod its node (pkg/registry/core/pod/storage/storage.go). Raises Conflict when it has one."""
        pod = self.read("pods", namespace, name)
        bound = with_labels_of_node(strategy.bound(pod, node, self.now), node, self)
        return self._store(Write("bind", "pods", namespace, name, "binding"), bound)

    def evict(
        self, namespace: str, name: str, *, grace: int | None = None, dry_run: bool = False
    ) -> Document | None:
        """`pods/eviction`: a delete that disruption budgets may refuse (pkg/registry/core/pod/storage/eviction.go).

        Up to three writes: the budget gives a disruption, the Pod is told why it goes, the Pod is deleted. Raises
        TooManyRequests when the budget refuses, Forbidden in a namespace that goes away.
        """
        # To the server an eviction is a new object below the Pod.
        request = Request("CREATE", REGISTRY["pods"], namespace, name, "eviction", None, None, self, self.choose)
        admission.admit(request)
        pod = self.read("pods", namespace, name)
        budget = eviction.spent(pod, self.list(BUDGETS, namespace), self.now)
        if not dry_run:
            if budget is not None:
                self._store(Write("grant", BUDGETS, *_key(budget), "status"), budget)
            told = eviction.marked(pod, self.now)
            if told is not pod:
                self._store(Write("disrupt", "pods", namespace, name, "status"), told)
        return self.delete("pods", namespace, name, grace=grace, dry_run=dry_run, verb="evict")

    # --- deleting --------------------------------------------------------------------------------------------------

    def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        grace: int | None = None,
        propagation: str | None = None,
        preconditions: Preconditions | None = None,
        dry_run: bool = False,
        verb: str = "delete",
    ) -> Document | None:
        """Delete an object; returns it while it still exists (grace period, finalizers), None when it is gone.

        `grace` in seconds; `propagation` Background, Foreground or Orphan (apiserver/pkg/registry/generic/registry/store.go).
        """
        kind = REGISTRY[resource]
        stored = self.world.row(resource, (namespace, name))
        if stored is None:
            raise errors.not_found(kind, name)
        deletion.check_preconditions(kind, stored, preconditions.uid if preconditions else "",
                                     preconditions.resource_version if preconditions else "")
        admission.admit(Request("DELETE", kind, namespace, name, "", None, stored, self, self.choose))
        marked = deletion.marked(kind, stored, grace, propagation, self.now)
        if dry_run:
            return None if deletion.is_finished(marked) else marked
        write = Write(verb, resource, namespace, name)
        if deletion.is_finished(marked):
            self._remove(write, marked)
            return None
        if marked == stored:
            return stored
        return self._store(write, strategy.with_generation(kind, marked, stored))

    def delete_collection(
        self,
        resource: str,
        namespace: str | None,
        labels: LabelSelector | None = None,
        fields: FieldSelector | None = None,
        *,
        grace: int | None = None,
        propagation: str | None = None,
    ) -> list[Document]:
        """Delete everything that the selectors match; returns what was found."""
        found = self.select(resource, namespace, labels, fields).items
        for document in found:
            self.delete(resource, *_key(document), grace=grace, propagation=propagation)
        return found

    # --- writing ---------------------------------------------------------------------------------------------------

    def _store(self, write: Write, document: Document) -> Document:
        self._before_write(write)
        revision = self._etcd.next_revision()
        stored = {**document, "metadata": {**document["metadata"], "resourceVersion": str(revision)}}
        self._etcd.write(write.resource, (write.namespace, write.name), stored)
        return stored

    def _remove(self, write: Write, document: Document) -> None:
        """Take the object away; the last state that watchers see carries the revision of its deletion."""
        self._before_write(write)
        self._etcd.next_revision()
        self._etcd.write(write.resource, (write.namespace, write.name), None)

    def write_row(self, verb: str, table: str, key: tuple[str, ...], value: Any) -> None:
        """A write that is no API object: a node-local row, a switch. It has a revision of its own."""
        if self.world.row(table, key) == value:
            return
        self._before_write(Write(verb, table, key[0], "/".join(key[1:])))
        self._etcd.next_revision()
        self._etcd.write(table, key, value)


def _key(document: Document) -> tuple[str, str]:
    return metadata.namespace(document), metadata.name(document)


def _watched(
    kind: Kind, revision: int, change: Change, labels: LabelSelector | None, fields: FieldSelector | None
) -> WatchEvent | None:
    def selected(document: Document | None) -> bool:
        return document is not None and paging.matches(kind, document, labels, fields)

    before, after = selected(change.old), selected(change.new)
    if after:
        return WatchEvent(revision, "MODIFIED" if before else "ADDED", change.new)
    if before:
        last = {**change.old, "metadata": {**change.old["metadata"], "resourceVersion": str(revision)}}
        return WatchEvent(revision, "DELETED", last)
    return None
