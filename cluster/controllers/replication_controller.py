"""The ReplicationController's controller: the ReplicaSet's in older clothes (pkg/controller/replication)."""

from __future__ import annotations

from cluster.controllers.replicaset import ReplicaSetController
from cluster.objects.kinds import replicationcontroller as controllers


class ReplicationManager(ReplicaSetController):
    name = "replication-controller"
    resource, kind = controllers.RESOURCE, "ReplicationController"
    watches = (controllers.RESOURCE, "pods")
