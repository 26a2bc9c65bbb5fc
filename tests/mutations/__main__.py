"""`python -m tests.mutations`: seed each bug into the engine and see whether the walks find it (--only NAME, --grounds N)."""

from __future__ import annotations

import argparse
import os
import sys
from multiprocessing import get_context

from tests.mutations.catalogue import MUTATIONS
from tests.mutations.check import GROUNDS, check_safely

ENOUGH = 0.95


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--only", action="append", help="the mutation of this name")
    parser.add_argument("--grounds", type=int, default=GROUNDS, help="how far to walk before a mutation has survived")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    mutations = [mutation for mutation in MUTATIONS if not chosen.only or mutation.name in chosen.only]
    for mutation in mutations:
        mutation.source()  # raises DoesNotApply at once, not after minutes
    caught = 0
    with get_context("spawn").Pool(chosen.processes, maxtasksperchild=1) as pool:
        for found in pool.imap_unordered(check_safely, [(mutation, chosen.grounds) for mutation in mutations]):
            caught += bool(found.by)
            told = f"{found.seed}: {found.by.splitlines()[0][:150]}" if found.by else "SURVIVED"
            print(f"{found.name:36} {found.runs:5} runs {found.seconds:5.1f} s  {told}", flush=True)
    print(f"mutations: {caught} of {len(mutations)} caught")
    return 0 if caught >= ENOUGH * len(mutations) else 1


if __name__ == "__main__":
    sys.exit(main())
