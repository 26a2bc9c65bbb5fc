"""`kubectl logs` (kubectl/pkg/cmd/logs, polymorphichelpers/logsforobject.go)."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from cluster.apiserver.errors import APIError
from cluster.kubectl import failures
from cluster.kubectl.command import SELECTOR, Command, Flag, switch
from cluster.kubectl.completing import pods_and_workloads
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Wait
from cluster.kubectl.resources import kind_of, label_selector
from cluster.kubelet.log_streams import Line, Stream, all_containers
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.selectors import LabelSelector

USAGE = (
    "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
    "POD or TYPE/NAME is a required argument for the logs command\n"
    "See 'kubectl logs -h' for help and examples"
)
ALL_LINES = -1
LINES_OF_SELECTOR = 10
POD_RUNNING_TIMEOUT = 20 * times.SECOND
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def _run(invocation: Invocation) -> Run:
    _check(invocation)
    found = yield from _pods(invocation)
    streams: list[Stream] = []
    for pod in found:
        streams += yield from _streams(invocation, pod)
    limit = invocation.number("max-log-requests")
    if invocation.on("follow") and len(streams) > max(limit, 1):
        raise CommandError(
            f"error: you are attempting to follow {len(streams)} log streams, but maximum allowed concurrency is {limit},"
            " use --max-log-requests to increase the limit"
        )
    if invocation.on("follow"):
        return (yield from _follow(invocation, streams))
    for stream in streams:
        lines = _selected(invocation, stream.lines(invocation.api))
        yield from _printed(invocation, [(line, stream) for line in lines])
    return 0


def _check(invocation: Invocation) -> None:
    words, selector = invocation.words, invocation.text("selector")
    if (not words and not selector) or len(words) > 2:
        raise CommandError(f"error: {USAGE}")
    if words and selector:
        raise CommandError(
            "error: only a selector (-l) or a POD name is allowed\nSee 'kubectl logs -h' for help and examples"
        )
    if invocation.on("all-containers") and _container(invocation):
        name = _container(invocation)
        raise CommandError(f"error: --all-containers=true should not be specified with container name {name}")
    if invocation.text("container") and len(words) == 2:
        raise CommandError("error: only one of -c or an inline [CONTAINER] arg is allowed")
    if invocation.number("tail") < ALL_LINES:
        raise CommandError("error: --tail must be greater than or equal to -1")
    _since(invocation)


def _container(invocation: Invocation) -> str:
    return invocation.words[1] if len(invocation.words) == 2 else invocation.text("container")


def _since(invocation: Invocation) -> int | None:
    """The earliest moment (ms) of lines to show; None for all."""
    text = invocation.text("since")
    if not text:
        return None
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise CommandError(
            f'error: invalid argument "{text}" for "--since" flag: time: invalid duration "{text}"\n'
            "See 'kubectl logs --help' for usage."
        )
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return invocation.api.now - hours * times.HOUR - minutes * times.MINUTE - seconds * times.SECOND


# --- whose logs ------------------------------------------------------------------------------------------------------


def _pods(invocation: Invocation) -> Generator[Output | Wait, None, list[Document]]:
    api = invocation.api
    if not invocation.words:
        found = api.list("pods", invocation.namespace, label_selector(invocation))
        if not found:
            yield Output("stderr", f"No resources found in {invocation.namespace} namespace.\n")
        return found
    type_, slash, name = invocation.words[0].partition("/")
    kind = kind_of(type_) if slash else pods.KIND
    name = name if slash else type_
    document = api.get(kind.resource, invocation.namespace if kind.namespaced else "", name)
    if document is None:
        raise CommandError(
            f'error: error from server (NotFound): {kind.resource} "{name}" not found in namespace "{invocation.namespace}"'
        )
    if kind is pods.KIND:
        return [document]
    found = yield from pods_of(invocation, kind.kind, document)
    if invocation.on("all-pods"):
        return found
    if len(found) > 1:
        yield Output("stderr", f"Found {len(found)} pods, using pod/{metadata.name(found[0])}\n")
    return found[:1]


def pods_of(invocation: Invocation, kind: str, document: Document) -> Generator[Output | Wait, None, list[Document]]:
    """The Pods of a workload or a Service, the one that is most worth looking at first."""
    selector = dig(document, "spec", "selector")
    if not selector:
        what = "get the logs from" if invocation.command == "logs" else "attach to"
        raise CommandError(f"error: cannot {what} *v1.{kind}: selector for {kind} could not be found")
    labels = LabelSelector.from_map(selector) if kind == "Service" else LabelSelector.from_document(selector)
    deadline = invocation.api.now + POD_RUNNING_TIMEOUT
    while not (found := sorted(invocation.api.list("pods", invocation.namespace, labels), key=_worth)):
        if invocation.api.now >= deadline:
            raise CommandError("error: timed out waiting for the condition")
        yield Wait(deadline)
    return found


def _worth(pod: Document) -> tuple[object, ...]:
    """Bound, running, ready, long ready, often restarted, old Pods come first (podutils.ByLogging)."""
    ready = pods.condition(pod, "Ready") or {}
    phases = ("Running", "Unknown", "Pending")
    phase = phases.index(pods.phase(pod)) if pods.phase(pod) in phases else 0
    restarts = max((status["restartCount"] for status in dig(pod, "status", "containerStatuses", default=[])), default=0)
    return (
        not pods.node_name(pod), phase, not pods.is_ready(pod), str(ready.get("lastTransitionTime", "")), -restarts,
        str(pod["metadata"]["creationTimestamp"]),
    )


def _streams(invocation: Invocation, pod: Document) -> Generator[Output | Wait, None, list[Stream]]:
    containers = [container["name"] for container in all_containers(pod)]
    if not invocation.on("all-containers"):
        containers = [(yield from one_container(invocation, pod, _container(invocation)))]
    return [Stream(metadata.namespace(pod), metadata.name(pod), name, invocation.on("previous")) for name in containers]


def one_container(invocation: Invocation, pod: Document, wanted: str) -> Generator[Output | Wait, None, str]:
    """The container that is meant: the wanted one, the one that an annotation names, or the first."""
    known = [container["name"] for container in all_containers(pod)]
    name = wanted or metadata.annotations(pod).get(DEFAULT_CONTAINER, "")
    if not name:
        name = pods.containers(pod)[0]["name"]
        if len(known) > 1:
            yield Output("stderr", f'Defaulted container "{name}" out of: {_named(pod)}\n')
    if name not in known:
        raise CommandError(
            f"error: container {name} is not valid for pod {metadata.name(pod)} out of: {_named(pod)}"
        )
    return name


def _named(pod: Document) -> str:
    names = [container["name"] for container in pods.containers(pod)]
    return ", ".join([*names, *(f"{container['name']} (init)" for container in pods.init_containers(pod))])


# --- lines -----------------------------------------------------------------------------------------------------------


def _selected(invocation: Invocation, lines: list[Line]) -> list[Line]:
    """The lines that --since and --tail leave."""
    since, tail = _since(invocation), invocation.number("tail")
    if tail == ALL_LINES and invocation.text("selector") and "tail" not in invocation.given:
        tail = LINES_OF_SELECTOR
    kept = [line for line in lines if since is None or line[0] >= since]
    return kept if tail == ALL_LINES else kept[len(kept) - min(tail, len(kept)) :]


def _printed(invocation: Invocation, lines: list[tuple[Line, Stream]]) -> Iterator[Output]:
    text = "".join(_line(invocation, line, stream) for line, stream in lines)
    if text:
        yield Output("stdout", text)


def _line(invocation: Invocation, line: Line, stream: Stream) -> str:
    at, text = line
    prefix = f"[pod/{stream.pod}/{stream.container}] " if invocation.on("prefix") or invocation.on("all-pods") else ""
    stamp = f"{times.micro(at).removesuffix('Z')}000Z " if invocation.on("timestamps") else ""
    return f"{prefix}{stamp}{text}\n"


# --- following -------------------------------------------------------------------------------------------------------


def _follow(invocation: Invocation, streams: list[Stream]) -> Run:
    api = invocation.api
    for stream in streams:
        yield from _until_started(invocation, stream)
    shown_until: int | None = None
    while True:
        new: list[tuple[Line, Stream]] = []
        for stream in streams:
            lines = _lines_or_none(invocation, stream)
            chosen = _selected(invocation, lines) if shown_until is None else [x for x in lines if x[0] > shown_until]
            new += [(line, stream) for line in chosen]
        new.sort(key=lambda pair: pair[0][0])
        yield from _printed(invocation, new)
        shown_until = api.now
        going_on = [stream for stream in streams if not stream.has_ended(api)]
        if not going_on:
            return 0
        dues = [due for stream in going_on if (due := stream.next_line(api)) is not None]
        yield Wait(min(dues, default=None))


def _lines_or_none(invocation: Invocation, stream: Stream) -> list[Line]:
    """A container that is gone says nothing any more."""
    try:
        return stream.lines(invocation.api)
    except APIError:
        return []


def _until_started(invocation: Invocation, stream: Stream) -> Iterator[Output | Wait]:
    """A container that is still waiting to start is asked again every second, as long as kubectl is patient."""
    deadline = invocation.api.now + POD_RUNNING_TIMEOUT
    while True:
        try:
            stream.lines(invocation.api)
        except APIError as refusal:
            if invocation.api.now >= deadline:
                raise CommandError("error: timed out waiting for the condition") from refusal
            if refusal.reason != "BadRequest":
                raise
            yield Output("stderr", failures.from_server(refusal).partition(": ")[2] + "\n")
            moment = min(invocation.api.now + times.SECOND, deadline)
            while invocation.api.now < moment:
                yield Wait(moment)
        else:
            return


COMMANDS = (
    Command(
        name="logs",
        run=_run,
        usage="kubectl logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]",
        summary="Print the logs for a container in a pod",
        flags=(
            SELECTOR,
            Flag("container", short="c", help="Print the logs of this container"),
            switch("follow", "f", help="Specify if the logs should be streamed."),
            switch("previous", "p", help="Print the logs of the container's previous run."),
            switch("all-containers", help="Get all containers' logs in the pod(s)."),
            switch("all-pods", help="Get logs from all pod(s). Sets prefix to true."),
            switch("prefix", help="Prefix each log line with the log source (pod name and container name)"),
            switch("timestamps", help="Include timestamps on each line in the log output"),
            Flag("tail", "int", absent=ALL_LINES, help="Lines of recent log to display; -1 for all."),
            Flag("since", help="Only logs newer than a duration like 5s, 2m, or 3h."),
            Flag("max-log-requests", "int", absent=5, help="How many logs can be followed at once."),
        ),
        examples=("kubectl logs web-1", "kubectl logs deploy/web -f", "kubectl logs web-1 --previous --tail=5"),
        complete=pods_and_workloads,
    ),
)
