"""The background worker that owns live clusters."""

from typing import Any

from channels.consumer import AsyncConsumer

# The channel that this process's worker listens to.
CHANNEL = "clusters"


class ClusterWorker(AsyncConsumer):  # type: ignore[misc]
    """Answers the messages on CHANNEL: each names the channel that waits for its answer."""

    async def worker_ping(self, message: dict[str, Any]) -> None:
        """Answer on the channel `message["reply"]` that this worker lives."""
        await self.channel_layer.send(message["reply"], {"type": "worker.pong"})
