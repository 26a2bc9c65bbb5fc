"""What a Job's author says about failures and successes: podFailurePolicy and successPolicy.

pkg/controller/job: pod_failure_policy.go, success_policy.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cluster.objects import indexes, metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import job as jobs

FAIL_JOB, FAIL_INDEX, IGNORE, COUNT = "FailJob", "FailIndex", "Ignore", "Count"


class Verdict(NamedTuple):
    """What the first matching rule says of a failed Pod; `message` only when the whole Job fails."""

    action: str
    rule: int
    message: str = ""


def verdict(job: Document, pod: Document) -> Verdict | None:
    """The first rule of the failure policy that matches; None when none does (matchPodFailurePolicy)."""
    for number, rule in enumerate(dig(job, "spec", "podFailurePolicy", "rules", default=[])):
        what = _by_exit_code(rule["onExitCodes"], pod) if rule.get("onExitCodes") is not None else _by_condition(rule, pod)
        if what:
            message = f"{what} matching {rule['action']} rule at index {number}" if rule["action"] == FAIL_JOB else ""
            return Verdict(rule["action"], number, message)
    return None


def counts_as_failure(job: Document, pod: Document) -> bool:
    """Whether the failure counts towards the limits: all do but those that a rule ignores."""
    found = verdict(job, pod)
    return found is None or found.action != IGNORE


def _by_exit_code(rule: Document, pod: Document) -> str:
    """Which container failed in a way that the rule means, "" for none; init containers are looked at last."""
    for group in ("containerStatuses", "initContainerStatuses"):
        for status in dig(pod, "status", group, default=[]):
            code = dig(status, "state", "terminated", "exitCode", default=0)
            if code == 0 or rule.get("containerName") not in (None, status["name"]):
                continue
            if (code in rule["values"]) == (rule["operator"] == "In"):
                where = f"{metadata.namespace(pod)}/{metadata.name(pod)}"
                return f"Container {status['name']} for pod {where} failed with exit code {code}"
    return ""


def _by_condition(rule: Document, pod: Document) -> str:
    for found in dig(pod, "status", "conditions", default=[]):
        for pattern in rule.get("onPodConditions") or []:
            if (found["type"], found["status"]) == (pattern["type"], pattern["status"]):
                return f"Pod {metadata.namespace(pod)}/{metadata.name(pod)} has condition {found['type']}"
    return ""


def failure(job: Document, failed: Sequence[Document]) -> str:
    """Why one of the failed Pods makes the whole Job fail; "" when none does (getFailJobMessage)."""
    for pod in failed:
        found = verdict(job, pod)
        if found is not None and found.message:
            return found.message
    return ""


def success(job: Document, succeeded: set[int]) -> str:
    """Which rule of the success policy is met; "" for none (matchSuccessPolicy)."""
    wanted = jobs.completions(job) or 0
    for number, rule in enumerate(dig(job, "spec", "successPolicy", "rules", default=[])):
        if succeeded and _is_met(rule, succeeded, wanted):
            return f"Matched rules at index {number}"
    return ""


def _is_met(rule: Document, succeeded: set[int], completions: int) -> bool:
    text, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    if text is None:
        return count is not None and len(succeeded) >= count
    required = indexes.parse(text, completions)
    if not required:
        return False
    met = len(required & succeeded)
    return met == len(required) or (count is not None and met >= count)
