"""Scenario 04: a DaemonSet on tainted and cordoned nodes, its update and undo, nodes that begin or cease to want it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.golden_replay import transcript
from tests.golden_replay.report import Report
from tests.golden_replay.stage import Stage
from tests.support.console import Result

TEXTS = Path("transcripts/04-daemonset.txt")
RECORDER = 2.5  # seconds until the watch of the recordings runs


def manifest(name: str, image: str, more: str = "") -> str:
    return f"""apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{{more} containers: [{{name: c, image: "{image}"}}]}}}}
"""


def play(texts: dict[str, transcript.Block], report: Report) -> Stage:
    stage = Stage.set(4, delay=500, term=500)

    def cap(key: str, **options: Any) -> None:
        stage.capture(report, texts[key], **options)

    def look(*what: str) -> None:
        """What was only written down while the recording was made took time too."""
        for one in what:
            stage.run(f"get {one}")

    for line in ("taint node node-4 dedicated=db:NoSchedule", "cordon node-3", "label node node-2 role=x"):
        stage.run(line)
    transcript.compare(report, texts["create"], stage.apply(manifest("d", "nginx:1")))
    # How many were available when it was looked at between two of them is chance.
    cap("status", waiting=True)
    look("ds d", "pods -l app=d")
    cap("get")
    compare_placed(report, texts["get-pods"], stage.run("kubectl get pods -o wide"))
    look("controllerrevisions")
    stage.apply(manifest("hostnet", "nginx:1", "hostNetwork: true,"))
    stage.apply(manifest("sel", "nginx:1", "nodeSelector: {role: x},"))
    stage.sleep(3)
    cap("get-all")
    look("pods -l app=hostnet", "pods -l app=sel", "events")
    stage.sleep(RECORDER)
    stage.run("set image ds/d c=nginx:2")
    cap("update-status", waiting=True)
    look("controllerrevisions -l app=d")
    cap("history")
    cap("undo")
    stage.run("rollout status ds/d --timeout=60s")
    look("ds d")
    cap("history-after")
    stage.run("taint node node-4 dedicated-")
    stage.sleep(3)
    cap("untainted")
    stage.run("label node node-2 role-")
    stage.sleep(3)
    cap("unlabelled")
    stage.run("taint node node-1 boom=1:NoExecute")
    stage.sleep(3)
    cap("noexec-ds")
    compare_placed(report, texts["noexec-pods"], stage.run("kubectl get pods -o wide"), ages_too=False)
    stage.run("delete ds d")
    stage.sleep(2)
    cap("deleted")
    return stage


def compare_placed(report: Report, block: transcript.Block, ours: Result, *, ages_too: bool = True) -> None:
    """Rows of Pods, whatever their names are. In which order nodes are updated is chance, and so are those ages."""
    transcript.compare(report, block, ours, sort=True)
    if ages_too:
        recorded, here = transcript.ages(block.stdout), transcript.ages(ours.stdout)
        report.holds(f"{block.key}: ages", transcript.are_near(recorded, here), f"recorded {recorded}, here {here}")


def texts_agree(folder: Path) -> Report:
    report = Report("transcripts/04-daemonset")
    play(transcript.read(folder / TEXTS), report)
    return report
