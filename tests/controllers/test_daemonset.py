"""A DaemonSet has one Pod on every node that it may run on, whatever happens to nodes and Pods."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.controllers import daemonset_nodes
from cluster.controllers.daemonset import DaemonSetController
from cluster.controllers.garbage_collector import GarbageCollector
from cluster.objects import metadata
from cluster.objects.documents import Document, with_value
from cluster.objects.kinds import daemonset as daemonsets
from cluster.scheduler.scheduler import Scheduler
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import add_node, add_pod, change, events, new_cluster

RESOURCE = "daemonsets.apps"


ROOM = {"cpu": "4", "memory": "8Gi", "pods": "110"}


def lab(**options: Any) -> Simulation:
    cluster = new_cluster(DaemonSetController(), Scheduler(), GarbageCollector(), **options)
    for node in cluster.api.list("nodes"):
        give_room(cluster, metadata.name(node))
    return cluster


def give_room(cluster: Simulation, node: str) -> None:
    change(cluster, "nodes", "", node, ("status", "allocatable"), ROOM, subresource="status")


def daemonset(name: str = "d", image: str = "nginx:1", labels: dict[str, str] | None = None, **spec: Any) -> Document:
    template = {"metadata": {"labels": labels or {"app": name}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    meta = {"name": name, "namespace": "default"}
    filled = {"selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta, "spec": filled}


def add(cluster: Simulation, document: Document) -> None:
    with cluster.act() as api:
        api.create(document)
    cluster.advance(5_000)


def edit(cluster: Simulation, path: tuple[str, ...], value: Any, name: str = "d") -> None:
    change(cluster, RESOURCE, "default", name, path, value)


def alive(cluster: Simulation) -> list[Document]:
    return [pod for pod in cluster.api.list("pods", "default") if not metadata.is_being_deleted(pod)]


def placed(cluster: Simulation) -> list[str]:
    return sorted(pod["spec"].get("nodeName", "") for pod in alive(cluster))


def images(cluster: Simulation) -> list[str]:
    return sorted(pod["spec"]["containers"][0]["image"] for pod in alive(cluster))


def status(cluster: Simulation, name: str = "d") -> Document:
    return cluster.api.read(RESOURCE, "default", name)["status"]


def taint(cluster: Simulation, node: str, effect: str = "NoSchedule", key: str = "k") -> None:
    change(cluster, "nodes", "", node, ("spec", "taints"), [{"key": key, "effect": effect}])
    cluster.advance(5_000)


def test_it_works() -> None:
    cluster = lab()
    add(cluster, daemonset())
    assert placed(cluster) == ["node-1", "node-2", "node-3"]
    assert status(cluster) == {
        "currentNumberScheduled": 3, "desiredNumberScheduled": 3, "numberReady": 3, "numberMisscheduled": 0,
        "updatedNumberScheduled": 3, "numberAvailable": 3, "observedGeneration": 1,
    }


def test_a_new_node_gets_one() -> None:
    cluster = lab()
    add(cluster, daemonset())
    with cluster.act() as api:
        add_node(api, "node-4", now=cluster.now)
    give_room(cluster, "node-4")
    cluster.advance(5_000)
    assert placed(cluster) == ["node-1", "node-2", "node-3", "node-4"]


def test_a_deleted_pod_comes_again_once_it_is_gone() -> None:
    cluster = lab()
    add(cluster, daemonset())
    first = alive(cluster)[0]
    with cluster.act() as api:
        api.delete("pods", "default", metadata.name(first))
    assert len(cluster.api.list("pods", "default")) == 3
    cluster.advance(100)
    assert len(alive(cluster)) == 2
    cluster.advance(5_000)
    assert placed(cluster) == ["node-1", "node-2", "node-3"]


def test_taints_keep_new_pods_away_and_let_old_ones_stay() -> None:
    cluster = lab()
    taint(cluster, "node-1")
    add(cluster, daemonset())
    assert placed(cluster) == ["node-2", "node-3"]
    taint(cluster, "node-2")
    assert placed(cluster) == ["node-2", "node-3"]
    assert (status(cluster)["desiredNumberScheduled"], status(cluster)["numberMisscheduled"]) == (1, 1)
    taint(cluster, "node-3", "NoExecute")
    assert placed(cluster) == ["node-2"]


def test_what_every_daemon_tolerates() -> None:
    cluster = lab()
    for number, key in enumerate(("node.kubernetes.io/unschedulable", "node.kubernetes.io/disk-pressure"), 1):
        taint(cluster, f"node-{number}", key=key)
    taint(cluster, "node-3", "NoExecute", "node.kubernetes.io/unreachable")
    add(cluster, daemonset())
    assert placed(cluster) == ["node-1", "node-2", "node-3"]


def test_the_host_network_needs_no_network() -> None:
    spec = {"hostNetwork": True, "containers": []}
    keys = [toleration["key"] for toleration in daemonset_nodes.with_tolerations(spec)["tolerations"]]
    assert keys[-1] == "node.kubernetes.io/network-unavailable"
    assert len(keys) == len(daemonset_nodes.TOLERATIONS) + 1


def test_a_toleration_with_seconds_is_made_endless() -> None:
    limited = {**daemonset_nodes.TOLERATIONS[0], "tolerationSeconds": 5}
    other = {"key": "mine", "operator": "Exists"}
    found = daemonset_nodes.with_tolerations({"tolerations": [limited, other]})["tolerations"]
    assert found[:2] == [daemonset_nodes.TOLERATIONS[0], other]
    assert len(found) == len(daemonset_nodes.TOLERATIONS) + 1


def test_selectors_and_names_of_nodes_count() -> None:
    cluster = lab()
    change(cluster, "nodes", "", "node-2", ("metadata", "labels"), {"disk": "ssd"})
    wanted = daemonset("d")
    add(cluster, with_value(wanted, ("spec", "template", "spec", "nodeSelector"), {"disk": "ssd"}))
    named = daemonset("e")
    add(cluster, with_value(named, ("spec", "template", "spec", "nodeName"), "node-3"))
    assert placed(cluster) == ["node-2", "node-3"]
    change(cluster, "nodes", "", "node-2", ("metadata", "labels"), {})
    cluster.advance(5_000)
    assert placed(cluster) == ["node-3"]


def test_one_node_at_a_time_is_updated() -> None:
    cluster = lab()
    add(cluster, daemonset())
    least = []
    cluster.on_step = lambda step: least.append(
        sum(1 for pod in alive(cluster) if any(
            c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", [])
        ))
    )
    edit(cluster, ("spec", "template", "spec", "containers"), [{"name": "c", "image": "nginx:2"}])
    cluster.advance(20_000)
    assert images(cluster) == ["nginx:2"] * 3
    assert min(least) == 2


def test_max_unavailable_is_rounded_up() -> None:
    document = daemonset(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "34%"}})
    assert daemonsets.max_unavailable(document, 3) == 2
    assert daemonsets.max_surge(document, 3) == 0


def test_with_surge_the_new_one_comes_first() -> None:
    cluster = lab()
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    add(cluster, daemonset(updateStrategy=strategy))
    most = []
    cluster.on_step = lambda step: most.append((len(alive(cluster)), len(set(placed(cluster)) - {""})))
    edit(cluster, ("spec", "template", "spec", "containers"), [{"name": "c", "image": "nginx:2"}])
    cluster.advance(30_000)
    assert images(cluster) == ["nginx:2"] * 3
    assert max(count for count, _ in most) == 4
    assert min(nodes for _, nodes in most) == 3


def test_on_delete_waits_for_hands() -> None:
    cluster = lab()
    add(cluster, daemonset(updateStrategy={"type": "OnDelete"}))
    edit(cluster, ("spec", "template", "spec", "containers"), [{"name": "c", "image": "nginx:2"}])
    cluster.advance(20_000)
    assert images(cluster) == ["nginx:1"] * 3
    with cluster.act() as api:
        api.delete("pods", "default", metadata.name(alive(cluster)[0]))
    cluster.advance(10_000)
    assert images(cluster) == ["nginx:1", "nginx:1", "nginx:2"]
    assert status(cluster)["updatedNumberScheduled"] == 1


def test_templates_are_kept_and_come_again() -> None:
    cluster = lab()
    add(cluster, daemonset())
    for image in ("nginx:2", "nginx:1"):
        edit(cluster, ("spec", "template", "spec", "containers"), [{"name": "c", "image": image}])
        cluster.advance(20_000)
    kept = cluster.api.list("controllerrevisions.apps", "default")
    assert sorted((one["revision"], one["data"]["spec"]["template"]["spec"]["containers"][0]["image"]) for one in kept) == [
        (2, "nginx:2"), (3, "nginx:1"),
    ]
    assert {pod["metadata"]["labels"]["controller-revision-hash"] for pod in alive(cluster)} == {
        one["metadata"]["labels"]["controller-revision-hash"] for one in kept if one["revision"] == 3
    }
    read = cluster.api.read(RESOURCE, "default", "d")
    assert read["metadata"]["annotations"]["deprecated.daemonset.template.generation"] == "3"


def test_old_templates_are_forgotten() -> None:
    cluster = lab()
    add(cluster, daemonset(revisionHistoryLimit=1))
    for number in range(2, 6):
        edit(cluster, ("spec", "template", "spec", "containers"), [{"name": "c", "image": f"nginx:{number}"}])
        cluster.advance(20_000)
    assert sorted(one["revision"] for one in cluster.api.list("controllerrevisions.apps", "default")) == [4, 5]


def test_failed_pods_are_replaced_ever_more_slowly() -> None:
    cluster = lab(zones=("a",))
    add(cluster, daemonset())
    replaced = []
    for _ in range(4):
        pod = alive(cluster)[0]
        failed_at = cluster.now
        change(cluster, "pods", "default", metadata.name(pod), ("status", "phase"), "Failed", subresource="status")
        while any(metadata.name(one) == metadata.name(pod) for one in alive(cluster)):
            cluster.advance(100)
        replaced.append(cluster.now - failed_at)
        cluster.advance(700)
    assert replaced == sorted(replaced)
    assert replaced[0] <= 100 < replaced[-1]
    assert any(event[2] == "FailedDaemonPod" for event in events(cluster))


def test_orphans_are_adopted_and_strangers_released() -> None:
    cluster = lab(zones=("a",))
    add_pod(cluster, "stray", "node-1", labels={"app": "d"})
    cluster.advance(1_000)
    add(cluster, daemonset())
    owners = [metadata.controller_of(pod) for pod in alive(cluster)]
    assert [owner["kind"] for owner in owners if owner] == ["DaemonSet"]
    name = metadata.name(alive(cluster)[0])
    change(cluster, "pods", "default", name, ("metadata", "labels"), {"app": "other"})
    cluster.advance(5_000)
    assert metadata.controller_of(cluster.api.read("pods", "default", name)) is None
    assert len(alive(cluster)) == 2


def test_deleting_it_takes_its_pods_along() -> None:
    cluster = lab()
    add(cluster, daemonset())
    with cluster.act() as api:
        api.delete(RESOURCE, "default", "d")
    cluster.advance(10_000)
    assert cluster.api.list("pods", "default") == []
    assert cluster.api.list("controllerrevisions.apps", "default") == []


def test_a_removed_node_takes_its_wish_along() -> None:
    cluster = lab()
    cluster.switch("default-scheduler", on=False)
    add(cluster, daemonset())
    assert placed(cluster) == ["", "", ""]
    with cluster.act() as api:
        api.delete("nodes", "", "node-3")
    cluster.advance(5_000)
    assert len(alive(cluster)) == 2


@pytest.mark.parametrize(("spec", "complaint"), [
    ({"selector": {}}, 'spec.selector: Invalid value: {}: empty selector is invalid for daemonset'),
    ({"updateStrategy": {"type": "Sideways"}}, 'supported values: "RollingUpdate", "OnDelete"'),
    ({"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}},
     "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"),
    ({"updateStrategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}},
     "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"),
    ({"updateStrategy": {"rollingUpdate": {"maxUnavailable": "200%"}}}, "must not be greater than 100%"),
    ({"minReadySeconds": -1}, "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"),
])
def test_what_is_refused(spec: Document, complaint: str) -> None:
    cluster = lab()
    with pytest.raises(Exception, match="is invalid") as refused, cluster.act() as api:
        api.create(daemonset(**spec))
    assert complaint in str(refused.value)


def test_labels_must_match() -> None:
    cluster = lab()
    with pytest.raises(Exception, match="`selector` does not match template `labels`"), cluster.act() as api:
        api.create(daemonset(labels={"app": "other"}))


def test_a_surging_update_outlives_its_node() -> None:
    cluster = lab()
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    add(cluster, daemonset(updateStrategy=strategy))
    with cluster.act() as api:
        api.delete("nodes", "", "node-2")
    edit(cluster, ("spec", "template", "spec", "containers"), [{"name": "c", "image": "nginx:2"}])
    cluster.advance(30_000)
    assert images(cluster) == ["nginx:2", "nginx:2"]
