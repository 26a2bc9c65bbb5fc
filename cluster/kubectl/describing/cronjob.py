"""describeCronJob in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import NONE, UNSET, Page, date
from cluster.kubectl.describing.pod_parts import describe_template, selector_text
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import cronjob as cronjobs


def describe(page: Page, reader: Reader, cronjob: Document) -> None:
    """Write the page of a CronJob, without its events."""
    spec = cronjob["spec"]
    page.line(0, "Name:", metadata.name(cronjob))
    page.line(0, "Namespace:", metadata.namespace(cronjob))
    page.labels("Labels", metadata.labels(cronjob))
    page.annotations("Annotations", metadata.annotations(cronjob))
    page.line(0, "Schedule:", cronjobs.schedule_text(cronjob))
    page.line(0, "Concurrency Policy:", cronjobs.concurrency(cronjob))
    page.line(0, "Suspend:", str(cronjobs.is_suspended(cronjob)))
    page.line(0, "Time Zone:", cronjobs.time_zone(cronjob) or UNSET)
    page.line(0, "Successful Job History Limit:", spec.get("successfulJobsHistoryLimit", UNSET))
    page.line(0, "Failed Job History Limit:", spec.get("failedJobsHistoryLimit", UNSET))
    seconds = spec.get("startingDeadlineSeconds")
    page.line(0, "Starting Deadline Seconds:", UNSET if seconds is None else f"{seconds}s")
    _describe_template(page, spec["jobTemplate"].get("spec") or {})
    last = dig(cronjob, "status", "lastScheduleTime")
    page.line(0, "Last Schedule Time:", UNSET if last is None else date(last))
    page.line(0, "Active Jobs:", ", ".join(one["name"] for one in cronjobs.active(cronjob)) or NONE)


def _describe_template(page: Page, spec: Document) -> None:
    """describeJobTemplate"""
    selector = spec.get("selector")
    page.line(0, "Selector:", UNSET if selector is None else selector_text(selector))
    page.line(0, "Parallelism:", spec.get("parallelism", UNSET))
    page.line(0, "Completions:", spec.get("completions", UNSET))
    if spec.get("activeDeadlineSeconds") is not None:
        page.line(0, "Active Deadline Seconds:", f"{spec['activeDeadlineSeconds']}s")
    describe_template(page, spec["template"])
