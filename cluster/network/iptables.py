"""kube-proxy's iptables mode: from Services and their endpoints to the rules of one node.

A node's rules are kept as compact data (one entry per Service port, see `service_ports`); every text comes from it:
`build` gives the rules as kube-proxy writes them, `iptables_save` prints them as the tool of that name does.
Chain names, the order of rules within a chain and their wording are those of pkg/proxy/iptables/proxier.go.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from cluster.network.endpoints import Reachable, endpoints_of_port, reachable
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import endpointslice
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import service as service_kind

Rule = tuple[str, ...]  # the arguments after "-A <chain>"

MASQUERADE_MARK = "0x4000"
MASQUERADE = f"{MASQUERADE_MARK}/{MASQUERADE_MARK}"
SERVICES = "KUBE-SERVICES"
EXTERNAL_SERVICES = "KUBE-EXTERNAL-SERVICES"
NODE_PORTS = "KUBE-NODEPORTS"
POSTROUTING = "KUBE-POSTROUTING"
MARK_MASQ = "KUBE-MARK-MASQ"
FORWARD = "KUBE-FORWARD"
PROXY_FIREWALL = "KUBE-PROXY-FIREWALL"
FIREWALL = "KUBE-FIREWALL"
# Services with this label are left to another proxy (pkg/proxy/apis/well_known_labels.go).
OTHER_PROXY = "service.kubernetes.io/service-proxy-name"
NEW = ("-m", "conntrack", "--ctstate", "NEW")
# (table, chain of the kernel, kube-proxy's chain, comment, matches): put before what stands there, one after the other.
JUMPS: tuple[tuple[str, str, str, str, Rule], ...] = (
    ("filter", "INPUT", EXTERNAL_SERVICES, "kubernetes externally-visible service portals", NEW),
    ("filter", "FORWARD", EXTERNAL_SERVICES, "kubernetes externally-visible service portals", NEW),
    ("filter", "INPUT", NODE_PORTS, "kubernetes health check service ports", ()),
    ("filter", "FORWARD", SERVICES, "kubernetes service portals", NEW),
    ("filter", "OUTPUT", SERVICES, "kubernetes service portals", NEW),
    ("filter", "FORWARD", FORWARD, "kubernetes forwarding rules", ()),
    ("filter", "INPUT", PROXY_FIREWALL, "kubernetes load balancer firewall", NEW),
    ("filter", "OUTPUT", PROXY_FIREWALL, "kubernetes load balancer firewall", NEW),
    ("filter", "FORWARD", PROXY_FIREWALL, "kubernetes load balancer firewall", NEW),
    ("nat", "OUTPUT", SERVICES, "kubernetes service portals", ()),
    ("nat", "PREROUTING", SERVICES, "kubernetes service portals", ()),
    ("nat", "POSTROUTING", POSTROUTING, "kubernetes postrouting rules", ()),
    ("filter", "INPUT", FIREWALL, "", ()),
    ("filter", "OUTPUT", FIREWALL, "", ()),
)
BUILT_IN = {"filter": ("INPUT", "FORWARD", "OUTPUT"), "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")}


# --- names -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def _hash(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:16]


def service_chain(prefix: str, port_name: str, protocol: str) -> str:
    """A chain of a Service port: prefix "KUBE-SVC-" (policy Cluster), "KUBE-SVL-" (Local), "KUBE-EXT-", "KUBE-FW-".

    `port_name` is "namespace/name:port" ("namespace/name" for an unnamed port), `protocol` lower case.
    """
    return prefix + _hash(port_name + protocol)


def endpoint_chain(port_name: str, protocol: str, endpoint: str) -> str:
    """The chain of one endpoint ("10.244.1.5:80") of a Service port."""
    return "KUBE-SEP-" + _hash(port_name + protocol + endpoint)


def probability(choices: int) -> str:
    """How likely the first of `choices` endpoints is taken, as kube-proxy writes it."""
    return f"{1 / choices:.10f}"


# --- what a node needs to know ---------------------------------------------------------------------------------------


def service_ports(
    services: Iterable[Document], slices: Iterable[Document], node: Document, cluster_cidr: str
) -> dict[str, Any]:
    """The rules of `node` as data: {"node", "nodeIP", "clusterCIDR", "ports": [one entry per Service port]}."""
    name = metadata.name(node)
    zone = metadata.labels(node).get("topology.kubernetes.io/zone", "")
    by_service: dict[tuple[str, str], list[Document]] = {}
    for document in slices:
        owner = endpointslice.service_name(document)
        if owner and document.get("addressType") == "IPv4":
            by_service.setdefault((metadata.namespace(document), owner), []).append(document)
    ports = []
    for service in services:
        if is_proxied(service):
            key = (metadata.namespace(service), metadata.name(service))
            ports += list(_ports_of(service, by_service.get(key, []), name, zone))
    return {"node": name, "nodeIP": nodes.internal_ip(node), "clusterCIDR": cluster_cidr, "ports": ports}


def is_proxied(service: Document) -> bool:
    """Whether kube-proxy writes rules for a Service: not for headless ones and external names (pkg/proxy/util)."""
    if OTHER_PROXY in metadata.labels(service) or service_kind.is_external_name(service):
        return False
    return service_kind.cluster_ip(service) not in ("", service_kind.HEADLESS)


def _ports_of(service: Document, slices: list[Document], node: str, zone: str) -> Iterator[dict[str, Any]]:
    spec = service["spec"]
    name = f"{metadata.namespace(service)}/{metadata.name(service)}"
    for port in spec.get("ports") or []:
        port_name = port.get("name") or ""
        protocol = port.get("protocol", "TCP")
        entry = {
            "name": f"{name}:{port_name}" if port_name else name,
            "protocol": protocol.lower(),
            "ip": spec["clusterIP"],
            "port": port["port"],
            **_exposure(service, port),
        }
        endpoints = endpoints_of_port(slices, port_name, protocol, node)
        found = reachable(
            endpoints, cluster=uses_cluster(entry), local=uses_local(entry), node=node, zone=zone,
        )
        yield {**entry, **_reached(found)}


def _exposure(service: Document, port: Document) -> dict[str, Any]:
    """How a Service port can be reached besides its cluster IP; what is not so is left out."""
    spec = service["spec"]
    affinity = dig(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds", default=10800)
    ingress = dig(service, "status", "loadBalancer", "ingress", default=[])
    ranges = [text.strip() for text in spec.get("loadBalancerSourceRanges") or []]
    facts = {
        "nodePort": port.get("nodePort"),
        "externalIPs": spec.get("externalIPs"),
        "loadBalancerIPs": [entry["ip"] for entry in ingress if entry.get("ip") and entry.get("ipMode") != "Proxy"],
        "sourceRanges": [] if any(text.endswith("/0") for text in ranges) else ranges,
        "healthPort": spec.get("healthCheckNodePort"),
        "affinity": affinity if spec.get("sessionAffinity") == "ClientIP" else None,
        "externalLocal": spec.get("externalTrafficPolicy") == "Local",
        "internalLocal": spec.get("internalTrafficPolicy") == "Local",
    }
    return {name: value for name, value in facts.items() if value}


def _reached(found: Reachable) -> dict[str, Any]:
    lists = {"cluster": found.cluster, "local": found.local}
    reached: dict[str, Any] = {name: [e.address for e in endpoints] for name, endpoints in lists.items() if endpoints}
    return {**reached, "any": True} if found.any else reached


def is_external(port: Mapping[str, Any]) -> bool:
    """Whether a Service port can be reached by more than its cluster IP."""
    return any(port.get(name) for name in ("nodePort", "loadBalancerIPs", "externalIPs"))


def uses_cluster(port: Mapping[str, Any]) -> bool:
    return not port.get("internalLocal") or is_external(port)


def uses_local(port: Mapping[str, Any]) -> bool:
    return bool(port.get("internalLocal") or (port.get("externalLocal") and is_external(port)))


# --- rules -----------------------------------------------------------------------------------------------------------


class Tables(NamedTuple):
    """The chains of both tables with their rules, in the order in which kube-proxy writes them."""

    filter: dict[str, list[Rule]]
    nat: dict[str, list[Rule]]

    def table(self, name: str) -> dict[str, list[Rule]]:
        return self.filter if name == "filter" else self.nat

    def lines(self) -> set[str]:
        """Every rule as one line with its table, for telling what changed."""
        return {
            f"{name} {line}" for name in ("filter", "nat")
            for chain, rules in self.table(name).items() for line in _restore_lines(chain, rules)
        }


def build(rules: Mapping[str, Any]) -> Tables:
    """All chains and rules of a node from its data."""
    tables = Tables(
        filter={name: [] for name in (SERVICES, EXTERNAL_SERVICES, FORWARD, NODE_PORTS, PROXY_FIREWALL, FIREWALL)},
        nat={name: [] for name in (SERVICES, NODE_PORTS, POSTROUTING, MARK_MASQ)},
    )
    _write_masquerading(tables)
    for port in rules["ports"]:
        _ServicePort(tables, port, rules).write()
    _write_node_ports_jump(tables)
    _write_forwarding(tables)
    return tables


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[int, int]:
    """How many rules were added and removed from one state of a node to the next; `before` is None when it had none."""
    if before is None:
        return len(build(after).lines()), 0
    # Only the ports that changed are written out: the rules of the others cancel out.
    gone = [port for port in before["ports"] if port not in after["ports"]]
    come = [port for port in after["ports"] if port not in before["ports"]]
    old, new = (build({**rules, "ports": ports}).lines() for rules, ports in ((before, gone), (after, come)))
    return len(new - old), len(old - new)


def _comment(text: str) -> Rule:
    return ("-m", "comment", "--comment", text)


def _write_masquerading(tables: Tables) -> None:
    tables.nat[POSTROUTING] += [
        ("-m", "mark", "!", "--mark", MASQUERADE, "-j", "RETURN"),
        ("-j", "MARK", "--xor-mark", MASQUERADE_MARK),
        (*_comment("kubernetes service traffic requiring SNAT"), "-j", "MASQUERADE", "--random-fully"),
    ]
    tables.nat[MARK_MASQ].append(("-j", "MARK", "--or-mark", MASQUERADE_MARK))
    tables.filter[FIREWALL].append((
        *_comment("block incoming localnet connections"), "-d", "127.0.0.0/8", "!", "-s", "127.0.0.0/8",
        "-m", "conntrack", "!", "--ctstate", "RELATED,ESTABLISHED,DNAT", "-j", "DROP",
    ))


def _write_node_ports_jump(tables: Tables) -> None:
    text = "kubernetes service nodeports; NOTE: this must be the last rule in this chain"
    tables.nat[SERVICES].append((*_comment(text), "-m", "addrtype", "--dst-type", "LOCAL", "-j", NODE_PORTS))


def _write_forwarding(tables: Tables) -> None:
    tables.filter[FORWARD] += [
        ("-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP"),
        (*_comment("kubernetes forwarding rules"), "-m", "mark", "--mark", MASQUERADE, "-j", "ACCEPT"),
        (
            *_comment("kubernetes forwarding conntrack rule"),
            "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT",
        ),
    ]


class _ServicePort:
    """Writes the rules of one Service port."""

    def __init__(self, tables: Tables, port: Mapping[str, Any], rules: Mapping[str, Any]) -> None:
        self.filter, self.nat = tables
        self.port = port
        self.node_ip: str = rules["nodeIP"]
        self.cluster_cidr: str = rules["clusterCIDR"]
        self.name: str = port["name"]
        self.protocol: str = port["protocol"]
        self.cluster: list[str] = port.get("cluster", [])
        self.local: list[str] = port.get("local", [])
        self.any: bool = port.get("any", False)
        self.internal_local: bool = port.get("internalLocal", False)
        self.external_local: bool = port.get("externalLocal", False)
        self.has_internal = self.any and bool(self.local if self.internal_local else True)
        self.has_external = self.any and bool(self.local if self.external_local else True)
        self.svc, self.svl, self.ext, self.fw = (
            service_chain(prefix, self.name, self.protocol)
            for prefix in ("KUBE-SVC-", "KUBE-SVL-", "KUBE-EXT-", "KUBE-FW-")
        )
        self.firewalled = bool(self.any and port.get("loadBalancerIPs") and port.get("sourceRanges"))

    def write(self) -> None:
        self._capture_cluster_ip()
        self._capture_external()
        self._capture_node_port()
        self._masquerade_internal()
        if self.any and is_external(self.port):
            self._write_external_chain()
        if self.firewalled:
            self._write_firewall_chain()
        if self.cluster and uses_cluster(self.port):
            self._write_choice(self.svc, self.cluster)
        if self.local and uses_local(self.port):
            self._write_choice(self.svl, self.local)
        for endpoint in sorted({*self.cluster, *self.local}):
            self._write_endpoint(endpoint)

    def _to(self, destination: str, port: int) -> Rule:
        address = ("-d", destination) if destination else ()
        return ("-m", self.protocol, "-p", self.protocol, *address, "--dport", str(port))

    def _refusal(self) -> tuple[str, str]:
        """Comment and target for traffic that no endpoint can take."""
        if not self.any:
            return f"{self.name} has no endpoints", "REJECT"
        return f"{self.name} has no local endpoints", "DROP"

    @property
    def _internal_chain(self) -> str:
        return self.svl if self.internal_local else self.svc

    def _capture_cluster_ip(self) -> None:
        to = self._to(self.port["ip"], self.port["port"])
        if self.has_internal:
            self.nat[SERVICES].append((*_comment(f"{self.name} cluster IP"), *to, "-j", self._internal_chain))
            return
        text, target = self._refusal()
        self.filter[SERVICES].append((*_comment(text), *to, "-j", target))

    def _capture_external(self) -> None:
        kinds = (("external IP", "externalIPs", self.ext),
                 ("loadbalancer IP", "loadBalancerIPs", self.fw if self.firewalled else self.ext))
        for kind, field, chain in kinds:
            for address in self.port.get(field, []):
                to = self._to(address, self.port["port"])
                if self.any:
                    self.nat[SERVICES].append((*_comment(f"{self.name} {kind}"), *to, "-j", chain))
                if self.firewalled and chain == self.fw:
                    text = f"{self.name} traffic not accepted by {self.fw}"
                    self.filter[PROXY_FIREWALL].append((*_comment(text), *to, "-j", "DROP"))
                if not self.has_external:
                    text, target = self._refusal()
                    self.filter[EXTERNAL_SERVICES].append((*_comment(text), *to, "-j", target))

    def _capture_node_port(self) -> None:
        if "healthPort" in self.port:
            text = f"{self.name} health check node port"
            check = ("-m", "tcp", "-p", "tcp", "--dport", str(self.port["healthPort"]))
            self.filter[NODE_PORTS].append((*_comment(text), *check, "-j", "ACCEPT"))
        if "nodePort" not in self.port:
            return
        to = self._to("", self.port["nodePort"])
        if self.any:
            self.nat[NODE_PORTS].append((*_comment(self.name), *to, "-j", self.ext))
        if not self.has_external:
            text, target = self._refusal()
            local = ("-m", "addrtype", "--dst-type", "LOCAL")
            self.filter[EXTERNAL_SERVICES].append((*_comment(text), *local, *to, "-j", target))

    def _masquerade_internal(self) -> None:
        if not self.has_internal:
            return
        to = self._to(self.port["ip"], self.port["port"])
        self.nat.setdefault(self._internal_chain, []).append(
            (*_comment(f"{self.name} cluster IP"), *to, "!", "-s", self.cluster_cidr, "-j", MARK_MASQ)
        )

    def _write_external_chain(self) -> None:
        rules = self.nat.setdefault(self.ext, [])
        outside = f"{self.name} external destinations"
        if self.external_local:
            here = ("-m", "addrtype", "--src-type", "LOCAL")
            rules += [
                (*_comment(f"pod traffic for {outside}"), "-s", self.cluster_cidr, "-j", self.svc),
                (*_comment(f"masquerade LOCAL traffic for {outside}"), *here, "-j", MARK_MASQ),
                (*_comment(f"route LOCAL traffic for {outside}"), *here, "-j", self.svc),
            ]
        else:
            rules.append((*_comment(f"masquerade traffic for {outside}"), "-j", MARK_MASQ))
        if self.has_external:
            rules.append(("-j", self.svl if self.external_local else self.svc))

    def _write_firewall_chain(self) -> None:
        rules = self.nat.setdefault(self.fw, [])
        about = _comment(f"{self.name} loadbalancer IP")
        sources = list(self.port["sourceRanges"])
        if self.node_ip and any(ip_address(self.node_ip) in ip_network(source, strict=False) for source in sources):
            sources += self.port["loadBalancerIPs"]
        rules += [(*about, "-s", source, "-j", self.ext) for source in sources]
        rules.append(_comment(f"other traffic to {self.name} will be dropped by KUBE-PROXY-FIREWALL"))

    def _write_choice(self, chain: str, endpoints: list[str]) -> None:
        """Affinity first, then one endpoint by chance: each rule takes its share of what the rules before it left."""
        rules = self.nat.setdefault(chain, [])
        targets = [(endpoint_chain(self.name, self.protocol, endpoint), endpoint) for endpoint in endpoints]
        if "affinity" in self.port:
            for target, endpoint in targets:
                recent = ("-m", "recent", "--name", target, "--rcheck")
                seen = (*recent, "--seconds", str(self.port["affinity"]), "--reap")
                rules.append((*_comment(f"{self.name} -> {endpoint}"), *seen, "-j", target))
        for number, (target, endpoint) in enumerate(targets):
            left = len(targets) - number
            chance: Rule = ()
            if left > 1:
                chance = ("-m", "statistic", "--mode", "random", "--probability", probability(left))
            rules.append((*_comment(f"{self.name} -> {endpoint}"), *chance, "-j", target))

    def _write_endpoint(self, endpoint: str) -> None:
        chain = endpoint_chain(self.name, self.protocol, endpoint)
        about = _comment(self.name)
        remember: Rule = ("-m", "recent", "--name", chain, "--set") if "affinity" in self.port else ()
        self.nat[chain] = [
            (*about, "-s", endpoint.rpartition(":")[0], "-j", MARK_MASQ),
            (*about, *remember, "-m", self.protocol, "-p", self.protocol, "-j", "DNAT", "--to-destination", endpoint),
        ]


# --- texts -----------------------------------------------------------------------------------------------------------


def _quoted(argument: str, before: str) -> str:
    return f'"{argument}"' if before == "--comment" and " " in argument else argument


def _restore_lines(chain: str, rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        before = ("-A", chain, *rule)
        yield " ".join(_quoted(argument, previous) for previous, argument in zip(("", *before), before, strict=False))


def iptables_restore(rules: Mapping[str, Any]) -> str:
    """What kube-proxy hands to iptables-restore for a node's rules."""
    tables = build(rules)
    lines = []
    for name in ("filter", "nat"):
        table = tables.table(name)
        lines.append(f"*{name}")
        lines += [f":{chain} - [0:0]" for chain in table]
        for chain, chain_rules in table.items():
            lines += _restore_lines(chain, chain_rules)
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def iptables_save(rules: Mapping[str, Any], table: str = "") -> str:
    """What `iptables-save [-t table]` prints on the node: the kernel's order and spelling, built-in chains included."""
    tables = build(rules)
    lines = []
    for name in [table] if table else ["filter", "nat"]:
        chains = tables.table(name)
        lines.append(f"*{name}")
        lines += [f":{chain} ACCEPT [0:0]" for chain in BUILT_IN[name]]
        lines += [f":{chain} - [0:0]" for chain in sorted(chains)]
        for chain in BUILT_IN[name]:
            lines += [f"-A {chain} {_saved(rule)}" for rule in _jumps_from(name, chain)]
        for chain in sorted(chains):
            lines += [f"-A {chain} {_saved(rule)}" for rule in chains[chain]]
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def _jumps_from(table: str, chain: str) -> list[Rule]:
    jumps = [
        (*matches, *(_comment(text) if text else ()), "-j", target)
        for of_table, source, target, text, matches in JUMPS if (of_table, source) == (table, chain)
    ]
    return jumps[::-1]


class Parsed(NamedTuple):
    """A rule taken apart. Each value carries its "!" in front when it is negated."""

    source: str
    destination: str
    protocol: str
    matches: list[list[str]]  # ["comment", "--comment", …], ["tcp", "--dport", …]
    target: list[str]  # ["DNAT", "--to-destination", …]


def parse(rule: Rule) -> Parsed:
    """Take a rule apart, so that it can be printed in the kernel's order or followed by a packet."""
    fixed = {"-s": "", "-d": "", "-p": ""}
    matches: list[list[str]] = []
    target: list[str] = []
    negation = ""
    words = iter(rule)
    for word in words:
        if word == "!":
            negation = "! "
        elif word in fixed:
            fixed[word] = negation + next(words)
            negation = ""
        elif word == "-m":
            matches.append([next(words)])
        elif word == "-j":
            target = list(words)
        else:
            match = next(m for m in matches if m[0] == "tcp" or m[0] == "udp") if word == "--dport" else matches[-1]
            match.append(negation + word)
            negation = ""
    return Parsed(fixed["-s"], fixed["-d"], fixed["-p"], matches, target)


def _saved(rule: Rule) -> str:
    parsed = parse(rule)
    parts = [_flag(flag, value) for flag, value in (("-s", parsed.source), ("-d", parsed.destination)) if value]
    if parsed.protocol:
        parts.append(_flag("-p", parsed.protocol))
    parts += [f"-m {' '.join(_saved_match(match))}" for match in parsed.matches]
    if parsed.target:
        parts.append(f"-j {' '.join(_saved_target(parsed.target))}")
    return " ".join(parts)


def _flag(flag: str, value: str) -> str:
    negated = value.startswith("! ")
    plain = value.removeprefix("! ")
    if flag != "-p" and "/" not in plain:
        plain += "/32"
    return f"! {flag} {plain}" if negated else f"{flag} {plain}"


def _saved_match(match: list[str]) -> list[str]:
    name, *options = match
    if name == "comment":
        return [name, options[0], f'"{options[1]}"']
    if name == "recent":
        where = options.index("--name")
        others = [*options[:where], *options[where + 2 :]]
        return [name, *others, "--name", options[where + 1], "--mask", "255.255.255.255", "--rsource"]
    if name == "statistic":
        # The kernel keeps a share as a fraction of 2^31.
        share = round(float(options[-1]) * 2**31) / 2**31
        return [name, *options[:-1], f"{share:.11f}"]
    return match


def _saved_target(target: list[str]) -> list[str]:
    if target[0] == "REJECT":
        return ["REJECT", "--reject-with", "icmp-port-unreachable"]
    if target[0] == "MARK":
        mask = MASQUERADE_MARK if target[1] == "--or-mark" else "0x0"
        return ["MARK", "--set-xmark", f"{MASQUERADE_MARK}/{mask}"]
    return target
