"""The Kubernetes API of a live cluster: requests that come to the worker, and watches that it carries on.

Only what is on disk is shown: reads see the newest saved moment, writes are answered when they are saved.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

from cluster.apiserver.errors import APIError
from cluster.apiserver.server import APIServer
from cluster.rest import handler, watching
from cluster.rest.logs import Log
from cluster.rest.messages import JSON, TEXT, Request, Response, refusal
from cluster.rest.reading import View
from cluster.rest.watching import BOOKMARK_EVERY, Watch

if TYPE_CHECKING:
    from cluster.live import Send

logger = logging.getLogger(__name__)

# Watches of one sandbox at the same time: a dozen informers for each of a few clients.
MOST_STREAMS = 100
TOO_MANY = f"this sandbox has {MOST_STREAMS} watches already"
# How often a follower of a log looks whether there is something new when nothing tells it (seconds of wall time).
LOOK_EVERY = 30.0
USER = "kubernetes-admin"


class Present(NamedTuple):
    """What a watch may tell of: the saved moment, and the server that knows what led to it."""

    view: View
    server: APIServer


def request_of(command: dict[str, Any]) -> Request:
    """The request that a web process has put into a command."""
    return Request(command["method"], command["path"], command["query"], command["headers"], command.get("body", b""))


def reply(response: Response) -> dict[str, Any]:
    """An answer as a command's answer."""
    return {
        "type": "api", "code": response.code, "body": response.body, "content_type": response.content_type,
        "headers": [list(pair) for pair in response.headers],
    }


class Streams:
    """The answers without an end of one live cluster: watches, and logs that are followed."""

    def __init__(
        self, present: Callable[[], Present], look: Callable[[], None], seconds_until: Callable[[int], float | None]
    ) -> None:
        self._present, self._look, self._seconds_until = present, look, seconds_until
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._waiting: set[asyncio.Event] = set()
        self._timeline = 0

    async def begin(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """Begin a watch. What it tells goes to `send` as text; the answer says only whether it began."""
        if len(self._tasks) >= MOST_STREAMS:
            return reply(handler.busy(TOO_MANY))
        begun = self._begun(request_of(command))
        if isinstance(begun, Response):
            return reply(begun)
        watch, text = begun
        key = (send.socket, str(command["id"]))
        await _say(send, key[1], text)
        self._keep(key, self._follow(key, watch, send))
        return {"type": "api-stream", "content_type": JSON}

    async def begin_log(self, command: dict[str, Any], send: Send) -> dict[str, Any]:
        """A log: whole as the answer, or told to `send` as it goes on when the client follows it."""
        begun = handler.begin_log(self._present().view, request_of(command))
        if isinstance(begun, Response):
            return reply(begun)
        log, text = begun
        if not log.follow:
            return reply(Response(200, text, TEXT))
        if len(self._tasks) >= MOST_STREAMS:
            return reply(handler.busy(TOO_MANY))
        key = (send.socket, str(command["id"]))
        await _say(send, key[1], text)
        self._keep(key, self._follow_log(key, log, send))
        return {"type": "api-stream", "content_type": TEXT}

    def _keep(self, key: tuple[str, str], following: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(following, name=f"stream {key}")
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    def _begun(self, request: Request) -> tuple[Watch, bytes] | Response:
        """A watch and everything that it has to tell by now, or why there is none."""
        present = self._present()
        begun = handler.begin_watch(present.view, request)
        if isinstance(begun, Response):
            return begun
        watch, text = begun
        try:
            watch, more = _told(watch, present)
        except APIError as error:
            return refusal(error)
        return watch, text + more

    async def end(self, socket: str) -> None:
        """Nobody reads what goes to this socket any more."""
        await self._cancel([task for key, task in self._tasks.items() if key[0] == socket])

    async def stop(self) -> None:
        """End all of them."""
        await self._cancel(list(self._tasks.values()))

    async def _cancel(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def saved(self) -> None:
        """Something more may be told."""
        for event in self._waiting:
            event.set()

    def other_branch(self) -> None:
        """What was told so far is no longer what happened: clients have to list anew."""
        self._timeline += 1
        self.saved()

    async def _follow(self, key: tuple[str, str], watch: Watch, send: Send) -> None:
        """Tell what happens until the watch's time is over."""
        loop, timeline = asyncio.get_running_loop(), self._timeline
        end = loop.time() + watch.seconds
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            while (left := end - loop.time()) > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), min(left, BOOKMARK_EVERY))
                moved = event.is_set()
                event.clear()
                self._look()
                present = self._present()
                if timeline != self._timeline:
                    raise watching.too_old(watch, present.view.reader.revision)
                if moved:
                    watch, text = _told(watch, present)
                    await _say(send, key[1], text)
                elif watch.bookmarks and left > BOOKMARK_EVERY:
                    await _say(send, key[1], watch.bookmark())
        except APIError as error:
            await _say(send, key[1], watching.failed(error))
        except Exception:
            logger.exception("a watch failed")
        finally:
            self._waiting.discard(event)
        await send({"type": "api-end", "id": key[1]})


    async def _follow_log(self, key: tuple[str, str], log: Log, send: Send) -> None:
        """Tell each line when it is written, until the container ends."""
        event, timeline = asyncio.Event(), self._timeline
        self._waiting.add(event)
        try:
            while timeline == self._timeline and not log.is_over(reader := self._present().view.reader):
                due = log.stream.next_line(reader)
                left = None if due is None else self._seconds_until(due)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), LOOK_EVERY if left is None else min(left, LOOK_EVERY))
                event.clear()
                self._look()
                log, text = log.told(self._present().view.reader)
                await _say(send, key[1], text)
        except APIError:
            pass  # the container has gone: nothing more comes
        except Exception:
            logger.exception("a log failed")
        finally:
            self._waiting.discard(event)
        await send({"type": "api-end", "id": key[1]})


def _told(watch: Watch, present: Present) -> tuple[Watch, bytes]:
    reader = present.view.reader
    if reader.revision <= watch.since:
        return watch, b""
    kind, wanted = watch.target.kind, watch.wanted
    events = present.server.watch(kind.resource, watch.target.namespace, watch.since, wanted.labels, wanted.fields)
    return watch.told(watching.up_to(events, reader.revision), reader.revision, reader.now)


async def _say(send: Send, identifier: str, text: bytes) -> None:
    if text:
        await send({"type": "api-text", "id": identifier, "text": text.decode(errors="replace")})
