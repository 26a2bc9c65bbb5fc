"""The requests on their way: the world outside, which sends what was asked for and remembers who stands in line.

No part of Kubernetes. Rows of host/traffic, (node, uid of a Pod): {"pod": [namespace, name], "containers": {name: how it is
served, see Serving.to_row, and "started", the run that it belongs to}}. A row is written where something turns: the load,
the rules of a kube-proxy, a start or an end; in between everything follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster.apiserver.state import SWITCHES
from cluster.containers.serving import Serving
from cluster.machinery import load
from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.load import DEMANDS, LOAD, RULES, TRAFFIC
from cluster.machinery.story import FOLDED, Story
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import service as services


class Traffic(Component):
    """Keys: (namespace, name) of a Pod."""

    name = "traffic"
    watches = ("pods", "services", LOAD, RULES, SWITCHES, TRAFFIC, DEMANDS)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if not view.world.table(LOAD) and not view.world.table(TRAFFIC):
            return []
        if change.table == "pods":
            return [change.key]
        if change.table in (TRAFFIC, DEMANDS):
            return [tuple(row["pod"]) for _, row in view.hosts(TRAFFIC, change.key[0])]  # they share the node's CPU time
        if change.table == SWITCHES and not change.key[0].startswith("node/"):
            return []
        if change.table in ("services", LOAD):
            return _of_namespace(view, change.key[0])
        return self.all_keys(view)

    def all_keys(self, view: Reader) -> Iterable[Key]:
        namespaces = {key[0] for key, _ in view.hosts(LOAD)}
        keys = {key for namespace in namespaces for key in _of_namespace(view, namespace)}
        keys.update(tuple(row["pod"]) for _, row in view.hosts(TRAFFIC))
        return sorted(keys)

    def reconcile(self, context: Context, key: Key) -> None:
        pod = context.get("pods", *key)
        uid = pods.runtime_uid(pod) if pod is not None else ""
        for row_key, row in context.hosts(TRAFFIC):
            if row["pod"] == list(key) and row_key[1] != uid:
                context.set_host(TRAFFIC, row_key, None, story=_story(key))
                return
        if pod is not None and pods.node_name(pod):
            _follow(context, pod)


def _of_namespace(view: Reader, namespace: str) -> list[Key]:
    """The Pods of a namespace to which requests may come or came."""
    loaded = [view.get("services", namespace, name) for (_, name), _ in view.hosts(LOAD, namespace)]
    selected = {
        (namespace, metadata.name(pod)) for pod in view.list("pods", namespace)
        for service in loaded if service is not None and services.selects(service, pod)
    }
    return sorted({*selected, *(tuple(row["pod"]) for _, row in view.hosts(TRAFFIC) if row["pod"][0] == namespace)})


def _follow(context: Context, pod: Document) -> None:
    """Write what comes to a Pod's containers now, where that is something else than before."""
    key = (pods.node_name(pod), pods.runtime_uid(pod))
    row = context.host(TRAFFIC, key)
    before: dict[str, Any] = row["containers"] if row else {}
    flows = load.flows(context, pod) if context.world.table(LOAD) else {}
    after: dict[str, Any] = {}
    for container in [*pods.init_containers(pod), *pods.containers(pod)]:
        name = container["name"]
        served = _served(context, pod, container, before.get(name), flows.get(name))
        if served is not None:
            after[name] = served
    if after == before:
        return
    value = {"pod": [metadata.namespace(pod), metadata.name(pod)], "containers": after} if after else None
    context.set_host(TRAFFIC, key, value, story=_story((metadata.namespace(pod), metadata.name(pod))))


def _served(
    context: Context, pod: Document, container: Document, before: dict[str, Any] | None, flow: load.Flow | None
) -> dict[str, Any] | None:
    """How a container is served from now on; None when nothing comes to it and nothing is left of what came."""
    started = dig(pods.container_status(pod, container["name"]), "state", "running", "startedAt")
    if started is None:
        return None
    work = load.image_of(container).work
    if before is None or before["started"] != started:
        return None if flow is None else {**load.fresh(flow, work, context.now).to_row(), "started": started}
    present = Serving.from_row(before, work)
    going = load.continued(present, flow, context.now)
    if going.rate == 0 and going.line_at(context.now) < 1 and not going.leak:
        return None
    if going.rate == 0 and going.line >= 1:
        context.again(going.emptied() - context.now + 1, quiet=True)
    return before if going is present else {**going.to_row(), "started": started}


def _story(pod: Key) -> Story:
    reference = f"pods/{pod[0]}/{pod[1]}"
    return Story("traffic.changed", {"pod": reference}, FOLDED, (reference,))
