"""`python -m tests.walks --count 1000 --seed 1`: run sequences (--whole: walks), in as many processes as there are processors."""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.walks.many import run_sequences, run_walks
from tests.walks.walk import LINES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.walks", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the others follow it")
    parser.add_argument("--whole", action="store_true", help="whole walks from new clusters instead of sequences")
    parser.add_argument("--lines", type=int, default=LINES, help="commands of a whole walk")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    started = time.monotonic()
    seeds = range(chosen.seed, chosen.seed + chosen.count)
    processes = min(chosen.processes, chosen.count)
    sums = run_walks(seeds, chosen.lines, processes) if chosen.whole else run_sequences(seeds, processes)
    took = time.monotonic() - started
    print(
        f"{'walks' if chosen.whole else 'sequences'}: {sums.walks - len(sums.failures)} of {sums.walks} hold"
        f" (seeds {seeds[0]} to {seeds[-1]}), {sums.steps} steps, {sums.rewinds} rewinds, {took:.0f} s,"
        f" {sums.walks / took:.1f} a second"
    )
    return 1 if sums.failures else 0


if __name__ == "__main__":
    sys.exit(main())
