"""The registry of kinds: everything the rest of the product knows about a kind stands in its one entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cluster.objects.documents import Document


@dataclass(frozen=True, slots=True)
class FieldError:
    """One complaint of validation, in the words of apimachinery/pkg/util/validation/field/errors.go."""

    reason: str  # FieldValueInvalid, FieldValueRequired, FieldValueForbidden, FieldValueNotSupported, FieldValueDuplicate …
    field: str
    detail: str  # everything after "<field>: ", for example `Invalid value: "x": must be …`

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`. `value` gets the document and the time (ms) and returns the cell."""

    name: str
    value: Callable[[Document, int], str]
    wide: bool = False


def _same(document: Document) -> Document:
    return document


def _keep(document: Document, old: Document) -> Document:
    return document


def _no_errors(document: Document, old: Document | None) -> list[FieldError]:
    return []


def _no_status_errors(document: Document) -> list[FieldError]:
    return []


@dataclass(frozen=True)
class Version:
    """A version in which a kind is served besides the one that is stored, and the ways between the two."""

    api_version: str
    stored: Callable[[Document], Document]
    served: Callable[[Document], Document]


@dataclass(frozen=True)
class Kind:
    """A kind of API object. `resource` names it in tables and errors: "pods", "deployments.apps"."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    columns: tuple[Column, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()
    # Fills in what a client left out (pkg/apis/*/v1/defaults.go).
    default: Callable[[Document], Document] = _same
    # What the server itself puts into a new object: its first status, finalizers (pkg/registry/*/strategy.go).
    prepare: Callable[[Document], Document] = _same
    # What the server adds to a new object as soon as that has its uid; such a kind gets the uid before validation.
    identify: Callable[[Document], Document] | None = None
    # What the server itself puts into an object that a client changes, given as it was before.
    prepare_update: Callable[[Document, Document], Document] = _keep
    # Complaints about a new document, or about a change when `old` is given.
    validate: Callable[[Document, Document | None], list[FieldError]] = _no_errors
    # Complaints about a document whose status changes.
    validate_status: Callable[[Document], list[FieldError]] = _no_status_errors
    # Which fields besides metadata.name and metadata.namespace a field selector may name.
    field_labels: Mapping[str, Callable[[Document], str]] = field(default_factory=dict)
    # The path of metadata.name's rule: "subdomain", "label", "service" (see apiserver/validation.py).
    name_rule: str = "subdomain"
    # What happens to dependents when a client does not say: "Background" or "Orphan".
    default_propagation: str = "Background"
    # Whether `metadata.generation` counts changes of the desired state.
    counts_generation: bool = False
    # Other versions in which clients may write and read it.
    versions: tuple[Version, ...] = ()
    # Whether a change of annotations counts too: a Deployment hands its own to its ReplicaSets.
    annotations_count: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """How an Invalid error names the kind: `Deployment.apps`, `Pod`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    def reference(self, document: Document) -> dict[str, Any]:
        """A typed reference to an object of this kind, as events carry it."""
        meta = document["metadata"]
        reference = {"kind": self.kind, "name": meta["name"], "apiVersion": self.api_version}
        if meta.get("uid"):
            reference["uid"] = meta["uid"]
        if self.namespaced:
            reference["namespace"] = meta["namespace"]
        if "resourceVersion" in meta:
            reference["resourceVersion"] = meta["resourceVersion"]
        return reference


class Registry:
    """Kinds by every name that people and documents call them by."""

    def __init__(self) -> None:
        self._by_resource: dict[str, Kind] = {}
        self._by_type: dict[tuple[str, str], Kind] = {}

    def register(self, kind: Kind) -> Kind:
        if kind.resource in self._by_resource:
            raise ValueError(f"kind registered twice: {kind.resource}")
        self._by_resource[kind.resource] = kind
        for api_version in (kind.api_version, *(version.api_version for version in kind.versions)):
            self._by_type[api_version, kind.kind] = kind
        return kind

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_resource.values())

    def __contains__(self, resource: str) -> bool:
        return resource in self._by_resource

    def __getitem__(self, resource: str) -> Kind:
        return self._by_resource[resource]

    def of(self, document: Document) -> Kind:
        """The kind of a document; KeyError for an unknown apiVersion and kind."""
        return self._by_type[document["apiVersion"], document["kind"]]

    def by_type(self, api_version: str, kind: str) -> Kind | None:
        return self._by_type.get((api_version, kind))

    @property
    def api_versions(self) -> set[str]:
        """Every version of every group in which something is served."""
        return {api_version for api_version, _ in self._by_type}

    def version(self, api_version: str, kind: str) -> Version | None:
        """The version of a document that is not of the stored one; None for the stored version."""
        found = self._by_type.get((api_version, kind))
        return next((version for version in found.versions if version.api_version == api_version), None) if found else None

    def version_named(self, word: str) -> Version | None:
        """The other version that a person means by `horizontalpodautoscalers.v1.autoscaling`; None for any other word."""
        for kind in self:
            for version in kind.versions:
                group, _, number = version.api_version.rpartition("/")
                if word.lower() in (f"{name}.{number}.{group}" for name in (kind.plural, kind.singular)):
                    return version
        return None

    def find(self, word: str) -> Kind | None:
        """The kind that a person means by `po`, `pod`, `pods`, `Pod`, `deploy`, `deployments.apps`, `deployments.v1.apps`."""
        wanted = word.lower()
        for kind in self:
            full = (f"{name}.{kind.version}.{kind.group}" for name in (kind.plural, kind.singular))
            qualified = (f"{name}.{kind.group}" for name in (kind.plural, kind.singular))
            if wanted in (kind.plural, kind.singular, *kind.short_names, *qualified, *full):
                return kind
        other = self.version_named(word)
        return next((kind for kind in self if other in kind.versions), None) if other else None


REGISTRY = Registry()
