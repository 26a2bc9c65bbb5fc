"""`python -m tests.golden_replay [FAMILY…]`: a line per family, and every difference."""

from __future__ import annotations

import sys

from tests.golden_replay.families import FAMILIES, asked_for, not_yet
from tests.support.golden import golden


def main(wanted: list[str]) -> int:
    folder, code = golden(), 0
    for name, (file, replay) in (asked_for(wanted) if wanted else FAMILIES).items():
        if not (folder / file).exists():
            print(f"{name}: no recording {file} here, skipped")
            continue
        report = replay(folder)
        print("\n".join(report.lines()), flush=True)
        code = code or int(bool(report.differences))
    for left in [] if wanted else not_yet(folder):
        print(f"{left}: not yet")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
