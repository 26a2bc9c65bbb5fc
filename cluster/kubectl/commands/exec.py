"""`kubectl exec` (kubectl/pkg/cmd/exec/exec.go): a command in a container, without a terminal."""

from __future__ import annotations

from collections.abc import Generator

from cluster.kubectl.command import Command, Flag, switch
from cluster.kubectl.commands.logs import one_container, pods_of
from cluster.kubectl.completing import pods_and_workloads
from cluster.kubectl.executing import Task, execute, refuse_completed
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Wait
from cluster.kubectl.resources import kind_of
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods

SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
NO_TERMINAL = (
    "error: this console has no terminal to lend to {shell}: give the command after it, "
    "for example: kubectl exec {pod} -- {shell} -c 'ls /'"
)


def _run(invocation: Invocation) -> Run:
    target, argv = _words(invocation)
    pod = yield from _pod(invocation, target)
    refuse_completed(pod)
    container = yield from one_container(invocation, pod, invocation.text("container"))
    shell = argv[0].rpartition("/")[2]
    if shell in SHELLS and len(argv) == 1:
        raise CommandError(NO_TERMINAL.format(pod=metadata.name(pod), shell=shell))
    code = yield from execute(invocation.shell, Task(pod, container, argv))
    if code:
        yield Output("stderr", f"command terminated with exit code {code}\n")
    return code


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
