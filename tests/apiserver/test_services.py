"""Cluster IPs, node ports and linked fields of Services, in the recorded words of a real API server."""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import Any

import pytest

from cluster.apiserver import allocators
from cluster.objects.documents import Document
from tests.apiserver.builders import Lab, refusal, service

GOLDEN = Path(os.environ.get("CLUSTERSCOPE_GOLDEN", Path(__file__).parents[1] / "golden"))
CASE = re.compile(r"### (\S+): [^\n]*\n(.*?)(?=\n### |\Z)", re.DOTALL)
RECORDED = dict(CASE.findall((GOLDEN / "transcripts" / "09-service.txt").read_text()))


def recorded(case: str) -> str:
    """The refusal as recorded; kubectl writes several complaints one per line."""
    text = RECORDED[case].strip().removeprefix("STDERR: The ")
    head, *complaints = re.split(r"\n\* ", text)
    return f"{head.strip()} [{', '.join(complaints)}]" if complaints else text


def spec_of(api: Lab, name: str = "web", **spec: Any) -> Document:
    stored: Document = api.create(service(name, **spec))["spec"]
    return stored


def patched(api: Lab, **spec: Any) -> Document:
    changed: Document = api.patch("services", "default", "web", {"spec": spec})["spec"]
    return changed


def test_it_works(api: Lab) -> None:
    stored = api.create(service(selector={"app": "web"}))
    address = stored["spec"]["clusterIP"]
    assert stored["spec"] == {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}], "selector": {"app": "web"}, "type": "ClusterIP",
        "clusterIP": address, "clusterIPs": [address], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster", "sessionAffinity": "None",
    }
    assert stored["status"] == {"loadBalancer": {}}


def test_addresses_are_distinct_and_beyond_those_that_people_choose(api: Lab) -> None:
    addresses = [ipaddress.IPv4Address(spec_of(api, f"s-{number}")["clusterIP"]) for number in range(50)]
    assert len(set(addresses)) == 50
    assert all(address in allocators.SERVICE_NETWORK for address in addresses)
    assert min(addresses) > allocators.SERVICE_NETWORK[allocators.STATIC_ADDRESSES]


@pytest.mark.parametrize(
    ("case", "name", "spec"),
    [
        ("ip-taken", "st2", {"clusterIP": "10.96.0.50"}),
        ("ip-outside", "st3", {"clusterIP": "10.1.0.50"}),
        ("ip-bad", "st4", {"clusterIP": "banana"}),
        ("np-taken", "n2", {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}),
        ("np-outside", "n3", {"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}),
        ("no-ports", "n4", {"selector": {"a": "b"}, "ports": []}),
        ("unnamed-ports", "n5", {"ports": [{"port": 80}, {"port": 81}]}),
        ("bad-name", "5Bad_Name", {}),
    ],
)
def test_refusals_as_recorded(api: Lab, case: str, name: str, spec: dict[str, Any]) -> None:
    api.create(service("st", clusterIP="10.96.0.50"))
    api.create(service("n1", type="NodePort", ports=[{"port": 80, "nodePort": 30080}]))
    error = refusal(api.create, service(name, **spec))
    assert (error.code, error.reason) == (422, "Invalid")
    assert error.message == recorded(case)


def test_the_address_cannot_be_changed(api: Lab) -> None:
    api.create(service())
    error = refusal(api.patch, "services", "default", "web", {"spec": {"clusterIP": "10.96.0.99"}})
    assert error.message == recorded("ip-immutable")


def test_a_chosen_address(api: Lab) -> None:
    assert spec_of(api, clusterIP="10.96.0.50")["clusterIPs"] == ["10.96.0.50"]


@pytest.mark.parametrize("address", ["10.96.0.0", "10.111.255.255"])
def test_the_ends_of_the_range_are_no_one_s(api: Lab, address: str) -> None:
    error = refusal(api.create, service(clusterIP=address))
    assert error.message.endswith("the provided network does not match the current range")


def test_a_deleted_service_gives_back_what_it_had(api: Lab) -> None:
    wanted = {"clusterIP": "10.96.0.50", "type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}
    api.create(service("a", **wanted))
    api.delete("services", "default", "a")
    assert spec_of(api, "b", **wanted)["ports"][0]["nodePort"] == 30080


def test_headless(api: Lab) -> None:
    spec = spec_of(api, clusterIP="None", selector={"a": "b"})
    assert (spec["clusterIP"], spec["clusterIPs"], spec["ipFamilies"]) == ("None", ["None"], ["IPv4"])


def test_headless_without_selector_names_both_families(api: Lab) -> None:
    spec = spec_of(api, clusterIP="None")
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4", "IPv6"], "RequireDualStack")


def test_headless_needs_no_ports(api: Lab) -> None:
    assert spec_of(api, clusterIP="None", selector={"a": "b"}, ports=[])["ports"] == []


def test_an_external_name_has_no_address(api: Lab) -> None:
    spec = spec_of(api, type="ExternalName", externalName="example.com", ports=[])
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "internalTrafficPolicy"} & spec.keys()


def test_an_external_name_is_required(api: Lab) -> None:
    error = refusal(api.create, service(type="ExternalName"))
    assert error.message == 'Service "web" is invalid: spec.externalName: Required value'


def test_node_ports(api: Lab) -> None:
    spec = spec_of(api, type="NodePort", ports=[{"port": 80, "name": "a"}, {"port": 81, "name": "b"}])
    numbers = [port["nodePort"] for port in spec["ports"]]
    assert len(set(numbers)) == 2 and all(30086 <= number <= 32767 for number in numbers)
    assert spec["externalTrafficPolicy"] == "Cluster"


def test_tcp_and_udp_of_one_port_share_their_node_port(api: Lab) -> None:
    ports = [{"port": 53, "name": "a", "protocol": "TCP"}, {"port": 53, "name": "b", "protocol": "UDP"}]
    numbers = {port["nodePort"] for port in spec_of(api, type="NodePort", ports=ports)["ports"]}
    assert len(numbers) == 1


def test_all_node_ports_can_be_used_and_no_more(api: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocators, "NODE_PORTS", range(30000, 30004))
    monkeypatch.setattr(allocators, "STATIC_NODE_PORTS", 1)
    used = {spec_of(api, f"s-{number}", type="NodePort")["ports"][0]["nodePort"] for number in range(4)}
    assert used == {30000, 30001, 30002, 30003}
    error = refusal(api.create, service("more", type="NodePort"))
    assert (error.code, error.message) == (
        500, "Internal error occurred: failed to allocate a nodePort: range is full",
    )


def test_a_load_balancer(api: Lab) -> None:
    spec = spec_of(api, type="LoadBalancer")
    assert spec["allocateLoadBalancerNodePorts"] is True and spec["ports"][0]["nodePort"]
    without = spec_of(api, "b", type="LoadBalancer", allocateLoadBalancerNodePorts=False)
    assert "nodePort" not in without["ports"][0]


def test_a_load_balancer_with_local_traffic_has_a_health_check(api: Lab) -> None:
    spec = spec_of(api, type="LoadBalancer", externalTrafficPolicy="Local")
    assert spec["healthCheckNodePort"] in allocators.NODE_PORTS
    assert spec["healthCheckNodePort"] != spec["ports"][0]["nodePort"]
    assert "healthCheckNodePort" not in patched(api, externalTrafficPolicy="Cluster")


def test_changes_of_type(api: Lab) -> None:
    first = spec_of(api, selector={"a": "b"})
    exposed = patched(api, type="NodePort")
    assert exposed["clusterIP"] == first["clusterIP"] and exposed["ports"][0]["nodePort"]
    assert patched(api, type="ClusterIP") == first
    external = patched(api, type="ExternalName", externalName="example.com")
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & external.keys()
    assert patched(api, type="ClusterIP")["clusterIP"]


def test_an_update_that_leaves_out_allocated_values_keeps_them(api: Lab) -> None:
    stored = api.create(service(type="NodePort"))
    changed = api.update(service(type="NodePort", ports=[{"port": 81}]))
    assert changed["spec"]["clusterIP"] == stored["spec"]["clusterIP"]
    assert changed["spec"]["ports"][0]["nodePort"] == stored["spec"]["ports"][0]["nodePort"]


def test_an_update_that_changes_nothing_is_no_write(api: Lab) -> None:
    api.create(service(type="NodePort"))
    before = api.revision
    api.update(service(type="NodePort"))
    assert api.revision == before


def test_a_dry_run_reserves_nothing(api: Lab) -> None:
    api.create(service("a", clusterIP="10.96.0.50"), dry_run=True)
    assert spec_of(api, "b", clusterIP="10.96.0.50")["clusterIP"] == "10.96.0.50"


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"ports": [{"port": 80, "nodePort": 30080}]},
         "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"),
        ({"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]},
         'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,'
         '"NodePort":0}'),
        ({"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]},
         'spec.ports[1].name: Duplicate value: "a"'),
        ({"ports": [{"port": 0, "targetPort": 80}]},
         "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"),
        ({"clusterIP": "None", "type": "NodePort"},
         "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"),
        ({"type": "Node"},
         'spec.type: Unsupported value: "Node": supported values: '
         '"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'),
        ({"externalTrafficPolicy": "Local"},
         'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'),
        ({"sessionAffinity": "Sticky"},
         'spec.sessionAffinity: Unsupported value: "Sticky": supported values: "ClientIP", "None"'),
        ({"ipFamilyPolicy": "RequireDualStack"},
         'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'),
        ({"ipFamilies": ["IPv6"]},
         'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'),
    ],
)
def test_other_mistakes(api: Lab, spec: dict[str, Any], complaint: str) -> None:
    assert refusal(api.create, service(**spec)).message == f'Service "web" is invalid: {complaint}'


def test_client_affinity_lasts_three_hours(api: Lab) -> None:
    spec = spec_of(api, sessionAffinity="ClientIP")
    assert spec["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}
