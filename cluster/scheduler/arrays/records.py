"""The full Decision of an attempt over the columns: a verdict for each node, as the readable path gives it.

Only the values behind a rejection ("needs 500m, 300m free") are left out; who needs them asks the plugin about the node.
"""

from __future__ import annotations

import numpy as np

from cluster.scheduler.arrays.attempt import Attempt
from cluster.scheduler.arrays.columns import Bools, Rows
from cluster.scheduler.arrays.decision import ArrayDecision
from cluster.scheduler.arrays.local import NOWHERE
from cluster.scheduler.decision import Decision
from cluster.scheduler.verdict import Score, Verdict


def verdicts(attempt: Attempt, decision: ArrayDecision, search: Rows) -> tuple[Verdict, ...]:
    """Of the rows that were looked at, in the order of the search, and of those that were left out.

    Measured: 30 ms for 5,000 nodes.
    """
    names = attempt.parts.columns.names
    feasible = _feasible(attempt, decision)
    rejected = attempt.rejections(search[~feasible[search]])
    statuses = dict(zip(search.tolist(), rejected.statuses(search), strict=True))
    scores = _scores(attempt, feasible) if decision.feasible > 1 else {}
    found = [
        Verdict(names[row], scores={plugin: Score(*columns[row]) for plugin, columns in scores.items()}) if passes
        else Verdict(names[row], rejected.plugins[by], statuses[row])
        for row, passes, by in zip(search.tolist(), feasible[search].tolist(), rejected.by[search].tolist(), strict=True)
    ]
    plugins, status = ", ".join(sorted(attempt.before.restricting)), attempt.left_out_status
    return (*found, *(Verdict(names[row], plugins, status) for row in attempt.left_out()))


def recorded(attempt: Attempt, decision: ArrayDecision, search: Rows) -> Decision:
    """The decision with all that is known of single nodes."""
    names = attempt.parts.columns.names
    judged = verdicts(attempt, decision, search)
    scored = next((verdict.scores for verdict in judged if verdict.scores), None)
    active = tuple(plugin.name for plugin in attempt.filters)
    idle = tuple(plugin.name for plugin in attempt.parts.profile.filter if plugin.name not in active)
    unscored = {plugin.name for plugin in attempt.parts.profile.score if scored is not None and plugin.name not in scored}
    best = set(decision.best_rows)
    return Decision(
        decision.pod, decision.outcome, decision.total_nodes, judged,
        tuple(names[row] for row in search.tolist() if row in best), decision.chosen,
        message=decision.message, rejectors=decision.rejectors, next_start_index=decision.next_start_index,
        post_filter_message=decision.post_filter_message, nominated=decision.nominated, victims=decision.victims,
        preemption=decision.preemption, filters=active, notes=decision.notes,
        without_rules=(*idle, *sorted(unscored - set(idle))),
    )


def _feasible(attempt: Attempt, decision: ArrayDecision) -> Bools:
    feasible = np.zeros(attempt.parts.columns.capacity, np.bool_)
    if decision.compared is not None and decision.compared.scores is not None:
        return decision.compared.scores != NOWHERE
    feasible[decision.best_rows] = True
    return feasible


def _scores(attempt: Attempt, feasible: Bools) -> dict[str, list[tuple[int, int, int]]]:
    """Raw score, normalised score and weight by plugin and row."""
    found = {}
    for plugin in attempt.parts.profile.score:
        scored = attempt.scored(plugin, feasible)
        if scored is not None:
            weight = [attempt.parts.profile.weights[plugin.name]] * len(feasible)
            found[plugin.name] = list(zip(scored.raw.tolist(), scored.normalized.tolist(), weight, strict=True))
    return found
