"""A little SQL for MySQL and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cluster.containers.programs.call import Call


@dataclass(slots=True)
class Result:
    """What statements came to: row sets [[columns], [rows], tag], an error, the database in use."""

    sets: list[list[Any]] = field(default_factory=list)
    error: str = ""
    database: str = ""
    changed: bool = False


def fresh(protocol: str, env: Mapping[str, str]) -> dict[str, Any]:
    return {"databases": {}}


def run(data: dict[str, Any], protocol: str, database: str, text: str, call: Call) -> Result:
    return Result(database=database)
