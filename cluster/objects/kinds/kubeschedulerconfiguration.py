"""KubeSchedulerConfiguration: the scheduler's profiles, plugins, weights and back-offs.

A real cluster keeps it in a file that kube-scheduler reads when it starts. Here it is an object, named default, so that
it can be read, edited and applied like everything else; the scheduler follows a change at once.
"""

from __future__ import annotations

from typing import Any

from cluster.objects.documents import Document
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, Kind
from cluster.objects.scheduler_configuration_schema import API_VERSION
from cluster.objects.scheduler_configuration_validation import configuration_errors
from cluster.objects.scheduler_profiles import DEFAULT_SCHEDULER, PLUGINS, WEIGHTS, scheduler_name

_DEFAULTS = {
    "parallelism": 16, "percentageOfNodesToScore": 0, "podInitialBackoffSeconds": 1, "podMaxBackoffSeconds": 10,
}
_CPU_AND_MEMORY = [{"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1}]
_ARGUMENTS: dict[str, Document] = {
    "NodeResourcesFit": {"scoringStrategy": {"type": "LeastAllocated", "resources": _CPU_AND_MEMORY}},
    "NodeResourcesBalancedAllocation": {"resources": _CPU_AND_MEMORY},
    "PodTopologySpread": {"defaultingType": "System"},
    "InterPodAffinity": {"hardPodAffinityWeight": 1, "ignorePreferredTermsOfExistingPods": False},
    "VolumeBinding": {"bindTimeoutSeconds": 600},
    "DefaultPreemption": {"minCandidateNodesPercentage": 10, "minCandidateNodesAbsolute": 100},
}


def standard() -> Document:
    """The configuration of a new cluster: everything as it is by default, but written out."""
    enabled = [{"name": name, "weight": WEIGHTS[name]} if name in WEIGHTS else {"name": name} for name in PLUGINS]
    config = [
        {"name": name, "args": {"apiVersion": API_VERSION, "kind": f"{name}Args", **args}}
        for name, args in _ARGUMENTS.items()
    ]
    profile = {
        "schedulerName": DEFAULT_SCHEDULER, "plugins": {"multiPoint": {"enabled": enabled}}, "pluginConfig": config,
    }
    return {
        "apiVersion": API_VERSION, "kind": "KubeSchedulerConfiguration", "metadata": {"name": "default"},
        **_DEFAULTS, "profiles": [profile],
    }


def default(configuration: Document) -> Document:
    """SetDefaults_KubeSchedulerConfiguration, as far as it is not about plugins (pkg/scheduler/apis/config/v1/defaults.go)."""
    return {**_DEFAULTS, **{name: _without_nulls(value) for name, value in configuration.items() if value is not None}}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def _profiles_cell(configuration: Document, now: int) -> str:
    return ",".join(scheduler_name(profile) for profile in configuration.get("profiles") or [{}])


KIND = REGISTRY.register(
    Kind(
        group="kubescheduler.config.k8s.io",
        version="v1",
        kind="KubeSchedulerConfiguration",
        plural="kubeschedulerconfigurations",
        singular="kubeschedulerconfiguration",
        namespaced=False,
        default=default,
        validate=configuration_errors,
        columns=(NAME, Column("Profiles", _profiles_cell), AGE),
    )
)
