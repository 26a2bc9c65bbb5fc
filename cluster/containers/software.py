"""What processes see of an image: its files, its userland, its own server. Built from the catalogue, never stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster.containers.files import Tree

# Userlands: whose tools lie in the image. NONE has neither shell nor tools (distroless, scratch).
BUSYBOX, ALPINE, GNU, NONE = "busybox", "alpine", "gnu", "none"


@dataclass(frozen=True, slots=True)
class Server:
    """The image's own server: what it listens on, what it says, what breaks it. Data only."""

    protocol: str  # "http", "redis", "mysql", "postgres", "tcp", "none": what `Machine.serve` answers with
    ports: tuple[int, ...] = ()
    start: int = 100  # ms until its ports are open
    root: str = ""  # http: the directory whose files it serves; "": it answers any path with `answer`
    answer: str = ""  # http: the body for any path
    needs_env: tuple[str, ...] = ()  # one of these has to be set…
    refusal: tuple[str, ...] = ()  # …or these lines are written, and it ends with 1
    config: str = ""  # a configuration file that must be readable and sane
    data: str = ""  # the directory that it keeps its data in
    says: tuple[tuple[int, str], ...] = ()  # (ms after the start, line)
    goes: tuple[str, ...] = ()  # lines on its way out
    stop_signals: tuple[str, ...] = ("TERM", "QUIT", "INT")  # those that it heeds
    stop_code: int = 0
    stop_takes: int = 50  # ms
    port_options: tuple[str, ...] = ()  # arguments that name the port: "--port", "-listen"
    workers: tuple[str, ...] = ()  # command lines of its other processes, for `ps`
    memory: int = 8 << 20  # bytes
    fails_from: int | None = None  # ms after the start from which it answers with 500


@dataclass(frozen=True, slots=True)
class Software:
    """An image as its processes see it."""

    name: str  # the familiar reference, "nginx"
    version: str = ""
    userland: str = GNU
    bash: bool = False  # whether /bin/bash is there
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    uid: int = 0
    files: Tree = field(default_factory=Tree)
    programs: frozenset[str] = frozenset()  # what can be called besides the userland's tools
    servers: Mapping[str, Server] = field(default_factory=dict)  # program -> what it does when it is called
    generic: bool = False  # an image that nobody knows: every program that is called runs as a server
