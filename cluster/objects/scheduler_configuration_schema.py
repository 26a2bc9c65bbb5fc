"""The types of KubeSchedulerConfiguration, which is a file for kube-scheduler and so no part of the published schemas.

staging/src/k8s.io/kube-scheduler/config/v1: types.go, types_pluginargs.go.
"""

from __future__ import annotations

from typing import Any

from cluster.objects.documents import Document

API_VERSION = "kubescheduler.config.k8s.io/v1"
KIND = "KubeSchedulerConfiguration"

_PACKAGE = "io.k8s.kube-scheduler.config.v1"
_CORE = "io.k8s.api.core.v1"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_ANYTHING = "io.k8s.apimachinery.pkg.runtime.RawExtension"

# Extension points in the order of a scheduling cycle.
POINTS = (
    "preEnqueue", "queueSort", "preFilter", "filter", "postFilter", "preScore", "score", "reserve", "permit", "preBind",
    "bind", "postBind",
)

_TEXT: Document = {"type": "string"}
_FLAG: Document = {"type": "boolean"}
_INT32: Document = {"type": "integer", "format": "int32"}
_INT64: Document = {"type": "integer", "format": "int64"}


def _ref(name: str) -> Document:
    return {"$ref": f"#/$defs/{name if '.' in name else f'{_PACKAGE}.{name}'}"}


def _list(items: Document) -> Document:
    return {"type": "array", "items": items, "x-kubernetes-list-type": "atomic"}


def _type(description: str, **fields: tuple[Document, str]) -> Document:
    properties = {name: {**schema, "description": text} for name, (schema, text) in fields.items()}
    # What has no name or no number means nothing.
    required = [name for name in ("name", "utilization", "score") if name in fields]
    return {"type": "object", "description": description, "properties": properties, "required": required}


def _top_level(kind: str, description: str, **fields: tuple[Document, str]) -> Document:
    """A type that a document can be of."""
    definition = _type(
        description,
        apiVersion=({**_TEXT, "enum": [API_VERSION]}, "The version of this type."),
        kind=({**_TEXT, "enum": [kind]}, "The name of this type."),
        **fields,
    )
    definition["x-kubernetes-group-version-kind"] = [{"group": API_VERSION.partition("/")[0], "version": "v1", "kind": kind}]
    return definition


_WITHOUT_EFFECT = "Accepted as kube-scheduler does; a simulated scheduler has no use for it."
_SHARE = "Percentage of nodes that are enough once they are found feasible; 0 means that it falls with the size of the cluster."

_TYPES: dict[str, Document] = {
    KIND: _top_level(
        KIND,
        "KubeSchedulerConfiguration configures the scheduler: its profiles, and how long it backs off. "
        "The object named default counts; a real kube-scheduler reads a file instead and has to be restarted.",
        metadata=(_ref(_META), "Standard object's metadata."),
        profiles=(_list(_ref("KubeSchedulerProfile")), "Profiles by scheduler name; Pods choose one with spec.schedulerName."),
        percentageOfNodesToScore=(_INT32, _SHARE),
        podInitialBackoffSeconds=(_INT64, "First back-off of a Pod that could not be scheduled."),
        podMaxBackoffSeconds=(_INT64, "Longest back-off; it doubles with each attempt."),
        extenders=(_list(_ref(_ANYTHING)), "Web hooks that take part in decisions; they cannot be simulated."),
        parallelism=(_INT32, _WITHOUT_EFFECT),
        leaderElection=(_ref(_ANYTHING), _WITHOUT_EFFECT),
        clientConnection=(_ref(_ANYTHING), _WITHOUT_EFFECT),
        enableProfiling=(_FLAG, _WITHOUT_EFFECT),
        enableContentionProfiling=(_FLAG, _WITHOUT_EFFECT),
        delayCacheUntilActive=(_FLAG, _WITHOUT_EFFECT),
    ),
    "KubeSchedulerProfile": _type(
        "KubeSchedulerProfile is a way of scheduling, under a name of its own.",
        schedulerName=(_TEXT, "The name by which Pods choose the profile."),
        percentageOfNodesToScore=(_INT32, _SHARE),
        plugins=(_ref("Plugins"), "Plugins to enable or disable besides the default ones."),
        pluginConfig=(_list(_ref("PluginConfig")), "Arguments of plugins."),
    ),
    "Plugins": _type(
        "Plugins are enabled and disabled for one extension point, or for all that they implement (multiPoint).",
        **{point: (_ref("PluginSet"), f"Plugins at the extension point {point}.") for point in (*POINTS, "multiPoint")},
    ),
    "PluginSet": _type(
        "PluginSet changes the default plugins of an extension point.",
        enabled=(_list(_ref("Plugin")), "Plugins to call after the default ones, or default ones with another weight."),
        disabled=(_list(_ref("Plugin")), 'Default plugins to leave out; "*" stands for all of them.'),
    ),
    "Plugin": _type(
        "Plugin names a plugin and its weight.",
        name=(_TEXT, "Name of the plugin."),
        weight=(_INT32, "What its scores are multiplied by; 0 counts as 1."),
    ),
    "PluginConfig": _type(
        "PluginConfig gives a plugin its arguments.",
        name=(_TEXT, "Name of the plugin."),
        args=(_ref(_ANYTHING), "Arguments, of the kind <name>Args."),
    ),
    "NodeResourcesFitArgs": _top_level(
        "NodeResourcesFitArgs", "NodeResourcesFitArgs configures how requests must fit and how free room scores.",
        ignoredResources=(_list(_TEXT), "Extended resources that need not fit."),
        ignoredResourceGroups=(_list(_TEXT), "Groups of extended resources that need not fit."),
        scoringStrategy=(_ref("ScoringStrategy"), "How nodes score."),
    ),
    "ScoringStrategy": _type(
        "ScoringStrategy tells which nodes score high: the emptiest, the fullest, or those at points of a curve.",
        type=(_TEXT, "LeastAllocated, MostAllocated or RequestedToCapacityRatio."),
        resources=(_list(_ref("ResourceSpec")), "Resources that count, cpu and memory by default."),
        requestedToCapacityRatio=(_ref("RequestedToCapacityRatioParam"), "The curve."),
    ),
    "ResourceSpec": _type(
        "ResourceSpec is a resource and how much it counts.",
        name=(_TEXT, "Name of the resource."), weight=(_INT64, "From 1 to 100."),
    ),
    "RequestedToCapacityRatioParam": _type(
        "RequestedToCapacityRatioParam is a curve from utilization to score.",
        shape=(_list(_ref("UtilizationShapePoint")), "Its points, by growing utilization."),
    ),
    "UtilizationShapePoint": _type(
        "UtilizationShapePoint is a point of a curve.",
        utilization=(_INT32, "Percentage of the resource in use, 0 to 100."), score=(_INT32, "From 0 to 10."),
    ),
    "NodeResourcesBalancedAllocationArgs": _top_level(
        "NodeResourcesBalancedAllocationArgs", "NodeResourcesBalancedAllocationArgs names the resources to keep in balance.",
        resources=(_list(_ref("ResourceSpec")), "Resources that count, cpu and memory by default."),
    ),
    "PodTopologySpreadArgs": _top_level(
        "PodTopologySpreadArgs", "PodTopologySpreadArgs configures how Pods without constraints of their own spread.",
        defaultConstraints=(_list(_ref(f"{_CORE}.TopologySpreadConstraint")), "Constraints without selectors."),
        defaultingType=(_TEXT, "System for the built-in constraints, List for defaultConstraints."),
    ),
    "InterPodAffinityArgs": _top_level(
        "InterPodAffinityArgs", "InterPodAffinityArgs configures how the affinity of Pods scores.",
        hardPodAffinityWeight=(_INT32, "What a required affinity of a placed Pod counts for, 0 to 100."),
        ignorePreferredTermsOfExistingPods=(_FLAG, "Whether preferences of placed Pods are left out."),
    ),
    "NodeAffinityArgs": _top_level(
        "NodeAffinityArgs", "NodeAffinityArgs adds node affinity to all Pods of the profile.",
        addedAffinity=(_ref(f"{_CORE}.NodeAffinity"), "Counts besides the Pod's own."),
    ),
    "DefaultPreemptionArgs": _top_level(
        "DefaultPreemptionArgs", "DefaultPreemptionArgs configures how many nodes preemption tries.",
        minCandidateNodesPercentage=(_INT32, "Percentage of nodes to try at least."),
        minCandidateNodesAbsolute=(_INT32, "Number of nodes to try at least."),
    ),
    "VolumeBindingArgs": _top_level(
        "VolumeBindingArgs", "VolumeBindingArgs configures how long the scheduler waits for volumes.",
        bindTimeoutSeconds=(_INT64, "Seconds after which the Pod is tried anew."),
        shape=(_list(_ref("UtilizationShapePoint")), "Only with the feature gate StorageCapacityScoring."),
    ),
}

DEFINITIONS: dict[str, Any] = {f"{_PACKAGE}.{name}": definition for name, definition in _TYPES.items()}
