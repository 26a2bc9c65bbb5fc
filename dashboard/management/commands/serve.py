"""`manage.py serve`: the web server and the cluster worker in one process."""

import signal
import sys
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    """Serve the site until Ctrl-C or SIGTERM."""

    help = "Runs Clusterscope: prepares what is stale, then serves the site and plays the clusters in one process."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options; their defaults are the variables HOST and PORT."""
        parser.add_argument("--host", default=settings.HOST, help="address to listen on (default: %(default)s)")
        parser.add_argument(
            "--port",
            type=int,
            default=settings.PORT,
            help="port to listen on, 0 for any free one (default: %(default)s)",
        )
        parser.add_argument(
            "--without-worker", action="store_true", help="only serve the site; clusters are played by other processes"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, announce the address and serve; CommandError (exit code 1) when that is not possible."""
        _end_quietly_on_signals()
        call_command("prepare", stdout=self.stdout)
        # Imported late: the ASGI application may only be built when translations and static files are there.
        from dashboard.server import ClusterscopeServer, ServeError

        server = ClusterscopeServer(options["host"], options["port"], with_worker=not options["without_worker"])
        _restore_signals()
        try:
            server.serve(self.announce)
        except ServeError as error:
            raise CommandError(str(error)) from error

    def announce(self, url: str) -> None:
        """Print the address, at once even into a pipe."""
        self.stdout.write(f"Clusterscope is at {url} (Ctrl-C ends it)")
        self.stdout.flush()


def _end_quietly_on_signals() -> None:
    """Until Daphne listens to signals itself, let them end the process without a traceback."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(0)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)


def _restore_signals() -> None:
    # Twisted leaves a SIGINT handler alone that is not Python's own.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
