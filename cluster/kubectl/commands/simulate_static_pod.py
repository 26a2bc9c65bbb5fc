"""`simulate static-pod`: files in a node's manifest directory, which no API server has a say in. Our own command."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.apiserver.errors import APIError
from cluster.kubectl import files
from cluster.kubectl.command import FILENAME, Command
from cluster.kubectl.completing import Flags, Words
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Shell
from cluster.kubectl.problems import Problems
from cluster.kubectl.tables import TabWriter
from cluster.kubelet import static_pods
from cluster.machinery.story import NARRATED, Story
from cluster.manifests.control_plane import CONTROL_PLANE
from cluster.objects import metadata, names
from cluster.objects.documents import Document

USAGE = (
    "error: simulate static-pod knows: simulate static-pod, simulate static-pod add NODE -f FILE, "
    "simulate static-pod remove NODE FILE, simulate static-pod kubeadm NODE"
)


def run(invocation: Invocation) -> Run:
    """List, add or remove the manifests of static Pods."""
    words = invocation.words
    if not words:
        yield _list(invocation)
    elif words[0] == "add" and len(words) == 2:
        yield from _add(invocation, _node(invocation, words[1]))
    elif words[0] == "remove" and len(words) == 3:
        yield _remove(invocation, _node(invocation, words[1]), words[2])
    elif words[0] == "kubeadm" and len(words) == 2:
        node = _node(invocation, words[1])
        for file, manifest in CONTROL_PLANE.items():
            yield _write(invocation, node, file, manifest)
    else:
        raise CommandError(USAGE)
    return 0


def _node(invocation: Invocation, name: str) -> str:
    known = [key[0] for key, _ in invocation.api.hosts("host/machines")]
    if name not in known:
        raise CommandError(f'error: there is no machine "{name}": known are {", ".join(known)}')
    return name


def _list(invocation: Invocation) -> Output:
    rows = [
        [node, f"{static_pods.DIRECTORY}/{file}", *static_pods.key_of(node, row)[1:], ""]
        for (node, file), row in invocation.api.hosts(static_pods.MANIFESTS)
    ]
    if not rows:
        return Output("stderr", "No static Pods found\n")
    return Output("stdout", TabWriter().text([["NODE", "FILE", "NAMESPACE", "POD", ""], *rows]))


def _add(invocation: Invocation, node: str) -> Run:
    if not invocation.many("filename"):
        raise CommandError("error: must specify --filename: the manifest of a Pod")
    problems = Problems()
    found = files.items(invocation, problems)
    if problems:
        return (yield from problems.report())
    for item in found:
        if item.kind.resource != "pods":
            raise CommandError(f"error: only Pods can be static, not a {item.kind.kind}: a kubelet has no controllers")
        yield _write(invocation, node, f"{item.name}.yaml", item.document)
    return 0


def _write(invocation: Invocation, node: str, file: str, manifest: Document) -> Output:
    """Put a manifest into the directory of a node, if the API server would take its mirror."""
    row = {"pod": manifest, "seen": invocation.api.now}
    _check(invocation, node, file, row)
    path = f"{static_pods.DIRECTORY}/{file}"
    writer, reference = invocation.shell.writer(), f"nodes//{node}"
    verb = "configured" if invocation.api.host(static_pods.MANIFESTS, (node, file)) else "created"
    writer.tell(Story("static-pod.written", {"node": reference, "file": path}, NARRATED, (reference,)))
    writer.write_row("update", static_pods.MANIFESTS, (node, file), row)
    return Output("stdout", f"{path} on {node} {verb}\n")


def _check(invocation: Invocation, node: str, file: str, row: Document) -> None:
    name = metadata.name(row["pod"])
    for problem in names.subdomain(name):
        raise CommandError(f'error: "{name}" cannot be the name of a static Pod: {problem}')
    there = invocation.api.get("nodes", "", node)
    mirror = static_pods.mirror(node, file, row, metadata.uid(there) if there is not None else "unknown")
    if invocation.api.get("pods", metadata.namespace(mirror), metadata.name(mirror)) is not None:
        return
    try:
        invocation.shell.writer().create(mirror, metadata.namespace(mirror), dry_run=True)
    except APIError as refusal:
        raise CommandError(f"error: the kubelet would not run it: {refusal.message}") from refusal


def _remove(invocation: Invocation, node: str, file: str) -> Output:
    file = file.removeprefix(f"{static_pods.DIRECTORY}/")
    known = [key[1] for key, _ in invocation.api.hosts(static_pods.MANIFESTS, node)]
    if file not in known:
        files_ = ", ".join(known) or "none"
        raise CommandError(f'error: there is no file "{file}" in {static_pods.DIRECTORY} of {node}: known are {files_}')
    writer, reference, path = invocation.shell.writer(), f"nodes//{node}", f"{static_pods.DIRECTORY}/{file}"
    writer.tell(Story("static-pod.removed", {"node": reference, "file": path}, NARRATED, (reference,)))
    writer.write_row("delete", static_pods.MANIFESTS, (node, file), None)
    return Output("stdout", f"{path} on {node} removed\n")


def _complete(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    if not words:
        return ("add", "remove", "kubeadm")
    if len(words) == 1:
        return [key[0] for key, _ in shell.api.hosts("host/machines")]
    if len(words) == 2 and words[0] == "remove":
        return [key[1] for key, _ in shell.api.hosts(static_pods.MANIFESTS, words[1])]
    return ()


COMMANDS = (
    Command(
        "simulate static-pod", run, "simulate static-pod [add NODE -f FILE | remove NODE FILE | kubeadm NODE]",
        "Put manifests into /etc/kubernetes/manifests of a machine (not part of kubectl)", (FILENAME,),
        examples=("simulate static-pod add node-1 -f web.yaml", "simulate static-pod remove node-1 web.yaml",
                  "simulate static-pod kubeadm control-plane"),
        complete=_complete,
    ),
)
