"""kill -9 at any moment: what was answered is there, nothing is lost or doubled, and the cluster goes on.

The workers are real processes on a real database file; they are forked from one that has everything imported, so that a
hundred deaths take seconds. The last test kills the whole server.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import failpoints
from tests.conftest import start_server
from tests.support.feed import Viewer, make_sandboxes

ROOT = Path(__file__).resolve().parents[2]
RANDOM_KILLS = 82
KILLS_PER_FAILPOINT = 3
CHECK = """
import os, sys, json
import django
django.setup()
from cluster import store
from cluster.models import Cluster, Resource, Revision, Branch
from cluster.simulation import journal
identifier, acknowledged = sys.argv[1], int(sys.argv[2])
row = Cluster.objects.get(id=identifier)
world = store.load(identifier, row.branch)
revisions = list(Revision.objects.filter(cluster=row).order_by("revision").values_list("revision", flat=True))
assert revisions == list(range(revisions[0], revisions[-1] + 1)), "the journal has a gap"
assert revisions[-1] == row.head == world.revision == Branch.objects.get(cluster=row).head
made = sorted(int(key[1][2:]) for key in world.table("configmaps") if key[1].startswith("c-"))
assert made == list(range(len(made))), f"lost or doubled: {made}"
assert len(made) > acknowledged, f"answered but lost: {acknowledged}, have {len(made)}"
rows = sorted(int(name[2:]) for name in Resource.objects.filter(cluster=row, resource="configmaps", name__startswith="c-")
              .values_list("name", flat=True))
assert rows == made, "the rows are not the present"
print(json.dumps({"made": len(made), "revisions": len(revisions)}))
"""


class Victims:
    """The forking server and the cluster on which its children die."""

    def __init__(self, folder: Path) -> None:
        self.environment = {
            **os.environ, "DATABASE_URL": f"sqlite:///{folder / 'kill.sqlite3'}", "CLUSTERSCOPE_VAR": str(folder),
            "DJANGO_SETTINGS_MODULE": "dashboard.settings", "PYTHONPATH": str(ROOT), "LOG_LEVEL": "ERROR",
        }
        self.environment.pop("REDIS_URL", None)
        self._python("from django.core.management import call_command; call_command('migrate', verbosity=0)")
        self.cluster = self._python(
            "from cluster import store; row = store.create('v', 'sandbox', 5); print(row.id)"
        ).strip()
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/support/kill_server.py")], env=self.environment, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        self.acknowledged = -1

    def _python(self, code: str, *arguments: str) -> str:
        prelude = "import django; django.setup()\n"
        done = subprocess.run(
            [sys.executable, "-c", prelude + code, *arguments], env=self.environment, cwd=ROOT, text=True, capture_output=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def live_and_die(self, after: float | None, failpoint: str = "-") -> None:
        """A child works until it is killed after some seconds, or until its failpoint kills it."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{self.cluster} {self.acknowledged + 1} {failpoint}\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline().split()[1])
        if after is not None:
            time.sleep(after)
            os.kill(child, signal.SIGKILL)
        for line in self.process.stdout:
            word, *rest = line.split()
            if word == "ended":
                return
            assert word == "ack", line
            self.acknowledged = int(rest[0])

    def check(self) -> str:
        return self._python(CHECK, self.cluster, str(self.acknowledged))

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def victims(tmp_path: Path) -> Iterator[Victims]:
    found = Victims(tmp_path)
    yield found
    found.end()


def test_it_works(victims: Victims) -> None:
    victims.live_and_die(1.0)
    assert victims.acknowledged >= 0
    victims.check()


def test_a_hundred_deaths(victims: Victims) -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    chance = random.Random(seed)
    deaths: list[tuple[float | None, str]] = [(chance.uniform(0.02, 0.25), "-") for _ in range(RANDOM_KILLS)]
    for name in failpoints.NAMES:
        deaths += [(None, f"{name}:{chance.randrange(1, 12)}") for _ in range(KILLS_PER_FAILPOINT)]
    chance.shuffle(deaths)
    assert len(deaths) >= 100
    for number, (after, failpoint) in enumerate(deaths):
        victims.live_and_die(after, failpoint)
        if number % 10 == 9:
            victims.check()
    victims.check()
    assert victims.acknowledged > 20, f"the workers hardly got to work (seed {seed})"


def test_the_whole_server_dies_and_comes_back(tmp_path: Path) -> None:
    """`manage.py serve` itself, killed while it plays and is given commands; each time started again on the same files."""
    chance = random.Random(17)
    server = start_server(tmp_path)
    sandbox = make_sandboxes(server.environment, 1)[0]
    answered: list[str] = []
    for life in range(3):
        viewer = Viewer(server.url, sandbox)
        frame = viewer.frame()
        for number in range(100):
            name = f"c-{life}-{number}"
            if viewer.console(f"kubectl create configmap {name}") == f"configmap/{name} created\n":
                answered.append(name)
            if chance.random() < 0.15:
                break
        viewer.say({"type": "console", "id": "last", "line": "kubectl create deployment web --image=nginx:1.27 --replicas=9"})
        time.sleep(chance.uniform(0, 0.2))
        seen = viewer.revisions()
        server.process.kill()
        server.process.wait()
        viewer.close()
        server = start_server(tmp_path)
        with Viewer(server.url, sandbox) as after:
            head = after.frame()["head"]
            assert head >= max(seen, default=frame["head"]), "something was shown that is no longer there"
            printed = after.console("kubectl get configmaps -o name")
            assert [line.removeprefix("configmap/") for line in printed.split() if "/c-" in line] == sorted(answered)
            after.console("kubectl delete deployment web --ignore-not-found --wait=false")
    assert server.stop() == 0
    assert len(answered) > 5


def test_unknown_failpoints_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown failpoint 'nowhere'; known are before-save"):
        failpoints.arm("nowhere:2")
