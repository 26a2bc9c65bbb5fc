"""Every workload of `make bench` runs, a hundred times smaller."""

import pytest

from tests.benchmarks.scheduler_perf import Bench, measure
from tests.benchmarks.workloads import WORKLOADS

FACTOR = 100


@pytest.mark.parametrize("name", WORKLOADS)
def test_it_works(name):
    small = WORKLOADS[name].smaller(FACTOR)
    bench = Bench(small)
    found = bench.run()

    assert found.pods == small.measured.count
    assert found.attempts >= found.pods
    placed = [pod for _, pod in bench.etcd.world.table("pods").items() if pod["spec"].get("nodeName")]
    assert len(placed) == found.pods + sum(pods.count for pods in small.before)
    assert sum(len(bench.scheduler.places.on(row)) for row in bench.scheduler.columns.row_of.values()) == len(placed)


def test_spreading_pods_are_spread():
    small = WORKLOADS["TopologySpreading"].smaller(FACTOR)
    bench = Bench(small)
    bench.run()
    zones = dict.fromkeys(("moon-1", "moon-2", "moon-3"), 0)
    for _, pod in bench.etcd.world.table("pods").items():
        if pod["metadata"].get("labels", {}).get("color") == "blue":
            zones[pod["metadata"]["labels"]["topology.kubernetes.io/zone"]] += 1

    assert max(zones.values()) - min(zones.values()) <= 5


def test_pods_that_avoid_each_other_do_not_meet():
    bench = Bench(WORKLOADS["SchedulingPodAntiAffinity"].smaller(FACTOR))
    bench.run()
    nodes = [pod["spec"]["nodeName"] for _, pod in bench.etcd.world.table("pods").items()]

    assert len(nodes) == len(set(nodes)) == 30


def test_a_pod_that_fits_nowhere_is_told_so():
    workload = WORKLOADS["Unschedulable"].smaller(FACTOR)
    bench = Bench(workload)
    bench._churn("high-priority-large-cpu", comes_and_goes=False)
    pod = bench.urgent.popleft()

    assert not bench.attempt(pod)
    stored = bench.etcd.world.row("pods", ("default", pod["metadata"]["name"]))
    (condition,) = stored["status"]["conditions"]
    assert condition["reason"] == "Unschedulable"
    assert condition["message"].startswith("0/50 nodes are available: 50 Insufficient cpu.")


def test_a_preemption_is_carried_out():
    workload = WORKLOADS["PreemptionAsync"].smaller(FACTOR)
    bench = Bench(workload)
    for pods in workload.before:
        for pod in bench.create(pods):
            assert bench.attempt(pod)
    bench._churn("high-priority", comes_and_goes=False)
    pod = bench.urgent.popleft()

    assert not bench.attempt(pod)
    again = bench.urgent.popleft()
    assert again["status"]["nominatedNodeName"]
    assert bench.attempt(again)
    assert len(bench.etcd.world.table("pods")) == 200 - 3 + 1


def test_line_says_what_was_reached():
    workload = WORKLOADS["SchedulingBasic"].smaller(FACTOR)
    line = measure(workload).line(workload)

    assert "pods a second" in line
    assert "threshold of 270" in line
