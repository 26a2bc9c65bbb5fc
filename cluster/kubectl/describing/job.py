"""describeJob in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import NONE, UNSET, Page, date
from cluster.kubectl.describing.pod_parts import controlled_by, describe_template, selector_text
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import job as jobs
from cluster.objects.kinds.deployment import count
from cluster.objects.printing import human_duration

# So much of a list of indexes is shown, up to the next comma.
INDEXES_SHOWN = 50


def describe(page: Page, reader: Reader, job: Document) -> None:
    """Write the page of a Job, without its events."""
    spec, status = job["spec"], job.get("status") or {}
    page.line(0, "Name:", metadata.name(job))
    page.line(0, "Namespace:", metadata.namespace(job))
    page.line(0, "Selector:", selector_text(spec["selector"]))
    page.labels("Labels", metadata.labels(job))
    page.annotations("Annotations", metadata.annotations(job))
    controlled_by(page, job)
    page.line(0, "Parallelism:", jobs.parallelism(job))
    page.line(0, "Completions:", spec.get("completions", UNSET))
    for title, field in (("Completion Mode", "completionMode"), ("Suspend", "suspend"), ("Backoff Limit", "backoffLimit"),
                         ("TTL Seconds After Finished", "ttlSecondsAfterFinished")):
        if spec.get(field) is not None:
            page.line(0, f"{title}:", spec[field])
    _describe_times(page, job)
    if spec.get("activeDeadlineSeconds") is not None:
        page.line(0, "Active Deadline Seconds:", f"{spec['activeDeadlineSeconds']}s")
    ready = f" ({status['ready']} Ready)" if "ready" in status else ""
    active, succeeded, failed = (count(status, field) for field in ("active", "succeeded", "failed"))
    page.line(0, "Pods Statuses:", f"{active} Active{ready} / {succeeded} Succeeded / {failed} Failed")
    if jobs.is_indexed(job):
        page.line(0, "Completed Indexes:", _indexes(status.get("completedIndexes") or ""))
    describe_template(page, spec["template"])


def _describe_times(page: Page, job: Document) -> None:
    started, completed = (dig(job, "status", field) for field in ("startTime", "completionTime"))
    if started is not None:
        page.line(0, "Start Time:", date(started))
    if completed is not None:
        page.line(0, "Completed At:", date(completed))
    if started is not None and completed is not None:
        page.line(0, "Duration:", human_duration(times.parse(completed) - times.parse(started)))


def _indexes(text: str) -> str:
    comma = text.find(",", INDEXES_SHOWN)
    return f"{text[: comma + 1]}..." if comma >= 0 else text or NONE
