"""The first page and help."""

from __future__ import annotations

import secrets

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cluster import store
from cluster.models import Cluster
from dashboard import visitors
from dashboard.narration import sentences
from dashboard.views.asking import answering, ask, no_picture


def home_cluster(session: visitors.Session) -> Cluster:
    """The visitor's small cluster for the first page, made at their first visit."""
    owner = visitors.token(session)
    cluster = Cluster.objects.filter(owner=owner, purpose=store.HOME).order_by("created").first()
    if cluster is None:
        return store.create(owner, store.HOME, secrets.randbits(31))
    Cluster.objects.filter(id=cluster.id).update(used=timezone.now())
    return cluster


@never_cache
@require_safe
@answering
async def home(request: HttpRequest) -> HttpResponse:
    """The first page with a small live cluster of the visitor's own."""
    cluster = await sync_to_async(home_cluster)(request.session)
    frame = await ask(cluster, {"type": "frame"})
    if frame["type"] == "error":
        return no_picture(request, frame["message"])
    return render(request, "site/home.html", {
        "cluster": cluster, "first_frame": frame, "sentences": sentences(get_language() or "en"), "section": "home",
    })


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """What this is, its keys, and what is simplified."""
    return render(request, "site/help.html", {"section": "help"})
