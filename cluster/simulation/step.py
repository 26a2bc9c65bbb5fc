"""A step: one write with its story. The unit of the journal, of the live feed and of the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cluster.apiserver.state import Change, World


@dataclass(frozen=True, slots=True)
class Step:
    """One write by one actor, and everything else that changed with it (due work, private notes)."""

    revision: int
    at: int  # virtual ms
    actor: str  # "deployment-controller", "kubelet/node-1", "user"
    verb: str  # create, update, patch, delete, bind, evict, write, switch, clock
    objects: tuple[str, ...]  # references; the written one first
    say: str  # key of the sentence
    args: dict[str, Any]
    weight: int
    why: Any
    changes: tuple[Change, ...]
    world: World  # after the step
