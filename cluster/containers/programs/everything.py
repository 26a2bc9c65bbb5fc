"""Imports every family of programs, so that `call.PROGRAMS` knows them all."""

from cluster.containers.programs import (
    awk,
    clients,
    clock,
    files,
    interpreters,
    network,
    sed,
    servers,
    stress,
    system,
    testing,
    text,
    unknown,
)

__all__ = [
    "awk",
    "clients",
    "clock",
    "files",
    "interpreters",
    "network",
    "sed",
    "servers",
    "stress",
    "system",
    "testing",
    "text",
    "unknown",
]
