"""The pods on the rows and the pods nominated for them, and Snapshots of both for plugins that look at single nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from immutables import Map

from cluster.objects.documents import Document
from cluster.scheduler.arrays.columns import Columns
from cluster.scheduler.arrays.images import Images
from cluster.scheduler.arrays.matching import Matching
from cluster.scheduler.arrays.ports import Ports
from cluster.scheduler.arrays.template import Template
from cluster.scheduler.listers import Lister
from cluster.scheduler.snapshot import ImageState, NodeInfo, PodInfo, Snapshot


class Placed(NamedTuple):
    """A pod as one of its template."""

    document: Document
    template: Template

    def info(self) -> PodInfo:
        return PodInfo(self.document, self.template.requests, self.template.non_zero, self.template.ports)


class Places:
    """Pods by row and key ("namespace/name"). Everything that counts pods follows `put` and `take`.

    `nominated` are waiting pods by the name of the node on which preemption makes room for them.
    """

    def __init__(self, columns: Columns, ports: Ports, matching: Matching) -> None:
        self._columns = columns
        self._ports = ports
        self._matching = matching
        self._pods: dict[int, dict[str, Placed]] = {}
        self._infos: dict[int, NodeInfo] = {}
        self.nominated: dict[str, dict[str, Placed]] = {}
        self._priorities: Counter[int] = Counter()

    def put(self, row: int, key: str, pod: Placed) -> None:
        """Measured: 5 µs."""
        self._pods.setdefault(row, {})[key] = pod
        self._count(row, pod.template, 1)

    def take(self, row: int, key: str) -> Placed | None:
        pod = self._pods.get(row, {}).pop(key, None)
        if pod is not None:
            self._count(row, pod.template, -1)
        return pod

    def replace(self, row: int, key: str, document: Document) -> None:
        """A pod that is still one of its template has a new document."""
        pods = self._pods[row]
        pods[key] = Placed(document, pods[key].template)
        self._infos.pop(row, None)
        self._columns.rooms[row].version += 1

    def on(self, row: int) -> dict[str, Placed]:
        return self._pods.get(row, {})

    def node_changed(self, row: int) -> None:
        self._infos.pop(row, None)

    def info(self, row: int) -> NodeInfo:
        """The node with its pods in the order of their names; made when somebody asks, kept until the row changes."""
        found = self._infos.get(row)
        if found is None:
            found = self._infos[row] = NodeInfo.holding(self._columns.node(row), self.infos(row))
        return found

    def infos(self, row: int) -> list[PodInfo]:
        """The pods in the order of their names."""
        return [pod.info() for _, pod in sorted(self.on(row).items(), key=lambda item: item[0].split("/"))]

    def any_below(self, priority: int) -> bool:
        """Whether any pod on any row is less important."""
        return any(other < priority for other in self._priorities)

    def _count(self, row: int, template: Template, sign: int) -> None:
        self._priorities[template.priority] += sign
        if not self._priorities[template.priority]:
            del self._priorities[template.priority]
        self._infos.pop(row, None)
        self._columns.count(row, template.requests, template.non_zero, sign)
        if template.ports:
            self._ports.count(row, template.ports, sign)
        self._matching.count(row, template, sign)


class RowSnapshot(Snapshot):
    """The rows as they are now as a Snapshot; of use until the next change."""

    def __init__(self, columns: Columns, places: Places, images: Images, lister: Lister) -> None:
        nominated = {name: tuple(pod.info() for pod in pods.values()) for name, pods in places.nominated.items()}
        super().__init__(Map(), (), {}, nominated, lister)
        self._columns = columns
        self._places = places
        self._image: Callable[[str], ImageState | None] = lambda name: images.states().get(name)

    @property
    def nodes(self) -> list[NodeInfo]:
        return [self._places.info(row) for row in self._columns.order.tolist()]

    def __len__(self) -> int:
        return len(self._columns)

    def node(self, name: str) -> NodeInfo | None:
        row = self._columns.row_of.get(name)
        return None if row is None else self._places.info(row)

    def image(self, name: str) -> ImageState | None:
        return self._image(name)
