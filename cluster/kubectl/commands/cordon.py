"""`kubectl cordon`, `uncordon`, `drain` (kubectl/pkg/cmd/drain/drain.go, kubectl/pkg/drain)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cluster.apiserver.errors import APIError
from cluster.kubectl import eviction
from cluster.kubectl.command import DRY_RUN, SELECTOR, Command, Flag, switch
from cluster.kubectl.completing import nodes as node_names
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Wait
from cluster.kubectl.resources import kind_of, label_selector, read
from cluster.kubectl.results import SUFFIXES, DryRun, dry_run
from cluster.kubectl.waiting import deadline, duration, is_gone
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.registry import REGISTRY
from cluster.objects.selectors import LabelSelector, SelectorError

# How long kubectl waits before it tries a refused eviction again (EvictErrorRetryDelay).
RETRY = 5000
TOO_MANY_REQUESTS = 429


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
    strategy, end = dry_run(invocation), deadline(invocation.api.now, duration(invocation, "timeout"))
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
        invocation.on("ignore-daemonsets"), invocation.on("delete-emptydir-data"), invocation.on("force")
    )
    return eviction.plan(pods, allowed)


def _empty(invocation: Invocation, node: str, end: int | None, strategy: DryRun) -> Run:
    """Take every Pod of a node away and wait until they are gone; raises _Stopped."""
    plan = _plan(invocation, node)
    if plan.errors:
        raise _Stopped(plan.errors)
    if plan.warning:
        yield Output("stderr", f"Warning: {plan.warning}\n")
    if strategy != "none":
        for pod in plan.pods:
            yield Output("stdout", f"evicting pod {_full_name(pod)}{SUFFIXES[strategy]}\n")
        return 0
    try:
        yield from _evict_all(invocation, plan.pods, node, end)
    except _Stopped as stopped:
        left = _plan(invocation, node).pods
        if left:
            names = "".join(f"pod/{metadata.name(pod)}\n" for pod in left)
            text = f'There are pending pods in node "{node}" when an error occurred: {stopped}\n{names}'
            yield Output("stderr", text)
        raise
    return 0


def _full_name(pod: Document) -> str:
    return f"{metadata.namespace(pod)}/{metadata.name(pod)}"


def _evict_all(invocation: Invocation, pods: list[Document], node: str, end: int | None) -> Run:
    """Ask for every eviction, again after a while where one is refused, and wait for the Pods to go; raises _Stopped."""
    evictions = _Evictions(invocation, pods, node)
    while True:
        yield from evictions.ask()
        yield from evictions.look()
        if not evictions.left:
            break
        if end is not None and invocation.api.now >= end:
            evictions.reasons += [_timed_out(pod) for pod in evictions.left.values()]
            break
        yield Wait(min((when for when in (end, *evictions.due.values()) if when is not None), default=None))
    if evictions.reasons:
        raise _Stopped(evictions.reasons)
    return 0


class _Evictions:
    """The Pods that are to leave a node: those still there, when each is asked for (again), what went wrong."""

    def __init__(self, invocation: Invocation, pods: list[Document], node: str) -> None:
        self.left = {_full_name(pod): pod for pod in pods}
        self.due = dict.fromkeys(self.left, invocation.api.now)
        self.reasons: list[str] = []
        self._invocation = invocation
        self._node = node
        self._evicts = not invocation.on("disable-eviction")

    def ask(self) -> Iterator[Output]:
        """Make the requests whose time has come."""
        now = self._invocation.api.now
        for name in [name for name, when in self.due.items() if when <= now]:
            del self.due[name]
            if self._evicts:
                yield Output("stdout", f"evicting pod {name}\n")
            refusal = self._request(self.left[name])
            if refusal is None or refusal.reason == "NotFound":
                continue
            if refusal.code == TOO_MANY_REQUESTS:
                self.due[name] = now + RETRY
                text = f"{_failed(self.left[name])} (will retry after {RETRY // 1000}s): {refusal.message}\n"
                yield Output("stderr", text)
            else:
                self.reasons.append(f"{_failed(self.left.pop(name))}: {refusal.message}")

    def _request(self, pod: Document) -> APIError | None:
        seconds = self._invocation.number("grace-period")
        grace = None if seconds < 0 else seconds
        namespace, name = metadata.namespace(pod), metadata.name(pod)
        writer = self._invocation.shell.writer()
        args = {"pod": object_reference("pods", pod), "node": f"nodes//{self._node}"}
        writer.tell(Story("user.evicted", args, NARRATED))
        try:
            if self._evicts:
                writer.evict(namespace, name, grace=grace)
            else:
                writer.delete("pods", namespace, name, grace=grace)
        except APIError as refusal:
            return refusal
        return None

    def look(self) -> Iterator[Output]:
        """Tell of the Pods that are gone by now."""
        for full_name, pod in list(self.left.items()):
            name = metadata.name(pod)
            if is_gone(self._invocation.api, REGISTRY["pods"], metadata.namespace(pod), name, metadata.uid(pod)):
                del self.left[full_name]
                self.due.pop(full_name, None)
                yield _said("pod", name, "evicted" if self._evicts else "deleted", "none")


def _failed(pod: Document) -> str:
    return f'error when evicting pods/"{metadata.name(pod)}" -n "{metadata.namespace(pod)}"'


def _timed_out(pod: Document) -> str:
    return (
        f'error when waiting for pod "{metadata.name(pod)}" in namespace "{metadata.namespace(pod)}" to terminate:'
        " context deadline exceeded"
    )


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
            Flag("pod-selector", help="Label selector to filter pods on the node"), SELECTOR, DRY_RUN,
        ),
        examples=("kubectl drain node-1 --ignore-daemonsets",), complete=node_names,
    ),
)
