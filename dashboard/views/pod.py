"""The Pod view: a Pod from the inside, with its containers, probes, volumes, and what it waits for.

As a whole page for whoever has no JavaScript, as a fragment for htmx beside the board. It shows the moment that the board
shows, the Pod that is selected there, or without one the Pod that something happened to last.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cluster.models import Cluster
from dashboard import inspecting
from dashboard.views import beside
from dashboard.views.asking import Moment, answering, ask
from dashboard.views.choosing import pod_of, pods_to_choose

SYSTEM = "kube-system"


@never_cache
@require_safe
@answering
async def pod(request: HttpRequest, cluster: str) -> HttpResponse:
    """The view at the moment and of the Pod that the query names; the fragment alone for htmx."""
    return await beside.shown(request, cluster, _inspected, "pod/page.html", "pod/pod.html")


async def _inspected(cluster: Cluster, moment: Moment, query: QueryDict) -> beside.Context:
    """What the templates need, or the sentence that says why there is nothing to show."""
    frame = await ask(cluster, {"type": "frame", "revision": moment.revision})
    if frame["type"] == "error":
        return {"problem": frame["message"]}
    chosen = pod_of(query.get("ref", ""))
    stays = pod_of(query.get("stay", ""))
    if stays.removeprefix("pods/") not in frame["state"]["pods"]:
        stays = ""
    ref = chosen or stays or newest(frame)
    pods = pods_to_choose(frame["state"]["pods"], ref)
    if not ref:
        return {"pods": pods}
    answer = await ask(cluster, {"type": "inspect", "ref": ref, "revision": moment.revision, "live": moment.live})
    if answer["type"] == "error":
        return {"pods": pods, "chosen": ref, "problem": answer["message"]}
    return {"pods": pods, "chosen": ref, "pod": inspecting.rendered(answer)}


def newest(frame: dict[str, Any]) -> str:
    """The Pod that something happened to last and that is still there; "" when there is none."""
    pods = frame["state"]["pods"]
    for header in reversed(frame["log"]):
        for ref in header["objs"]:
            key = ref.removeprefix("pods/")
            if key in pods and pods[key]["ns"] != SYSTEM:
                return f"pods/{key}"
    own = [key for key, row in sorted(pods.items()) if row["ns"] != SYSTEM]
    return f"pods/{own[0]}" if own else ""
