"""What a run of a container is like: the plan that the kubelet follows, and the plan of an image left to itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cluster.containers.images import TERMINATED, Image
from cluster.objects import times
from cluster.objects.documents import Document

KILLED = 137  # 128 + SIGKILL
NOT_FOUND = 127
CANNOT_START = 128

_TOOL_NAMES = (
    "echo printf date ls env hostname id whoami uname pwd mkdir chmod chown cp mv ln cd export set unset local umask "
    "test [ true : wget curl nslookup dig ping grep sed awk head tee sort wc cut tr seq expr find ps df du mount sync "
    "apk apt-get apt pip npm nc telnet trap read shift eval source . which basename dirname kill stty clear dd od "
    "md5sum sha256sum base64 ip ifconfig netstat ss route free uptime nproc"
)
# Programs that end at once and succeed, whatever they are told.
TOOLS = frozenset(_TOOL_NAMES.split())
# Programs that run until they are stopped and that, as process 1, do not hear SIGTERM.
INTERPRETERS = frozenset({"python", "python3", "node", "java", "ruby", "php", "go", "perl"})


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of a process, `after` ms from its start."""

    after: int
    code: int
    reason: str = ""

    @property
    def shown_reason(self) -> str:
        """`terminated.reason` as containerd derives it from the code."""
        return self.reason or ("Completed" if self.code == 0 else "Error")


@dataclass(frozen=True, slots=True)
class Cycle:
    """What an endless loop writes, again and again, from `start` on."""

    start: int
    period: int
    outputs: tuple[tuple[int, str], ...]  # relative to the beginning of each round


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run of a container will be like. Times are ms from its start."""

    ports: frozenset[int] | None = frozenset()  # None: any
    ready_after: int = 0
    end: Exit | None = None
    stops: bool = True  # whether the stop signal ends it
    stop_code: int = TERMINATED
    error: str = ""  # why the runtime cannot start it at all
    files: tuple[tuple[int, str, bool], ...] = ()  # (when, path, exists from now on)
    paths: frozenset[str] | None = None  # what its web server has
    fails_from: int | None = None  # from when on it answers with 500
    programs: frozenset[str] = frozenset()
    outputs: tuple[tuple[int, str], ...] = ()  # what it writes: (when, line)
    cycle: Cycle | None = None

    def listens(self, port: int, at: int) -> bool:
        return at >= self.ready_after and (self.ports is None or port in self.ports)

    def has_file(self, path: str, at: int) -> bool:
        exists = False
        for when, name, there in self.files:
            if name == path and when <= at:
                exists = there
        return exists

    @property
    def turns(self) -> list[int]:
        """When something that a probe could see changes."""
        found = {when for when, _, _ in self.files} | {self.ready_after}
        return sorted(found | ({self.fails_from} if self.fails_from is not None else set()))


def is_own_server(image: Image, word: str, program: str) -> bool:
    """Whether a command is the image's own server."""
    own = image.programs and (word in image.programs or program in image.programs)
    return image.serves and bool(own) and "*" not in image.programs


def exists(image: Image, word: str, program: str) -> bool:
    """Whether a command can be found in the image."""
    known = "*" in image.programs or word in image.programs or program in image.programs
    if known or not image.has_shell:
        return known
    # A path may lead to anything that a volume or the image brings along.
    return program in TOOLS or program in ("sleep", "cat", "tail", "false", "touch", "rm", "exec") or "/" in word


def not_found(word: str) -> str:
    """The runtime's complaint about a command that is not there."""
    problem = "no such file or directory" if "/" in word else "executable file not found in $PATH"
    detail = f'stat {word}: {problem}' if "/" in word else problem
    return (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
        f'unable to start container process: error during container init: exec: "{word}": {detail}'
    )


def default(container: Document, image: Image, argv: Sequence[str] = ()) -> Plan:
    """What the image does by itself, or with arguments for its own program."""
    if not image.serves:
        return Plan(end=Exit(20, 0), programs=image.programs)
    if image.needs_env and not image.needs_env & _environment(container) and not container.get("envFrom"):
        return Plan(end=Exit(400, 1))
    ports = frozenset(image.ports) if image.ports is not None else declared_ports(container)
    named = _listening_argument(argv)
    return Plan(
        ports=ports | named if ports is not None else None, ready_after=image.start, stops=image.stops,
        stop_code=image.stop_code, programs=image.programs,
        paths=None if container.get("volumeMounts") and _mounts_content(container) else image.paths,
        fails_from=10 * times.SECOND if "liveness" in argv[:2] else None,
    )


def _mounts_content(container: Document) -> bool:
    return any("serviceaccount" not in mount["mountPath"] for mount in container["volumeMounts"])


def _environment(container: Document) -> frozenset[str]:
    return frozenset(variable["name"] for variable in container.get("env") or [])


def declared_ports(container: Document) -> frozenset[int] | None:
    """The ports that a container says it listens on; None when it says nothing."""
    declared = frozenset(port["containerPort"] for port in container.get("ports") or [])
    return declared or None


def _listening_argument(argv: Sequence[str]) -> frozenset[int]:
    """The port in arguments such as `--http-port=8080`, `--port 8080`, `-listen=:5678`."""
    return frozenset(int(port) for port in re.findall(r"(?:port|listen)[= ]\D{0,12}?(\d{2,5})", " ".join(argv)))
