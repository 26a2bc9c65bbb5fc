"""Many walks or sequences, in several processes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from multiprocessing import get_context
from typing import NamedTuple

from tests.walks.walk import LINES, SEQUENCES_OF_A_GROUND, Outcome, Sequence, Walk

# Every so many seconds a long run tells how far it is.
PROGRESS = 60


class Sums(NamedTuple):
    """What came of many walks."""

    walks: int
    steps: int
    rewinds: int
    failures: list[str]


def walk(job: tuple[int, int]) -> tuple[int, int, str]:
    """Walk one seed: (steps, rewinds, what went wrong)."""
    return _told(Walk(*job).run())


def sequence(seed: int) -> tuple[int, int, str]:
    """Run the sequence of one seed: (steps, rewinds, what went wrong)."""
    return _told(Sequence(seed).run())


def _told(outcome: Outcome) -> tuple[int, int, str]:
    return outcome.steps, outcome.rewinds, outcome.report() if outcome.problem else ""


def run_walks(seeds: Iterable[int], lines: int = LINES, processes: int = 1) -> Sums:
    """Walk all seeds from new clusters."""
    return _run(walk, [(seed, lines) for seed in seeds], processes, 4)


def run_sequences(seeds: Iterable[int], processes: int = 1) -> Sums:
    """Run the sequences of all seeds; neighbours share a ground, so a process gets as many as one ground has."""
    jobs = list(seeds)
    return _run(sequence, jobs, processes, min(SEQUENCES_OF_A_GROUND, -(-len(jobs) // processes)))


def _collect_less_often() -> None:
    """Nearly everything that a walk makes is kept until its end: looking for garbage takes a tenth of its time."""
    gc.set_threshold(100_000, 20, 20)


def _run(work: Callable[..., tuple[int, int, str]], jobs: list[object], processes: int, chunk: int) -> Sums:
    done = steps = rewinds = 0
    failures: list[str] = []
    started = told = time.monotonic()
    with get_context("spawn").Pool(processes, _collect_less_often) as pool:
        for walked, rewound, report in pool.imap_unordered(work, jobs, chunksize=chunk):
            done, steps, rewinds = done + 1, steps + walked, rewinds + rewound
            if report:
                failures.append(report)
                print(report, flush=True)
            if time.monotonic() - told > PROGRESS:
                told = time.monotonic()
                print(f"{done} of {len(jobs)}, {steps} steps, {len(failures)} failed, {told - started:.0f} s", flush=True)
    return Sums(done, steps, rewinds, failures)
