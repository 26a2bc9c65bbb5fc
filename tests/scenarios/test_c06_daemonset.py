"""C6: a DaemonSet: one Pod on each node that may have one; new nodes too, tainted ones only when it tolerates the taint."""

from cluster.objects import metadata
from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario


def agent(tolerations: str = "", more: str = "", image: str = "nginx:1.27", strategy: str = "{}") -> str:
    return f"""
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: agent}}
spec:
  updateStrategy: {strategy}
  selector: {{matchLabels: {{app: agent}}}}
  template:
    metadata: {{labels: {{app: agent}}}}
    spec:
      {tolerations}
      {more}
      containers: [{{name: c, image: "{image}"}}]
"""


CONTROL_PLANE = "tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}]"


def nodes_of(cluster: Scenario) -> list[str]:
    return sorted(pods.node_name(pod) for pod in cluster.pods("app=agent"))


def test_it_works():
    """None on the control plane: its taint keeps it away."""
    cluster = Scenario()
    cluster.apply(agent())
    cluster.quiet()
    assert nodes_of(cluster) == ["node-1", "node-2", "node-3"] and len(cluster.ready("app=agent")) == 3
    assert cluster.get("daemonsets.apps/agent")["status"]["desiredNumberScheduled"] == 3


def test_with_a_toleration_the_control_plane_gets_one_too():
    cluster = Scenario()
    cluster.apply(agent())
    cluster.quiet()
    cluster.apply(agent(CONTROL_PLANE))
    cluster.quiet()
    assert nodes_of(cluster) == ["control-plane", "node-1", "node-2", "node-3"]


def test_a_new_node_gets_its_pod_by_itself():
    cluster = Scenario(2)
    cluster.apply(agent())
    cluster.quiet()
    cluster.run("simulate node add")
    cluster.quiet()
    assert nodes_of(cluster) == ["node-1", "node-2", "node-3"] and len(cluster.ready("app=agent")) == 3
    cluster.run("simulate node remove node-3")
    cluster.advance(120)
    assert nodes_of(cluster) == ["node-1", "node-2"]


def test_a_label_chooses_the_nodes():
    cluster = Scenario()
    cluster.apply(agent(more="nodeSelector: {disk: ssd}"))
    cluster.quiet()
    assert nodes_of(cluster) == []
    cluster.run("label node node-2 disk=ssd")
    cluster.quiet()
    assert nodes_of(cluster) == ["node-2"]
    cluster.run("label node node-2 disk-")
    cluster.quiet()
    assert nodes_of(cluster) == []


def test_no_schedule_evicts_nobody_and_no_execute_does():
    cluster = Scenario()
    cluster.apply(agent())
    cluster.quiet()
    cluster.run("taint nodes node-1 maint=yes:NoSchedule")
    cluster.quiet()
    assert nodes_of(cluster) == ["node-1", "node-2", "node-3"]
    cluster.run("taint nodes node-1 maint=yes:NoExecute")
    cluster.quiet()
    assert nodes_of(cluster) == ["node-2", "node-3"]


def test_a_cordoned_or_silent_node_keeps_its_daemon():
    """Its Pods tolerate what the control plane says of a node."""
    cluster = Scenario()
    cluster.apply(agent())
    cluster.quiet()
    before = {metadata.name(pod) for pod in cluster.pods("app=agent")}
    cluster.run("cordon node-1")
    cluster.run("simulate node stop node-2")
    cluster.advance(600)
    assert {metadata.name(pod) for pod in cluster.pods("app=agent")} == before
    assert len(cluster.ready("app=agent")) == 2


def test_an_update_goes_node_by_node():
    cluster = Scenario()
    cluster.apply(agent())
    cluster.quiet()
    fewest: list[int] = []
    cluster.always(lambda: fewest.append(len(cluster.ready("app=agent"))))
    cluster.apply(agent(image="nginx:1.28"))
    cluster.quiet()
    assert {pod["spec"]["containers"][0]["image"] for pod in cluster.pods("app=agent")} == {"nginx:1.28"}
    assert min(fewest) == 2


def test_with_surge_the_new_one_comes_first():
    cluster = Scenario()
    strategy = "{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"
    cluster.apply(agent(strategy=strategy))
    cluster.quiet()
    fewest: list[int] = []
    cluster.always(lambda: fewest.append(len({pods.node_name(pod) for pod in cluster.pods() if pods.is_ready(pod)})))
    cluster.apply(agent(image="nginx:1.28", strategy=strategy))
    cluster.quiet()
    assert {pod["spec"]["containers"][0]["image"] for pod in cluster.pods("app=agent")} == {"nginx:1.28"}
    assert min(fewest) == 3


def test_on_delete_waits_for_somebody_to_delete():
    cluster = Scenario()
    cluster.apply(agent(strategy="{type: OnDelete}"))
    cluster.quiet()
    cluster.apply(agent(image="nginx:1.28", strategy="{type: OnDelete}"))
    cluster.advance(60)
    assert {pod["spec"]["containers"][0]["image"] for pod in cluster.pods("app=agent")} == {"nginx:1.27"}
    cluster.run(f"delete pod {metadata.name(cluster.pods('app=agent')[0])} --wait=false")
    cluster.quiet()
    assert sorted(pod["spec"]["containers"][0]["image"] for pod in cluster.pods("app=agent")) == [
        "nginx:1.27", "nginx:1.27", "nginx:1.28",
    ]
