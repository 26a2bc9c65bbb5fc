"""The large cluster: begin, watch, look closer, end. It belongs to one visitor; others may only watch."""

from __future__ import annotations

import secrets
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cluster.bighost.host import Busy, Full, NoAnswer, Running
from cluster.large.answers import ORDERS
from dashboard import visitors
from dashboard.hub import CommandTimeout
from dashboard.large import large_host, page_context
from dashboard.narration import sentences_of_large
from dashboard.views.asking import answering


async def _owner(request: HttpRequest) -> str:
    return await sync_to_async(visitors.token)(request.session)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
async def large(request: HttpRequest) -> HttpResponse:
    """Where a large cluster begins; POST starts the visitor's own, or leads to the one that runs."""
    owner, host = await _owner(request), large_host()
    own = host.of_owner(owner)
    if own is not None:
        return redirect("large-map", own.identifier)
    if request.method != "POST":
        return _offer(request, 200)
    try:
        running = await host.start(owner, settings.LARGE_NODES, secrets.randbits(31))
    except Full:
        return _offer(request, 409)
    return redirect("large-map", running.identifier)


def _offer(request: HttpRequest, status: int, ended: bool = False) -> HttpResponse:
    host = large_host()
    context = {
        "nodes": f"{settings.LARGE_NODES:,}", "full": host.is_full(), "watch": host.any() if host.is_full() else None,
        "ended": ended, "section": "sandbox",
    }
    return render(request, "large/offer.html", context, status=status)


@never_cache
@require_safe
async def large_map(request: HttpRequest, cluster: str) -> HttpResponse:
    """The map. A cluster that has ended says so and offers a new one."""
    running = large_host().get(cluster)
    if running is None:
        return _offer(request, 404, ended=True)
    mine = running.owner == await _owner(request)
    return render(request, "large/map.html", {
        **page_context(), "running": running, "nodes": f"{running.nodes:,}", "mine": mine,
        "sentences": sentences_of_large(get_language() or "en", mine),
    })


@require_POST
async def large_end(request: HttpRequest, cluster: str) -> HttpResponse:
    """End the visitor's cluster; with "again" a new one begins in its place."""
    running = large_host().get(cluster)
    if running is None or running.owner != await _owner(request):
        raise Http404("no such cluster")
    await large_host().end(running)
    if "again" not in request.POST:
        return redirect("large")
    try:
        fresh = await large_host().start(running.owner, settings.LARGE_NODES, secrets.randbits(31))
    except Full:
        return _offer(request, 409)
    return redirect("large-map", fresh.identifier)


def _running(cluster: str) -> Running:
    running = large_host().get(cluster)
    if running is None:
        raise Http404("no such cluster")
    return running


async def _ask(cluster: str, message: dict[str, Any]) -> Any:
    """The child's result; Http404 when the cluster or the thing does not exist, CommandTimeout when too many ask."""
    try:
        answer = await _running(cluster).ask(message)
    except NoAnswer as error:
        raise Http404("the cluster has ended") from error
    except Busy as error:
        raise CommandTimeout from error
    if not answer["ok"] or answer["result"] is None:
        raise Http404("no such object")
    return answer["result"]


@never_cache
@require_safe
@answering
async def large_table(request: HttpRequest, cluster: str) -> HttpResponse:
    """All nodes as a table, a page at a time: the same as the map, for readers and without JavaScript."""
    order = request.GET.get("order", "name")
    text = request.GET.get("page", "1")
    number = int(text[:6]) if text.isascii() and text.isdecimal() else 1
    page = await _ask(cluster, {"type": "page", "page": number, "order": order if order in ORDERS else "name"})
    for row in page["rows"]:
        _fill(row)
    titles = {
        "name": gettext("Name"), "cpu": gettext("CPU"), "memory": gettext("Memory"), "pods": "Pods",
        "churn": gettext("Pod churn"),
    }
    return _part(request, "table", {"id": cluster, "page": page, "orders": [(key, titles[key]) for key in ORDERS]})


@never_cache
@require_safe
@answering
async def large_node(request: HttpRequest, cluster: str, name: str) -> HttpResponse:
    """A node with its Pods."""
    node = await _ask(cluster, {"type": "node", "name": name})
    return _part(request, "node", {"id": cluster, "node": _fill(node)})


@never_cache
@require_safe
@answering
async def large_pod(request: HttpRequest, cluster: str, namespace: str, name: str) -> HttpResponse:
    """Why a Pod is where it is, or nowhere."""
    why = await _ask(cluster, {"type": "explain", "namespace": namespace, "name": name})
    for scores in why["scores"]:
        scores["here"] = scores["node"] == why["node"]
    why["plugins"] = [score["plugin"] for score in why["scores"][0]["plugins"]] if why["scores"] else []
    return _part(request, "pod", {"id": cluster, "why": why})


def _part(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """A fragment for the dialog of the map, or a page of its own."""
    whole = request.headers.get("X-Fragment") != "1"
    fragment = f"large/{name}.html"
    return render(request, "large/page.html" if whole else fragment, {**context, "fragment": fragment, "section": "sandbox"})


def _fill(row: dict[str, Any]) -> dict[str, Any]:
    """Amounts as a reader wants them."""
    for amount in ("cpu", "memory"):
        row[f"{amount}_percent"] = round(100 * row[amount] / row[f"{amount}_capacity"])
    row["cpu_text"] = f"{row['cpu'] / 1000:g} / {row['cpu_capacity'] / 1000:g}"
    row["memory_text"] = f"{row['memory'] / 2**30:.1f} / {row['memory_capacity'] / 2**30:g} Gi"
    return row
