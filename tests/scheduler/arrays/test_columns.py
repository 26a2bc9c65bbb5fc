"""Columns of nodes: what is known of rows as nodes come, change and go."""

from cluster.scheduler.arrays.columns import ChangeLog, Columns
from tests.scheduler.builders import node

HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


def columns_of(*nodes):
    found = Columns()
    for each in nodes:
        found.add_node(each)
    return found


def test_it_works():
    columns = columns_of(node("n1", cpu="2"), node("n2", labels={ZONE: "a"}))

    assert columns.row_of == {"n1": 0, "n2": 1}
    assert columns.allocatable("cpu")[:2].tolist() == [2000, 4000]
    assert [columns.labels(ZONE).values[code] for code in columns.labels(ZONE).codes[:2]] == [None, "a"]


def test_host_names_are_domains_of_their_own():
    assert columns_of(node("n1"), node("n2")).are_alone(HOSTNAME)


def test_a_shared_or_missing_value_is_not():
    assert not columns_of(node("n1"), node("n2", labels={HOSTNAME: "n1"})).are_alone(HOSTNAME)
    assert not columns_of(node("n1", labels={ZONE: "a"}), node("n2")).are_alone(ZONE)


def test_that_is_found_out_again_when_nodes_change():
    columns = columns_of(node("n1"), node("n2"))
    assert columns.are_alone(HOSTNAME)
    columns.add_node(node("n3", labels={HOSTNAME: "n1"}))
    assert not columns.are_alone(HOSTNAME)
    columns.remove_node("n3")
    assert columns.are_alone(HOSTNAME)


def test_a_label_that_is_asked_for_later_is_known_of_all():
    columns = columns_of(node("n1", labels={"rack": "1"}))
    columns.add_node(node("n2", labels={"rack": "2"}))
    codes = columns.labels("rack").codes

    assert len({codes[0], codes[1], 0}) == 3
    columns.add_node(node("n1"))
    assert columns.labels("rack").codes[0] == 0


def test_a_free_row_knows_nothing():
    columns = columns_of(node("n1", labels={ZONE: "a"}, cordoned=True, example_gpu="3"))
    assert columns.allocatable("example-gpu")[0] == 3
    columns.labels(ZONE)
    columns.remove_node("n1")

    assert not columns.alive.values.any()
    assert columns.allocatable("example-gpu")[0] == columns.labels(ZONE).codes[0] == 0
    assert not columns.cordoned.values[0]
    assert columns.remove_node("n1") is None


def test_order_follows_zones_and_changes_with_them():
    zones = [node("n1", labels={ZONE: "a"}), node("n2", labels={ZONE: "a"}), node("n3", labels={ZONE: "b"})]
    columns = columns_of(*zones)
    assert columns.order.tolist() == [0, 2, 1]
    assert columns.in_order(columns.order[::-1].copy(), 1).tolist() == [2, 1, 0]
    columns.add_node(node("n3", labels={ZONE: "a"}))
    assert columns.order.tolist() == [0, 1, 2]
    columns.take_order(["n3", "n1", "n2"])
    assert columns.order.tolist() == [2, 0, 1]


def test_a_log_forgets_what_is_too_old(monkeypatch):
    monkeypatch.setattr(ChangeLog, "LIMIT", 4)
    log = ChangeLog()
    for row in range(5):
        log.add(row)

    assert log.position == 5
    assert log.since(0) is None
    assert list(log.since(2)) == [2, 3, 4]
    assert list(log.since(5)) == []
