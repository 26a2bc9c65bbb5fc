"""Scenario 13: NoExecute with and without tolerationSeconds, kubectl taint's words; and what a watch saw of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from tests.golden_replay import transcript
from tests.golden_replay.report import Report
from tests.golden_replay.stage import Stage
from tests.golden_replay.transcript import Block
from tests.support.console import Result

TEXTS = Path("transcripts/13-taints.txt")
WATCH = Path("watch/taints.jsonl")
# What the stand-in kubelet of the recordings says of its machine.
MACHINE = ("System Info:", "Addresses:", "Capacity:", "Allocatable:")
# Of the annotations only the kubelet's counts: the TTL controller, which writes the first, is not simulated.
TTL = "Annotations:        node.alpha.kubernetes.io/ttl: 0\n                    "
TOLERATIONS = {"0": ", tolerationSeconds: 0", "4": ", tolerationSeconds: 4", "forever": ""}
EVICTION_TEXT = "Marking for deletion Pod"


def pod(name: str, toleration: str = "") -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n"
        f"spec: {{nodeName: node-1, {toleration}containers: [{{name: c, image: nginx}}]}}\n"
    )


def tolerating(seconds: str) -> str:
    return f"tolerations: [{{key: maint, operator: Exists, effect: NoExecute{TOLERATIONS[seconds]}}}], "


def play(texts: dict[str, Block], report: Report) -> Stage:
    stage = Stage.set(3)

    def cap(key: str, **options: Any) -> None:
        stage.capture(report, texts[key], **options)

    def pods_now(key: str) -> None:
        # Which of two equal nodes a Pod went to is chance.
        compare_pods(report, texts[key], stage.run("kubectl get pods -o wide"))

    stage.run("create deployment web --image=nginx:1 --replicas=6")
    for seconds in TOLERATIONS:
        stage.apply(pod(f"tol-{seconds}", tolerating(seconds)))
    stage.apply(pod("bare"))
    stage.run("rollout status deploy/web --timeout=30s")
    stage.sleep(1)
    pods_now("before")
    stage.steps.clear()
    stage.sleep(2.5)  # the watch of the recordings starts
    cap("taint")
    stage.sleep(2)
    pods_now("after-2s")
    stage.sleep(5)
    pods_now("after-7s")
    for key in ("taint-again", "taint-change", "taint-overwrite", "taint-two"):
        cap(key)
    compare_description(report, texts["describe"], stage.run("kubectl describe node node-1"))
    for key in ("untaint", "untaint-missing", "bad-effect", "unknown-node", "taint-all"):
        cap(key)
    stage.sleep(1)
    pods_now("after-untaint")
    return stage


def compare_pods(report: Report, block: Block, ours: Result) -> None:
    """Rows of Pods, for those of the Deployment without the node, but with how many are on the tainted one."""
    report.same(f"{block.key}: exit code", block.code, ours.code)
    one, other = (_rows(text) for text in (block.stdout, ours.stdout))
    report.same(f"{block.key}: Pods", one, other)


def _rows(text: str) -> list[str]:
    rows = [re.sub(r"\bnode-[23]\b", "node-2|3", row) for row in transcript.normalised(text).splitlines()]
    return [rows[0], *sorted(rows[1:])]


def compare_description(report: Report, block: Block, ours: Result) -> None:
    """The description without what it says of the machine itself."""
    recorded = block.stdout.replace(TTL, "Annotations:        ")
    # The stand-in kubelet reports no Events of its own.
    said = "\n".join(line for line in ours.stdout.splitlines() if " kubelet  " not in line)
    one, other = (_sections(transcript.normalised(text)) for text in (recorded, said))
    for title in one:
        if title not in MACHINE:
            report.holds(f"describe node: {title}", one[title] == other.get(title), transcript.differing(
                "\n".join(one[title]), "\n".join(other.get(title, []))
            ))
    report.same("describe node: its sections", list(one), list(other))


def _sections(text: str) -> dict[str, list[str]]:
    """The lines of a description by the unindented line above them."""
    sections: dict[str, list[str]] = {}
    title = ""
    for line in text.splitlines():
        if line[:1] not in (" ", ""):
            title = line.partition(":")[0] + ":"
            sections[title] = []
        sections[title].append(line)
    return sections


def texts_agree(folder: Path) -> Report:
    report = Report("transcripts/13-taints")
    play(transcript.read(folder / TEXTS), report)
    return report


# --- the watch --------------------------------------------------------------------------------------------------------


def moments(name_of: str, versions: Iterable[tuple[float, str, Document]]) -> list[Any]:
    """What a Pod went through: phase, node, whether it is going, its conditions; repetitions left out."""
    found: list[Any] = []
    for _, type_, document in versions:
        if metadata.name(document) != name_of:
            continue
        moment = (
            "gone" if type_ == "DELETED" else dig(document, "status", "phase"), dig(document, "spec", "nodeName"),
            metadata.is_being_deleted(document),
            # The stand-in kubelet forgets PodScheduled of a Pod that came with its node's name.
            sorted(
                (c["type"], c["status"], c.get("reason"))
                for c in dig(document, "status", "conditions", default=[]) if c["type"] != "PodScheduled"
            ),
        )
        if not found or found[-1] != moment:
            found.append(moment)
    return found


def watch_agrees(folder: Path) -> Report:
    report = Report("watch/taints")
    recorded = [json.loads(line) for line in (folder / WATCH).read_text().splitlines()]
    stage = play(transcript.read(folder / TEXTS), Report("unused"))
    seen = [(e["t"], e["type"], e["object"]) for e in recorded if e["kind"] == "pods"]
    starts = dict(_first_versions(stage))
    ours = [(0.0, "INITIAL", doc) for doc in starts.values()] + [
        (step.at / 1000, change.type, change.new or change.old)
        for step in stage.steps for change in step.changes if change.table == "pods"
    ]
    for name in ("bare", "tol-0", "tol-4", "tol-forever"):
        report.same(f"phases and deletion of {name}", _outline(moments(name, seen)), _outline(moments(name, ours)))
        report.same(f"conditions of {name} when its deletion begins", _going(moments(name, seen)), _going(moments(name, ours)))
    begun, ours_begun = (_deletions(found) for found in (seen, ours))
    tainted, we_tainted = _first_deletion(begun), _first_deletion(ours_begun)
    for name in ("bare", "tol-0", "tol-4"):
        one, other = begun[name] - tainted, ours_begun[name] - we_tainted
        report.holds(f"when {name} has to go", abs(one - other) <= max(1, one / 10), f"recorded {one:.2f} s, here {other:.2f} s")
    condition = next(
        {k: v for k, v in c.items() if k != "lastTransitionTime"}
        for _, _, d in seen if metadata.name(d) == "bare"
        for c in dig(d, "status", "conditions", default=[]) if c["type"] == "DisruptionTarget"
    )
    mine = [
        {k: v for k, v in c.items() if k != "lastTransitionTime"}
        for _, _, d in ours if metadata.name(d) == "bare"
        for c in dig(d, "status", "conditions", default=[]) if c["type"] == "DisruptionTarget"
    ][:1]
    report.same("the condition DisruptionTarget", [condition], mine)
    reported, ours_reported = (
        Counter(transcript.SUFFIX.sub("-xxxxx", e["message"]) for e in found if e["message"].startswith(EVICTION_TEXT))
        for found in ([e["object"] for e in recorded if e["kind"] == "events"], stage.events())
    )
    report.same("events of the eviction", reported, ours_reported)
    taints = [list(dig(d, "spec", "taints", default=[])) for d in _versions_of_node(recorded)]
    report.same("the taint on the node", _without_times(taints[-1]), _without_times(_tainted_node(stage)))
    return report


def _first_versions(stage: Stage) -> list[tuple[Any, Document]]:
    found: dict[Any, Document] = {}
    for step in stage.steps:
        for change in step.changes:
            if change.table == "pods" and change.old is not None and change.key not in found:
                found[change.key] = change.old
    for document in stage.simulation.api.list("pods"):
        found.setdefault((metadata.namespace(document), metadata.name(document)), document)
    return list(found.items())


def _outline(found: list[Any]) -> list[Any]:
    outline: list[Any] = []
    for phase, node, going, _ in found:
        if not outline or outline[-1] != (phase, node, going):
            outline.append((phase, node, going))
    return outline


def _going(found: list[Any]) -> list[Any]:
    return next((conditions for _, _, going, conditions in found if going), [])


def _deletions(versions: Iterable[tuple[float, str, Document]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for moment, _, document in versions:
        if metadata.is_being_deleted(document):
            found.setdefault(metadata.name(document), moment)
    return found


def _first_deletion(found: dict[str, float]) -> float:
    return min(found.values())


def _versions_of_node(recorded: list[Any]) -> list[Document]:
    return [e["object"] for e in recorded if e["kind"] == "nodes" and metadata.name(e["object"]) == "node-1"]


def _tainted_node(stage: Stage) -> list[Document]:
    for document in stage.written("nodes"):
        if metadata.name(document) == "node-1" and dig(document, "spec", "taints"):
            return list(document["spec"]["taints"])
    return []


def _without_times(taints: list[Document]) -> list[Document]:
    return [{k: v for k, v in taint.items() if k != "timeAdded"} for taint in taints]
