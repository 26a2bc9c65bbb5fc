"""Forks workers that are there to be killed: run as `python kill_server.py` with DATABASE_URL set.

Each line on stdin is `CLUSTER START FAILPOINT` ("-" for none). A child takes the cluster over like a worker process after a
restart and runs commands as fast as it can: it makes the ConfigMaps c-START, c-START+1 … and prints `ack N` once N is
answered, then a rollout every few commands. The parent prints `pid N` first and `ended` when the child is gone.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

import django

django.setup()

from channels.layers import InMemoryChannelLayer  # noqa: E402
from django.db import connections  # noqa: E402

from cluster import failpoints, store  # noqa: E402
from cluster.worker import Worker  # noqa: E402
from tests.support.working import Client  # noqa: E402


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def live(cluster: str, start: int) -> None:
    layer = InMemoryChannelLayer(capacity=10_000)
    worker = Worker(layer)
    await worker.database(store.release_everything)
    worker.start()
    client = Client(worker, layer)
    await client.start(cluster)
    number = start
    while True:
        exists = f'configmaps "c-{number}" already exists'
        printed = await client.console(cluster, f"kubectl create configmap c-{number} --from-literal=n={number}")
        if printed not in (f"configmap/c-{number} created\n", f'error: failed to create configmap: {exists}\n'):
            say(f"unexpected {printed!r}")
        say(f"ack {number}")
        if number % 5 == 0:
            await client.console(cluster, f"kubectl scale deployment web --replicas={number % 4 + 1}")
            await client.command(cluster, type="advance", seconds=3)
        number += 1


def main() -> None:
    connections.close_all()
    for line in sys.stdin:
        cluster, start, failpoint = line.split()
        child = os.fork()
        if child == 0:
            failpoints.arm("" if failpoint == "-" else failpoint)
            asyncio.run(live(cluster, int(start)))
            os._exit(0)
        say(f"pid {child}")
        os.waitpid(child, 0)
        say("ended")


main()
