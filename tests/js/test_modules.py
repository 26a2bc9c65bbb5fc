"""The browser's modules that need no browser: their own tests, run by the Node.js that the playwright wheel carries."""

from __future__ import annotations

import subprocess
from pathlib import Path

import playwright

HERE = Path(__file__).parent
NODE = Path(playwright.__file__).parent / "driver" / "node"


def test_it_works() -> None:
    """Every *.test.js beside this file passes."""
    tests = sorted(str(path) for path in HERE.glob("*.test.js"))
    done = subprocess.run([str(NODE), "--test", *tests], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
