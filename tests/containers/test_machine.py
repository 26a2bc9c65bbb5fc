"""The machine: containers do what their command says, in virtual time."""

from __future__ import annotations

import json

import pytest

from cluster.containers.files import Tree
from cluster.containers.machine import ContainerRun, Exit, Machine, Mount, StartError
from tests.containers.conftest import BUSYBOX, DEBIAN, execute, output, pod, run

HEALTHY = "touch /tmp/healthy; sleep 30; rm -rf /tmp/healthy; sleep 600"


def test_it_works() -> None:
    machine = run("echo hello; sleep 5; echo done >&2; exit 3")
    assert machine.exit_of("c") == Exit(5000, 3, "Error")
    assert [tuple(line) for line in machine.logs("c")] == [(0, "stdout", "hello"), (5000, "stderr", "done")]


def test_the_liveness_example() -> None:
    """The note's example: the file is there for 30 seconds; then the probe's `cat` fails; the container itself goes on."""
    machine = run(HEALTHY, 0)
    future = machine.look_ahead(700_000)
    assert future.turns[0] == 30_001 and future.ends["c"] == Exit(630_002, 0, "Completed")
    assert future.horizon >= 700_000
    machine, good = machine.execute("c", ["cat", "/tmp/healthy"], 29_000)
    machine, bad = machine.execute("c", ["cat", "/tmp/healthy"], 35_000)
    assert (good.code, bad.code) == (0, 1)
    assert bad.stderr == "cat: can't open '/tmp/healthy': No such file or directory\n"


def test_process_1_ignores_what_it_does_not_handle() -> None:
    machine = run("sleep 1000", 1_000)
    machine = machine.signal("c", "TERM", 1_000).advance(20_000)
    assert machine.exit_of("c") is None
    assert machine.signal("c", "KILL", 31_000).exit_of("c") == Exit(31_000, 137, "Error")


def test_a_trap_ends_it_in_its_own_way() -> None:
    machine = run("trap 'echo bye; exit 7' TERM; while true; do sleep 1; done", 10_500).signal("c", "TERM", 10_500)
    ended = machine.advance(12_000)
    assert ended.exit_of("c").code == 7 and ended.exit_of("c").at == 11_000  # the sleep in the foreground ends first
    assert output(ended) == "bye\n"


def test_wait_is_interrupted_by_a_trap() -> None:
    machine = run("trap 'exit 0' TERM; sleep 1000 & wait", 5_000).signal("c", "TERM", 5_000)
    assert machine.exit_of("c") == Exit(5_000, 0, "Completed")


def test_kill_from_inside_does_not_reach_process_1() -> None:
    machine, outcome = execute(run("sleep 1000", 0), "kill -9 1; echo $?", 10)
    assert outcome.stdout == "0\n" and machine.exit_of("c") is None


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (("nothing",), 'exec: "nothing": executable file not found in $PATH'),
        (("/no/thing",), 'exec: "/no/thing": stat /no/thing: no such file or directory'),
        (("/etc/passwd",), 'exec: "/etc/passwd": permission denied'),
        (("/tmp",), 'exec: "/tmp": is a directory'),
    ],
)
def test_what_cannot_be_started(command, text) -> None:
    with pytest.raises(StartError) as error:
        pod().start(ContainerRun("c", BUSYBOX, command), 0)
    assert str(error.value).startswith("failed to create containerd task: failed to create shim task: OCI runtime create failed:")
    assert str(error.value).endswith(text)


def test_exec_says_what_is_missing() -> None:
    machine = run("sleep 100", 0)
    _, outcome = machine.execute("c", ["bash"], 10)
    assert outcome.code == 127
    assert outcome.error == (
        "OCI runtime exec failed: exec failed: unable to start container process: "
        'exec: "bash": executable file not found in $PATH'
    )
    assert machine.execute("c", ["sh", "-c", "nonsense"], 10)[1].stderr == "sh: nonsense: not found\n"


def test_an_exec_that_takes_too_long_is_killed() -> None:
    machine, outcome = run("sleep 100", 0).execute("c", ["sleep", "10"], 1_000, timeout=2_000)
    assert (outcome.timed_out, outcome.took, machine.at) == (True, 2_000, 3_000)
    assert [process.command for process in machine.processes()] == ["sleep 100"]


def test_exec_takes_its_time_and_its_input() -> None:
    machine, outcome = run("sleep 100", 0).execute("c", ["sh", "-c", "sleep 2; cat"], 1_000, stdin="given")
    assert (outcome.code, outcome.stdout, outcome.took, machine.at) == (0, "given", 2_001, 3_001)


def test_a_restart_begins_with_a_fresh_layer_and_finds_its_volumes() -> None:
    volumes = {"v": Tree()}
    settings = {"mounts": (Mount("/data", "v"),)}
    machine = run("echo layer > /tmp/x; echo volume > /data/x; exit 1", 100, volumes=volumes, **settings)
    assert machine.volumes["v"].read("/x") == "volume\n" and "/x" not in volumes["v"]
    again = machine.start(ContainerRun("c", BUSYBOX, ("sh", "-c", "cat /tmp/x /data/x"), **settings), 200).advance(300)
    assert output(again) == "cat: can't open '/tmp/x': No such file or directory\nvolume\n"


def test_containers_of_a_pod_share_volumes_and_network_but_not_processes() -> None:
    mount = (Mount("/shared", "v"),)
    machine = pod(0, {"v": Tree()})
    machine = machine.start(ContainerRun("a", BUSYBOX, ("sh", "-c", "sleep 1; echo hi > /shared/f; sleep 99"), mounts=mount), 0)
    machine = machine.start(ContainerRun("b", DEBIAN, ("tail", "-F", "/shared/f"), mounts=mount), 0).advance(2_000)
    assert output(machine, "b").endswith("hi\n")
    assert {process.pid for process in machine.processes("b")} == {1}


def test_too_much_memory_ends_the_container() -> None:
    image = BUSYBOX
    machine = run(
        "dd if=/dev/zero of=/cache/x bs=1M count=100; sleep 100",
        5_000,
        image,
        volumes={"m": Tree()},
        mounts=(Mount("/cache", "m", in_memory=True),),
        memory_limit=64 << 20,
    )
    assert machine.exit_of("c").code == 137 and machine.exit_of("c").reason == "OOMKilled"


def test_a_busy_loop_takes_a_cpu() -> None:
    machine = run("while :; do :; done", 5_000)
    assert machine.cpu("c") == 1_000
    assert run("sleep 100", 5_000).cpu("c") == 0
    assert machine.look_ahead(6_000).demands["c"][0][1] == 1_000


@pytest.mark.parametrize(
    "script",
    [
        HEALTHY,
        "while true; do date >> f; sleep 1; done",
        "for i in 1 2 3; do echo $i | cat; sleep 7; done; exit 4",
        "trap 'echo t' TERM; f() { local x=$1; echo $x$(date); }; while true; do f a; sleep 3; done",
        'sleep 5 & sleep 9 & wait; echo $(echo a; sleep 2) | while read x; do echo "<$x>"; done; yes | head -3',
    ],
)
def test_parts_and_json_make_no_difference(script) -> None:
    """Advance at once, in parts, and with a round trip through JSON after each part: always the same machine."""
    whole = run(script, 20_000)
    parts, stored = run(script, 0), run(script, 0)
    for at in [0, 1, 2, 3, 1_000, 1_001, 4_999, 5_001, 7_777, 12_000, 12_001, 19_999, 20_000]:
        parts = parts.advance(at)
        stored = stored.advance(at)
        stored = Machine.from_row(json.loads(json.dumps(stored.to_row())), {"c": BUSYBOX}, stored.volumes)
    assert parts == whole and stored == whole
    assert parts.to_row() == whole.to_row()


def test_what_was_stored_is_not_changed_by_what_follows() -> None:
    machine = run("i=0; while true; do i=$((i+1)); echo $i >> f; sleep 1; done", 5_000)
    before = json.dumps(machine.to_row())
    machine.advance(50_000)
    machine.signal("c", "KILL", 6_000)
    machine.execute("c", ["sh", "-c", "echo x > f"], 6_000)
    assert json.dumps(machine.to_row()) == before
