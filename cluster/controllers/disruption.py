"""The disruption controller: counts the healthy Pods of each budget and says how many may be evicted now.

pkg/controller/disruption/disruption.go
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cluster.apiserver.server import BUDGETS
from cluster.controllers.disruption_scale import UnknownScale, expected_scale
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, NORMAL, Story, object_reference
from cluster.objects import metadata, times
from cluster.objects.conditions import condition
from cluster.objects.documents import Document, with_value
from cluster.objects.int_or_percent import scaled_value
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import poddisruptionbudget as budgets

# What the controller manager's events name as their source.
SOURCE = "controllermanager"
# A Pod whose eviction was granted is expected to be deleted by then (DeletionTimeout) …
DELETION_TIMEOUT = 2 * times.MINUTE
# … and one that was told that it goes, and stays, is told that it does not (stalePodDisruptionTimeout).
STALE_TIMEOUT = 2 * times.MINUTE
DISRUPTION_TARGET = "DisruptionTarget"

# First words of keys about Pods: protected by several budgets; told long ago that it goes.
SEVERAL, STALE = "several", "stale"
UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of the "
    "PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set "
    '".spec.minAvailable" field of the PDB to an integer value.'
)


class DisruptionController(Component):
    """Keys: (namespace, name) of a budget, or (SEVERAL | STALE, namespace, name) of a Pod."""

    name = "disruption-controller"
    watches = (BUDGETS, "pods")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == BUDGETS:
            return [change.key]
        pod = change.old if change.new is None else change.new
        found = _covering(view, pod)
        # Only one of several budgets hears of the Pod, as with a real controller.
        keys: list[Key] = [(metadata.namespace(budget), metadata.name(budget)) for budget in found[:1]]
        if len(found) > 1:
            keys.append((SEVERAL, *change.key))
        if change.new is not None and _told_to_go(change.new):
            keys.append((STALE, *change.key))
        return keys

    def all_keys(self, view: Reader) -> Iterable[Key]:
        stale: list[Key] = [
            (STALE, metadata.namespace(pod), metadata.name(pod)) for pod in view.list("pods") if _told_to_go(pod)
        ]
        return [*super().all_keys(view), *stale]

    def reconcile(self, context: Context, key: Key) -> None:
        if key[0] == STALE and len(key) > 2:
            _forgive(context, key)
        elif key[0] == SEVERAL and len(key) > 2:
            _complain(context, key)
        else:
            budget = context.get(BUDGETS, *key)
            if budget is not None:
                _sync(context, budget)


# --- Pods ------------------------------------------------------------------------------------------------------------


def _covering(view: Reader, pod: Document) -> list[Document]:
    """The budgets that protect a Pod; a Pod without labels has none."""
    if not metadata.labels(pod):
        return []
    return [budget for budget in view.list(BUDGETS, metadata.namespace(pod)) if budgets.covers(budget, pod)]


def _complain(context: Context, key: Key) -> None:
    pod = context.get("pods", *key[1:])
    found = [] if pod is None else _covering(context, pod)
    if pod is None or len(found) < 2:
        return
    message = (
        f'Pod "{key[1]}"/"{key[2]}" matches multiple PodDisruptionBudgets.  '
        f'Chose "{metadata.name(found[0])}" arbitrarily.'
    )
    context.event(pod, "Warning", "MultiplePodDisruptionBudgets", message, source=SOURCE)


def _told_to_go(pod: Document) -> bool:
    """Whether it was told that it goes and nobody deletes it; what a kubelet says of its own Pods holds longer."""
    found = condition(pod, DISRUPTION_TARGET)
    if found is None or found["status"] != "True" or found.get("reason") == "TerminationByKubelet":
        return False
    return not metadata.is_being_deleted(pod) and not pods.is_terminal(pod)


def _forgive(context: Context, key: Key) -> None:
    """Take back the condition of a Pod that stays after all."""
    pod = context.get("pods", *key[1:])
    if pod is None or not _told_to_go(pod):
        return
    told = condition(pod, DISRUPTION_TARGET)
    assert told is not None
    left = times.parse(told["lastTransitionTime"]) + STALE_TIMEOUT - context.now
    if left > 0:
        context.again(left, quiet=True)
        return
    new = {
        "type": DISRUPTION_TARGET, "observedGeneration": pod["metadata"].get("generation", 1), "status": "False",
        "lastProbeTime": None, "lastTransitionTime": times.rfc3339(context.now),
    }
    changed = [new if found is told else found for found in pod["status"]["conditions"]]
    story = Story("disruption.stale", {"pod": object_reference("pods", pod)}, NORMAL)
    context.update(with_value(pod, ("status", "conditions"), changed), subresource="status", story=story)


# --- budgets ---------------------------------------------------------------------------------------------------------


def _sync(context: Context, budget: Document) -> None:
    selector = budgets.selector(budget)
    found = context.list("pods", metadata.namespace(budget), selector) if not selector.nothing else []
    if not found:
        context.event(budget, "Normal", "NoPods", "No matching pods found", source=SOURCE)
    try:
        expected, desired = _expectations(context, budget, found)
    except UnknownScale as problem:
        message = f"Failed to calculate the number of expected pods: {problem}"
        context.event(budget, "Warning", "CalculateExpectedPodCountFailed", message, source=SOURCE)
        _fail_safe(context, budget, str(problem))
        return
    disrupted = _still_disrupted(context, budget, found)
    healthy = sum(
        pods.is_ready(pod) and not metadata.is_being_deleted(pod) and metadata.name(pod) not in disrupted for pod in found
    )
    _report(context, budget, healthy, desired, expected, disrupted)
    if not context.wrote and disrupted:
        first = min(times.parse(when) for when in disrupted.values())
        context.again(first + DELETION_TIMEOUT + 1 - context.now, quiet=True)


def _expectations(context: Context, budget: Document, found: list[Document]) -> tuple[int, int]:
    """How many Pods there ought to be, and how many of them healthy; raises UnknownScale."""
    spec = budget["spec"]
    at_least, at_most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if at_most is None and at_least is None:
        return 0, 0
    if at_most is None and isinstance(at_least, int):
        return len(found), at_least
    expected, unmanaged = expected_scale(context, found)
    if unmanaged:
        message = UNMANAGED.format(_as_go_shows_it(spec.get("selector") or {}))
        context.event(budget, "Warning", "UnmanagedPods", message, source=SOURCE)
    if at_most is not None:
        return expected, max(0, expected - scaled_value(at_most, expected, round_up=True))
    return expected, scaled_value(at_least, expected, round_up=True)


def _as_go_shows_it(selector: Document) -> str:
    """A selector as the controller's event shows it, with the names of Go's types."""
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{each['key']},Operator:{each['operator']},"
        f"Values:[{' '.join(each.get('values') or [])}],}},"
        for each in selector.get("matchExpressions") or []
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )


def _still_disrupted(context: Context, budget: Document, found: list[Document]) -> dict[str, str]:
    """The Pods whose eviction was granted and whose deletion is still to come (buildDisruptedPodMap)."""
    granted, left = budgets.disrupted(budget), {}
    for pod in found:
        when = granted.get(metadata.name(pod))
        if when is None or metadata.is_being_deleted(pod):
            continue
        if times.parse(when) + DELETION_TIMEOUT < context.now:
            # The real text names the namespace twice and the budget not at all.
            namespace = metadata.namespace(budget)
            message = f"Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't"
            context.event(pod, "Warning", "NotDeleted", message, source=SOURCE)
        else:
            left[metadata.name(pod)] = when
    return left


def _report(
    context: Context, budget: Document, healthy: int, desired: int, expected: int, disrupted: Mapping[str, str]
) -> None:
    """Store what was counted, if it differs. Nothing is allowed while no Pods are expected (updatePdbStatus)."""
    allowed = max(0, healthy - desired) if expected > 0 else 0
    counted: Document = {
        "observedGeneration": budget["metadata"]["generation"], "disruptionsAllowed": allowed,
        "currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": expected,
    }
    if disrupted:
        counted["disruptedPods"] = dict(disrupted)
    status = budget.get("status") or {}
    known = {field: value for field, value in status.items() if field != "conditions"}
    if counted == known and budgets.condition_is_current(budget):
        return
    kept = {"conditions": status["conditions"]} if "conditions" in status else {}
    weight = NORMAL if allowed != budgets.allowed(budget) else FOLDED
    args = {
        "budget": object_reference(BUDGETS, budget), "allowed": allowed, "healthy": healthy, "desired": desired,
        "expected": expected,
    }
    new = {**budget, "status": budgets.with_condition({**counted, **kept}, context.now)}
    context.update(new, subresource="status", story=Story("disruption.status", args, weight))


def _fail_safe(context: Context, budget: Document, failure: str) -> None:
    """What cannot be counted allows nothing."""
    status = {**(budget.get("status") or {}), "disruptionsAllowed": 0}
    status = budgets.with_condition(status, context.now, failure=failure)
    args = {"budget": object_reference(BUDGETS, budget), "error": failure}
    context.update({**budget, "status": status}, subresource="status", story=Story("disruption.failed", args, NORMAL))
