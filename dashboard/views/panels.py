"""The documents beside the board, as fragments for htmx. Each shows the moment that the board shows."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from cluster.board_workloads import WORKLOADS
from cluster.inspection.storage import RESOURCES as STORAGE
from cluster.models import Cluster
from cluster.objects import quantity
from cluster.objects.registry import REGISTRY
from dashboard import explaining, inspecting, workloads
from dashboard.clock import clock_text
from dashboard.views.asking import answering, ask, moment_of, own_cluster

# "pods/default/web-1", "nodes//node-1", "deployments.apps/default/web"
_REFERENCE = re.compile(r"([a-z][a-z0-9.-]*)/([a-z0-9-]*)/([A-Za-z0-9][A-Za-z0-9.:_-]*)")
_TAINT = "dedicated=gpu:NoSchedule"

Context = dict[str, Any]


class Reference(NamedTuple):
    """An object as the page names it."""

    resource: str
    namespace: str
    name: str
    kind: str

    @property
    def text(self) -> str:
        return f"{self.resource}/{self.namespace}/{self.name}"

    def line(self, *words: str) -> str:
        """A kubectl line about it: `verb` before the object, the other words after it."""
        scope = ["-n", self.namespace] if self.namespace else []
        return shlex.join(["kubectl", words[0], self.resource, self.name, *scope, *words[1:]])


def reference(text: str) -> Reference | None:
    """The object that a reference names; None when it names none that a kubectl line could."""
    found = _REFERENCE.fullmatch(text)
    kind = REGISTRY[found[1]] if found and found[1] in REGISTRY else None
    return Reference(found[1], found[2], found[3], kind.kind) if found and kind else None


# --- what each panel shows ------------------------------------------------------------------------------------------


async def _state(cluster: Cluster, revision: int | None) -> Context:
    """The board's rows at the moment, or the sentence that says why they cannot be shown."""
    answer = await ask(cluster, {"type": "look", "revision": revision})
    return {"problem": answer["message"]} if answer["type"] == "error" else answer["state"]


async def _services(cluster: Cluster, revision: int | None, ref: str) -> Context:
    state = await _state(cluster, revision)
    services = [state["services"][key] for key in sorted(state.get("services", {}))]
    for service in services:
        for endpoint in service["endpoints"]:
            endpoint["short"] = endpoint["pod"].rpartition("/")[2]
    return {"services": services, "problem": state.get("problem", "")}


async def _events(cluster: Cluster, revision: int | None, ref: str) -> Context:
    state = await _state(cluster, revision)
    newest_first = sorted(state.get("events", {}).values(), key=lambda event: event["t"], reverse=True)
    events = [{**event, "clock": clock_text(event["t"])} for event in newest_first]
    return {"events": events, "problem": state.get("problem", "")}


async def _nodes(cluster: Cluster, revision: int | None, ref: str) -> Context:
    state = await _state(cluster, revision)
    nodes = [{**node, "acts": list(_node_acts(node))} for _, node in sorted(state.get("nodes", {}).items())]
    components = [
        {"name": name, **row, "line": f"simulate component {'off' if row['on'] else 'on'} {name}"}
        for name, row in state.get("components", {}).items()
    ]
    return {"cluster": cluster.id, "nodes": nodes, "components": components, "problem": state.get("problem", "")}


def _node_acts(node: dict[str, Any]) -> list[Context]:
    """The buttons of a machine: (what is done, its console line)."""
    name = node["name"]
    tainted = any(f"{one['key']}={one['value']}:{one['effect']}" == _TAINT for one in node["taints"])
    acts = [
        ("uncordon", gettext("Uncordon"), f"kubectl uncordon {name}") if node["cordoned"]
        else ("cordon", gettext("Cordon"), f"kubectl cordon {name}"),
        ("drain", gettext("Drain"), f"kubectl drain {name} --ignore-daemonsets"),
        ("untaint", gettext("Remove the taint"), f"kubectl taint nodes {name} {_TAINT}-") if tainted
        else ("taint", gettext("Taint"), f"kubectl taint nodes {name} {_TAINT}"),
        ("start", gettext("Start"), f"simulate node start {name}") if node["machine"] == "off"
        else ("stop", gettext("Stop"), f"simulate node stop {name}"),
        ("remove", gettext("Remove"), f"simulate node remove {name}"),
    ]
    return [
        {"id": f"node-{name}-{verb}", "label": label, "line": line, "danger": verb in ("stop", "remove")}
        for verb, label, line in acts
    ]


async def _details(cluster: Cluster, revision: int | None, ref: str) -> Context:
    chosen = reference(ref)
    if chosen is None:
        state = await _state(cluster, revision)
        return {"ref": None, "workloads": workloads.listed(state.get("workloads", {})), "problem": state.get("problem", "")}
    told = await ask(cluster, {"type": "look", "revision": revision, "line": chosen.line("describe")})
    if told["type"] == "error":
        return {"ref": chosen, "problem": told["message"]}
    shown = await ask(cluster, {"type": "look", "revision": revision, "line": chosen.line("get", "-o", "yaml")})
    why = await ask(cluster, {"type": "why", "revision": revision, "ref": chosen.text})
    seen = await ask(cluster, {"type": "look", "revision": revision, "line": chosen.line("explain-controller", "-o", "json")})
    return {
        "ref": chosen, "gone": told["code"] != 0, "describe": told["stdout"], "yaml": shown.get("stdout", ""),
        "standing": explaining.standing(json.loads(seen["stdout"])) if seen.get("code") == 0 else None,
        "decided": explaining.decided(why), **await _surroundings(cluster, revision, chosen),
        "delete_line": chosen.line("delete"), "decision": decision(why), "waits": "\n  nodeName: " not in shown.get("stdout", ""),
    }


async def _surroundings(cluster: Cluster, revision: int | None, chosen: Reference) -> Context:
    """What stands beside an object on the board: autoscaler of a workload, load on a Service, files of a volume or a node."""
    if chosen.resource in STORAGE:
        found = await ask(cluster, {"type": "inspect", "revision": revision, "ref": chosen.text, "live": True})
        return {"storage": inspecting.storage(found["storage"])} if found["type"] != "error" else {}
    if chosen.resource != "services" and chosen.resource not in WORKLOADS:
        return {}
    state = await _state(cluster, revision)
    if chosen.resource == "services":
        row = state.get("services", {}).get(f"{chosen.namespace}/{chosen.name}")
        return {"load": load(chosen, row["load"])} if row else {}
    row = state.get("workloads", {}).get(chosen.text)
    return {"autoscaler": row["hpa"]} if row else {}


def load(service: Reference, present: dict[str, str] | None) -> Context:
    """The load on a Service, with the console lines that set it and take it away."""
    line = f"simulate load {shlex.quote(service.name)} {{rate}} -n {shlex.quote(service.namespace)}"
    rate = f"{float(quantity.parse(present['rate'])):g}" if present else ""
    return {"rate": rate, "line": line, "stop": line.replace("{rate}", "0") if present else ""}


def decision(answer: dict[str, Any]) -> Context | None:
    """A scheduling decision as a table of nodes and plugins; None when the answer holds none."""
    why = answer.get("why")
    if not isinstance(why, dict) or not why.get("nodes"):
        return None
    weights: dict[str, int] = {}
    for node in why["nodes"]:
        for plugin, score in node.get("scores", {}).items():
            weights.setdefault(plugin, score["weight"])
    return {
        "revision": answer["step"]["r"],
        "sentence": _verdict(why),
        "plugins": [{"name": plugin, "weight": weight} for plugin, weight in weights.items()],
        "rows": [
            {
                "node": node["node"], "chosen": node["node"] == why.get("chosen"), "plugin": node.get("plugin", ""),
                "reasons": ", ".join(node.get("reasons", [])), "total": node.get("total", ""),
                "scores": [node.get("scores", {}).get(plugin, {}).get("weighted", "") for plugin in weights],
            }
            for node in why["nodes"]
        ],
    }


def _verdict(why: dict[str, Any]) -> str:
    if not why.get("chosen"):
        return gettext("The scheduler found no node for it.")
    best = why.get("best") or []
    if len(best) > 1:
        return gettext("The scheduler chose %(node)s; %(n)d nodes scored the same, chance decided.") % {
            "node": why["chosen"], "n": len(best)}
    if len(why.get("feasible") or []) == 1:
        return gettext("The scheduler chose %(node)s: no other node was possible.") % {"node": why["chosen"]}
    return gettext("The scheduler chose %(node)s: it scored best.") % {"node": why["chosen"]}


PANELS: dict[str, Callable[[Cluster, int | None, str], Awaitable[Context]]] = {
    "details": _details, "services": _services, "nodes": _nodes, "events": _events,
}


@never_cache
@require_safe
@answering
async def panel(request: HttpRequest, cluster: str, name: str) -> HttpResponse:
    """One panel at the moment and for the object that the form #moment names."""
    own = await own_cluster(request, cluster)
    if name not in PANELS:
        raise Http404(name)
    moment = moment_of(request.GET)
    context = await PANELS[name](own, moment.revision, request.GET.get("ref", ""))
    return render(request, f"panels/{name}.html", {**context, "past": moment.past})


@require_POST
@answering
async def apply(request: HttpRequest, cluster: str) -> HttpResponse:
    """Apply the editor's text; at a past moment that begins a new branch."""
    own = await own_cluster(request, cluster)
    answer = await ask(own, {"type": "apply", "text": request.POST.get("text", ""), "at": moment_of(request.POST).past})
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("sandbox-table", own.id)
    context = {
        "problem": answer.get("message", "") if answer["type"] == "error" else "",
        "errors": answer.get("errors", []), "output": answer.get("output", ""),
    }
    response = render(request, "panels/applied.html", context)
    return trigger_client_event(response, "clusterscope:applied", {"errors": context["errors"]})
