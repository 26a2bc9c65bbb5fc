"""Cells of Services, endpoints and events."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from cluster.objects.kinds import endpoints, endpointslice, event
from cluster.objects.kinds import service as services
from cluster.objects.registry import REGISTRY
from cluster.objects.times import MINUTE

CREATED = "2026-01-01T00:00:00Z"


def cells(resource: str, document: Document, now: int = 9000) -> dict[str, str]:
    return {column.name: column.value(document, now) for column in REGISTRY[resource].columns}


def service(**spec: Any) -> Document:
    meta = {"name": "web", "namespace": "default", "creationTimestamp": CREATED}
    return {"metadata": meta, "spec": {"type": "ClusterIP", **spec}}


def test_it_works() -> None:
    document = service(clusterIP="10.96.0.7", ports=[{"port": 80, "protocol": "TCP"}], selector={"app": "web"})
    assert list(cells("services", document).values()) == [
        "web", "ClusterIP", "10.96.0.7", "<none>", "80/TCP", "9s", "app=web",
    ]


def test_ports_with_node_ports() -> None:
    ports = [{"port": 80, "nodePort": 31700, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]
    assert services.ports_text(service(ports=ports)) == "80:31700/TCP,53/UDP"
    assert services.ports_text(service()) == "<none>"


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (service(type="LoadBalancer"), "<pending>"),
        (service(type="ExternalName", externalName="example.com"), "example.com"),
        (service(externalIPs=["1.2.3.4", "5.6.7.8"]), "1.2.3.4,5.6.7.8"),
        ({**service(type="LoadBalancer"), "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.9"}]}}}, "10.0.0.9"),
        ({**service(type="LoadBalancer"), "status": {"loadBalancer": {"ingress": [{"hostname": "a-long-name.example"}]}}},
         "a-long-name.e..."),
    ],
)
def test_external_addresses(document: Document, text: str) -> None:
    assert services.external_ip_text(document) == text


def test_a_service_selects_pods_of_its_namespace_that_have_all_its_labels() -> None:
    document = service(selector={"app": "web"})
    pod = {"metadata": {"namespace": "default", "labels": {"app": "web", "tier": "a"}}}
    assert services.selects(document, pod)
    assert not services.selects(service(), pod)
    assert not services.selects(document, {"metadata": {**pod["metadata"], "namespace": "other"}})


def test_endpoints_show_three() -> None:
    addresses = [{"ip": f"10.244.0.{number}"} for number in range(2, 7)]
    subset = {"addresses": addresses, "ports": [{"port": 80}]}
    assert endpoints.endpoints_cell({"subsets": [subset]}, 0) == (
        "10.244.0.2:80,10.244.0.3:80,10.244.0.4:80 + 2 more..."
    )
    assert endpoints.endpoints_cell({}, 0) == "<none>"


def test_slices_show_three() -> None:
    each = [{"addresses": [f"10.244.0.{number}"]} for number in range(2, 32)]
    document = {"metadata": {"name": "web-x", "creationTimestamp": CREATED}, "addressType": "IPv4",
                "ports": [{"port": 80}], "endpoints": each}
    assert list(cells("endpointslices.discovery.k8s.io", document).values()) == [
        "web-x", "IPv4", "80", "10.244.0.2,10.244.0.3,10.244.0.4 + 27 more...", "9s",
    ]
    assert cells("endpointslices.discovery.k8s.io", {**document, "ports": [], "endpoints": []})["Endpoints"] == "<unset>"


def test_an_endpoint_of_unknown_state_counts_as_ready() -> None:
    assert endpointslice.is_ready({"addresses": ["10.0.0.1"]})
    assert not endpointslice.is_serving({"conditions": {"ready": False}})
    assert endpointslice.is_serving({"conditions": {"ready": False, "serving": True}})


def test_events() -> None:
    document = {
        "metadata": {"name": "web.1", "namespace": "default"}, "type": "Normal", "reason": "Pulled", "message": " ok \n",
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": "default", "fieldPath": "spec.containers{c}"},
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": CREATED, "lastTimestamp": "2026-01-01T00:01:00Z", "count": 3,
    }
    assert cells("events", document, 4 * MINUTE) == {
        "Last Seen": "3m", "Type": "Normal", "Reason": "Pulled", "Object": "pod/web", "Subobject": "spec.containers{c}",
        "Source": "kubelet, node-1", "Message": "ok", "First Seen": "4m", "Count": "3", "Name": "web.1",
    }
    assert event.validate(document, None) == []


def test_an_event_of_the_newer_form_has_one_time_and_no_count() -> None:
    document = {"metadata": {"name": "web.1", "namespace": "default"}, "eventTime": "2026-01-01T00:00:00.000000Z",
                "involvedObject": {"kind": "Pod", "name": "web"}}
    assert (event.count(document), event.last_seen(document)) == (1, "2026-01-01T00:00:00.000000Z")


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("10.244.0.2", ""),
        ("banana", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
        ("127.0.0.1", "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        ("0.0.0.0", "may not be unspecified (0.0.0.0)"),
        ("169.254.1.1", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        ("224.0.0.5", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
    ],
)
def test_addresses_that_traffic_may_go_to(address: str, complaint: str) -> None:
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
    found = endpoints.validate({"subsets": [{"addresses": [{"ip": address}], "ports": ports}]}, None)
    expected = f'subsets[0].addresses[0].ip: Invalid value: "{address}": {complaint}'
    assert [str(error) for error in found] == ([expected] if complaint else [])
    slice_ = {"addressType": "IPv4", "endpoints": [{"addresses": [address]}], "ports": ports}
    expected = f'endpoints[0].addresses[0]: Invalid value: "{address}": {complaint}'
    assert [str(error) for error in endpointslice.validate(slice_, None)] == ([expected] if complaint else [])


def test_endpoints_written_by_hand_often_lack_something() -> None:
    found = endpoints.validate({"subsets": [{"ports": [{"port": 0, "protocol": "TCP"}, {"port": 1}]}]}, None)
    assert [str(error) for error in found] == [
        "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`",
        "subsets[0].ports[0].name: Required value",
        "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        "subsets[0].ports[1].name: Required value",
        'subsets[0].ports[1].protocol: Unsupported value: null: supported values: "SCTP", "TCP", "UDP"',
    ]
    found = endpointslice.validate({"endpoints": [{}], "ports": [{"name": "a"}, {"name": "a"}]}, None)
    assert [str(error) for error in found] == [
        "addressType: Required value",
        'ports[1].name: Duplicate value: "a"',
        "endpoints[0].addresses: Required value: must contain at least 1 address",
    ]


def test_a_slice_holds_one_family_and_a_thousand_endpoints() -> None:
    (error,) = endpointslice.validate({"addressType": "IPv4", "endpoints": [{"addresses": ["2001:db8::1"]}]}, None)
    assert error.detail == 'Invalid value: "2001:db8::1": must be an IPv4 address'
    (error,) = endpointslice.validate({"addressType": "IPv4", "endpoints": [{"addresses": ["1.2.3.4"]}] * 1001}, None)
    assert str(error) == "endpoints: Too many: 1001: must have at most 1000 items"


@pytest.mark.parametrize(
    ("word", "resource"),
    [
        ("po", "pods"), ("svc", "services"), ("no", "nodes"), ("ns", "namespaces"), ("cm", "configmaps"),
        ("sa", "serviceaccounts"), ("ep", "endpoints"), ("ev", "events"), ("Pod", "pods"), ("deploy", "deployments.apps"),
        ("rs", "replicasets.apps"), ("endpointslices.discovery.k8s.io", "endpointslices.discovery.k8s.io"),
        ("leases.v1.coordination.k8s.io", "leases.coordination.k8s.io"),
    ],
)
def test_kinds_are_found_by_their_names(word: str, resource: str) -> None:
    kind = REGISTRY.find(word)
    assert kind is not None and kind.resource == resource
