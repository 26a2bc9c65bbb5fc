"""The rules of a node: from Services and EndpointSlices to the text."""

from __future__ import annotations

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.network import iptables
from cluster.objects.documents import Document

CIDR = "10.244.0.0/16"


def service(name: str = "web", port_name: str = "http", **spec) -> Document:
    port = {"port": 80, "protocol": "TCP", **({"name": port_name} if port_name else {})}
    whole = {"clusterIP": "10.96.12.3", "type": "ClusterIP", "ports": [port], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"}, "spec": whole}


def endpoint(address: str, node: str = "node-1", ready=True, serving=None, terminating=False, **more) -> Document:
    serving = ready if serving is None else serving
    conditions = {"ready": ready, "serving": serving, "terminating": terminating}
    return {"addresses": [address], "nodeName": node, "conditions": conditions, **more}


def slice_of(*endpoints: Document, name: str = "web", port_name: str = "http", port: int = 80) -> Document:
    return {
        "metadata": {"name": f"{name}-x", "namespace": "default", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4", "endpoints": list(endpoints),
        "ports": [{"name": port_name, "port": port, "protocol": "TCP"}],
    }


def rules(*services: Document, slices=(), node: str = "node-1", **labels: str):
    document = {
        "metadata": {"name": node, "labels": {k.replace("__", "/").replace("_", "."): v for k, v in labels.items()}},
        "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.11"}]},
    }
    return iptables.service_ports(services, slices, document, CIDR)


def lines(found, chain: str = "", text: str = "") -> list[str]:
    restored = iptables.iptables_restore(found).splitlines()
    return [line for line in restored if line.startswith(f"-A {chain}" if chain else "-A") and text in line]


def test_it_works():
    """The sample of the reference, character for character."""
    found = rules(service(), slices=[slice_of(endpoint("10.244.1.5"), endpoint("10.244.2.7", "node-2"))])
    svc, sep = "KUBE-SVC-CDGGSHYLG3RE2FKL", "KUBE-SEP-THCUGE4PYEGQIHCR"
    text = iptables.iptables_restore(found)
    for line in (
        f'-A KUBE-SERVICES -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.12.3 --dport 80 -j {svc}',
        f'-A {svc} -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.12.3 --dport 80 '
        "! -s 10.244.0.0/16 -j KUBE-MARK-MASQ",
        f'-A {svc} -m comment --comment "default/web:http -> 10.244.1.5:80" '
        f"-m statistic --mode random --probability 0.5000000000 -j {sep}",
        f"-A {sep} -m comment --comment default/web:http -s 10.244.1.5 -j KUBE-MARK-MASQ",
        f"-A {sep} -m comment --comment default/web:http -m tcp -p tcp -j DNAT --to-destination 10.244.1.5:80",
        "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
        "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000",
        f":{sep} - [0:0]",
    ):
        assert line in text.splitlines()


def test_chances_are_equal():
    found = rules(service(), slices=[slice_of(*(endpoint(f"10.244.1.{n}") for n in range(2, 6)))])
    shares = [line.partition("--probability ")[2].partition(" ")[0] for line in lines(found, "KUBE-SVC-", "->")]
    assert shares == ["0.2500000000", "0.3333333333", "0.5000000000", ""]


def test_the_last_rule_of_services_leads_to_node_ports():
    found = rules(service(), slices=[slice_of(endpoint("10.244.1.5"))])
    assert lines(found, "KUBE-SERVICES")[-1] == (
        '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" '
        "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS"
    )


def test_an_unnamed_port_leaves_out_its_name():
    found = rules(service(port_name=""), slices=[slice_of(endpoint("10.244.1.5"), port_name="")])
    assert found["ports"][0]["name"] == "default/web"


def test_no_endpoints():
    found = rules(service())
    assert (
        '-A KUBE-SERVICES -m comment --comment "default/web:http has no endpoints" '
        "-m tcp -p tcp -d 10.96.12.3 --dport 80 -j REJECT"
    ) in lines(found)
    assert "KUBE-SVC-" not in iptables.iptables_restore(found)


def test_unready_endpoints_get_nothing():
    found = rules(service(), slices=[slice_of(endpoint("10.244.1.5", ready=False), endpoint("10.244.1.6"))])
    assert found["ports"][0]["cluster"] == ["10.244.1.6:80"]


def test_terminating_endpoints_serve_when_none_is_ready():
    last = endpoint("10.244.1.5", ready=False, serving=True, terminating=True)
    dead = endpoint("10.244.1.6", ready=False, serving=False, terminating=True)
    found = rules(service(), slices=[slice_of(last, dead)])
    assert found["ports"][0]["cluster"] == ["10.244.1.5:80"]


def test_an_address_listed_twice_is_the_living_pod():
    old = endpoint("10.244.1.5", ready=False, serving=True, terminating=True)
    for pair in ((old, endpoint("10.244.1.5")), (endpoint("10.244.1.5"), old)):
        found = rules(service(), slices=[slice_of(*pair), slice_of(endpoint("10.244.1.9"))])
        assert found["ports"][0]["cluster"] == ["10.244.1.5:80", "10.244.1.9:80"]


def test_headless_external_and_foreign_services_have_no_rules():
    other = service("other")
    other["metadata"]["labels"] = {"service.kubernetes.io/service-proxy-name": "mine"}
    found = rules(service("a", clusterIP="None"), service("b", type="ExternalName"), service("c", clusterIP=""), other)
    assert found["ports"] == []


def node_port(**more) -> Document:
    port = {"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30080}
    return service(type="NodePort", ports=[port], externalTrafficPolicy="Cluster", **more)


def test_node_port():
    found = rules(node_port(), slices=[slice_of(endpoint("10.244.1.5"))])
    ext = "KUBE-EXT-CDGGSHYLG3RE2FKL"
    assert lines(found, "KUBE-NODEPORTS") == [
        f"-A KUBE-NODEPORTS -m comment --comment default/web:http -m tcp -p tcp --dport 30080 -j {ext}"
    ]
    assert lines(found, ext) == [
        f'-A {ext} -m comment --comment "masquerade traffic for default/web:http external destinations" -j KUBE-MARK-MASQ',
        f"-A {ext} -j KUBE-SVC-CDGGSHYLG3RE2FKL",
    ]


def test_a_node_port_without_endpoints_is_refused():
    (line,) = lines(rules(node_port()), "KUBE-EXTERNAL-SERVICES")
    assert line == (
        '-A KUBE-EXTERNAL-SERVICES -m comment --comment "default/web:http has no endpoints" '
        "-m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j REJECT"
    )


def test_external_policy_local():
    outside = {**node_port(), "spec": {**node_port()["spec"], "externalTrafficPolicy": "Local"}}
    slices = [slice_of(endpoint("10.244.1.5", "node-1"), endpoint("10.244.2.5", "node-2"))]
    here, there = rules(outside, slices=slices), rules(outside, slices=slices, node="node-3")
    assert [line.rpartition("-j ")[2] for line in lines(here, "KUBE-EXT-")] == [
        "KUBE-SVC-CDGGSHYLG3RE2FKL", "KUBE-MARK-MASQ", "KUBE-SVC-CDGGSHYLG3RE2FKL", "KUBE-SVL-CDGGSHYLG3RE2FKL",
    ]
    assert len(lines(here, "KUBE-SVL-")) == 1 and not lines(there, "KUBE-SVL-")
    assert 'has no local endpoints" -m addrtype --dst-type LOCAL' in lines(there, "KUBE-EXTERNAL-SERVICES")[0]
    assert lines(there, "KUBE-EXTERNAL-SERVICES")[0].endswith("-j DROP")
    # From inside the cluster every endpoint can be reached.
    assert len(lines(there, "KUBE-SVC-", "->")) == 2


def test_internal_policy_local():
    inside = service(internalTrafficPolicy="Local")
    slices = [slice_of(endpoint("10.244.1.5", "node-1"))]
    assert lines(rules(inside, slices=slices), "KUBE-SERVICES", "cluster IP")[0].endswith("-j KUBE-SVL-CDGGSHYLG3RE2FKL")
    (dropped,) = lines(rules(inside, slices=slices, node="node-2"), "KUBE-SERVICES", "no local endpoints")
    assert dropped.endswith("-j DROP")


def test_affinity():
    sticky = service(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 60}})
    found = rules(sticky, slices=[slice_of(endpoint("10.244.1.5"))])
    sep = "KUBE-SEP-THCUGE4PYEGQIHCR"
    (line,) = lines(found, "KUBE-SVC-", "recent")
    assert f"-m recent --name {sep} --rcheck --seconds 60 --reap -j {sep}" in line
    assert f"-m recent --name {sep} --set -m tcp -p tcp -j DNAT" in lines(found, sep)[1]


def test_load_balancer_with_source_ranges():
    balanced = service(
        type="LoadBalancer", loadBalancerSourceRanges=["203.0.113.0/24", "10.0.0.0/8"], externalTrafficPolicy="Cluster"
    )
    balanced["status"] = {"loadBalancer": {"ingress": [{"ip": "198.51.100.7"}]}}
    found = rules(balanced, slices=[slice_of(endpoint("10.244.1.5"))])
    fw = "KUBE-FW-CDGGSHYLG3RE2FKL"
    assert lines(found, "KUBE-SERVICES", "loadbalancer IP")[0].endswith(f"-d 198.51.100.7 --dport 80 -j {fw}")
    sources = [line.partition("-s ")[2].partition(" ")[0] for line in lines(found, fw)]
    assert sources == ["203.0.113.0/24", "10.0.0.0/8", "198.51.100.7", ""]
    assert lines(found, "KUBE-PROXY-FIREWALL")[0].endswith("-j DROP")
    everybody = {**balanced, "spec": {**balanced["spec"], "loadBalancerSourceRanges": ["0.0.0.0/0"]}}
    assert fw not in iptables.iptables_restore(rules(everybody, slices=[slice_of(endpoint("10.244.1.5"))]))


def test_external_ip_and_health_port():
    found = rules(
        service(externalIPs=["192.0.2.9"], healthCheckNodePort=31000, externalTrafficPolicy="Cluster"),
        slices=[slice_of(endpoint("10.244.1.5"))],
    )
    assert lines(found, "KUBE-SERVICES", "external IP")[0].endswith("-d 192.0.2.9 --dport 80 -j KUBE-EXT-CDGGSHYLG3RE2FKL")
    assert lines(found, "KUBE-NODEPORTS", "health check node port")[0].endswith("--dport 31000 -j ACCEPT")


def test_hints():
    near = endpoint("10.244.1.5", hints={"forZones": [{"name": "a"}]})
    far = endpoint("10.244.2.5", hints={"forZones": [{"name": "b"}]})
    zone = {"topology_kubernetes_io__zone": "a"}
    assert rules(service(), slices=[slice_of(near, far)], **zone)["ports"][0]["cluster"] == ["10.244.1.5:80"]
    assert len(rules(service(), slices=[slice_of(near, far)])["ports"][0]["cluster"]) == 2
    bare = endpoint("10.244.3.5")
    assert len(rules(service(), slices=[slice_of(near, far, bare)], **zone)["ports"][0]["cluster"]) == 3


def test_udp():
    dns = service("dns", ports=[{"name": "dns", "port": 53, "protocol": "UDP"}])
    slices = [slice_of(endpoint("10.244.1.5"), name="dns", port_name="dns", port=53)]
    slices[0]["ports"][0]["protocol"] = "UDP"
    found = rules(dns, slices=slices)
    assert "-m udp -p udp" in lines(found, "KUBE-SERVICES", "cluster IP")[0]
    assert "-p udp -m comment" in iptables.iptables_save(found, "nat")


def test_every_jump_leads_somewhere():
    """No rule may name a chain that is not there: iptables-restore would refuse the lot."""
    found = rules(node_port(sessionAffinity="ClientIP"), service("no", clusterIP="10.96.0.9"),
                  slices=[slice_of(endpoint("10.244.1.5"), endpoint("10.244.1.6"))])
    tables = iptables.build(found)
    for table in tables:
        for chain in table.values():
            for rule in chain:
                target = iptables.parse(rule).target
                assert not target or target[0] in table or not target[0].startswith("KUBE-")


def test_iptables_save():
    found = rules(service(), slices=[slice_of(endpoint("10.244.1.5"), endpoint("10.244.2.7"), endpoint("10.244.2.8"))])
    text = iptables.iptables_save(found, "nat").splitlines()
    assert text[0] == "*nat" and text[-1] == "COMMIT" and ":PREROUTING ACCEPT [0:0]" in text
    for line in (
        '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
        "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
        "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
        '-A KUBE-SERVICES -d 10.96.12.3/32 -p tcp -m comment --comment "default/web:http cluster IP" '
        "-m tcp --dport 80 -j KUBE-SVC-CDGGSHYLG3RE2FKL",
        "-A KUBE-SVC-CDGGSHYLG3RE2FKL ! -s 10.244.0.0/16 -d 10.96.12.3/32 -p tcp "
        '-m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ',
        '-A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.1.5:80" '
        "-m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-THCUGE4PYEGQIHCR",
        '-A KUBE-SEP-THCUGE4PYEGQIHCR -p tcp -m comment --comment "default/web:http" '
        "-m tcp -j DNAT --to-destination 10.244.1.5:80",
    ):
        assert line in text
    assert "REJECT --reject-with icmp-port-unreachable" in iptables.iptables_save(rules(service()), "filter")


def test_the_difference_of_two_states():
    one = [slice_of(endpoint("10.244.1.5"))]
    two = [slice_of(endpoint("10.244.1.5"), endpoint("10.244.1.6"))]
    before, after = rules(service(), slices=one), rules(service(), slices=two)
    assert iptables.difference(None, before)[1] == 0
    # One choice rule changed its chance, one came, and the new endpoint has two rules.
    assert iptables.difference(before, after) == (4, 1)
    assert iptables.difference(after, before) == (1, 4)
    assert iptables.difference(after, after) == (0, 0)
