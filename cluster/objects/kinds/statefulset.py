"""StatefulSet: Pods with names that last, made and changed in order, each with claims of its own."""

from __future__ import annotations

import re
from typing import Any

from cluster.objects import metadata, names
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import forbidden, invalid, not_supported, required
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds.deployment import RolloutFailed, count
from cluster.objects.kinds.replicaset import negative_errors, template_columns
from cluster.objects.metadata_rules import selector_errors
from cluster.objects.pod_template import default_template, template_errors
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind
from cluster.objects.selectors import LabelSelector, SelectorError
from cluster.objects.storage_validation import claim_spec_errors

RESOURCE = "statefulsets.apps"
ROLLING_UPDATE, ON_DELETE = "RollingUpdate", "OnDelete"
ORDERED, PARALLEL = "OrderedReady", "Parallel"
RETAIN, DELETE = "Retain", "Delete"
# Labels of its Pods.
POD_NAME, POD_INDEX, REVISION = (
    "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "controller-revision-hash",
)
# Fields of the spec that may change (ValidateStatefulSetUpdate).
CHANGEABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)
_MEMBER = re.compile(r"(.*)-([0-9]+)", re.DOTALL)
_LARGEST_ORDINAL = 2**31 - 1


# --- questions -----------------------------------------------------------------------------------------------


def selector(statefulset: Document) -> LabelSelector:
    """Its selector; raises SelectorError for one that validation would refuse."""
    return LabelSelector.from_document(dig(statefulset, "spec", "selector"))


def replicas(statefulset: Document) -> int:
    """How many Pods its spec asks for."""
    return int(dig(statefulset, "spec", "replicas", default=1))


def ordinals(statefulset: Document) -> range:
    """The ordinals of the Pods that it asks for."""
    start = int(dig(statefulset, "spec", "ordinals", "start", default=0))
    return range(start, start + replicas(statefulset))


def is_parallel(statefulset: Document) -> bool:
    """Whether Pods are made and deleted without waiting for one another."""
    return bool(dig(statefulset, "spec", "podManagementPolicy") == PARALLEL)


def is_rolling(statefulset: Document) -> bool:
    return bool(dig(statefulset, "spec", "updateStrategy", "type") == ROLLING_UPDATE)


def partition(statefulset: Document) -> int | None:
    """Ordinals below it keep the current revision; None where the strategy says nothing."""
    found = dig(statefulset, "spec", "updateStrategy", "rollingUpdate", "partition")
    return None if found is None else int(found)


def min_ready_seconds(statefulset: Document) -> int:
    return int(dig(statefulset, "spec", "minReadySeconds", default=0))


def history_limit(statefulset: Document) -> int:
    return int(dig(statefulset, "spec", "revisionHistoryLimit", default=10))


def claim_templates(statefulset: Document) -> list[Document]:
    found: list[Document] = dig(statefulset, "spec", "volumeClaimTemplates", default=[])
    return found


def retention(statefulset: Document) -> tuple[str, str]:
    """What becomes of the claims when it is scaled down, and when it is deleted: Retain or Delete."""
    policy = dig(statefulset, "spec", "persistentVolumeClaimRetentionPolicy", default={})
    return policy.get("whenScaled", RETAIN), policy.get("whenDeleted", RETAIN)


def parent_and_ordinal(name: str) -> tuple[str, int]:
    """What the name of a Pod says: of which StatefulSet it is, and which one; ("", -1) for another name."""
    found = _MEMBER.fullmatch(name)
    if found is None:
        return "", -1
    ordinal = int(found[2])
    return found[1], ordinal if ordinal <= _LARGEST_ORDINAL else -1


def ordinal(pod: Document) -> int:
    """The ordinal in the name of a Pod, -1 for none."""
    return parent_and_ordinal(metadata.name(pod))[1]


def pod_name(statefulset: Document, number: int) -> str:
    return f"{metadata.name(statefulset)}-{number}"


def claim_name(statefulset: Document, template: Document, number: int) -> str:
    """The claim that the Pod with this ordinal has for a template: "data-web-0"."""
    return f"{metadata.name(template)}-{metadata.name(statefulset)}-{number}"


def rollout_status(statefulset: Document) -> tuple[str, bool]:
    """The line of `kubectl rollout status` and whether the rollout is done.

    Raises RolloutFailed for a strategy that has no rollout (kubectl/pkg/polymorphichelpers/rollout_status.go).
    """
    status, wanted = statefulset.get("status") or {}, replicas(statefulset)
    if not is_rolling(statefulset):
        raise RolloutFailed(f"rollout status is only available for {ROLLING_UPDATE} strategy type")
    observed = count(status, "observedGeneration")
    if observed == 0 or statefulset["metadata"].get("generation", 0) > observed:
        return "Waiting for statefulset spec update to be observed...", False
    if count(status, "readyReplicas") < wanted:
        return f"Waiting for {wanted - count(status, 'readyReplicas')} pods to be ready...", False
    updated, border = count(status, "updatedReplicas"), partition(statefulset)
    if border is not None:
        if updated < wanted - border:
            text = f"{updated} out of {wanted - border} new pods have been updated"
            return f"Waiting for partitioned roll out to finish: {text}...", False
        return f"partitioned roll out complete: {updated} new pods have been updated...", True
    new, current = status.get("updateRevision", ""), status.get("currentRevision", "")
    if new != current:
        return f"waiting for statefulset rolling update to complete {updated} pods at revision {new}...", False
    done = count(status, "currentReplicas")
    return f"statefulset rolling update complete {done} pods at revision {current}...", True


# --- defaults and validation ---------------------------------------------------------------------------------


def prepare(statefulset: Document) -> Document:
    """A new StatefulSet has reported nothing yet (pkg/registry/apps/statefulset/strategy.go)."""
    return {**_without_max_unavailable(statefulset), "status": {"replicas": 0, "availableReplicas": 0}}


def prepare_update(statefulset: Document, old: Document) -> Document:
    """maxUnavailable is a feature that is off by default (dropStatefulSetDisabledFields)."""
    return _without_max_unavailable(statefulset)


def _without_max_unavailable(statefulset: Document) -> Document:
    rolling = dig(statefulset, "spec", "updateStrategy", "rollingUpdate", default={})
    if "maxUnavailable" not in rolling:
        return statefulset
    spec = statefulset["spec"]
    kept = {field: value for field, value in rolling.items() if field != "maxUnavailable"}
    return {**statefulset, "spec": {**spec, "updateStrategy": {**spec["updateStrategy"], "rollingUpdate": kept}}}


def default(statefulset: Document) -> Document:
    """SetDefaults_StatefulSet in pkg/apis/apps/v1/defaults.go."""
    spec = statefulset.get("spec") or {}
    policy = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    filled = {
        **spec,
        "template": default_template(spec.get("template") or {}),
        "podManagementPolicy": spec.get("podManagementPolicy") or ORDERED,
        "updateStrategy": _default_strategy(spec.get("updateStrategy") or {}),
        "persistentVolumeClaimRetentionPolicy": {
            field: policy.get(field) or RETAIN for field in ("whenDeleted", "whenScaled")
        },
        "serviceName": spec.get("serviceName") or "",
    }
    for field, number in (("replicas", 1), ("revisionHistoryLimit", 10)):
        if spec.get(field) is None:
            filled[field] = number
    if not spec.get("minReadySeconds"):
        filled.pop("minReadySeconds", None)
    if spec.get("volumeClaimTemplates"):
        filled["volumeClaimTemplates"] = [_default_claim(claim) for claim in spec["volumeClaimTemplates"]]
    return {**statefulset, "spec": filled}


def _default_strategy(strategy: Document) -> Document:
    if not strategy.get("type"):
        strategy = {**strategy, "type": ROLLING_UPDATE, "rollingUpdate": strategy.get("rollingUpdate") or {}}
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] != ROLLING_UPDATE or rolling is None:
        return strategy
    return {**strategy, "rollingUpdate": {**rolling, "partition": rolling.get("partition") or 0}}


def _default_claim(claim: Document) -> Document:
    typed = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **claims.default(claim)}
    return {**typed, "status": claim.get("status") or {"phase": "Pending"}}


def validate(statefulset: Document, old: Document | None) -> list[FieldError]:
    """ValidateStatefulSet and ValidateStatefulSetUpdate in pkg/apis/apps/validation/validation.go."""
    spec = statefulset.get("spec") or {}
    found = _policy_errors(spec) + _strategy_errors(spec["updateStrategy"]) + _retention_errors(spec)
    if old is None:
        for index, claim in enumerate(claim_templates(statefulset)):
            found += claim_spec_errors(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec")
    found += negative_errors(spec, ("replicas", "minReadySeconds"), "spec")
    found += negative_errors(spec.get("ordinals") or {}, ("start",), "spec.ordinals")
    if old is None and spec.get("serviceName"):
        found += [invalid("spec.serviceName", spec["serviceName"], why) for why in names.label(spec["serviceName"])]
    found += _selector_errors(spec) + _template_errors(statefulset)
    if old is not None and _fixed(spec) != _fixed(old["spec"]):
        listed = ", ".join(f"'{field}'" for field in CHANGEABLE[:-1])
        found.append(forbidden(
            "spec", f"updates to statefulset spec for fields other than {listed} and '{CHANGEABLE[-1]}' are forbidden"
        ))
    return found


def _fixed(spec: Document) -> Document:
    return {field: value for field, value in spec.items() if field not in CHANGEABLE}


def _policy_errors(spec: Document) -> list[FieldError]:
    policy = spec.get("podManagementPolicy")
    if policy in (ORDERED, PARALLEL):
        return []
    return [invalid("spec.podManagementPolicy", policy, f"must be '{ORDERED}' or '{PARALLEL}'")]


def _strategy_errors(strategy: Document) -> list[FieldError]:
    path, kind, rolling = "spec.updateStrategy", strategy.get("type"), strategy.get("rollingUpdate")
    if kind == ON_DELETE:
        if rolling is None:
            return []
        return [invalid(f"{path}.rollingUpdate", rolling, f"only allowed for updateStrategy '{ROLLING_UPDATE}'")]
    if kind != ROLLING_UPDATE:
        return [invalid(path, strategy, f"must be '{ROLLING_UPDATE}' or '{ON_DELETE}'")]
    return negative_errors(rolling or {}, ("partition",), f"{path}.rollingUpdate")


def _retention_errors(spec: Document) -> list[FieldError]:
    path = "spec.persistentVolumeClaimRetentionPolicy"
    return [
        not_supported(f"{path}.{field}", value, [RETAIN, DELETE])
        for field, value in spec["persistentVolumeClaimRetentionPolicy"].items() if value not in (RETAIN, DELETE)
    ]


def _selector_errors(spec: Document) -> list[FieldError]:
    wanted: Any = spec.get("selector")
    if wanted is None:
        return [required("spec.selector")]
    found = selector_errors(wanted, "spec.selector")
    if not any(map(wanted.get, ("matchLabels", "matchExpressions"))):
        found.append(invalid("spec.selector", wanted, "empty selector is invalid for statefulset"))
    return found


def _template_errors(statefulset: Document) -> list[FieldError]:
    """The template with the volumes that its claims will be: containers may mount them."""
    spec = statefulset["spec"]
    template, labels = spec["template"], dig(spec, "template", "metadata", "labels", default={})
    found = []
    try:
        matcher = LabelSelector.from_document(spec.get("selector"))
    except SelectorError:
        found.append(invalid("spec.selector", spec.get("selector"), ""))
    else:
        if not matcher.empty and not matcher.nothing and not matcher.matches(labels):
            complaint = "`selector` does not match template `labels`"
            found.append(invalid("spec.template.metadata.labels", labels or None, complaint))
    claimed = {dig(claim, "metadata", "name", default=""): claim for claim in claim_templates(statefulset)}
    volumes: list[Document] = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claimed]
    volumes += [volume for volume in template["spec"].get("volumes") or [] if volume.get("name") not in claimed]
    # The controller puts its own here.
    pod_spec = {field: value for field, value in template["spec"].items() if field not in ("subdomain", "hostname")}
    whole = {**template, "spec": {**pod_spec, "volumes": volumes} if volumes else pod_spec}
    return found + template_errors(whole, "spec.template", owner="StatefulSet")


# --- printing ------------------------------------------------------------------------------------------------


def _ready_cell(statefulset: Document, now: int) -> str:
    return f"{count(statefulset.get('status') or {}, 'readyReplicas')}/{replicas(statefulset)}"


KIND = REGISTRY.register(
    Kind(
        group="apps",
        version="v1",
        kind="StatefulSet",
        plural="statefulsets",
        singular="statefulset",
        short_names=("sts",),
        categories=("all",),
        subresources=frozenset({"status", "scale"}),
        namespaced=True,
        default=default,
        prepare=prepare,
        prepare_update=prepare_update,
        validate=validate,
        name_rule="label",
        counts_generation=True,
        columns=(NAME, Column("Ready", _ready_cell), AGE, *template_columns()[:2]),
    )
)
