"""`kubectl describe` of Jobs, CronJobs and ReplicationControllers."""

from __future__ import annotations

from tests.kubectl.builders import event, frozen, made

TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "busybox:1"}]}}
END = (
    "Pod Template:\n  Labels:  app=x\n  Containers:\n   c:\n    Image:         busybox:1\n    Port:          <none>\n"
    "    Host Port:     <none>\n    Environment:   <none>\n    Mounts:        <none>\n  Volumes:         <none>\n"
    "  Node-Selectors:  <none>\n  Tolerations:     <none>\n"
)


def squeezed(text: str) -> str:
    """Lines with single spaces: how wide a column is depends on all of it."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def test_it_works():
    spec = {
        "parallelism": 2, "completions": 3, "completionMode": "Indexed", "suspend": False, "backoffLimit": 6,
        "ttlSecondsAfterFinished": 60, "activeDeadlineSeconds": 30, "selector": {"matchLabels": {"uid": "1"}},
        "template": TEMPLATE,
    }
    status = {
        "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:00:09Z", "succeeded": 3, "ready": 0,
        "completedIndexes": "0-2",
    }
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "tick", "uid": "u", "controller": True}
    job = made("batch/v1", "Job", "j", spec=spec, status=status, ownerReferences=[owner])
    text = frozen(job, event(job, "Completed", "Job completed")).run("describe job j").stdout
    assert squeezed(text).startswith(squeezed(
        "Name: j\nNamespace: default\nSelector: uid=1\nLabels: <none>\nAnnotations: <none>\nControlled By: CronJob/tick\n"
        "Parallelism: 2\nCompletions: 3\nCompletion Mode: Indexed\nSuspend: false\nBackoff Limit: 6\n"
        "TTL Seconds After Finished: 60\nStart Time: Thu, 01 Jan 2026 00:00:00 +0000\n"
        "Completed At: Thu, 01 Jan 2026 00:00:09 +0000\nDuration: 9s\nActive Deadline Seconds: 30s\n"
        f"Pods Statuses: 0 Active (0 Ready) / 3 Succeeded / 0 Failed\nCompleted Indexes: 0-2\n{END}Events:\n"
    ))


def test_a_job_that_has_done_nothing():
    job = made("batch/v1", "Job", "j", spec={"parallelism": 2, "selector": {}, "template": TEMPLATE}, status={})
    lines = squeezed(frozen(job).run("describe job j").stdout).splitlines()
    assert "Completions: <unset>" in lines
    assert "Pods Statuses: 0 Active / 0 Succeeded / 0 Failed" in lines
    assert not any(line.startswith(("Start Time", "Duration", "Completed")) for line in lines)


def test_many_indexes_are_cut():
    indexes = ",".join(str(number) for number in range(0, 80, 2))
    spec = {"completionMode": "Indexed", "selector": {}, "template": TEMPLATE}
    job = made("batch/v1", "Job", "j", spec=spec, status={"completedIndexes": indexes})
    (line,) = (line for line in frozen(job).run("describe job j").lines if line.startswith("Completed Indexes"))
    assert line.endswith(",36,...")


def test_a_cronjob():
    spec = {
        "schedule": "*/5 * * * *", "concurrencyPolicy": "Forbid", "suspend": True, "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1, "jobTemplate": {"spec": {"template": TEMPLATE}},
    }
    status = {"lastScheduleTime": "2026-01-01T00:00:00Z", "active": [{"name": "c-1"}, {"name": "c-2"}]}
    cronjob = made("batch/v1", "CronJob", "c", spec=spec, status=status)
    text = frozen(cronjob).run("describe cj c").stdout
    assert squeezed(text) == squeezed(
        "Name: c\nNamespace: default\nLabels: <none>\nAnnotations: <none>\nSchedule: */5 * * * *\nConcurrency Policy: Forbid\n"
        "Suspend: True\nTime Zone: <unset>\nSuccessful Job History Limit: 3\nFailed Job History Limit: 1\n"
        f"Starting Deadline Seconds: <unset>\nSelector: <unset>\nParallelism: <unset>\nCompletions: <unset>\n{END}"
        "Last Schedule Time: Thu, 01 Jan 2026 00:00:00 +0000\nActive Jobs: c-1, c-2\nEvents: <none>\n"
    )


def test_a_replicationcontroller():
    spec = {"replicas": 2, "selector": {"app": "x"}, "template": TEMPLATE}
    controller = made("v1", "ReplicationController", "rc", spec=spec, status={"replicas": 1})
    text = frozen(controller).run("describe rc rc").stdout
    assert squeezed(text) == squeezed(
        "Name: rc\nNamespace: default\nSelector: app=x\nLabels: <none>\nAnnotations: <none>\n"
        f"Replicas: 1 current / 2 desired\nPods Status: 0 Running / 0 Waiting / 0 Succeeded / 0 Failed\n{END}Events: <none>\n"
    )
