"""The visitor's sandboxes: list, new, delete; one as a board, one as plain tables."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_ace import AceWidget

from cluster import store
from cluster.manifests import BUILT_IN
from cluster.models import Cluster
from dashboard import visitors
from dashboard.clock import clock_text
from dashboard.narration import sentences
from dashboard.views.asking import answering, ask, no_picture, own_cluster
from dashboard.views.panels import PANELS

SANDBOX = "sandbox"
MAX_SANDBOXES = 5
EXAMPLE = "nginx-demo.yaml"


class EditorForm(forms.Form):
    """The YAML editor. `data-file` makes the text a file of the console."""

    text = forms.CharField(
        widget=AceWidget(
            mode="yaml", theme="textmate", width=None, height=None, toolbar=False, useworker=False, useStrictCSP=True,
            showprintmargin=False, tabsize=2, attrs={"data-file": "editor.yaml", "spellcheck": "false"},
        )
    )


def name_of(cluster: Cluster) -> str:
    """What a sandbox is called: ids are long, their first letters tell five apart."""
    if cluster.purpose == store.HOME:
        return gettext("The cluster of the first page")
    return gettext("Sandbox %(letters)s") % {"letters": cluster.id[:4]}


def own_sandboxes(session: visitors.Session) -> QuerySet[Cluster]:
    """The visitor's sandboxes, the last used first."""
    owner = visitors.token(session)
    return Cluster.objects.filter(owner=owner, purpose=SANDBOX).order_by("-used")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sandboxes(request: HttpRequest) -> HttpResponse:
    """The list; POST makes a new sandbox and opens it."""
    if request.method != "POST":
        return _list(request)
    made = _new(request.session)
    if made is None:
        oldest = own_sandboxes(request.session).order_by("created")[0]
        words = gettext("You have %(limit)d sandboxes; delete one, for example the oldest (%(name)s), to make another.")
        return _list(request, words % {"limit": MAX_SANDBOXES, "name": name_of(oldest)}, 409)
    return redirect("sandbox", made.id)


@require_POST
def open_latest(request: HttpRequest) -> HttpResponse:
    """The sandbox used last, or the first one: where the first page leads."""
    latest = own_sandboxes(request.session).first() or _new(request.session)
    return redirect("sandbox", latest.id) if latest else redirect("sandboxes")


@transaction.atomic
def _new(session: visitors.Session) -> Cluster | None:
    """A new sandbox, or None when the visitor has as many as they may."""
    if own_sandboxes(session).count() >= MAX_SANDBOXES:
        return None
    return store.create(visitors.token(session), SANDBOX, secrets.randbits(31))


def _list(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    own = own_sandboxes(request.session).annotate(
        node_count=Count("nodes", distinct=True), pod_count=Count("pods", distinct=True)
    )
    rows: list[dict[str, Any]] = [
        {
            "id": one.id, "name": name_of(one), "created": one.created, "used": one.used,
            "node_count": one.node_count, "pod_count": one.pod_count,
        }
        for one in own
    ]
    context = {
        "sandboxes": rows, "problem": problem, "limit": MAX_SANDBOXES, "section": "sandbox",
        "large_nodes": settings.LARGE_NODES,
    }
    return render(request, "sandbox/list.html", context, status=status)


@require_POST
def delete(request: HttpRequest, cluster: str) -> HttpResponse:
    """Delete a sandbox with its whole history."""
    visitors.own_cluster(request.session, cluster).delete()
    return redirect("sandboxes")


@never_cache
@require_safe
@answering
async def sandbox(request: HttpRequest, cluster: str) -> HttpResponse:
    """The board with its documents."""
    own = await own_cluster(request, cluster)
    await Cluster.objects.filter(id=own.id).aupdate(used=timezone.now())
    frame = await ask(own, {"type": "frame"})
    if frame["type"] == "error":
        return no_picture(request, frame["message"])
    return render(request, "sandbox/sandbox.html", {
        "cluster": own, "name": name_of(own), "first_frame": frame, "sentences": sentences(get_language() or "en"),
        "manifests": list(BUILT_IN), "example": EXAMPLE, "form": EditorForm(initial={"text": BUILT_IN[EXAMPLE]}),
        "panels": list(PANELS), "section": "sandbox",
    })


@require_safe
def example(request: HttpRequest, name: str) -> HttpResponse:
    """The text of a built-in manifest, for the editor."""
    if name not in BUILT_IN:
        raise Http404(name)
    return HttpResponse(BUILT_IN[name], content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def table(request: HttpRequest, cluster: str) -> HttpResponse:
    """The present as plain tables, for whoever has no JavaScript."""
    own = visitors.own_cluster(request.session, cluster)
    return render(request, "sandbox/table.html", {
        "cluster": own, "name": name_of(own), "clock": clock_text(own.now), "section": "sandbox",
        "nodes": own.nodes.all(), "pods": own.pods.all(), "services": own.services.all(),
        "resources": own.resources.exclude(resource="events").defer("document"),
    })
