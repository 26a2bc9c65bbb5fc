"""The Channels background worker: owns live clusters, runs their commands, plays their time, writes what happened.

Several worker processes share the clusters by leases. A message on the common channel goes to any of them; whoever gets it
takes the lease or hands the message to the worker that has it. Messages are only wake-ups: what is true is in the database.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from channels.consumer import AsyncConsumer
from channels.layers import BaseChannelLayer, get_channel_layer
from django.conf import settings
from django.db import connection

from cluster import board, failpoints, store
from cluster.live import RESTARTING, LiveCluster, Refused
from cluster.models import Cluster
from cluster.simulation.step import Step

logger = logging.getLogger(__name__)

# The channel on which any worker takes commands for clusters that nobody owns yet.
CHANNEL = "clusters"
# The channel of this process's worker alone, and its name in leases.
PROCESS_CHANNEL = f"clusters-{os.getpid()}-{secrets.token_hex(4)}"
# Writes of all clusters are collected for so long and committed together (seconds).
GROUP_COMMIT = 0.02
# Documents are many and make no cycles: with Python's own thresholds the collector takes a third of the time in which
# 300 sandboxes are loaded (measured 2.0 s against 2.7–3.0 s, from the start of the process on).
GC_THRESHOLDS = (100_000, 20, 50)
# How often clusters that nobody uses are deleted (seconds).
PRUNE_EVERY = 3600.0
# After so many steps of a cluster it is looked whether its oldest history has to go.
COMPACT_EVERY = 1000
RENEW_EVERY = store.LEASE.total_seconds() / 3
# How often a command is handed on before the sender is told that the cluster is busy elsewhere.
MAX_HOPS = 5


def group_of(cluster: str) -> str:
    """The group that every web process with viewers of a cluster listens to."""
    return f"cluster.{cluster}"


@dataclass(frozen=True)
class Sender:
    """Says something to the socket that a command came from."""

    layer: BaseChannelLayer
    reply: str
    socket: str

    async def __call__(self, message: dict[str, Any]) -> None:
        """Send on; a web process that does not read any more loses what is meant for it, and nobody else anything."""
        if not self.reply:
            return
        try:
            await self.layer.send(self.reply, {"type": "cluster.said", "socket": self.socket, "message": message})
        except Exception:
            logger.exception("a socket could not be told something")


class Worker:
    """All live clusters of one process, and the one thread that touches the database."""

    def __init__(self, layer: BaseChannelLayer, name: str = PROCESS_CHANNEL) -> None:
        self.name = name
        self._layer = layer
        self._clusters: dict[str, LiveCluster] = {}
        # Who loads a cluster or lets it go holds its lock; a lock that nobody holds is forgotten.
        self._loading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._renewed = time.monotonic()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._pruned = -PRUNE_EVERY
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
        self._closing = True
        lives = list(self._clusters.values())
        ended = await asyncio.gather(*(live.stop() for live in lives), return_exceptions=True)
        for live, outcome in zip(lives, ended, strict=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, Refused):
                logger.error("cluster %s did not stop well", live.id, exc_info=outcome)
        self._clusters.clear()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.database(store.release, self.name)
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
        # What a broken cluster did after its failed commit would leave a gap in the journal.
        lives, self._dirty = [live for live in self._dirty.values() if not live.broken], {}
        round_, self._round, self._next_round = self._next_round, self._next_round, None
        self._in_flight = frozenset(live.id for live in lives)
        try:
            batches = [self._batch(live) for live in lives]
            lost = await self._save(batches)
            for live, batch in zip(lives, batches, strict=True):
                if live.id in lost:
                    live.broken = True
                    self.spawn(self._forget(live, "it could not be saved"))
                elif batch.steps:
                    await self._show(live, batch.steps)
        finally:
            # Whoever waits must not wait for ever, whatever went wrong.
            self._round, self._in_flight = None, frozenset()
            if round_ is not None:
                round_.set_result(None)

    async def _save(self, batches: Sequence[store.Batch]) -> set[str]:
        """Write to disk; returns the clusters that could not be written. One that fails does not take the others along."""
        try:
            lost: set[str] = await self.database(store.save, batches)
            return lost
        except Exception:
            logger.exception("a commit of %d clusters failed", len(batches))
        if len(batches) == 1:
            return {batches[0].cluster}
        return set().union(*[await self._save([batch]) for batch in batches])

    async def _show(self, live: LiveCluster, steps: list[Step]) -> None:
        events = [board.event(step) for step in steps]
        live.saved(steps, events)
        await self.publish(live.id, events)

    def _batch(self, live: LiveCluster) -> store.Batch:
        batch = store.Batch(live.id, self.name, live.branch, live.steps)
        live.steps = []
        if live.state_changed:
            batch.playing, batch.speed = live.playing, live.speed
            live.state_changed = False
        return batch

    async def publish(self, cluster: str, messages: list[dict[str, Any]]) -> None:
        """Show every viewer of a cluster what is now on disk; who misses it sees the gap and asks for a frame."""
        news = {"type": "cluster.news", "cluster": cluster, "worker": self.name, "messages": messages}
        try:
            await self._layer.group_send(group_of(cluster), news)
        except Exception:
            logger.exception("the viewers of cluster %s could not be told", cluster)

    # --- leases ----------------------------------------------------------------------------------------------------

    async def _tend_forever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                await self._tend()
            except Exception:
                # The database may be back at the next turn; without renewing, all clusters would be lost.
                logger.exception("the leases could not be tended")

    async def _tend(self) -> None:
        """Keep the leases; let go what nobody watches or another worker has; go on with what a dead worker left."""
        await self._renew()
        if time.monotonic() - self._pruned > PRUNE_EVERY:
            self._pruned = time.monotonic()
            await self.database(store.prune)
        for live in list(self._clusters.values()):
            if live.forgotten():
                await self._forget(live, "nobody watches")
            elif live.grown > COMPACT_EVERY and not live.steps and not live.closed:
                live.grown = 0
                await self.database(store.compact, live.id)
        for cluster in await self.database(store.abandoned):
            found = await self.live(cluster)
            if found is not None:
                # The clock tells web processes who answers for the cluster from now on.
                await self.publish(cluster, [found.clock()])

    async def _renew(self) -> None:
        before, lives = time.monotonic(), list(self._clusters.values())
        held = await self.database(store.renew, self.name)
        self._renewed = before
        for live in lives:
            if live.id not in held:
                live.broken = True
                await self._forget(live, "its lease was lost")

    async def _forget(self, live: LiveCluster, why: str) -> None:
        # Until this one is on disk and its lease is given up, nobody may load the cluster anew.
        async with self._lock_of(live.id):
            if self._clusters.get(live.id) is not live or not (live.broken or live.forgotten()):
                return
            logger.info("cluster %s leaves: %s", live.id, why)
            try:
                await live.stop()
            except Refused:
                logger.info("cluster %s goes back to its last saved state", live.id)
            finally:
                self._clusters.pop(live.id, None)
            await self.database(store.release, self.name, [live.id])

    def _lock_of(self, cluster: str) -> asyncio.Lock:
        return self._loading.setdefault(cluster, asyncio.Lock())

    async def live(self, cluster: str) -> LiveCluster | None:
        """The live cluster, taken over if nobody has it; None when another worker owns it. Raises Missing and Refused."""
        if time.monotonic() - self._renewed > store.LEASE.total_seconds():
            await self._renew()  # this process stood still: another one may have taken over
        async with self._lock_of(cluster):
            found = self._clusters.get(cluster)
            if found is not None:
                return found
            if self._closing:
                raise Refused(RESTARTING)
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
            sender = Sender(self._layer, message.get("reply", ""), message.get("socket", ""))
            answer = await live.command(message["command"], sender)
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
    try:
        row = Cluster.objects.get(id=cluster)
        return row, store.load(cluster, row.branch)
    except Exception:
        # Whoever cannot read it must not keep the others from trying.
        store.release(worker, [cluster])
        raise


class _Process:
    """The worker of this process, made when the first message needs it."""

    worker: Worker | None = None


async def process_worker() -> Worker:
    """This process's worker, started on the running loop."""
    if _Process.worker is None:
        gc.set_threshold(*GC_THRESHOLDS)
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
