"""The shell and its tools do what real ones do: conformance.json holds what dash, bash and the GNU tools answered."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from cluster.containers.machine import ContainerRun, Machine
from tests.containers.conftest import DEBIAN, pod
from tests.containers.script_grammar import Scripts

RECORDED = json.loads((Path(__file__).parent / "conformance.json").read_text(encoding="utf-8"))
TEXT = "one two three\nfour five\nroot:x:0:0\n\n10 20\nfoo foo foo\n"  # what the tools read


@pytest.fixture(scope="module")
def machine() -> Machine:
    return pod().start(ContainerRun("c", DEBIAN, ("sleep", "1000000"), workdir="/w"), 0)


def answers(machine: Machine, shell: str, script: str, stdin: str = "") -> tuple[int, str]:
    _, outcome = machine.execute("c", [shell, "-c", script], 10, stdin=stdin)
    return outcome.code, outcome.stdout


@pytest.mark.parametrize(("shell", "group"), [("sh", "dash"), ("bash", "bash")])
def test_it_works(machine, shell, group) -> None:
    wrong = [
        (script, (code, stdout), found)
        for script, code, stdout in RECORDED[group]
        if (found := answers(machine, shell, script)) != (code, stdout)
    ]
    assert wrong == []


def test_tools(machine) -> None:
    wrong = [
        (script, (code, stdout), found)
        for script, code, stdout in RECORDED["tools"]
        if (found := answers(machine, "sh", script, TEXT)) != (code, stdout)
    ]
    assert wrong == []


@pytest.mark.skipif(shutil.which("dash") is None, reason="no dash to compare with")
def test_random_scripts_do_what_dash_does(machine, tmp_path) -> None:
    """Scripts of a random grammar, each in a subshell of one script, so that one dash answers for all."""
    scripts = [f"f1() {{ echo f1 $#; }}; f2() {{ return 2; }}; {Scripts(seed).script()}" for seed in range(120)]
    whole = "".join(f"echo '== {number}'\n(\n{script}\n) 2>/dev/null\n" for number, script in enumerate(scripts))
    real = subprocess.run(
        [str(shutil.which("dash")), "-c", whole],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": "/root"},
        check=False,
    )
    _, ours = machine.execute("c", ["sh", "-c", whole], 10)
    assert ours.stdout.split("== ") == real.stdout.split("== ")
