"""Scenario 02: a stuck rollout, undo, pause and resume, restart, scaling in mid-rollout; and what a watch saw of it."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import replicaset as replicasets
from tests.golden_replay import transcript
from tests.golden_replay.report import Report
from tests.golden_replay.stage import Stage
from tests.support.console import Result

TEXTS = Path("transcripts/02-deploy-conditions.txt")
WATCH = Path("watch/deployment-conditions.jsonl")


def manifest(name: str, replicas: int, image: str, deadline: int = 600, min_ready: int = 0) -> str:
    return f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  progressDeadlineSeconds: {deadline}
  minReadySeconds: {min_ready}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: c, image: "{image}", resources: {{requests: {{cpu: 100m}}}}}}]}}
"""


def failing(result: Result) -> Result:
    """A stand-in kubelet tries again at once; a real one waits in between, and says so."""
    return Result(result.stdout.replace("ImagePullBackOff", "ErrImagePull    "), result.stderr, result.code)


def play(texts: dict[str, transcript.Block], report: Report) -> Stage:
    """The part about Deployment a, which was watched too; then the others."""
    stage = Stage.set(3, cpu="16")

    def cap(key: str, **options: Any) -> None:
        stage.capture(report, texts[key], **options)

    transcript.compare(report, texts["create"], stage.apply(manifest("a", 4, "nginx:1", 6)))
    cap("status1", waiting=True)
    transcript.compare(report, texts["apply-unchanged"], stage.apply(manifest("a", 4, "nginx:1", 6)))
    stage.sleep(0.5)
    stage.steps.clear()
    stage.run("set image deploy/a c=nginx:doesnotexist")
    cap("stuck-status", waiting=True)
    cap("stuck-get-rs")
    cap("stuck-get-deploy")
    transcript.compare(report, texts["stuck-pods"], failing(stage.run("kubectl get pods")))
    cap("stuck-describe")
    cap("history")
    cap("undo")
    cap("undo-status", waiting=True)
    cap("history-after-undo")
    cap("undo-to-missing")
    cap("pause")
    stage.run("set image deploy/a c=nginx:3")
    stage.sleep(1)
    for key in ("paused-status", "pause-again", "undo-paused", "restart-paused", "resume", "resumed-status", "restart"):
        cap(key, waiting=key.endswith("-status"))
    stage.run("rollout status deploy/a --timeout=60s")
    stage.sleep(0.5)
    return stage


def play_on(stage: Stage, texts: dict[str, transcript.Block], report: Report) -> None:
    """Scaling in the middle of a rollout, minReadySeconds, words of scale and delete."""
    def cap(key: str, **options: Any) -> None:
        stage.capture(report, texts[key], **options)

    stage.apply(manifest("p", 10, "nginx:1"))
    stage.run("rollout status deploy/p --timeout=60s")
    stage.run("set image deploy/p c=nginx:bad")
    stage.sleep(3)
    cap("prop-before")
    for size in (20, 5):
        stage.run(f"scale deploy/p --replicas={size}")
        stage.sleep(3)
        cap(f"prop-{size}")
    cap("prop-deploy")
    stage.apply(manifest("m", 3, "nginx:1", min_ready=3))
    stage.sleep(1.7)
    early = dig(stage.get("deployments.apps", "m"), "status", default={})
    counts = [early.get(name, 0) for name in ("replicas", "readyReplicas", "availableReplicas", "unavailableReplicas")]
    report.same("minReadySeconds: replicas, ready, available, unavailable after 1.7 s", [3, 3, 0, 3], counts)
    stage.run("rollout status deploy/m --timeout=30s")
    cap("scale-same")
    cap("scale-zero")
    stage.sleep(2)
    for key in ("scale-zero-status", "scale-precondition", "delete"):
        cap(key)
    stage.sleep(2)
    for key in ("after-delete", "autoscale-missing", "status-missing"):
        cap(key)


def texts_agree(folder: Path) -> Report:
    report = Report("transcripts/02-deploy-conditions")
    texts = transcript.read(folder / TEXTS)
    play_on(play(texts, report), texts, report)
    return report


# --- the watch --------------------------------------------------------------------------------------------------------


def add_changed(values: list[Any], value: Any) -> None:
    if not values or values[-1] != value:
        values.append(value)


def condition(document: Document, wanted: str, restarted: str) -> list[str]:
    """Status, reason and message; the name of the restarted ReplicaSet has the moment of the restart in it."""
    found = [c for c in dig(document, "status", "conditions", default=[]) if c["type"] == wanted]
    return [found[0]["status"], found[0]["reason"], found[0]["message"].replace(restarted, "RESTARTED")] if found else []


def story(documents: list[Document], what: Any) -> list[Any]:
    """What a value went through, repetitions left out."""
    values: list[Any] = []
    for document in documents:
        add_changed(values, what(document))
    return values


def shaped(document: Document) -> str:
    """What is promised of a ReplicaSet: everything but its hash, the moment of a restart, times and counters of writes."""
    parts = {
        "annotations": metadata.annotations(document),
        "labels": metadata.labels(document),
        "owners": [{k: v for k, v in reference.items() if k != "uid"} for reference in metadata.owner_references(document)],
        "selector": document["spec"]["selector"],
        "template": document["spec"]["template"],
    }
    text = json.dumps(parts, sort_keys=True).replace(metadata.labels(document)["pod-template-hash"], "HASH")
    return re.sub(r'("kubectl.kubernetes.io/restartedAt": )"[^"]*"', r"\1MOMENT", text)


def watch_agrees(folder: Path) -> Report:
    report = Report("watch/deployment-conditions")
    recorded = [json.loads(line) for line in (folder / WATCH).read_text().splitlines()]
    stage = play(transcript.read(folder / TEXTS), Report("unused"))
    seen = {"deployments": [e["object"] for e in recorded if e["kind"] == "deployments"],
            "replicasets": [e["object"] for e in recorded if e["kind"] == "replicasets"]}
    ours = {kind: [d for d in stage.written(f"{kind}.apps") if metadata.name(d).startswith("a")] for kind in seen}
    last = [metadata.name(max(found["replicasets"], key=replicasets.revision)) for found in (seen, ours)]
    for wanted in ("Progressing", "Available"):
        one, other = (
            story(found["deployments"], partial(condition, wanted=wanted, restarted=name))
            for found, name in zip((seen, ours), last, strict=True)
        )
        report.same(f"{wanted}, from its first to its last", one, other)
    revision = "deployment.kubernetes.io/revision"
    one, other = (story(found["deployments"], lambda d: metadata.annotations(d).get(revision)) for found in (seen, ours))
    report.same("revisions of the Deployment", one, other)
    final = {kind: {metadata.name(d): d for d in found} for kind, found in ours.items()}
    for name, document in {metadata.name(d): d for d in seen["replicasets"]}.items():
        twins = [name] if name in final["replicasets"] else [
            # The hash of a restarted template has the moment of the restart in it.
            other for other, d in final["replicasets"].items()
            if metadata.annotations(d).get(revision) == metadata.annotations(document).get(revision)
        ]
        report.holds(f"ReplicaSet {name} exists", bool(twins), f"here {sorted(final['replicasets'])}")
        if not twins:
            continue
        twin = final["replicasets"][twins[0]]
        hashed = name.removeprefix("a-")
        shapes = [shaped(d) for d in (document, twin)]
        report.same(f"ReplicaSet {hashed}: annotations, labels, owner, template", *shapes)
        sizes = [story([d for d in found["replicasets"] if metadata.name(d) == n], lambda d: d["spec"]["replicas"])
                 for found, n in ((seen, name), (ours, twins[0]))]
        report.same(f"ReplicaSet {hashed}: its last size", sizes[0][-1], sizes[1][-1])
        report.same(f"ReplicaSet {hashed}: fields of its status", *(sorted(dig(d, "status")) for d in (document, twin)))
    report.same("the Deployment's last status", *(final_status(found["deployments"][-1]) for found in (seen, ours)))
    return report


def final_status(document: Document) -> dict[str, Any]:
    status = {k: v for k, v in document["status"].items() if k != "observedGeneration"}
    status["conditions"] = [
        {k: v for k, v in c.items() if not k.startswith("last") and "message" not in k} for c in status["conditions"]
    ]
    return status
