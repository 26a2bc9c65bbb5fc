"""ReplicationController: what there was before ReplicaSets; its selector knows only equality."""

from __future__ import annotations

from cluster.objects import metadata
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.field_errors import invalid, required
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.pod_template import default_template, template_errors
from cluster.objects.printing import AGE, NAME, labels_cell
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind
from cluster.objects.selectors import LabelSelector

RESOURCE = "replicationcontrollers"


def selector(controller: Document) -> LabelSelector:
    return LabelSelector.from_map(dig(controller, "spec", "selector", default={}))


def prepare(controller: Document) -> Document:
    """A new one has reported nothing yet (pkg/registry/core/replicationcontroller/strategy.go)."""
    return {**controller, "status": {"replicas": 0}}


def default(controller: Document) -> Document:
    """Selector and labels are those of the template where they are left out (SetDefaults_ReplicationController)."""
    spec = controller.get("spec") or {}
    filled = dict(spec)
    if spec.get("template") is not None:
        filled["template"] = default_template(spec["template"])
    if spec.get("replicas") is None:
        filled["replicas"] = 1
    labels = dig(spec, "template", "metadata", "labels")
    if labels and not spec.get("selector"):
        filled["selector"] = labels
    controller = {**controller, "spec": filled}
    return with_value(controller, ("metadata", "labels"), labels) if labels and not metadata.labels(controller) else controller


def validate(controller: Document, old: Document | None) -> list[FieldError]:
    """ValidateReplicationControllerSpec in pkg/apis/core/validation/validation.go."""
    spec = controller.get("spec") or {}
    found = replicasets.negative_errors(spec, ("minReadySeconds",), "spec")
    if not spec.get("selector"):
        found.append(required("spec.selector"))
    found += replicasets.negative_errors(spec, ("replicas",), "spec")
    template = spec.get("template")
    if template is None:
        return [*found, required("spec.template")]
    labels = dig(template, "metadata", "labels", default={})
    if spec.get("selector") and not selector(controller).matches(labels):
        complaint = "`selector` does not match template `labels`"
        found.append(invalid("spec.template.metadata.labels", labels or None, complaint))
    return found + template_errors(template, "spec.template", owner="ReplicationController")


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="ReplicationController",
        plural="replicationcontrollers",
        singular="replicationcontroller",
        short_names=("rc",),
        categories=("all",),
        subresources=frozenset({"status", "scale"}),
        namespaced=True,
        default=default,
        prepare=prepare,
        validate=validate,
        default_propagation="Orphan",
        field_labels={"status.replicas": lambda controller: str(replicasets.current(controller))},
        counts_generation=True,
        columns=(
            NAME,
            Column("Desired", lambda controller, now: str(replicasets.wanted(controller))),
            Column("Current", lambda controller, now: str(replicasets.current(controller))),
            Column("Ready", lambda controller, now: str(replicasets.ready(controller))),
            AGE,
            *replicasets.template_columns()[:2],
            Column("Selector", lambda controller, now: labels_cell(dig(controller, "spec", "selector")), wide=True),
        ),
    )
)
