"""What an eviction asks of disruption budgets before it becomes a delete (pkg/registry/core/pod/storage/eviction.go)."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.apiserver import errors
from cluster.apiserver.errors import APIError
from cluster.objects import conditions, metadata, times
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import poddisruptionbudget as budgets

REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
SEVERAL = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
CAUSE = "DisruptionBudget"
# What a client is told to wait while the controller has not counted yet (s).
RETRY_AFTER = 10
# So many granted evictions that nobody has seen yet mean that the controller does not work (MaxDisruptedPodSize).
MOST_DISRUPTED = 2000

DISRUPTION_TARGET, EVICTED = "DisruptionTarget", "EvictionByEvictionAPI"
MESSAGE = "Eviction API: evicting"


def spent(pod: Document, all_budgets: Iterable[Document], now: int) -> Document | None:
    """The budget with one disruption fewer, to be stored before the Pod is deleted; None when no budget has to give one.

    Raises TooManyRequests when the budget of the Pod refuses, InternalError when there are several.
    """
    if pods.is_terminal(pod) or pods.phase(pod) == "Pending" or metadata.is_being_deleted(pod):
        return None
    found = [budget for budget in all_budgets if budgets.covers(budget, pod)]
    if len(found) > 1:
        raise APIError(500, "", SEVERAL)
    if not found or _is_no_loss(pod, found[0]):
        return None
    _check(found[0])
    return _decremented(found[0], metadata.name(pod), now)


def marked(pod: Document, now: int) -> Document:
    """The Pod with the condition that tells why it goes; the same document when it says so already."""
    old = conditions.condition(pod, DISRUPTION_TARGET)
    wanted = {"status": "True", "reason": EVICTED, "message": MESSAGE}
    if old is not None and wanted.items() <= old.items():
        return pod
    since = old["lastTransitionTime"] if old is not None and old["status"] == "True" else times.rfc3339(now)
    new = {"type": DISRUPTION_TARGET, "lastProbeTime": None, "lastTransitionTime": since, **wanted}
    present: list[Document] = dig(pod, "status", "conditions", default=[])
    changed = [*present, new] if old is None else [new if found is old else found for found in present]
    return with_value(pod, ("status", "conditions"), changed)


def _is_no_loss(pod: Document, budget: Document) -> bool:
    """Whether a Pod that is not ready may go without costing the budget anything."""
    if pods.is_ready(pod):
        return False
    if budget["spec"].get("unhealthyPodEvictionPolicy") == budgets.ALWAYS_ALLOW:
        return True
    desired = budgets.desired_healthy(budget)
    return desired > 0 and budgets.current_healthy(budget) >= desired


def _check(budget: Document) -> None:
    """Raise unless the budget allows a disruption now (checkAndDecrement)."""
    name = metadata.name(budget)
    if budgets.observed_generation(budget) < budget["metadata"].get("generation", 0):
        cause = f"The disruption budget {name} is still being processed by the server."
        raise _too_many(cause, RETRY_AFTER)
    if budgets.allowed(budget) < 0:
        raise _forbidden(name, "pdb disruptions allowed is negative")
    if len(budgets.disrupted(budget)) > MOST_DISRUPTED:
        raise _forbidden(name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller")
    if budgets.allowed(budget) == 0:
        raise _too_many(_why_not(budget), 0)


def _why_not(budget: Document) -> str:
    name, healthy, desired = metadata.name(budget), budgets.current_healthy(budget), budgets.desired_healthy(budget)
    found = conditions.condition(budget, budgets.DISRUPTION_ALLOWED) or {}
    message = found.get("message", "") if found.get("status") == "False" else ""
    if message and found.get("reason") == budgets.SYNC_FAILED:
        return f"The disruption budget {name} does not allow evicting pods currently because it failed sync: {message}"
    if healthy <= desired:
        return f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
    if message:
        return f"The disruption budget {name} does not allow evicting pods currently ({found.get('reason', '')}): {message}"
    return f"The disruption budget {name} does not allow evicting pods currently"


def _decremented(budget: Document, pod: str, now: int) -> Document:
    status = {
        **budget["status"], "disruptionsAllowed": budgets.allowed(budget) - 1,
        "disruptedPods": {**budgets.disrupted(budget), pod: times.rfc3339(now)},
    }
    if not status["disruptionsAllowed"]:
        status = budgets.with_condition(status, now)
    return {**budget, "status": status}


def _too_many(cause: str, retry_after: int) -> APIError:
    return errors.too_many_requests(REFUSED, [{"reason": CAUSE, "message": cause}], retry_after)


def _forbidden(name: str, why: str) -> APIError:
    """Here the API server names the resource in the singular."""
    details = {"name": name, "group": "policy", "kind": "poddisruptionbudget"}
    return APIError(403, "Forbidden", f'poddisruptionbudget.policy "{name}" is forbidden: {why}', details)
