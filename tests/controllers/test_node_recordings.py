"""Lost nodes and NoExecute taints go as a real control plane was recorded to do them (watch/*.jsonl).

Compared object by object: the states that each goes through, in order, and when: within a second or a tenth.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from cluster.apiserver.state import Change
from cluster.controllers.endpointslice import EndpointSliceController
from cluster.controllers.node_lifecycle import NodeLifecycleController
from cluster.controllers.taint_eviction import TaintEvictionController
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from tests.controllers.builders import add_pod, add_service, change, events, healthy, new_cluster
from tests.support.golden import golden

States = dict[str, list[tuple[float, Any]]]
SLICES = "endpointslices.discovery.k8s.io"


def node_state(node: Document) -> Any:
    ready = nodes.condition(node, "Ready")
    return ready["status"], ready["reason"], [(t["key"], t["effect"], "timeAdded" in t) for t in nodes.taints(node)]


def pod_state(pod: Document) -> Any:
    target = pods.condition(pod, "DisruptionTarget") or {}
    ready = pods.condition(pod, "Ready") or {}
    return (
        pods.phase(pod), ready.get("status"), "deletionTimestamp" in pod["metadata"],
        target.get("status"), target.get("reason"), target.get("message"),
    )


def slice_state(document: Document) -> Any:
    flags = [(e["nodeName"], *(e["conditions"][c] for c in ("ready", "serving", "terminating"))) for e in document["endpoints"]]
    stamped = "endpoints.kubernetes.io/last-change-trigger-time" in (document["metadata"].get("annotations") or {})
    return sorted(flags), stamped


STATE = {"nodes": node_state, "pods": pod_state, "endpointslices": slice_state}


def add_state(states: States, name: str, at: float, state: Any) -> None:
    if not states[name] or states[name][-1][1] != state:
        states[name].append((at, state))


def recording(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (golden() / "watch" / f"{name}.jsonl").read_text().splitlines()]


def recorded_states(name: str, rename: dict[str, str]) -> States:
    """The states of every object that was there from the start."""
    states: States = defaultdict(list)
    known = set()
    for entry in recording(name):
        kind, document = entry["kind"], entry["object"]
        meta = document["metadata"]
        if kind not in STATE or meta["name"] == "kubernetes":
            continue
        if entry["type"] == "INITIAL":
            known.add(meta["uid"])
        if meta["uid"] in known:
            key = f"{kind}/{rename.get(meta['name'], meta['name'])}"
            add_state(states, key, entry["t"], None if entry["type"] == "DELETED" else STATE[kind](document))
    return states


def recorded_events(name: str, reasons: set[str]) -> list[tuple[str, str, str, str]]:
    found = [e["object"] for e in recording(name) if e["kind"] == "events" and e["type"] != "INITIAL"]
    return sorted(
        (e["involvedObject"]["name"], e["type"], e["reason"], e["message"]) for e in found if e["reason"] in reasons
    )


class Watch:
    """Follows a simulation as the recorder followed the real one."""

    def __init__(self, cluster: Any, start: int) -> None:
        self.states: States = defaultdict(list)
        self.start = start
        for table in ("nodes", "pods", SLICES):
            for document in cluster.api.list(table):
                self._note(0, table, document["metadata"]["name"], document)
        cluster.on_step = lambda step: [self._change(step.at, entry) for entry in step.changes]

    def _change(self, at: int, entry: Change) -> None:
        if entry.table in ("nodes", "pods", SLICES):
            self._note((at - self.start) / 1000, entry.table, entry.key[1], entry.new)

    def _note(self, at: float, table: str, name: str, document: Document | None) -> None:
        kind = table.partition(".")[0]
        key = "endpointslices/slice" if kind == "endpointslices" else f"{kind}/{name}"
        add_state(self.states, key, at, None if document is None else STATE[kind](document))


def assert_alike(ours: States, theirs: States) -> None:
    assert ours.keys() == theirs.keys()
    for name, wanted in theirs.items():
        assert [state for _, state in ours[name]] == [state for _, state in wanted], name
        for (at, state), (recorded, _) in zip(ours[name], wanted, strict=True):
            assert at == pytest.approx(recorded, rel=0.1, abs=1.0), (name, state)


def test_a_lost_node() -> None:
    cluster = new_cluster(NodeLifecycleController(), TaintEvictionController(), EndpointSliceController())
    short = [
        {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 10}
        for key in ("unreachable", "not-ready")
    ]
    forever = [{"operator": "Exists", "effect": "NoExecute"}]
    rename = {"usual-bz6m6": "slice"}
    initial = [e["object"] for e in recording("node-lifecycle") if (e["kind"], e["type"]) == ("pods", "INITIAL")]
    for pod in initial:
        kind = pod["metadata"]["name"].partition("-")[0]
        tolerations = {"quick": short, "ss": short[:1], "ds": forever}.get(kind, [])
        add_pod(cluster, pod["metadata"]["name"], pod["spec"]["nodeName"], labels={"app": kind}, tolerations=tolerations)
    add_service(cluster, "usual")
    # The recorded loop ran 1.03 s after the kubelet had gone, for the first time after its last heartbeat.
    with cluster.act() as api:
        api.write_row("update", "host/kubelet", ("node-1",), {"started": 3_960})
    cluster.advance(13_970 - cluster.now)
    watch = Watch(cluster, cluster.now)
    cluster.switch("kubelet/node-1", on=False)
    cluster.advance(70_950)
    cluster.switch("kubelet/node-1", on=True)
    cluster.advance(watch.start + 79_050 - cluster.now)
    for at, ready in ((83_060, ("False", "KubeletNotReady")), (87_000, ("True", "KubeletReady"))):
        with cluster.act() as api:
            api.update(healthy(api.read("nodes", "", "node-2"), cluster.now, Ready=ready), subresource="status")
        cluster.advance(watch.start + at - cluster.now)

    theirs = recorded_states("node-lifecycle", rename)
    ours = watch.states
    # The recorded kubelet restored the old time of readiness, so that no new trigger was seen.
    for states in (ours, theirs):
        states["endpointslices/slice"] = [(at, flags) for at, (flags, _) in states["endpointslices/slice"]]
    assert_alike(ours, theirs)
    reasons = {"NodeNotReady", "TaintManagerEviction"}
    # ss-1 had come again in the recording: here is no controller that would make it.
    wanted = [e for e in recorded_events("node-lifecycle", reasons) if e[3] != "Cancelling deletion of Pod default/ss-1"]
    assert sorted(e for e in events(cluster) if e[2] in reasons) == wanted


def test_a_node_under_maintenance() -> None:
    cluster = new_cluster(TaintEvictionController(), zones=("", "", ""))
    for pod in (e["object"] for e in recording("taints") if (e["kind"], e["type"]) == ("pods", "INITIAL")):
        tolerations = [t for t in dig(pod, "spec", "tolerations", default=[]) if t.get("key") == "maint"]
        add_pod(cluster, pod["metadata"]["name"], pod["spec"]["nodeName"], tolerations=tolerations)
    cluster.until_quiet()
    watch = Watch(cluster, cluster.now)
    cluster.advance(440)
    change(cluster, "nodes", "", "node-1", ("spec", "taints"), [{"key": "maint", "value": "yes", "effect": "NoExecute"}])
    cluster.advance(8_000)
    assert_alike(watch.states, recorded_states("taints", {}))
    reasons = {"TaintManagerEviction"}
    assert sorted(e for e in events(cluster) if e[2] in reasons) == recorded_events("taints", reasons)
