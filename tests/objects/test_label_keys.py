"""matchLabelKeys of a new Pod end up in its selectors, with the values of its own labels."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.label_keys import with_label_keys
from cluster.objects.placement_validation import placement_errors
from tests.scheduler.neighbours import PREFERRED, REQUIRED, ZONE, labelled, spread, term

LABELS = {"app": "web", "version": "2"}
VERSION_IN = {"key": "version", "operator": "In", "values": ["2"]}
VERSION_NOT_IN = {"key": "version", "operator": "NotIn", "values": ["2"]}


def stored(**spec: Any) -> Any:
    """The spec of a new Pod as it is stored."""
    return with_label_keys(labelled("p", LABELS, **spec))["spec"]


def test_it_works() -> None:
    (constraint,) = stored(topologySpreadConstraints=[spread(matchLabelKeys=["version"])])["topologySpreadConstraints"]
    assert constraint["labelSelector"] == {"matchLabels": {"app": "web"}, "matchExpressions": [VERSION_IN]}
    assert constraint["matchLabelKeys"] == ["version"]


@pytest.mark.parametrize("kind", ["podAffinity", "podAntiAffinity"])
def test_affinity_terms(kind: str) -> None:
    rule = term(matchLabelKeys=["version"], mismatchLabelKeys=["app"])
    found = stored(affinity={kind: {REQUIRED: [rule], PREFERRED: [{"weight": 1, "podAffinityTerm": rule}]}})["affinity"][kind]
    wanted = [VERSION_IN, {"key": "app", "operator": "NotIn", "values": ["web"]}]
    assert found[REQUIRED][0]["labelSelector"]["matchExpressions"] == wanted
    assert found[PREFERRED][0]["podAffinityTerm"]["labelSelector"]["matchExpressions"] == wanted
    assert found[PREFERRED][0]["weight"] == 1


def test_expressions_that_are_there_stay_first() -> None:
    exists = {"key": "app", "operator": "Exists"}
    rule = term(selector={"matchExpressions": [exists]}, mismatchLabelKeys=["version"])
    found = stored(affinity={"podAffinity": {REQUIRED: [rule]}})["affinity"]["podAffinity"][REQUIRED]
    assert found[0]["labelSelector"] == {"matchExpressions": [exists, VERSION_NOT_IN]}


def test_keys_without_a_label_and_rules_without_a_selector_stay_as_they_are() -> None:
    rules = [spread(matchLabelKeys=["tier"]), spread("rack", None, matchLabelKeys=["version"]), spread("row")]
    assert stored(topologySpreadConstraints=rules)["topologySpreadConstraints"] == rules


def test_a_pod_without_keys_is_the_same_object() -> None:
    pod = labelled("p", affinity={"podAffinity": {REQUIRED: [term()]}}, topologySpreadConstraints=[spread()])
    assert with_label_keys(pod) is pod
    assert with_label_keys({"metadata": {}}) == {"metadata": {}}


def test_the_given_pod_is_not_changed() -> None:
    constraint = spread(matchLabelKeys=["version"])
    with_label_keys(labelled("p", LABELS, topologySpreadConstraints=[constraint]))
    assert constraint == spread(matchLabelKeys=["version"])


def test_node_affinity_stays() -> None:
    affinity = {"nodeAffinity": {PREFERRED: []}, "podAffinity": {REQUIRED: [term(matchLabelKeys=["version"])]},
                "podAntiAffinity": None}
    found = stored(affinity=affinity)["affinity"]
    assert (found["nodeAffinity"], found["podAntiAffinity"]) == ({PREFERRED: []}, None)


# --- rules ---------------------------------------------------------------------------------------------------------------


def complaints(**spec: Any) -> list[str]:
    return [str(error) for error in placement_errors(stored(**spec), "spec")]


def of_constraint(**fields: Any) -> list[str]:
    return complaints(topologySpreadConstraints=[spread(**fields)])


def of_term(**fields: Any) -> list[str]:
    return complaints(affinity={"podAffinity": {REQUIRED: [term(**fields)]}})


def test_good_keys_are_fine() -> None:
    assert of_constraint(matchLabelKeys=["version", "tier"], nodeAffinityPolicy="Ignore", nodeTaintsPolicy="Honor") == []
    assert of_term(matchLabelKeys=["version"], mismatchLabelKeys=["app"]) == []


def test_keys_need_a_selector() -> None:
    complaint = "Forbidden: must not be specified when labelSelector is not set"
    assert of_constraint(selector=None, matchLabelKeys=["version"]) == [
        f"spec.topologySpreadConstraints[0].matchLabelKeys: {complaint}"]
    where = f"spec.affinity.podAffinity.{REQUIRED}[0]"
    assert of_term(selector=None, matchLabelKeys=["version"], mismatchLabelKeys=["app"]) == [
        f"{where}.matchLabelKeys: {complaint}", f"{where}.mismatchLabelKeys: {complaint}"]


def test_a_key_is_either_in_the_selector_or_among_the_keys() -> None:
    assert of_constraint(matchLabelKeys=["version", "app"]) == [
        'spec.topologySpreadConstraints[0][1]: Invalid value: "app": exists in both matchLabelKeys and labelSelector']
    assert of_term(mismatchLabelKeys=["app"]) == []


def test_a_key_is_not_wanted_and_unwanted_at_once() -> None:
    where = f"spec.affinity.podAffinity.{REQUIRED}[0]"
    assert of_term(matchLabelKeys=["tier"], mismatchLabelKeys=["tier"]) == [
        f'{where}.matchLabelKeys[0]: Invalid value: "tier": exists in both matchLabelKeys and mismatchLabelKeys']


def test_keys_are_label_names() -> None:
    (found,) = of_constraint(matchLabelKeys=["a b"])
    assert found.startswith('spec.topologySpreadConstraints[0].matchLabelKeys[0]: Invalid value: "a b": name part must consist')


@pytest.mark.parametrize("field", ["nodeAffinityPolicy", "nodeTaintsPolicy"])
def test_policies_are_honor_or_ignore(field: str) -> None:
    assert of_constraint(**{field: "honor"}) == [
        f'spec.topologySpreadConstraints[0].{field}: Unsupported value: "honor": supported values: "Honor", "Ignore"']


def test_min_domains_are_positive_and_for_hard_constraints() -> None:
    where = "spec.topologySpreadConstraints[0].minDomains: Invalid value:"
    assert of_constraint(minDomains=0) == [f"{where} 0: must be greater than zero"]
    assert of_constraint(soft=True, minDomains=2) == [
        f"{where} 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"]


def test_a_pair_of_key_and_action_comes_once() -> None:
    assert complaints(topologySpreadConstraints=[spread(), spread(), spread(soft=True)]) == [
        "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: "
        f'Duplicate value: "{{{ZONE}, DoNotSchedule}}"']


def test_selectors_and_namespaces_of_terms() -> None:
    where = f"spec.affinity.podAffinity.{REQUIRED}[0]"
    found = of_term(selector={"matchLabels": {"app": "a b"}}, namespaces=["A"], namespaceSelector={"matchExpressions": [
        {"key": "team", "operator": "In"}]})
    assert [each.split(": ")[0] for each in found] == [
        f"{where}.labelSelector.matchLabels", f"{where}.namespaceSelector.matchExpressions[0].values", f"{where}.namespace"]


def test_a_term_needs_a_topology_key() -> None:
    where = f"spec.affinity.podAffinity.{REQUIRED}[0].topologyKey"
    found = of_term(key="")
    assert found[0] == f"{where}: Required value: can not be empty"
    assert all(each.startswith(f"{where}: ") for each in found)
