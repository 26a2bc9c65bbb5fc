"""Whatever stands in a field, the answer is an object or a refusal, never a crash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cluster.apiserver.errors import APIError
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY
from tests.apiserver.builders import Lab, config, deployment, labelled, node, pod, service

VALUES: tuple[Any, ...] = (
    None, "", 0, -1, True, {}, [], [None], [{}], [""], {"": ""}, {"a": None}, "../x", "1e999", "é", 2**70, "x" * 300,
)

TERM = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["x"]}]}
EVERYTHING = pod(
    nodeSelector={"a": "b"}, activeDeadlineSeconds=5, hostNetwork=True, overhead={"cpu": "1m"},
    priorityClassName="system-node-critical", schedulingGates=[{"name": "g"}], readinessGates=[{"conditionType": "a"}],
    tolerations=[{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 3, "value": ""}],
    affinity={
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {**TERM, "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["x"]}]},
            ]},
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": TERM}],
        },
        "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "z", "labelSelector": {"matchLabels": {"a": "b"}, **TERM}, "namespaces": ["x"]},
        ]},
    },
    topologySpreadConstraints=[
        {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": TERM, "minDomains": 1},
    ],
    volumes=[
        {"name": "v", "configMap": {"name": "x", "items": [{"key": "a", "path": "b"}]}},
        {"name": "p", "projected": {"sources": [
            {"serviceAccountToken": {"path": "x"}},
            {"downwardAPI": {"items": [{"path": "x", "fieldRef": {"fieldPath": "metadata.name"}}]}},
        ]}},
        {"name": "h", "hostPath": {"path": "/x"}},
    ],
    initContainers=[{"name": "i", "image": "x", "restartPolicy": "Always"}],
    containers=[{
        "name": "c", "image": "nginx:1", "command": ["a"],
        "ports": [{"name": "h", "containerPort": 80, "hostPort": 80, "protocol": "TCP"}],
        "env": [{"name": "A", "value": "x"}, {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "k"}}}],
        "envFrom": [{"configMapRef": {"name": "q"}}],
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1"}},
        "volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "a"}],
        "livenessProbe": {"httpGet": {"path": "/", "port": 80, "scheme": "HTTP"}, "periodSeconds": 1},
        "readinessProbe": {"exec": {"command": ["x"]}},
        "lifecycle": {"preStop": {"sleep": {"seconds": 1}}},
    }],
)
BALANCED = service(
    type="LoadBalancer", selector={"a": "b"}, clusterIP="10.96.0.9", clusterIPs=["10.96.0.9"], externalIPs=["1.2.3.4"],
    ports=[{"name": "a", "port": 80, "targetPort": "http", "nodePort": 30001, "protocol": "TCP"}],
    sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 3}},
    externalTrafficPolicy="Local", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack", healthCheckNodePort=30002,
)
META = {"name": "x", "namespace": "default"}
DOCUMENTS = (
    labelled(EVERYTHING, a="b"),
    BALANCED,
    labelled(config(a="b"), a="b"),
    node(taints=[{"key": "a", "value": "b", "effect": "NoSchedule"}], podCIDRs=["10.244.0.0/24"]),
    deployment(),
    {"apiVersion": "v1", "kind": "Secret", "metadata": META, "data": {"a": "eA=="}, "stringData": {"b": "c"}},
    {"apiVersion": "v1", "kind": "Endpoints", "metadata": META,
     "subsets": [{"addresses": [{"ip": "1.2.3.4"}], "ports": [{"name": "a", "port": 80}]}]},
    {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": META, "addressType": "IPv4",
     "endpoints": [{"addresses": ["1.2.3.4"], "conditions": {"ready": True}}], "ports": [{"name": "a", "port": 80}]},
    {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": META,
     "spec": {"holderIdentity": "x", "leaseDurationSeconds": 4}},
    {"apiVersion": "v1", "kind": "Event", "metadata": META, "reason": "a", "message": "b", "count": 1,
     "involvedObject": {"kind": "Pod", "name": "x", "namespace": "default"}, "source": {"component": "x"}},
)


def variants(value: Any) -> Iterator[Any]:
    """The document with one of VALUES in each place, one at a time."""
    if not isinstance(value, dict | list):
        return
    for place in value if isinstance(value, dict) else range(len(value)):
        inner: list[Any] = [*VALUES, *variants(value[place])]
        for other in inner:
            changed: Any = dict(value) if isinstance(value, dict) else list(value)
            changed[place] = other
            yield changed


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["kind"])
def test_it_works(api: Lab, document: Document) -> None:
    kind = REGISTRY.of(document)
    for field, value in document.items():
        if field in ("apiVersion", "kind"):
            continue
        for changed in variants(value):
            try:
                stored = api.create({**document, field: changed}, dry_run=True)
            except APIError as refusal:
                assert refusal.status()["code"] in range(400, 423)
                continue
            assert all(isinstance(column.value(stored, 5000), str) for column in kind.columns)


def test_null_means_absent(api: Lab) -> None:
    document = pod(nodeSelector=None, containers=[{"name": "c", "image": "nginx:1", "env": None, "command": [None]}])
    spec = api.create(document)["spec"]
    assert "nodeSelector" not in spec and "env" not in spec["containers"][0]
    assert spec["containers"][0]["command"] == []
