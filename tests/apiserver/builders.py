"""An API server with the namespaces that every cluster has, and small documents to send it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cluster.apiserver.errors import APIError
from cluster.apiserver.server import APIServer
from cluster.apiserver.state import Etcd, World
from cluster.objects.documents import Document

NAMESPACES = ("default", "kube-system")


class Lab(APIServer):
    """An API server without components: nothing happens but what a test asks for."""

    def wait(self, milliseconds: int) -> None:
        """Let virtual time pass."""
        self._etcd.world = replace(self._etcd.world, now=self.now + milliseconds)


def lab(seed: int = 1) -> Lab:
    """A fresh API server with namespaces and their default accounts."""
    server = Lab(Etcd(World(random=seed)))
    for name in NAMESPACES:
        server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
        server.create(account)
    return server


def pod(name: str = "web", **spec: Any) -> Document:
    """A Pod with one container, unless `containers` says otherwise."""
    filled = {"containers": [{"name": "c", "image": "nginx:1"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": filled}


def labelled(document: Document, **labels: str) -> Document:
    return {**document, "metadata": {**document["metadata"], "labels": labels}}


def service(name: str = "web", **spec: Any) -> Document:
    """A Service with port 80, unless `ports` says otherwise."""
    filled = {"ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": filled}


def config(name: str = "settings", **data: str) -> Document:
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def node(name: str = "node-1", **spec: Any) -> Document:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec}


def deployment(name: str = "web", replicas: int = 3) -> Document:
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": "nginx:1"}]},
            },
        },
    }


def refusal(action: Any, *args: Any, **kwargs: Any) -> APIError:
    """The APIError that the call ends in."""
    with pytest.raises(APIError) as caught:
        action(*args, **kwargs)
    return caught.value
