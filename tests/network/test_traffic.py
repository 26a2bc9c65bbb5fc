"""Requests on their way: which containers they reach by the nodes' rules, and what is remembered of them."""

from __future__ import annotations

from cluster.machinery import load, usage
from cluster.objects import metadata
from tests.support.scenario import Scenario

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: "nginx:1.27", ports: [{containerPort: 80}], resources: {limits: {cpu: 200m, memory: 64Mi}}}
      - {name: log, image: "busybox:1", command: [sleep, infinity]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


def web() -> Scenario:
    cluster = Scenario()
    cluster.apply(WEB)
    cluster.quiet()
    return cluster


def rates(cluster: Scenario) -> list[int]:
    """Requests per second that come to the nginx of each Pod."""
    found = [usage.details(cluster.simulation.api, pod) for pod in cluster.pods("app=web")]
    assert all(one.rate == 0 for each in found for one in each if one.container == "log")
    return [one.rate // 1_000 for each in found for one in each if one.container == "nginx"]


def rows(cluster: Scenario) -> list[str]:
    return [row["pod"][1] for _, row in cluster.simulation.api.hosts(load.TRAFFIC)]


def test_it_works() -> None:
    cluster = web()
    cluster.run("simulate load web 60")
    cluster.quiet()
    assert rates(cluster) == [30, 30]
    assert sorted(rows(cluster)) == sorted(metadata.name(pod) for pod in cluster.pods("app=web"))
    cluster.run("simulate load web 0")
    cluster.quiet()
    assert rates(cluster) == [0, 0] and rows(cluster) == []


def test_nothing_is_written_while_nothing_turns() -> None:
    cluster = web()
    cluster.run("simulate load web 60")
    cluster.quiet()
    before = len(cluster.steps)
    cluster.advance(3_600)
    assert [step.say for step in cluster.steps[before:] if step.say == "traffic.changed"] == []


def test_a_third_replica_takes_its_part_when_the_rules_know_it() -> None:
    cluster = web()
    cluster.run("simulate load web 60")
    cluster.run("scale deployment web --replicas=3")
    cluster.when(lambda: len(cluster.ready("app=web")) == 3)
    assert sum(rates(cluster)) == 60 and sorted(rates(cluster)) == [0, 30, 30]
    cluster.quiet()
    assert rates(cluster) == [20, 20, 20]


def test_a_node_whose_kube_proxy_is_off_sends_to_those_it_knew() -> None:
    cluster = web()
    cluster.run("simulate component off kube-proxy/node-1")
    cluster.run("simulate load web 120")
    cluster.run("scale deployment web --replicas=3")
    cluster.quiet()
    nodes = len(cluster.simulation.api.hosts(load.RULES))
    new = 120 // 3 * (nodes - 1) // nodes
    assert sorted(rates(cluster)) == [new, (120 - new) // 2, (120 - new) // 2]


def test_what_stood_in_line_is_worked_off() -> None:
    cluster = web()
    cluster.run("simulate load web 160")
    cluster.advance(10)
    line = usage.details(cluster.simulation.api, cluster.pods("app=web")[0])[0].line
    assert line > 300
    cluster.run("simulate load web 0")
    cluster.advance(1)
    left = usage.details(cluster.simulation.api, cluster.pods("app=web")[0])[0]
    assert 0 < left.line < line and left.cpu == 200 and left.rate == 0
    cluster.advance(60)
    assert rows(cluster) == []


def test_a_deleted_pod_takes_its_line_along() -> None:
    cluster = web()
    cluster.run("simulate load web 160")
    cluster.advance(10)
    gone = metadata.name(cluster.pods("app=web")[0])
    cluster.run(f"delete pod {gone} --force --grace-period=0")
    cluster.quiet()
    assert gone not in rows(cluster) and rates(cluster) == [80, 80]


def test_a_leak_has_to_be_an_amount() -> None:
    cluster = web()
    assert "quantities must match" in cluster.refused("simulate load web 5 --leak much")
    assert "--leak must be 0 bytes or more, not -1" in cluster.refused("simulate load web 5 --leak=-1")
    cluster.run("simulate load web 5 --leak 10Ki")
    cluster.advance(100)
    pod = cluster.pods("app=web")[0]
    assert usage.details(cluster.simulation.api, pod)[0].memory > (8 << 20) + 100 * 2 * 10_240


def test_when_requests_will_have_used_up_the_memory() -> None:
    cluster = web()
    pod = cluster.pods("app=web")[0]
    nginx = pod["spec"]["containers"][0]
    assert usage.killed_at(cluster.simulation.api, pod, nginx) is None
    cluster.run("simulate load web 40 --leak 100Ki")
    cluster.advance(5)
    due = usage.killed_at(cluster.simulation.api, pod, nginx)
    # 56 MiB of room, 20 requests a second.
    assert due is not None
    assert 20 < (due - cluster.simulation.now) / 1_000 + 5 < 30
    cluster.run("simulate load web 0")
    cluster.advance(1)
    assert usage.killed_at(cluster.simulation.api, pod, nginx) is None


def test_a_node_gives_no_more_cpu_time_than_it_has() -> None:
    cluster = Scenario(1)
    cluster.apply(WEB.replace("replicas: 2", "replicas: 4").replace("limits: {cpu: 200m, memory: 64Mi}", "requests: {cpu: 100m}"))
    cluster.quiet()
    cluster.run("simulate load web 2000")  # ten cores
    cluster.advance(60)
    found = [usage.details(cluster.simulation.api, pod)[0] for pod in cluster.pods("app=web")]
    assert {one.cpu for one in found} == {1_000}
    assert all(one.wanted_cpu == 2_501 and one.throttled == 600 for one in found)
    assert "100%" in cluster.run("top node node-1").stdout or "101%" in cluster.run("top node node-1").stdout


def test_a_headless_service_is_asked_for_at_the_dns() -> None:
    cluster = Scenario()
    cluster.apply(WEB.replace("spec: {selector", "spec: {clusterIP: None, selector"))
    cluster.quiet()
    cluster.run("simulate load web 60")
    cluster.quiet()
    assert rates(cluster) == [30, 30]


def test_what_is_sent_to_a_dead_machine_is_lost() -> None:
    cluster = web()
    cluster.run("simulate load web 60")
    cluster.quiet()
    gone = cluster.pods("app=web")[0]["spec"]["nodeName"]
    cluster.run(f"simulate node stop {gone}")
    cluster.advance(1)
    assert sorted(rates(cluster)) == [0, 30]
    cluster.advance(90)  # the node is known to be lost, and its endpoints are out of the rules
    assert sorted(rates(cluster)) == [0, 60]
