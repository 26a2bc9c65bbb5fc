"""The Pods of a Job: what they are made of, which index they have, whether they count, which go first.

pkg/controller/job: indexed_job_utils.go, tracking_utils.go, job_controller.go (activePodsForRemoval).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cluster.controllers import pod_control
from cluster.controllers.job_policy import counts_as_failure
from cluster.objects import metadata, times
from cluster.objects.conditions import condition
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import job as jobs
from cluster.objects.kinds import pod as pods

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
_LARGEST = 2**31 - 1
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


# --- questions --------------------------------------------------------------------------------------------------


def is_tracked(pod: Document) -> bool:
    """Whether the Pod carries the finalizer that keeps it until its Job has counted it."""
    return jobs.TRACKING in metadata.finalizers(pod)


def untracked(pod: Document) -> Document:
    return metadata.with_finalizers(pod, (name for name in metadata.finalizers(pod) if name != jobs.TRACKING))


def index_of(pod: Document) -> int | None:
    """The completion index of the Pod; None without one."""
    text = metadata.annotations(pod).get(jobs.INDEX, "")
    return int(text) if text.isascii() and text.isdigit() else None


def has_index(pod: Document, job: Document) -> bool:
    """Whether the Pod of an Indexed Job has an index that the Job asks for."""
    index, wanted = index_of(pod), jobs.completions(job)
    return index is not None and wanted is not None and index < wanted


def _noted(pod: Document, annotation: str) -> int:
    text = metadata.annotations(pod).get(annotation, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) <= _LARGEST else 0


def index_failures(pod: Document) -> int:
    """How often its index had failed when the Pod was made; ignored failures do not count."""
    return _noted(pod, jobs.INDEX_FAILURES)


def all_index_failures(pod: Document) -> int:
    """How often its index had failed when the Pod was made, ignored failures included."""
    return index_failures(pod) + _noted(pod, jobs.INDEX_IGNORED)


def is_failed(pod: Document, job: Document) -> bool:
    """A Pod that is being deleted has failed too, unless the Job waits until it is gone (isPodFailed)."""
    if pods.phase(pod) == "Failed":
        return True
    deleting = metadata.is_being_deleted(pod) and pods.phase(pod) != "Succeeded"
    return deleting and not jobs.replaces_only_failed(job)


def is_terminating(pod: Document) -> bool:
    return metadata.is_being_deleted(pod) and not pods.is_terminal(pod)


def finished_at(pod: Document) -> int:
    """When the Pod ended (virtual ms), as well as its status tells (getFinishedTime)."""
    sidecars = {container["name"] for container in pods.init_containers(pod) if pods.is_sidecar(container)}
    statuses = [
        *dig(pod, "status", "containerStatuses", default=[]),
        *(one for one in dig(pod, "status", "initContainerStatuses", default=[]) if one["name"] in sidecars),
    ]
    ends = [dig(status, "state", "terminated", "finishedAt") for status in statuses]
    if ends and all(ends):
        return max(map(times.parse, ends))
    ready = condition(pod, "Ready") or {}
    if ready.get("status") == "False" and ready.get("lastTransitionTime"):
        return times.parse(ready["lastTransitionTime"])
    if metadata.is_being_deleted(pod):
        grace = pod["metadata"].get("deletionGracePeriodSeconds", 0)
        return times.parse(pod["metadata"]["deletionTimestamp"]) - grace * times.SECOND
    return times.parse(pod["metadata"]["creationTimestamp"])


# --- making -----------------------------------------------------------------------------------------------------


def new_pod(job: Document, index: int | None = None, replaced: Document | None = None) -> Document:
    """A Pod of the Job, for an Indexed one with its index; `replaced` is the failed Pod of the same index."""
    template: Document = job["spec"]["template"]
    finalizers = dig(template, "metadata", "finalizers", default=[])
    if jobs.TRACKING not in finalizers:
        template = with_value(template, ("metadata", "finalizers"), [*finalizers, jobs.TRACKING])
    if index is None:
        return pod_control.pod_from_template(template, job)
    notes = {**dig(template, "metadata", "annotations", default={}), jobs.INDEX: str(index)}
    if jobs.limit_per_index(job) is not None:
        notes |= _failure_notes(job, replaced)
    labels = {**dig(template, "metadata", "labels", default={}), jobs.INDEX: str(index)}
    template = with_value(with_value(template, ("metadata", "annotations"), notes), ("metadata", "labels"), labels)
    spec = {**_with_index_variables(template["spec"]), "hostname": f"{metadata.name(job)}-{index}"}
    pod = pod_control.pod_from_template({**template, "spec": spec}, job)
    return with_value(pod, ("metadata", "generateName"), _name_base(metadata.name(job), index))


def _name_base(name: str, index: int) -> str:
    end = f"-{index}-"
    return name[: metadata.GENERATED_BASE_LENGTH - len(end)] + end


def _failure_notes(job: Document, replaced: Document | None) -> dict[str, str]:
    """How often the index has failed by now (getNewIndexFailureCounts)."""
    failures = ignored = 0
    if replaced is not None:
        failures, ignored = index_failures(replaced), _noted(replaced, jobs.INDEX_IGNORED)
        counts = counts_as_failure(job, replaced)
        failures, ignored = failures + counts, ignored + (not counts)
    notes = {jobs.INDEX_FAILURES: str(failures)}
    return {**notes, jobs.INDEX_IGNORED: str(ignored)} if ignored else notes


def _with_index_variables(spec: Document) -> Document:
    for group in ("initContainers", "containers"):
        if spec.get(group):
            spec = {**spec, group: [_with_index_variable(container) for container in spec[group]]}
    return spec


def _with_index_variable(container: Document) -> Document:
    present = container.get("env") or []
    if any(variable["name"] == INDEX_VARIABLE for variable in present):
        return container
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{jobs.INDEX}']"}}
    return {**container, "env": [*present, {"name": INDEX_VARIABLE, "valueFrom": source}]}


# --- which are too many -----------------------------------------------------------------------------------------


def surplus(job: Document, active: Sequence[Document], at_least: int) -> list[Document]:
    """The Pods to delete: those of no use to an Indexed Job, then as many more as asked (activePodsForRemoval)."""
    useless, left = _useless(job, active) if jobs.is_indexed(job) else ([], list(active))
    more = max(0, at_least - len(useless))
    return useless + sorted(left, key=_rank)[:more]


def _useless(job: Document, active: Sequence[Document]) -> tuple[list[Document], list[Document]]:
    """Pods without an index that is wanted, and all but one of each index; and the rest."""
    gone = [pod for pod in active if not has_index(pod, job)]
    by_index: dict[int | None, list[Document]] = {}
    for pod in active:
        if has_index(pod, job):
            by_index.setdefault(index_of(pod), []).append(pod)
    kept = []
    for _, same in sorted(by_index.items(), key=lambda entry: entry[0] or 0):
        *others, best = sorted(same, key=_rank)
        gone += others
        kept.append(best)
    return gone, kept


def _rank(pod: Document) -> tuple[int, ...]:
    """What goes first is smallest: no node, pending, not ready, ready for the shortest time, restarted most, newest.

    ActivePods in pkg/controller/controller_utils.go.
    """
    since = (condition(pod, "Ready") or {}).get("lastTransitionTime") if pods.is_ready(pod) else None
    restarts = [one.get("restartCount", 0) for one in dig(pod, "status", "containerStatuses", default=[])]
    return (
        int(bool(pods.node_name(pod))), _PHASES.get(pods.phase(pod), 0), int(pods.is_ready(pod)),
        -times.parse(since) if since else 0, -max(restarts, default=0), -times.parse(pod["metadata"]["creationTimestamp"]),
    )


# What each number of a rank is about, in the words of a ReplicaSet's rules.
_RULES = ("unassigned", "phase", "not-ready", "ready-time", "restarts", "creation-time")


def deciding_rule(first: Document, second: Document) -> str:
    """By which rule the first Pod goes before the second; "equal" when nothing tells them apart."""
    pairs = zip(_RULES, _rank(first), _rank(second), strict=True)
    return next((rule for rule, mine, other in pairs if mine != other), "equal")


def first_that_stays(active: Sequence[Document], doomed: Sequence[str]) -> Document | None:
    """The Pod that would go next if one more had to; None when none is left."""
    return min((pod for pod in active if metadata.name(pod) not in doomed), key=_rank, default=None)


def indexes_of(found: Iterable[Document]) -> set[int]:
    return {index for index in map(index_of, found) if index is not None}
