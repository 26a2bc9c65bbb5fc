"""What is true of a cluster in which nothing is going on any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cluster.apiserver.state import AGENDA, is_resource
from cluster.controllers.endpoint_pods import belongs
from cluster.controllers.resource_quota import counted
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import deployment as deployments
from cluster.objects.kinds import endpointslice as slices
from cluster.objects.kinds import namespace as namespaces
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets
from cluster.objects.kinds import resourcequota as quotas
from cluster.objects.kinds import service as services
from cluster.objects.registry import REGISTRY
from cluster.simulation.simulation import Simulation
from tests.walks.rules import Broken, Seen

SLICES = "endpointslices.discovery.k8s.io"
# Each rule holds while these are on.
Check = Callable[[Simulation, Seen], None]
RULES: list[tuple[tuple[str, ...], Check]] = []


def rule(*components: str) -> Callable[[Check], Check]:
    def add(check: Check) -> Check:
        RULES.append((components, check))
        return check

    return add


def check(simulation: Simulation, seen: Seen) -> None:
    """Look at a quiet cluster; Broken names the rule."""
    if not simulation.is_quiet():
        return
    for components, look in RULES:
        if simulation.api.is_off(*components):
            continue
        try:
            look(simulation, seen)
        except AssertionError as problem:
            raise Broken(f"{look.__name__} in the quiet cluster of revision {simulation.revision}: {problem}") from problem


def everything(simulation: Simulation) -> Iterator[tuple[str, Document]]:
    for table, rows in simulation.world.tables.items():
        if is_resource(table):
            for document in rows.values():
                yield table, document


def is_going(simulation: Simulation, document: Document) -> bool:
    """Whether its namespace is being deleted, so that nothing can be made in it any more."""
    namespace = simulation.api.get("namespaces", "", metadata.namespace(document))
    return namespace is None or namespaces.is_terminating(namespace)


def is_limited(simulation: Simulation, document: Document) -> bool:
    """Whether its namespace may refuse to have more in it."""
    namespace = metadata.namespace(document)
    return any(simulation.api.list(resource, namespace) for resource in ("resourcequotas", "limitranges"))


@rule()
def due_work_is_not_late(simulation: Simulation, seen: Seen) -> None:
    late = [(key, entry) for key, entry in simulation.world.table(AGENDA).items() if entry[0] < simulation.now and not entry[2]]
    assert not late, late


@rule("replicaset-controller")
def replicasets_have_their_pods(simulation: Simulation, seen: Seen) -> None:
    for one in simulation.api.list("replicasets.apps"):
        if metadata.is_being_deleted(one) or is_going(simulation, one):
            continue
        active = [pod for pod in simulation.api.owned("pods", metadata.uid(one)) if pods.is_active(pod)]
        refused = is_limited(simulation, one) and len(active) < replicasets.wanted(one)
        assert refused or len(active) == replicasets.wanted(one), (metadata.name(one), len(active), replicasets.wanted(one))
        assert dig(one, "status", "replicas", default=0) == len(active), (metadata.name(one), one["status"], len(active))
        ready = sum(map(pods.is_ready, active))
        assert dig(one, "status", "readyReplicas", default=0) == ready, (metadata.name(one), one["status"], ready)
        assert dig(one, "status", "observedGeneration") == one["metadata"]["generation"], metadata.name(one)


@rule("deployment-controller")
def deployments_tell_of_their_replicasets(simulation: Simulation, seen: Seen) -> None:
    for one in simulation.api.list("deployments.apps"):
        if metadata.is_being_deleted(one) or is_going(simulation, one):
            continue
        assert dig(one, "status", "observedGeneration") == one["metadata"]["generation"], metadata.name(one)
        owned = simulation.api.owned("replicasets.apps", metadata.uid(one))
        for field in ("replicas", "readyReplicas", "availableReplicas"):
            total = sum(dig(found, "status", field, default=0) for found in owned)
            assert dig(one, "status", field, default=0) == total, (metadata.name(one), field, one["status"], total)


@rule("deployment-controller", "replicaset-controller")
def deployments_have_their_size(simulation: Simulation, seen: Seen) -> None:
    for one in simulation.api.list("deployments.apps"):
        if metadata.is_being_deleted(one) or deployments.is_paused(one) or is_going(simulation, one):
            continue
        # A rollout that becomes Recreate while it is scaled has two sizes to choose from, and chooses neither
        # (pkg/controller/deployment/sync.go, scale).
        if not deployments.is_rolling(one):
            continue
        owned = simulation.api.owned("replicasets.apps", metadata.uid(one))
        if any(metadata.uid(found) in seen.meddled for found in owned) or is_limited(simulation, one):
            continue
        total = sum(map(replicasets.wanted, owned))
        wanted = deployments.replicas(one)
        least = wanted - deployments.max_unavailable(one)
        assert least <= total <= wanted + deployments.max_surge(one), (metadata.name(one), wanted, total)


@rule("endpointslice-controller")
def slices_list_the_selected_pods(simulation: Simulation, seen: Seen) -> None:
    for service in simulation.api.list("services"):
        namespace = metadata.namespace(service)
        if not services.selector(service) or services.is_external_name(service) or metadata.is_being_deleted(service):
            continue
        home = simulation.api.get("namespaces", "", namespace)
        if home is None or namespaces.is_terminating(home):
            continue  # nothing can be made there any more
        own = [one for one in simulation.api.list(SLICES, namespace) if slices.service_name(one) == metadata.name(service)]
        listed = [(dig(e, "targetRef", "name"), slices.is_ready(e)) for one in own for e in slices.endpoints(one)]
        found = [
            pod for pod in simulation.api.list("pods", namespace) if services.selects(service, pod) and belongs(pod, True)
        ]
        at_home = {metadata.name(pod) for pod in found if simulation.api.get("nodes", "", pods.node_name(pod))}
        assert len(listed) == len(set(listed)), listed
        names = {name for name, _ in listed}
        # The endpoints of a node that is gone stay as they were; and who fails without ever having been Ready stays in
        # the list until something else changes: the real controller compares no phases (podEndpointsChanged).
        failed = {
            metadata.name(pod) for pod in simulation.api.list("pods", namespace)
            if services.selects(service, pod) and pods.is_terminal(pod)
        }
        possible = {metadata.name(pod) for pod in found} | failed
        assert at_home <= names <= possible, (metadata.name(service), names, at_home)
        assert not failed & {name for name, is_ready in listed if is_ready}, (metadata.name(service), listed)
        ready = {metadata.name(pod) for pod in found if pods.is_ready(pod) and not metadata.is_being_deleted(pod)}
        listed_ready = {name for name, is_ready in listed if is_ready and name in at_home}
        assert listed_ready == ready & at_home, (metadata.name(service), listed, ready)


@rule("endpointslice-controller", "garbage-collector-controller")
def slices_belong_to_a_service(simulation: Simulation, seen: Seen) -> None:
    for one in simulation.api.list(SLICES):
        if metadata.controller_of(one) is not None and not metadata.is_being_deleted(one):
            assert simulation.api.get("services", metadata.namespace(one), slices.service_name(one)), metadata.name(one)


@rule()
def rules_name_the_ready_endpoints(simulation: Simulation, seen: Seen) -> None:
    for (node,), rules in simulation.api.hosts("host/iptables"):
        if simulation.api.is_off(f"kube-proxy/{node}", f"node/{node}") or simulation.api.get("nodes", "", node) is None:
            continue
        written = {(port["ip"], port["port"]): port.get("cluster", []) for port in rules["ports"]}
        wanted = {}
        for service in simulation.api.list("services"):
            if services.is_external_name(service) or services.cluster_ip(service) in ("", services.HEADLESS):
                continue
            for port in services.ports(service):
                wanted[services.cluster_ip(service), port["port"]] = _addresses(simulation, service, port)
        assert written.keys() == wanted.keys(), (node, written, wanted)
        for key, addresses in wanted.items():
            assert sorted(written[key]) == addresses, (node, key, written[key], addresses)


def _addresses(simulation: Simulation, service: Document, port: Document) -> list[str]:
    """The ready endpoints of a Service port; if there are none, those that still serve while they go away."""
    own = [
        one for one in simulation.api.list(SLICES, metadata.namespace(service))
        if slices.service_name(one) == metadata.name(service)
    ]
    listed = [
        (f"{endpoint['addresses'][0]}:{found['port']}", endpoint)
        for one in own for found in one.get("ports") or [] for endpoint in slices.endpoints(one)
        if (found.get("name") or "") == (port.get("name") or "")
    ]
    ready = [address for address, endpoint in listed if slices.is_ready(endpoint)]
    lingering = [a for a, endpoint in listed if slices.is_serving(endpoint) and slices.is_terminating(endpoint)]
    return sorted(set(ready or lingering))


@rule("garbage-collector-controller")
def owners_exist(simulation: Simulation, seen: Seen) -> None:
    for table, document in everything(simulation):
        references = metadata.owner_references(document)
        if not references or metadata.is_being_deleted(document):
            continue
        found = []
        for reference in references:
            kind = REGISTRY.by_type(reference["apiVersion"], reference["kind"])
            assert kind is not None, reference
            namespace = metadata.namespace(document) if kind.namespaced else ""
            owner = simulation.api.get(kind.resource, namespace, reference["name"])
            found.append(owner is not None and metadata.uid(owner) == reference["uid"])
        assert any(found), (table, metadata.name(document), references)


@rule("default-scheduler")
def who_waits_was_told_why(simulation: Simulation, seen: Seen) -> None:
    for pod in simulation.api.list("pods"):
        if pods.node_name(pod) or metadata.is_being_deleted(pod) or pods.is_terminal(pod):
            continue
        if dig(pod, "status", "nominatedNodeName"):
            continue  # it is about to be bound, and waits for its volumes
        told = pods.condition(pod, "PodScheduled") or {}
        reason = told.get("reason")
        assert reason in ("Unschedulable", "SchedulerError"), (metadata.name(pod), reason)


@rule("namespace-controller", "garbage-collector-controller")
def empty_namespaces_go(simulation: Simulation, seen: Seen) -> None:
    for one in simulation.api.list("namespaces"):
        if namespaces.is_terminating(one):
            left = [(t, metadata.name(d)) for t, d in everything(simulation) if metadata.namespace(d) == metadata.name(one)]
            assert left, metadata.name(one)


@rule()
def accounts_exist(simulation: Simulation, seen: Seen) -> None:
    if simulation.api.is_off("serviceaccount-controller", "root-ca-certificate-publisher"):
        return
    for one in simulation.api.list("namespaces"):
        if not namespaces.is_terminating(one):
            assert simulation.api.get("serviceaccounts", metadata.name(one), "default"), metadata.name(one)
            assert simulation.api.get("configmaps", metadata.name(one), "kube-root-ca.crt"), metadata.name(one)


@rule("resourcequota-controller")
def quotas_are_counted(simulation: Simulation, seen: Seen) -> None:
    for one in simulation.api.list("resourcequotas"):
        if not metadata.is_being_deleted(one) and not is_going(simulation, one):
            sums = counted(simulation.api, one)
            assert quotas.hard(one) == quotas.wanted(one), (metadata.name(one), quotas.hard(one))
            # A Pod of a lost machine stops counting when everything is counted anew.
            stuck = any(metadata.is_being_deleted(pod) for pod in simulation.api.list("pods", metadata.namespace(one)))
            assert stuck or quotas.used(one) == sums, (metadata.name(one), quotas.used(one), sums)
