"""Daphne and the cluster worker on one asyncio loop: the whole product in one process."""

import asyncio
import logging
from typing import Any

from channels.layers import get_channel_layer
from channels.worker import Worker
from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from django.core.exceptions import RequestAborted
from twisted.internet import defer
from twisted.internet import reactor as installed_reactor

from cluster.worker import CHANNEL, PROCESS_CHANNEL, stop_process_worker
from dashboard.asgi import application
from dashboard.large import stop_large_host

logger = logging.getLogger(__name__)

# Twisted types its reactor as an interface that no type checker can follow.
reactor: Any = installed_reactor

# How long the tasks of connections and clusters may take to end, in seconds.
STOP_TIMEOUT = 10.0
# The largest message of a WebSocket in either direction (bytes). Autobahn drops a larger one of ours without a word; the
# feed's largest are 2000 events at once (see dashboard/consumers.py) and the frame of a full sandbox.
MAX_MESSAGE = 16 * 1024 * 1024


class ChannelWorker(Worker):
    """Channels' worker, on the common channel and the process's own.

    Channels waits until every listener has failed and reads the error of the first only: this one ends with the first.
    """

    def __init__(self) -> None:
        super().__init__(application, [CHANNEL, PROCESS_CHANNEL], get_channel_layer())

    async def handle(self) -> None:
        """Listen on the channels until one of them fails."""
        await asyncio.gather(*(self.listener(channel) for channel in self.channels))


class ServeError(Exception):
    """The server could not start or broke down; the text is a sentence for the person who started it."""


class ClusterscopeServer(Server):
    """Daphne's server with the worker beside it.

    Daphne logs a failed `listen` and ends as if all were well: this class keeps the reason instead.
    """

    def __init__(self, host: str, port: int, *, with_worker: bool = True) -> None:
        super().__init__(
            application,
            endpoints=build_endpoint_description_strings(host=host, port=port),
            server_name="clusterscope",
            websocket_max_message_size=MAX_MESSAGE,
            websocket_max_frame_size=MAX_MESSAGE,
            # A browser that went away must not hold the process up.
            application_close_timeout=STOP_TIMEOUT,
        )
        self.host = host
        self.port = port
        self.with_worker = with_worker
        self.failure: str | None = None
        self.worker_task: asyncio.Task[None] | None = None

    def serve(self, announce: Any) -> None:
        """Run until SIGINT or SIGTERM; ServeError when the address is taken or the worker breaks down.

        `announce(url)` is called once connections are accepted.
        """
        reactor.callWhenRunning(self._running, announce)
        reactor.addSystemEventTrigger("before", "shutdown", self._stop_worker)
        self.run()
        self._finish(reactor._asyncioEventloop)
        if self.failure:
            raise ServeError(self.failure)

    def listen_error(self, failure: Any) -> None:
        """Keep why the address could not be used, and stop."""
        self.failure = f"Cannot listen on {self.host} port {self.port}: {_reason(failure.value)}."
        self.stop()

    def _running(self, announce: Any) -> None:
        asyncio.get_event_loop().set_exception_handler(_report)
        if self.with_worker:
            self.worker_task = asyncio.get_event_loop().create_task(ChannelWorker().arun())
            self.worker_task.add_done_callback(self._worker_ended)
        _, port = self.listening_addresses[0]
        announce(f"http://{self.host}:{port}")

    def _worker_ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            return
        error = task.exception()
        logger.error("The cluster worker broke down.", exc_info=error)
        self.failure = f"The cluster worker broke down: {error!r}."
        self.stop()

    def _stop_worker(self) -> "defer.Deferred[Any] | None":
        if self.worker_task is None:
            return None
        # Twisted waits for this before the loop ends: what was acknowledged is on disk, leases are given up.
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._stopped(self.worker_task)))

    async def _stopped(self, task: "asyncio.Task[None]") -> None:
        task.cancel()
        try:
            await asyncio.wait_for(stop_process_worker(), STOP_TIMEOUT)
        except TimeoutError:
            self.failure = f"The cluster worker did not stop within {STOP_TIMEOUT:g} s."

    def _finish(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel what is left and await it; an open stream would otherwise crash the interpreter at its end."""
        loop.run_until_complete(stop_large_host())
        loop.run_until_complete(_cancel_all())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # A client that goes away while the server stops leaves Django's listening task behind: no error of anybody's.
    if not isinstance(context.get("exception"), RequestAborted):
        loop.default_exception_handler(context)


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if not tasks:
        return
    _, pending = await asyncio.wait(tasks, timeout=STOP_TIMEOUT)
    for task in pending:
        logger.warning("A task did not end in time.", extra={"task": task.get_name(), "seconds": STOP_TIMEOUT})


def _reason(error: BaseException) -> str:
    """Return the operating system's words for a failed `listen`."""
    cause = getattr(error, "socketError", error)
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return str(cause)
