"""A command that somebody outside runs in a container (`kubectl exec`), and what it leaves behind.

pkg/kubelet/server (exec), containerd's ExecSync
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cluster.apiserver.reader import Reader
from cluster.containers.machine import Machine, Outcome
from cluster.kubelet import runtime
from cluster.kubelet.outside import Network
from cluster.kubelet.volumes import Rows
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods


class Execution(NamedTuple):
    """What a command came to, and the rows that hold what it has changed: {} when it has changed nothing."""

    outcome: Outcome
    rows: Rows


def execute(
    view: Reader, pod: Document, container: str, argv: Sequence[str], at: int, *, stdin: str = "", timeout: int | None = None
) -> Execution | None:
    """Run a command from a time on (virtual ms), until its end or for `timeout` ms; None when the container does not run."""
    site = runtime.site_of(view, pod, pods.node_name(pod))
    if site is None or container not in site.row["images"]:
        return None
    network = Network(view, site.node, runtime.place_of(view, pod, site.node).ip)
    present = runtime.present(view, site, at, network)
    if present.own.exit_of(container) is not None:
        return None
    after, outcome = present.own.execute(container, argv, at, network, stdin=stdin, timeout=timeout)
    if not _differs(present.own.advance(after.at, network), after):
        return Execution(outcome, {})
    changed = present._replace(own=after, machines=(after, *present.machines[1:]))
    return Execution(outcome, runtime.kept(view, changed, touched=site.row.get("touched", 0) + 1))


def _differs(before: Machine, after: Machine) -> bool:
    """Whether files or processes are not what they would be without the command."""
    return (
        before.volumes != after.volumes or before.layers != after.layers or before.processes() != after.processes()
        or before.ports() != after.ports()
    )
