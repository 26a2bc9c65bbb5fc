"""How a view asks the worker of a cluster, and what the visitor sees when no worker answers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

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


def revision_of(fields: Any) -> int | None:
    """The past revision that the fields of the form #moment name; None for the present."""
    text = fields.get("revision", "")
    if fields.get("live", "true") == "true" or not text.isdecimal():
        return None
    return int(text[:18])
