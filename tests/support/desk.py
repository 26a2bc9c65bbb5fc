"""A paused sandbox with a worker of its own and a client, on the event loop of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from channels.layers import InMemoryChannelLayer

from cluster import store
from cluster.worker import Worker
from tests.support.working import Client


class Desk:
    """Commands and console lines for one sandbox."""

    def __init__(self, cluster: str, worker: Worker, client: Client) -> None:
        self.cluster = cluster
        self.worker = worker
        self.client = client

    @classmethod
    @asynccontextmanager
    async def opened(cls) -> AsyncIterator[Self]:
        """A new sandbox of three nodes; its worker is stopped at the end."""
        layer = InMemoryChannelLayer(capacity=10_000)
        worker = Worker(layer)
        worker.start()
        row = await worker.database(store.create, "visitor", "sandbox", 3)
        client = Client(worker, layer)
        await client.start(row.id)
        desk = cls(row.id, worker, client)
        await desk.command("pause")
        yield desk
        await desk.worker.stop()
        await client.stop()

    async def command(self, type_: str, **more: Any) -> dict[str, Any]:
        return await self.client.command(self.cluster, type=type_, **more)

    async def console(self, line: str, **more: Any) -> str:
        return await self.client.console(self.cluster, line, **more)
