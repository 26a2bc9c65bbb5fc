"""Scenario 03: the scheduler's words: events, conditions, gates, cordons, preemption."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.objects import conditions, metadata, times
from cluster.objects.documents import Document, dig
from cluster.simulation.bootstrap import Machine, machine_key
from tests.golden_replay.report import Report
from tests.golden_replay.stage import Stage
from tests.golden_replay.transcript import Block, compare

FACTS = Path("transcripts/03-scheduling.facts.json")
ZONE = "topology.kubernetes.io/zone"
# What the stand-in kubelet of this recording took (ms).
DELAY, TERM = 500, 1_000
# Nodes 2 and 3 are equal to most Pods: which of them it is, and who has to go there, is chance.
EQUALS = re.compile(r"\b(node|low)-[23]\b")
SAME_APP = {"labelSelector": {"matchLabels": {"app": "aa"}}, "topologyKey": "kubernetes.io/hostname"}
MAINTENANCE = {"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoSchedule"}
CLASSES = """apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: never}
value: 900
preemptionPolicy: Never
"""
CLAIM = """apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: unbound}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
WITHOUT_CLASS = """apiVersion: v1
kind: Pod
metadata: {name: x}
spec: {priorityClassName: nope, containers: [{name: c, image: a}]}
"""


def machines() -> list[Machine]:
    """Node 1 repels, node 2 has a disk, node 3 a device and room for few Pods."""
    taint = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
    return [
        Machine("node-1", "10.0.0.11", cpu="2", memory="4Gi", labels={ZONE: "z1"}, taints=(taint,)),
        Machine("node-2", "10.0.0.12", cpu="2", memory="4Gi", labels={ZONE: "z2", "disk": "ssd"}),
        Machine("node-3", "10.0.0.13", cpu="2", memory="4Gi", pods="6", labels={ZONE: "z3"},
                extended={"example.com/gpu": "1"}),
    ]


def asking(resources: Document, where: str = "requests") -> Document:
    return {"containers": [{"name": "c", "image": "nginx:1", "resources": {where: resources}}]}


def on_node(name: str) -> Document:
    return {"nodeSelector": {"kubernetes.io/hostname": name}}


def spreading(key: str) -> Document:
    constraint = {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule",
                  "labelSelector": {"matchLabels": {"app": "ts"}}}
    return {"topologySpreadConstraints": [constraint]}


def claiming(name: str) -> Document:
    return {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": name}}]}


def as_fact(text: Any) -> Any:
    """A fact without what is chance."""
    return json.loads(EQUALS.sub(r"\1-2|3", json.dumps(text)))


@dataclass
class Play:
    """The scenario on its stage, with what was recorded of it."""

    stage: Stage
    facts: dict[str, Any]
    report: Report

    def pod(self, name: str, spec: Document, labels: Document | None = None) -> None:
        meta = {"name": name} | ({"labels": labels} if labels else {})
        plain = {"containers": [{"name": "c", "image": "nginx:1"}]}
        document = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": plain | spec}
        self.stage.apply(json.dumps(document))

    def why(self, key: str, seconds: float = 1.5, name: str = "") -> None:
        """What is to be seen of the Pod after some seconds."""
        self.stage.sleep(seconds)
        self.same(key, self.seen(name or key))

    def same(self, key: str, ours: Any) -> None:
        self.report.same(key, as_fact(self.facts[key]), as_fact(ours))

    def seen(self, name: str) -> Any:
        pod = self.stage.get("pods", name)
        scheduled = conditions.condition(pod, "PodScheduled")
        return {
            "events": [
                {field: event.get(field) for field in ("type", "reason", "message", "action", "reportingComponent")}
                for event in self.about(name)
            ],
            "node": dig(pod, "spec", "nodeName"),
            "phase": dig(pod, "status", "phase"),
            "nominated": dig(pod, "status", "nominatedNodeName"),
            "podscheduled": scheduled and {field: scheduled.get(field) for field in ("status", "reason", "message")},
        }

    def about(self, name: str) -> list[Document]:
        """The scheduler's Events about a Pod, the oldest first: the kubelet of the recordings has none."""
        found = [
            event for event in self.stage.events()
            if event["involvedObject"]["name"] == name and event["reportingComponent"] == "default-scheduler"
        ]
        return sorted(found, key=lambda event: event["eventTime"])

    def capture(self, key: str, line: str, **options: Any) -> None:
        fact = self.facts[key]
        block = Block(key, line, fact["rc"], fact["stdout"], fact["stderr"])
        self.stage.capture(self.report, block, line, **options)

    def clear(self) -> None:
        self.stage.run("delete pod --all --wait=false")
        self.stage.sleep(3)


def agrees(folder: Path) -> Report:
    report = Report("transcripts/03-scheduling")
    play = Play(Stage.set(0, delay=DELAY, term=TERM), json.loads((folder / FACTS).read_text()), report)
    _without_nodes(play)
    _filters(play)
    _affinities(play)
    _volumes(play)
    _ports_and_devices(play)
    _gates_and_names(play)
    _cordons(play)
    _too_many(play)
    _preemption(play)
    return report


def _without_nodes(play: Play) -> None:
    # Back-offs end at whole seconds: what is seen after 1.5 s depends on where in a second it begins.
    play.stage.sleep(0.5)
    play.pod("no-nodes", {})
    play.why("no-nodes")
    with play.stage.simulation.act() as api:
        for machine in machines():
            api.write_row("create", *machine_key(machine.name), machine.row())
    play.stage.sleep(3)
    play.stage.run("wait --for=condition=Ready pod/no-nodes --timeout=30s")
    play.why("no-nodes-then-nodes", 0.2, "no-nodes")
    play.stage.run("delete pod no-nodes --wait")


def _filters(play: Play) -> None:
    for name, spec in {
        "cpu": asking({"cpu": "3"}),
        "cpu-mem": asking({"cpu": "3", "memory": "9Gi"}),
        "memory": asking({"memory": "9Gi"}),
        "selector": {"nodeSelector": {"disk": "nvme"}},
        "selector-tainted": on_node("node-1"),
        "tolerates": on_node("node-1") | {"tolerations": [MAINTENANCE]},
    }.items():
        play.pod(name, spec)
        play.why(name)


def _affinities(play: Play) -> None:
    nvme = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["nvme"]}]}
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    play.pod("affinity", {"affinity": {"nodeAffinity": {required: {"nodeSelectorTerms": [nvme]}}}})
    play.why("affinity")
    nobody = SAME_APP | {"labelSelector": {"matchLabels": {"app": "nope"}}}
    play.pod("podaffinity", {"affinity": {"podAffinity": {required: [nobody]}}})
    play.why("podaffinity")
    apart = {"affinity": {"podAntiAffinity": {required: [SAME_APP]}}}
    for number in (1, 2):
        play.pod(f"aa-{number}", apart, {"app": "aa"})
        play.stage.sleep(0.5)
    play.pod("aa-3", apart, {"app": "aa"})
    play.why("anti-affinity", 1.5, "aa-3")
    play.why("anti-affinity-1", 0, "aa-1")
    play.pod("aa-4", {}, {"app": "aa"})
    play.why("anti-affinity-existing", 1.5, "aa-4")
    play.stage.run("delete pod -l app=aa --wait")
    for number in (1, 2):
        play.pod(f"ts-{number}", spreading(ZONE), {"app": "ts"})
        play.stage.sleep(0.5)
    play.pod("ts-3", spreading(ZONE), {"app": "ts"})
    play.why("spread", 1.5, "ts-3")
    play.pod("ts-4", spreading("rack"), {"app": "ts"})
    play.why("spread-missing-key", 1.5, "ts-4")
    play.stage.run("delete pod -l app=ts --wait")


def _volumes(play: Play) -> None:
    play.pod("pvc", claiming("missing"))
    play.why("pvc-missing", 1.5, "pvc")
    play.stage.apply(CLAIM)
    play.pod("pvc2", claiming("unbound"))
    play.why("pvc-unbound", 1.5, "pvc2")


def _ports_and_devices(play: Play) -> None:
    port = {"containers": [{"name": "c", "image": "nginx:1", "ports": [{"containerPort": 80, "hostPort": 8080}]}]}
    for number in (1, 2):
        play.pod(f"hp-{number}", port)
        play.stage.sleep(0.5)
    play.pod("hp-3", port)
    play.why("hostport", 1.5, "hp-3")
    play.pod("gpu-1", asking({"example.com/gpu": "1"}, "limits"))
    play.why("extended-ok", 1, "gpu-1")
    play.pod("gpu-2", asking({"example.com/gpu": "1"}, "limits"))
    play.why("extended", 1.5, "gpu-2")


def _gates_and_names(play: Play) -> None:
    play.pod("gated", {"schedulingGates": [{"name": "example.com/wait"}]})
    play.why("gated")
    play.capture("gated-get", "get pod gated")
    patch = '[{"op":"remove","path":"/spec/schedulingGates"}]'
    play.stage.run(f"patch pod gated --type=json -p '{patch}'")
    play.why("ungated", 1.5, "gated")
    play.pod("schedname", {"schedulerName": "other"})
    play.why("other-scheduler", 1.5, "schedname")
    play.pod("nodename", {"nodeName": "node-9"})
    play.why("nodename-missing", 1.5, "nodename")


def _cordons(play: Play) -> None:
    play.stage.run("cordon node-2")
    play.stage.run("cordon node-3")
    play.stage.sleep(0.5)
    play.pod("cordoned", {})
    play.why("cordoned")
    play.capture("cordoned-nodes", "get nodes", ages_too=False)
    recorded, ours = play.facts["cordoned-node"], play.stage.get("nodes", "node-2", "")
    play.report.same("cordoned-node: spec", _cordon(recorded), _cordon(ours))
    # One command in the recording; its requests are not of one moment, as those of a simulated kubectl are.
    play.stage.run("uncordon node-2")
    play.stage.run("uncordon node-3")
    play.why("uncordoned", 2, "cordoned")


def _cordon(node: Document) -> Any:
    taints = [{key: value for key, value in taint.items() if key != "timeAdded"} for taint in node["spec"]["taints"]]
    return node["spec"]["unschedulable"], taints


def _too_many(play: Play) -> None:
    play.clear()
    for number in range(1, 8):
        play.pod(f"many-{number}", on_node("node-3"))
    play.stage.sleep(2)
    pending = [pod for pod in play.stage.named("pods", "many-") if not dig(pod, "spec", "nodeName")]
    play.same("many-pending", [metadata.name(pod) for pod in pending])
    play.why("too-many-pods", 0, metadata.name(pending[0]))
    play.clear()


def _preemption(play: Play) -> None:
    stage, facts = play.stage, play.facts
    stage.apply(CLASSES)
    large = asking({"cpu": "1500m"})
    for number in (2, 3):
        play.pod(f"low-{number}", large | on_node(f"node-{number}"))
    stage.sleep(2)
    play.pod("nevr", large | {"priorityClassName": "never"})
    play.why("preempt-never", 1.5, "nevr")
    stage.steps.clear()
    play.pod("high", large | {"priorityClassName": "high"})
    play.why("preempt-high", 4, "high")
    for name in ("low-2", "low-3", "nevr", "high"):
        mine = [[event["type"], event["reason"], _words(event["message"]), event["action"]] for event in play.about(name)]
        theirs = [
            [event["type"], event["reason"], _words(event["message"]), event["action"]]
            for event in facts["preempt-events"] if event["name"] == name
        ]
        play.report.same(f"preempt-events of {name}", *(as_fact(each) for each in _victims_alike(theirs, mine)))
    play.same("preempt-who", [
        [metadata.name(pod), dig(pod, "spec", "nodeName"), dig(pod, "spec", "priority"), dig(pod, "status", "phase")]
        for pod in stage.simulation.api.list("pods")
    ])
    play.report.same("preempt-victim: condition", _disruption([facts["preempt-victim"]["conditions"]]), _disruption(
        dig(pod, "status", "conditions", default=[]) for pod in stage.written("pods") if metadata.name(pod)[:3] == "low"
    ))
    _compare_nomination(play)
    compare(play.report, _missing_class(facts["pc-missing"]), stage.apply(WITHOUT_CLASS))
    play.capture("pcs", "get priorityclass", ages_too=False)


def _victims_alike(theirs: list[Any], mine: list[Any]) -> tuple[list[Any], list[Any]]:
    """Which of the two equal Pods is preempted is chance: only one of them tells of it."""
    def rest(found: list[Any]) -> list[Any]:
        return [event for event in found if event[1] != "Preempted"]

    return rest(theirs), rest(mine)


def _words(message: str) -> str:
    return re.sub(r"[0-9a-f-]{36}", "UID", message)


def _disruption(versions: Any) -> Any:
    """The first DisruptionTarget condition among versions of conditions."""
    return next(
        {key: value for key, value in each.items() if key != "lastTransitionTime"}
        for found in versions for each in found if each["type"] == "DisruptionTarget"
    )


def _compare_nomination(play: Play) -> None:
    """What a watch saw of the Pod that preempts: the order, and the time from nomination to binding."""
    recorded = play.facts["preempt-nominated"]
    ours = []
    for step in play.stage.steps:
        for change in step.changes:
            if change.table != "pods" or change.key[1] != "high" or change.new is None:
                continue
            scheduled = conditions.condition(change.new, "PodScheduled")
            words = [[scheduled.get(field) for field in ("status", "reason", "message")]] if scheduled else []
            ours.append({
                "t": step.at / times.SECOND, "node": dig(change.new, "spec", "nodeName"),
                "nominated": dig(change.new, "status", "nominatedNodeName"), "c": words,
            })
    one, other = ([[each[field] for field in ("node", "nominated", "c")] for each in found[:3]] for found in (recorded, ours))
    play.report.same("preempt-nominated", as_fact(one), as_fact(other))
    theirs, mine = (found[2]["t"] - found[1]["t"] for found in (recorded, ours))
    told = f"recorded {theirs:.2f} s, here {mine:.2f} s"
    play.report.holds("from nomination to binding", abs(theirs - mine) <= 0.1 * theirs, told)


def _missing_class(fact: Any) -> Block:
    return Block("pc-missing", "apply", fact["rc"], fact["stdout"], fact["stderr"].replace('"STDIN"', '"stdin.yaml"'))
