"""Documents by the thousand: a mould is a document with holes, taken from an object that the ordinary engine made.

What does not differ between two objects is shared by all of them, and so is what differs only by node or by moment.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from cluster.objects.documents import Document

# One value per hole.
Values = Sequence[Any]
Filler = Callable[[Values], Any]
# How many shared parts a mould keeps before it forgets them all.
SHARED_LIMIT = 20_000


class Mould:
    """A document whose holes are strings. `holes` says which string of the sample stands for which place in the values.

    Parts all of whose holes are `common` (a node's address, a moment) are made once per combination of values.
    """

    def __init__(self, sample: Document, holes: Mapping[str, int], common: frozenset[int]) -> None:
        self._holes = holes
        self._common = common
        part, self.places = self._part(sample)
        if part is None:
            raise ValueError("a mould without holes")
        self._fill = part

    def fill(self, values: Values) -> Document:
        """The document with these values. Documents share their parts and are never mutated."""
        document: Document = self._fill(values)
        return document

    def _part(self, value: Any) -> tuple[Filler | None, frozenset[int]]:
        """How to make a part, and its holes; (None, none) for one without."""
        if isinstance(value, str):
            place = self._holes.get(value)
            return (None, frozenset()) if place is None else (itemgetter(place), frozenset({place}))
        if isinstance(value, dict):
            return self._container(value, list(value.items()), dict.copy)
        if isinstance(value, list):
            return self._container(value, list(enumerate(value)), list.copy)
        return None, frozenset()

    def _container(
        self, base: Any, items: list[tuple[Hashable, Any]], copy: Callable[[Any], Any]
    ) -> tuple[Filler | None, frozenset[int]]:
        made = [(key, *self._part(item)) for key, item in items]
        fillers = [(key, fill) for key, fill, _ in made if fill is not None]
        places = frozenset[int]().union(*(holes for _, _, holes in made))
        if not fillers:
            return None, places

        def fill(values: Values) -> Any:
            new = copy(base)
            for key, filler in fillers:
                new[key] = filler(values)
            return new

        return (_shared(fill, sorted(places)) if places <= self._common else fill), places


def _shared(fill: Filler, places: list[int]) -> Filler:
    known: dict[Any, Any] = {}
    key_of = itemgetter(*places)

    def filled(values: Values) -> Any:
        key = key_of(values)
        found = known.get(key)
        if found is None:
            if len(known) >= SHARED_LIMIT:
                known.clear()
            found = known[key] = fill(values)
        return found

    return filled
