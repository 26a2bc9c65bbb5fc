"""The Rollout view: a workload's Pods between ceiling and floor, its revisions, and what other numbers would do.

As a whole page for whoever has no JavaScript, as a fragment for htmx beside the board. It shows the moment that the board
shows, and the workload that is selected, or to which what is selected belongs.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cluster.models import Cluster
from dashboard import explaining
from dashboard import rollout as drawing
from dashboard.rollout_words import sentence
from dashboard.views import beside
from dashboard.views.asking import Moment, answering, ask
from dashboard.views.panels import reference

# The largest number of Pods that the sliders offer, and the percentages.
MOST = 40
STEP = 5
_NUMBER = re.compile(r"[0-9]{1,4}")
SHARES = ("maxSurge", "maxUnavailable")
# A StatefulSet that waits for a Pod which only its deletion mends.
MENDED_BY_DELETION = ("sts-stuck", "sts-broken")


@never_cache
@require_safe
@answering
async def rollout(request: HttpRequest, cluster: str) -> HttpResponse:
    """The view at the moment and for the workload that the query names; the fragment alone for htmx."""
    return await beside.shown(request, cluster, _described, "rollout/page.html", "rollout/rollout.html")


async def _described(cluster: Cluster, moment: Moment, query: QueryDict) -> beside.Context:
    """What the templates need. A wish that cannot be is told, beside what is."""
    wish = wished(query)
    command = {"type": "rollout", "ref": _chosen(query), "revision": moment.revision}
    if not wish:
        return shown(await ask(cluster, command), query)
    answer = await ask(cluster, {**command, "changes": wish, "for": query.get("for", "")})
    if answer["type"] != "error":
        return shown(answer, query)
    return {"problem": answer["message"], **shown(await ask(cluster, command), query)}


def _chosen(query: QueryDict) -> str:
    """The workload of the list, else what is selected on the page."""
    found = reference(query.get("workload", "")) or reference(query.get("ref", ""))
    return found.text if found is not None and found.namespace else ""


def wished(query: QueryDict) -> dict[str, int | str]:
    """The numbers that differ from those that the sliders began with."""
    found: dict[str, int | str] = {}
    for name in ("replicas", "partition", *SHARES):
        text, before = query.get(name, ""), query.get(f"{name}-was", "")
        if not _NUMBER.fullmatch(text) or not before:
            continue
        value = _share(name, int(text), query) if name in SHARES else int(text)
        if str(value) != before:
            found[name] = value
    return found


def _share(name: str, number: int, query: QueryDict) -> int | str:
    """A share in the unit chosen; in another unit than the one that was drawn it is about as many Pods as before."""
    unit, drawn, wanted = query.get(f"{name}-unit", "pods"), query.get(f"{name}-drawn", ""), query.get("wanted", "")
    pods = int(wanted) if _NUMBER.fullmatch(wanted) else 0
    if unit == "%":
        return f"{number if drawn == '%' else min(100, round(100 * number / pods)) if pods else 0}%"
    return -(-number * pods // 100) if drawn == "%" else number


def shown(answer: dict[str, Any], query: QueryDict) -> beside.Context:
    """What the templates need of the worker's answer, or the sentence that says why there is nothing to show."""
    if answer["type"] == "error":
        return {"problem": answer["message"]}
    workloads = [{**row, "chosen": row["ref"] == answer["ref"]} for row in answer["workloads"]]
    picture, plan = answer["picture"], answer["plan"]
    gone = answer["ref"] if answer["ref"] and not any(row["chosen"] for row in workloads) else ""
    context: beside.Context = {
        "workloads": workloads, "busy": [row for row in workloads if not row["settled"]],
        "calm": [row for row in workloads if row["settled"]],
    }
    context |= {"gone": gone, "gone_name": gone.partition("/")[2], "ref": answer["ref"]}
    if picture is None:
        return context
    return {
        **context, "picture": picture, "plan": plan,
        "standing": explaining.standing({"words": picture["words"], "waits": False, "tables": []}),
        "says": sentence(picture["kind"], picture["says"]),
        "state": picture["says"]["state"], "figure": drawing.figure(picture, plan), "cards": drawing.cards(picture),
        "counts": drawing.table(picture), "sliders": list(_sliders(picture, (plan or {}).get("changes", {}))),
        "revisions": _revisions(picture), "next_number": max((one["number"] for one in picture["revisions"]), default=0) + 1,
        "updated": _updated(picture), "deadline": drawing.clock(picture["deadline"], tenths=False) if picture["deadline"] else "",
        "outcome": _outcome(plan) if plan else None, "mend": _mend(picture),
    }


def _mend(picture: dict[str, Any]) -> str:
    """The line that deletes the Pod which holds everything up; "" when none does."""
    if picture["says"]["key"] not in MENDED_BY_DELETION:
        return ""
    return shlex.join(["kubectl", "delete", "pod", picture["says"]["args"]["pod"], *_namespace(picture)])


def _namespace(picture: dict[str, Any]) -> list[str]:
    return ["-n", picture["ns"]] if picture["ns"] != "default" else []


def _updated(picture: dict[str, Any]) -> beside.Context:
    """How many Pods are of the newest revision and available."""
    newest = next((group for group in picture["groups"] if group["newest"]), None)
    done, wanted = newest["available"] if newest else 0, picture["wanted"]
    return {"done": done, "wanted": wanted, "width": drawing.per_cent(100 * min(done, wanted) / wanted if wanted else 100)}


def _revisions(picture: dict[str, Any]) -> list[beside.Context]:
    order = {group["name"]: number for number, group in enumerate(picture["groups"])}
    name = f"{picture['kind'].lower()}/{picture['name']}"
    return [
        {
            **one, "group": order.get(one["keeper"]), "age": drawing.clock(one["created"], tenths=False),
            "line": shlex.join(
                ["kubectl", "rollout", "undo", name, f"--to-revision={one['number']}", *_namespace(picture)]
            ),
            "previous": number == 1,
            "pods": next((group["pods"] for group in picture["groups"] if group["name"] == one["keeper"]), 0),
        }
        for number, one in enumerate(picture["revisions"])
    ]


def _sliders(picture: dict[str, Any], changes: dict[str, int | str]) -> list[beside.Context]:
    """The numbers that can be changed: what they are, what the visitor wants them to be."""
    return [_slider(name, picture, changes) for name in picture["fields"]]


def _slider(name: str, picture: dict[str, Any], changes: dict[str, int | str]) -> beside.Context:
    was = picture["replicas"] if name == "replicas" else picture["strategy"][name]
    value = changes.get(name, was)
    percent = isinstance(value, str)
    number = int(str(value).rstrip("%"))
    wanted = int(changes.get("replicas", picture["wanted"]))
    most = {"replicas": max(MOST, number), "partition": max(wanted, number)}.get(name, 100 if percent else max(wanted, number, 5))
    return {
        "name": name, "was": was, "value": number, "most": most, "step": STEP if percent and number % STEP == 0 else 1,
        "share": name in SHARES, "percent": percent, "changed": name in changes,
        "text": f"{number}%" if percent else str(number),
        **_in_pods(name, picture["kind"], number, wanted, percent),
    }


def _in_pods(name: str, kind: str, number: int, wanted: int, percent: bool) -> beside.Context:
    """What a share comes to: maxUnavailable of a Deployment is rounded down, everything else up."""
    if name not in SHARES:
        return {}
    up = name == "maxSurge" or kind == "DaemonSet"
    exact = number * wanted / 100
    pods = (-(-number * wanted // 100) if up else number * wanted // 100) if percent else number
    return {"pods": pods, "of": wanted, "exact": f"{exact:g}", "up": up}


def _outcome(plan: dict[str, Any]) -> beside.Context:
    """How a plan ends, beside what would happen without it."""
    return {
        "takes": _seconds(plan["outcome"]["takes"]), "before": _seconds(plan["before"]["takes"]),
        "most": plan["outcome"]["most"], "fewest": plan["outcome"]["fewest"],
        "most_before": plan["before"]["most"], "fewest_before": plan["before"]["fewest"],
    }


def _seconds(milliseconds: int | None) -> str:
    """"7.0 s"; "" for what does not come to an end."""
    return "" if milliseconds is None else gettext("%(n)s s") % {"n": f"{milliseconds / 1000:.1f}"}
