"""The rules of a Service (validateService in pkg/apis/core/validation/validation.go)."""

from __future__ import annotations

from cluster.objects import names
from cluster.objects.addresses import address_errors, endpoint_errors
from cluster.objects.container_validation import PROTOCOLS, port_or_name_errors
from cluster.objects.documents import Document, dig
from cluster.objects.field_errors import duplicate, forbidden, invalid, not_supported, required
from cluster.objects.metadata_rules import label_errors
from cluster.objects.registry import FieldError

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
AFFINITIES = ("ClientIP", "None")
POLICIES = ("Cluster", "Local")
FAMILIES = ("IPv4", "IPv6")
FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
MAX_AFFINITY_SECONDS = 86400
NOT_FOR_EXTERNAL_NAME = "may not be set for ExternalName services"
ONLY_LOAD_BALANCER = "may only be used when `type` is 'LoadBalancer'"
UNCHANGEABLE = "may not change once set"


def service_errors(service: Document, old: Document | None) -> list[FieldError]:
    """Complaints about a Service whose linked fields are in step; `old` is what it replaces."""
    spec = service["spec"]
    found = _change_errors(spec, old["spec"]) if old is not None else []
    ports, headless = spec.get("ports") or [], spec.get("clusterIPs") == ["None"]
    if not ports and not headless and spec["type"] != "ExternalName":
        found.append(required("spec.ports"))
    found += _type_errors(spec, headless)
    seen: set[str] = set()
    for index, port in enumerate(ports):
        found += _port_errors(port, f"spec.ports[{index}]", len(ports) > 1, seen)
    found += label_errors(spec.get("selector") or {}, "spec.selector")
    found += _affinity_errors(spec)
    if spec["type"] != "ExternalName":
        found += _address_errors(spec)
    for index, address in enumerate(spec.get("externalIPs") or []):
        found += endpoint_errors(address, f"spec.externalIPs[{index}]")
    if spec["type"] not in TYPES:
        found.append(not_supported("spec.type", spec["type"], TYPES))
    found += _repeated_ports(spec)
    return found + _traffic_errors(spec)


def _change_errors(spec: Document, before: Document) -> list[FieldError]:
    """The first address and family of a Service stay, unless it comes from or goes to ExternalName."""
    if "ExternalName" in (spec["type"], before.get("type")):
        return []
    new, old = spec.get("clusterIPs") or [], before.get("clusterIPs") or []
    found = []
    if old and new != old:
        if not new:
            found.append(invalid("spec.clusterIPs[0]", new, "primary clusterIP can not be unset"))
        elif new[0] != old[0]:
            found.append(invalid("spec.clusterIPs[0]", new, UNCHANGEABLE))
    families, old_families = spec.get("ipFamilies") or [], before.get("ipFamilies") or []
    if families and old_families and families[0] != old_families[0] and old != ["None"]:
        found.append(invalid("spec.ipFamilies[0]", families[0], UNCHANGEABLE))
    return found


def _type_errors(spec: Document, headless: bool) -> list[FieldError]:
    kind = spec["type"]
    if headless and kind in ("LoadBalancer", "NodePort"):
        return [invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")]
    if kind != "ExternalName":
        return []
    found = [
        forbidden(f"spec.{field}", NOT_FOR_EXTERNAL_NAME)
        for field in ("clusterIPs", "ipFamilies", "ipFamilyPolicy") if spec.get(field)
    ]
    name = (spec.get("externalName") or "").removesuffix(".")
    if not name:
        return [*found, required("spec.externalName")]
    return found + [invalid("spec.externalName", name, complaint) for complaint in names.subdomain(name)]


def _port_errors(port: Document, path: str, needs_name: bool, seen: set[str]) -> list[FieldError]:
    found = []
    name = port.get("name") or ""
    if needs_name and not name:
        found.append(required(f"{path}.name"))
    elif name:
        found += [invalid(f"{path}.name", name, complaint) for complaint in names.label(name)]
        if name in seen:
            found.append(duplicate(f"{path}.name", name))
        seen.add(name)
    number = port.get("port", 0)
    found += [invalid(f"{path}.port", number, complaint) for complaint in names.port_number(number)]
    if port.get("protocol") not in PROTOCOLS:
        found.append(not_supported(f"{path}.protocol", port.get("protocol"), PROTOCOLS))
    return found + port_or_name_errors(port.get("targetPort", 0), f"{path}.targetPort")


def _affinity_errors(spec: Document) -> list[FieldError]:
    if spec["sessionAffinity"] not in AFFINITIES:
        return [not_supported("spec.sessionAffinity", spec["sessionAffinity"], AFFINITIES)]
    seconds = dig(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds")
    if seconds is None or 0 < seconds <= MAX_AFFINITY_SECONDS:
        return []
    complaint = f"must be greater than 0 and less than {MAX_AFFINITY_SECONDS}"
    return [invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, complaint)]


def _address_errors(spec: Document) -> list[FieldError]:
    """ValidateServiceClusterIPsRelatedFields"""
    address, addresses = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    found = []
    if address and addresses and addresses[0] != address:
        found.append(invalid("spec.clusterIPs", addresses, "first value must match `clusterIP`"))
    if not address and addresses:
        found.append(invalid("spec.clusterIPs", addresses, "must be empty when `clusterIP` is not specified"))
    families = spec.get("ipFamilies") or []
    for index, family in enumerate(families):
        if family not in FAMILIES:
            found.append(not_supported(f"spec.ipFamilies[{index}]", family, FAMILIES))
        if family in families[:index]:
            found.append(duplicate(f"spec.ipFamilies[{index}]", family))
    policy = spec.get("ipFamilyPolicy")
    if policy not in (None, *FAMILY_POLICIES):
        found.append(not_supported("spec.ipFamilyPolicy", policy, FAMILY_POLICIES))
    for index, entry in enumerate(addresses):
        if index == 0 and entry == "None":
            if len(addresses) > 1:
                found.append(invalid("spec.clusterIPs", addresses, "'None' must be the first and only value"))
        else:
            found += address_errors(entry, f"spec.clusterIPs[{index}]")
    if len(addresses) > 2:
        found.append(invalid("spec.clusterIPs", addresses, "may only hold up to 2 values"))
    return found


def _repeated_ports(spec: Document) -> list[FieldError]:
    found = []
    node_ports, ports = set(), set()
    for index, port in enumerate(spec.get("ports") or []):
        path, protocol, number = f"spec.ports[{index}]", port.get("protocol"), port.get("nodePort")
        if number and spec["type"] == "ClusterIP":
            found.append(forbidden(f"{path}.nodePort", "may not be used when `type` is 'ClusterIP'"))
        if number and (protocol, number) in node_ports:
            found.append(duplicate(f"{path}.nodePort", number))
        node_ports.add((protocol, number))
    for index, port in enumerate(spec.get("ports") or []):
        key = port.get("protocol"), port.get("port")
        if key in ports:
            # The server shows the two fields that make the key, and the empty others.
            shown = {"Name": "", "Protocol": key[0], "AppProtocol": None, "Port": key[1]}
            shown |= {"TargetPort": 0, "NodePort": 0}
            found.append(duplicate(f"spec.ports[{index}]", shown))
        ports.add(key)
    return found


def _traffic_errors(spec: Document) -> list[FieldError]:
    found = []
    balanced = spec["type"] == "LoadBalancer"
    if spec.get("loadBalancerSourceRanges") and not balanced:
        found.append(forbidden("spec.LoadBalancerSourceRanges", ONLY_LOAD_BALANCER))
    if spec.get("allocateLoadBalancerNodePorts") is not None and not balanced:
        found.append(forbidden("spec.allocateLoadBalancerNodePorts", ONLY_LOAD_BALANCER))
    if spec.get("loadBalancerClass") is not None and not balanced:
        found.append(forbidden("spec.loadBalancerClass", ONLY_LOAD_BALANCER))
    policy = spec.get("externalTrafficPolicy")
    exposed = spec["type"] in ("NodePort", "LoadBalancer") or bool(spec.get("externalIPs"))
    if policy and not exposed:
        complaint = "may only be set for externally-accessible services"
        found.append(invalid("spec.externalTrafficPolicy", policy, complaint))
    if policy and exposed and policy not in POLICIES:
        found.append(not_supported("spec.externalTrafficPolicy", policy, POLICIES))
    if spec.get("healthCheckNodePort") and not (balanced and policy == "Local"):
        complaint = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        found.append(invalid("spec.healthCheckNodePort", spec["healthCheckNodePort"], complaint))
    internal = spec.get("internalTrafficPolicy")
    if internal and internal not in POLICIES:
        found.append(not_supported("spec.internalTrafficPolicy", internal, POLICIES))
    return found
