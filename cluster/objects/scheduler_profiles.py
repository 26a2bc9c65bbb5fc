"""What a profile of a KubeSchedulerConfiguration comes to: which plugins run where, in which order, with which weight.

pkg/scheduler/apis/config/v1/default_plugins.go, pkg/scheduler/framework/runtime/framework.go (NewFramework).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cluster.objects.documents import Document
from cluster.objects.scheduler_configuration_schema import POINTS

DEFAULT_SCHEDULER = "default-scheduler"

# The plugins in the default order, each with the extension points that it implements.
PLUGINS: Mapping[str, frozenset[str]] = {
    name: frozenset(points.split()) for name, points in {
        "SchedulingGates": "preEnqueue",
        "PrioritySort": "queueSort",
        "NodeUnschedulable": "filter",
        "NodeName": "filter",
        "TaintToleration": "filter preScore score",
        "NodeAffinity": "preFilter filter preScore score",
        "NodePorts": "preFilter filter",
        "NodeResourcesFit": "preFilter filter preScore score",
        "VolumeRestrictions": "preFilter filter",
        "NodeVolumeLimits": "preFilter filter",
        "VolumeBinding": "preFilter filter preScore score reserve preBind",
        "VolumeZone": "preFilter filter",
        "PodTopologySpread": "preFilter filter preScore score",
        "InterPodAffinity": "preFilter filter preScore score",
        "DynamicResources": "preEnqueue preFilter filter postFilter score reserve preBind",
        "DefaultPreemption": "preEnqueue postFilter",
        "NodeResourcesBalancedAllocation": "preScore score",
        "ImageLocality": "score",
        "DefaultBinder": "bind",
    }.items()
}
WEIGHTS: Mapping[str, int] = {
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "NodeResourcesFit": 1,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
    "DynamicResources": 2,
    "NodeResourcesBalancedAllocation": 1,
    "ImageLocality": 1,
}
ALL = "*"


class ProfileError(ValueError):
    """No scheduler can be made of the profile; the message is kube-scheduler's when it fails to start."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Plugin names by extension point, in order, and the weights of those that score."""

    points: Mapping[str, tuple[str, ...]]
    weights: Mapping[str, int]

    @property
    def plugins(self) -> tuple[str, ...]:
        """All plugins that run somewhere, in the default order."""
        used = {name for names in self.points.values() for name in names}
        return tuple(name for name in PLUGINS if name in used)


def scheduler_name(profile: Document) -> str:
    """The name of a profile; the only one of a configuration may leave it out."""
    return str(profile.get("schedulerName") or DEFAULT_SCHEDULER)


def arranged(profile: Document) -> Arrangement:
    """The default plugins as the profile changes them; raises ProfileError when nothing can be made of it."""
    sets: Document = profile.get("plugins") or {}
    multi_point = _merged(sets.get("multiPoint") or {})
    for name in multi_point:
        _must_exist(name, "preEnqueue")
    points = {point: _expanded(point, sets.get(point) or {}, multi_point) for point in POINTS}
    name = scheduler_name(profile)
    if (found := len(points["queueSort"])) != 1:
        raise ProfileError(f'only one queue sort plugin required for profile with scheduler name "{name}", but got {found}')
    if not points["bind"]:
        raise ProfileError(f'at least one bind plugin is needed for profile with scheduler name "{name}"')
    return Arrangement(points, _weights(points["score"], sets.get("score") or {}, multi_point))


def _merged(custom: Document) -> dict[str, int]:
    """The default plugins with their weights, changed by what a profile says of all extension points."""
    disabled = set(_names(custom, "disabled"))
    own, named = _own_weights(custom), _names(custom, "enabled")
    if len(own) < len(named):
        name = next(name for name in own if named.count(name) > 1)
        raise ProfileError(f'plugin "{name}" already registered as "{_interface("preEnqueue")}"')
    if ALL in disabled:
        return own
    kept = {name: own.get(name, WEIGHTS.get(name, 0)) for name in PLUGINS if name not in disabled}
    return kept | own


def _expanded(point: str, custom: Document, multi_point: Iterable[str]) -> tuple[str, ...]:
    """Who runs at an extension point: first what overrides, then what multiPoint enables, then what is only here."""
    enabled, disabled = _names(custom, "enabled"), _names(custom, "disabled")
    for index, name in enumerate(enabled):
        _must_exist(name, point)
        if point not in PLUGINS[name]:
            raise ProfileError(f'plugin "{name}" does not extend {_interface(point)} plugin')
        if name in enabled[:index]:
            raise ProfileError(f'plugin "{name}" already registered as "{_interface(point)}"')
    if ALL in disabled:
        return tuple(enabled)
    wanted = [name for name in multi_point if point in PLUGINS[name] and name not in disabled]
    overriding = [name for name in enabled if name in wanted]
    others = [name for name in enabled if name not in wanted]
    return (*overriding, *(name for name in wanted if name not in enabled), *others)


def _weights(scoring: Iterable[str], custom: Document, multi_point: Mapping[str, int]) -> dict[str, int]:
    own = _own_weights(custom)
    return {name: (own[name] if name in own else multi_point[name]) or 1 for name in scoring}


def _names(custom: Document, field: str) -> list[str]:
    return [plugin.get("name", "") for plugin in custom.get(field) or ()]


def _own_weights(custom: Document) -> dict[str, int]:
    return {plugin.get("name", ""): plugin.get("weight") or 0 for plugin in custom.get("enabled") or ()}


def _must_exist(name: str, point: str) -> None:
    if name not in PLUGINS:
        raise ProfileError(f'{_interface(point)} "{name}" does not exist')


def _interface(point: str) -> str:
    """The Go interface of an extension point."""
    return f"{point[0].upper()}{point[1:]}Plugin"
