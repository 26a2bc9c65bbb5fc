"""ReplicaSet: keeps a number of Pods of one template alive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import IMMUTABLE, invalid, required
from cluster.objects.metadata_rules import selector_errors
from cluster.objects.pod_template import default_template, template_errors
from cluster.objects.printing import AGE, NAME, containers_cell, images_cell
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind
from cluster.objects.selectors import LabelSelector, SelectorError, format_document

HASH_LABEL = "pod-template-hash"


# --- questions -----------------------------------------------------------------------------------------------


def wanted(replicaset: Document) -> int:
    """How many Pods its spec asks for."""
    return int(dig(replicaset, "spec", "replicas", default=1))


def current(replicaset: Document) -> int:
    """How many active Pods it reports."""
    return int(dig(replicaset, "status", "replicas", default=0))


def ready(replicaset: Document) -> int:
    """How many ready Pods it reports."""
    return int(dig(replicaset, "status", "readyReplicas", default=0))


def available(replicaset: Document) -> int:
    """How many Pods it reports that have been ready for minReadySeconds."""
    return int(dig(replicaset, "status", "availableReplicas", default=0))


def min_ready_seconds(replicaset: Document) -> int:
    return int(dig(replicaset, "spec", "minReadySeconds", default=0))


def selector(replicaset: Document) -> LabelSelector:
    """Its selector; raises SelectorError for one that validation would refuse."""
    return LabelSelector.from_document(dig(replicaset, "spec", "selector"))


def condition(document: Document, wanted_type: str) -> Document | None:
    """The condition of this type in `status.conditions`, or None."""
    conditions: list[Document] = dig(document, "status", "conditions", default=[])
    return next((found for found in conditions if found["type"] == wanted_type), None)


def is_active(replicaset: Document) -> bool:
    """Whether it has Pods or ought to have some (FilterActiveReplicaSets in pkg/controller/controller_utils.go)."""
    return wanted(replicaset) > 0


def annotation(document: Document, key: str) -> str:
    """The value of an annotation; empty without it."""
    return str(dig(document, "metadata", "annotations", key, default=""))


def revision(document: Document) -> int:
    """The revision of a ReplicaSet or Deployment; 0 without one or for one that is no number."""
    text = annotation(document, "deployment.kubernetes.io/revision")
    return int(text) if text.isascii() and text.isdigit() else 0


# --- defaults and validation ---------------------------------------------------------------------------------


def prepare(replicaset: Document) -> Document:
    """A new ReplicaSet has reported nothing yet (pkg/registry/apps/replicaset/strategy.go)."""
    return {**replicaset, "status": {"replicas": 0}}


def default(replicaset: Document) -> Document:
    """SetDefaults_ReplicaSet in pkg/apis/apps/v1/defaults.go."""
    spec = replicaset.get("spec") or {}
    filled = {**spec, "template": default_template(spec.get("template") or {})}
    if filled.get("replicas") is None:
        filled["replicas"] = 1
    return {**replicaset, "spec": filled}


def negative_errors(spec: Document, fields: Iterable[str], path: str) -> list[FieldError]:
    """Complaints about numbers below zero (ValidateNonnegativeField)."""
    return [
        invalid(f"{path}.{field}", spec[field], "must be greater than or equal to 0")
        for field in fields if (spec.get(field) or 0) < 0
    ]


def selector_and_template_errors(spec: Document) -> list[FieldError]:
    """What ReplicaSets and Deployments ask of selector and template (ValidatePodTemplateSpecForReplicaSet)."""
    wanted_selector: Any = spec.get("selector")
    found = [required("spec.selector")] if wanted_selector is None else selector_errors(wanted_selector, "spec.selector")
    if wanted_selector is not None and not any(map(wanted_selector.get, ("matchLabels", "matchExpressions"))):
        found.append(invalid("spec.selector", wanted_selector, "empty selector is invalid for deployment"))
    try:
        matcher = LabelSelector.from_document(wanted_selector)
    except SelectorError:
        return [*found, invalid("spec.selector", wanted_selector, "invalid label selector")]
    return found + _template_errors(spec.get("template") or {}, matcher)


def _template_errors(template: Document, matcher: LabelSelector) -> list[FieldError]:
    found = []
    labels = dig(template, "metadata", "labels", default={})
    if not matcher.empty and not matcher.nothing and not matcher.matches(labels):
        complaint = "`selector` does not match template `labels`"
        found.append(invalid("spec.template.metadata.labels", labels or None, complaint))
    return found + template_errors(template, "spec.template")


def immutable_selector_errors(document: Document, old: Document | None) -> list[FieldError]:
    """The selector of a workload in apps/v1 never changes."""
    if old is None or document["spec"].get("selector") == old["spec"].get("selector"):
        return []
    return [invalid("spec.selector", document["spec"].get("selector"), IMMUTABLE)]


def validate(replicaset: Document, old: Document | None) -> list[FieldError]:
    """ValidateReplicaSet and ValidateReplicaSetUpdate in pkg/apis/apps/validation/validation.go."""
    spec = replicaset.get("spec") or {}
    return [
        *negative_errors(spec, ("replicas", "minReadySeconds"), "spec"),
        *selector_and_template_errors(spec),
        *immutable_selector_errors(replicaset, old),
    ]


# --- printing ------------------------------------------------------------------------------------------------


def template_columns() -> tuple[Column, ...]:
    """Containers, images and selector, as the wide tables of ReplicaSets and Deployments end."""
    def containers(document: Document) -> list[Document]:
        return list(dig(document, "spec", "template", "spec", "containers", default=[]))

    return (
        Column("Containers", lambda document, now: containers_cell(containers(document)), wide=True),
        Column("Images", lambda document, now: images_cell(containers(document)), wide=True),
        Column("Selector", lambda document, now: format_document(dig(document, "spec", "selector")), wide=True),
    )


KIND = REGISTRY.register(
    Kind(
        group="apps",
        version="v1",
        kind="ReplicaSet",
        plural="replicasets",
        singular="replicaset",
        short_names=("rs",),
        categories=("all",),
        subresources=frozenset({"status", "scale"}),
        namespaced=True,
        default=default,
        prepare=prepare,
        validate=validate,
        field_labels={"status.replicas": lambda replicaset: str(current(replicaset))},
        counts_generation=True,
        columns=(
            NAME,
            Column("Desired", lambda replicaset, now: str(wanted(replicaset))),
            Column("Current", lambda replicaset, now: str(current(replicaset))),
            Column("Ready", lambda replicaset, now: str(ready(replicaset))),
            AGE,
            *template_columns(),
        ),
    )
)
