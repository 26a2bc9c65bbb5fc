"""`manage.py work`: a process that plays clusters beside the serving ones."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT, server_environment


def work(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "work"],
        env=environment,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def redis_url(tmp_path) -> Iterator[str]:
    executable = shutil.which("redis-server")
    if executable is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    port = free_port()
    server = subprocess.Popen(
        [executable, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(timeout=20)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_works(redis_url, tmp_path, number):
    process = work(server_environment(tmp_path, REDIS_URL=redis_url))
    assert process.stdout is not None
    assert process.stdout.readline() == "Clusterscope plays clusters (Ctrl-C ends it)\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert errors == ""


def test_without_redis_it_says_what_it_needs(tmp_path):
    process = work(server_environment(tmp_path))
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert (
        errors
        == "CommandError: manage.py work needs REDIS_URL; without it, manage.py serve plays the clusters itself.\n"
    )


def test_without_an_answer_of_redis_it_is_one_sentence(tmp_path):
    process = work(server_environment(tmp_path, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0"))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("CommandError: The cluster worker lost Redis: ")
    assert "Traceback" not in errors
