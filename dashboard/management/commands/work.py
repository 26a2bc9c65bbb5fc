"""`manage.py work`: a process that only plays clusters, for installations of several processes."""

import asyncio
import signal
from typing import Any

from channels.worker import Worker
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cluster.worker import stop_process_worker


class Command(BaseCommand):
    """Play clusters until Ctrl-C or SIGTERM; the site is served by `manage.py serve --without-worker`."""

    help = "Plays clusters without serving the site. Needs REDIS_URL, which connects it with the serving processes."

    def handle(self, *args: Any, **options: Any) -> None:
        """Work; CommandError (exit code 1) without Redis or when the worker breaks down."""
        if settings.EMBEDDED:
            raise CommandError("manage.py work needs REDIS_URL; without it, manage.py serve plays the clusters itself.")
        # Imported late: redis is a package of this set-up only; the ASGI application is not needed for the error above.
        from redis.exceptions import RedisError

        from dashboard.server import ChannelWorker

        try:
            asyncio.run(self._until_signal(ChannelWorker()))
        except RedisError as error:
            raise CommandError(f"The cluster worker lost Redis: {error}") from error

    async def _until_signal(self, worker: Worker) -> None:
        work = asyncio.ensure_future(worker.arun())
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        self.stdout.write("Clusterscope plays clusters (Ctrl-C ends it)")
        self.stdout.flush()
        try:
            await work
        except asyncio.CancelledError:
            # Only the signals above cancel the work: it is the ordinary end.
            return
        finally:
            await stop_process_worker()
