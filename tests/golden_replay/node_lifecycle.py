"""Scenario 05: a kubelet dies and comes back, another says that it is not ready; who is evicted and who stays."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from tests.golden_replay import transcript
from tests.golden_replay.report import Report
from tests.golden_replay.stage import Stage
from tests.golden_replay.taints import compare_description
from tests.support.console import Result

TEXTS = Path("transcripts/05-node-lifecycle.txt")
WATCH = Path("watch/node-lifecycle.jsonl")
SLICES = "endpointslices.discovery.k8s.io"
SEEDS = 40
RECORDER = 0.5  # seconds until the watch of this recording ran
# Which member of the StatefulSet is on the lost node is chance.
MEMBER = re.compile(r"\bss-[012]\b")
# To which of the two others a Pod moves, too.
EQUAL_NODES = re.compile(r"\bnode-[23]\b")
MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata: {name: quick}
spec:
  replicas: 3
  selector: {matchLabels: {app: quick}}
  template:
    metadata: {labels: {app: quick}}
    spec:
      tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 10},
        {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 10}]
      containers: [{name: c, image: "nginx:1"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: usual}
spec: {replicas: 3, selector: {matchLabels: {app: usual}},
  template: {metadata: {labels: {app: usual}}, spec: {containers: [{name: c, image: "nginx:1"}]}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ds}
spec: {selector: {matchLabels: {app: ds}},
  template: {metadata: {labels: {app: ds}}, spec: {containers: [{name: c, image: "nginx:1"}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: ss}
spec: {replicas: 3, serviceName: ss, podManagementPolicy: Parallel, selector: {matchLabels: {app: ss}},
  template: {metadata: {labels: {app: ss}}, spec: {
    tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 10}],
    containers: [{name: c, image: "nginx:1"}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: usual}
spec: {selector: {app: usual}, ports: [{port: 80}]}
"""


def play(texts: dict[str, transcript.Block], report: Report) -> Stage:
    stage = _placed_as_recorded()

    def cap(key: str, **options: Any) -> None:
        stage.capture(report, texts[key], **options)

    def cap_pods(key: str) -> None:
        compare_pods(report, texts[key], stage.run("kubectl get pods -o wide"))

    stage.sleep(1)
    for what in ("node node-1", "pods -l app=usual", "endpointslices -l kubernetes.io/service-name=usual"):
        stage.run(f"get {what}")
    stage.sleep(RECORDER)
    stage.steps.clear()
    stage.simulation.switch("kubelet/node-1", on=False)
    while not any(taint["key"] == nodes.UNREACHABLE_TAINT for taint in nodes.taints(stage.get("nodes", "node-1", ""))):
        stage.sleep(0.2)
    stage.sleep(3)
    stage.run("get node node-1")
    cap("get-nodes")
    described = stage.run("kubectl describe node node-1")
    block = texts["describe"]
    compare_description(
        report, replace(block, stdout=_anonymous(block.stdout)), replace(described, stdout=_anonymous(described.stdout))
    )
    stage.run("get endpointslices -l kubernetes.io/service-name=usual")
    cap_pods("pods-unknown")
    stage.run("get pods -l app=usual")
    stage.sleep(14)
    cap_pods("pods-evicted")
    stage.run("get pods")
    cap("deploys")
    stage.run("get events")
    stage.simulation.switch("kubelet/node-1", on=True)
    stage.sleep(8)
    cap("nodes-back")
    cap_pods("pods-back")
    stage.run("get node node-1")
    _say_not_ready(stage, "node-2")
    stage.sleep(4)
    stage.run("get node node-2")
    cap("nodes-notready")
    stage.simulation.switch("kubelet/node-2", on=True)
    stage.sleep(3)
    return stage


def _placed_as_recorded() -> Stage:
    """A stage on which chance put one Pod of each workload on each node, as in the recording."""
    for seed in range(1, SEEDS + 1):
        stage = Stage.set(3, zones=("a", "b", "c"), seed=seed)
        stage.apply(MANIFEST)
        for name in ("quick", "usual"):
            stage.run(f"rollout status deploy/{name} --timeout=60s")
        placed = Counter((pods.node_name(pod), metadata.labels(pod)["app"]) for pod in stage.named("pods", ""))
        if len(placed) == 12 and set(placed.values()) == {1}:
            return stage
    raise AssertionError(f"no seed up to {SEEDS} places the Pods as recorded")


def _say_not_ready(stage: Stage, name: str) -> None:
    """The kubelet itself reports that it is not ready, and says nothing more until it is started again."""
    stage.simulation.switch(f"kubelet/{name}", on=False)
    node = stage.get("nodes", name, "")
    conditions = [
        {**condition, "status": "False", "reason": "KubeletNotReady"} if condition["type"] == "Ready" else condition
        for condition in node["status"]["conditions"]
    ]
    with stage.simulation.act() as api:
        api.update({**node, "status": {**node["status"], "conditions": conditions}}, subresource="status")


def compare_pods(report: Report, block: transcript.Block, ours: Result) -> None:
    """Rows of Pods and how old they are, in any order."""
    report.same(f"{block.key}: exit code", block.code, ours.code)
    one, other = (_rows(text) for text in (block.stdout, ours.stdout))
    report.same(f"{block.key}: Pods", one, other)
    recorded, here = (sorted(transcript.ages(text)) for text in (block.stdout, ours.stdout))
    report.holds(f"{block.key}: ages", transcript.are_near(recorded, here), f"recorded {recorded}, here {here}")


def _rows(text: str) -> list[str]:
    return sorted(transcript.normalised(_anonymous(text)).splitlines())


def _anonymous(text: str) -> str:
    return EQUAL_NODES.sub("node-2|3", MEMBER.sub("ss-N", text))


def texts_agree(folder: Path) -> Report:
    report = Report("transcripts/05-node-lifecycle")
    play(transcript.read(folder / TEXTS), report)
    return report


# --- the watch --------------------------------------------------------------------------------------------------------


def _node_state(node: Document) -> Any:
    ready = nodes.condition(node, "Ready")
    return ready["status"], ready["reason"], [(t["key"], t["effect"], "timeAdded" in t) for t in nodes.taints(node)]


def _pod_state(pod: Document) -> Any:
    target = pods.condition(pod, "DisruptionTarget") or {}
    ready = pods.condition(pod, "Ready") or {}
    return (
        pods.phase(pod), ready.get("status"), metadata.is_being_deleted(pod),
        target.get("status"), target.get("reason"), target.get("message"),
    )


def _slice_state(document: Document) -> Any:
    return sorted(
        tuple(endpoint["conditions"].get(flag) for flag in ("ready", "serving", "terminating"))
        for endpoint in document.get("endpoints") or ()
    )


STATE = {"nodes": _node_state, "pods": _pod_state, "endpointslices": _slice_state}
Versions = Iterable[tuple[float, str, str, Document]]  # seconds, kind, type of the event, document
History = dict[str, list[tuple[float, Any]]]


def histories(versions: Versions) -> dict[str, list[History]]:
    """What became of each object, by the group that it belongs to: the states that it went through, and when."""
    found: dict[str, History] = {}
    order: dict[str, str] = {}
    for at, kind, type_, document in versions:
        if kind not in STATE or metadata.name(document) == "kubernetes":
            continue
        uid, name = metadata.uid(document), metadata.name(document)
        order.setdefault(uid, name if kind == "nodes" else f"{kind}/{name.split('-')[0]}")
        state = None if type_ == "DELETED" else STATE[kind](document)
        states = found.setdefault(uid, {}).setdefault(kind, [])
        if not states or states[-1][1] != state:
            states.append((at, state))
    grouped: dict[str, list[History]] = {}
    for uid, history in found.items():
        grouped.setdefault(order[uid], []).append(history)
    return grouped


def watch_agrees(folder: Path) -> Report:
    report = Report("watch/node-lifecycle")
    recorded = [json.loads(line) for line in (folder / WATCH).read_text().splitlines()]
    stage = play(transcript.read(folder / TEXTS), Report("unused"))
    theirs = histories((e["t"], e["kind"], e["type"], e["object"]) for e in recorded)
    ours = histories(_versions(stage))
    one, other = (sorted((group, len(found)) for group, found in all_.items()) for all_ in (theirs, ours))
    report.same("which objects there were", one, other)
    for group, found in theirs.items():
        one, other = sorted(map(_states, found), key=repr), sorted(map(_states, ours.get(group, [])), key=repr)
        report.same(f"{group}: the states", one, other)
        recorded_times, here = sorted(_moments(found)), sorted(_moments(ours.get(group, [])))
        near = len(recorded_times) == len(here) and all(
            abs(a - b) <= max(1.5, a / 10) for a, b in zip(recorded_times, here, strict=True)
        )
        report.holds(f"{group}: when", near, f"recorded {recorded_times}, here {here}")
    events = {"NodeNotReady", "TaintManagerEviction"}
    said = [e["object"] for e in recorded if e["kind"] == "events" and e["type"] != "INITIAL"]
    report.same("events", _texts(said, events), _texts(stage.events(), events))
    return report


def _moments(found: list[History]) -> list[float]:
    return [at for history in found for states in history.values() for at, _ in states]


def _states(history: History) -> list[Any]:
    return [state for states in history.values() for _, state in states]


def _texts(found: Iterable[Document], reasons: set[str]) -> list[tuple[str, str, str]]:
    # Each once: how many Pods were on the node that was not ready later is chance.
    return sorted({
        (event["type"], event["reason"], _anonymous(transcript.SUFFIX.sub("-xxxxx", event["message"])))
        for event in found if event["reason"] in reasons
    })


def _versions(stage: Stage) -> Versions:
    start = stage.steps[0].at
    known: dict[str, Document] = {}
    for step in stage.steps:
        for change in step.changes:
            kind = change.table.partition(".")[0]
            if kind in STATE and change.old is not None and metadata.uid(change.old) not in known:
                known[metadata.uid(change.old)] = change.old
                yield 0.0, kind, "INITIAL", change.old
            if kind in STATE:
                known.setdefault(metadata.uid(change.new or change.old), change.new or change.old)
                yield (step.at - start) / 1000, kind, change.type, change.new or change.old
    for kind in STATE:
        table = SLICES if kind == "endpointslices" else kind
        for document in stage.simulation.api.list(table):
            if metadata.uid(document) not in known:
                yield 0.0, kind, "INITIAL", document
