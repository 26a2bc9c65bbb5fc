"""The matrix of the Scheduler view: who stopped whom, who scored what, and what is left out when there are many nodes."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from dashboard.explaining import rendered
from dashboard.matrix import Matrix, matrix, parts
from tests.support.explained import SHORTAGE, TAINT, explained, fits, out


def laid_out(search: str = "", **more: Any) -> Matrix:
    with override("en"):
        return matrix(rendered(explained(**more)), search)


def row_of(found: Matrix, node: str) -> dict[str, Any]:
    return next(row for row in found.rows if row["node"] == node)


def crowd(full: int, tainted: int, roomy: int) -> dict[str, Any]:
    """Many nodes: some without room, some tainted, some that fit, the first of these being the best."""
    rows = [out(f"full-{n}", "NodeResourcesFit", "Insufficient cpu", {"insufficient": [SHORTAGE]}) for n in range(full)]
    rows += [out(f"gpu-{n}", "TaintToleration", "node(s) had untolerated taint(s)", {"taint": TAINT}) for n in range(tainted)]
    rows += [fits(f"room-{n}", (100, max(0, 60 - n), 50, 70, 0), chosen=n == 0) for n in range(roomy)]
    return {"rows": rows}


def test_it_works() -> None:
    found = laid_out()
    assert [column["plugin"] for column in found.filters] == [
        "NodeUnschedulable", "NodeName", "TaintToleration", "NodeResourcesFit"]
    assert found.idle_filters == ["NodeAffinity", "NodePorts", "VolumeBinding"]
    assert [row["node"] for row in found.rows] == [f"node-{n}" for n in range(1, 6)]
    tainted = row_of(found, "node-1")
    assert [cell["state"] for cell in tainted["cells"]] == ["pass", "pass", "stopped", "not-run"]
    assert (tainted["out"], tainted["stop"]) == (True, 2)
    assert [cell["score"] for cell in tainted["scores"]] == [None] * 5
    winner = row_of(found, "node-5")
    assert (winner["chosen"], winner["total"]) == (True, 632)
    assert [cell["decided"] for cell in winner["scores"]] == [False, False, True, False, False]


def test_the_reason_is_short_and_has_numbers() -> None:
    found = laid_out()
    assert row_of(found, "node-1")["cells"][2]["short"] == "untolerated taint"
    full = row_of(found, "node-2")["cells"][3]
    assert (full["short"], full["why"]) == ("not enough cpu", "500m > 300m")


def test_amounts_of_memory() -> None:
    memory = {"resource": "memory", "needs": 3 * 2**30, "free": 512 * 2**20}
    rows = [out("node-1", "NodeResourcesFit", "Insufficient memory", {"insufficient": [memory]})]
    assert laid_out(rows=rows).rows[0]["cells"][3]["why"] == "3Gi > 512Mi"


def test_an_unknown_plugin_keeps_its_reason() -> None:
    rows = [{**out("node-1", "NodeName", "the moon is full", {}), "plugin": "Moon"}]
    assert laid_out(rows=rows).rows[0]["cells"][1]["short"] == "the moon is full"


def test_a_stack_is_as_wide_as_its_points() -> None:
    found = laid_out()
    stack = row_of(found, "node-5")["stack"]
    assert [one["points"] for one in stack] == [300, 51, 200, 73, 8]
    assert [one["shade"] for one in stack].index("key") == 2
    ends = [float(one["x"]) + float(one["w"]) for one in stack]
    assert ends == sorted(ends)
    assert ends[-1] <= 700 * 632 / 800


def test_without_scores_there_is_no_score_column() -> None:
    rows = [out("node-1", "TaintToleration", "node(s) had untolerated taint(s)", {"taint": TAINT})]
    found = laid_out(rows=rows)
    assert (found.scores, found.idle_scores) == ([], [])
    assert [step["plugin"] for step in found.steps][-1] == "NodeResourcesFit"


def test_each_step_says_what_came_of_it() -> None:
    steps = {step["plugin"]: step["result"] for step in laid_out().steps[:4]}
    assert steps["NodeName"] == "all pass"
    assert steps["TaintToleration"] == "1 node is ruled out"


def test_a_filter_that_stops_nobody_is_calm() -> None:
    assert [column["calm"] for column in laid_out().filters] == [True, True, False, False]


def test_rejected_before_any_filter_ran() -> None:
    rows = [out("node-1", "NodeAffinity", "node(s) didn't match Pod's node affinity/selector", {})]
    row = laid_out(rows=rows).rows[0]
    assert row["stop"] == 0
    assert {cell["state"] for cell in row["cells"]} == {"not-run"}


def test_twenty_nodes_are_rows() -> None:
    found = laid_out(**crowd(8, 8, 4))
    assert (len(found.rows), found.groups) == (20, [])


def test_more_than_twenty_are_grouped_by_reason() -> None:
    found = laid_out(**crowd(6, 11, 4))
    assert [row["node"] for row in found.rows] == ["room-0", "room-1", "room-2", "room-3"]
    assert [(group["count"], group["plugin"], group["more"]) for group in found.groups] == [
        (11, "TaintToleration", 6), (6, "NodeResourcesFit", 1)]
    assert [group["short"] for group in found.groups] == ["untolerated taint", "not enough cpu"]
    assert found.groups[0]["examples"] == ["gpu-0", "gpu-1", "gpu-2", "gpu-3", "gpu-4"]
    assert found.hidden == 0


def test_more_than_sixty_show_the_best() -> None:
    found = laid_out(**crowd(20, 20, 30))
    assert [row["node"] for row in found.rows] == [f"room-{n}" for n in range(20)]
    assert sum(group["count"] for group in found.groups) + len(found.rows) + found.hidden == 70
    assert found.hidden == 10


def test_a_summary_of_thousands_brings_its_groups() -> None:
    group = {"plugin": "NodeResourcesFit", "reason": "Insufficient cpu", "count": 4000, "examples": ["n-1", "n-2"]}
    found = laid_out(**crowd(0, 0, 3), groups=[group], nodes=5000)
    assert (found.groups[0]["count"], found.groups[0]["more"], found.hidden) == (4000, 3998, 997)


def test_search_finds_a_node_among_the_filtered() -> None:
    found = laid_out("full-17", **crowd(40, 40, 4))
    assert [row["node"] for row in found.rows] == ["full-17"]
    assert laid_out("nowhere", **crowd(40, 40, 4)).rows == []


def test_node_2_stands_before_node_10() -> None:
    rows = [out(f"node-{n}", "NodeName", "no", {}) for n in (10, 2, 1)]
    assert [row["node"] for row in laid_out(rows=rows).rows] == ["node-1", "node-2", "node-10"]


@pytest.mark.parametrize(("name", "expected"), [
    ("NodeResourcesFit", ["Node", "Resources", "Fit"]), ("NodeName", ["Node", "Name"]), ("CSILimits", ["CSI", "Limits"]),
])
def test_names_break_between_words(name: str, expected: list[str]) -> None:
    assert parts(name) == expected


def test_what_a_change_made_different_is_marked() -> None:
    """A plugin that filters and scores has two cells, and only the one that differs is marked."""
    before = [
        {
            "node": row["node"], "verdict": row["verdict"], "total": row["total"], "cells": row["cells"],
            "scores": {plugin: score["weighted"] for plugin, score in row["scores"].items()},
        }
        for row in explained()["rows"]
    ]
    before[2]["scores"]["TaintToleration"] = 0
    before[2]["total"] = 244
    found = laid_out(before=before[:4])
    assert [cell["changed"] for cell in row_of(found, "node-3")["cells"]] == [False] * 4
    assert [cell["changed"] for cell in row_of(found, "node-3")["scores"]] == [True, False, False, False, False]
    assert row_of(found, "node-3")["changed"]
    assert not row_of(found, "node-4")["changed"]
    assert all(cell["changed"] for cell in row_of(found, "node-5")["cells"]), "a new node is new in all"


def test_without_changes_nothing_is_marked() -> None:
    assert not any(cell["changed"] for row in laid_out().rows for cell in row["cells"] + row["scores"])


def test_the_node_where_room_is_made() -> None:
    found = laid_out(decision={"chosen": "", "preemption": {"node": "node-2", "victims": []}})
    assert [row["node"] for row in found.rows if row["nominated"]] == ["node-2"]


def test_without_a_decision_nothing_is_nominated() -> None:
    assert not any(row["nominated"] for row in laid_out(decision=None).rows)
