"""InterPodAffinity: near and far, required and preferred, in both directions."""

import json
import random

import pytest

from cluster.objects.label_keys import with_label_keys
from cluster.scheduler import events
from cluster.scheduler.events import node_events, pod_events
from cluster.scheduler.framework import Code
from cluster.scheduler.listers import NOTHING, DocumentLister
from cluster.scheduler.plugins.inter_pod_affinity import (
    AFFINITY_REASON,
    ANTI_AFFINITY_REASON,
    EXISTING_REASON,
    InterPodAffinity,
)
from cluster.scheduler.snapshot import PodInfo, Snapshot
from tests.scheduler.builders import decision, node, pod
from tests.scheduler.neighbours import (
    HOSTNAME,
    ZONE,
    away,
    labelled,
    near,
    rather_away,
    rather_near,
    term,
    zoned,
)

PLUGIN = InterPodAffinity()
ZONES = [zoned("a1", "a"), zoned("a2", "a"), zoned("b1", "b")]
DB = {"app": "db"}
TEAMS = DocumentLister({"namespaces": [
    {"metadata": {"name": "default", "labels": {"team": "x"}}}, {"metadata": {"name": "other", "labels": {"team": "y"}}},
    {"metadata": {"name": "bare"}},
]})


def judged(incoming, nodes, pods=(), lister=NOTHING):
    """The plugin's reason by node, "" where the pod may go; None when there is nothing to filter."""
    state, snapshot = {}, Snapshot.of(nodes, pods, lister)
    if PLUGIN.pre_filter(state, incoming, snapshot).status.code is Code.SKIP:
        return None
    return {each.name: PLUGIN.filter(state, incoming, each).message for each in snapshot.nodes}


def scored(incoming, nodes, pods=(), lister=NOTHING, plugin=PLUGIN):
    """Raw and normalised scores by node; None when the plugin has nothing to score."""
    state, snapshot = {}, Snapshot.of(nodes, pods, lister)
    if plugin.pre_score(state, incoming, snapshot.nodes, snapshot).code is Code.SKIP:
        return None
    raw = {each.name: plugin.score(state, incoming, each) for each in snapshot.nodes}
    normalized = plugin.normalize(state, raw)
    return {name: (raw[name], normalized[name]) for name in raw}


def everywhere(reason):
    return {"a1": reason, "a2": reason, "b1": reason}


def test_it_works():
    found = decision(labelled("new", DB, affinity=near(term())), ZONES, [labelled("p", on="a1")])
    assert found.feasible == ("a1", "a2")
    rejected = found.verdict("b1")
    assert (rejected.plugin, rejected.status.code, rejected.status.reasons) == (
        "InterPodAffinity", Code.UNRESOLVABLE, (AFFINITY_REASON,))
    assert rejected.status.values == {
        "rule": "affinity", "term": term(), "topologyKey": ZONE, "domain": "b", "count": 0, "pods": [],
    }


# --- required affinity ----------------------------------------------------------------------------


def test_nothing_to_do_without_rules():
    assert judged(labelled("new"), ZONES, [labelled("p", on="a1")]) is None
    assert judged(labelled("new", affinity=rather_near(1, term())), ZONES) is None
    assert judged(labelled("new", affinity={}), ZONES) is None


def test_alone_a_pod_cannot_be_near_others():
    assert judged(labelled("new", DB, affinity=near(term())), ZONES) == everywhere(AFFINITY_REASON)


def test_the_first_of_its_kind_may_start_where_there_are_domains():
    new = labelled("new", affinity=near(term()))
    assert judged(new, [*ZONES, zoned("nowhere")]) == {**everywhere(""), "nowhere": AFFINITY_REASON}


def test_the_second_of_its_kind_goes_to_the_first():
    new = labelled("new", affinity=near(term()))
    assert judged(new, ZONES, [labelled("p", on="b1")]) == {"a1": AFFINITY_REASON, "a2": AFFINITY_REASON, "b1": ""}


def test_the_first_of_its_kind_must_match_all_its_terms():
    new = labelled("new", affinity=near(term(), term(HOSTNAME, {"matchLabels": DB})))
    assert judged(new, ZONES) == everywhere(AFFINITY_REASON)


def test_one_pod_has_to_satisfy_all_terms():
    both = near(term(), term(selector={"matchLabels": {"tier": "front"}}))
    apart = [labelled("p", on="a1"), labelled("q", {"tier": "front"}, on="a1")]
    assert judged(labelled("new", DB, affinity=both), ZONES, apart) == everywhere(AFFINITY_REASON)
    together = [labelled("p", {"app": "web", "tier": "front"}, on="a1")]
    assert judged(labelled("new", DB, affinity=both), ZONES, together)["a2"] == ""


def test_terms_of_different_keys_may_be_satisfied_by_different_pods():
    racks = [node("n1", labels={ZONE: "a", "rack": "1"}), node("n2", labels={ZONE: "a", "rack": "2"}),
             node("n3", labels={ZONE: "b", "rack": "2"}), node("n4", labels={ZONE: "a", "rack": "3"})]
    pods = [labelled("p", on="n1"), labelled("q", on="n3")]
    new = labelled("new", DB, affinity=near(term(), term("rack")))
    assert judged(new, racks, pods) == {"n1": "", "n2": "", "n3": "", "n4": AFFINITY_REASON}


def test_a_node_without_the_label_is_near_nobody():
    new = labelled("new", DB, affinity=near(term()))
    assert judged(new, [zoned("nowhere"), *ZONES], [labelled("p", on="nowhere"), labelled("q", on="a1")]) == {
        "nowhere": AFFINITY_REASON, "a1": "", "a2": "", "b1": AFFINITY_REASON}


def test_no_selector_matches_nobody_and_an_empty_one_everybody():
    pods = [labelled("p", {}, on="a1")]
    assert judged(labelled("new", affinity=near(term(selector=None))), ZONES, pods) == everywhere(AFFINITY_REASON)
    assert judged(labelled("new", affinity=near(term(selector={}))), ZONES, pods)["a2"] == ""


def test_leaving_pods_are_still_neighbours():
    assert judged(labelled("new", DB, affinity=near(term())), ZONES, [labelled("p", on="a1", leaving=True)])["a1"] == ""


# --- required anti-affinity --------------------------------------------------------------------------------------------------


def test_anti_affinity_keeps_away():
    found = decision(labelled("new", affinity=away(term())), ZONES, [labelled("p", on="a1"), labelled("q", on="a1")])
    assert found.feasible == ("b1",)
    rejected = found.verdict("a2")
    assert (rejected.status.code, rejected.status.reasons) == (Code.UNSCHEDULABLE, (ANTI_AFFINITY_REASON,))
    assert rejected.status.values == {
        "rule": "anti-affinity", "term": term(), "topologyKey": ZONE, "domain": "a", "count": 2,
        "pods": ["default/p", "default/q"], "pod": "default/p",
    }


def test_any_term_keeps_away():
    new = labelled("new", affinity=away(term(HOSTNAME), term(selector={"matchLabels": DB})))
    assert judged(new, ZONES, [labelled("p", on="a1"), labelled("q", DB, on="b1")]) == {
        "a1": ANTI_AFFINITY_REASON, "a2": "", "b1": ANTI_AFFINITY_REASON}


def test_a_node_without_the_label_is_far_from_everybody():
    new = labelled("new", affinity=away(term()))
    assert judged(new, [zoned("nowhere")], [labelled("p", on="nowhere")]) == {"nowhere": ""}


def test_a_pod_does_not_keep_itself_away():
    assert judged(labelled("new", affinity=away(term())), ZONES) == everywhere("")


def test_many_neighbours_are_counted_and_some_are_named():
    pods = [labelled(f"p{n}", on="a1") for n in range(9)]
    values = decision(labelled("new", affinity=away(term())), ZONES, pods).verdict("a1").status.values
    assert (values["count"], len(values["pods"])) == (9, 5)


# --- rules of pods that are there -----------------------------------------------------------------


def test_existing_pods_keep_the_new_one_away():
    found = decision(labelled("new"), ZONES, [labelled("p", DB, on="a1", affinity=away(term()))])
    assert found.feasible == ("b1",)
    rejected = found.verdict("a2")
    assert (rejected.status.code, rejected.status.reasons) == (Code.UNSCHEDULABLE, (EXISTING_REASON,))
    assert rejected.status.values["rule"] == "anti-affinity of others"
    assert (rejected.status.values["pod"], rejected.status.values["term"]) == ("default/p", term())


@pytest.mark.parametrize("other", [
    labelled("p", on="a1", affinity=away(term(selector={"matchLabels": DB}))),
    labelled("p", on="a1", namespace="other", affinity=away(term())),
    labelled("p", on="a1", affinity=near(term())),
    labelled("p", on="a1", affinity=rather_away(100, term())),
    labelled("p", on="a1", affinity=away(term("rack"))),
    labelled("p", on="a1", affinity=away(term(selector=None))),
])
def test_who_does_not_keep_it_away(other):
    assert judged(labelled("new"), ZONES, [other]) is None


def test_own_affinity_comes_first_then_own_anti_affinity():
    pods = [labelled("p", on="a1", affinity=away(term(selector={})))]
    both = {**near(term(selector={"matchLabels": DB})), **away(term())}
    assert judged(labelled("new", {"x": "y"}, affinity=both), ZONES, pods)["a1"] == AFFINITY_REASON
    assert judged(labelled("new", affinity=away(term())), ZONES, pods)["a1"] == ANTI_AFFINITY_REASON


# --- namespaces -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "matches"), [
    ({}, {"default"}),
    ({"namespaces": ["other"]}, {"other"}),
    ({"namespaces": ["other", "default"]}, {"default", "other"}),
    ({"namespaces": []}, {"default"}),
    ({"namespaceSelector": {}}, {"default", "other", "bare"}),
    ({"namespaceSelector": {"matchLabels": {"team": "y"}}}, {"other"}),
    ({"namespaceSelector": {"matchLabels": {"team": "y"}}, "namespaces": ["bare"]}, {"other", "bare"}),
    ({"namespaceSelector": {"matchLabels": {"team": "z"}}}, set()),
    ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}, {"default", "other"}),
    # kube-scheduler asks the selector of an incoming pod once more, about no labels at all.
    ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}}, {"default", "other", "bare"}),
    ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["y"]}]}},
     {"default", "other", "bare"}),
])
def test_namespaces_of_the_incoming_pod_s_terms(where, matches):
    new = labelled("new", DB, affinity=away(term(**where)))
    for namespace in ("default", "other", "bare"):
        found = judged(new, ZONES, [labelled("p", on="a1", namespace=namespace)], TEAMS)
        assert (found["a1"] == ANTI_AFFINITY_REASON) == (namespace in matches)


@pytest.mark.parametrize(("where", "repels"), [
    ({}, {"other"}),
    ({"namespaces": ["default"]}, {"default"}),
    ({"namespaceSelector": {}}, {"default", "other", "bare"}),
    ({"namespaceSelector": {"matchLabels": {"team": "x"}}}, {"default"}),
    ({"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}}, {"bare"}),
])
def test_namespaces_of_existing_pods_terms(where, repels):
    pods = [labelled("p", on="a1", namespace="other", affinity=away(term(**where)))]
    for namespace in ("default", "other", "bare"):
        found = judged(labelled("new", namespace=namespace), ZONES, pods, TEAMS)
        assert (found is not None) == (namespace in repels)


def test_a_namespace_that_is_not_there_has_no_labels():
    pods = [labelled("p", on="a1", affinity=away(term(namespaceSelector={"matchLabels": {"team": "x"}})))]
    assert judged(labelled("new", namespace="lost"), ZONES, pods, TEAMS) is None


# --- label keys -----------------------------------------------------------------------------------


def test_match_label_keys_are_part_of_the_selector():
    old = [labelled("p", {"app": "web", "version": "1"}, on="a1")]
    new = {"app": "web", "version": "2"}
    same = with_label_keys(labelled("new", new, affinity=away(term(matchLabelKeys=["version"]))))
    assert judged(same, ZONES, old)["a1"] == ""
    others = with_label_keys(labelled("new", new, affinity=away(term(mismatchLabelKeys=["version"]))))
    assert judged(others, ZONES, old)["a1"] == ANTI_AFFINITY_REASON


# --- pods that come and go in thought -------------------------------------------------------------

RULES = [{}, near(term()), away(term()), away(term(HOSTNAME), term(selector={})), near(term(), term("rack")),
         {**near(term(selector={"matchLabels": DB})), **away(term(HOSTNAME))}]


@pytest.mark.parametrize("seed", range(60))
def test_adding_and_removing_gives_what_a_fresh_look_gives(seed):
    chance = random.Random(seed)
    nodes = [node(f"n{n}", labels={ZONE: chance.choice("ab"), "rack": chance.choice("12")}) for n in range(5)] + [zoned("n5")]

    def some_pod(name, on):
        return labelled(name, chance.choice([None, DB]), on=on, affinity=chance.choice(RULES),
                        namespace=chance.choice(["default", "default", "other"]))

    incoming = labelled("new", chance.choice([None, DB]), affinity=chance.choice(RULES[1:]))
    pods = [some_pod(f"p{n}", f"n{chance.randrange(6)}") for n in range(10)]
    here = f"n{chance.randrange(6)}"
    gone = [each for each in pods if each["spec"]["nodeName"] == here]
    more = [some_pod(f"q{n}", here) for n in range(chance.randrange(3))]
    state, snapshot = {}, Snapshot.of(nodes, pods)
    assert PLUGIN.pre_filter(state, incoming, snapshot).status.is_success
    before = state[PLUGIN.name]
    for each in gone:
        PLUGIN.remove_pod(state, incoming, PodInfo.of(each), snapshot.node(here))
    for each in more:
        PLUGIN.add_pod(state, incoming, PodInfo.of(each), snapshot.node(here))

    fresh = {}
    PLUGIN.pre_filter(fresh, incoming, Snapshot.of(nodes, [each for each in pods if each not in gone] + more))
    assert by_domain(state[PLUGIN.name]) == by_domain(fresh[PLUGIN.name])
    again = {}
    PLUGIN.pre_filter(again, incoming, snapshot)
    assert by_domain(before) == by_domain(again[PLUGIN.name])


def by_domain(notes):
    return [
        {domain: sorted(match.pod for match in matches) for domain, matches in noted.items()}
        for noted in (notes.near, notes.away, notes.repelled)
    ]


def test_removing_whom_it_does_not_know_changes_nothing():
    state, snapshot = {}, Snapshot.of(ZONES, [labelled("p", on="a1")])
    new = labelled("new", affinity=away(term()))
    PLUGIN.pre_filter(state, new, snapshot)
    PLUGIN.remove_pod(state, new, PodInfo.of(labelled("q", on="b1")), snapshot.node("b1"))
    assert by_domain(state[PLUGIN.name])[1] == {(ZONE, "a"): ["default/p"]}


# --- preferences ----------------------------------------------------------------------------------


def test_nobody_prefers_anything():
    assert scored(labelled("new"), ZONES, [labelled("p", on="a1")]) is None
    assert scored(labelled("new", affinity=rather_near(10, term())), ZONES) is None
    assert scored(labelled("new"), ZONES, [labelled("p", on="a1", affinity=away(term()))]) is None


def test_preferred_neighbours_attract():
    new = labelled("new", DB, affinity=rather_near(10, term()))
    pods = [labelled("p", on="a1"), labelled("q", on="a2"), labelled("r", on="b1")]
    assert scored(new, ZONES, pods) == {"a1": (20, 100), "a2": (20, 100), "b1": (10, 0)}


def test_unwanted_neighbours_repel():
    new = labelled("new", DB, affinity=rather_away(10, term(HOSTNAME)))
    pods = [labelled("p", on="a1"), labelled("q", on="a2"), labelled("r", on="a2"), labelled("s", DB, on="b1")]
    assert scored(new, ZONES, pods) == {"a1": (-10, 50), "a2": (-20, 0), "b1": (0, 100)}


def test_points_that_cancel_out_leave_all_alike():
    new = labelled("new", affinity={**rather_near(5, term()), **rather_away(5, term())})
    assert scored(new, ZONES, [labelled("p", on="a1")]) == everywhere((0, 0))


def test_each_preferred_term_counts_by_itself():
    two = {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 3, "podAffinityTerm": term()}, {"weight": 4, "podAffinityTerm": term(HOSTNAME)},
    ]}}
    assert scored(labelled("new", affinity=two), ZONES, [labelled("p", on="a1")]) == {
        "a1": (7, 100), "a2": (3, 42), "b1": (0, 0)}


@pytest.mark.parametrize(("rules", "points"), [
    (near(term()), 1), (rather_near(10, term()), 10), (rather_away(10, term()), -10),
])
def test_existing_pods_have_their_say(rules, points):
    found = scored(labelled("new"), ZONES, [labelled("p", DB, on="a1", affinity=rules)])
    assert {name: raw for name, (raw, _) in found.items()} == {"a1": points, "a2": points, "b1": 0}
    assert scored(labelled("new", DB), ZONES, [labelled("p", DB, on="a1", affinity=rules)]) is None


def test_the_weight_of_required_affinity_can_be_set():
    pods = [labelled("p", DB, on="a1", affinity=near(term()))]
    assert scored(labelled("new"), ZONES, pods, plugin=InterPodAffinity(50))["a1"] == (50, 100)
    assert scored(labelled("new"), ZONES, pods, plugin=InterPodAffinity(0)) is None


def test_preferences_of_existing_pods_can_be_ignored():
    deaf = InterPodAffinity(ignore_existing_preferences=True)
    pods = [labelled("p", on="a1", affinity=rather_near(10, term()))]
    assert scored(labelled("new"), ZONES, pods, plugin=deaf) is None
    assert scored(labelled("new", affinity=rather_near(1, term())), ZONES, pods, plugin=deaf)["a1"] == (11, 100)


def test_nodes_outside_all_domains_score_nothing():
    new = labelled("new", affinity=rather_near(10, term()))
    assert scored(new, [zoned("nowhere"), *ZONES], [labelled("p", on="nowhere"), labelled("q", on="a1")]) == {
        "nowhere": (0, 0), "a1": (10, 100), "a2": (10, 100), "b1": (0, 0)}


def test_namespaces_of_preferences():
    new = labelled("new", affinity=rather_near(10, term(namespaceSelector={"matchLabels": {"team": "y"}})))
    pods = [labelled("p", on="a1"), labelled("q", on="b1", namespace="other")]
    assert scored(new, ZONES, pods, TEAMS)["b1"] == (10, 100)
    theirs = [labelled("p", on="b1", namespace="other", affinity=rather_near(
        10, term(namespaceSelector={"matchLabels": {"team": "x"}})))]
    assert scored(labelled("new"), ZONES, theirs, TEAMS)["b1"] == (10, 100)


def test_explains_what_it_counted():
    new = labelled("new", affinity=rather_near(10, term()))
    pods = [labelled("p", on="a1"), labelled("q", on="a2", affinity=rather_away(3, term(HOSTNAME)))]
    state, snapshot = {}, Snapshot.of(ZONES, pods)
    PLUGIN.pre_score(state, new, snapshot.nodes, snapshot)
    found = PLUGIN.explain_score(state, new, snapshot.node("a2"))
    assert json.loads(json.dumps(found)) == found
    assert sorted(found["domains"], key=lambda each: each["rule"]) == [
        {"topologyKey": HOSTNAME, "domain": "a2", "rule": "avoided by", "count": 1, "points": -3},
        {"topologyKey": ZONE, "domain": "a", "rule": "prefers", "count": 2, "points": 20},
    ]
    assert PLUGIN.score(state, new, snapshot.node("a2")) == 17
    assert PLUGIN.explain_score(state, new, snapshot.node("b1")) == {"domains": []}


# --- retries --------------------------------------------------------------------------------------

NEAR = labelled("new", DB, affinity=near(term()))
AWAY = labelled("new", DB, affinity=away(term()))


@pytest.mark.parametrize(("waiting", "other", "came", "went"), [
    (NEAR, labelled("p", on="a1"), True, False),
    (NEAR, labelled("p", DB, on="a1"), False, False),
    (NEAR, labelled("p", on="a1", namespace="other"), False, False),
    (AWAY, labelled("p", on="a1"), False, True),
    (AWAY, labelled("p", DB, on="a1"), False, False),
    (labelled("new"), labelled("p", DB, on="a1", affinity=away(term())), False, True),
    (labelled("new"), labelled("p", DB, on="a1", affinity=away(term(), term(selector={"matchLabels": DB}))), False, False),
    (labelled("new", DB, affinity=near(term(), term(selector={"matchLabels": DB}))), labelled("p", on="a1"), False, False),
])
def test_a_pod_that_comes_or_goes(waiting, other, came, went):
    (coming,) = pod_events(None, other)
    (going,) = pod_events(other, None)
    assert {coming.kind, going.kind} <= PLUGIN.events
    assert (PLUGIN.worth_retrying(waiting, coming), PLUGIN.worth_retrying(waiting, going)) == (came, went)


@pytest.mark.parametrize(("waiting", "before", "after", "worth"), [
    (NEAR, DB, {"app": "web"}, True), (NEAR, {"app": "web"}, DB, False), (NEAR, {"app": "web"}, {"app": "web", "x": "y"}, False),
    (AWAY, {"app": "web"}, DB, True), (AWAY, DB, {"app": "web"}, False),
])
def test_a_placed_pod_that_changes_its_labels(waiting, before, after, worth):
    (event,) = pod_events(labelled("p", before, on="a1"), labelled("p", after, on="a1"))
    assert event.kind in PLUGIN.events
    assert PLUGIN.worth_retrying(waiting, event) is worth


def test_its_own_labels():
    (event,) = pod_events(labelled("new"), labelled("new", DB))
    assert event.kind == (events.UNSCHEDULED_POD, events.UPDATE_POD_LABEL)
    assert PLUGIN.worth_retrying(labelled("new", DB), event)


@pytest.mark.parametrize(("before", "after", "near_worth", "away_worth"), [
    (None, zoned("n", "a"), True, True), (None, zoned("n"), False, True),
    (zoned("n"), zoned("n", "a"), True, False), (zoned("n", "a"), zoned("n"), False, True),
    (zoned("n", "a"), zoned("n", "b"), True, True),
    (zoned("n", "a"), node("n", labels={ZONE: "a", "x": "y"}), False, False),
])
def test_nodes_that_come_and_change(before, after, near_worth, away_worth):
    (event,) = node_events(before, after)
    assert event.kind in PLUGIN.events
    assert PLUGIN.worth_retrying(NEAR, event) is near_worth
    assert PLUGIN.worth_retrying(AWAY, event) is away_worth
    assert not PLUGIN.worth_retrying(pod("new"), event)


def test_a_node_that_goes_is_no_reason():
    assert (events.NODE, events.DELETE) not in PLUGIN.events
