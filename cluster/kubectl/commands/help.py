"""What the console and the cluster are: `help`, `api-resources`, `api-versions`, `version`, `cluster-info`."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.kubectl import failures, helping
from cluster.kubectl.command import OUTPUT, Command, Flag, switch
from cluster.kubectl.completing import Flags, Words, nothing
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Shell
from cluster.kubectl.tables import TabWriter
from cluster.objects.documents import dig
from cluster.objects.registry import REGISTRY, Kind

CLIENT_VERSION = "v1.36.2"
KUSTOMIZE_VERSION = "v5.8.1"


def _commands() -> dict[str, Command]:
    # The table of commands imports this module.
    from cluster.kubectl.commands.table import COMMANDS

    return COMMANDS


def _help(invocation: Invocation) -> Run:
    commands = _commands()
    name = " ".join(invocation.words)
    command = commands.get(name) or next((each for each in commands.values() if name in each.aliases), None)
    if not name:
        yield Output("stdout", helping.overview(commands))
    elif command is not None:
        yield Output("stdout", helping.usage(command))
    elif any(known.startswith(f"{name} ") for known in commands):
        yield Output("stdout", helping.family(name, commands))
    else:
        raise CommandError(failures.unknown_command(invocation.words, commands))
    return 0


def _topics(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    depth = len(words)
    opening = " ".join([*words, ""]).lstrip()
    return [name.split()[depth] for name in _commands() if name.startswith(opening) and len(name.split()) > depth]


def _resources(invocation: Invocation) -> Run:
    namespaced = invocation.text("namespaced")
    kinds = sorted(
        (kind for kind in REGISTRY if "namespaced" not in invocation.given or str(kind.namespaced).lower() == namespaced),
        key=lambda kind: (kind.group, kind.plural),
    )
    if invocation.text("output") == "name":
        yield Output("stdout", "".join(f"{kind.resource}\n" for kind in kinds))
        return 0
    rows = [_resource_row(kind) for kind in kinds]
    if not invocation.on("no-headers"):
        rows.insert(0, ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"])
    yield Output("stdout", TabWriter().text(rows))
    return 0


def _resource_row(kind: Kind) -> list[str]:
    return [kind.plural, ",".join(kind.short_names), kind.api_version, str(kind.namespaced).lower(), kind.kind]


def _versions(invocation: Invocation) -> Run:
    yield Output("stdout", "".join(f"{version}\n" for version in sorted(REGISTRY.api_versions)))
    return 0


def _server_version(shell: Shell) -> str:
    """The cluster runs one version everywhere; the nodes tell it."""
    for node in shell.api.list("nodes"):
        found = dig(node, "status", "nodeInfo", "kubeletVersion")
        if found:
            return str(found)
    return CLIENT_VERSION


def _version(invocation: Invocation) -> Run:
    text = f"Client Version: {CLIENT_VERSION}\nKustomize Version: {KUSTOMIZE_VERSION}\n"
    if not invocation.on("client"):
        text += f"Server Version: {_server_version(invocation.shell)}\n"
    yield Output("stdout", text)
    return 0


def _cluster_info(invocation: Invocation) -> Run:
    slice_ = invocation.api.get("endpointslices.discovery.k8s.io", "default", "kubernetes")
    address = dig(slice_, "endpoints", 0, "addresses", 0, default="127.0.0.1")
    port = dig(slice_, "ports", 0, "port", default=6443)
    yield Output(
        "stdout",
        f"Kubernetes control plane is running at https://{address}:{port}\n\n"
        "To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n",
    )
    return 0


COMMANDS = (
    Command(
        name="help",
        run=_help,
        usage="kubectl help [command]",
        summary="Help about any command",
        examples=("kubectl help", "kubectl help rollout undo"),
        complete=_topics,
    ),
    Command(
        name="api-resources",
        run=_resources,
        usage="kubectl api-resources [flags]",
        summary="Print the supported API resources on the server",
        flags=(
            OUTPUT,
            Flag("namespaced", absent="true", bare="true", help="If false, only kinds without a namespace."),
            switch("no-headers", help="Leave the header out."),
        ),
        complete=nothing,
    ),
    Command(
        name="api-versions",
        run=_versions,
        usage="kubectl api-versions",
        summary='Print the supported API versions on the server, in the form of "group/version"',
    ),
    Command(
        name="version",
        run=_version,
        usage="kubectl version [flags]",
        summary="Print the client and server version information",
        flags=(switch("client", help="Only the client's version, without asking the server."),),
    ),
    Command(
        name="cluster-info",
        run=_cluster_info,
        usage="kubectl cluster-info",
        summary="Display addresses of the control plane",
    ),
)
