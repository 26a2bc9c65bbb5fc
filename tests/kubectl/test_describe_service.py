"""`kubectl describe service`, as recorded."""

from __future__ import annotations

from cluster.objects.documents import Document, with_value
from tests.kubectl.builders import frozen, made, recorded


def service(**spec: object) -> Document:
    usual = {
        "selector": {"app": "web"}, "type": "ClusterIP", "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"],
        "clusterIP": "10.98.74.34", "clusterIPs": ["10.98.74.34"], "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster", "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
    }
    return made("v1", "Service", "web", labels={"app": "web"}, spec={**usual, **spec}, status={"loadBalancer": {}})


def slice_(*addresses: str, ready: bool = True, **port: object) -> Document:
    return made(
        "discovery.k8s.io/v1", "EndpointSlice", f"web-{addresses[0].replace('.', '-')}",
        labels={"kubernetes.io/service-name": "web"},
        endpoints=[{"addresses": [address], "conditions": {"ready": ready}} for address in addresses],
        ports=[{"name": "", "port": 80, "protocol": "TCP", **port}],
    )


def line_of(console_output: list[str], title: str) -> str:
    return next(line for line in console_output if line.startswith(title)).removeprefix(title).strip()


def test_it_works():
    expected = recorded("09-service", "describe")
    console = frozen(service(), slice_("10.244.1.2", "10.244.0.2", "10.244.4.2"))
    assert console.run(expected.command).stdout == expected.stdout


def test_only_the_first_three_ready_addresses():
    console = frozen(service(), slice_("10.0.0.1", "10.0.0.2"), slice_("10.0.0.3", ready=False), slice_("10.0.0.4", "10.0.0.5"))
    lines = console.run("describe svc web").lines
    assert line_of(lines, "Endpoints:") == "10.0.0.1:80,10.0.0.2:80,10.0.0.4:80 + 1 more..."


def test_without_endpoints():
    assert line_of(frozen(service()).run("describe svc web").lines, "Endpoints:") == "<none>"
    assert line_of(frozen(service(), slice_("10.0.0.1", ready=False)).run("describe svc web").lines, "Endpoints:") == ""


def test_node_ports_and_named_ports():
    port = {"name": "http", "port": 80, "protocol": "TCP", "targetPort": "web", "nodePort": 30080}
    other = slice_("10.0.0.9", name="other", port=1)
    document = service(type="NodePort", ports=[port], externalTrafficPolicy="Cluster")
    lines = frozen(document, slice_("10.0.0.1", name="http", port=8080), other).run("describe svc web").lines
    assert "Port:                     http  80/TCP" in lines
    assert "NodePort:                 http  30080/TCP" in lines
    assert line_of(lines, "TargetPort:") == "web/TCP"
    assert line_of(lines, "Endpoints:") == "10.0.0.1:8080"
    assert line_of(lines, "External Traffic Policy:") == "Cluster"


def test_external_name():
    spec = {"type": "ExternalName", "externalName": "example.com", "sessionAffinity": "None"}
    document = made("v1", "Service", "en", spec=spec)
    lines = frozen(document).run("describe svc en").lines
    assert line_of(lines, "External Name:") == "example.com"
    assert line_of(lines, "IP Families:") == "<none>"


def test_load_balancer():
    ingress = [{"ip": "1.2.3.4", "ipMode": "VIP"}]
    document = with_value(service(type="LoadBalancer"), ("status", "loadBalancer"), {"ingress": ingress})
    assert line_of(frozen(document).run("describe svc web").lines, "LoadBalancer Ingress:") == "1.2.3.4 (VIP)"
