"""`python -m tests.walks --count 1000 --seed 1`: walk, in as many processes as there are processors."""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.walks.many import run
from tests.walks.walk import LINES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.walks", description=__doc__)
    parser.add_argument("--count", type=int, default=150, help="how many walks")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the others follow it")
    parser.add_argument("--lines", type=int, default=LINES, help="commands of a walk")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    started = time.monotonic()
    seeds = range(chosen.seed, chosen.seed + chosen.count)
    steps, rewinds, failures = run(seeds, chosen.lines, min(chosen.processes, chosen.count))
    print(
        f"walks: {chosen.count - len(failures)} of {chosen.count} hold (seeds {seeds[0]} to {seeds[-1]}),"
        f" {steps} steps, {rewinds} rewinds, {time.monotonic() - started:.0f} s"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
