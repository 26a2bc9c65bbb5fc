"""From what metrics ask for to what is done: stabilisation, rates, bounds (pkg/controller/podautoscaler/horizontal.go)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from cluster.objects import times
from cluster.objects.documents import Document
from cluster.objects.kinds import horizontalpodautoscaler as hpas

DOWN_WINDOW = 300  # seconds
UP_FACTOR, UP_MINIMUM = 2, 4
TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
UP_LIMIT = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
DOWN_LIMIT = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
IN_RANGE = ("DesiredWithinRange", "the desired count is within the acceptable range")
READY = ("ReadyForNewScale", "recommended size matches current size")
UP_STABILIZED = (
    "ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
DOWN_STABILIZED = (
    "ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent recommendation",
)

Words = tuple[str, str]  # reason and message of a condition
Marks = list[list[int]]  # [number, when (ms)], the oldest first


class History(NamedTuple):
    """What the controller remembers: recommendations, and by how much it scaled up and down."""

    recommendations: Marks
    ups: Marks
    downs: Marks


class Outcome(NamedTuple):
    """The size to have, and the words of the conditions AbleToScale and ScalingLimited."""

    desired: int
    stabilized: int
    able: Words
    limited: bool
    limit: Words


def normalized(hpa: Document, history: History, current: int, proposed: int, now: int) -> Outcome:
    """What becomes of a proposal."""
    rules = hpas.behavior(hpa)
    if rules is None:
        stabilized = max([proposed, *_since(history.recommendations, now - DOWN_WINDOW * times.SECOND, including=True)])
        able = DOWN_STABILIZED if stabilized != proposed else READY
        desired, limit = _by_habit(hpa, current, stabilized)
    else:
        stabilized = _stabilized(hpa, history, current, proposed, now)
        able = READY
        if stabilized != proposed:
            able = UP_STABILIZED if proposed >= current else DOWN_STABILIZED
        desired, limit = _by_rules(hpa, rules, history, current, stabilized, now)
    return Outcome(desired, stabilized, able, desired != stabilized, limit)


def longest_memory(hpa: Document) -> int:
    """For how long (ms) recommendations and changes of size matter."""
    seconds = [DOWN_WINDOW]
    for rules in (hpas.behavior(hpa) or {}).values():
        seconds.append(rules.get("stabilizationWindowSeconds") or 0)
        seconds += [policy["periodSeconds"] for policy in rules["policies"]]
    return max(seconds) * times.SECOND


def _since(marks: Marks, cutoff: int, *, including: bool = False) -> list[int]:
    return [number for number, when in marks if when > cutoff or (including and when == cutoff)]


# --- without rules ---------------------------------------------------------------------------------------------------


def _by_habit(hpa: Document, current: int, wanted: int) -> tuple[int, Words]:
    """At most twice as many at a time, or four (convertDesiredReplicasWithRules)."""
    fastest = max(UP_FACTOR * current, UP_MINIMUM)
    highest, why = (fastest, UP_LIMIT) if hpas.most(hpa) > fastest else (hpas.most(hpa), TOO_MANY)
    if wanted < hpas.least(hpa):
        return hpas.least(hpa), TOO_FEW
    return (highest, why) if wanted > highest else (wanted, IN_RANGE)


# --- with rules ------------------------------------------------------------------------------------------------------


def windows(hpa: Document) -> tuple[int, int]:
    """For how many seconds recommendations count before it scales up, and before it scales down."""
    rules = hpas.behavior(hpa) or {}
    up = (rules.get("scaleUp") or {}).get("stabilizationWindowSeconds") or 0
    down = (rules.get("scaleDown") or {}).get("stabilizationWindowSeconds")
    return up, DOWN_WINDOW if down is None else down


def _stabilized(hpa: Document, history: History, current: int, proposed: int, now: int) -> int:
    """Within the lowest and highest of recent recommendations (stabilizeRecommendationWithBehaviors)."""
    up, down = windows(hpa)
    lowest = min([proposed, *_since(history.recommendations, now - up * times.SECOND)])
    highest = max([proposed, *_since(history.recommendations, now - down * times.SECOND)])
    return min(max(current, lowest), highest)


def _by_rules(
    hpa: Document, rules: Document, history: History, current: int, wanted: int, now: int
) -> tuple[int, Words]:
    """No faster than the policies allow (convertDesiredReplicasWithBehaviorRate)."""
    if wanted > current:
        fastest = max(current, _limit(rules["scaleUp"], history, current, now, up=True))
        highest, why = (fastest, UP_LIMIT) if hpas.most(hpa) > fastest else (hpas.most(hpa), TOO_MANY)
        if wanted > highest:
            return highest, why
    elif wanted < current:
        slowest = min(current, _limit(rules["scaleDown"], history, current, now, up=False))
        lowest, why = (slowest, DOWN_LIMIT) if hpas.least(hpa) < slowest else (hpas.least(hpa), TOO_FEW)
        if wanted < lowest:
            return lowest, why
    return wanted, IN_RANGE


def limit_steps(hpa: Document, history: History, current: int, now: int, *, up: bool) -> tuple[str, list[dict[str, Any]]]:
    """Which policy of a direction is chosen ("Max", "Min", "Disabled"), and how far each one lets the size go."""
    rules = (hpas.behavior(hpa) or {})["scaleUp" if up else "scaleDown"]
    steps = [
        {
            "type": policy["type"], "value": policy["value"], "period": policy["periodSeconds"],
            "start": _size_before(policy, history, current, now),
            "limit": _policy_limit(policy, history, current, now, up=up),
        }
        for policy in rules["policies"]
    ]
    return rules["selectPolicy"], steps


def _limit(rules: Document, history: History, current: int, now: int, *, up: bool) -> int:
    """How far the policies of one direction let the size go now."""
    choice = rules["selectPolicy"]
    if choice == hpas.DISABLED:
        return current
    sizes = [_policy_limit(policy, history, current, now, up=up) for policy in rules["policies"]]
    # The smallest change is the lowest size upwards and the highest one downwards.
    return min(sizes) if (choice == hpas.MIN_CHANGE) == up else max(sizes)


def _size_before(policy: Document, history: History, current: int, now: int) -> int:
    """The size at the beginning of a policy's period: the present one without what was done since."""
    cutoff = now - policy["periodSeconds"] * times.SECOND
    return current - sum(_since(history.ups, cutoff)) + sum(_since(history.downs, cutoff))


def _policy_limit(policy: Document, history: History, current: int, now: int, *, up: bool) -> int:
    start = _size_before(policy, history, current, now)
    value = policy["value"] if up else -policy["value"]
    if policy["type"] == hpas.PODS_POLICY:
        return start + int(value)
    size = start * (1 + value / 100)
    return math.ceil(size) if up else int(size)
