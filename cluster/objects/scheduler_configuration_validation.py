"""What kube-scheduler says of a configuration that it cannot start with.

pkg/scheduler/apis/config/validation: validation.go, validation_pluginargs.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cluster.objects import schema
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import duplicate, forbidden, invalid, not_supported, required
from cluster.objects.names import qualified_name
from cluster.objects.placement_validation import node_selector_errors, node_term_errors
from cluster.objects.registry import FieldError
from cluster.objects.scheduler_configuration_schema import API_VERSION
from cluster.objects.scheduler_profiles import ProfileError, arranged, scheduler_name

NAME = "default"
STRATEGIES = ("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio")
RATIO = "RequestedToCapacityRatio"
# Plugins that are gone.
_REMOVED = frozenset({"AzureDiskLimits", "CinderLimits", "EBSLimits", "GCEPDLimits"})
_REMOVED_DETAIL = f'was invalid in version "{API_VERSION}" (KubeSchedulerConfiguration is version "{API_VERSION}")'


def configuration_errors(document: Document, old: Document | None) -> list[FieldError]:
    """ValidateKubeSchedulerConfiguration; then what fails when the profiles are made."""
    found = []
    if document["metadata"]["name"] != NAME:
        found.append(invalid("metadata.name", document["metadata"]["name"], f'must be "{NAME}"'))
    if document.get("parallelism", 1) <= 0:
        found.append(invalid("parallelism", document["parallelism"], "should be an integer value greater than zero"))
    found += _profiles_errors(document.get("profiles") or [])
    found += _share_errors(document, "")
    found += _backoff_errors(document)
    if document.get("extenders"):
        found.append(forbidden("extenders", "a simulated cluster has no web hooks to call"))
    return found or _start_errors(document.get("profiles") or [])


def _backoff_errors(document: Document) -> list[FieldError]:
    initial = document.get("podInitialBackoffSeconds", 1)
    maximum = document.get("podMaxBackoffSeconds", 10)
    found = []
    if initial <= 0:
        found.append(invalid("podInitialBackoffSeconds", initial, "must be greater than 0"))
    if maximum < initial:
        detail = "must be greater than or equal to PodInitialBackoffSeconds"
        found.append(invalid("podMaxBackoffSeconds", maximum, detail))
    return found


def _share_errors(holder: Document, path: str) -> list[FieldError]:
    share = holder.get("percentageOfNodesToScore")
    if share is None or 0 <= share <= 100:
        return []
    return [invalid(f"{path}percentageOfNodesToScore", share, "not in valid range [0-100]")]


# --- profiles ------------------------------------------------------------------------------------------------------------


def _profiles_errors(profiles: list[Document]) -> list[FieldError]:
    found: list[FieldError] = []
    seen: dict[str, int] = {}
    for index, profile in enumerate(profiles):
        path = f"profiles[{index}]"
        if not profile.get("schedulerName") and len(profiles) > 1:
            found.append(required(f"{path}.schedulerName"))
        found += _share_errors(profile, f"{path}.")
        found += _removed_errors(profile.get("plugins") or {}, f"{path}.plugins")
        found += _plugin_config_errors(profile.get("pluginConfig") or [], path)
        name = scheduler_name(profile)
        if name in seen:
            found.append(duplicate(f"{path}.schedulerName", f"profiles[{seen[name]}].schedulerName"))
        seen[name] = index
    return found


def _removed_errors(plugins: Document, path: str) -> list[FieldError]:
    return [
        invalid(f"{path}.{point}.enabled[{index}]", plugin["name"], _REMOVED_DETAIL)
        for point, plugin_set in plugins.items()
        for index, plugin in enumerate((plugin_set or {}).get("enabled") or ())
        if plugin.get("name") in _REMOVED
    ]


def _start_errors(profiles: list[Document]) -> list[FieldError]:
    """What is wrong with the profiles as schedulers, and what must be the same in all of them."""
    found = []
    sorters = []
    for index, profile in enumerate(profiles):
        try:
            sorters.append(arranged(profile).points["queueSort"])
        except ProfileError as error:
            found.append(invalid(f"profiles[{index}].plugins", scheduler_name(profile), str(error)))
            continue
        if sorters[-1] != sorters[0]:
            path = f"profiles[{index}].plugins.queueSort"
            found.append(invalid(path, dig(profile, "plugins", "queueSort"), "must be the same for all profiles"))
    return found


# --- arguments of plugins ------------------------------------------------------------------------------------------------


def _plugin_config_errors(configs: list[Document], path: str) -> list[FieldError]:
    found: list[FieldError] = []
    seen = set()
    for index, config in enumerate(configs):
        place, name = f"{path}.pluginConfig[{index}]", config.get("name", "")
        if name in seen:
            found.append(duplicate(place, name))
        seen.add(name)
        if name in _REMOVED:
            found.append(invalid(place, name, _REMOVED_DETAIL))
        elif name in _ARGUMENTS:
            found += _argument_errors(name, config.get("args") or {}, f"{place}.args")
    return found


def _argument_errors(name: str, args: Any, path: str) -> list[FieldError]:
    kind = f"{name}Args"
    given = args.get("kind", kind) if isinstance(args, dict) else kind
    if given != kind:
        group = API_VERSION.partition("/")[0]
        return [invalid(path, given, f"args for plugin {name} were not of type {kind}.{group}, got {given}.{group}")]
    complaint = schema.decode_errors(API_VERSION, kind, args)
    if complaint:
        return [invalid(path, name, f"decoding args for plugin {name}: {', '.join(complaint)}")]
    return _ARGUMENTS[name](args, path)


def _fit_errors(args: Document, path: str) -> list[FieldError]:
    found = []
    for index, name in enumerate(args.get("ignoredResources") or ()):
        found += [invalid(f"{path}.ignoredResources[{index}]", name, text) for text in qualified_name(name)]
    for index, group in enumerate(args.get("ignoredResourceGroups") or ()):
        place = f"{path}.ignoredResourceGroups[{index}]"
        if "/" in group:
            found.append(invalid(place, group, "resource group name can't contain '/'"))
        found += [invalid(place, group, text) for text in qualified_name(group)]
    strategy = args.get("scoringStrategy")
    return found if strategy is None else found + _strategy_errors(strategy, f"{path}.scoringStrategy")


def _strategy_errors(strategy: Document, path: str) -> list[FieldError]:
    found = []
    type_, ratio = strategy.get("type", ""), strategy.get("requestedToCapacityRatio")
    if type_ not in STRATEGIES:
        found.append(not_supported(f"{path}.type", type_, STRATEGIES))
    for index, resource in enumerate(strategy.get("resources") or ()):
        # A weight of 0 is a default weight.
        weight = resource.get("weight") or 1
        if not 0 < weight <= 100:
            detail = f"resource weight of {resource.get('name', '')} not in valid range (0, 100]"
            found.append(invalid(f"{path}.resources[{index}].weight", weight, detail))
    place = f"{path}.requestedToCapacityRatio"
    if type_ == RATIO and ratio is None:
        found.append(required(place, "must be specified when type is RequestedToCapacityRatio"))
    elif type_ == RATIO and ratio is not None:
        found += _shape_errors(ratio.get("shape") or [], f"{place}.shape")
    elif ratio is not None:
        found.append(forbidden(place, "must be nil when type is not RequestedToCapacityRatio"))
    return found


def _shape_errors(shape: list[Document], path: str) -> list[FieldError]:
    if not shape:
        return [required(path, "at least one point must be specified")]
    found = []
    for index in range(1, len(shape)):
        before, here = (point.get("utilization", 0) for point in shape[index - 1 : index + 1])
        if before >= here:
            found.append(invalid(f"{path}[{index}].utilization", here, "values must be sorted in increasing order"))
            break
    for index, point in enumerate(shape):
        for field, highest in (("utilization", 100), ("score", 10)):
            value = point.get(field, 0)
            if not 0 <= value <= highest:
                found.append(invalid(f"{path}[{index}].{field}", value, f"not in valid range [0, {highest}]"))
    return found


def _balanced_errors(args: Document, path: str) -> list[FieldError]:
    found = []
    seen = set()
    for index, resource in enumerate(args.get("resources") or ()):
        place = f"{path}.resources[{index}]"
        name = resource.get("name", "")
        if name in seen:
            found.append(duplicate(f"{place}.name", name))
        seen.add(name)
        if (resource.get("weight") or 1) != 1:
            found.append(invalid(f"{place}.weight", resource["weight"], "must be 1"))
    return found


def _spread_errors(args: Document, path: str) -> list[FieldError]:
    constraints = args.get("defaultConstraints") or []
    type_ = args.get("defaultingType") or "System"
    found = []
    if type_ not in ("System", "List"):
        found.append(not_supported(f"{path}.defaultingType", type_, ("System", "List")))
    elif type_ == "System" and constraints:
        found.append(invalid(f"{path}.defaultingType", type_, "when .defaultConstraints are not empty"))
    seen = set()
    for index, constraint in enumerate(constraints):
        place = f"{path}.defaultConstraints[{index}]"
        found += _constraint_errors(constraint, place)
        same = constraint.get("topologyKey", ""), constraint.get("whenUnsatisfiable", "")
        if same in seen:
            found.append(duplicate(place, f"{{{same[0]}, {same[1]}}}"))
        seen.add(same)
    return found


def _constraint_errors(constraint: Document, path: str) -> list[FieldError]:
    found = []
    skew, key, when = (constraint.get(name) for name in ("maxSkew", "topologyKey", "whenUnsatisfiable"))
    if (skew or 0) <= 0:
        found.append(invalid(f"{path}.maxSkew", skew or 0, "not in valid range (0, inf)"))
    if not key:
        found.append(required(f"{path}.topologyKey", "can not be empty"))
    else:
        found += [invalid(f"{path}.topologyKey", key, text) for text in qualified_name(key)]
    if not when:
        found.append(required(f"{path}.whenUnsatisfiable", "can not be empty"))
    elif when not in ("DoNotSchedule", "ScheduleAnyway"):
        found.append(not_supported(f"{path}.whenUnsatisfiable", when, ("DoNotSchedule", "ScheduleAnyway")))
    if constraint.get("labelSelector") is not None:
        detail = "constraint must not define a selector, as they deduced for each pod"
        found.append(forbidden(f"{path}.labelSelector", detail))
    return found


def _pod_affinity_errors(args: Document, path: str) -> list[FieldError]:
    weight = args.get("hardPodAffinityWeight", 1)
    return [] if 0 <= weight <= 100 else [invalid(f"{path}.hardPodAffinityWeight", weight, "not in valid range [0, 100]")]


def _node_affinity_errors(args: Document, path: str) -> list[FieldError]:
    added = args.get("addedAffinity") or {}
    place = f"{path}.addedAffinity"
    found: list[FieldError] = []
    required_, preferred = (f"{when}DuringSchedulingIgnoredDuringExecution" for when in ("required", "preferred"))
    if added.get(required_) is not None:
        found += node_selector_errors(added[required_], f"{place}.{required_}")
    for index, term in enumerate(added.get(preferred) or ()):
        found += node_term_errors(term.get("preference") or {}, f"{place}.{preferred}[{index}].preference")
    return found


def _preemption_errors(args: Document, path: str) -> list[FieldError]:
    percentage, absolute = args.get("minCandidateNodesPercentage", 10), args.get("minCandidateNodesAbsolute", 100)
    names = f"{path}.minCandidateNodesPercentage", f"{path}.minCandidateNodesAbsolute"
    found = []
    if not 0 <= percentage <= 100:
        found.append(invalid(names[0], percentage, "not in valid range [0, 100]"))
    if absolute < 0:
        found.append(invalid(names[1], absolute, "not in valid range [0, inf)"))
    if percentage == absolute == 0:
        found.append(invalid(names[0], 0, "cannot be zero at the same time as minCandidateNodesAbsolute"))
        found.append(invalid(names[1], 0, "cannot be zero at the same time as minCandidateNodesPercentage"))
    return found


def _volume_errors(args: Document, path: str) -> list[FieldError]:
    found = []
    seconds = args.get("bindTimeoutSeconds", 600)
    if seconds < 0:
        detail = "invalid BindTimeoutSeconds, should not be a negative value"
        found.append(invalid(f"{path}.bindTimeoutSeconds", seconds, detail))
    if args.get("shape") is not None:
        detail = "unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring"
        found.append(invalid(f"{path}.shape", args["shape"], detail))
    return found


_ARGUMENTS: Mapping[str, Callable[[Document, str], list[FieldError]]] = {
    "DefaultPreemption": _preemption_errors,
    "InterPodAffinity": _pod_affinity_errors,
    "NodeAffinity": _node_affinity_errors,
    "NodeResourcesBalancedAllocation": _balanced_errors,
    "NodeResourcesFit": _fit_errors,
    "PodTopologySpread": _spread_errors,
    "VolumeBinding": _volume_errors,
}
