"""Scenario 07: Jobs that succeed, fail, wait, are suspended and go by themselves; CronJobs with every policy."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from cluster.objects import times
from tests.golden_replay import transcript
from tests.golden_replay.report import Report
from tests.golden_replay.stage import Stage
from tests.support.console import Result

TEXTS = Path("transcripts/07-job-cronjob.txt")
RECORDER = 0.3  # seconds until the watch of the recordings runs
BEGIN = 12  # the second of a minute in which the recorded CronJobs were made
UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MINUTES = re.compile(r"(?<=-)\d{8}\b")
MINUTE = times.MINUTE


def _containers(seconds: str, code: str) -> str:
    """A process that ends by itself, and at once when it is asked to, as those of the recordings did."""
    script = f"trap exit TERM; sleep {seconds} & wait; exit {code}"
    return f'containers: [{{name: c, image: "busybox:1", command: [sh, -c, "{script}"]}}]'


def job(name: str, spec: str, seconds: str, code: str = "0", restart: str = "Never") -> str:
    return f"""apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec: {{{spec}, template: {{spec: {{restartPolicy: {restart}, {_containers(seconds, code)}}}}}}}
"""


def cronjob(name: str, spec: str, seconds: str) -> str:
    return f"""apiVersion: batch/v1
kind: CronJob
metadata: {{name: {name}}}
spec: {{schedule: "*/1 * * * *", {spec},
  jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: OnFailure, {_containers(seconds, "0")}}}}}}}}}}}
"""


ALWAYS = (
    "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\n"
    "spec: {template: {spec: {restartPolicy: Always, containers: [{name: c, image: b}]}}}\n"
)
CRONJOBS = (
    ("tick", "successfulJobsHistoryLimit: 1", "2"), ("forbid", "concurrencyPolicy: Forbid", "90"),
    ("replace", "concurrencyPolicy: Replace", "90"), ("allow", "concurrencyPolicy: Allow, timeZone: Etc/UTC", "90"),
    ("asleep", "suspend: true", "2"),
)
IGNORED_CODE = "podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]}"


def _plain(text: str) -> str:
    """Uids, and the minutes in the names of a CronJob's Jobs, counted back from the last one."""
    found = sorted(set(MINUTES.findall(text)))
    last = int(found[-1]) if found else 0
    return MINUTES.sub(lambda match: f"{int(match[0]) - last + 10_000_000}", UID.sub("UID", text))


def play(texts: dict[str, transcript.Block], report: Report) -> Stage:
    stage = Stage.set(3)

    def cap(key: str, ours: Result | None = None, **options: Any) -> None:
        block, said = texts[key], ours or stage.run(texts[key].command)
        transcript.compare(
            report, replace(block, stdout=_plain(block.stdout)), replace(said, stdout=_plain(said.stdout)), **options
        )

    stage.simulation.advance((BEGIN * times.SECOND - stage.simulation.now) % MINUTE)
    for one in CRONJOBS:
        stage.apply(cronjob(*one))
    stage.sleep(RECORDER)
    cap("create", stage.apply(job("three", "completions: 3, parallelism: 2", "1")))
    cap("wait")
    _look(stage, "job three", "pods -l job-name=three")
    cap("get")
    stage.apply(job("fails", "backoffLimit: 1", "0.5", "1"))
    cap("wait-failed")
    _look(stage, "job fails")
    _cap_pods(report, texts["failed-pods"], stage)
    stage.apply(job("retry", "backoffLimit: 1", "0.5", "1", "OnFailure"))
    stage.apply(job("indexed", "completions: 3, parallelism: 3, completionMode: Indexed", "1"))
    stage.run("wait --for=condition=complete job/indexed --timeout=30s")
    _look(stage, "job indexed", "pods -l job-name=indexed")
    _four_ends(stage)
    cap("ttl-while")
    stage.run('patch job susp -p \'{"spec":{"suspend":false}}\'')
    stage.run("wait --for=condition=complete job/susp --timeout=20s")
    _look(stage, "job susp")
    stage.run('patch job three -p \'{"spec":{"parallelism":5}}\'')
    cap("immutable", stage.run('patch job three -p \'{"spec":{"completions":9}}\''))
    cap("always", stage.apply(ALWAYS))
    cap("bad-schedule", stage.run("create cronjob y --image=b --schedule='61 * * * *'"))
    cap("manual")
    _look(stage, "job manual")
    while len(stage.named("jobs.batch", "allow-")) < 2:
        stage.sleep(0.2)
    stage.sleep(5)
    _look(stage, "cronjobs")
    cap("get-cronjobs")
    cap("get-jobs")
    _look(stage, "jobs", "job retry")
    cap("ttl-after")
    _cap_pods(report, texts["pods"], stage)
    return stage


def _cap_pods(report: Report, block: transcript.Block, stage: Stage) -> None:
    """Which of a Job's Pods comes first in a list is chance: its name ends in one."""
    ours = stage.run(block.command)
    one, other = (replace(said, stdout=_plain(said.stdout)) for said in (block, ours))
    transcript.compare(report, one, other, sort=True)
    recorded, here = sorted(transcript.ages(block.stdout)), sorted(transcript.ages(ours.stdout))
    report.holds(f"{block.key}: ages", transcript.are_near(recorded, here), f"recorded {recorded}, here {here}")


def _look(stage: Stage, *what: str) -> None:
    """What was only written down while the recording was made took time too."""
    for one in what:
        stage.run(f"get {one}")


def _four_ends(stage: Stage) -> None:
    """A deadline, a time to live, a Job that waits to be resumed, and a failure that ends the Job at once."""
    stage.apply(job("deadline", "activeDeadlineSeconds: 3", "60"))
    stage.apply(job("ttl", "ttlSecondsAfterFinished: 3", "0.5"))
    stage.apply(job("susp", "suspend: true", "1"))
    stage.apply(job("pfp", f"backoffLimit: 6, {IGNORED_CODE}", "0.5", "42"))
    stage.sleep(5)
    _look(stage, "job deadline", "job susp", "job pfp")


def texts_agree(folder: Path) -> Report:
    report = Report("transcripts/07-job-cronjob")
    play(transcript.read(folder / TEXTS), report)
    return report
