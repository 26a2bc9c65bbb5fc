"""From the KubeSchedulerConfiguration object to profiles (pkg/scheduler/profile, pkg/scheduler/scheduler.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache

from cluster.apiserver.reader import Reader
from cluster.objects import times
from cluster.objects.documents import Document
from cluster.objects.scheduler_configuration_schema import POINTS
from cluster.objects.scheduler_profiles import PLUGINS, Arrangement, arranged, scheduler_name
from cluster.scheduler.framework import INITIAL_BACKOFF, MAX_BACKOFF, Plugin, Profile, Profiles
from cluster.scheduler.plugins.default_preemption import MIN_CANDIDATES, MIN_CANDIDATES_PERCENT, DefaultPreemption
from cluster.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cluster.scheduler.plugins.node_affinity import NodeAffinity
from cluster.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from cluster.scheduler.plugins.node_resources_fit import FitArgs, NodeResourcesFit, ShapePoint
from cluster.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cluster.scheduler.plugins.volume_binding import BIND_TIMEOUT, VolumeBinding
from cluster.scheduler.profile import default_profile

TABLE = "kubeschedulerconfigurations.kubescheduler.config.k8s.io"
KEY = ("", "default")
# Extension points of the configuration: name there -> method of plugins.
METHODS: Mapping[str, str] = {
    "preEnqueue": "pre_enqueue", "queueSort": "sort_key", "preFilter": "pre_filter", "filter": "filter",
    "postFilter": "post_filter", "preScore": "pre_score", "score": "score", "reserve": "reserve", "permit": "permit",
    "preBind": "pre_bind", "bind": "bind", "postBind": "post_bind",
}


def profiles(view: Reader) -> Profiles:
    """The profiles of a cluster; the default one when its configuration is gone."""
    document = view.world.row(TABLE, KEY)
    return _default_profiles() if document is None else _profiles_of(_Same(document))


class _Same:
    """A document as a key of a cache: documents are never mutated, so the same one always means the same."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def __hash__(self) -> int:
        return id(self.document)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.document is other.document


@cache
def _default_profiles() -> Profiles:
    return Profiles([default_profile()])


@lru_cache(maxsize=256)
def _profiles_of(key: _Same) -> Profiles:
    return profiles_of(key.document)


def profiles_of(configuration: Document) -> Profiles:
    """The profiles of a valid KubeSchedulerConfiguration."""
    share = configuration.get("percentageOfNodesToScore", 0)
    return Profiles(
        [profile_of(profile, share) for profile in configuration.get("profiles") or [{}]],
        initial_backoff=_milliseconds(configuration, "podInitialBackoffSeconds", INITIAL_BACKOFF),
        max_backoff=_milliseconds(configuration, "podMaxBackoffSeconds", MAX_BACKOFF),
    )


def profile_of(document: Document, percentage_of_nodes_to_score: int = 0) -> Profile:
    """One profile; the percentage is that of the whole configuration, which the profile's own overrides."""
    arrangement = arranged(document)
    arguments = {config.get("name", ""): config.get("args") or {} for config in document.get("pluginConfig") or ()}
    defaults = {plugin.name: plugin for plugin in default_profile().plugins}
    made = [
        MAKERS[name](arguments[name]) if name in arguments and name in MAKERS else defaults[name]
        for name in arrangement.plugins
    ]
    return Profile(
        made, {plugin.name: arrangement.weights[plugin.name] for plugin in made if _scores(plugin, arrangement)},
        scheduler_name=scheduler_name(document),
        percentage_of_nodes_to_score=document.get("percentageOfNodesToScore", percentage_of_nodes_to_score),
        points={METHODS[point]: (*arrangement.points[point], *_unlisted(made, point)) for point in POINTS},
    )


def _scores(plugin: Plugin, arrangement: Arrangement) -> bool:
    return plugin.name in arrangement.weights and _implements(plugin, "score")


def _unlisted(plugins: Iterable[Plugin], point: str) -> list[str]:
    """Plugins that need an extension point here which kube-scheduler's do not know; it cannot be switched off."""
    return [plugin.name for plugin in plugins if _implements(plugin, point) and point not in PLUGINS[plugin.name]]


def _implements(plugin: Plugin, point: str) -> bool:
    return getattr(type(plugin), METHODS[point]) is not getattr(Plugin, METHODS[point])


def _milliseconds(configuration: Document, field: str, default: int) -> int:
    seconds = configuration.get(field)
    return default if seconds is None else seconds * times.SECOND


# --- plugins from their arguments ----------------------------------------------------------------------------------------


def _fit(args: Document) -> Plugin:
    standard = FitArgs()
    strategy = args.get("scoringStrategy") or {}
    shape = (strategy.get("requestedToCapacityRatio") or {}).get("shape") or ()
    return NodeResourcesFit(FitArgs(
        strategy=strategy.get("type", standard.strategy),
        resources=_weighted(strategy, standard.resources),
        shape=tuple(ShapePoint(point.get("utilization", 0), point.get("score", 0)) for point in shape) or standard.shape,
        ignored_resources=frozenset(args.get("ignoredResources") or ()),
        ignored_resource_groups=frozenset(args.get("ignoredResourceGroups") or ()),
    ))


def _weighted(holder: Document, default: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    found = tuple((spec.get("name", ""), spec.get("weight") or 1) for spec in holder.get("resources") or ())
    return found or default


def _balanced(args: Document) -> Plugin:
    return NodeResourcesBalancedAllocation(_weighted(args, NodeResourcesBalancedAllocation().weights))


def _spread(args: Document) -> Plugin:
    return PodTopologySpread(args.get("defaultConstraints") or (), args.get("defaultingType") or "System")


def _pod_affinity(args: Document) -> Plugin:
    ignores = args.get("ignorePreferredTermsOfExistingPods", False)
    return InterPodAffinity(args.get("hardPodAffinityWeight", 1), ignore_existing_preferences=ignores)


def _node_affinity(args: Document) -> Plugin:
    return NodeAffinity(args.get("addedAffinity"))


def _preemption(args: Document) -> Plugin:
    return DefaultPreemption(
        args.get("minCandidateNodesPercentage", MIN_CANDIDATES_PERCENT),
        args.get("minCandidateNodesAbsolute", MIN_CANDIDATES),
    )


def _volumes(args: Document) -> Plugin:
    return VolumeBinding(_milliseconds(args, "bindTimeoutSeconds", BIND_TIMEOUT))


# Plugins that take arguments.
MAKERS: Mapping[str, Callable[[Document], Plugin]] = {
    NodeResourcesFit.name: _fit,
    NodeResourcesBalancedAllocation.name: _balanced,
    PodTopologySpread.name: _spread,
    InterPodAffinity.name: _pod_affinity,
    NodeAffinity.name: _node_affinity,
    DefaultPreemption.name: _preemption,
    VolumeBinding.name: _volumes,
}
