"""A command in a container, for `kubectl exec` in the console and for clients of the API: run, waited for, kept."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from cluster.kubectl.invocation import CommandError, Output, Run, Shell, Wait
from cluster.kubelet import execution, runtime
from cluster.kubelet.execution import Execution
from cluster.kubelet.log_streams import refuse_when_unreachable
from cluster.machinery.story import NARRATED, Story
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

# A command that takes longer than this is waited for; one that takes longer than that is not.
SHORT, LONGEST = 100, 5 * times.MINUTE
KILLED = 137
NOT_ENDING = (
    "error: the command has not ended by itself after {minutes} minutes of the cluster's time, and this console cannot keep it "
    "running: what it has written by then stands above, and nothing of it is left in the container"
)


class Task(NamedTuple):
    """What is to be run, and where."""

    pod: Document
    container: str
    argv: list[str]
    stdin: str = ""


def execute(shell: Shell, task: Task) -> Run:
    """Run a command to its end; returns its exit code. Raises CommandError or APIError when it cannot run."""
    began = shell.api.now
    done = _executed(shell, task, began)
    if done.outcome.error:
        why = f"error executing command in container: {done.outcome.error}"
        raise CommandError(f"error: Internal error occurred: {why}")
    if done.outcome.timed_out:
        yield from _said(done)
        raise CommandError(NOT_ENDING.format(minutes=LONGEST // times.MINUTE))
    if done.outcome.took > SHORT:
        before = _row(shell, task.pod)
        while shell.api.now < began + done.outcome.took:
            yield Wait(began + done.outcome.took)
        if _row(shell, task.pod) is not before:
            present = _still_there(shell, task)
            if present is None:
                return KILLED
            task = task._replace(pod=present)
            done = _executed(shell, task, began)
    _keep(shell, task, done)
    yield from _said(done)
    return done.outcome.code


def refuse_completed(pod: Document) -> None:
    """Raise CommandError for a Pod whose containers have all ended."""
    if pods.is_terminal(pod):
        raise CommandError(f"error: cannot exec into a container in a completed pod; current phase is {pods.phase(pod)}")


def _executed(shell: Shell, task: Task, began: int) -> Execution:
    pod, container = task.pod, task.container
    name = metadata.name(pod)
    if not pods.node_name(pod):
        raise CommandError(f"Error from server (BadRequest): pod {name} does not have a host assigned")
    refuse_when_unreachable(shell.api, pod, f"exec/{metadata.namespace(pod)}/{name}/{container}")
    found = None
    if dig(pods.container_status(pod, container), "state", "running") is not None:
        found = execution.execute(shell.api, pod, container, task.argv, began, stdin=task.stdin, timeout=LONGEST)
    if found is None:
        raise CommandError(f'error: Internal error occurred: unable to upgrade connection: container not found ("{container}")')
    return found


def _still_there(shell: Shell, task: Task) -> Document | None:
    """The Pod after something else has happened in it; None when the container has gone and taken the command with it."""
    pod = task.pod
    now = shell.api.get("pods", metadata.namespace(pod), metadata.name(pod))
    if now is None or metadata.uid(now) != metadata.uid(pod):
        return None
    before, after = (pods.container_status(one, task.container) or {} for one in (pod, now))
    return now if before.get("containerID") == after.get("containerID") else None


def _row(shell: Shell, pod: Document) -> object:
    return shell.api.host(runtime.TABLE, (pods.node_name(pod), pods.runtime_uid(pod)))


def _keep(shell: Shell, task: Task, done: Execution) -> None:
    """What the command has changed becomes a step of the user; one that only looked leaves no trace."""
    if not done.rows:
        return
    pod = task.pod
    own = (runtime.TABLE, (pods.node_name(pod), pods.runtime_uid(pod)))
    for (table, key), value in done.rows.items():
        if (table, key) != own:
            shell.simulation.etcd.set(table, key, value)
    writer = shell.writer()
    reference = f"pods/{metadata.namespace(pod)}/{metadata.name(pod)}"
    args = {"pod": reference, "container": task.container, "command": " ".join(task.argv)[:200]}
    writer.tell(Story("user.executed", args, NARRATED, (reference,)))
    writer.write_row("exec", *own, done.rows[own])


def _said(done: Execution) -> Generator[Output, None, None]:
    for stream, text in (("stdout", done.outcome.stdout), ("stderr", done.outcome.stderr)):
        if text:
            yield Output(stream, text)
