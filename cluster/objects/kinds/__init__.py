"""The kinds of API objects: importing this package registers all of them."""

from cluster.objects.kinds import (
    configmap,
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
