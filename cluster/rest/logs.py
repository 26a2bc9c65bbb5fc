"""`pods/log`: what a container has written, whole or as it goes on (pkg/registry/core/pod/strategy.go, LogLocation)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cluster.apiserver import errors
from cluster.apiserver.reader import Reader
from cluster.kubelet.log_streams import Line, Stream, all_containers
from cluster.objects import times
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods
from cluster.rest.messages import Parameters, Request
from cluster.rest.paths import Target


@dataclass(frozen=True, slots=True)
class Log:
    """A log that somebody reads: everything up to `until` (virtual ms) has been told."""

    stream: Stream
    follow: bool
    timestamps: bool
    since: int | None
    tail: int | None
    left: int | None  # bytes that may still be told
    until: int | None = None

    def told(self, reader: Reader) -> tuple[Log, bytes]:
        """The log after what there is by now, and what the client is told; raises what the kubelet refuses."""
        lines = self.stream.lines(reader)
        new = self._chosen(lines) if self.until is None else [line for line in lines if line[0] > self.until]
        text = "".join(self._shown(line) for line in new).encode()
        if self.left is None:
            return replace(self, until=reader.now), text
        return replace(self, until=reader.now, left=self.left - len(text[: self.left])), text[: self.left]

    def is_over(self, reader: Reader) -> bool:
        """Whether nothing more can be told."""
        return not self.follow or self.left == 0 or self.stream.has_ended(reader)

    def _chosen(self, lines: list[Line]) -> list[Line]:
        kept = [line for line in lines if self.since is None or line[0] >= self.since]
        return kept if self.tail is None else kept[len(kept) - min(self.tail, len(kept)) :]

    def _shown(self, line: Line) -> str:
        stamp = f"{times.micro(line[0]).removesuffix('Z')}000Z " if self.timestamps else ""
        return f"{stamp}{line[1]}\n"


def begun(reader: Reader, request: Request, target: Target) -> tuple[Log, bytes]:
    """The log that is asked for and what it tells at once; raises NotFound, BadRequest and what the kubelet refuses."""
    parameters = request.parameters
    pod = reader.get("pods", target.namespace or "", target.name)
    if pod is None:
        raise errors.not_found(pods.KIND, target.name)
    container = container_of(pod, parameters.text("container"))
    stream = Stream(target.namespace or "", target.name, container, parameters.on("previous"))
    log = Log(
        stream, parameters.on("follow"), parameters.on("timestamps"), _since(reader, parameters),
        _amount(parameters, "tailLines", 0), _amount(parameters, "limitBytes", 1),
    )
    return log.told(reader)


def container_of(pod: Document, wanted: str) -> str:
    """The container that is meant; raises BadRequest for one that there is not, and when it has to be named."""
    known = [container["name"] for container in all_containers(pod)]
    name = pod["metadata"]["name"]
    if wanted in known:
        return wanted
    if wanted:
        raise errors.bad_request(f"container {wanted} is not valid for pod {name}")
    if len(pods.containers(pod)) == 1:
        return str(pods.containers(pod)[0]["name"])
    own, initial = ([one["name"] for one in group] for group in (pods.containers(pod), pods.init_containers(pod)))
    others = f" or one of the init containers: [{' '.join(initial)}]" if initial else ""
    raise errors.bad_request(
        f"a container name must be specified for pod {name}, choose one of: [{' '.join(own)}]{others}"
    )


def _amount(parameters: Parameters, name: str, least: int) -> int | None:
    amount = parameters.number(name)
    if amount is not None and amount < least:
        raise errors.bad_request(f"{name}: Invalid value: {amount}: must be greater than or equal to {least}")
    return amount


def _since(reader: Reader, parameters: Parameters) -> int | None:
    """The earliest moment of lines to tell (virtual ms)."""
    seconds, moment = _amount(parameters, "sinceSeconds", 1), parameters.text("sinceTime")
    if seconds is not None and moment:
        raise errors.bad_request("at most one of `sinceTime` or `sinceSeconds` may be specified")
    if seconds is not None:
        return reader.now - seconds * times.SECOND
    if not moment:
        return None
    try:
        return times.parse(moment)
    except ValueError as problem:
        raise errors.bad_request(f'sinceTime: Invalid value: "{moment}": must be a time as in RFC 3339') from problem
