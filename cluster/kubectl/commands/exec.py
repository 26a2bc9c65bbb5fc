"""`kubectl exec` (kubectl/pkg/cmd/exec/exec.go): a command in a container, without a terminal."""

from __future__ import annotations

from collections.abc import Generator

from cluster.kubectl.command import Command, Flag, switch
from cluster.kubectl.commands.logs import one_container, pods_of
from cluster.kubectl.completing import pods_and_workloads
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Wait
from cluster.kubectl.log_streams import refuse_when_unreachable
from cluster.kubectl.resources import kind_of
from cluster.kubelet import execution, runtime
from cluster.kubelet.execution import Execution
from cluster.machinery.story import NARRATED, Story
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
# A command that takes longer than this is waited for; one that takes longer than that is not.
SHORT, LONGEST = 100, 5 * times.MINUTE
KILLED = 137
NO_TERMINAL = (
    "error: this console has no terminal to lend to {shell}: give the command after it, "
    "for example: kubectl exec {pod} -- {shell} -c 'ls /'"
)
NOT_ENDING = (
    "error: the command has not ended by itself after {minutes} minutes of the cluster's time, and this console cannot keep it "
    "running: what it has written by then stands above, and nothing of it is left in the container"
)


def _run(invocation: Invocation) -> Run:
    target, argv = _words(invocation)
    pod = yield from _pod(invocation, target)
    if pods.is_terminal(pod):
        phase = pods.phase(pod)
        raise CommandError(f"error: cannot exec into a container in a completed pod; current phase is {phase}")
    container = yield from one_container(invocation, pod, invocation.text("container"))
    shell = argv[0].rpartition("/")[2]
    if shell in SHELLS and len(argv) == 1:
        raise CommandError(NO_TERMINAL.format(pod=metadata.name(pod), shell=shell))
    return (yield from _execute(invocation, pod, container, argv))


def _words(invocation: Invocation) -> tuple[str, list[str]]:
    words = list(invocation.words)
    dashes = words.index("--") if "--" in words else len(words)
    before, argv = words[:dashes], words[dashes + 1 :]
    if len(before) > 1:
        raise CommandError(
            "error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\n"
            "See 'kubectl exec -h' for help and examples"
        )
    if not before:
        raise CommandError("error: pod, type/name or --filename must be specified")
    if not argv:
        raise CommandError("error: you must specify at least one command for the container")
    return before[0], argv


def _pod(invocation: Invocation, target: str) -> Generator[Output | Wait, None, Document]:
    type_, slash, name = target.partition("/")
    kind, name = (kind_of(type_), name) if slash else (pods.KIND, type_)
    document = invocation.api.read(kind.resource, invocation.namespace if kind.namespaced else "", name)
    if kind is pods.KIND:
        return document
    return (yield from pods_of(invocation, kind.kind, document))[0]


def _execute(invocation: Invocation, pod: Document, container: str, argv: list[str]) -> Run:
    began = invocation.api.now
    done = _executed(invocation, pod, container, argv, began)
    outcome = done.outcome
    if outcome.error:
        raise CommandError(f"error: Internal error occurred: error executing command in container: {outcome.error}")
    if outcome.timed_out:
        yield from _said(done)
        raise CommandError(NOT_ENDING.format(minutes=LONGEST // times.MINUTE))
    if outcome.took > SHORT:
        before = _row(invocation, pod)
        while invocation.api.now < began + outcome.took:
            yield Wait(began + outcome.took)
        if _row(invocation, pod) is not before:
            done = _after_a_change(invocation, pod, container, argv, began)
            outcome = done.outcome
    _keep(invocation, pod, container, argv, done)
    yield from _said(done)
    if outcome.code:
        yield Output("stderr", f"command terminated with exit code {outcome.code}\n")
    return outcome.code


def _executed(invocation: Invocation, pod: Document, container: str, argv: list[str], began: int) -> Execution:
    name = metadata.name(pod)
    if not pods.node_name(pod):
        raise CommandError(f"Error from server (BadRequest): pod {name} does not have a host assigned")
    refuse_when_unreachable(invocation.api, pod, f"exec/{metadata.namespace(pod)}/{name}/{container}")
    found = None
    if dig(pods.container_status(pod, container), "state", "running") is not None:
        found = execution.execute(invocation.api, pod, container, argv, began, timeout=LONGEST)
    if found is None:
        raise CommandError(f'error: Internal error occurred: unable to upgrade connection: container not found ("{container}")')
    return found


def _after_a_change(invocation: Invocation, pod: Document, container: str, argv: list[str], began: int) -> Execution:
    """Something else has happened in the Pod meanwhile: a container that has gone has taken the command with it."""
    now = invocation.api.get("pods", metadata.namespace(pod), metadata.name(pod))
    same = now is not None and metadata.uid(now) == metadata.uid(pod)
    before = (pods.container_status(pod, container) or {}).get("containerID")
    if now is None or not same or (pods.container_status(now, container) or {}).get("containerID") != before:
        raise CommandError(f"command terminated with exit code {KILLED}", KILLED)
    return _executed(invocation, now, container, argv, began)


def _row(invocation: Invocation, pod: Document) -> object:
    return invocation.api.host(runtime.TABLE, (pods.node_name(pod), pods.runtime_uid(pod)))


def _keep(invocation: Invocation, pod: Document, container: str, argv: list[str], done: Execution) -> None:
    """What the command has changed becomes a step of the user; one that only looked leaves no trace."""
    if not done.rows:
        return
    own = (runtime.TABLE, (pods.node_name(pod), pods.runtime_uid(pod)))
    for (table, key), value in done.rows.items():
        if (table, key) != own:
            invocation.shell.simulation.etcd.set(table, key, value)
    writer = invocation.shell.writer()
    reference = f"pods/{metadata.namespace(pod)}/{metadata.name(pod)}"
    args = {"pod": reference, "container": container, "command": " ".join(argv)[:200]}
    writer.tell(Story("user.executed", args, NARRATED, (reference,)))
    writer.write_row("exec", *own, done.rows[own])


def _said(done: Execution) -> Generator[Output, None, None]:
    for stream, text in (("stdout", done.outcome.stdout), ("stderr", done.outcome.stderr)):
        if text:
            yield Output(stream, text)


def _refuse(what: str) -> Command:
    def run(invocation: Invocation) -> Run:
        raise CommandError(f"error: {_REFUSALS[what]}")
        yield  # a Run is a generator

    return Command(what, run, f"kubectl {what}", _SUMMARIES[what], complete=pods_and_workloads)


_REFUSALS = {
    "cp": "cp is not there: this console has no files of its own. Read one with kubectl exec POD -- cat FILE, write one with "
          "kubectl exec POD -- sh -c 'echo TEXT >FILE'",
    "attach": "this console cannot attach to a container: see what it writes with kubectl logs -f POD",
    "port-forward": "port-forward is not there: ask from inside the cluster with kubectl exec POD -- wget -qO- http://HOST:PORT",
}
_SUMMARIES = {
    "cp": "Copy files and directories to and from containers",
    "attach": "Attach to a running container",
    "port-forward": "Forward one or more local ports to a pod",
}

COMMANDS = (
    Command(
        name="exec",
        run=_run,
        usage="kubectl exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]",
        summary="Execute a command in a container",
        flags=(
            Flag("container", short="c", help="Container name. If omitted, the first container in the pod is used"),
            switch("stdin", "i", help="Pass stdin to the container"),
            switch("tty", "t", help="Stdin is a TTY"),
            switch("quiet", "q", help="Only print output from the remote session"),
        ),
        examples=(
            "kubectl exec web-1 -- ls /", "kubectl exec web-1 -c sidecar -- cat /etc/hosts",
            "kubectl exec deploy/web -- sh -c 'echo hello >/tmp/hello'",
        ),
        complete=pods_and_workloads,
    ),
    *(_refuse(what) for what in _REFUSALS),
)
