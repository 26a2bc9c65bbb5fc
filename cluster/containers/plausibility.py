"""Which unknown images somebody may well have pushed, and which names are slips of the pen.

A classroom's own images (`shop:1.2`, `mycorp/api:v3`, `ghcr.io/acme/web`) are in no catalogue. They run as a generic
server. What is meant to fail must go on failing: misspelt well-known names, and names that say that nothing is there.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cluster.containers.catalogue import CATALOGUE, OFFICIAL
from cluster.containers.references import DEFAULT_REGISTRY, Reference
from cluster.containers.references import OFFICIAL as OFFICIAL_PREFIX

# Shorter names are like too many others to be slips of the pen.
SHORTEST_MISSPELT = 5
SHORTEST_NAME = 3
# From this length on two slips count as one name.
LONG_NAME = 9
# Registries that keep few enough images to be known by name.
CURATED = frozenset({"registry.k8s.io", "us-docker.pkg.dev"})
# Names reserved for documentation and tests (RFC 2606) and words for what is not there.
_RESERVED_HOST = re.compile(r"(?:^|.*\.)(?:example(?:\.(?:com|net|org))?|invalid|test)(?::\d+)?")
_NOT_THERE = re.compile(
    r"non-?_?exist|not-?_?exist|no[-_.]?such|does-?_?nt-?_?exist|not-?_?found|not-?_?there|invalid|wrong|broken|bad(?:-|_|$)"
    r"|(?:^|[-_/])missing|unknown|typo|fake|nowhere|pull-?_?fail"
)


@lru_cache(maxsize=4096)
def is_plausible(reference: Reference) -> bool:
    """Whether somebody may have pushed this image, so that it is taken to exist although nothing is known of it."""
    if reference.registry in CURATED or _RESERVED_HOST.fullmatch(reference.registry):
        return False
    if _NOT_THERE.search(reference.name) or _NOT_THERE.search(reference.tag):
        return False
    name = reference.repository.removeprefix(OFFICIAL_PREFIX) if reference.registry == DEFAULT_REGISTRY else reference.repository
    owner, _, last = name.rpartition("/")
    return len(last) >= SHORTEST_NAME and owner != last and not is_misspelt(reference.familiar)


@lru_cache(maxsize=4096)
def is_misspelt(name: str) -> bool:
    """Whether a name is almost that of a well-known image."""
    if len(name) < SHORTEST_MISSPELT:
        return False
    return any(
        abs(len(known) - len(name)) <= 2 and 0 < _slips(name, known, 2) <= (2 if len(known) >= LONG_NAME else 1)
        for known in (*CATALOGUE, *OFFICIAL) if len(known) >= SHORTEST_MISSPELT
    )


def _slips(one: str, other: str, most: int) -> int:
    """Letters added, left out, replaced or exchanged with their neighbour (optimal string alignment distance)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        new = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (letter != wanted))
            if before and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            new.append(cost)
        if min(new) > most:
            return most + 1
        before, row = row, new
    return row[-1]
