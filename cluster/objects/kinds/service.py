"""Service: one address for a changing set of Pods."""

from __future__ import annotations

from cluster.objects.documents import Document, dig
from cluster.objects.printing import AGE, NAME, NONE, labels_cell
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind
from cluster.objects.service_validation import service_errors

CLUSTER_IP = "ClusterIP"
NODE_PORT = "NodePort"
LOAD_BALANCER = "LoadBalancer"
EXTERNAL_NAME = "ExternalName"
HEADLESS = "None"
# Seconds for which ClientIP affinity lasts unless told otherwise.
DEFAULT_AFFINITY_SECONDS = 10800
# The longest load balancer address that the narrow table shows in full (loadBalancerWidth).
LOAD_BALANCER_WIDTH = 16


def type_of(service: Document) -> str:
    return str(dig(service, "spec", "type", default=CLUSTER_IP))


def cluster_ip(service: Document) -> str:
    """The address, "None" for a headless Service, "" for one that has none."""
    return str(dig(service, "spec", "clusterIP", default=""))


def is_headless(service: Document) -> bool:
    return cluster_ip(service) == HEADLESS


def is_external_name(service: Document) -> bool:
    return type_of(service) == EXTERNAL_NAME


def selector(service: Document) -> dict[str, str]:
    """Labels that its Pods have; empty for a Service whose endpoints someone else writes."""
    return dig(service, "spec", "selector", default={})


def selects(service: Document, pod: Document) -> bool:
    """Whether the Pod is one of the Service's: same namespace, all labels of a selector that is not empty."""
    wanted = selector(service)
    if not wanted or service["metadata"].get("namespace") != pod["metadata"].get("namespace"):
        return False
    present = pod["metadata"].get("labels") or {}
    return all(present.get(key) == value for key, value in wanted.items())


def ports(service: Document) -> list[Document]:
    return dig(service, "spec", "ports", default=[])


def has_node_ports(service: Document) -> bool:
    """Whether every port gets a node port (shouldAllocateNodePorts in pkg/registry/core/service/storage)."""
    if type_of(service) == LOAD_BALANCER:
        return bool(dig(service, "spec", "allocateLoadBalancerNodePorts", default=True))
    return type_of(service) == NODE_PORT


def is_exposed_on_nodes(service: Document) -> bool:
    """Whether its type opens ports on nodes at all."""
    return type_of(service) in (NODE_PORT, LOAD_BALANCER)


def needs_health_check(service: Document) -> bool:
    """Whether load balancers ask each node if it has an endpoint (NeedsHealthCheck in pkg/api/service/util.go)."""
    local = dig(service, "spec", "externalTrafficPolicy") == "Local"
    return local and type_of(service) == LOAD_BALANCER


def publishes_not_ready(service: Document) -> bool:
    return bool(dig(service, "spec", "publishNotReadyAddresses", default=False))


def load_balancer_addresses(service: Document) -> list[str]:
    entries = dig(service, "status", "loadBalancer", "ingress", default=[])
    return [entry.get("ip") or entry.get("hostname") or "" for entry in entries]


def external_ip_text(service: Document, wide: bool = False) -> str:
    """The EXTERNAL-IP cell (getServiceExternalIP in pkg/printers/internalversion/printers.go)."""
    if is_external_name(service):
        return str(dig(service, "spec", "externalName", default=""))
    fixed = dig(service, "spec", "externalIPs", default=[])
    if type_of(service) != LOAD_BALANCER:
        return ",".join(fixed) or NONE
    balanced = ",".join(load_balancer_addresses(service))
    if not wide and len(balanced) > LOAD_BALANCER_WIDTH:
        balanced = balanced[: LOAD_BALANCER_WIDTH - 3] + "..."
    return ",".join([*([balanced] if balanced else []), *fixed]) or "<pending>"


def ports_text(service: Document) -> str:
    """The PORT(S) cell: `80/TCP`, `80:31700/TCP`."""
    pieces = []
    for port in ports(service):
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        pieces.append(f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}")
    return ",".join(pieces) or NONE


def _default_port(port: Document) -> Document:
    filled = {**port, "protocol": port.get("protocol") or "TCP"}
    if filled.get("targetPort") in (None, "", 0):
        filled["targetPort"] = filled.get("port", 0)
    return filled


def default(service: Document) -> Document:
    """SetDefaults_Service in pkg/apis/core/v1/defaults.go."""
    spec = dict(service.get("spec") or {})
    spec["type"] = spec.get("type") or CLUSTER_IP
    spec["sessionAffinity"] = spec.get("sessionAffinity") or "None"
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif not dig(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds"):
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": DEFAULT_AFFINITY_SECONDS}}
    if spec.get("ports"):
        spec["ports"] = [_default_port(port) for port in spec["ports"]]
    reachable_from_outside = spec["type"] in (NODE_PORT, LOAD_BALANCER) or bool(spec.get("externalIPs"))
    if reachable_from_outside and spec["type"] != EXTERNAL_NAME:
        spec["externalTrafficPolicy"] = spec.get("externalTrafficPolicy") or "Cluster"
    if spec["type"] != EXTERNAL_NAME:
        spec["internalTrafficPolicy"] = spec.get("internalTrafficPolicy") or "Cluster"
    if spec["type"] == LOAD_BALANCER and spec.get("allocateLoadBalancerNodePorts") is None:
        spec["allocateLoadBalancerNodePorts"] = True
    return {**service, "spec": spec}


# Fields of the spec that a change of type makes pointless, by what makes them so (dropTypeDependentFields).
ADDRESS_FIELDS = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")


def linked(service: Document, old: Document | None) -> Document:
    """The Service with linked fields in step and, in an update, with what it holds and has not given up.

    `clusterIP` and `clusterIPs` are one thing; an update that leaves allocated values out keeps them; a change of type
    drops what the new type has no use for (pkg/registry/core/service/storage/storage.go, strategy.go).
    """
    spec = dict(service["spec"])
    if old is None:
        if spec.get("clusterIP") and not spec.get("clusterIPs"):
            spec["clusterIPs"] = [spec["clusterIP"]]
        return {**service, "spec": spec}
    before = old["spec"]
    _link_addresses(spec, before)
    if type_of(service) != EXTERNAL_NAME and type_of(old) != EXTERNAL_NAME:
        _keep_addresses(spec, before)
    if is_exposed_on_nodes(service) and is_exposed_on_nodes(old):
        _keep_node_ports(spec, before)
    if needs_health_check(service) and needs_health_check(old) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = before.get("healthCheckNodePort", 0)
    return _without_pointless_fields({**service, "spec": spec}, old)


def _link_addresses(spec: Document, before: Document) -> None:
    """Bring `clusterIPs` in step with a `clusterIP` that alone was changed (normalizeClusterIPs)."""
    if not spec.get("clusterIPs") and spec.get("clusterIP") == before.get("clusterIP") and before.get("clusterIPs"):
        spec["clusterIPs"] = before["clusterIPs"]
    if spec.get("clusterIP") != before.get("clusterIP") and spec.get("clusterIPs") == before.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]] if spec.get("clusterIP") else []
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]


def _keep_addresses(spec: Document, before: Document) -> None:
    for field in ADDRESS_FIELDS:
        if not spec.get(field) and before.get(field):
            spec[field] = before[field]


def _keep_node_ports(spec: Document, before: Document) -> None:
    """Ports that name no node port keep the one that a port of that name had (patchAllocatedValues)."""
    held = {port.get("name", ""): port.get("nodePort", 0) for port in before.get("ports") or []}
    named = {port["nodePort"] for port in spec.get("ports") or [] if port.get("nodePort")}
    kept = []
    for port in spec.get("ports") or []:
        number = held.get(port.get("name", ""), 0)
        keeps = number and number not in named and not port.get("nodePort")
        kept.append({**port, "nodePort": number} if keeps else port)
    if kept:
        spec["ports"] = kept


def _without_pointless_fields(service: Document, old: Document) -> Document:
    spec, before = dict(service["spec"]), old["spec"]
    dropped: list[str] = []
    if type_of(service) == EXTERNAL_NAME and type_of(old) != EXTERNAL_NAME:
        dropped += ADDRESS_FIELDS
    if type_of(service) != LOAD_BALANCER:
        dropped += ["allocateLoadBalancerNodePorts", "loadBalancerClass"]
    if not needs_health_check(service):
        dropped.append("healthCheckNodePort")
    if not is_exposed_on_nodes(service) and not spec.get("externalIPs"):
        dropped.append("externalTrafficPolicy")
    for field in dropped:
        # A value that the same request sets is left for validation to refuse.
        if field in spec and spec[field] == before.get(field):
            del spec[field]
    if is_exposed_on_nodes(old) and not is_exposed_on_nodes(service):
        spec["ports"] = _without_node_ports(spec.get("ports") or [], before.get("ports") or [])
    if type_of(service) != LOAD_BALANCER and type_of(old) == LOAD_BALANCER:
        service = {**service, "status": {"loadBalancer": {}}}
    return {**service, "spec": spec}


def _without_node_ports(wanted: list[Document], before: list[Document]) -> list[Document]:
    held = {port.get("nodePort") for port in before}
    if not {port.get("nodePort") for port in wanted} <= held | {None}:
        return wanted
    return [{field: value for field, value in port.items() if field != "nodePort"} for port in wanted]


def prepare(service: Document) -> Document:
    """A new Service has no load balancer yet."""
    return {**service, "status": {"loadBalancer": {}}}


def validate(service: Document, old: Document | None) -> list[FieldError]:
    """ValidateServiceCreate and ValidateServiceUpdate in pkg/apis/core/validation/validation.go."""
    return service_errors(linked(service, old), old)


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="Service",
        plural="services",
        singular="service",
        short_names=("svc",),
        categories=("all",),
        subresources=frozenset({"status", "proxy"}),
        namespaced=True,
        name_rule="service",
        default=default,
        prepare=prepare,
        validate=validate,
        columns=(
            NAME,
            Column("Type", lambda service, now: type_of(service)),
            Column("Cluster-IP", lambda service, now: cluster_ip(service) or NONE),
            Column("External-IP", lambda service, now: external_ip_text(service)),
            Column("Port(s)", lambda service, now: ports_text(service)),
            AGE,
            Column("Selector", lambda service, now: labels_cell(selector(service)), wide=True),
        ),
        field_labels={"spec.clusterIP": cluster_ip, "spec.type": type_of},
    )
)
