"""What may stand in the spec of a Job, and what of it may change (pkg/apis/batch/validation/validation.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster.objects import indexes, names
from cluster.objects.documents import Document, dig, with_value, without
from cluster.objects.field_errors import IMMUTABLE, duplicate, invalid, not_supported, required, too_long, too_many
from cluster.objects.internal_types import internal_template
from cluster.objects.metadata_rules import selector_errors
from cluster.objects.pod_template import template_errors
from cluster.objects.registry import FieldError
from cluster.objects.selectors import LabelSelector, SelectorError

INDEXED, NON_INDEXED = "Indexed", "NonIndexed"
FAILED, TERMINATING_OR_FAILED = "Failed", "TerminatingOrFailed"
RESTART_POLICIES = ("OnFailure", "Never")
# Labels that the server gives to a Job's Pods; those without a prefix are the old ones.
NAME_LABEL, UID_LABEL = "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"
OLD_NAME_LABEL, OLD_UID_LABEL = "job-name", "controller-uid"

COUNTS = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
          "backoffLimitPerIndex", "maxFailedIndexes")
MOST_INDEXES = 100_000
MOST_PARALLEL_OF_MANY = 10_000
MOST_RULES = 20
MOST_EXIT_CODES = 255
MOST_CONDITIONS = 20
LONGEST_MANAGER = 63
LONGEST_INDEXES = 64 * 1024
ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
OPERATORS = ("In", "NotIn")
STATUSES = ("False", "True", "Unknown")
UNCHANGEABLE = ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy")


def _without_value(path: str, text: str) -> FieldError:
    """A complaint about a whole structure, which is not shown."""
    return FieldError("FieldValueInvalid", path, f"Invalid value: {text}")


def _quoted(values: Sequence[str]) -> str:
    """A list of strings as Go's %q prints it."""
    return "[" + " ".join(f'"{value}"' for value in values) + "]"


# --- the spec ---------------------------------------------------------------------------------------------------


def job_spec_errors(spec: Document, path: str) -> list[FieldError]:
    """Complaints about the spec of a Job or of a CronJob's template (validateJobSpec)."""
    found = _count_errors(spec, path)
    if spec.get("managedBy") is not None:
        found += _manager_errors(spec["managedBy"], f"{path}.managedBy")
    found += _mode_errors(spec, path)
    policy = spec.get("podFailurePolicy")
    if policy is not None:
        found += _failure_policy_errors(spec, policy, f"{path}.podFailurePolicy.rules")
    if spec.get("successPolicy") is not None:
        found += _success_policy_errors(spec, f"{path}.successPolicy")
    found += _replacement_errors(spec, f"{path}.podReplacementPolicy")
    template = spec.get("template") or {}
    found += template_errors(template, f"{path}.template", restart_policies=RESTART_POLICIES, owner="Job")
    restart = dig(template, "spec", "restartPolicy")
    if policy is not None and restart == "OnFailure":
        why = 'only "Never" is supported when podFailurePolicy is specified'
        found.append(invalid(f"{path}.template.spec.restartPolicy", restart, why))
    return found


def _count_errors(spec: Document, path: str) -> list[FieldError]:
    found = [
        invalid(f"{path}.{field}", spec[field], "must be greater than or equal to 0")
        for field in COUNTS if (spec.get(field) or 0) < 0
    ]
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        found.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    return found


def _manager_errors(manager: str, path: str) -> list[FieldError]:
    domain, slash, rest = manager.partition("/")
    found = []
    if not (domain and slash and rest):
        found.append(invalid(path, manager, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    else:
        found += [invalid(path, domain, why) for why in names.subdomain(domain)]
    return [*found, too_long(path, LONGEST_MANAGER)] if len(manager) > LONGEST_MANAGER else found


def _mode_errors(spec: Document, path: str) -> list[FieldError]:
    mode = spec.get("completionMode")
    if mode == INDEXED:
        return _indexed_errors(spec, path)
    found = []
    if mode not in (None, NON_INDEXED):
        found.append(not_supported(f"{path}.completionMode", mode, [NON_INDEXED, INDEXED]))
        return found
    for field in ("backoffLimitPerIndex", "maxFailedIndexes"):
        if spec.get(field) is not None:
            found.append(invalid(f"{path}.{field}", spec[field], "requires indexed completion mode"))
    return found


def _indexed_errors(spec: Document, path: str) -> list[FieldError]:
    completions, parallelism, most = (spec.get(field) for field in ("completions", "parallelism", "maxFailedIndexes"))
    found = []
    if completions is None:
        found.append(required(f"{path}.completions", f"when completion mode is {INDEXED}"))
    if (parallelism or 0) > MOST_INDEXES:
        why = f"must be less than or equal to {MOST_INDEXES} when completion mode is {INDEXED}"
        found.append(invalid(f"{path}.parallelism", parallelism, why))
    if completions is not None and (most or 0) > completions:
        found.append(invalid(f"{path}.maxFailedIndexes", most, "must be less than or equal to completions"))
    if (most or 0) > MOST_INDEXES:
        found.append(invalid(f"{path}.maxFailedIndexes", most, f"must be less than or equal to {MOST_INDEXES}"))
    if (completions or 0) > MOST_INDEXES and spec.get("backoffLimitPerIndex") is not None:
        found += _many_indexes_errors(parallelism, most, path)
    return found


def _many_indexes_errors(parallelism: int | None, most: int | None, path: str) -> list[FieldError]:
    found = []
    if most is None:
        why = f"must be specified when completions is above {MOST_INDEXES}"
        found.append(required(f"{path}.maxFailedIndexes", why))
    for field, value in (("parallelism", parallelism), ("maxFailedIndexes", most)):
        if (value or 0) > MOST_PARALLEL_OF_MANY:
            why = (
                f"must be less than or equal to {MOST_PARALLEL_OF_MANY} when completions are above {MOST_INDEXES}"
                " and used with backoff limit per index"
            )
            found.append(invalid(f"{path}.{field}", value, why))
    return found


def _replacement_errors(spec: Document, path: str) -> list[FieldError]:
    policy = spec.get("podReplacementPolicy")
    allowed = [FAILED] if spec.get("podFailurePolicy") is not None else [FAILED, TERMINATING_OR_FAILED]
    return [] if policy is None or policy in allowed else [not_supported(path, policy, allowed)]


# --- what a failure means ---------------------------------------------------------------------------------------


def _failure_policy_errors(spec: Document, policy: Document, path: str) -> list[FieldError]:
    rules = policy.get("rules") or []
    found = [too_many(path, len(rules), MOST_RULES)] if len(rules) > MOST_RULES else []
    pod_spec = dig(spec, "template", "spec", default={})
    containers = {
        container.get("name") for group in ("containers", "initContainers") for container in pod_spec.get(group) or []
    }
    for number, rule in enumerate(rules):
        found += _failure_rule_errors(spec, rule, f"{path}[{number}]", containers)
    return found


def _failure_rule_errors(spec: Document, rule: Document, path: str, containers: set[str | None]) -> list[FieldError]:
    action, codes, conditions = rule.get("action"), rule.get("onExitCodes"), rule.get("onPodConditions") or []
    found = []
    if not action:
        found.append(required(f"{path}.action", f"valid values: {_quoted(ACTIONS)}"))
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        found.append(invalid(f"{path}.action", action, "requires the backoffLimitPerIndex to be set"))
    elif action not in ACTIONS:
        found.append(not_supported(f"{path}.action", action, ACTIONS))
    if codes is not None:
        found += _exit_codes_errors(codes, f"{path}.onExitCodes", containers)
    if conditions:
        found += _conditions_errors(conditions, f"{path}.onPodConditions")
    if codes is not None and conditions:
        found.append(_without_value(path, "specifying both OnExitCodes and OnPodConditions is not supported"))
    if codes is None and not conditions:
        found.append(_without_value(path, "specifying one of OnExitCodes and OnPodConditions is required"))
    return found


def _conditions_errors(conditions: list[Document], path: str) -> list[FieldError]:
    found = [too_many(path, len(conditions), MOST_CONDITIONS)] if len(conditions) > MOST_CONDITIONS else []
    for number, pattern in enumerate(conditions):
        here, type_, status = f"{path}[{number}]", pattern.get("type") or "", pattern.get("status")
        found += [invalid(f"{here}.type", type_, why) for why in names.qualified_name(type_)]
        if not status:
            found.append(required(f"{here}.status", f"valid values: {_quoted(STATUSES)}"))
        elif status not in STATUSES:
            found.append(not_supported(f"{here}.status", status, STATUSES))
    return found


def _exit_codes_errors(codes: Document, path: str, containers: set[str | None]) -> list[FieldError]:
    operator, container, values = codes.get("operator"), codes.get("containerName"), codes.get("values") or []
    found = []
    if not operator:
        found.append(required(f"{path}.operator", f"valid values: {_quoted(OPERATORS)}"))
    elif operator not in OPERATORS:
        found.append(not_supported(f"{path}.operator", operator, OPERATORS))
    if container is not None and container not in containers:
        why = "must be one of the container or initContainer names in the pod template"
        found.append(invalid(f"{path}.containerName", container, why))
    path += ".values"
    if not values:
        found.append(invalid(path, values or None, "at least one value is required"))
    elif len(values) > MOST_EXIT_CODES:
        found.append(too_many(path, len(values), MOST_EXIT_CODES))
    for number, value in enumerate(values):
        if operator == "In" and value == 0:
            found.append(invalid(f"{path}[{number}]", value, "must not be 0 for the In operator"))
        if value in values[:number]:
            found.append(duplicate(f"{path}[{number}]", value))
    if values != sorted(values):
        found.append(invalid(path, values, "must be ordered"))
    return found


# --- what a success means ---------------------------------------------------------------------------------------


def _success_policy_errors(spec: Document, path: str) -> list[FieldError]:
    policy = spec["successPolicy"]
    if spec.get("completionMode") != INDEXED:
        return [invalid(path, policy, "requires indexed completion mode")]
    rules, path = policy.get("rules") or [], f"{path}.rules"
    found = []
    if not rules:
        found.append(required(path, "at least one rules must be specified when the successPolicy is specified"))
    if len(rules) > MOST_RULES:
        found.append(too_many(path, len(rules), MOST_RULES))
    for number, rule in enumerate(rules):
        found += _success_rule_errors(rule, spec.get("completions") or 0, f"{path}[{number}]")
    return found


def _success_rule_errors(rule: Document, completions: int, path: str) -> list[FieldError]:
    text, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    found, total = [], 0
    if text is None and count is None:
        found.append(required(path, "at least one of succeededCount or succeededIndexes must be specified"))
    if text is not None:
        if len(text) > LONGEST_INDEXES:
            found.append(too_long(f"{path}.succeededIndexes", LONGEST_INDEXES))
        try:
            total = indexes.checked(text, completions)
        except indexes.BadIndexes as problem:
            found.append(invalid(f"{path}.succeededIndexes", text, f"error parsing succeededIndexes: {problem}"))
    if count is None:
        return found
    path += ".succeededCount"
    if count < 0:
        found.append(invalid(path, count, "must be greater than or equal to 0"))
    if count > completions:
        why = f"must be less than or equal to {completions} (the number of specified completions)"
        found.append(invalid(path, count, why))
    if text is not None and count > total:
        why = f"must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
        found.append(invalid(path, count, why))
    return found


# --- the selector -----------------------------------------------------------------------------------------------


def selector_and_labels_errors(spec: Document) -> list[FieldError]:
    """A Job's selector must match the Pods that it makes (ValidateJobSpec)."""
    wanted: Any = spec.get("selector")
    found = [required("spec.selector")] if wanted is None else selector_errors(wanted, "spec.selector")
    labels = dig(spec, "template", "metadata", "labels", default={})
    if not _matches(wanted, labels):
        why = "`selector` does not match template `labels`"
        found.append(invalid("spec.template.metadata.labels", labels or None, why))
    return found


def _matches(selector: Any, labels: dict[str, str]) -> bool:
    """Whether a selector matches; one that cannot be read has been complained about elsewhere."""
    try:
        return LabelSelector.from_document(selector).matches(labels)
    except SelectorError:
        return True


def generated_selector_errors(job: Document) -> list[FieldError]:
    """The labels that the server has put into the template must be its own (validateGeneratedSelector)."""
    meta, spec = job["metadata"], job["spec"]
    if spec.get("manualSelector") or spec.get("selector") is None:
        return []
    uid, name = meta.get("uid", ""), meta.get("name", "")
    expected = {OLD_UID_LABEL: uid, OLD_NAME_LABEL: name, UID_LABEL: uid, NAME_LABEL: name}
    labels = dig(spec, "template", "metadata", "labels", default={})
    found = []
    for key, value in expected.items():
        path = f"spec.template.metadata.labels[{key}]"
        if key not in labels:
            found.append(required(path, f"must be '{value}'"))
        elif labels[key] != value:
            found.append(invalid(path, labels, f"must be '{value}'"))
    if not _matches(spec["selector"], expected):
        found.append(invalid("spec.selector", spec["selector"], "`selector` not auto-generated"))
    return found


def hostname_errors(job: Document) -> list[FieldError]:
    """The host names of an Indexed Job's Pods end in their index (ValidateJob)."""
    spec, name = job["spec"], job["metadata"].get("name", "")
    if spec.get("completionMode") != INDEXED or (spec.get("completions") or 0) <= 0:
        return []
    longest = f"{name}-{spec['completions'] - 1}"
    if not names.label(longest):
        return []
    return [invalid("metadata.name", name, f"will not able to create pod with invalid DNS label: {longest}")]


# --- changes ----------------------------------------------------------------------------------------------------


def update_errors(job: Document, old: Document, *, free_template: bool) -> list[FieldError]:
    """What of a Job's spec may not change (ValidateJobSpecUpdate).

    `free_template`: the Job is suspended and has no Pods, so where they will run and what they need may change.
    """
    spec, before = job["spec"], old["spec"]
    found = _completions_errors(spec, before)
    found += _unchanged(spec, before, "selector")
    found += _template_errors(spec, before, free_template)
    for field in UNCHANGEABLE:
        found += _unchanged(spec, before, field)
    return found


def _unchanged(spec: Document, before: Document, field: str) -> list[FieldError]:
    value = spec.get(field)
    return [] if value == before.get(field) else [invalid(f"spec.{field}", value, IMMUTABLE)]


def _completions_errors(spec: Document, before: Document) -> list[FieldError]:
    if spec.get("completionMode") != INDEXED:
        return _unchanged(spec, before, "completions")
    completions = spec.get("completions")
    if completions in (None, before.get("completions"), spec.get("parallelism")):
        return []
    return [invalid("spec.completions", completions, "can only be modified in tandem with spec.parallelism")]


def _template_errors(spec: Document, before: Document, free: bool) -> list[FieldError]:
    template, old = spec["template"], before["template"]
    if free:
        old = _with_new_placement(old, template)
        allowed = _with_new_resources(old["spec"], template["spec"])
        if template["spec"] == allowed:
            return []
        return [invalid("spec.template.spec", internal_template(template)["Spec"], IMMUTABLE)]
    return [] if template == old else [invalid("spec.template", internal_template(template), IMMUTABLE)]


def _with_new_placement(old: Document, template: Document) -> Document:
    """The old template with the new one's labels, node selector, tolerations, gates and node affinity."""
    for path in (("metadata", "labels"), ("metadata", "annotations"), ("spec", "nodeSelector"), ("spec", "tolerations"),
                 ("spec", "schedulingGates")):
        value = dig(template, *path)
        old = without(old, path) if value is None else with_value(old, path, value)
    affinity = {
        **{kind: rules for kind, rules in dig(old, "spec", "affinity", default={}).items() if kind != "nodeAffinity"},
        **{kind: rules for kind, rules in dig(template, "spec", "affinity", default={}).items() if kind == "nodeAffinity"},
    }
    kept = affinity or dig(template, "spec", "affinity")
    return without(old, ("spec", "affinity")) if kept is None else with_value(old, ("spec", "affinity"), affinity)


def _with_new_resources(old: Document, spec: Document) -> Document:
    for group in ("containers", "initContainers"):
        ours, theirs = old.get(group) or [], spec.get(group) or []
        if ours and len(ours) == len(theirs):
            old = {**old, group: [_with_resources_of(*pair) for pair in zip(ours, theirs, strict=True)]}
    return old


def _with_resources_of(ours: Document, theirs: Document) -> Document:
    if ours.get("name") != theirs.get("name") or "resources" not in theirs:
        return ours
    return {**ours, "resources": theirs["resources"]}
