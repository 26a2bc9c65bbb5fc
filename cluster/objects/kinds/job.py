"""Job: Pods that run until enough of them have succeeded."""

from __future__ import annotations

from typing import Any

from cluster.objects import metadata, times
from cluster.objects.conditions import condition, is_true
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.job_validation import (
    FAILED,
    INDEXED,
    NAME_LABEL,
    NON_INDEXED,
    OLD_NAME_LABEL,
    OLD_UID_LABEL,
    TERMINATING_OR_FAILED,
    UID_LABEL,
    generated_selector_errors,
    hostname_errors,
    job_spec_errors,
    selector_and_labels_errors,
    update_errors,
)
from cluster.objects.kinds.deployment import count
from cluster.objects.kinds.replicaset import template_columns
from cluster.objects.pod_template import default_template
from cluster.objects.printing import AGE, NAME, human_duration
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind
from cluster.objects.selectors import LabelSelector

RESOURCE = "jobs.batch"
# Conditions. What decides comes first (the Pods are still going), the end second.
SUCCESS_CRITERIA_MET, FAILURE_TARGET = "SuccessCriteriaMet", "FailureTarget"
COMPLETE, FAILURE, SUSPENDED = "Complete", "Failed", "Suspended"
# On every Pod of a Job until it has been counted.
TRACKING = "batch.kubernetes.io/job-tracking"
# Annotations of Pods of an Indexed Job; the first one is a label too.
INDEX = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"
INDEX_IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"
CONTROLLER = "kubernetes.io/job-controller"
NO_LIMIT = 2**31 - 1
BACK_OFF_LIMIT = 6
DEFAULT_POLICY_STATUS = "True"


# --- questions -----------------------------------------------------------------------------------------------


def selector(job: Document) -> LabelSelector:
    """Its selector; raises SelectorError for one that validation would refuse."""
    return LabelSelector.from_document(dig(job, "spec", "selector"))


def parallelism(job: Document) -> int:
    return int(dig(job, "spec", "parallelism", default=1))


def completions(job: Document) -> int | None:
    """How many Pods must succeed; None for a work queue, where one success means that the work is done."""
    found = dig(job, "spec", "completions")
    return None if found is None else int(found)


def is_indexed(job: Document) -> bool:
    return bool(dig(job, "spec", "completionMode") == INDEXED)


def is_suspended(job: Document) -> bool:
    """Whether its author has suspended it; its Pods may still be going."""
    return bool(dig(job, "spec", "suspend", default=False))


def limit_per_index(job: Document) -> int | None:
    """How often an index may fail; None when failures are counted for the Job as a whole."""
    found = dig(job, "spec", "backoffLimitPerIndex")
    return None if found is None else int(found)


def replaces_only_failed(job: Document) -> bool:
    """Whether a Pod that is being deleted is replaced only when it is gone (onlyReplaceFailedPods)."""
    return dig(job, "spec", "podReplacementPolicy") == FAILED or dig(job, "spec", "podFailurePolicy") is not None


def end(job: Document) -> str:
    """"Complete", "Failed", or "" for a Job that has not finished (FinishedCondition)."""
    return next((type_ for type_ in (COMPLETE, FAILURE) if is_true(job, type_)), "")


def ended_at(job: Document) -> int | None:
    """When it finished (virtual ms); None before that."""
    found = condition(job, end(job)) if end(job) else None
    return None if found is None else times.parse(found["lastTransitionTime"])


def active_deadline(job: Document) -> int | None:
    """How long it may run (ms)."""
    seconds = dig(job, "spec", "activeDeadlineSeconds")
    return None if seconds is None else int(seconds) * times.SECOND


def started_at(job: Document) -> int | None:
    """When it began to run (virtual ms); None while it has not."""
    found = dig(job, "status", "startTime")
    return None if found is None else times.parse(found)


def is_managed_elsewhere(job: Document) -> bool:
    """Whether another controller than Kubernetes' own looks after it."""
    return dig(job, "spec", "managedBy") not in (None, CONTROLLER)


# --- defaults and validation ---------------------------------------------------------------------------------


def prepare(job: Document) -> Document:
    return {**job, "status": {}}


def default(job: Document) -> Document:
    """SetDefaults_Job in pkg/apis/batch/v1/defaults.go."""
    spec = default_spec(job.get("spec") or {})
    filled = dict(spec)
    if spec.get("completions") is None and spec.get("parallelism") is None:
        filled["completions"] = 1
    per_index, policy = spec.get("backoffLimitPerIndex") is not None, spec.get("podFailurePolicy") is not None
    for field, value in (
        ("parallelism", 1), ("backoffLimit", NO_LIMIT if per_index else BACK_OFF_LIMIT), ("completionMode", NON_INDEXED),
        ("suspend", False), ("podReplacementPolicy", FAILED if policy else TERMINATING_OR_FAILED),
        ("manualSelector", False),
    ):
        if spec.get(field) is None:
            filled[field] = value
    labels = dig(filled, "template", "metadata", "labels")
    job = {**job, "spec": filled}
    return with_value(job, ("metadata", "labels"), labels) if labels and not metadata.labels(job) else job


def default_spec(spec: Document) -> Document:
    """What a Job and the template of a CronJob have in common: the Pods' defaults and those of a failure policy."""
    filled = {**spec, "template": default_template(spec.get("template") or {})}
    if dig(spec, "podFailurePolicy", "rules"):
        rules = [_default_rule(rule) for rule in spec["podFailurePolicy"]["rules"]]
        filled["podFailurePolicy"] = {**spec["podFailurePolicy"], "rules": rules}
    return filled


def _default_rule(rule: Document) -> Document:
    patterns = [
        {**pattern, "status": pattern.get("status") or DEFAULT_POLICY_STATUS} for pattern in rule.get("onPodConditions") or []
    ]
    return {**rule, "onPodConditions": patterns} if patterns else rule


def identify(job: Document) -> Document:
    """Selector and labels that no other Job has (generateSelector in pkg/registry/batch/job/strategy.go).

    A Job without labels of its own shows those of its Pods.
    """
    spec, uid, name = job["spec"], metadata.uid(job), job["metadata"].get("name", "")
    if spec.get("manualSelector"):
        return job
    given = dig(spec, "template", "metadata", "labels", default={})
    labels = {OLD_NAME_LABEL: name, NAME_LABEL: name, OLD_UID_LABEL: uid, UID_LABEL: uid, **given}
    wanted = spec.get("selector") or {}
    wanted = {**wanted, "matchLabels": {UID_LABEL: uid, **(wanted.get("matchLabels") or {})}}
    shown = metadata.labels(job) in ({}, given)
    job = with_value({**job, "spec": {**spec, "selector": wanted}}, ("spec", "template", "metadata", "labels"), labels)
    return with_value(job, ("metadata", "labels"), labels) if shown else job


def validate(job: Document, old: Document | None) -> list[FieldError]:
    """ValidateJob and ValidateJobUpdate in pkg/apis/batch/validation/validation.go."""
    spec = job.get("spec") or {}
    found = [
        *generated_selector_errors(job),
        *job_spec_errors(spec, "spec"),
        *selector_and_labels_errors(spec),
        *hostname_errors(job),
    ]
    return found if old is None else found + update_errors(job, old, free_template=_has_free_template(old))


def _has_free_template(job: Document) -> bool:
    """Whether nothing runs yet that a change of the template could contradict (shouldAllowMutablePodTemplate)."""
    idle = dig(job, "status", "startTime") is None or is_true(job, SUSPENDED)
    return is_suspended(job) and idle and not count(job.get("status") or {}, "active")


# --- printing ------------------------------------------------------------------------------------------------


def status_cell(job: Document, now: int) -> str:
    """printJob in pkg/printers/internalversion/printers.go."""
    if end(job):
        return end(job)
    if metadata.is_being_deleted(job):
        return "Terminating"
    shown = (SUSPENDED, FAILURE_TARGET, SUCCESS_CRITERIA_MET)
    return next((type_ for type_ in shown if is_true(job, type_)), "Running")


def completions_cell(job: Document, now: int) -> str:
    succeeded, wanted = count(job.get("status") or {}, "succeeded"), completions(job)
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    return f"{succeeded}/1 of {parallelism(job)}" if parallelism(job) > 1 else f"{succeeded}/1"


def duration_cell(job: Document, now: int) -> str:
    started, completed = started_at(job), dig(job, "status", "completionTime")
    if started is None:
        return ""
    return human_duration((now if completed is None else times.parse(completed)) - started)


def _successful(job: Document) -> str:
    return str(count(job.get("status") or {}, "succeeded"))


FIELD_LABELS: dict[str, Any] = {"status.successful": _successful}

KIND = REGISTRY.register(
    Kind(
        group="batch",
        version="v1",
        kind="Job",
        plural="jobs",
        singular="job",
        categories=("all",),
        subresources=frozenset({"status"}),
        namespaced=True,
        default=default,
        prepare=prepare,
        identify=identify,
        validate=validate,
        default_propagation="Orphan",
        field_labels=FIELD_LABELS,
        counts_generation=True,
        columns=(
            NAME,
            Column("Status", status_cell),
            Column("Completions", completions_cell),
            Column("Duration", duration_cell),
            AGE,
            *template_columns(),
        ),
    )
)
