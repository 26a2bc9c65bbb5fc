"""Views beside the board: a whole page for whoever has no JavaScript, a fragment for htmx, at the moment of the board."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from cluster.models import Cluster
from dashboard.views.asking import Moment, moment_of, own_cluster
from dashboard.views.sandboxes import name_of

Context = dict[str, Any]
Describe = Callable[[Cluster, Moment, QueryDict], Awaitable[Context]]


async def shown(request: HttpRequest, cluster: str, describe: Describe, page: str, fragment: str) -> HttpResponse:
    """The view of a visitor's cluster; `describe` gives what its templates need."""
    own = await own_cluster(request, cluster)
    moment = moment_of(request.GET)
    whole = not request.htmx  # type: ignore[attr-defined]
    context = {"cluster": own, "name": name_of(own), "section": "sandbox", "past": moment.past, "whole": whole}
    return render(request, page if whole else fragment, context | await describe(own, moment, request.GET))
