"""Scenario 11: what a ResourceQuota and a LimitRange refuse, and in which words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cluster.objects.documents import dig
from tests.golden_replay import transcript
from tests.golden_replay.report import Report
from tests.golden_replay.service import typed
from tests.golden_replay.stage import Stage
from tests.support.console import Result

TEXTS = Path("transcripts/11-quota-limits.txt")
Texts = dict[str, transcript.Block]
HARD = (
    'pods: "4", requests.cpu: "1", limits.memory: 2Gi, services.nodeports: "1", count/configmaps: "3", '
    'count/deployments.apps: "2"'
)
QUOTA = f"apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: rq}}\nspec: {{hard: {{{HARD}}}}}\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: {}}}\nspec: {{containers: [{{name: c, image: nginx{}}}]}}\n"
NAMESPACES = ("q", "l", "p")


def manifest(command: str) -> str:
    """The manifest of a recorded `pod NAME RESOURCES` or `y TEXT`."""
    if command.startswith("y "):
        return typed(command)
    _, name, *resources = command.split(maxsplit=2)
    return POD.format(name, resources[0] if resources else "")


def texts_agree(folder: Path) -> Report:
    report = Report("transcripts/11-quota-limits")
    texts = transcript.read(folder / TEXTS)
    stage = Stage.set(2, cpu="16", memory="32Gi")
    for namespace in NAMESPACES:
        stage.run(f"create ns {namespace}")
    quota(stage, report, texts)
    deployment(stage, report, texts)
    scopes(stage, report, texts)
    limits(stage, report, texts)
    ending(stage, report, texts)
    return report


def cap(stage: Stage, report: Report, block: transcript.Block, namespace: str) -> None:
    """A recorded command; manifests were piped into kubectl."""
    if block.command.startswith("kubectl "):
        ours = stage.run(block.command)
    else:
        ours = stage.apply(manifest(block.command), f"-n {namespace}")
    # The recorded kubectl read its standard input, ours a file of this name.
    transcript.compare(report, block, _from_stdin(ours))


def _from_stdin(result: Result) -> Result:
    return replace(result, stderr=result.stderr.replace('"stdin.yaml"', '"STDIN"'))


def quota(stage: Stage, report: Report, texts: Texts) -> None:
    """A quota, and what fits into it or does not."""
    stage.apply(QUOTA, "-n q")
    stage.sleep(2)
    stage.run("-n q get quota rq -o json")
    for key in (
        "get-quota", "no-requests", "ok-1", "ok-2", "over-cpu", "over-two", "np-1", "np-2", "cm-1", "cm-2", "cm-3",
    ):
        cap(stage, report, texts[key], "q")


def deployment(stage: Stage, report: Report, texts: Texts) -> None:
    """A Deployment that gets two of four Pods, and a third when there is room."""
    cap(stage, report, texts["deploy"], "q")
    stage.sleep(3)
    stage.run("-n q get deploy d -o json")
    cap(stage, report, texts["deploy-get"], "q")
    stage.run("-n q get quota rq -o json")
    cap(stage, report, texts["describe-quota"], "q")
    cap(stage, report, texts["describe-ns"], "q")
    reasons = {event["reason"] for event in stage.events("q") if event["involvedObject"]["kind"] == "ReplicaSet"}
    report.same("reasons of the ReplicaSet's events", {"SuccessfulCreate", "FailedCreate"}, reasons)
    failure = [
        condition["type"] for condition in dig(stage.named("replicasets.apps", "d-", "q")[0], "status", "conditions")
    ]
    report.same("conditions of the ReplicaSet", ["ReplicaFailure"], failure)
    stage.run("-n q get events -o json")
    stage.run("-n q get rs -o json")
    stage.run("-n q delete pod a --wait=false")
    stage.sleep(8)
    block = texts["after-room"]
    ours = stage.run(block.command)
    # When the next attempt comes hangs on how often the ReplicaSet was looked at in vain before.
    transcript.compare(report, block, ours, ages_too=False)
    recorded, here = transcript.ages(block.stdout)[:-1], transcript.ages(ours.stdout)[:-1]
    report.holds("after-room: ages", transcript.are_near(recorded, here), f"recorded {recorded}, here {here}")


def scopes(stage: Stage, report: Report, texts: Texts) -> None:
    """A quota for Pods of best effort only."""
    stage.run("-n p create quota be --hard=pods=1 --scopes=BestEffort")
    stage.sleep(1)
    for key in ("be-1", "be-2", "nbe"):
        cap(stage, report, texts[key], "p")


def limits(stage: Stage, report: Report, texts: Texts) -> None:
    """A LimitRange: defaults, bounds, the ratio."""
    cap(stage, report, texts["limitrange"], "l")
    cap(stage, report, texts["lr-default"], "l")
    pod = stage.get("pods", "d1", "l")
    given = {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "250m", "memory": "256Mi"}}
    report.same("a Pod's defaults", given, pod["spec"]["containers"][0]["resources"])
    report.same("its quality of service", "Burstable", pod["status"]["qosClass"])
    noted = "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c"
    report.same("what is noted", noted, pod["metadata"]["annotations"].get("kubernetes.io/limit-ranger"))
    for key in ("lr-max", "lr-min", "lr-ratio", "lr-podmax", "lr-pvc", "lr-describe"):
        cap(stage, report, texts[key], "l")


def ending(stage: Stage, report: Report, texts: Texts) -> None:
    """The namespace goes with everything in it."""
    cap(stage, report, texts["delete-ns"], "q")
    cap(stage, report, texts["into-terminating"], "q")
    stage.sleep(30)
    cap(stage, report, texts["ns-gone"], "q")
