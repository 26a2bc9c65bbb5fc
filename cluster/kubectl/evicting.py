"""How `kubectl drain` gets Pods off a node: it asks for each, again where a budget refuses, and waits until they are gone.

kubectl/pkg/drain/drain.go (evictPods, deletePods, waitForDelete).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cluster.apiserver.errors import APIError
from cluster.kubectl.eviction import is_overdue
from cluster.kubectl.invocation import Invocation, Output, Run, Wait
from cluster.kubectl.results import SUFFIXES, DryRun
from cluster.kubectl.waiting import duration
from cluster.kubelet.durations import go_duration
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.simulation.simulation import UserServer

# How long kubectl waits before it tries a refused eviction again (EvictErrorRetryDelay).
RETRY = 5000
TOO_MANY_REQUESTS = 429
SKIP_WAIT = "skip-wait-for-delete-timeout"
TOO_LATE = "context deadline exceeded"


def full_name(pod: Document) -> str:
    """ "namespace/name"."""
    return f"{metadata.namespace(pod)}/{metadata.name(pod)}"


class Evictions:
    """The Pods that are to leave a node: when each is asked for (again), which are on their way, what went wrong."""

    verb = "evicted"

    def __init__(
        self, invocation: Invocation, pods: Sequence[Document], node: str, end: int | None, strategy: DryRun
    ) -> None:
        self.reasons: list[str] = []
        self._invocation = invocation
        self._node = node
        self._end = end
        self._strategy = strategy
        self._to_ask = {full_name(pod): (invocation.api.now, pod) for pod in pods}
        self._leaving: dict[str, Document] = {}

    def run(self) -> Run:
        """Everything until no Pod is left or there is no hope any more; `reasons` then say why."""
        while True:
            yield from self._ask()
            yield from self._look()
            if self._is_late:
                self._give_up()
            if not self._to_ask and not self._leaving:
                return 0
            moments = [due for due, _ in self._to_ask.values()]
            yield Wait(min([*moments, *self._deadline()], default=None))

    @property
    def _is_late(self) -> bool:
        return self._end is not None and self._invocation.api.now >= self._end

    def _deadline(self) -> list[int]:
        """The deadline while there is something that it would end."""
        return [self._end] if self._end is not None and self._leaving else []

    # --- asking ------------------------------------------------------------------------------------------------------

    def _ask(self) -> Iterator[Output]:
        """Make the requests whose time has come."""
        now = self._invocation.api.now
        for name, (due, pod) in list(self._to_ask.items()):
            if due > now:
                continue
            del self._to_ask[name]
            # Another Pod may have taken the name of one that was refused.
            pod = self._invocation.api.get("pods", metadata.namespace(pod), metadata.name(pod)) or pod
            suffix = SUFFIXES[self._strategy]
            yield Output("stdout", f"evicting pod {name}{suffix}\n")
            if self._is_late:
                timeout = go_duration(duration(self._invocation, "timeout"))
                self.reasons.append(f"{_failed(pod)}: global timeout reached: {timeout}")
                continue
            refusal = self._request(pod)
            if refusal is None or _goes_with_its_namespace(refusal, pod):
                if self._strategy == "none":
                    self._leaving[name] = pod
            elif refusal.code == TOO_MANY_REQUESTS or _namespace_goes(refusal):
                yield Output("stderr", _refused(pod, refusal))
                self._to_ask[name] = (now + RETRY, pod)
            elif refusal.reason != "NotFound":
                self.reasons.append(f"{_failed(pod)}: {refusal.message}")

    def _request(self, pod: Document) -> APIError | None:
        """The server's refusal, None when it agreed."""
        seconds = self._invocation.number("grace-period")
        writer = self._invocation.shell.writer()
        args = {"pod": object_reference("pods", pod), "node": f"nodes//{self._node}"}
        writer.tell(Story("user.evicted", args, NARRATED))
        place = (metadata.namespace(pod), metadata.name(pod))
        grace, rehearsal = (None if seconds < 0 else seconds), self._strategy == "server"
        try:
            self._send(writer, place, grace, rehearsal)
        except APIError as refusal:
            return refusal
        return None

    def _send(self, writer: UserServer, place: tuple[str, str], grace: int | None, rehearsal: bool) -> None:
        writer.evict(*place, grace=grace, dry_run=rehearsal)

    # --- waiting -----------------------------------------------------------------------------------------------------

    def _look(self) -> Iterator[Output]:
        """Tell of the Pods that are gone by now."""
        seconds = self._invocation.number(SKIP_WAIT)
        for name, pod in list(self._leaving.items()):
            current = self._invocation.api.get("pods", metadata.namespace(pod), metadata.name(pod))
            if current is None or metadata.uid(current) != metadata.uid(pod):
                del self._leaving[name]
                yield Output("stdout", f"pod/{metadata.name(pod)} {self.verb}\n")
            elif is_overdue(current, seconds, self._invocation.api.now):
                del self._leaving[name]
                text = f'pod "{metadata.name(pod)}" has DeletionTimestamp older than {seconds} seconds, skipping\n'
                yield Output("stdout", text)

    def _give_up(self) -> None:
        """Time is over: nobody waits any longer. Those that were refused learn it when they are asked for again."""
        for pod in self._leaving.values():
            self.reasons.append(
                f'error when waiting for pod "{metadata.name(pod)}" in namespace "{metadata.namespace(pod)}" to terminate:'
                f" {TOO_LATE}"
            )
        self._leaving = {}


class Deletions(Evictions):
    """The same with --disable-eviction: plain deletes, which no budget refuses; the first refusal ends it."""

    verb = "deleted"

    def _ask(self) -> Iterator[Output]:
        for name, (_, pod) in list(self._to_ask.items()):
            refusal = self._request(pod)
            if refusal is not None and refusal.reason != "NotFound":
                self.reasons.append(refusal.message)
                self._to_ask, self._leaving = {}, {}
                break
            del self._to_ask[name]
            if self._strategy == "none":
                self._leaving[name] = pod
        return iter(())

    def _send(self, writer: UserServer, place: tuple[str, str], grace: int | None, rehearsal: bool) -> None:
        writer.delete("pods", *place, grace=grace, dry_run=rehearsal)

    def _give_up(self) -> None:
        if self._leaving:
            self.reasons.append(TOO_LATE)
        self._leaving = {}


def _namespace_goes(refusal: APIError) -> bool:
    """Whether nothing is evicted because the namespace is going away."""
    return any(cause.get("reason") == "NamespaceTerminating" for cause in refusal.details.get("causes", ()))


def _goes_with_its_namespace(refusal: APIError, pod: Document) -> bool:
    return _namespace_goes(refusal) and metadata.is_being_deleted(pod)


def _refused(pod: Document, refusal: APIError) -> str:
    """What is said about a refusal that may be lifted."""
    later = f"(will retry after {RETRY // 1000}s): {refusal.message}\n"
    if not _namespace_goes(refusal):
        return f"{_failed(pod)} {later}"
    return f'error when evicting pod "{metadata.name(pod)}" from terminating namespace "{metadata.namespace(pod)}" {later}'


def _failed(pod: Document) -> str:
    return f'error when evicting pods/"{metadata.name(pod)}" -n "{metadata.namespace(pod)}"'
