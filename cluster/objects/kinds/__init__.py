"""The kinds of API objects: importing this package registers all of them."""

from cluster.objects.kinds import (
    configmap,
    controllerrevision,
    daemonset,
    deployment,
    endpoints,
    endpointslice,
    event,
    lease,
    namespace,
    node,
    pod,
    replicaset,
    secret,
    service,
    serviceaccount,
)

__all__ = [
    "configmap",
    "controllerrevision",
    "daemonset",
    "deployment",
    "endpoints",
    "endpointslice",
    "event",
    "lease",
    "namespace",
    "node",
    "pod",
    "replicaset",
    "secret",
    "service",
    "serviceaccount",
]
