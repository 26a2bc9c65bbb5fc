"""Every duration and chance of the simulation in one table. Milliseconds unless the name says otherwise.

The values are typical of a small healthy cluster; a test or a recording replaces single ones with `dataclasses.replace`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cluster.objects import times

# From a watch event to the component's own work on it.
REACTION: Mapping[str, int] = MappingProxyType({
    "deployment-controller": 12,
    "replicaset-controller": 10,
    "endpointslice-controller": 25,
    "endpoint-controller": 30,
    "garbage-collector-controller": 60,
    "namespace-controller": 40,
    "kubernetes-service-controller": 5_000,
    "node-lifecycle-controller": 20,
    "node-ipam-controller": 15,
    "taint-eviction-controller": 15,
    "disruption-controller": 15,
    "serviceaccount-controller": 10,
    "root-ca-certificate-publisher": 12,
    "default-scheduler": 8,
    "kubelet": 35,
    "kube-proxy": 80,
})


@dataclass(frozen=True, slots=True)
class Settings:
    """How long things take, and how a cluster is made."""

    reaction: Mapping[str, int] = field(default_factory=lambda: REACTION)
    default_reaction: int = 15
    write: int = 3  # from one write of a component to its next
    event: int = 5  # from an act to its Event object

    # kubelet
    sandbox: int = 350  # RunPodSandbox and CNI ADD
    container_start: int = 250  # CreateContainer, StartContainer
    init_delay: int = 50
    image_manifest: int = 400  # asking the registry
    image_bytes_per_second: int = 40_000_000
    image_pull_fixed: int | None = None  # every pull takes just this long, whatever its size
    container_stop: int = 300  # from SIGTERM to exit of a well-behaved process
    sandbox_stop: int = 150
    back_off_initial: int = 10 * times.SECOND  # crash and image pull, doubling
    back_off_maximum: int = 5 * times.MINUTE
    back_off_forget: int = 10 * times.MINUTE
    node_start: int = 4 * times.SECOND  # from power to a registered kubelet
    node_ready: int = 2 * times.SECOND  # from registration to Ready (the pod network comes up)

    # the storage driver
    volume_provision: int = 1_200  # making a disk, or a larger one
    volume_delete: int = 600
    volume_attach: int = 500  # to a node, or from it

    # node life cycle (pkg/controller/nodelifecycle)
    node_monitor_grace: int = 50 * times.SECOND
    node_monitor_period: int = 5 * times.SECOND
    zone_eviction_interval: int = 10 * times.SECOND  # 0.1 nodes a second

    # until quiet
    quiet_limit: int = 15 * times.MINUTE
    quiet_steps: int = 20_000

    jitter: float = 0.1  # durations of kubelets vary by this fraction
    extra_images: Mapping[str, int] = field(default_factory=dict)  # image name -> bytes, besides the catalogue
    limits: Mapping[str, int] = field(default_factory=dict)  # "pods", "objects": what the API server lets a cluster have

    def reaction_of(self, component: str) -> int:
        return self.reaction.get(component, self.default_reaction)
