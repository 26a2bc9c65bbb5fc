"""The filters of PodTopologySpread and InterPodAffinity against their definitions, written down without any shortcut."""

import random

import pytest

from cluster.objects.selectors import LabelSelector
from cluster.scheduler.framework import Code
from cluster.scheduler.listers import DocumentLister
from cluster.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cluster.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cluster.scheduler.snapshot import Snapshot
from tests.scheduler.builders import node
from tests.scheduler.neighbours import HOSTNAME, REQUIRED, ZONE, labelled, spread

KEYS = (ZONE, HOSTNAME, "rack")
NAMESPACES = {"default": {"team": "x"}, "other": {"team": "y"}, "bare": {}}
SELECTORS = (
    {"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "db"}}, {"matchLabels": {"app": "web", "tier": "front"}},
    {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]},
    {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, None,
)
WHERE = ({}, {}, {"namespaces": ["other"]}, {"namespaceSelector": {}}, {"namespaceSelector": {"matchLabels": {"team": "y"}}},
         {"namespaces": ["bare"], "namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}})


def some_term(chance):
    found = {"topologyKey": chance.choice(KEYS), **chance.choice(WHERE)}
    selector = chance.choice(SELECTORS)
    return found if selector is None else {**found, "labelSelector": selector}


def some_rules(chance):
    return {
        kind: {REQUIRED: [some_term(chance) for _ in range(chance.randint(1, 2))]}
        for kind in ("podAffinity", "podAntiAffinity") if chance.random() < 0.4
    }


def some_pod(chance, name, **more):
    labels = {"app": chance.choice(["web", "db"])} | chance.choice([{}, {"tier": "front"}])
    return labelled(name, labels, namespace=chance.choice(list(NAMESPACES)), affinity=some_rules(chance), **more)


def some_cluster(seed):
    chance = random.Random(seed)
    nodes = []
    for number in range(chance.randint(1, 6)):
        labels = {ZONE: chance.choice("ab"), "rack": chance.choice("12")}
        nodes.append(node(f"n{number}", labels={key: labels[key] for key in labels if chance.random() < 0.85}))
    pods = [
        some_pod(chance, f"p{n}", on=chance.choice(nodes)["metadata"]["name"], leaving=chance.random() < 0.2)
        for n in range(chance.randint(0, 10))
    ]
    constraints = [
        spread(key, selector, skew=chance.randint(1, 2), minDomains=chance.randint(1, 3))
        for key, selector in zip(KEYS, chance.sample(SELECTORS, 3), strict=True) if chance.random() < 0.5
    ]
    return nodes, pods, some_pod(chance, "new", topologySpreadConstraints=constraints)


def feasible(plugin, nodes, pods, incoming):
    lister = DocumentLister({"namespaces": [
        {"metadata": {"name": name, "labels": labels}} for name, labels in NAMESPACES.items()
    ]})
    state, snapshot = {}, Snapshot.of(nodes, pods, lister)
    if plugin.pre_filter(state, incoming, snapshot).status.code is Code.SKIP:
        return {each["metadata"]["name"] for each in nodes}
    return {each.name for each in snapshot.nodes if plugin.filter(state, incoming, each).is_success}


def selects(selector, pod):
    return LabelSelector.from_document(selector).matches(pod["metadata"]["labels"])


def labels_of(node):
    return node["metadata"]["labels"]


def pods_on(node, pods):
    return [each for each in pods if each["spec"]["nodeName"] == node["metadata"]["name"]]


# --- spreading -----------------------------------------------------------------------------------------------------------


def spreads(node, nodes, pods, incoming):
    constraints = incoming["spec"]["topologySpreadConstraints"]
    complete = [each for each in nodes if all(rule["topologyKey"] in labels_of(each) for rule in constraints)]
    for rule in constraints:
        key = rule["topologyKey"]
        if key not in labels_of(node):
            return False
        here = labels_of(node)[key]
        counts = {labels_of(each)[key]: 0 for each in complete}
        for each in complete:
            for other in pods_on(each, pods):
                same = other["metadata"]["namespace"] == incoming["metadata"]["namespace"]
                leaving = "deletionTimestamp" in other["metadata"]
                counts[labels_of(each)[key]] += same and not leaving and selects(rule.get("labelSelector"), other)
        least = min(counts.values(), default=0) if len(counts) >= rule["minDomains"] else 0
        if counts.get(here, 0) + selects(rule.get("labelSelector"), incoming) - least > rule["maxSkew"]:
            return False
    return True


@pytest.mark.parametrize("seed", range(150))
def test_spreading(seed):
    nodes, pods, incoming = some_cluster(seed)
    wanted = {each["metadata"]["name"] for each in nodes if spreads(each, nodes, pods, incoming)}
    assert feasible(PodTopologySpread(), nodes, pods, incoming) == wanted


# --- affinity ------------------------------------------------------------------------------------------------------------


def terms(pod, kind):
    return pod["spec"]["affinity"].get(kind, {}).get(REQUIRED, [])


def wants(owner, term, other):
    """Whether a term of the owner is about the other pod."""
    namespace = other["metadata"]["namespace"]
    if not term.get("namespaces") and "namespaceSelector" not in term:
        there = namespace == owner["metadata"]["namespace"]
    else:
        by_labels = LabelSelector.from_document(term.get("namespaceSelector")).matches(NAMESPACES[namespace])
        there = namespace in term.get("namespaces", []) or by_labels
    return there and selects(term.get("labelSelector"), other)


def same_domain(key, node, other):
    return key in labels_of(node) and labels_of(node)[key] == labels_of(other).get(key)


def is_near_and_far(node, nodes, pods, incoming):
    places = [(other, each) for each in nodes for other in pods_on(each, pods)]
    own = terms(incoming, "podAffinity")
    all_wanted = [(other, where) for other, where in places if all(wants(incoming, term, other) for term in own)]
    reachable = [(other, where) for other, where in all_wanted if any(term["topologyKey"] in labels_of(where) for term in own)]
    if any(term["topologyKey"] not in labels_of(node) for term in own):
        return False
    near = all(any(same_domain(term["topologyKey"], node, where) for _, where in all_wanted) for term in own)
    first = not reachable and all(wants(incoming, term, incoming) for term in own)
    if own and not near and not first:
        return False
    return not any(
        (wants(incoming, term, other) and same_domain(term["topologyKey"], node, where))
        for term in terms(incoming, "podAntiAffinity") for other, where in places
    ) and not any(
        wants(other, term, incoming) and same_domain(term["topologyKey"], node, where)
        for other, where in places for term in terms(other, "podAntiAffinity")
    )


@pytest.mark.parametrize("seed", range(150))
def test_affinity(seed):
    nodes, pods, incoming = some_cluster(seed)
    wanted = {each["metadata"]["name"] for each in nodes if is_near_and_far(each, nodes, pods, incoming)}
    assert feasible(InterPodAffinity(), nodes, pods, incoming) == wanted


def test_the_clusters_are_not_all_alike():
    """Both plugins have something to say, and neither always the same."""
    for plugin in (PodTopologySpread(), InterPodAffinity()):
        shares = set()
        for seed in range(150):
            nodes, pods, incoming = some_cluster(seed)
            found = len(feasible(plugin, nodes, pods, incoming))
            shares.add("none" if not found else "all" if found == len(nodes) else "some")
        assert shares == {"none", "some", "all"}
