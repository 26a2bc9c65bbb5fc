"""Scenario 06: a StatefulSet with claims, scaled, updated, broken and mended; and what a watch saw of its creation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from tests.golden_replay import transcript
from tests.golden_replay.conditions import failing
from tests.golden_replay.report import Report
from tests.golden_replay.stage import Stage

TEXTS = Path("transcripts/06-statefulset.txt")
WATCH = Path("watch/statefulset-1.jsonl")
RECORDER = 0.3  # seconds until the watch of the recordings runs
RECORDER_ENDS = 1.2  # and until it has stopped and written everything down
VOLUME_NAME = re.compile(r"\bpv-\d\b")
CLAIMS = (
    "volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], storageClassName: manual,"
    " resources: {requests: {storage: 1Gi}}}}]"
)
VOLUME = """apiVersion: v1
kind: PersistentVolume
metadata: {{name: pv-{number}}}
spec: {{capacity: {{storage: 1Gi}}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Retain,
  storageClassName: manual, hostPath: {{path: /data/pv-{number}}}}}
---
"""
SERVICE = """apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80, name: http}]}
"""


def manifest(name: str, replicas: int, image: str, policy: str = "OrderedReady", more: str = "", claims: str = "") -> str:
    return f"""apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  serviceName: {name}
  podManagementPolicy: {policy}
  {more}
  selector: {{matchLabels: {{app: {name}}}}}
  template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{terminationGracePeriodSeconds: 3,
    containers: [{{name: c, image: "{image}"}}]}}}}
  {claims}
"""


def play(texts: dict[str, transcript.Block], report: Report) -> Stage:
    stage = Stage.set(3, delay=400, term=400)

    def cap(key: str, **options: Any) -> None:
        stage.capture(report, texts[key], **options)

    def partition(number: int) -> None:
        stage.run(f'patch sts web -p \'{{"spec":{{"updateStrategy":{{"rollingUpdate":{{"partition":{number}}}}}}}}}\'')

    stage.apply("".join(VOLUME.format(number=number) for number in range(1, 10)))
    stage.apply(SERVICE)
    stage.sleep(RECORDER)
    stage.steps.clear()
    transcript.compare(report, texts["create"], stage.apply(manifest("web", 3, "nginx:1", claims=CLAIMS)))
    cap("status", waiting=True)
    stage.sleep(RECORDER_ENDS)
    for what in ("sts web", "pods", "pvc"):
        stage.run(f"get {what}")
    cap("get")
    # Which of equal volumes a claim gets is chance.
    for key in ("get-pvc", "get-pv"):
        _compare_volumes(report, texts[key], stage)
    created = len(stage.steps)
    stage.sleep(1)
    stage.run("scale sts/web --replicas=5")
    stage.run("rollout status sts/web --timeout=60s")
    stage.run("scale sts/web --replicas=2")
    stage.sleep(5)
    _compare_volumes(report, texts["pvc-after-scale-down"], stage, ages_too=False)
    stage.run("scale sts/web --replicas=3")
    stage.run("rollout status sts/web --timeout=60s")
    stage.run("set image sts/web c=nginx:2")
    cap("update-status", waiting=True)
    cap("history")
    partition(2)
    stage.run("set image sts/web c=nginx:3")
    cap("partition-status", waiting=True)
    block = texts["partition-pods"]
    line = block.command.replace("jsonpath={range", "jsonpath='{range").replace("{end}", "{end}'")
    transcript.compare(report, block, stage.run(line))
    stage.apply(manifest("par", 3, "nginx:1", "Parallel"))
    stage.run("rollout status sts/par --timeout=60s")
    stage.run("set image sts/par c=nginx:2")
    stage.sleep(5)
    stage.run("scale sts/par --replicas=0")
    stage.sleep(2)
    _break_and_mend(stage, texts, report, partition)
    _retain(stage, texts, report)
    patched = stage.run("patch sts web -p '{\"spec\":{\"serviceName\":\"x\"}}'")
    transcript.compare(report, texts["immutable"], patched)
    cap("delete")
    stage.sleep(3)
    _compare_volumes(report, texts["pvc-after-delete"], stage, ages_too=False)
    transcript.compare(report, texts["orphan"], stage.run("delete sts par --cascade=orphan"))
    stage.steps = stage.steps[:created]
    return stage


def _break_and_mend(stage: Stage, texts: dict[str, transcript.Block], report: Report, partition: Any) -> None:
    """The first Pod of a broken update never becomes ready; rolling back needs it deleted by hand."""
    partition(0)
    stage.run("rollout status sts/web --timeout=30s")
    stage.run("set image sts/web c=nginx:bad")
    stage.sleep(3)
    listing = "kubectl get pods -l app=web"
    for key, line in (("broken-pods", ""), ("broken-undo", "kubectl rollout undo sts/web"), ("broken-pods-after-undo", "")):
        if key == "broken-pods-after-undo":
            stage.sleep(4)
        ours = stage.run(line or listing)
        transcript.compare(report, texts[key], ours if line else failing(ours), ages_too=False)
    stage.run("delete pod web-2")
    stage.sleep(4)
    transcript.compare(report, texts["broken-pods-after-delete"], stage.run(listing), ages_too=False)


def _retain(stage: Stage, texts: dict[str, transcript.Block], report: Report) -> None:
    policy = "persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Delete}"
    stage.apply(manifest("pvcr", 2, "nginx:1", more=policy, claims=CLAIMS))
    stage.run("rollout status sts/pvcr --timeout=30s")
    stage.run("scale sts/pvcr --replicas=1")
    stage.sleep(3)
    _compare_volumes(report, texts["retention-scaled"], stage, ages_too=False)
    stage.run("delete sts pvcr")
    stage.sleep(3)
    _compare_volumes(report, texts["retention-deleted"], stage, ages_too=False)


def _compare_volumes(report: Report, block: transcript.Block, stage: Stage, *, ages_too: bool = True) -> None:
    """Rows of claims or volumes, whichever volume each claim got."""
    ours = stage.run(block.command)
    report.same(f"{block.key}: errors", block.stderr.strip(), ours.stderr.strip())
    one, other = (_without_numbers(text) for text in (block.stdout, ours.stdout))
    report.same(f"{block.key}: rows", one, other)
    if ages_too:
        ages, here = transcript.ages(block.stdout), transcript.ages(ours.stdout)
        report.holds(f"{block.key}: ages", transcript.are_near(sorted(ages), sorted(here)), f"recorded {ages}, here {here}")


def _without_numbers(text: str) -> list[str]:
    return sorted(VOLUME_NAME.sub("pv-N", row) for row in transcript.normalised(text).splitlines())


def texts_agree(folder: Path) -> Report:
    report = Report("transcripts/06-statefulset")
    play(transcript.read(folder / TEXTS), report)
    return report


# --- the watch --------------------------------------------------------------------------------------------------------


def _state(kind: str, document: Document) -> Any:
    status = document.get("status") or {}
    if kind == "statefulsets":
        return {field: value for field, value in status.items() if field != "conditions"}
    if kind == "pvc":
        bound = "pv.kubernetes.io/bind-completed" in metadata.annotations(document)
        return status.get("phase"), bound, sorted(metadata.finalizers(document)), metadata.labels(document)
    return pods.phase(document), pods.is_ready(document), bool(pods.node_name(document)), sorted(metadata.labels(document))


def watch_agrees(folder: Path) -> Report:
    report = Report("watch/statefulset-1")
    stage = play(transcript.read(folder / TEXTS), Report("unused"))
    recorded = [json.loads(line) for line in (folder / WATCH).read_text().splitlines()]
    theirs = [(e["t"], e["kind"], metadata.name(e["object"]), _state(e["kind"], e["object"])) for e in recorded]
    kinds = {"statefulsets.apps": "statefulsets", "persistentvolumeclaims": "pvc", "pods": "pods"}
    start = next(step.at for step in stage.steps for change in step.changes if change.table == "statefulsets.apps")
    first = theirs[0][0]
    ours = [
        ((step.at - start) / 1000 + first, kind, metadata.name(change.new), _state(kind, change.new))
        for step in stage.steps for change in step.changes
        if change.new is not None and (kind := kinds.get(change.table)) is not None
    ]
    names = sorted({(kind, name) for _, kind, name, _ in theirs})
    report.same("which objects there were", names, sorted({(kind, name) for _, kind, name, _ in ours}))
    for kind, name in names:
        one, other = ([state for _, k, n, state in _distinct(found) if (k, n) == (kind, name)] for found in (theirs, ours))
        report.same(f"{kind}/{name}: the states", one, other)
        created, here = (next((at for at, k, n, _ in found if (k, n) == (kind, name)), -1.0) for found in (theirs, ours))
        near = abs(created - here) <= max(0.5, created / 10)
        report.holds(f"{kind}/{name}: when it came", near, f"recorded {created}, here {here}")
    order, our_order = ([(k, n) for _, k, n, s in found if k == "pods" and s[1]] for found in (theirs, ours))
    report.same("the order in which they become ready", list(dict.fromkeys(order)), list(dict.fromkeys(our_order)))
    containers = [dig(e["object"], "spec", "hostname") for e in recorded if e["kind"] == "pods"]
    report.same("their hostnames", sorted(set(containers)), sorted({metadata.name(p) for p in stage.written("pods")}))
    return report


def _distinct(found: list[Any]) -> list[Any]:
    """The versions of each object that differ from the one before."""
    last: dict[tuple[str, str], Any] = {}
    kept = []
    for entry in found:
        key = entry[1], entry[2]
        if last.get(key) != entry[3]:
            kept.append(entry)
        last[key] = entry[3]
    return kept
