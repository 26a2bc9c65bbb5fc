"""Small programs in python, node and perl, as tutorials give them on a command line."""

from __future__ import annotations

import pytest

from cluster.containers.machine import ContainerRun, Exit, Machine, Sandbox
from tests.containers.conftest import output
from tests.containers.test_servers import of


def program(image: str, *command: str, until: int = 20_000, **settings) -> Machine:
    machine = Machine.boot(Sandbox(hostname="h", ip="10.0.0.1"), 0)
    return machine.start(ContainerRun("c", of(image), command, **settings), 0).advance(until)


def test_it_works() -> None:
    text = (
        "import sys, time\nn = 0\nwhile True:\n    n += 1\n    print(f'tick {n}', flush=True)\n"
        "    if n == 3:\n        sys.exit(4)\n    time.sleep(2)"
    )
    machine = program("python:3", "python", "-c", text)
    assert machine.exit_of("c") == Exit(4_000, 4, "Error")
    assert [(line.at, line.text) for line in machine.logs("c")] == [(0, "tick 1"), (2_000, "tick 2"), (4_000, "tick 3")]


@pytest.mark.parametrize(("text", "code", "last"), [
    ("print(1/0)", 1, "ZeroDivisionError: division by zero"), ("raise ValueError('bad')", 1, "ValueError: bad"),
    ("print(x)", 1, "NameError: name 'x' is not defined"),
    ("open('/none')", 1, "FileNotFoundError: [Errno 2] No such file or directory: '/none'"),
    ("print(", 1, "SyntaxError: '(' was never closed"), ("import os; print(os.environ['GREETING'])", 0, "hello"),
    ("for i in range(3): print(i * 2)", 0, "4"), ("print('-' * 5, len('abc'), 7 // 2, 2 ** 10)", 0, "----- 3 3 1024"),
    ("open('/tmp/x', 'w').write('a'); print(open('/tmp/x').read())", 0, "a"), ("(" * 3_000, 1, ""), ("x = 9 ** 9 ** 9", 1, ""),
    ("lambda: 0", 1, "NotImplementedError: Lambda is not simulated"),
])
def test_python(text, code, last) -> None:
    machine = program("python:3", "python3", "-c", text, env={"GREETING": "hello"})
    assert machine.exit_of("c").code == code
    assert not last or output(machine).splitlines()[-1] == last


def test_memory_that_grows_is_the_end() -> None:
    machine = program("python:3", "python3", "-c", "a = []\nwhile True: a.append(' ' * 10**6)", memory_limit=64 << 20)
    assert machine.exit_of("c").reason == "OOMKilled"


def test_a_busy_program_takes_a_cpu() -> None:
    assert program("python:3", "python3", "-c", "while True: pass").cpu("c") == 1_000


def test_others() -> None:
    assert output(program("perl:5", "perl", "-Mbignum=bpi", "-wle", "print bpi(20)")) == "3.1415926535897932384\n"
    machine = program("node:20", "node", "-e", "setInterval(() => console.log('x'), 5000)")
    assert [line.at for line in machine.logs("c")] == [5_000, 10_000, 15_000, 20_000]
    assert program("python:3", "python3", "-m", "http.server", "8080").ports() == {8080: "c"}
    assert program("python:3", "python3", "app.py").exit_of("c").code == 2
