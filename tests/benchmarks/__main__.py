"""`python -m tests.benchmarks`: a line per number. --sandboxes N and --only (a part or a workload) choose less."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import engine, explanation
from tests.benchmarks.workloads import WORKLOADS

PARTS = ("engine", "explanation", "served", "pages", "scheduler_perf", "large")


def tell(what: str, value: str) -> None:
    print(f"{what}: {value}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--sandboxes", type=int, default=300)
    parser.add_argument("--only", choices=(*PARTS, *WORKLOADS), action="append", metavar="PART")
    chosen = parser.parse_args()
    parts = chosen.only or PARTS
    if "engine" in parts:
        rate, steps = engine.steps_a_second()
        tell("engine", f"{rate:.0f} steps a second ({steps} steps of rollouts)")
    if "explanation" in parts:
        explanation.measure(tell)
    if "served" in parts:
        from tests.benchmarks import served

        with tempfile.TemporaryDirectory() as folder:
            served.measure(Path(folder), chosen.sandboxes, tell)
    if "pages" in parts:
        from tests.benchmarks import pages

        with tempfile.TemporaryDirectory() as folder:
            pages.measure(Path(folder), tell)
    workloads = [name for name in WORKLOADS if name in parts or "scheduler_perf" in parts]
    if workloads:
        from tests.benchmarks import scheduler_perf

        for name in workloads:
            tell(name, scheduler_perf.measure(WORKLOADS[name]).line(WORKLOADS[name]))
    if "large" in parts:
        # In a process of its own: what it measures is the memory of all that it needs.
        subprocess.run([sys.executable, "-m", "tests.benchmarks.large"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
