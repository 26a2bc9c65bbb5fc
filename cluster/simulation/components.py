"""Every component of a cluster, in the order in which equal moments are served."""

from __future__ import annotations

from cluster.controllers.attach_detach import AttachDetachController
from cluster.controllers.cronjob import CronJobController
from cluster.controllers.daemonset import DaemonSetController
from cluster.controllers.deployment import DeploymentController
from cluster.controllers.disruption import DisruptionController
from cluster.controllers.endpoints import EndpointsController
from cluster.controllers.endpointslice import EndpointSliceController
from cluster.controllers.ephemeral_volume import EphemeralVolumeController
from cluster.controllers.garbage_collector import GarbageCollector
from cluster.controllers.horizontal import HorizontalController
from cluster.controllers.job import JobController
from cluster.controllers.kubernetes_service import KubernetesServiceController
from cluster.controllers.namespace import NamespaceController
from cluster.controllers.node_ipam import NodeIpamController
from cluster.controllers.node_lifecycle import NodeLifecycleController
from cluster.controllers.persistent_volume_binder import PersistentVolumeBinder
from cluster.controllers.pod_gc import PodGarbageCollector
from cluster.controllers.replicaset import ReplicaSetController
from cluster.controllers.replication_controller import ReplicationManager
from cluster.controllers.resource_quota import ResourceQuotaController
from cluster.controllers.root_ca import RootCAPublisher
from cluster.controllers.serviceaccount import ServiceAccountController
from cluster.controllers.statefulset import StatefulSetController
from cluster.controllers.storage_protection import ClaimProtection, VolumeProtection
from cluster.controllers.taint_eviction import TaintEvictionController
from cluster.controllers.ttl_after_finished import TTLAfterFinishedController
from cluster.kubelet.kubelet import Kubelet
from cluster.machinery.component import Component
from cluster.machinery.event_recorder import EventRecorder
from cluster.network.kube_proxy import KubeProxy
from cluster.network.traffic import Traffic
from cluster.scheduler.scheduler import Scheduler
from cluster.storage.attacher import Attacher
from cluster.storage.provisioner import Provisioner


def all_components() -> list[Component]:
    """New instances of every component; they hold no state, so one set can serve many clusters."""
    return [
        EventRecorder(),
        ServiceAccountController(),
        RootCAPublisher(),
        KubernetesServiceController(),
        NamespaceController(),
        ResourceQuotaController(),
        DaemonSetController(),
        DeploymentController(),
        ReplicaSetController(),
        ReplicationManager(),
        StatefulSetController(),
        CronJobController(),
        JobController(),
        TTLAfterFinishedController(),
        HorizontalController(),
        EndpointSliceController(),
        EndpointsController(),
        NodeIpamController(),
        NodeLifecycleController(),
        TaintEvictionController(),
        DisruptionController(),
        PodGarbageCollector(),
        EphemeralVolumeController(),
        PersistentVolumeBinder(),
        ClaimProtection(),
        VolumeProtection(),
        AttachDetachController(),
        Provisioner(),
        Attacher(),
        GarbageCollector(),
        Scheduler(),
        Kubelet(),
        KubeProxy(),
        Traffic(),
    ]
