"""Terms of pods, found again by the identity of what they were read from."""

import pytest

from cluster.scheduler import affinity_terms
from cluster.scheduler.affinity_terms import NONE, matches_all, terms_of
from tests.scheduler.neighbours import away, labelled, near, rather_away, term


def test_it_works():
    rules = {**near(term()), **rather_away(7, term("rack", namespaces=["other"]))}
    found = terms_of(labelled("p", affinity=rules))
    ((wanted,), (unwanted,)) = (found.affinity, found.preferred_anti)
    assert (wanted.topology_key, wanted.weight, wanted.namespaces) == (term()["topologyKey"], 0, frozenset({"default"}))
    assert (unwanted.topology_key, unwanted.weight, unwanted.namespaces) == ("rack", 7, frozenset({"other"}))
    assert (found.anti_affinity, found.preferred) == ((), ())


@pytest.mark.parametrize("affinity", [None, {}, {"nodeAffinity": {}}, {"podAffinity": {}, "podAntiAffinity": None}])
def test_pods_without_terms(affinity):
    assert terms_of(labelled("p", affinity=affinity)) is NONE


def test_the_same_rules_mean_other_pods_in_another_namespace():
    rules = near(term())
    here, there = (labelled("p", affinity=rules, namespace=name) for name in ("default", "other"))
    for pod, other in ((here, there), (there, here), (here, there)):
        assert matches_all(terms_of(pod).affinity, pod)
        assert not matches_all(terms_of(pod).affinity, other)


def test_no_terms_match_nobody():
    assert not matches_all((), labelled("p"))


def test_only_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(affinity_terms, "_MAX_SEEN", 3)
    monkeypatch.setattr(affinity_terms, "_seen", {})
    pods = [labelled(f"p{n}", affinity=away(term(selector={"matchLabels": {"app": str(n)}}))) for n in range(10)]
    for _ in range(2):
        for number, pod in enumerate(pods):
            assert terms_of(pod).anti_affinity[0].selector.matches({"app": str(number)})
            assert len(affinity_terms._seen) <= 3
    assert terms_of(pods[-1]) is terms_of(pods[-1])
