"""How containers share the CPU time of a machine that has less of it than they want: in proportion to their requests.

The kernel's weights come from requests (cpu.weight of cgroup v2, pkg/kubelet/cm/helpers_linux.go); a container without a
request has the smallest one. Nobody gets more than it wants, and what one leaves goes to the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

# The weight of a container that requests nothing, in millicores (MinShares).
LEAST = 2


class Want(NamedTuple):
    """What one container would take, and how much it counts (millicores)."""

    wanted: int
    weight: int


def granted(wants: Mapping[str, Want], capacity: int) -> dict[str, int]:
    """The millicores that each may use; more than it wants where its part is larger. {} when there is enough for all."""
    if sum(want.wanted for want in wants.values()) <= capacity:
        return {}
    left, weights = Fraction(capacity), sum(max(LEAST, want.weight) for want in wants.values())
    level = Fraction(0)
    for want in sorted(wants.values(), key=lambda one: Fraction(one.wanted, max(LEAST, one.weight))):
        weight = max(LEAST, want.weight)
        level = left / weights
        if want.wanted > level * weight:
            break
        left, weights = left - want.wanted, weights - weight
    return {name: max(1, int(level * max(LEAST, want.weight))) for name, want in wants.items()}
