"""What runs and lies in a Pod at one moment: its processes, ports, logs and files, computed once for all who ask."""

from __future__ import annotations

from typing import Any

from cluster.apiserver.reader import Reader
from cluster.containers.files import Tree
from cluster.containers.machine import Line
from cluster.kubelet import inspect, projected, runtime
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods

Row = dict[str, Any]


class Inside:
    """A Pod's machine at the time of `view`; everything is empty while there is no sandbox."""

    def __init__(self, view: Reader, pod: Document) -> None:
        self._site = runtime.site_of(view, pod, pods.node_name(pod))
        self._machine = inspect.machine(view, pod) if self._site is not None else None

    def processes(self, container: str) -> list[Row]:
        """{pid, parent, command, state, started (ms), cpu (millicores), memory (bytes)} of each, in order of the pids."""
        if self._machine is None:
            return []
        return [
            {
                "pid": one.pid, "parent": one.parent, "command": one.command, "state": one.state, "started": one.started,
                "cpu": one.cpu, "memory": one.memory,
            }
            for one in self._machine.processes(container)
        ]

    def listens(self, container: str) -> list[int]:
        """The ports that a container's processes listen on."""
        return [] if self._machine is None else sorted(self._machine.ports(container))

    def lines(self, container: str) -> list[Line]:
        """What the present run of a container has written."""
        has_run = self._site is not None and container in self._site.row["images"]
        return self._machine.logs(container) if self._machine is not None and has_run else []

    def files(self, volume: str) -> Tree | None:
        """What lies in a volume; None while it is not mounted."""
        if self._site is None or self._machine is None or volume not in self._site.places:
            return None
        key, path, *_ = self._site.places[volume]
        whole = self._machine.volumes.get(key, Tree())
        if path != "/":
            return inspect.below(whole, path)
        return projected.frozen(whole, 0) if f"/{projected.DATA}" in whole else whole  # without the links that the kubelet turns
