"""Which Pods go first: every rule decides exactly when those before it do not."""

import pytest

from cluster.controllers.replicaset_ranking import DELETION_COST, deletion_cost, to_delete
from cluster.objects import times

NOW = 10_000 * times.SECOND


def pod(name, *, node="node-1", phase="Running", ready=100, cost=None, restarts=0, created=200, sidecar=None):
    """A Pod; `ready` and `created` are seconds ago, `ready=None` is not ready."""
    conditions = []
    if ready is not None:
        moment = times.rfc3339(NOW - ready * times.SECOND)
        conditions.append({"type": "Ready", "status": "True", "lastTransitionTime": moment})
    document = {
        "metadata": {
            "name": name, "namespace": "default", "uid": name,
            "creationTimestamp": times.rfc3339(NOW - created * times.SECOND),
            "annotations": {} if cost is None else {DELETION_COST: cost},
        },
        "spec": {"containers": [{"name": "c"}]},
        "status": {
            "phase": phase, "conditions": conditions,
            "containerStatuses": [{"name": "c", "restartCount": restarts}],
        },
    }
    if node:
        document["spec"]["nodeName"] = node
    if sidecar is not None:
        document["spec"]["initContainers"] = [{"name": "s", "restartPolicy": "Always"}]
        document["status"]["initContainerStatuses"] = [{"name": "s", "restartCount": sidecar}]
    return document


def first(*pods, related=()):
    (doomed,) = to_delete(pods, related, 1, NOW)
    return doomed.name, doomed.why["rule"]


def test_it_works():
    assert first(pod("a"), pod("b", node="", phase="Pending", ready=None)) == ("b", "unassigned")


@pytest.mark.parametrize(
    ("better", "worse", "rule"),
    [
        (pod("a"), pod("b", node="", cost="1000"), "unassigned"),
        (pod("a"), pod("b", phase="Pending", cost="1000"), "phase"),
        (pod("a"), pod("b", phase="Unknown", cost="1000"), "phase"),
        (pod("a", phase="Unknown", ready=None), pod("b", phase="Pending", ready=None), "phase"),
        (pod("a"), pod("b", ready=None, cost="1000"), "not-ready"),
        (pod("a"), pod("b", cost="-1", ready=5000, created=5000), "deletion-cost"),
        (pod("a", cost="10"), pod("b", cost="9", ready=5000, created=5000), "deletion-cost"),
        (pod("a", ready=5000), pod("b", ready=100, restarts=0), "ready-time"),
        (pod("a", restarts=1), pod("b", restarts=2, created=5000), "restarts"),
        (pod("a", sidecar=1), pod("b", sidecar=2, created=5000), "restarts"),
        (pod("a", created=5000), pod("b", created=200), "creation-time"),
    ],
)
def test_rules(better, worse, rule):
    assert first(better, worse) == ("b", rule)
    assert first(worse, better) == ("b", rule)


def test_the_more_crowded_node_gives_first():
    crowded = [pod("a", ready=5000, created=5000), pod("b", ready=5000, created=5000)]
    alone = pod("c", node="node-2", ready=1)
    related = [*crowded, alone]
    found = to_delete(related, related, 2, NOW)
    assert [(doomed.name, doomed.why["rule"]) for doomed in found] == [("a", "colocated"), ("b", "colocated")]
    assert found[0].why["pod"]["colocated"] == 2


def test_pods_of_sibling_replicasets_count_as_crowding():
    mine = [pod("a", ready=1), pod("b", node="node-2", ready=5000)]
    sibling = pod("other", node="node-2")
    assert first(*mine, related=[*mine, sibling]) == ("b", "colocated")


def test_pods_that_are_gone_do_not_crowd():
    mine = [pod("a", ready=1), pod("b", node="node-2", ready=5000)]
    failed = pod("failed", node="node-2", phase="Failed")
    leaving = pod("leaving", node="node-2")
    leaving["metadata"]["deletionTimestamp"] = times.rfc3339(NOW)
    assert first(*mine, related=[*mine, failed, leaving]) == ("a", "ready-time")


def test_about_the_same_age_is_a_matter_of_uids():
    # 70 s and 100 s ago lie between the same powers of two nanoseconds (2^36 ns = 68.7 s).
    assert first(pod("z", ready=70), pod("b", ready=100)) == ("b", "ready-time-same-scale")
    assert first(pod("a", ready=100), pod("z", ready=70)) == ("a", "ready-time-same-scale")
    assert first(pod("a", ready=100), pod("z", ready=60)) == ("z", "ready-time")


def test_a_moment_that_has_not_passed_counts_as_newest():
    assert first(pod("a", ready=1), pod("b", ready=0)) == ("b", "ready-time")


def test_equal_pods_keep_their_order():
    assert first(pod("a"), pod("b")) == ("a", "equal")


def test_all_go_without_ranking():
    found = to_delete([pod("b"), pod("a", node="")], [], 2, NOW)
    assert [(doomed.name, doomed.why["rule"]) for doomed in found] == [("b", "all"), ("a", "all")]


def test_the_record_names_who_stays():
    (doomed,) = to_delete([pod("a", ready=5000), pod("b", ready=100)], [], 1, NOW)
    assert doomed.why["pod"]["readyFor"] == 100_000
    assert doomed.why["kept"]["name"] == "a"
    assert doomed.why["kept"]["readyFor"] == 5_000_000


@pytest.mark.parametrize(
    ("text", "cost"),
    [("5", 5), ("-5", -5), ("0", 0), ("+5", 0), ("05", 0), ("-0", 0), ("1.5", 0), ("x", 0), ("", 0),
     ("2147483647", 2147483647), ("2147483648", 0), ("-2147483648", -2147483648)],
)
def test_deletion_cost(text, cost):
    assert deletion_cost(pod("a", cost=text)) == cost
