"""The Channels background worker: owns live clusters, runs their commands, plays their time, writes what happened.

Several worker processes share the clusters by leases. A message on the common channel goes to any of them; whoever gets it
takes the lease or hands the message to the worker that has it. Messages are only wake-ups: what is true is in the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from channels.consumer import AsyncConsumer
from channels.layers import BaseChannelLayer, get_channel_layer
from django.conf import settings
from django.db import DatabaseError, connection

from cluster import board, failpoints, store
from cluster.live import LiveCluster, Refused
from cluster.models import Cluster

logger = logging.getLogger(__name__)

# The channel on which any worker takes commands for clusters that nobody owns yet.
CHANNEL = "clusters"
# The channel of this process's worker alone, and its name in leases.
PROCESS_CHANNEL = f"clusters-{os.getpid()}-{secrets.token_hex(4)}"
# Writes of all clusters are collected for so long and committed together (seconds).
GROUP_COMMIT = 0.02
RENEW_EVERY = store.LEASE.total_seconds() / 3
# How often a command is handed on before the sender is told that the cluster is busy elsewhere.
MAX_HOPS = 5


def group_of(cluster: str) -> str:
    """The group that every web process with viewers of a cluster listens to."""
    return f"cluster.{cluster}"


class Worker:
    """All live clusters of one process, and the one thread that touches the database."""

    def __init__(self, layer: BaseChannelLayer, name: str = PROCESS_CHANNEL) -> None:
        self.name = name
        self._layer = layer
        self._clusters: dict[str, LiveCluster] = {}
        self._loading: dict[str, asyncio.Lock] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._dirty: dict[str, LiveCluster] = {}
        self._in_flight: frozenset[str] = frozenset()
        self._round: asyncio.Future[None] | None = None  # ends when what is in flight is on disk
        self._next_round: asyncio.Future[None] | None = None  # ends when what is dirty is on disk
        self._work = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Begin to commit and to keep leases; needs a running event loop."""
        for job in (self._commit_forever, self._tend_forever):
            self.spawn(job())

    def spawn(self, job: Coroutine[Any, Any, None]) -> None:
        """Run a job beside the others; its failure is logged."""
        task = asyncio.get_running_loop().create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a task of the worker failed", exc_info=task.exception())

    async def stop(self) -> None:
        """Commit everything and give up all leases."""
        for live in list(self._clusters.values()):
            await live.stop()
        self._clusters.clear()
        await self.database(store.release, self.name)
        for task in list(self._tasks):
            if task is not asyncio.current_task():
                task.cancel()
        await self.database(lambda: connection.close())
        self._thread.shutdown(wait=True)

    async def database(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function that touches the database on the one thread for it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, _with_connection, function, *arguments)

    # --- committing ------------------------------------------------------------------------------------------------

    def dirty(self, live: LiveCluster) -> None:
        """There is something to write for this cluster."""
        if self._next_round is None:
            self._next_round = asyncio.get_running_loop().create_future()
        self._dirty[live.id] = live
        self._work.set()

    async def committed(self, live: LiveCluster) -> None:
        """Wait until everything that has happened to the cluster by now is on disk; raises Refused when it cannot be."""
        round_ = self._next_round if live.id in self._dirty else self._round if live.id in self._in_flight else None
        if round_ is not None:
            await asyncio.shield(round_)
        if live.broken:
            raise Refused("This could not be saved; the sandbox goes on from its last saved state.")

    async def _commit_forever(self) -> None:
        while True:
            await self._work.wait()
            await asyncio.sleep(GROUP_COMMIT)
            self._work.clear()
            await self._commit()

    async def _commit(self) -> None:
        lives, self._dirty = list(self._dirty.values()), {}
        self._round, self._next_round = self._next_round, None
        self._in_flight = frozenset(live.id for live in lives)
        batches = [self._batch(live) for live in lives]
        try:
            lost = await self.database(store.save, batches)
        except DatabaseError:
            logger.exception("a commit of %d clusters failed", len(lives))
            lost = {live.id for live in lives}
        for live, batch in zip(lives, batches, strict=True):
            live.broken = live.id in lost
            if batch.steps and not live.broken:
                await self.publish(live.id, [board.event(step) for step in batch.steps])
        assert self._round is not None
        self._round.set_result(None)
        self._round, self._in_flight = None, frozenset()
        for live in lives:
            if live.broken:
                self.spawn(self._forget(live, "it could not be saved"))

    def _batch(self, live: LiveCluster) -> store.Batch:
        batch = store.Batch(live.id, self.name, live.branch, live.steps)
        live.steps = []
        if live.state_changed:
            batch.playing, batch.speed = live.playing, live.speed
            live.state_changed = False
        return batch

    async def publish(self, cluster: str, messages: list[dict[str, Any]]) -> None:
        """Show every viewer of a cluster what is now on disk."""
        await self._layer.group_send(group_of(cluster), {"type": "cluster.news", "cluster": cluster, "messages": messages})

    # --- leases ----------------------------------------------------------------------------------------------------

    async def _tend_forever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            await self.database(store.renew, self.name)
            for live in list(self._clusters.values()):
                if live.forgotten():
                    await self._forget(live, "nobody watches")
                elif live.id in self._clusters and not live.steps:
                    await self.database(store.compact, live.id)

    async def _forget(self, live: LiveCluster, why: str) -> None:
        logger.info("cluster %s leaves: %s", live.id, why)
        self._clusters.pop(live.id, None)
        with contextlib.suppress(Refused):
            await live.stop()
        await self.database(store.release, self.name, [live.id])

    async def live(self, cluster: str) -> LiveCluster | None:
        """The live cluster, taken over if nobody has it; None when another worker owns it. Raises Missing."""
        async with self._loading.setdefault(cluster, asyncio.Lock()):
            found = self._clusters.get(cluster)
            if found is not None:
                return found
            loaded = await self.database(_take_over, cluster, self.name)
            if loaded is None:
                return None
            row, world = loaded
            live = LiveCluster(row, world, self.name, self)
            self._clusters[cluster] = live
            live.start()
            return live

    # --- commands --------------------------------------------------------------------------------------------------

    async def handle(self, message: dict[str, Any]) -> None:
        """Do a command and answer it, or hand it to the worker that owns the cluster."""
        cluster = message["cluster"]
        try:
            live = await self.live(cluster)
            if live is None:
                await self._hand_on(message)
                return
            answer = await live.command(message["command"], self._sender(message))
        except Refused as refusal:
            answer = {"type": "error", "message": str(refusal)}
        except store.Missing:
            answer = {"type": "error", "message": "This sandbox does not exist any more."}
        except Exception:
            # A defect of ours must not take the other clusters down: say so, keep the last committed state.
            logger.exception("command %r on cluster %s failed", message["command"].get("type"), cluster)
            answer = {"type": "error", "message": "Something went wrong in the simulator; your last saved state is safe."}
        await self._answer(message, answer)

    async def _hand_on(self, message: dict[str, Any]) -> None:
        owner = await self.database(store.holder, message["cluster"])
        hops = message.get("hops", 0) + 1
        if hops > MAX_HOPS:
            await self._answer(message, {"type": "error", "message": "This sandbox is busy; please try again."})
            return
        await self._layer.send(owner or CHANNEL, {**message, "hops": hops})

    def _sender(self, message: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
        async def send(said: dict[str, Any]) -> None:
            await self._layer.send(message["reply"], {
                "type": "cluster.said", "socket": message.get("socket", ""), "message": said,
            })
        return send

    async def _answer(self, message: dict[str, Any], answer: dict[str, Any]) -> None:
        failpoints.reached("before-answer")
        if message.get("reply"):
            await self._layer.send(message["reply"], {
                "type": "cluster.answer", "id": message["id"], "worker": self.name, "cluster": message["cluster"],
                "answer": answer,
            })


def _with_connection(function: Callable[..., Any], *arguments: Any) -> Any:
    # The one connection of this thread stays open; close_old_connections would open it anew for every commit.
    if connection.connection is not None and connection.errors_occurred:
        connection.close_if_unusable_or_obsolete()
    return function(*arguments)


def _take_over(cluster: str, worker: str) -> tuple[Cluster, Any] | None:
    """Claim a cluster and read it; None when another worker holds it."""
    if not store.claim(cluster, worker):
        store.holder(cluster)  # raises Missing for an unknown cluster
        return None
    row = Cluster.objects.get(id=cluster)
    return row, store.load(cluster, row.branch)


class _Process:
    """The worker of this process, made when the first message needs it."""

    worker: Worker | None = None


async def process_worker() -> Worker:
    """This process's worker, started on the running loop."""
    if _Process.worker is None:
        worker = Worker(get_channel_layer())
        _Process.worker = worker
        if settings.EMBEDDED:
            await worker.database(store.release_everything)
        worker.start()
    return _Process.worker


async def stop_process_worker() -> None:
    """Commit, give up the leases and forget the worker; does nothing when there is none."""
    worker, _Process.worker = _Process.worker, None
    if worker is not None:
        await worker.stop()


class ClusterWorker(AsyncConsumer):
    """The Channels side: every message starts a task, so that no cluster blocks the channel."""

    async def cluster_command(self, message: dict[str, Any]) -> None:
        """{"cluster", "command", "reply", "id", "socket"}: answered on the channel `reply`."""
        worker = await process_worker()
        worker.spawn(worker.handle(message))
