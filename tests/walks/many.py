"""Many walks in several processes."""

from __future__ import annotations

from collections.abc import Iterable
from multiprocessing import get_context

from tests.walks.walk import LINES, Walk


def walk(job: tuple[int, int]) -> tuple[int, int, int, str]:
    """Walk one seed: (seed, steps, rewinds, what went wrong)."""
    outcome = Walk(*job).run()
    return outcome.seed, outcome.steps, outcome.rewinds, outcome.report() if outcome.problem else ""


def run(seeds: Iterable[int], lines: int = LINES, processes: int = 1) -> tuple[int, int, list[str]]:
    """Walk all seeds: (steps, rewinds, reports of those that failed)."""
    jobs = [(seed, lines) for seed in seeds]
    with get_context("spawn").Pool(processes) as pool:
        steps = rewinds = 0
        failures = []
        for _, walked, rewound, report in pool.imap_unordered(walk, jobs, chunksize=4):
            steps, rewinds = steps + walked, rewinds + rewound
            if report:
                failures.append(report)
                print(report, flush=True)
    return steps, rewinds, failures
