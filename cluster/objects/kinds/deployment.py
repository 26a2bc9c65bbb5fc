"""Deployment: declares a template and a number; its ReplicaSets are the revisions of the template."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.objects.documents import Document, dig, with_value
from cluster.objects.field_errors import forbidden, invalid, not_supported
from cluster.objects.int_or_percent import amount_errors, is_zero, over_100_percent_errors, scaled_value
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.pod_template import default_template
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind

ROLLING_UPDATE = "RollingUpdate"
RECREATE = "Recreate"

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
CHANGE_CAUSE = "kubernetes.io/change-cause"
# Annotations that belong to a Deployment or a ReplicaSet alone: neither hands them to the other.
OWN_ANNOTATIONS = frozenset({
    "kubectl.kubernetes.io/last-applied-configuration", REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS,
    "deprecated.deployment.rollback.to",
})

DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
# Fields of the spec that are left out when they have this value.
EMPTY: Document = {"minReadySeconds": 0, "paused": False}
NOTHING = object()
# Limits of this value mean "no limit" (HasProgressDeadline, HasRevisionHistoryLimit).
UNLIMITED = 2**31 - 1

condition = replicasets.condition


# --- questions -----------------------------------------------------------------------------------------------


def replicas(deployment: Document) -> int:
    """How many Pods its spec asks for."""
    return int(dig(deployment, "spec", "replicas", default=1))


def is_rolling(deployment: Document) -> bool:
    return bool(dig(deployment, "spec", "strategy", "type", default=ROLLING_UPDATE) == ROLLING_UPDATE)


def is_paused(deployment: Document) -> bool:
    return bool(dig(deployment, "spec", "paused", default=False))


def _fenceposts(deployment: Document) -> tuple[int, int]:
    """Surge (rounded up) and unavailability (rounded down) in Pods; never are both zero (ResolveFenceposts)."""
    rolling = dig(deployment, "spec", "strategy", "rollingUpdate", default={})
    surge = scaled_value(rolling.get("maxSurge", "25%"), replicas(deployment), round_up=True)
    unavailable = scaled_value(rolling.get("maxUnavailable", "25%"), replicas(deployment), round_up=False)
    return surge, (1 if surge == 0 and unavailable == 0 else unavailable)


def max_surge(deployment: Document) -> int:
    """How many Pods above `replicas` a rollout may have (pkg/controller/deployment/util)."""
    return _fenceposts(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Document) -> int:
    """How many Pods below `replicas` may be available during a rollout (pkg/controller/deployment/util)."""
    if not is_rolling(deployment) or replicas(deployment) == 0:
        return 0
    return min(_fenceposts(deployment)[1], replicas(deployment))


def revision(deployment: Document) -> int:
    """The revision of its current template; 0 before the controller has seen it."""
    return replicasets.revision(deployment)


def progress_deadline(deployment: Document) -> int | None:
    """Seconds without progress after which a rollout counts as stuck; None for no deadline."""
    seconds = dig(deployment, "spec", "progressDeadlineSeconds")
    return None if seconds in (None, UNLIMITED) else int(seconds)


def history_limit(deployment: Document) -> int | None:
    """How many old ReplicaSets are kept; None for all."""
    limit = dig(deployment, "spec", "revisionHistoryLimit")
    return None if limit in (None, UNLIMITED) else int(limit)


def count(status: Document, field: str) -> int:
    """A number of the status; what is zero is left out there."""
    return int(status.get(field) or 0)


def is_complete(deployment: Document, status: Document) -> bool:
    """Whether every wanted Pod is updated and available and no old one is left (DeploymentComplete)."""
    wanted = replicas(deployment)
    return (
        count(status, "updatedReplicas") == count(status, "replicas") == count(status, "availableReplicas") == wanted
        and count(status, "observedGeneration") >= deployment["metadata"].get("generation", 0)
    )


# --- its ReplicaSets -------------------------------------------------------------------------------------------


def by_creation(replicaset: Document) -> tuple[str, str]:
    """Order of ReplicaSets by age, then name (ReplicaSetsByCreationTimestamp)."""
    return replicaset["metadata"]["creationTimestamp"], replicaset["metadata"]["name"]


def template_of(document: Document) -> Document:
    """The template of a Deployment or ReplicaSet without the label of the hash."""
    template: Document = document["spec"]["template"]
    labels = {key: value for key, value in dig(template, "metadata", "labels", default={}).items()
              if key != replicasets.HASH_LABEL}
    return with_value(template, ("metadata", "labels"), labels)


def new_and_old(deployment: Document, owned: Iterable[Document]) -> tuple[Document | None, list[Document]]:
    """The ReplicaSet that has the Deployment's template (the oldest such, None without one) and the others, oldest first.

    FindNewReplicaSet and FindOldReplicaSets in pkg/controller/deployment/util; `owned` are its ReplicaSets.
    """
    by_age, template = sorted(owned, key=by_creation), template_of(deployment)
    new = next((replicaset for replicaset in by_age if template_of(replicaset) == template), None)
    return new, [replicaset for replicaset in by_age if replicaset is not new]


# --- for kubectl rollout -------------------------------------------------------------------------------------


class RolloutFailed(Exception):
    """A rollout whose status cannot become good by waiting; the text is kubectl's error."""


def rollout_status(deployment: Document, revision_wanted: int = 0) -> tuple[str, bool]:
    """The line of `kubectl rollout status` and whether the rollout is done.

    Raises RolloutFailed past the progress deadline, or when another revision runs than the one that was asked for
    (kubectl/pkg/polymorphichelpers/rollout_status.go).
    """
    name, status = deployment["metadata"]["name"], deployment.get("status") or {}
    if revision_wanted > 0 and revision_wanted != revision(deployment):
        raise RolloutFailed(
            f"desired revision ({revision_wanted}) is different from the running revision ({revision(deployment)})"
        )
    if deployment["metadata"].get("generation", 0) > count(status, "observedGeneration"):
        return "Waiting for deployment spec update to be observed...", False
    if (condition(deployment, "Progressing") or {}).get("reason") == DEADLINE_EXCEEDED:
        raise RolloutFailed(f'deployment "{name}" exceeded its progress deadline')
    waiting = _waiting_for(deployment, status)
    if waiting:
        return f'Waiting for deployment "{name}" rollout to finish: {waiting}...', False
    return f'deployment "{name}" successfully rolled out', True


def _waiting_for(deployment: Document, status: Document) -> str:
    updated, total, available = (count(status, field) for field in ("updatedReplicas", "replicas", "availableReplicas"))
    if updated < replicas(deployment):
        return f"{updated} out of {replicas(deployment)} new replicas have been updated"
    if total > updated:
        return f"{total - updated} old replicas are pending termination"
    if available < updated:
        return f"{available} of {updated} updated replicas are available"
    return ""


def history(owned: list[Document]) -> dict[int, Document]:
    """ReplicaSets of a Deployment by revision, oldest first (kubectl/pkg/polymorphichelpers/history.go)."""
    return dict(sorted((replicasets.revision(replicaset), replicaset) for replicaset in owned))


def change_cause(replicaset: Document) -> str:
    """Why a revision came to be, as its author wrote; empty when nobody did."""
    return replicasets.annotation(replicaset, CHANGE_CAUSE)


def rollback_target(deployment: Document, owned: list[Document], to_revision: int = 0) -> Document:
    """The ReplicaSet that `kubectl rollout undo` goes back to: of `to_revision`, or the last but one for 0.

    Raises RolloutFailed with kubectl's words (kubectl/pkg/polymorphichelpers/rollback.go).
    """
    found = history(owned)
    if to_revision != 0:
        if to_revision not in found:
            raise RolloutFailed(f"unable to find specified revision {to_revision} in history")
    elif len(found) < 2:
        raise RolloutFailed(f'no rollout history found for deployment "{deployment["metadata"]["name"]}"')
    if is_paused(deployment):
        raise RolloutFailed(
            "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again"
        )
    return found[to_revision or sorted(found)[-2]]


def rollback_patch(deployment: Document, target: Document) -> list[Document] | None:
    """The JSON patch that brings the template of `target` back; None when the Deployment has that template."""
    if template_of(target) == template_of(deployment):
        return None
    own = {key: value for key, value in _annotations(deployment).items() if key in OWN_ANNOTATIONS}
    restored = {key: value for key, value in _annotations(target).items() if key not in OWN_ANNOTATIONS}
    return [
        {"op": "replace", "path": "/spec/template", "value": template_of(target)},
        {"op": "replace", "path": "/metadata/annotations", "value": {**own, **restored}},
    ]


def _annotations(document: Document) -> dict[str, str]:
    return dig(document, "metadata", "annotations", default={})


# --- defaults and validation ---------------------------------------------------------------------------------


def prepare(deployment: Document) -> Document:
    """A new Deployment has an empty status (pkg/registry/apps/deployment/strategy.go)."""
    return {**deployment, "status": {}}


def default(deployment: Document) -> Document:
    """SetDefaults_Deployment in pkg/apis/apps/v1/defaults.go."""
    spec = deployment.get("spec") or {}
    usual = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
    filled: Document = {field: value for field, value in usual.items() if spec.get(field) is None}
    filled["template"] = default_template(spec.get("template") or {})
    filled["strategy"] = _default_strategy(spec.get("strategy") or {})
    # What says nothing is not stored (omitempty in staging/src/k8s.io/api/apps/v1/types.go).
    said = {field: value for field, value in spec.items() if value != EMPTY.get(field, NOTHING)}
    return {**deployment, "spec": {**said, **filled}}


def _default_strategy(strategy: Document) -> Document:
    strategy = {**strategy, "type": strategy.get("type") or ROLLING_UPDATE}
    if strategy["type"] != ROLLING_UPDATE:
        return strategy
    rolling = strategy.get("rollingUpdate") or {}
    given = {field: value for field, value in rolling.items() if value is not None}
    return {**strategy, "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%", **given}}


def _strategy_errors(strategy: Document) -> list[FieldError]:
    path, kind = "spec.strategy", strategy.get("type")
    if kind == RECREATE:
        if strategy.get("rollingUpdate") is None:
            return []
        return [forbidden(f"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")]
    if kind != ROLLING_UPDATE:
        return [not_supported(path, strategy, [RECREATE, ROLLING_UPDATE])]
    rolling = strategy["rollingUpdate"]
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    path += ".rollingUpdate"
    found = amount_errors(unavailable, f"{path}.maxUnavailable") + amount_errors(surge, f"{path}.maxSurge")
    if is_zero(unavailable) and is_zero(surge):
        found.append(invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    return found + over_100_percent_errors(unavailable, f"{path}.maxUnavailable")


def validate(deployment: Document, old: Document | None) -> list[FieldError]:
    """ValidateDeployment and ValidateDeploymentUpdate in pkg/apis/apps/validation/validation.go."""
    spec = deployment.get("spec") or {}
    found = replicasets.negative_errors(spec, ("replicas",), "spec")
    found += replicasets.selector_and_template_errors(spec)
    found += _strategy_errors(spec["strategy"])
    numbers = ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    found += replicasets.negative_errors(spec, numbers, "spec")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= (spec.get("minReadySeconds") or 0):
        found.append(invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    return found + replicasets.immutable_selector_errors(deployment, old)


# --- printing ------------------------------------------------------------------------------------------------


def _status_cell(field: str) -> Column:
    headers = {"updatedReplicas": "Up-to-date", "availableReplicas": "Available"}
    return Column(headers[field], lambda deployment, now: str(count(deployment.get("status") or {}, field)))


def _ready_cell(deployment: Document, now: int) -> str:
    return f"{count(deployment.get('status') or {}, 'readyReplicas')}/{replicas(deployment)}"


KIND = REGISTRY.register(
    Kind(
        group="apps",
        version="v1",
        kind="Deployment",
        plural="deployments",
        singular="deployment",
        short_names=("deploy",),
        categories=("all",),
        subresources=frozenset({"status", "scale"}),
        namespaced=True,
        default=default,
        prepare=prepare,
        validate=validate,
        counts_generation=True,
        annotations_count=True,
        columns=(
            NAME, Column("Ready", _ready_cell), _status_cell("updatedReplicas"), _status_cell("availableReplicas"), AGE,
            *replicasets.template_columns(),
        ),
    )
)
