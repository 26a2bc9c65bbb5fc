"""The logs of one container as the kubelet serves them: its lines, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.apiserver import errors
from cluster.apiserver.errors import APIError
from cluster.apiserver.reader import Reader
from cluster.kubelet import logs
from cluster.objects import times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

KUBELET_PORT = 10250
# How far ahead the next line is looked for (ms), in growing strides.
STRIDES = (times.SECOND, 10 * times.SECOND, times.MINUTE, 10 * times.MINUTE, times.HOUR)
# Words for reasons that say little by themselves (validateContainerLogStatus in pkg/kubelet/kubelet_pods.go).
_WAITING = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}

Line = tuple[int, str]  # when it was written (virtual ms), the line


@dataclass(frozen=True)
class Stream:
    """The log of one container."""

    namespace: str
    pod: str
    container: str
    previous: bool

    def lines(self, reader: Reader, until: int | None = None) -> list[Line]:
        """What has been written by now (or will have been by `until`, if nothing happens); raises the server's refusals."""
        pod = self._pod(reader)
        if not pods.node_name(pod):
            return []
        refuse_when_unreachable(reader, pod, f"containerLogs/{self.namespace}/{self.pod}/{self.container}")
        self._check(pod)
        end = reader.now if until is None else until
        return [(line.at, line.text) for line in logs.lines(reader, pod, self.container, end, previous=self.previous)]

    def next_line(self, reader: Reader) -> int | None:
        """When the next line is due; None when none is within an hour."""
        for stride in STRIDES:
            for at, _ in self.lines(reader, reader.now + stride):
                if at > reader.now:
                    return at
        return None

    def has_ended(self, reader: Reader) -> bool:
        """Whether nothing can come any more from this run of the container."""
        pod = reader.get("pods", self.namespace, self.pod)
        if pod is None or self.previous:
            return True
        return dig(pods.container_status(pod, self.container), "state", "running") is None

    def _pod(self, reader: Reader) -> Document:
        found = reader.get("pods", self.namespace, self.pod)
        if found is None:
            raise errors.not_found(pods.KIND, self.pod)
        return found

    def _check(self, pod: Document) -> None:
        """Refuse as the kubelet does when there can be no log yet (validateContainerLogStatus)."""
        status = pods.container_status(pod, self.container) or {}
        ended_before = dig(status, "lastState", "terminated")
        waiting = dig(status, "state", "waiting")
        if self.previous and not ended_before:
            raise errors.bad_request(f'previous terminated container "{self.container}" in pod "{self.pod}" not found')
        if not self.previous and waiting is not None and not ended_before:
            reason = waiting.get("reason", "")
            raise errors.bad_request(
                f'container "{self.container}" in pod "{self.pod}" is waiting to start: {_WAITING.get(reason, reason)}'
            )
        if not status:
            raise errors.bad_request(f'container "{self.container}" in pod "{self.pod}" is not available')


def all_containers(pod: Document) -> list[Document]:
    """Init containers first."""
    return [*pods.init_containers(pod), *pods.containers(pod)]


def refuse_when_unreachable(reader: Reader, pod: Document, path: str) -> None:
    """The API server asks the node's kubelet: without one it has nothing to say."""
    node = pods.node_name(pod)
    if not reader.is_off(f"kubelet/{node}", f"node/{node}"):
        return
    host = dig(pod, "status", "hostIP") or (reader.host("host/machines", (node,)) or {}).get("ip", node)
    why = "no route to host" if reader.is_off(f"node/{node}") else "connection refused"
    message = (
        f'Get "https://{host}:{KUBELET_PORT}/{path}": dial tcp {host}:{KUBELET_PORT}: connect: {why}'
    )
    raise APIError(500, "", message)
