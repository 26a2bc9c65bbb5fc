"""What is true of Pods and nodes after every step."""

from __future__ import annotations

from cluster.apiserver.state import World
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods
from cluster.simulation.step import Step
from tests.walks.rules import Seen, objects_of, updates_of, written, written_of

NOT_FOR_PODS = ("NoSchedule", "NoExecute")


@written("pods")
def a_pod_stays_on_its_node(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        if pods.node_name(old):
            assert pods.node_name(new) == pods.node_name(old), pods.node_name(new)


def newly_bound(step: Step) -> list[Document]:
    """The Pod that got its node by this step's decision.

    One with claims may have had to wait for its volumes: it was decided upon before, and its node may have changed.
    """
    return [
        new for old, new in updates_of(step, "pods") if not pods.node_name(old) and pods.node_name(new)
        and not (dig(old, "status", "nominatedNodeName") and list(claims.of_pod(new)))
    ]


@written("pods")
def pods_are_bound_to_nodes_that_exist(seen: Seen, step: Step) -> None:
    for pod in newly_bound(step):
        assert seen.world.row("nodes", ("", pods.node_name(pod))) is not None, pods.node_name(pod)
        assert not metadata.is_being_deleted(pod)
        assert not dig(pod, "spec", "schedulingGates", default=[])


@written("pods")
def pods_tolerate_the_taints_where_they_are_bound(seen: Seen, step: Step) -> None:
    for pod in newly_bound(step):
        node = seen.world.row("nodes", ("", pods.node_name(pod)))
        assert not untolerated(pod, node), untolerated(pod, node)


def untolerated(pod: Document, node: Document) -> list[Document]:
    """The taints that keep the Pod off the node."""
    unschedulable = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    taints = [*nodes.taints(node), *([unschedulable] if nodes.is_unschedulable(node) else [])]
    return [taint for taint in taints if taint["effect"] in NOT_FOR_PODS and not pods.tolerates_taint(pod, taint)]


@written("pods")
def requests_fit_where_pods_are_bound(seen: Seen, step: Step) -> None:
    for pod in newly_bound(step):
        node = seen.world.row("nodes", ("", pods.node_name(pod)))
        filed = step.world.filed("node", pods.node_name(pod))
        there = [step.world.row(*entry) for entry in filed]
        assert not room_errors(node, there), room_errors(node, there)


def room_errors(node: Document, there: list[Document]) -> list[tuple[str, int, int]]:
    """What the node has too little of for these Pods: (resource, requested, allocatable)."""
    alive = [pod for pod in there if not pods.is_terminal(pod)]
    totals: dict[str, int] = {}
    for pod in alive:
        for name, amount in pods.requests(pod).items():
            totals[name] = totals.get(name, 0) + amount
    room = nodes.allocatable(node)
    limits = {name: int(quantity.parse(room.get(name, "0")) * (1000 if name == "cpu" else 1)) for name in totals}
    found = [(name, total, limits[name]) for name, total in totals.items() if total > limits[name]]
    most = int(room["pods"])
    return found if len(alive) <= most else [*found, ("pods", len(alive), most)]


@written("pods", "nodes")
def a_kubelet_minds_its_own_node(seen: Seen, step: Step) -> None:
    part, _, machine = step.actor.partition("/")
    if part != "kubelet":
        return
    for change in objects_of(step, "pods"):
        assert pods.node_name(change.new or change.old) == machine, pods.node_name(change.new or change.old)
    for change in objects_of(step, "nodes"):
        assert change.key[1] == machine


@written("pods")
def pods_have_addresses_of_their_own(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        address = pods.ip(new)
        if not address or address == pods.ip(old) or dig(new, "spec", "hostNetwork"):
            continue
        for key, other in step.world.table("pods").items():
            same = pods.ip(other) == address and metadata.uid(other) != metadata.uid(new)
            assert not same or pods.is_terminal(other) or not _has_node(step.world, other), (address, key)


def _has_node(world: World, pod: Document) -> bool:
    node = world.row("nodes", ("", pods.node_name(pod)))
    # A node of the same name that was made later has addresses of its own.
    return node is not None and node["metadata"]["creationTimestamp"] <= pod["metadata"]["creationTimestamp"]


@written("pods")
def an_ended_pod_stays_ended(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        before, after = pods.phase(old), pods.phase(new)
        assert not pods.is_terminal(old) or before == after, (before, after)
        assert before != "Running" or after != "Pending", (before, after)


@written("pods")
def restarts_only_grow(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        for status in dig(old, "status", "containerStatuses", default=[]):
            now = pods.container_status(new, status["name"])
            assert now is None or now["restartCount"] >= status["restartCount"], status["name"]


@written("pods")
def what_runs_has_an_address(seen: Seen, step: Step) -> None:
    for pod in written_of(step, "pods"):
        if pods.phase(pod) == "Running":
            assert pods.node_name(pod)
        # A machine that has been off has lost its sandboxes: until there is a new one, what runs has no address.
        if pods.is_true(pod, "PodReadyToStartContainers"):
            assert pods.ip(pod)
        # Who else ends a Pod leaves its conditions as they are.
        if pods.is_ready(pod) and step.actor.startswith("kubelet/"):
            assert pods.phase(pod) == "Running", pods.phase(pod)
            assert all(status["ready"] for status in dig(pod, "status", "containerStatuses", default=[]))


@written("nodes")
def nodes_keep_their_addresses(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "nodes"):
        cidr = dig(new, "spec", "podCIDR")
        if dig(old, "spec", "podCIDR"):
            assert cidr == dig(old, "spec", "podCIDR"), cidr
        elif cidr:
            others = [n for n in step.world.table("nodes").values() if n is not new and dig(n, "spec", "podCIDR") == cidr]
            assert not others, cidr
