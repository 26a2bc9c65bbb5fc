"""CronJob: makes a Job at each time of a schedule."""

from __future__ import annotations

from typing import Any

from cluster.objects import cron_schedule, times
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import invalid, not_supported, required
from cluster.objects.job_validation import job_spec_errors
from cluster.objects.kinds.job import default_spec
from cluster.objects.kinds.replicaset import negative_errors
from cluster.objects.printing import AGE, NAME, NONE, containers_cell, human_duration, images_cell
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind
from cluster.objects.selectors import format_document

RESOURCE = "cronjobs.batch"
ALLOW, FORBID, REPLACE = "Allow", "Forbid", "Replace"
SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
# Its Jobs' names end in "-" and ten digits, and a Job's name has at most 63 characters.
LONGEST_NAME = 52
SUCCESSFUL_HISTORY, FAILED_HISTORY = 3, 1


# --- questions -----------------------------------------------------------------------------------------------


def schedule_text(cronjob: Document) -> str:
    return str(dig(cronjob, "spec", "schedule", default=""))


def time_zone(cronjob: Document) -> str:
    """The name of its time zone, "" for the controller's own (UTC)."""
    return str(dig(cronjob, "spec", "timeZone", default=""))


def is_suspended(cronjob: Document) -> bool:
    return bool(dig(cronjob, "spec", "suspend", default=False))


def concurrency(cronjob: Document) -> str:
    """What happens when a Job still runs at the next time: Allow, Forbid or Replace."""
    return str(dig(cronjob, "spec", "concurrencyPolicy", default=ALLOW))


def starting_deadline(cronjob: Document) -> int | None:
    """How late a Job may still be started (ms); None for ever."""
    seconds = dig(cronjob, "spec", "startingDeadlineSeconds")
    return None if seconds is None else int(seconds) * times.SECOND


def history_limits(cronjob: Document) -> tuple[int | None, int | None]:
    """How many successful and failed Jobs are kept; None for all."""
    spec = cronjob["spec"]
    return spec.get("successfulJobsHistoryLimit"), spec.get("failedJobsHistoryLimit")


def active(cronjob: Document) -> list[Document]:
    """References to the Jobs that it knows to be running."""
    found: list[Document] = dig(cronjob, "status", "active", default=[])
    return found


def last_schedule(cronjob: Document) -> int | None:
    """The time for which it last made a Job (virtual ms)."""
    found = dig(cronjob, "status", "lastScheduleTime")
    return None if found is None else times.parse(found)


def job_name(cronjob: Document, scheduled: int) -> str:
    """The name of the Job for a time: the same one whoever makes it, so that it is made once."""
    return f"{cronjob['metadata']['name']}-{cron_schedule.unix_minutes(scheduled)}"


# --- defaults and validation ---------------------------------------------------------------------------------


def prepare(cronjob: Document) -> Document:
    return {**cronjob, "status": {}}


def default(cronjob: Document) -> Document:
    """SetDefaults_CronJob in pkg/apis/batch/v1/defaults.go."""
    spec = cronjob.get("spec") or {}
    template = spec.get("jobTemplate") or {}
    # The server's own structures write empty metadata out.
    template = {**template, "metadata": template.get("metadata") or {}, "spec": default_spec(template.get("spec") or {})}
    filled = {**spec, "jobTemplate": template, "concurrencyPolicy": spec.get("concurrencyPolicy") or ALLOW}
    for field, value in (
        ("suspend", False), ("successfulJobsHistoryLimit", SUCCESSFUL_HISTORY), ("failedJobsHistoryLimit", FAILED_HISTORY),
    ):
        if spec.get(field) is None:
            filled[field] = value
    return {**cronjob, "spec": filled}


def validate(cronjob: Document, old: Document | None) -> list[FieldError]:
    """ValidateCronJobCreate and ValidateCronJobUpdate in pkg/apis/batch/validation/validation.go."""
    spec = cronjob.get("spec") or {}
    before = (old or {}).get("spec") or {}
    found = _schedule_errors(spec, before) + negative_errors(spec, ("startingDeadlineSeconds",), "spec")
    if old is None or before.get("timeZone") != spec.get("timeZone"):
        found += _zone_errors(spec.get("timeZone"))
    policy = spec.get("concurrencyPolicy")
    if policy not in (ALLOW, FORBID, REPLACE):
        found.append(not_supported("spec.concurrencyPolicy", policy, [ALLOW, FORBID, REPLACE]))
    found += _template_errors(dig(spec, "jobTemplate", "spec", default={}))
    found += negative_errors(spec, ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"), "spec")
    name = cronjob["metadata"].get("name", "")
    if old is None and len(name) > LONGEST_NAME:
        found.append(invalid("metadata.name", name, f"must be no more than {LONGEST_NAME} characters"))
    return found


def _schedule_errors(spec: Document, before: Document) -> list[FieldError]:
    path, text = "spec.schedule", spec.get("schedule") or ""
    if not text:
        return [required(path)]
    found = []
    try:
        cron_schedule.parse(text)
    except cron_schedule.ScheduleError as problem:
        found.append(invalid(path, text, str(problem)))
    if "TZ" not in text:
        return found
    if "TZ" not in (before.get("schedule") or ""):
        found.append(invalid(path, text, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"))
    elif spec.get("timeZone") is not None:
        found.append(invalid(path, text, "cannot use both timeZone field and TZ or CRON_TZ in schedule"))
    return found


def _zone_errors(zone: str | None) -> list[FieldError]:
    path = "spec.timeZone"
    if zone is None:
        return []
    if not zone:
        return [invalid(path, zone, "timeZone must be nil or non-empty string")]
    if zone.lower() == "local":
        why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        return [invalid(path, zone, why)]
    return [] if cron_schedule.is_zone(zone) else [invalid(path, zone, f"unknown time zone {zone}")]


def _template_errors(spec: Document) -> list[FieldError]:
    path = "spec.jobTemplate.spec"
    found = job_spec_errors(spec, path)
    if spec.get("selector") is not None:
        found.append(invalid(f"{path}.selector", spec["selector"], "`selector` will be auto-generated"))
    if spec.get("manualSelector"):
        found.append(not_supported(f"{path}.manualSelector", True, ["nil", "false"]))
    return found


# --- printing ------------------------------------------------------------------------------------------------


def _last_schedule_cell(cronjob: Document, now: int) -> str:
    last = last_schedule(cronjob)
    return NONE if last is None else human_duration(now - last)


def _containers(cronjob: Document) -> list[Document]:
    found: list[Document] = dig(cronjob, "spec", "jobTemplate", "spec", "template", "spec", "containers", default=[])
    return found


def _selector_cell(cronjob: Document, now: int) -> str:
    wanted: Any = dig(cronjob, "spec", "jobTemplate", "spec", "selector")
    return NONE if wanted is None else format_document(wanted)


KIND = REGISTRY.register(
    Kind(
        group="batch",
        version="v1",
        kind="CronJob",
        plural="cronjobs",
        singular="cronjob",
        short_names=("cj",),
        categories=("all",),
        subresources=frozenset({"status"}),
        namespaced=True,
        default=default,
        prepare=prepare,
        validate=validate,
        counts_generation=True,
        columns=(
            NAME,
            Column("Schedule", lambda cronjob, now: schedule_text(cronjob)),
            Column("Timezone", lambda cronjob, now: time_zone(cronjob) or NONE),
            Column("Suspend", lambda cronjob, now: str(is_suspended(cronjob))),
            Column("Active", lambda cronjob, now: str(len(active(cronjob)))),
            Column("Last Schedule", _last_schedule_cell),
            AGE,
            Column("Containers", lambda cronjob, now: containers_cell(_containers(cronjob)), wide=True),
            Column("Images", lambda cronjob, now: images_cell(_containers(cronjob)), wide=True),
            Column("Selector", _selector_cell, wide=True),
        ),
    )
)
