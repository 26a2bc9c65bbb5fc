"""The profile of the default scheduler (pkg/scheduler/apis/config/v1/default_plugins.go)."""

from __future__ import annotations

from cluster.scheduler.framework import Profile
from cluster.scheduler.plugins.default_binder import DefaultBinder
from cluster.scheduler.plugins.default_preemption import DefaultPreemption
from cluster.scheduler.plugins.dynamic_resources import DynamicResources
from cluster.scheduler.plugins.image_locality import ImageLocality
from cluster.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cluster.scheduler.plugins.node_affinity import NodeAffinity
from cluster.scheduler.plugins.node_name import NodeName
from cluster.scheduler.plugins.node_ports import NodePorts
from cluster.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from cluster.scheduler.plugins.node_resources_fit import FitArgs, NodeResourcesFit
from cluster.scheduler.plugins.node_unschedulable import NodeUnschedulable
from cluster.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from cluster.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cluster.scheduler.plugins.priority_sort import PrioritySort
from cluster.scheduler.plugins.scheduling_gates import SchedulingGates
from cluster.scheduler.plugins.taint_toleration import TaintToleration
from cluster.scheduler.plugins.volume_binding import VolumeBinding
from cluster.scheduler.plugins.volume_restrictions import VolumeRestrictions
from cluster.scheduler.plugins.volume_zone import VolumeZone

WEIGHTS = {
    TaintToleration.name: 3,
    NodeAffinity.name: 2,
    PodTopologySpread.name: 2,
    InterPodAffinity.name: 2,
    NodeResourcesFit.name: 1,
    NodeResourcesBalancedAllocation.name: 1,
    ImageLocality.name: 1,
}


def default_profile(fit: FitArgs | None = None) -> Profile:
    """All plugins in the order in which they filter, post-filter and score."""
    return Profile(
        (
            SchedulingGates(),
            PrioritySort(),
            NodeUnschedulable(),
            NodeName(),
            TaintToleration(),
            NodeAffinity(),
            NodePorts(),
            NodeResourcesFit(fit),
            VolumeRestrictions(),
            NodeVolumeLimits(),
            VolumeBinding(),
            VolumeZone(),
            PodTopologySpread(),
            InterPodAffinity(),
            DynamicResources(),
            DefaultPreemption(),
            NodeResourcesBalancedAllocation(),
            ImageLocality(),
            DefaultBinder(),
        ),
        WEIGHTS,
    )
