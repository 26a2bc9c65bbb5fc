"""`kubectl describe`: one file per kind, the layout of the page, the events at its end."""

from __future__ import annotations

from collections.abc import Callable

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing import (
    configmap,
    cronjob,
    csinode,
    daemonset,
    deployment,
    endpoints,
    endpointslice,
    generic,
    horizontalpodautoscaler,
    job,
    limitrange,
    namespace,
    node,
    persistentvolume,
    persistentvolumeclaim,
    pod,
    poddisruptionbudget,
    priorityclass,
    replicaset,
    replicationcontroller,
    resourcequota,
    secret,
    service,
    serviceaccount,
    statefulset,
    storageclass,
)
from cluster.kubectl.describing.events import describe_events
from cluster.kubectl.describing.page import Page
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY

Describer = Callable[[Page, Reader, Document], None]

_DESCRIBERS: dict[str, Describer] = {
    "configmaps": configmap.describe,
    "cronjobs.batch": cronjob.describe,
    "csinodes.storage.k8s.io": csinode.describe,
    "daemonsets.apps": daemonset.describe,
    "deployments.apps": deployment.describe,
    "endpoints": endpoints.describe,
    "endpointslices.discovery.k8s.io": endpointslice.describe,
    "horizontalpodautoscalers.autoscaling": horizontalpodautoscaler.describe,
    "jobs.batch": job.describe,
    "limitranges": limitrange.describe,
    "namespaces": namespace.describe,
    "nodes": node.describe,
    "persistentvolumeclaims": persistentvolumeclaim.describe,
    "persistentvolumes": persistentvolume.describe,
    "poddisruptionbudgets.policy": poddisruptionbudget.describe,
    "pods": pod.describe,
    "priorityclasses.scheduling.k8s.io": priorityclass.describe,
    "replicasets.apps": replicaset.describe,
    "replicationcontrollers": replicationcontroller.describe,
    "resourcequotas": resourcequota.describe,
    "secrets": secret.describe,
    "serviceaccounts": serviceaccount.describe,
    "services": service.describe,
    "statefulsets.apps": statefulset.describe,
    "storageclasses.storage.k8s.io": storageclass.describe,
}
# kubectl shows no events for these.
_WITHOUT_EVENTS = frozenset({"limitranges", "namespaces", "resourcequotas", "secrets"})


def describe(reader: Reader, document: Document, *, events: bool = True) -> str:
    """The text of `kubectl describe` for one object, at the moment of the reader."""
    resource = REGISTRY.of(document).resource
    page = Page()
    _DESCRIBERS.get(resource, generic.describe)(page, reader, document)
    if events and resource not in _WITHOUT_EVENTS:
        describe_events(page, reader, document)
    return page.text()
