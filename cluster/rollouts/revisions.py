"""The revisions of a workload: number, cause, images, age, and what each changed in the template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.kubectl.rollouts import ROLLOUTS
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import deployment as deployments
from cluster.rollouts import workload as workloads

# Differences of a template that are told, and how long each value may be.
MAX_DIFFERENCES = 8
MAX_TEXT = 80
NOTHING = "–"
RESTARTED = "kubectl.kubernetes.io/restartedAt"


def revisions(view: Reader, workload: Document) -> list[dict[str, Any]]:
    """Its revisions, the newest first; `keeper` is the ReplicaSet or ControllerRevision."""
    kept = workloads.keepers(view, workload)
    newest = workloads.newest_keeper(workload, kept)
    numbered = sorted(((workloads.number_of(one), one) for one in kept if workloads.number_of(one)), key=lambda pair: pair[0])
    found: list[dict[str, Any]] = []
    before: Document | None = None
    for number, keeper in numbered:
        template = workloads.template_of(keeper)
        found.append({
            "number": number, "keeper": metadata.name(keeper), "cause": deployments.change_cause(keeper),
            "images": images(template), "created": times.parse(keeper["metadata"]["creationTimestamp"]),
            "current": newest is not None and metadata.uid(keeper) == metadata.uid(newest),
            "changes": [] if before is None else differences(before, template),
        })
        before = template
    return found[::-1]


def can_undo(workload: Document) -> bool:
    """Whether `kubectl rollout undo` knows this kind and would do it now: a paused Deployment is refused."""
    return workloads.resource_of(workload) in ROLLOUTS and not workloads.is_paused(workload)


def images(template: Document) -> list[str]:
    """The images of its containers."""
    return [container.get("image", "") for container in dig(template, "spec", "containers", default=[])]


def differences(old: Document, new: Document) -> list[dict[str, str]]:
    """What is different in a template: path, what it was and what it is; at most MAX_DIFFERENCES of them."""
    found = []
    for path, before, after in _differences("", old, new):
        found.append({"path": path, "old": _text(before), "new": _text(after)})
        if len(found) == MAX_DIFFERENCES:
            break
    return found


def _differences(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _differences(f"{path}.{key}" if path else key, old.get(key), new.get(key))
    elif _are_named(old) and _are_named(new):
        before, after = ({one["name"]: one for one in items} for items in (old, new))
        for name in dict.fromkeys([*before, *after]):
            yield from _differences(f"{path}[{name}]", before.get(name), after.get(name))
    else:
        yield path, old, new


def _are_named(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) and "name" in item for item in items)


def _text(value: Any) -> str:
    """A value in few words; a whole part of the template by its name."""
    if value is None:
        return NOTHING
    if isinstance(value, dict):
        value = value.get("name") or value.get("image") or ", ".join(sorted(value))
    elif isinstance(value, list):
        value = " ".join(str(item) for item in value)
    text = str(value)
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
