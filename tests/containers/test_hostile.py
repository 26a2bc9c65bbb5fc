"""What a learner may throw at a container by accident or on purpose: bounded work, clear errors, never a crash."""

from __future__ import annotations

import json
import time

import pytest

from cluster.containers.files import MOST_TEXT
from cluster.containers.kernel import KEPT_CHARACTERS, MOST_PROCESSES
from cluster.containers.machine import ContainerRun
from tests.containers.conftest import BUSYBOX, DEBIAN, execute, output, pod, run

# Seconds of CPU time that nothing here may take: far above what it takes, far below a hang.
PATIENCE = 8


@pytest.fixture(autouse=True)
def patience():
    begun = time.process_time()
    yield
    assert time.process_time() - begun < PATIENCE


def test_a_fork_bomb() -> None:
    machine = run("bomb() { bomb | bomb & }; bomb; sleep 60; echo survived", 120_000)
    assert len(machine.processes()) <= MOST_PROCESSES
    assert any("can't fork: Resource temporarily unavailable" in line.text for line in machine.logs("c"))


@pytest.mark.parametrize(
    "script",
    [
        "yes",
        "while true; do echo flood; done",
        "cat /dev/zero",
        "tr a b < /dev/urandom",
        "yes | tr -d '\\n'",
    ],
)
def test_endless_output_stays_small(script) -> None:
    machine = run(script, 3_600_000)
    assert len(json.dumps(machine.to_row())) < 10 * KEPT_CHARACTERS
    assert machine.exit_of("c") is None


def test_a_disk_that_fills() -> None:
    machine = run("yes > /tmp/full; echo $?", 600_000)
    assert "No space left on device" in output(machine)
    assert run("dd if=/dev/zero of=/tmp/x bs=1M count=100000; echo $?", 600_000).logs("c")[-1].text == "1"


def test_a_file_of_ten_megabytes() -> None:
    machine, outcome = execute(run("sleep 1000", 0), "head -c 10485760 /dev/zero > f; ls -l f; wc -c f; md5sum f | wc -c; cp f g")
    assert outcome.stdout.split()[4] in ("10485760", "4194304")
    assert len(machine.stat("c", "/f").text) <= MOST_TEXT


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("echo 'open", "unterminated quoted string"),
        ('echo "open', "unterminated quoted string"),
        ("echo `open", "EOF in backquote"),
        ("if true; then echo", "unexpected end of file"),
        ("case a in", "unexpected end of file"),
        ("echo ${", "Bad substitution"),
        ("(" * 500, "nested too deeply"),
        ("$(" * 500, "nested too deeply"),
        ("echo $((" + "(" * 500 + "1" + ")" * 500 + "))", ""),
        ("{ " * 500, "nested too deeply"),
        ("fi", 'unexpected "fi"'),
        (";;", 'unexpected ";;"'),
        ("a | | b", 'unexpected "|"'),
        ("&", 'unexpected "&"'),
    ],
)
def test_scripts_that_are_none(script, text) -> None:
    machine = run(script, 1_000)
    assert machine.exit_of("c").code in (1, 2)
    assert text in output(machine) and len(output(machine)) < 2_000


def test_a_script_of_a_hundred_kilobytes() -> None:
    machine = run(
        "\n".join(f"x{number % 50}={number}; [ $x1 ] && : 'some words here'" for number in range(2_500)) + "\necho $x7", 60_000
    )
    assert output(machine) == "2457\n"


def test_a_script_too_large_is_refused() -> None:
    assert "script too long" in output(run("#" * (1 << 20) + "x", 1_000))


@pytest.mark.parametrize(
    "junk",
    [
        "\0\1\2\3",
        "\x7fELF\x02\x01",
        "€\ud7ff\u200b",
        "\\",
        "$",
        "`\\`",
        "\r\n\r\n",
        "${#",
        "<<",
        "<<EOF",
        "a=(",
        "[[ ",
        "~" * 5_000,
    ],
)
def test_binary_junk(junk) -> None:
    for image, shell in ((BUSYBOX, "sh"), (DEBIAN, "bash")):
        machine = run(junk, 1_000, image, shell)
        assert machine.exit_of("c") is not None
        json.dumps(machine.to_row())


def test_recursion_without_end() -> None:
    assert run("f() { f; }; f", 60_000).exit_of("c").code == 139
    assert run("f() { $(f); }; f", 60_000).exit_of("c") is not None
    assert run('eval_it=\'eval "$eval_it"\'; eval "$eval_it"', 60_000).exit_of("c").code == 139


@pytest.mark.parametrize(
    "script",
    [
        "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | grep -E '(a+)+b'",
        "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | sed -E 's/(a*)*b//'",
        "x=$(seq 1 20000 | tr -d '\\n'); case $x in *1*2*3*4*5*6*7*8*9*x) echo no;; esac",
        "x=$(seq 1 3000 | tr -d '\\n'); echo ${x%%*9*8*7*x} | wc -c",
        "seq 1 50000 | sort -rn | uniq | wc -l",
        "awk 'BEGIN { while (1) x = x \"a\" }'",
        "find / -name '*a*b*c*d*' | wc -l",
        "expr 99999999999999999999 \\* 99999999999999999999",
        "printf '%999999999d' 1 | wc -c",
        "echo {1..99999999} | wc -c",
        "seq 1 999999999 | tail -1",
        "echo $((2 ** 62 * 4)) $((1 << 200)) $((-9223372036854775808 / -1))",
    ],
)
def test_costly_commands_end(script) -> None:
    machine, outcome = (
        pod().start(ContainerRun("c", DEBIAN, ("sleep", "1000000")), 0).execute("c", ["bash", "-c", script], 0, timeout=100_000)
    )
    assert len(outcome.stdout) < 2 << 20 and machine.exit_of("c") is None


def test_many_small_sleeps_for_hours() -> None:
    machine = run("i=0; while true; do i=$((i+1)); sleep 0.01; done", 3_600_000)
    assert machine.exit_of("c") is None


def test_look_ahead_stops_at_its_budget() -> None:
    machine = run("while true; do echo x >> f; done", 0)
    future = machine.look_ahead(3_600_000)
    assert future.horizon < 24 * 3_600_000 and len(future.turns) <= 500
    assert machine.advance(future.horizon).exit_of("c") is None


def test_ten_thousand_files() -> None:
    _, outcome = execute(run("sleep 10000", 0), "i=0; while [ $i -lt 6000 ]; do : > f$i || break; i=$((i+1)); done; echo $i")
    assert "No space left on device" in outcome.stderr or int(outcome.stdout) < 6_000


def test_a_path_that_leads_in_circles() -> None:
    _, outcome = execute(run("sleep 10000", 0), "ln -s b a; ln -s a b; cat a; cd a; ls a/b/c")
    assert "Too many levels of symbolic links" in outcome.stderr
