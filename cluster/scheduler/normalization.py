"""Bringing raw scores to 0..100 (pkg/scheduler/framework/plugins/helper/normalize_score.go)."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.scheduler.framework import MAX_NODE_SCORE


def proportional(scores: Mapping[str, int], *, reverse: bool = False) -> dict[str, int]:
    """The highest becomes 100, the others their share of it; reversed, 0 becomes 100. All zero stays equal."""
    highest = max(scores.values(), default=0)
    shares = {name: MAX_NODE_SCORE * score // highest if highest else 0 for name, score in scores.items()}
    return {name: MAX_NODE_SCORE - share for name, share in shares.items()} if reverse else shares
