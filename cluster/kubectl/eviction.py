"""Which Pods of a node `kubectl drain` may take away, and what it says about the others (kubectl/pkg/drain/filters.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from cluster.apiserver.reader import Reader
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods

DAEMONSETS = "daemonsets.apps"
FINISHED = ("Succeeded", "Failed")


class Allowed(NamedTuple):
    """What the user has said yes to. `leaving_for`: Pods whose deletion is overdue by more seconds are left alone; 0 none."""

    ignore_daemonsets: bool = False
    empty_dirs: bool = False
    force: bool = False
    leaving_for: int = 0


class Verdict(NamedTuple):
    """Whether a Pod goes; a warning when something is to be said about it, an error when it stops the drain."""

    goes: bool
    warning: str = ""
    error: str = ""


GOES = Verdict(True)


@dataclass
class Plan:
    """What a drain does: the Pods that go, in order, and sentences with the Pods that they are about."""

    pods: list[Document] = field(default_factory=list)
    _warnings: dict[str, list[str]] = field(default_factory=dict)
    _errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def warning(self) -> str:
        return "; ".join(f"{text}: {', '.join(pods)}" for text, pods in self._warnings.items())

    @property
    def errors(self) -> list[str]:
        return [f"cannot delete {text}: {', '.join(pods)}" for text, pods in self._errors.items()]

    def add(self, pod: Document, verdict: Verdict) -> None:
        name = f"{metadata.namespace(pod)}/{metadata.name(pod)}"
        if verdict.goes:
            self.pods.append(pod)
        if verdict.warning:
            self._warnings.setdefault(verdict.warning, []).append(name)
        if verdict.error:
            self._errors.setdefault(verdict.error, []).append(name)


def plan(pods: Iterable[Document], allowed: Allowed, view: Reader) -> Plan:
    """Judge every Pod of a node."""
    found = Plan()
    for pod in pods:
        found.add(pod, _verdict(pod, allowed, view))
    return found


def is_overdue(pod: Document, seconds: int, now: int) -> bool:
    """Whether its deletion should have ended more than so many seconds ago; 0 seconds: never (shouldSkipPod)."""
    if not seconds or not metadata.is_being_deleted(pod):
        return False
    return (now - times.parse(pod["metadata"]["deletionTimestamp"])) // times.SECOND > seconds


def _verdict(pod: Document, allowed: Allowed, view: Reader) -> Verdict:
    """The first filter that keeps a Pod decides; of several warnings the last one stays."""
    verdict = GOES
    for judge in _FILTERS:
        verdict = judge(pod, allowed, view)
        if not verdict.goes:
            return verdict
    return verdict


def _is_finished(pod: Document) -> bool:
    return dig(pod, "status", "phase") in FINISHED


def _leaving(pod: Document, allowed: Allowed, view: Reader) -> Verdict:
    return Verdict(not is_overdue(pod, allowed.leaving_for, view.now))


def _of_daemonset(pod: Document, allowed: Allowed, view: Reader) -> Verdict:
    owner = metadata.controller_of(pod)
    if owner is None or owner.get("kind") != "DaemonSet" or _is_finished(pod):
        return GOES
    if view.get(DAEMONSETS, metadata.namespace(pod), owner["name"]) is None:
        orphaned = f'{DAEMONSETS} "{owner["name"]}" not found'
        return Verdict(True, warning=orphaned) if allowed.force else Verdict(False, error=orphaned)
    if allowed.ignore_daemonsets:
        return Verdict(False, warning="ignoring DaemonSet-managed Pods")
    return Verdict(False, error="DaemonSet-managed Pods (use --ignore-daemonsets to ignore)")


def _mirror(pod: Document, allowed: Allowed, view: Reader) -> Verdict:
    return Verdict(not pods.is_mirror(pod))


def _with_local_storage(pod: Document, allowed: Allowed, view: Reader) -> Verdict:
    volumes = dig(pod, "spec", "volumes", default=[])
    if not any(volume.get("emptyDir") is not None for volume in volumes) or _is_finished(pod):
        return GOES
    if allowed.empty_dirs:
        return Verdict(True, warning="deleting Pods with local storage")
    return Verdict(False, error="Pods with local storage (use --delete-emptydir-data to override)")


def _unmanaged(pod: Document, allowed: Allowed, view: Reader) -> Verdict:
    if metadata.controller_of(pod) is not None or _is_finished(pod):
        return GOES
    if allowed.force:
        return Verdict(True, warning="deleting Pods that declare no controller")
    return Verdict(False, error="Pods that declare no controller (use --force to override)")


_FILTERS: tuple[Callable[[Document, Allowed, Reader], Verdict], ...] = (
    _leaving, _of_daemonset, _mirror, _with_local_storage, _unmanaged,
)
