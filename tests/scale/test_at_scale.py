"""The same code with PostgreSQL, Redis, two web processes and two workers.

The only tests that may be skipped: without the two servers there is nothing to test.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, server_environment
from tests.support.feed import Sandbox, Viewer, contiguous, eventually, make_sandboxes

INSTALL = "apt-get install postgresql redis-server"
SANDBOXES = 6
# A dead worker's lease ends after 15 s, the others look every 5 s.
TAKEOVER = 60


def find(program: str) -> str:
    """The program in PATH or where Debian keeps PostgreSQL's; without it the test is skipped."""
    folders = [os.environ.get("PATH", ""), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))]
    found = shutil.which(program, path=os.pathsep.join(folders))
    if found is None:
        pytest.skip(f"SKIPPED: {program} is not installed, so nothing is known about several processes: {INSTALL}")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        assert process.poll() is None, "the server ended"
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", port)) == 0

    eventually(answers, 30)


def unprivileged() -> dict[str, int]:
    """PostgreSQL refuses to run as root: then its own account (or nobody's) runs it."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = names.get("postgres") or names["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid}


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    postgres, initdb = find("postgres"), find("initdb")
    who = unprivileged()
    # Not pytest's folder: another account could not enter it, and the path of a Unix socket is short.
    folder = Path(tempfile.mkdtemp(prefix="scale-"))
    if who:
        os.chown(folder, who["user"], who["group"])
    data, port = folder / "data", free_port()
    run: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "extra_groups": [] if who else None, **who}
    subprocess.run([initdb, "-D", data, "-U", "clusterscope", "-A", "trust", "-E", "UTF8", "--no-sync"], check=True, **run)
    command: list[str | Path] = [postgres, "-D", data, "-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1"]
    process = subprocess.Popen([*command, "-c", "logging_collector=off"], stderr=subprocess.DEVNULL, **run)
    wait_for_port(port, process)
    yield f"postgres://clusterscope@127.0.0.1:{port}/postgres"
    process.send_signal(signal.SIGINT)
    process.wait(30)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    redis, port = find("redis-server"), free_port()
    folder = tmp_path_factory.mktemp("redis")
    command = [redis, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    wait_for_port(port, process)
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(30)


class Process:
    """One of our processes; everything it prints is kept."""

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *arguments], env=environment, cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        eventually(lambda: self._line("Clusterscope") or self.process.poll() is not None, 60)
        assert self.process.poll() is None, "".join(self.lines)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            self.lines.extend(iter(stream.readline, ""))

    def _line(self, beginning: str) -> str:
        return next((line for line in self.lines if line.startswith(beginning)), "")

    @property
    def url(self) -> str:
        return self._line("Clusterscope is at ").split()[3]

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(30)
        self._reader.join(10)


@dataclass
class Installation:
    """Two web processes, two workers, and sandboxes of different visitors."""

    environment: dict[str, str]
    webs: list[Process] = field(default_factory=list)
    workers: list[Process] = field(default_factory=list)
    sandboxes: list[Sandbox] = field(default_factory=list)

    def query(self, code: str, *arguments: str) -> str:
        """What a process of its own prints that asks the database."""
        prelude = "import sys, django; django.setup(); from cluster.models import Cluster, Revision; from cluster import store\n"
        environment = {**self.environment, "DJANGO_SETTINGS_MODULE": "dashboard.settings", "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", prelude + code, *arguments], env=environment, cwd=ROOT, text=True, capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def owner(self, sandbox: Sandbox) -> int:
        """The process id of the worker whose lease holds, 0 when there is none."""
        name = self.query("print(store.holder(sys.argv[1]))", sandbox.cluster)
        return int(name.split("-")[1]) if name else 0

    def owners(self) -> dict[str, int]:
        return {sandbox.cluster: self.owner(sandbox) for sandbox in self.sandboxes}


@pytest.fixture(scope="module")
def installation(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    environment = server_environment(tmp_path_factory.mktemp("var"), DATABASE_URL=database_url, REDIS_URL=redis_url)
    found = Installation(environment)
    try:
        for _ in range(2):
            found.webs.append(Process(environment, "serve", "--without-worker"))
            found.workers.append(Process(environment, "work"))
        found.sandboxes = make_sandboxes(environment, SANDBOXES)
        yield found
    finally:
        running = [process for process in (*found.webs, *found.workers) if process.running]
        for process in running:
            process.end(signal.SIGTERM)
    for process in (*found.webs, *found.workers):
        assert "Traceback" not in "".join(process.lines), "".join(process.lines)
    assert [process.process.returncode for process in running] == [0] * len(running)


def each(sandboxes: list[Sandbox], act: Callable[[Sandbox], None]) -> None:
    for sandbox in sandboxes:
        act(sandbox)


def test_it_works_through_both_web_processes(installation: Installation) -> None:
    first, second = (web.url for web in installation.webs)

    def drive(sandbox: Sandbox) -> None:
        with Viewer(first, sandbox) as one, Viewer(second, sandbox) as other:
            one.ask("clock", type="pause")
            other.frame()
            assert one.console("kubectl create deployment web --image=nginx:1.27 --replicas=3") == "deployment.apps/web created\n"
            head = other.ask("clock", type="quiet")["head"]
            for viewer in (one, other):
                viewer.until_revision(head)
                assert contiguous(viewer.revisions())
            assert [event for event in one.events() if event["r"] > other.revisions()[0]] == other.events()[1:]
            assert one.frame()["revision"] == other.frame()["revision"] == head
            assert "3/3" in other.console("kubectl get deployment web")

    each(installation.sandboxes, drive)


def test_both_workers_own_something(installation: Installation) -> None:
    ids = {worker.process.pid for worker in installation.workers}
    eventually(lambda: set(installation.owners().values()) == ids or installation.sandboxes.extend(fresh(installation)), 60)


def fresh(installation: Installation) -> list[Sandbox]:
    """More sandboxes, each looked at once: chance decides which worker takes them."""
    made = make_sandboxes(installation.environment, 2)
    for sandbox in made:
        with Viewer(installation.webs[0].url, sandbox) as viewer:
            viewer.ask("clock", type="pause")
    return made


def test_a_killed_web_process_harms_nobody(installation: Installation) -> None:
    sandbox = installation.sandboxes[0]
    third = Process(installation.environment, "serve", "--without-worker")
    with Viewer(installation.webs[0].url, sandbox) as viewer, Viewer(third.url, sandbox) as left:
        left.begin("kubectl get pods -w")
        left.frame()
        third.end(signal.SIGKILL)
        assert viewer.console("kubectl create namespace still-here") == "namespace/still-here created\n"


def test_a_killed_workers_clusters_go_on_elsewhere(installation: Installation) -> None:
    victim = installation.workers[0]
    owned = [sandbox for sandbox in installation.sandboxes if installation.owner(sandbox) == victim.process.pid]
    assert owned
    sandbox, url = owned[0], installation.webs[1].url
    with Viewer(url, sandbox) as viewer:
        for number in range(5):
            assert viewer.console(f"kubectl create namespace kept-{number}") == f"namespace/kept-{number} created\n"
        head = viewer.frame()["head"]
        victim.end(signal.SIGKILL)
        survivor = installation.workers[1].process.pid
        began = time.monotonic()
        eventually(lambda: installation.owner(sandbox) == survivor, TAKEOVER)
        assert time.monotonic() - began < TAKEOVER
        viewer.wait(lambda message: message["type"] == "clock", after=len(viewer.messages) - 1, seconds=TAKEOVER)
        frame = viewer.frame()
        assert frame["revision"] == head, "nothing is lost"
        assert "namespace/kept-4\n" in viewer.console("kubectl get namespaces -o name")
        assert viewer.console("kubectl create namespace after") == "namespace/after created\n"
        viewer.until_revision(head + 1)
        assert contiguous(viewer.revisions())
    for other in owned[1:]:
        with Viewer(url, other) as viewer:
            assert viewer.frame()["type"] == "frame"
            assert viewer.console("kubectl get namespace default -o name") == "namespace/default\n"
    assert set(installation.owners().values()) <= {survivor, 0}
