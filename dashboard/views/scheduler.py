"""The Scheduler view: one decision as a matrix of nodes and plugins, in words, and what would change it.

As a whole page for whoever has no JavaScript, as a fragment for htmx beside the board. It shows the moment that the board
shows: the decision about the chosen Pod, or without one the newest decision up to that moment.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cluster.models import Cluster
from dashboard import explaining
from dashboard.clock import clock_text
from dashboard.matrix import matrix
from dashboard.views import beside
from dashboard.views.asking import Moment, answering, ask
from dashboard.views.choosing import pod_of, pods_to_choose

# What a visitor may switch on at the same time, and how long the text of one change may be.
MAX_CHANGES = 8
MAX_CHANGE = 2000
MAX_SEARCH = 253


@never_cache
@require_safe
@answering
async def scheduler(request: HttpRequest, cluster: str) -> HttpResponse:
    """The view at the moment and for the Pod that the query names; the fragment alone for htmx."""
    return await beside.shown(request, cluster, _explained, "scheduler/page.html", "scheduler/matrix.html")


async def _explained(cluster: Cluster, moment: Moment, query: QueryDict) -> beside.Context:
    """What the templates need, or the sentence that says why there is nothing to show."""
    frame = await ask(cluster, {"type": "frame", "revision": moment.revision})
    if frame["type"] == "error":
        return {"problem": frame["message"]}
    chosen = pod_of(query.get("ref", ""))
    ref = chosen or newest(frame)
    pods = pods_to_choose(frame["state"]["pods"], chosen)
    if not ref:
        return {"pods": pods}
    try:
        changes = changes_of(query, ref)
    except ValueError as problem:
        return {"pods": pods, "problem": str(problem)}
    answer = await ask(cluster, {"type": "explain", "ref": ref, "revision": moment.revision, "changes": changes})
    if answer["type"] == "error":
        return {"pods": pods, "problem": answer["message"]}
    return {"pods": pods, "chosen": chosen, **drawn(answer, query.get("find", "").strip()[:MAX_SEARCH])}


def newest(frame: dict[str, Any]) -> str:
    """The Pod of the newest decision in the frame's log; "" when nothing was decided."""
    for header in reversed(frame["log"]):
        if "why" in header:
            ref: str = next((ref for ref in header["objs"] if ref.startswith("pods/")), "")
            if ref:
                return ref
    waiting = frame["state"]["queue"]
    return f"pods/{waiting[0]}" if waiting else ""


def changes_of(query: QueryDict, ref: str) -> list[dict[str, Any]]:
    """The changes that are switched on; those for another Pod do not count. Raises ValueError with one sentence."""
    if query.get("for", ref) != ref:
        return []
    texts = query.getlist("change")
    if len(texts) > MAX_CHANGES:
        raise ValueError(gettext("At most %(n)d changes at once.") % {"n": MAX_CHANGES})
    return [_change(text) for text in texts]


def _change(text: str) -> dict[str, Any]:
    try:
        change = json.loads(text[: MAX_CHANGE + 1])
    except (ValueError, RecursionError):
        change = None
    if len(text) > MAX_CHANGE or not isinstance(change, dict):
        raise ValueError(gettext("This change cannot be understood."))
    return change


def drawn(answer: dict[str, Any], search: str = "") -> beside.Context:
    """An explanation as the templates' context: the matrix and the words, in the language of the request."""
    told = explaining.rendered(answer)
    decided, active = told["decided_at"], [row for row in told["changes"] if row["active"]]
    return {
        "explained": told, "pod": told["pod"], "matrix": matrix(told, search), "find": search,
        "decided": decided and {**decided, "clock": clock_text(decided["t"])},
        "changes": [_toggle(row) for row in told["changes"]], "changed": bool(active),
        "real": list(dict.fromkeys(line for row in active or told["changes"] for line in row["console"])),
    }


def _toggle(row: dict[str, Any]) -> beside.Context:
    """A change as a switch. Its id stays when the list around it changes, so that it keeps the focus."""
    value = json.dumps(row["change"], sort_keys=True)
    return {**row, "value": value, "field": f"change-{zlib.crc32(value.encode()):08x}"}
