"""`kubectl top` (kubectl/pkg/cmd/top, kubectl/pkg/metricsutil/metrics_printer.go)."""

from __future__ import annotations

from cluster.kubectl.command import ALL_NAMESPACES, SELECTOR, Command, Flag, switch
from cluster.kubectl.completing import Flags, Words, names, nodes
from cluster.kubectl.creating import usage as usage_error
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Shell
from cluster.kubectl.resources import label_selector, read
from cluster.kubectl.tables import TabWriter
from cluster.kubelet.durations import go_duration
from cluster.machinery import usage
from cluster.objects import metadata, quantity, times
from cluster.objects.documents import Document
from cluster.objects.kinds import node as node_kind
from cluster.objects.printing import UNKNOWN
from cluster.objects.registry import REGISTRY

MIB = 1 << 20
SORTS = ("", "cpu", "memory")

# After so long a Pod should have metrics.
CREATION_DELAY = 2 * times.MINUTE

Used = tuple[int, int]  # millicores, bytes


def _pods(invocation: Invocation) -> Run:
    _check(invocation, "pod [NAME | -l label]", "selector")
    everywhere = invocation.on("all-namespaces")
    found = _chosen(invocation, everywhere)
    known = [(pod, used) for pod in found if (used := usage.of_pod(invocation.api, pod)) is not None]
    if not known:
        if not found:
            where = "" if everywhere else f" in {invocation.namespace} namespace"
            yield Output("stderr", f"No resources found{where}.\n" if where else "No resources found\n")
            return 0
        raise _not_yet(invocation, found)
    head = ["NAMESPACE"] * everywhere + ["POD"] * invocation.on("containers") + ["NAME", "CPU(cores)", "MEMORY(bytes)"]
    yield _table(invocation, head, _pod_rows(invocation, known, everywhere))
    return 0


def _not_yet(invocation: Invocation, found: list[Document]) -> CommandError:
    """Why there are no metrics: a Pod is named that nobody measures, one is old enough, or all are young."""
    if invocation.words:
        name = f"{metadata.namespace(found[0])}/{metadata.name(found[0])}"
        return CommandError(f'Error from server (NotFound): podmetrics.metrics.k8s.io "{name}" not found')
    for pod in found:
        age = invocation.api.now - times.parse(pod["metadata"]["creationTimestamp"])
        if age > CREATION_DELAY:
            name = f"{metadata.namespace(pod)}/{metadata.name(pod)}"
            return CommandError(f"error: Metrics not available for pod {name}, age: {go_duration(age)}")
    return CommandError("error: metrics not available yet")


def _chosen(invocation: Invocation, everywhere: bool) -> list[Document]:
    if invocation.words and not everywhere:
        return [read(invocation.api, REGISTRY["pods"], invocation.namespace, invocation.words[0])]
    return invocation.api.list("pods", None if everywhere else invocation.namespace, label_selector(invocation))


def _pod_rows(
    invocation: Invocation, known: list[tuple[Document, list[usage.Usage]]], everywhere: bool
) -> list[list[str]]:
    rows = []
    for pod, used in sorted(known, key=lambda one: _rank(invocation, _sum(one[1]))):
        where = [metadata.namespace(pod)] * everywhere
        if invocation.on("containers"):
            each = sorted(used, key=lambda one: one.container)
            rows += [[*where, metadata.name(pod), one.container, *_cells(one.cpu, one.memory)] for one in each]
        else:
            rows.append([*where, metadata.name(pod), *_cells(*_sum(used))])
    return rows


def _sum(used: list[usage.Usage]) -> Used:
    return sum(one.cpu for one in used), sum(one.memory for one in used)


def _nodes(invocation: Invocation) -> Run:
    _check(invocation, "node [NAME | -l label]", "--selector")
    api = invocation.api
    if invocation.words:
        found = [read(api, REGISTRY["nodes"], "", invocation.words[0])]
    else:
        found = api.list("nodes", None, label_selector(invocation))
    if not found:
        yield Output("stderr", "No resources found\n")
        return 0
    known = [(node, usage.of_node(invocation.api, node)) for node in found]
    rows = [
        _node_row(node, used)
        for node, used in sorted(known, key=lambda one: (one[1] is None, _rank(invocation, one[1] or (0, 0))))
    ]
    yield _table(invocation, ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"], rows)
    return 0


def _node_row(node: Document, used: Used | None) -> list[str]:
    if used is None:
        return [metadata.name(node), *[UNKNOWN] * 4]
    room = node_kind.allocatable(node)
    cpu, memory = _cells(*used)
    shares = (used[0] * 100 // quantity.milli_value(room["cpu"]), used[1] * 100 // quantity.value(room["memory"]))
    return [metadata.name(node), cpu, f"{shares[0]}%", memory, f"{shares[1]}%"]


def _cells(cpu: int, memory: int) -> tuple[str, str]:
    return f"{cpu}m", f"{memory // MIB}Mi"


def _rank(invocation: Invocation, used: Used) -> int:
    """Where a row stands: the busiest first with --sort-by, else where it is."""
    order = invocation.text("sort-by")
    return -used[SORTS.index(order) - 1] if order else 0


def _check(invocation: Invocation, line: str, selector: str) -> None:
    if len(invocation.words) > 1:
        raise usage_error(invocation, line)
    if invocation.text("sort-by") not in SORTS:
        raise CommandError("error: --sort-by accepts only cpu or memory")
    if invocation.words and invocation.text("selector"):
        raise CommandError(f"error: only one of NAME or {selector} can be provided")


def _table(invocation: Invocation, head: list[str], rows: list[list[str]]) -> Output:
    lines = rows if invocation.on("no-headers") else [head, *rows]
    # Each cell ends with a tab stop, the last one too.
    return Output("stdout", TabWriter().text([*cells, ""] for cells in lines))


def _complete_pods(shell: Shell, words: Words, flags: Flags) -> list[str]:
    return [] if words else names(shell, REGISTRY["pods"], flags)


SORT = Flag("sort-by", help="If non-empty, sort by cpu or memory.")
NO_HEADERS = switch("no-headers", help="If present, print output without headers.")
COMMANDS = (
    Command(
        "top pod", _pods, "kubectl top pod [NAME | -l label]", "Display resource (CPU/memory) usage of pods",
        (SELECTOR, ALL_NAMESPACES, switch("containers", help="Print usage of containers within a pod."), SORT, NO_HEADERS),
        aliases=("top pods", "top po"), examples=("kubectl top pods", "kubectl top pods --sort-by=cpu"), complete=_complete_pods,
    ),
    Command(
        "top node", _nodes, "kubectl top node [NAME | -l label]", "Display resource (CPU/memory) usage of nodes",
        (SELECTOR, SORT, NO_HEADERS), aliases=("top nodes", "top no"), examples=("kubectl top nodes",), complete=nodes,
    ),
)
