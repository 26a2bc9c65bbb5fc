"""NodePorts over all nodes at once: which rows have a host port taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from cluster.scheduler.arrays.columns import Bools, Columns
from cluster.scheduler.arrays.resources import Index
from cluster.scheduler.snapshot import HostPort


class Ports:
    """Host ports of all pods: (protocol, port) -> row -> how many pods take it on which address."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._taken: dict[tuple[str, int], dict[int, Counter[HostPort]]] = {}

    def count(self, row: int, ports: Iterable[HostPort], sign: int) -> None:
        for port in ports:
            rows = self._taken.setdefault((port.protocol, port.port), {})
            counter = rows.setdefault(row, Counter())
            counter[port] += sign
            if not counter[port]:
                del counter[port]
            if not counter:
                del rows[row]

    def free(self, wanted: Iterable[HostPort], rows: Index) -> Bools:
        """Where none of the wanted ports is taken. Its cost grows with the number of pods that have these ports."""
        free = np.ones(self._columns.capacity, np.bool_)
        for port in wanted:
            for row, counter in self._taken.get((port.protocol, port.port), {}).items():
                if any(port.conflicts_with(other) for other in counter):
                    free[row] = False
        found: Bools = free[rows]
        return found
