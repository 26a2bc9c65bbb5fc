"""`kubectl describe` for the smaller kinds and for those without a description of their own."""

from __future__ import annotations

import base64

import pytest

from cluster.kubectl.describing.generic import label_for
from cluster.kubectl.describing.page import Page
from cluster.objects.documents import Document
from tests.kubectl.builders import frozen, made, pod


def test_it_works():
    namespace = made("v1", "Namespace", "default", namespace="", labels={"a": "b"}, status={"phase": "Active"})
    assert frozen(namespace).run("describe ns default").stdout == (
        "Name:         default\nLabels:       a=b\nAnnotations:  <none>\nStatus:       Active\n"
        "\nNo resource quota.\n\nNo LimitRange resource.\n"
    )


def test_replica_set():
    template = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "template": template}
    document = made("apps/v1", "ReplicaSet", "r", spec=spec, status={"replicas": 1})
    owner = [{"kind": "ReplicaSet", "name": "r", "uid": "uid-r", "controller": True}]
    lines = frozen(document, pod("p", ownerReferences=owner), pod("stray")).run("describe rs r").lines
    assert "Replicas:     1 current / 2 desired" in lines
    assert "Pods Status:  1 Running / 0 Waiting / 0 Succeeded / 0 Failed" in lines


def test_config_map():
    document = made("v1", "ConfigMap", "c", data={"b": "2", "a": "one\ntwo"}, binaryData={"z": base64.b64encode(b"xyz").decode()})
    assert frozen(document).run("describe cm c").stdout == (
        "Name:         c\nNamespace:    default\nLabels:       <none>\nAnnotations:  <none>\n"
        "\nData\n====\na:\n----\none\ntwo\n\nb:\n----\n2\n\n\nBinaryData\n====\nz: 3 bytes\n\nEvents:  <none>\n"
    )


def test_a_secret_tells_only_sizes():
    document = made("v1", "Secret", "s", type="Opaque", data={"password": base64.b64encode(b"hunter2").decode()})
    text = frozen(document).run("describe secret s").stdout
    assert text.endswith("\nType:  Opaque\n\nData\n====\npassword:  7 bytes\n")
    assert "hunter2" not in text and "Events" not in text


def test_service_account():
    lines = frozen(made("v1", "ServiceAccount", "s", imagePullSecrets=[{"name": "a"}, {"name": "b"}])).run("describe sa s").lines
    assert lines[4:6] == ["Image pull secrets:  a", "                     b"]


def test_endpoints():
    subset = {"addresses": [{"ip": "1.1.1.1"}, {"ip": "2.2.2.2"}], "ports": [{"port": 80, "protocol": "TCP"}]}
    result = frozen(made("v1", "Endpoints", "e", subsets=[subset])).run("describe ep e")
    assert result.lines[4:] == [
        "Subsets:", "  Addresses:          1.1.1.1,2.2.2.2", "  NotReadyAddresses:  <none>", "  Ports:",
        "    Name     Port  Protocol", "    ----     ----  --------", "    <unset>  80    TCP", "", "Events:  <none>",
    ]
    assert result.stderr.startswith("Warning: v1 Endpoints is deprecated")


def test_endpoint_slice():
    endpoint = {
        "addresses": ["1.1.1.1"], "conditions": {"ready": False}, "nodeName": "node-1", "targetRef": {"kind": "Pod", "name": "a"},
    }
    document = made("discovery.k8s.io/v1", "EndpointSlice", "e", addressType="IPv4", endpoints=[endpoint], ports=[])
    assert frozen(document).run("describe endpointslice e").lines[4:] == [
        "AddressType:  IPv4", "Ports: <unset>", "Endpoints:", "  - Addresses:  1.1.1.1", "    Conditions:",
        "      Ready:    false", "    Hostname:   <unset>", "    TargetRef:  Pod/a", "    NodeName:   node-1",
        "    Zone:       <unset>", "Events:         <none>",
    ]


def test_a_kind_without_a_description():
    document = made("coordination.k8s.io/v1", "Lease", "l", spec={"holderIdentity": "me", "leaseDurationSeconds": 40})
    assert frozen(document).run("describe lease l").lines == [
        "Name:         l", "Namespace:    default", "Labels:       <none>", "Annotations:  <none>",
        "API Version:  coordination.k8s.io/v1", "Kind:         Lease", "Metadata:",
        "  Creation Timestamp:  2026-01-01T00:00:00Z", "  Resource Version:    1", "  UID:                 uid-l", "Spec:",
        "  Holder Identity:         me", "  Lease Duration Seconds:  40", "Events:                    <none>",
    ]


@pytest.mark.parametrize(
    ("field", "label"),
    [
        ("creationTimestamp", "Creation Timestamp"), ("apiVersion", "API Version"), ("uid", "UID"), ("kind", "Kind"),
        ("ca.crt", "ca.crt"), ("f:x", "f:x"), ("leaseURL", "Lease URL"), ("httpGet", "Http Get"),
    ],
)
def test_labels_of_fields(field: str, label: str):
    assert label_for(field) == label


def test_long_annotations_stand_below_their_key():
    page = Page()
    page.annotations("Annotations", {"short": "x", "long": "y" * 150, "kubectl.kubernetes.io/last-applied-configuration": "{}"})
    assert page.text() == f"Annotations:  long:\n                {'y' * 138}...\n              short: x\n"


def test_columns_end_where_a_line_has_no_such_cell():
    page = Page()
    page.line(0, "a:", "1")
    page.line(0, "longer:", "2")
    page.line(0, "Break")
    page.line(1, "b:", "x", "3")
    page.line(1, "bb:", "xxx", "4")
    assert page.text() == "a:       1\nlonger:  2\nBreak\n  b:   x    3\n  bb:  xxx  4\n"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("describe", "error: You must specify the type of resource to describe."),
        ("describe pods a -l x=y", "error: name cannot be provided when a selector is specified"),
        ("describe pods a -A", "error: a resource cannot be retrieved by name across all namespaces"),
        ("describe nopes", 'error: the server doesn\'t have a resource type "nopes"'),
    ],
)
def test_wrong_lines(line: str, text: str):
    result = frozen().run(line)
    assert result.stderr.startswith(text) and result.code == 1


def test_empty_documents_do_not_trouble_it():
    for api_version, kind in (("v1", "Secret"), ("v1", "ConfigMap"), ("v1", "Endpoints"), ("v1", "Node")):
        document: Document = made(api_version, kind, "x", namespace="" if kind == "Node" else "default")
        assert frozen(document).run(f"describe {kind.lower()} x").code == 0
