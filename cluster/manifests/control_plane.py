"""The control plane's own static Pods, as kubeadm names, labels and places them. The texts are our own."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.objects.documents import Document

VERSION = "v1.36.2"
# name: image, requested CPU, port of the health check, arguments
_PARTS: Mapping[str, tuple[str, str, int, tuple[str, ...]]] = {
    "etcd": ("registry.k8s.io/etcd:3.6.6-0", "100m", 2381, ("--data-dir=/var/lib/etcd",)),
    "kube-apiserver": (
        f"registry.k8s.io/kube-apiserver:{VERSION}", "250m", 6443,
        ("--etcd-servers=https://127.0.0.1:2379", "--service-cluster-ip-range=10.96.0.0/12"),
    ),
    "kube-controller-manager": (
        f"registry.k8s.io/kube-controller-manager:{VERSION}", "200m", 10257,
        ("--cluster-cidr=10.244.0.0/16", "--leader-elect=true"),
    ),
    "kube-scheduler": (f"registry.k8s.io/kube-scheduler:{VERSION}", "100m", 10259, ("--leader-elect=true",)),
}


def _pod(name: str, image: str, cpu: str, port: int, arguments: tuple[str, ...]) -> Document:
    probe = {"tcpSocket": {"host": "127.0.0.1", "port": port}, "failureThreshold": 8, "periodSeconds": 10, "timeoutSeconds": 15}
    container = {
        "name": name, "image": image, "imagePullPolicy": "IfNotPresent", "command": [name, *arguments],
        "resources": {"requests": {"cpu": cpu, **({"memory": "100Mi"} if name == "etcd" else {})}},
        "livenessProbe": {**probe, "initialDelaySeconds": 10},
        "readinessProbe": {**probe, "failureThreshold": 3, "periodSeconds": 1},
    }
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "kube-system", "labels": {"component": name, "tier": "control-plane"}},
        "spec": {"containers": [container], "hostNetwork": True, "priorityClassName": "system-node-critical"},
    }


# File name -> manifest.
CONTROL_PLANE: Mapping[str, Document] = {f"{name}.yaml": _pod(name, *part) for name, part in _PARTS.items()}
