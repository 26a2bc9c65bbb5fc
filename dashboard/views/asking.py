"""How a view asks the worker of a cluster, and what the visitor sees when no worker answers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from cluster.models import Cluster
from dashboard import visitors
from dashboard.hub import CommandTimeout, process_hub

View = Callable[..., Coroutine[Any, Any, HttpResponse]]


async def own_cluster(request: HttpRequest, identifier: str) -> Cluster:
    """The visitor's cluster; Http404 for everybody else."""
    return await sync_to_async(visitors.own_cluster)(request.session, identifier)


async def ask(cluster: Cluster, command: dict[str, Any]) -> dict[str, Any]:
    """The worker's answer to a command; a refusal is an answer of type "error". Raises CommandTimeout."""
    return await process_hub().command(cluster.id, command)


def answering(view: View) -> View:
    """A view that says so in one sentence when no worker answers, with status 503."""

    @wraps(view)
    async def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return await view(request, *args, **kwargs)
        except CommandTimeout:
            return problem(
                request, 503, gettext("The simulator does not answer."), gettext("Please load the page again in a moment.")
            )

    return wrapped


def problem(request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
    """A page that says what is wrong."""
    return render(request, "site/problem.html", {"title": title, "words": words}, status=status)


def no_picture(request: HttpRequest, words: str) -> HttpResponse:
    """The page instead of a board when the worker refuses the first frame, with its reason."""
    return problem(request, 503, gettext("This cluster cannot be shown now."), words)


class Moment(NamedTuple):
    """What the board shows. While the picture catches up with the present, it shows an older revision and is live."""

    revision: int | None
    live: bool

    @property
    def past(self) -> int | None:
        """The revision that the visitor went back to; None when they follow the present."""
        return None if self.live else self.revision


def moment_of(fields: Any) -> Moment:
    """The moment that the fields of the form #moment name; the present when they name none."""
    text = fields.get("revision", "")
    if not (text.isascii() and text.isdecimal()):
        return Moment(None, True)
    return Moment(int(text[:18]), fields.get("live", "true") != "false")
