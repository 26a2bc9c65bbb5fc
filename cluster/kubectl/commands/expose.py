"""`kubectl expose`: a Service for what runs already (kubectl/pkg/cmd/expose/expose.go)."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.kubectl.command import FILENAME, Command, Flag
from cluster.kubectl.completing import kinds_then_names
from cluster.kubectl.creating import FLAGS, create, number, pairs
from cluster.kubectl.invocation import CommandError, Invocation, Run
from cluster.kubectl.problems import Problems
from cluster.kubectl.results import Results
from cluster.kubectl.selection import Found, selected
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.registry import REGISTRY

EXPOSED = ("deployments.apps", "pods", "replicasets.apps", "replicationcontrollers", "services")
MAX_NAME = 63
NO_PORT = "error: couldn't find port via --port flag or introspection"
NO_SELECTORS = "error: couldn't retrieve selectors via --selector flag or introspection: "


def _run(invocation: Invocation) -> Run:
    problems, results = Problems(), Results(invocation)
    for one in _selected(invocation, problems):
        with problems.catching():
            if one.kind.resource not in EXPOSED:
                raise CommandError(f"error: cannot expose a {_group_kind(one)}")
            done = create(invocation, results, _service(invocation, one), "exposed")
            yield results.done(REGISTRY["services"], done, "exposed")
    return (yield from problems.report())


def _selected(invocation: Invocation, problems: Problems) -> list[Found]:
    # --selector is the new Service's here, it chooses nothing.
    flags = {flag: value for flag, value in invocation.flags.items() if flag != "selector"}
    plain = Invocation(invocation.shell, invocation.command, invocation.words, flags, invocation.given)
    return selected(plain, problems)


def _group_kind(found: Found) -> str:
    return found.kind.qualified_kind


def _service(invocation: Invocation, found: Found) -> Document:
    labels = invocation.text("labels")
    headless = invocation.text("cluster-ip") == "None"
    meta: Document = {"name": invocation.text("name") or found.name[:MAX_NAME]}
    selector = _selector(invocation, found)
    own = pairs(labels, "label") if labels else metadata.labels(found.document)
    if own:
        meta["labels"] = own
    spec: Document = {"selector": selector}
    ports = list(_ports(invocation, found))
    if not ports and not headless:
        raise CommandError(NO_PORT)
    optional = {
        "ports": ports, "type": invocation.text("type"), "clusterIP": invocation.text("cluster-ip"),
        "sessionAffinity": _affinity(invocation),
        "externalIPs": [invocation.text("external-ip")] if invocation.text("external-ip") else [],
    }
    spec |= {field: value for field, value in optional.items() if value}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec, "status": {"loadBalancer": {}}}


def _affinity(invocation: Invocation) -> str:
    affinity = invocation.text("session-affinity")
    if affinity not in ("", "None", "ClientIP"):
        raise CommandError(f"error: unknown session affinity: {affinity}")
    return affinity


def _selector(invocation: Invocation, found: Found) -> dict[str, str]:
    if invocation.text("selector"):
        return pairs(invocation.text("selector"), "label")
    if found.kind.resource == "pods":
        labels = metadata.labels(found.document)
        if not labels:
            raise CommandError(f"{NO_SELECTORS}the pod has no labels and cannot be exposed")
        return labels
    if found.kind.resource == "services":
        chosen: dict[str, str] = dig(found.document, "spec", "selector", default={})
        if not chosen:
            raise CommandError(f"{NO_SELECTORS}the service has no pod selector set")
        return chosen
    selector = dig(found.document, "spec", "selector", default={})
    if found.kind.resource == "replicationcontrollers":
        plain: dict[str, str] = selector
        return plain
    if selector.get("matchExpressions"):
        expressions = " ".join(f"{{{each['key']} {each['operator']}}}" for each in selector["matchExpressions"])
        raise CommandError(
            f"{NO_SELECTORS}couldn't convert expressions - \"[{expressions}]\" to map-based selector format"
        )
    wanted: dict[str, str] = selector.get("matchLabels") or {}
    return wanted


def _ports(invocation: Invocation, found: Found) -> Iterator[Document]:
    """The new Service's ports: those of --port, else all that the object has."""
    there = _protocols(found)
    wanted = [number(part) for part in invocation.text("port").split(",")] if invocation.text("port") else list(there)
    several, target = len(wanted) > 1, invocation.text("target-port")
    for place, port in enumerate(wanted, 1):
        name = f"port-{place}" if several else invocation.text("port-name")
        protocols = [invocation.text("protocol")] if invocation.text("protocol") else there.get(port, ["TCP"])
        for protocol in protocols:
            label = f"port-{place}-{protocol.lower()}" if len(protocols) > 1 else name
            found_port: Document = {"port": port, "protocol": protocol, "targetPort": _target(target) if target else port}
            yield {**found_port, "name": label} if label else found_port


def _target(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def _protocols(found: Found) -> dict[int, list[str]]:
    """Protocols by port, as the object's containers (or a Service's ports) have them."""
    protocols: dict[int, list[str]] = {}
    for port in _declared(found):
        place = int(port.get("containerPort") or port["port"])
        known = protocols.setdefault(place, [])
        if port.get("protocol", "TCP") not in known:
            known.append(port.get("protocol", "TCP"))
    return protocols


def _declared(found: Found) -> list[Document]:
    if found.kind.resource == "services":
        ports: list[Document] = dig(found.document, "spec", "ports", default=[])
        return ports
    path = ("spec",) if found.kind.resource == "pods" else ("spec", "template", "spec")
    containers = dig(found.document, *path, "containers", default=[])
    return [port for container in containers for port in container.get("ports") or []]


COMMANDS = (
    Command(
        "expose", _run, "kubectl expose (-f FILENAME | TYPE NAME) [--port=port] [--target-port=number-or-name] [--type=type]",
        "Take a deployment, replica set, pod or service and expose it as a new service",
        (
            Flag("port", help="The port that the service should serve on."),
            Flag("target-port", help="Name or number for the port on the container that the service should direct traffic to."),
            Flag("port-name", help="The name of the port."),
            Flag("protocol", help="The network protocol for the service to be created. Default is 'TCP'."),
            Flag("name", help="The name for the newly created object."),
            Flag("type", help="Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName."),
            Flag("labels", short="l", help="Labels to apply to the service created by this call."),
            Flag("selector", help="A label selector to use for this service."),
            Flag("cluster-ip", help="ClusterIP to be assigned to the service; 'None' for a headless one."),
            Flag("external-ip", help="Additional external IP address."),
            Flag("session-affinity", help="'None' or 'ClientIP'."),
            FILENAME, *FLAGS,
        ),
        examples=("kubectl expose deployment web --port=80 --target-port=8080 --type=NodePort",), complete=kinds_then_names,
    ),
)
