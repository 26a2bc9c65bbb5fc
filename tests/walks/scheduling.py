"""What is true of the scheduler's decisions after every step."""

from __future__ import annotations

from collections import Counter

from cluster.apiserver.state import World
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.selectors import LabelSelector, node_selector_terms_match
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.walks import quiet
from tests.walks.placement import newly_bound, room_errors, untolerated
from tests.walks.rules import Seen, written

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
HOSTNAME = "kubernetes.io/hostname"


@written("pods")
def the_chosen_node_has_the_highest_score(seen: Seen, step: Step) -> None:
    for pod in newly_bound(step):
        entries = [entry for entry in (step.why or {}).get("nodes", []) if "plugin" not in entry]
        chosen = pods.node_name(pod)
        assert chosen in [entry["node"] for entry in entries], (chosen, entries)
        totals = {entry["node"]: entry["total"] for entry in entries if "total" in entry}
        assert not totals or totals[chosen] == max(totals.values()), (chosen, totals)
        for entry in entries:
            scores = entry.get("scores", {})
            assert entry.get("total", 0) == sum(score["weighted"] for score in scores.values())
            assert all(0 <= score["normalized"] <= 100 for score in scores.values()), scores


@written("pods")
def nodes_are_what_pods_select(seen: Seen, step: Step) -> None:
    for pod in newly_bound(step):
        node = seen.world.row("nodes", ("", pods.node_name(pod)))
        assert is_selected(pod, node), pods.node_name(pod)


def is_selected(pod: Document, node: Document) -> bool:
    """Whether nodeSelector and required node affinity let the Pod onto the node."""
    labels = metadata.labels(node)
    if any(labels.get(key) != value for key, value in (pod["spec"].get("nodeSelector") or {}).items()):
        return False
    terms = dig(pod, "spec", "affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms")
    return terms is None or node_selector_terms_match(terms, labels, {"metadata.name": metadata.name(node)})


def _terms(pod: Document, kind: str) -> list[Document]:
    return dig(pod, "spec", "affinity", kind, REQUIRED, default=[])


def _neighbours(world: World, pod: Document) -> list[Document]:
    """Pods of the namespace on nodes that exist, but this one."""
    return [
        other for key, other in world.table("pods").items()
        if key[0] == metadata.namespace(pod) and ("", pods.node_name(other)) in world.table("nodes")
        and not pods.is_terminal(other) and metadata.uid(other) != metadata.uid(pod)
    ]


def _expected(world: World, pod: Document) -> list[Document]:
    """Pods of the namespace that are about to be bound where the Pod is now."""
    return [
        other for key, other in world.table("pods").items()
        if key[0] == metadata.namespace(pod) and dig(other, "status", "nominatedNodeName") == pods.node_name(pod)
    ]


@written("pods")
def who_avoids_each_other_is_apart(seen: Seen, step: Step) -> None:
    for pod in newly_bound(step):
        there = [other for other in _neighbours(seen.world, pod) if pods.node_name(other) == pods.node_name(pod)]
        for one, other in [*((pod, found) for found in there), *((found, pod) for found in there)]:
            for term in _terms(one, "podAntiAffinity"):
                if term["topologyKey"] == HOSTNAME:
                    selector = LabelSelector.from_document(term["labelSelector"])
                    assert not selector.matches(metadata.labels(other)), (metadata.name(one), metadata.name(other))


@written("pods")
def who_wants_company_has_it(seen: Seen, step: Step) -> None:
    for pod in newly_bound(step):
        for term in _terms(pod, "podAffinity"):
            selector = LabelSelector.from_document(term["labelSelector"])
            others = [other for other in _neighbours(seen.world, pod) if selector.matches(metadata.labels(other))]
            near = [other for other in [*others, *_expected(seen.world, pod)] if selector.matches(metadata.labels(other))
                    and pods.node_name(pod) in (pods.node_name(other), dig(other, "status", "nominatedNodeName"))]
            first = not others and selector.matches(metadata.labels(pod))
            assert near or first, (metadata.name(pod), [pods.node_name(other) for other in others])


@written("pods")
def spreading_is_even(seen: Seen, step: Step) -> None:
    """maxSkew over the nodes that the Pod may go to, as far as labels say."""
    for pod in newly_bound(step):
        for rule in pod["spec"].get("topologySpreadConstraints") or []:
            if rule["whenUnsatisfiable"] != "DoNotSchedule" or rule["topologyKey"] != HOSTNAME:
                continue
            selector = LabelSelector.from_document(rule["labelSelector"])
            counts = Counter({
                metadata.name(node): 0 for node in seen.world.table("nodes").values()
                if HOSTNAME in metadata.labels(node) and is_selected(pod, node)
            })
            for other in _neighbours(seen.world, pod):
                place = pods.node_name(other)
                if selector.matches(metadata.labels(other)) and not metadata.is_being_deleted(other) and place in counts:
                    counts[place] += 1
            here = counts[pods.node_name(pod)] + selector.matches(metadata.labels(pod))
            assert here - min(counts.values()) <= rule["maxSkew"], (counts, pods.node_name(pod))


# --- quiet ------------------------------------------------------------------------------------------------------------


@quiet.rule("default-scheduler")
def who_waits_fits_nowhere(simulation: Simulation, seen: Seen) -> None:
    """A Pod with nothing but requests, tolerations and node rules waits only while no node has room for it."""
    for pod in simulation.api.list("pods"):
        if pods.node_name(pod) or metadata.is_being_deleted(pod) or pods.is_terminal(pod):
            continue
        spec = pod["spec"]
        affinity = spec.get("affinity") or {}
        claims = any("persistentVolumeClaim" in volume or "ephemeral" in volume for volume in spec.get("volumes") or [])
        if claims or spec.get("topologySpreadConstraints") or "podAffinity" in affinity or "podAntiAffinity" in affinity:
            continue
        if any(_terms(other, "podAntiAffinity") for other in _neighbours(simulation.world, pod)):
            continue
        for node in simulation.api.list("nodes"):
            there = simulation.api.pods_on(metadata.name(node))
            nominated = [
                other for other in simulation.api.list("pods") if other is not pod and not pods.node_name(other)
                and dig(other, "status", "nominatedNodeName") == metadata.name(node)
            ]
            fits = is_selected(pod, node) and not untolerated(pod, node) and not room_errors(node, [*there, *nominated, pod])
            assert not fits, (metadata.name(pod), metadata.name(node), nodes.status_text(node))
