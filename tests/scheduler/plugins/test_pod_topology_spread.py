"""PodTopologySpread: hard constraints reject, soft ones score, and pods that belong together spread by default."""

import json
import random

import pytest

from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent, node_events, pod_events
from cluster.scheduler.framework import Code
from cluster.scheduler.listers import DocumentLister
from cluster.scheduler.plugins.pod_topology_spread import LIST, NO_LABEL, REASON, PodTopologySpread
from cluster.scheduler.snapshot import PodInfo, Snapshot
from tests.scheduler.builders import decision, node, pod, taint
from tests.scheduler.neighbours import HOSTNAME, WEB, ZONE, labelled, spread, zoned

PLUGIN = PodTopologySpread()
ZONES = [zoned("a1", "a"), zoned("a2", "a"), zoned("b1", "b")]


def judged(incoming, nodes, pods=(), lister=None):
    """The plugin's verdict on each node; "" for a node that passes."""
    snapshot = Snapshot.of(nodes, pods) if lister is None else Snapshot.of(nodes, pods, lister)
    state = {}
    if PLUGIN.pre_filter(state, incoming, snapshot).status.code is Code.SKIP:
        return None
    return {each.name: PLUGIN.filter(state, incoming, each).message for each in snapshot.nodes}


def scored(incoming, nodes, pods=(), lister=None, plugin=PLUGIN):
    """Raw and normalised scores by node; None when the plugin has nothing to score."""
    snapshot = Snapshot.of(nodes, pods) if lister is None else Snapshot.of(nodes, pods, lister)
    state = {}
    if plugin.pre_score(state, incoming, snapshot.nodes, snapshot).code is Code.SKIP:
        return None
    raw = {each.name: plugin.score(state, incoming, each) for each in snapshot.nodes}
    normalized = plugin.normalize(state, raw)
    return {name: (raw[name], normalized[name]) for name in raw}


def with_constraints(*constraints, labels=None, **spec):
    return labelled("new", labels, topologySpreadConstraints=list(constraints), **spec)


def test_it_works():
    found = decision(with_constraints(spread()), ZONES, [labelled("p", on="a1")])
    assert found.feasible == ("b1",)
    rejected = found.verdict("a2")
    assert (rejected.plugin, rejected.status.code, rejected.status.reasons) == (
        "PodTopologySpread", Code.UNSCHEDULABLE, (REASON,))
    assert rejected.status.values == {
        "constraint": {"topologyKey": ZONE, "maxSkew": 1, "labelSelector": WEB},
        "domain": "a", "count": 1, "minimum": 0, "skew": 2, "domains": 2, "itself": True,
    }


# --- hard constraints -----------------------------------------------------------------------------


def test_nothing_to_do_without_hard_constraints():
    assert judged(labelled("new"), ZONES) is None
    assert judged(with_constraints(spread(soft=True)), ZONES) is None


def test_a_larger_skew_allows_more():
    pods = [labelled("p", on="a1")]
    assert judged(with_constraints(spread(skew=2)), ZONES, pods) == {"a1": "", "a2": "", "b1": ""}
    pods.append(labelled("q", on="a2"))
    assert judged(with_constraints(spread(skew=2)), ZONES, pods) == {"a1": REASON, "a2": REASON, "b1": ""}


def test_a_pod_that_does_not_match_itself_adds_nothing():
    other = with_constraints(spread(), labels={"app": "db"})
    assert judged(other, ZONES, [labelled("p", on="a1")]) == {"a1": "", "a2": "", "b1": ""}
    assert judged(other, ZONES, [labelled("p", on="a1"), labelled("q", on="a1")])["a2"] == REASON


def test_a_node_without_the_label_takes_nobody():
    found = decision(with_constraints(spread()), [*ZONES, zoned("nowhere")])
    rejected = found.verdict("nowhere")
    assert (rejected.status.code, rejected.status.reasons) == (Code.UNRESOLVABLE, (NO_LABEL,))
    assert rejected.status.values["domain"] is None


def test_the_pods_of_a_node_that_lacks_a_label_do_not_count():
    # n1 has a zone, but no rack: for no constraint does it exist.
    both = with_constraints(spread(), spread("rack"))
    racks = [zoned("n1", "a"), node("n2", labels={ZONE: "a", "rack": "1"}), node("n3", labels={ZONE: "b", "rack": "2"})]
    assert judged(both, racks, [labelled("p", on="n1")]) == {"n1": NO_LABEL, "n2": "", "n3": ""}


@pytest.mark.parametrize("hidden", [
    labelled("p", on="a1", namespace="elsewhere"), labelled("p", on="a1", leaving=True),
    labelled("p", {"app": "db"}, on="a1"), labelled("p", {}, on="a1"),
])
def test_who_does_not_count(hidden):
    assert judged(with_constraints(spread()), ZONES, [hidden]) == {"a1": "", "a2": "", "b1": ""}


def test_no_selector_counts_nobody_not_even_itself():
    pods = [labelled(f"p{n}", on="a1") for n in range(3)]
    assert judged(with_constraints(spread(selector=None)), ZONES, pods) == {"a1": "", "a2": "", "b1": ""}


def test_an_empty_selector_counts_only_itself():
    pods = [labelled(f"p{n}", on="a1") for n in range(3)]
    found = with_constraints(spread(selector={}))
    assert judged(found, ZONES, pods) == {"a1": "", "a2": "", "b1": ""}
    # But pods that are to come count like any others.
    state, snapshot = {}, Snapshot.of(ZONES, pods)
    PLUGIN.pre_filter(state, found, snapshot)
    PLUGIN.add_pod(state, found, PodInfo.of(pods[0]), snapshot.node("a1"))
    assert PLUGIN.filter(state, found, snapshot.node("a1")).message == REASON


@pytest.mark.parametrize(("domains", "expected"), [
    (1, {"a1": "", "a2": "", "b1": ""}), (2, {"a1": "", "a2": "", "b1": ""}), (3, {"a1": REASON, "a2": REASON, "b1": REASON}),
])
def test_min_domains(domains, expected):
    pods = [labelled("p", on="a1"), labelled("q", on="b1")]
    found = with_constraints(spread(minDomains=domains))
    assert judged(found, ZONES, pods) == expected


def test_min_domains_are_shown():
    found = decision(with_constraints(spread(minDomains=3)), ZONES, [labelled("p", on="a1"), labelled("q", on="b1")])
    values = found.verdict("a1").status.values
    assert (values["constraint"]["minDomains"], values["domains"], values["minimum"]) == (3, 2, 0)


def test_nodes_that_the_pod_cannot_use_are_no_domains_unless_asked():
    nodes = [node("n1", labels={ZONE: "a", "disk": "ssd"}), zoned("n2", "b")]
    pods = [labelled("p", on="n1")]
    wanted = {"nodeSelector": {"disk": "ssd"}}
    assert judged(with_constraints(spread(), **wanted), nodes, pods)["n1"] == ""
    ignoring = with_constraints(spread(nodeAffinityPolicy="Ignore"), **wanted)
    assert judged(ignoring, nodes, pods)["n1"] == REASON


def test_tainted_nodes_are_domains_unless_asked():
    nodes = [zoned("n1", "a"), zoned("n2", "b", taints=[taint("gpu")])]
    pods = [labelled("p", on="n1")]
    assert judged(with_constraints(spread()), nodes, pods)["n1"] == REASON
    honoring = spread(nodeTaintsPolicy="Honor")
    assert judged(with_constraints(honoring), nodes, pods)["n1"] == ""
    tolerant = with_constraints(honoring, tolerations=[{"key": "gpu", "operator": "Exists"}])
    assert judged(tolerant, nodes, pods)["n1"] == REASON


def test_policies_are_those_of_each_constraint():
    nodes = [zoned("n1", "a"), zoned("n2", "b", taints=[taint("gpu")])]
    both = with_constraints(spread(nodeTaintsPolicy="Honor"), spread(HOSTNAME))
    assert judged(both, nodes, [labelled("p", on="n1")])["n1"] == REASON


def test_match_label_keys_narrow_the_selector():
    pods = [labelled("p", {"app": "web", "version": "1"}, on="a1")]
    constraint = spread(matchLabelKeys=["version", "missing"])
    assert judged(with_constraints(constraint, labels={"app": "web", "version": "2"}), ZONES, pods)["a1"] == ""
    assert judged(with_constraints(constraint, labels={"app": "web", "version": "1"}), ZONES, pods)["a1"] == REASON
    without = spread(selector=None, matchLabelKeys=["version"])
    assert judged(with_constraints(without, labels={"version": "1"}), ZONES, pods)["a1"] == ""


def test_both_constraints_must_hold():
    both = with_constraints(spread(skew=2), spread(HOSTNAME))
    assert judged(both, ZONES, [labelled("p", on="a1")]) == {"a1": REASON, "a2": "", "b1": ""}


def test_an_empty_label_value_is_a_domain_too():
    nodes = [zoned("n1", ""), zoned("n2", "b")]
    assert judged(with_constraints(spread()), nodes, [labelled("p", on="n1")]) == {"n1": REASON, "n2": ""}


# --- pods that come and go in thought -------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_adding_and_removing_gives_what_a_fresh_look_gives(seed):
    chance = random.Random(seed)
    nodes = [
        zoned(f"n{n}", chance.choice(["a", "b", "c", None]), taints=chance.choice([None, [taint("gpu")]]))
        for n in range(6)
    ]
    incoming = with_constraints(
        spread(minDomains=chance.choice([1, 3]), nodeTaintsPolicy=chance.choice(["Honor", "Ignore"])), spread(HOSTNAME, skew=2),
    )
    pods = [
        labelled(f"p{n}", chance.choice([None, {"app": "db"}]), on=f"n{chance.randrange(6)}",
                 namespace=chance.choice(["default", "default", "other"]))
        for n in range(12)
    ]
    here = f"n{chance.randrange(6)}"
    gone = [each for each in pods if each["spec"]["nodeName"] == here]
    more = [labelled(f"q{n}", on=here) for n in range(chance.randrange(3))]
    state, snapshot = {}, Snapshot.of(nodes, pods)
    assert PLUGIN.pre_filter(state, incoming, snapshot).status.is_success
    kept = state[PLUGIN.name]
    for each in gone:
        PLUGIN.remove_pod(state, incoming, PodInfo.of(each), snapshot.node(here))
    for each in more:
        PLUGIN.add_pod(state, incoming, PodInfo.of(each), snapshot.node(here))

    fresh = {}
    PLUGIN.pre_filter(fresh, incoming, Snapshot.of(nodes, [each for each in pods if each not in gone] + more))
    assert [each.pods for each in state[PLUGIN.name].counted] == [each.pods for each in fresh[PLUGIN.name].counted]
    assert [each.minimum for each in state[PLUGIN.name].counted] == [each.minimum for each in fresh[PLUGIN.name].counted]
    again = {}
    PLUGIN.pre_filter(again, incoming, snapshot)
    assert [each.pods for each in kept.counted] == [each.pods for each in again[PLUGIN.name].counted]


# --- soft constraints -----------------------------------------------------------------------------


def test_fewer_matching_pods_score_higher():
    soft = with_constraints(spread(soft=True))
    # Two zones: each pod weighs ln 4.
    assert scored(soft, ZONES, [labelled("p", on="a1"), labelled("q", on="a2")]) == {"a1": (3, 0), "a2": (3, 0), "b1": (0, 100)}


def test_nothing_to_score_without_soft_constraints():
    assert scored(with_constraints(spread()), ZONES) is None
    assert scored(labelled("new"), ZONES) is None


def test_all_alike_all_get_the_most():
    assert scored(with_constraints(spread(soft=True)), ZONES) == {"a1": (0, 100), "a2": (0, 100), "b1": (0, 100)}


def test_nodes_without_a_key_are_left_out_of_scoring():
    soft = with_constraints(spread(soft=True), spread(HOSTNAME, soft=True))
    found = scored(soft, [*ZONES, zoned("nowhere")], [labelled("p", on="a1")])
    assert found["nowhere"] == (0, 0)
    assert found["b1"] == (0, 100)


def test_a_larger_skew_lessens_differences():
    pods = [labelled("p", on="a1"), labelled("q", on="a2")]
    found = scored(with_constraints(spread(soft=True, skew=5)), ZONES, pods)
    assert found == {"a1": (7, 57), "a2": (7, 57), "b1": (4, 100)}


def test_leaving_pods_and_other_namespaces_do_not_count_for_scores():
    pods = [labelled("p", on="a1", leaving=True), labelled("q", on="a1", namespace="other")]
    assert set(scored(with_constraints(spread(HOSTNAME, soft=True)), ZONES, pods).values()) == {(0, 100)}


def test_explains_what_it_counted():
    state, snapshot = {}, Snapshot.of([*ZONES, zoned("nowhere")], [labelled("p", on="a1"), labelled("q", on="a2")])
    soft = with_constraints(spread(soft=True), spread(HOSTNAME, soft=True))
    PLUGIN.pre_score(state, soft, snapshot.nodes, snapshot)
    found = PLUGIN.explain_score(state, soft, snapshot.node("a1"))
    assert json.loads(json.dumps(found)) == found
    assert [(part["domain"], part["count"]) for part in found["constraints"]] == [("a", 2), ("a1", 1)]
    assert round(sum(part["adds"] for part in found["constraints"])) == PLUGIN.score(state, soft, snapshot.node("a1"))
    assert PLUGIN.explain_score(state, soft, snapshot.node("nowhere")) == {"ignored": True, "missing": [ZONE]}


def test_explains_the_default_constraints_of_a_node_without_zone():
    lister = things(services=[("web", {"selector": {"app": "web"}})])
    state, snapshot = {}, Snapshot.of([*ZONES, zoned("nowhere")], [labelled("p", on="nowhere")], lister)
    PLUGIN.pre_score(state, labelled("new"), snapshot.nodes, snapshot)
    found = PLUGIN.explain_score(state, labelled("new"), snapshot.node("nowhere"))
    assert found["default"] is True
    assert [(part["domain"], part.get("count")) for part in found["constraints"]] == [("nowhere", 1), (None, None)]
    assert found["constraints"][0]["constraint"]["labelSelector"] == WEB


# --- default constraints --------------------------------------------------------------------------

OF_SET = {"kind": "ReplicaSet", "name": "web"}


def things(**tables):
    """Objects by resource, each given as (name, spec)."""
    names = {"services": "services", "sets": "replicasets.apps", "stateful": "statefulsets.apps",
             "controllers": "replicationcontrollers"}
    return DocumentLister({
        names[table]: [{"metadata": {"name": name, "namespace": "default"}, "spec": spec} for name, spec in found]
        for table, found in tables.items()
    })


def test_pods_of_a_service_spread_by_default():
    lister = things(services=[("web", {"selector": {"app": "web"}})])
    found = scored(labelled("new"), ZONES, [labelled("p", on="a1")], lister)
    assert found["b1"][1] > found["a2"][1] > found["a1"][1]


@pytest.mark.parametrize(("owner", "lister"), [
    (OF_SET, things(sets=[("web", {"selector": WEB})])),
    ({"kind": "StatefulSet", "name": "db"}, things(stateful=[("db", {"selector": WEB})])),
    ({"kind": "ReplicationController", "apiVersion": "v1", "name": "c"},
     things(controllers=[("c", {"selector": {"app": "web"}})])),
])
def test_pods_of_a_controller_spread_by_default(owner, lister):
    found = scored(labelled("new", owner=owner), ZONES, [labelled("p", on="a1")], lister)
    assert found["b1"][1] > found["a1"][1]


@pytest.mark.parametrize(("owner", "lister"), [
    (None, things()),
    (None, things(sets=[("web", {"selector": WEB})])),
    (OF_SET, things()),
    (OF_SET, things(sets=[("other", {"selector": WEB})])),
    ({**OF_SET, "apiVersion": "v1"}, things(sets=[("web", {"selector": WEB})])),
    ({"kind": "DaemonSet", "name": "web"}, things(sets=[("web", {"selector": WEB})])),
    (None, things(services=[("db", {"selector": {"app": "db"}})])),
    (None, things(services=[("none", {})])),
    (None, things(services=[("none", {"selector": None})])),
])
def test_a_pod_that_belongs_to_nobody_is_not_spread(owner, lister):
    assert scored(labelled("new", owner=owner), ZONES, [labelled("p", on="a1")], lister) is None


def test_services_and_controller_together_narrow_the_selector():
    lister = things(services=[("web", {"selector": {"app": "web"}})],
                    sets=[("web", {"selector": {"matchLabels": {"version": "2"}}})])
    new = labelled("new", {"app": "web", "version": "2"}, owner=OF_SET)
    old = [labelled("p", {"app": "web", "version": "1"}, on="a1")]
    assert {score for _, score in scored(new, ZONES, old, lister).values()} == {100}


def test_own_constraints_replace_the_default_ones():
    lister = things(services=[("web", {"selector": {"app": "web"}})])
    assert scored(with_constraints(spread()), ZONES, [], lister) is None


def test_by_default_a_node_without_zone_takes_part():
    lister = things(services=[("web", {"selector": {"app": "web"}})])
    found = scored(labelled("new"), [*ZONES, zoned("nowhere")], [labelled("p", on="nowhere")], lister)
    # One pod among four nodes weighs ln 6, and the skew of 3 adds 2; elsewhere both skews add 2 and 4.
    assert (found["nowhere"], found["a1"]) == ((4, 100), (6, 66))


def test_configured_constraints_take_the_place_of_the_built_in_ones():
    lister = things(services=[("web", {"selector": {"app": "web"}})])
    none = PodTopologySpread((), LIST)
    assert scored(labelled("new"), ZONES, [], lister, plugin=none) is None
    hard = PodTopologySpread([spread(selector=None)], LIST)
    state, snapshot = {}, Snapshot.of(ZONES, [labelled("p", on="a1")], lister)
    assert hard.pre_filter(state, labelled("new"), snapshot).status.is_success
    assert hard.filter(state, labelled("new"), snapshot.node("a2")).message == REASON
    soft = PodTopologySpread([spread(selector=None, soft=True)], LIST)
    assert scored(labelled("new"), [*ZONES, zoned("nowhere")], [], lister, plugin=soft)["nowhere"] == (0, 0)


# --- retries --------------------------------------------------------------------------------------

WAITING = with_constraints(spread())


@pytest.mark.parametrize(("other", "worth"), [
    (labelled("p", on="a1"), True),
    (labelled("p", {"app": "db"}, on="a1"), False),
    (labelled("p", on="a1", namespace="other"), False),
])
def test_a_pod_that_comes_or_goes(other, worth):
    (came,) = pod_events(None, other)
    (went,) = pod_events(other, None)
    assert PLUGIN.worth_retrying(WAITING, came) is worth
    assert PLUGIN.worth_retrying(WAITING, went) is worth
    assert {came.kind, went.kind} <= PLUGIN.events


@pytest.mark.parametrize(("before", "after", "worth"), [
    ({"app": "web"}, {"app": "db"}, True), ({"app": "db"}, {"app": "web"}, True),
    ({"app": "web"}, {"app": "web", "x": "y"}, False), ({"app": "db"}, {"app": "cache"}, False),
])
def test_a_placed_pod_that_changes_its_labels(before, after, worth):
    (event,) = pod_events(labelled("p", before, on="a1"), labelled("p", after, on="a1"))
    assert event.kind == (events.ASSIGNED_POD, events.UPDATE_POD_LABEL)
    assert PLUGIN.worth_retrying(WAITING, event) is worth


def test_its_own_labels_and_tolerations():
    (event,) = pod_events(WAITING, with_constraints(spread(), labels={"app": "db"}))
    assert event.kind in PLUGIN.events and PLUGIN.worth_retrying(WAITING, event)
    tolerant = with_constraints(spread(), tolerations=[{"operator": "Exists"}])
    (event,) = pod_events(WAITING, tolerant)
    assert event.kind in PLUGIN.events and not PLUGIN.worth_retrying(tolerant, event)
    honoring = with_constraints(spread(nodeTaintsPolicy="Honor"))
    assert PLUGIN.worth_retrying(honoring, event)


def test_another_waiting_pod_is_no_reason():
    (event,) = pod_events(labelled("other"), labelled("other", {"app": "db"}))
    assert event.resource == events.UNSCHEDULED_POD and not PLUGIN.worth_retrying(WAITING, event)


@pytest.mark.parametrize(("before", "after", "worth"), [
    (None, zoned("n", "a"), True), (None, zoned("n"), False), (zoned("n", "a"), None, True), (zoned("n"), None, False),
    (zoned("n", "a"), zoned("n", "b"), True), (zoned("n", "a"), zoned("n"), True), (zoned("n"), zoned("n", "a"), True),
    (zoned("n", "a"), node("n", labels={ZONE: "a", "x": "y"}), False),
    (zoned("n", "a"), zoned("n", "a", taints=[taint("x")]), True), (zoned("n"), zoned("n", taints=[taint("x")]), False),
])
def test_nodes_that_come_go_and_change(before, after, worth):
    (event,) = node_events(before, after)
    assert event.kind in PLUGIN.events
    assert PLUGIN.worth_retrying(WAITING, event) is worth


def test_by_default_constraints_every_neighbour_is_a_reason():
    (event,) = pod_events(labelled("p", on="a1"), None)
    assert PodTopologySpread([spread(selector=None)], LIST).worth_retrying(pod("new"), event)


def test_events_are_those_of_pods_and_nodes():
    assert {resource for resource, _ in PLUGIN.events} == {events.ASSIGNED_POD, events.UNSCHEDULED_POD, events.NODE}
    assert ClusterEvent(events.NODE, events.UPDATE_NODE_ALLOCATABLE, None, None).kind not in PLUGIN.events
