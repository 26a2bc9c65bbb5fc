"""What a container does: commands, scripts, servers; no script is too strange."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.containers import images, references
from cluster.kubelet import probes, process


def plan(image="busybox", **container):
    return process.plan(container, images.of(references.parse(image), {}))


def sh(script):
    return plan(command=["sh", "-c", script])


def end(found):
    return (found.end.after, found.end.code) if found.end else None


def test_it_works():
    found = plan("nginx")
    assert found.end is None
    assert found.listens(80, 500)
    assert not found.listens(81, 500)
    assert (found.stops, found.stop_code) == (True, 0)


@pytest.mark.parametrize(("script", "expected"), [
    ("sleep 5; exit 3", (5000, 3)),
    ("true", (10, 0)),
    ("false", (10, 1)),
    ("exit 7", (10, 7)),
    ("exit 256", (10, 0)),
    ("echo hello && sleep 2 && false", (2000, 1)),
    ("false || exit 4", (10, 4)),
    ("false && exit 4", (10, 1)),
    ("sleep 1m", (60_000, 0)),
    ("sleep 0.5\nexit 2", (500, 2)),
    ("sleep infinity", None),
    ("tail -f /dev/null", None),
    ("tail /etc/hosts", (10, 0)),
    ("while true; do echo hi; sleep 1; done", None),
    ("while true; do sleep 3; exit 5; done", (3000, 5)),
    ("until nslookup db; do sleep 2; done; exit 1", None),
    ("for i in 1 2 3; do sleep 1; done; exit 9", (3000, 9)),
    ("for i in $(seq 1 4); do sleep 1; done", (4000, 0)),
    ("if [ -f /x ]; then exit 1; else exit 2; fi", (10, 1)),
    ("if false; then exit 1; else exit 2; fi", (10, 2)),
    ("if false; then exit 1; fi; exit 3", (10, 3)),
    ("touch /tmp/a; cat /tmp/a", (10, 0)),
    ("cat /tmp/a", (10, 1)),
    ("echo x > /tmp/a; cat /tmp/a", (10, 0)),
    ("nosuchcommand", (10, 127)),
    ("echo 'never closed", (10, 2)),
    ("", (10, 0)),
    ("exec sleep 4", (4000, 0)),
    ("sleep 100 & exit 1", (10, 1)),
    ("A=1 B=2 sleep 1", (1000, 0)),
    ("sh -c 'sleep 2; exit 3'", (2000, 3)),
])
def test_scripts(script, expected):
    assert end(sh(script)) == expected


def test_process_one_does_not_hear_sigterm():
    assert not sh("sleep 3600").stops
    assert not plan(command=["sleep", "3600"]).stops
    assert sh("trap 'exit 0' TERM; sleep 3600").stops


def test_files_come_and_go():
    found = sh("touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600")
    assert [found.has_file("/tmp/healthy", at) for at in (0, 29_999, 30_000)] == [True, True, False]
    assert process.execute(["cat", "/tmp/healthy"], found, 10)[0] == 0
    assert process.execute(["cat", "/tmp/healthy"], found, 40_000) == (
        1, "cat: can't open '/tmp/healthy': No such file or directory"
    )


@pytest.mark.parametrize(("image", "container", "port"), [
    ("nginx", {"command": ["nginx", "-g", "daemon off;"]}, 80),
    ("nginx", {"command": ["sh", "-c", "sleep 1; nginx -g 'daemon off;'"]}, 80),
    ("python:3.12", {"command": ["python", "-m", "http.server", "8080"]}, 8080),
    ("node:22", {"command": ["node", "server.js"], "ports": [{"containerPort": 3000}]}, 3000),
    ("hashicorp/http-echo", {"args": ["-text=hi", "-listen=:9999"]}, 9999),
    ("my.registry/app:1", {"ports": [{"containerPort": 9090}]}, 9090),
    ("my.registry/app:1", {}, 1234),
])
def test_servers(image, container, port):
    found = plan(image, **container)
    assert found.end is None
    assert found.listens(port, 5000)


@pytest.mark.parametrize(("image", "container", "expected"), [
    ("busybox", {}, (20, 0)),
    ("ubuntu", {"command": ["bash"]}, (20, 0)),
    ("python:3.12", {"command": ["python", "-c", "import sys; sys.exit(4)"]}, (10, 4)),
    ("python:3.12", {"command": ["python", "-c", "import time; time.sleep(3)"]}, (3000, 0)),
    ("perl:5.34", {"command": ["perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"]}, (4000, 0)),
    ("mysql:8", {}, (400, 1)),
    ("hello-world", {}, (20, 0)),
])
def test_programs_that_end(image, container, expected):
    assert end(plan(image, **container)) == expected


@pytest.mark.parametrize(("image", "command", "problem"), [
    ("busybox", "nosuch", 'exec: "nosuch": executable file not found in $PATH'),
    ("registry.k8s.io/pause:3.10", "/bin/sh", 'exec: "/bin/sh": stat /bin/sh: no such file or directory'),
])
def test_commands_that_are_not_there(image, command, problem):
    assert plan(image, command=[command]).error.endswith(problem)


def test_output():
    assert sh("echo one; sleep 2; echo -n two").outputs == ((0, "one"), (2000, "two"))
    assert sh("for i in a b; do echo $i; done").outputs == ((0, "a"), (0, "b"))
    cycle = sh("echo begin; while true; do echo hi; sleep 5; done").cycle
    assert cycle is not None
    assert (cycle.start, cycle.period, cycle.outputs) == (0, 5000, ((0, "hi"),))


@pytest.mark.parametrize("script", [
    "for i in {1..1000}; do for j in {1..1000}; do for k in {1..1000}; do sleep 1; done; done; done",
    "while true; do " * 5000,
    "for i in 1; do " * 5000,
    "if " * 20_000,
    "sleep " + "9" * 5000,
    "exit " + "9" * 5000,
    "exit ²",
    "echo " + "x" * 100_000 + "; for i in {1..1000}; do echo $i; done",
    "for i in {1..1000}; do echo " + "x" * 1000 + "; done",
    "sh -c " * 10_000,
    "echo a;" * 50_000,
])
def test_hostile_scripts_are_bounded(script):
    found = sh(script)
    assert sum(len(text) for _, text in found.outputs) <= 65_536


def test_hostile_probe_is_bounded():
    script = "sleep 900000; " + "touch /tmp/a; sleep 1; rm /tmp/a; " * 200 + "sleep 1000000"
    probe = {"exec": {"command": ["sh", "-c", "cat /tmp/a; " * 5000]}, "periodSeconds": 1}
    container = {"command": ["sh", "-c", script], "readinessProbe": probe, "livenessProbe": probe, "startupProbe": probe}
    assert probes.moments(container, plan(**container), "10.0.0.1")


@pytest.mark.parametrize("tag", ["1." * 60, "1-" * 60 + "!", "alpine" * 20, "1.1.1.1.1.1.1-alpine1.1.1.1-x", "v" * 120])
def test_hostile_tags_are_refused_quickly(tag):
    assert images.find(references.Reference("docker.io", "library/nginx", tag, ""), {}) is None


WORDS = st.sampled_from([
    "sleep", "exit", "echo", "if", "then", "else", "elif", "fi", "for", "i", "in", "while", "true", "false", "do", "done",
    ";", "&&", "||", "|", "&", ">", "/tmp/a", "cat", "1", "99999999", "'", '"', "$(seq 1 9)", "{1..99999}", "rm", "touch",
    "exec", "sh", "-c", "\n", "nginx", "until", "trap", "(", ")", "{", "}", "!", "python", "tail", "-f", "[", "]",
])


@given(st.lists(WORDS, max_size=25), st.sampled_from(["busybox", "nginx", "python", "my.example/app"]))
def test_any_script_has_a_plan(words, image):
    found = plan(image, command=["sh", "-c", " ".join(words)])
    assert found.end is None or found.end.after >= 0
    process.execute(["sh", "-c", " ".join(words)], found, 1000)


@given(st.lists(st.text(max_size=12), max_size=6), st.sampled_from(["busybox", "nginx", "python", "my.example/app"]))
def test_any_command_has_a_plan(argv, image):
    found = plan(image, command=argv)
    process.execute(argv, found, 0)


@given(st.text(max_size=40))
def test_any_name_is_read_or_refused(name):
    try:
        reference = references.parse(name)
    except references.InvalidImageName:
        return
    assert references.parse(str(reference)) == reference
    images.pull_error(reference)
