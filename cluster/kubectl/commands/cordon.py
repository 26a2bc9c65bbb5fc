"""`kubectl cordon`, `uncordon`, `drain` (kubectl/pkg/cmd/drain/drain.go, kubectl/pkg/drain)."""

from __future__ import annotations

from collections.abc import Callable

from cluster.kubectl import eviction
from cluster.kubectl.command import DRY_RUN, SELECTOR, Command, Flag, switch
from cluster.kubectl.completing import nodes as node_names
from cluster.kubectl.evicting import SKIP_WAIT, Deletions, Evictions, full_name
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run
from cluster.kubectl.resources import kind_of, label_selector, read
from cluster.kubectl.results import SUFFIXES, DryRun, dry_run
from cluster.kubectl.waiting import deadline, duration
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.registry import REGISTRY
from cluster.objects.selectors import LabelSelector, SelectorError

# --- cordon ----------------------------------------------------------------------------------------------------------


def _cordoning(wanted: bool) -> Callable[[Invocation], Run]:
    """The command that makes nodes unschedulable, or schedulable again."""

    def run(invocation: Invocation) -> Run:
        strategy = dry_run(invocation)
        for node in _nodes(invocation):
            yield _cordon(invocation, node, wanted, strategy)
        return 0

    return run


def _nodes(invocation: Invocation) -> list[Document]:
    """The nodes that the line names; when one is missing, nothing is done to the others."""
    selector = label_selector(invocation)
    if not invocation.words and selector is None:
        raise CommandError(_usage(invocation, f"USAGE: {invocation.command} NODE [flags]"))
    if invocation.words and selector is not None:
        raise CommandError(_usage(invocation, "error: cannot specify both a node name and a --selector option"))
    if selector is not None:
        return invocation.api.list("nodes", "", selector)
    return [read(invocation.api, REGISTRY["nodes"], "", _name(word)) for word in invocation.words]


def _usage(invocation: Invocation, text: str) -> str:
    return f"error: {text}\nSee 'kubectl {invocation.command} -h' for help and examples"


def _name(word: str) -> str:
    type_, slash, name = word.partition("/")
    if not slash:
        return word
    kind = kind_of(type_)
    if kind.resource != "nodes":
        raise CommandError(f'error: error: expected resource of type node, got "{kind.resource}"')
    return name


def _cordon(invocation: Invocation, node: Document, wanted: bool, strategy: DryRun) -> Output:
    name, verb = metadata.name(node), "cordoned" if wanted else "uncordoned"
    if bool(dig(node, "spec", "unschedulable", default=False)) == wanted:
        return _said("node", name, f"already {verb}", strategy)
    if strategy != "client":
        writer = invocation.shell.writer()
        writer.tell(Story(f"user.{verb}", {"node": object_reference("nodes", node)}, NARRATED))
        patch = {"spec": {"unschedulable": True if wanted else None}}
        writer.patch("nodes", "", name, patch, dry_run=strategy == "server")
    return _said("node", name, verb, strategy)


def _said(kind: str, name: str, verb: str, strategy: DryRun) -> Output:
    return Output("stdout", f"{kind}/{name} {verb}{SUFFIXES[strategy]}\n")


# --- drain -----------------------------------------------------------------------------------------------------------


class _Stopped(Exception):
    """A node that cannot be drained, with the reasons."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(reasons[0] if len(reasons) == 1 else f"[{', '.join(reasons)}]")
        self.reasons = reasons


def _drain(invocation: Invocation) -> Run:
    strategy, timeout = dry_run(invocation), duration(invocation, "timeout")
    end = deadline(invocation.api.now, timeout)
    _pod_selector(invocation)
    nodes = _nodes(invocation)
    for node in nodes:
        yield _cordon(invocation, node, True, strategy)
    pending: dict[str, _Stopped] = {}
    for node in nodes:
        name = metadata.name(node)
        try:
            yield from _empty(invocation, name, end, strategy)
            yield _said("node", name, "drained", strategy)
        except _Stopped as stopped:
            pending[name] = stopped
            yield Output("stderr", f'error: unable to drain node "{name}" due to error: {stopped}, continuing command...\n')
    if not pending:
        return 0
    yield Output("stderr", "There are pending nodes to be drained:\n" + "".join(f" {name}\n" for name in pending))
    reasons = [reason for stopped in pending.values() for reason in stopped.reasons]
    yield Output("stderr", "".join(f"{reason}\n" for reason in reasons))
    return 1


def _pod_selector(invocation: Invocation) -> LabelSelector:
    try:
        return LabelSelector.parse(invocation.text("pod-selector"))
    except SelectorError as problem:
        raise CommandError("error: --pod-selector=<pod_selector> must be a valid label selector") from problem


def _plan(invocation: Invocation, node: str) -> eviction.Plan:
    selector = _pod_selector(invocation)
    pods = [pod for pod in invocation.api.pods_on(node) if selector.matches(metadata.labels(pod))]
    allowed = eviction.Allowed(
        invocation.on("ignore-daemonsets"), invocation.on("delete-emptydir-data"), invocation.on("force"),
        invocation.number(SKIP_WAIT),
    )
    return eviction.plan(pods, allowed, invocation.api)


def _empty(invocation: Invocation, node: str, end: int | None, strategy: DryRun) -> Run:
    """Take every Pod of a node away and wait until they are gone; raises _Stopped."""
    plan = _plan(invocation, node)
    if plan.errors:
        raise _Stopped(plan.errors)
    if plan.warning:
        yield Output("stderr", f"Warning: {plan.warning}\n")
    if strategy == "client":
        for pod in plan.pods:
            yield Output("stdout", f"evicting pod {full_name(pod)}{SUFFIXES[strategy]}\n")
        return 0
    leaving: Evictions = (Deletions if invocation.on("disable-eviction") else Evictions)(
        invocation, plan.pods, node, end, strategy
    )
    yield from leaving.run()
    if not leaving.reasons:
        return 0
    stopped = _Stopped(leaving.reasons)
    left = _plan(invocation, node).pods
    if left:
        names = "".join(f"pod/{metadata.name(pod)}\n" for pod in left)
        text = f'There are pending pods in node "{node}" when an error occurred: {stopped}\n{names}'
        yield Output("stderr", text)
    raise stopped


COMMANDS = (
    Command("cordon", _cordoning(True), "kubectl cordon NODE", "Mark node as unschedulable", (SELECTOR, DRY_RUN),
            examples=("kubectl cordon node-1",), complete=node_names),
    Command("uncordon", _cordoning(False), "kubectl uncordon NODE", "Mark node as schedulable", (SELECTOR, DRY_RUN),
            examples=("kubectl uncordon node-1",), complete=node_names),
    Command(
        "drain", _drain, "kubectl drain NODE", "Drain node in preparation for maintenance",
        (
            switch("force", help="Continue even if there are pods that do not declare a controller."),
            switch("ignore-daemonsets", help="Ignore DaemonSet-managed pods."),
            switch("delete-emptydir-data", help="Continue even if there are pods using emptyDir."),
            switch("disable-eviction", help="Force drain to use delete, even if eviction is supported."),
            Flag("grace-period", "int", absent=-1, help="Seconds given to each pod to terminate gracefully."),
            Flag("timeout", absent="0s", help="The length of time to wait before giving up, zero means infinite"),
            Flag("pod-selector", help="Label selector to filter pods on the node"),
            Flag(SKIP_WAIT, "int", absent=0, help="If pod DeletionTimestamp older than N seconds, skip waiting for the pod."),
            SELECTOR, DRY_RUN,
        ),
        examples=("kubectl drain node-1 --ignore-daemonsets",), complete=node_names,
    ),
)
