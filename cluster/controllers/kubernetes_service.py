"""The API server's own Service: made again when somebody deletes it (pkg/controlplane/controller/kubernetesservice)."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import NORMAL, Story, object_reference
from cluster.objects.documents import Document

NAMESPACE, NAME = "default", "kubernetes"
KEY = (NAMESPACE, NAME)
CLUSTER_IP = "10.96.0.1"
API_SERVER_IP = "10.0.0.10"
API_SERVER_PORT = 6443
SLICES = "endpointslices.discovery.k8s.io"


def service() -> Document:
    """The Service by which Pods reach the API server."""
    return {
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": NAME, "namespace": NAMESPACE, "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": CLUSTER_IP, "type": "ClusterIP", "sessionAffinity": "None",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": API_SERVER_PORT}],
        },
    }


def _ports() -> list[Document]:
    return [{"name": "https", "port": API_SERVER_PORT, "protocol": "TCP"}]


def endpoints() -> Document:
    """The API server lists itself: its Service has no selector, so no controller does (pkg/controlplane/reconcilers)."""
    return {
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{"addresses": [{"ip": API_SERVER_IP}], "ports": _ports()}],
    }


def endpoint_slice() -> Document:
    """The same for EndpointSlices."""
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": NAME}},
        "endpoints": [{"addresses": [API_SERVER_IP], "conditions": {"ready": True}}],
        "ports": _ports(),
    }


class KubernetesServiceController(Component):
    """One key: the Service. The real one looks every ten seconds; here a deletion wakes it after half of that."""

    name = "kubernetes-service-controller"
    watches = ("services", "endpoints", SLICES)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        return [KEY] if change.new is None and change.key == KEY else []

    def all_keys(self, view: Reader) -> Iterable[Key]:
        return [KEY]

    def reconcile(self, context: Context, key: Key) -> None:
        for resource, wanted in (("services", service()), ("endpoints", endpoints()), (SLICES, endpoint_slice())):
            if context.get(resource, *KEY) is None:
                context.create(wanted, story=Story("api.create", {"object": object_reference(resource, wanted)}, NORMAL))
                return
