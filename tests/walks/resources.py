"""What is true of what containers use, of Pods that are evicted, and of static Pods."""

from __future__ import annotations

from cluster.kubelet import static_pods
from cluster.kubelet.eviction_ranking import is_critical
from cluster.machinery import load, usage
from cluster.objects import metadata, quantity
from cluster.objects.documents import dig
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.walks import quiet
from tests.walks.rules import Seen, objects_of, told, updates_of, written

EVICTED = ("The node was low on resource: ", "Usage of EmptyDir volume ", "Pod ephemeral local storage usage ", "Container ")
REFUSED = "Pod was rejected: The node had condition: ["


@written("pods")
def evicted_pods_have_failed_and_say_why(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        if dig(new, "status", "reason") != "Evicted" or dig(old, "status", "reason") == "Evicted":
            continue
        assert pods.phase(new) == "Failed" and not is_critical(new)
        assert new["status"]["message"].startswith((*EVICTED, REFUSED)), new["status"]["message"]
        assert not any("running" in status["state"] for status in dig(new, "status", "containerStatuses", default=[]))


@told("kubelet.evicts")
def the_first_that_may_go_goes(seen: Seen, step: Step) -> None:
    ranking = [one for one in step.why["ranking"] if not one["critical"]]
    assert step.why["evicted"] == ranking[0]["pod"]
    assert step.why["available"] < step.why["threshold"]
    order = [(not one["exceeds"], one["priority"], one["request"] - one["used"]) for one in ranking]
    assert order == sorted(order)


@told("kubelet.mirror-created")
def a_mirror_shows_a_file_of_its_node(seen: Seen, step: Step) -> None:
    mirror = next(change.new for change in objects_of(step, "pods"))
    assert pods.is_mirror(mirror) and metadata.controller_of(mirror)["kind"] == "Node"
    assert mirror["metadata"]["name"].endswith(f"-{pods.node_name(mirror)}")


@quiet.rule("traffic")
def nobody_uses_more_than_there_is(simulation: Simulation, seen: Seen) -> None:
    api = simulation.api
    for node in api.list("nodes"):
        running = [pod for pod in api.pods_on(metadata.name(node)) if pods.phase(pod) == "Running"]
        found = [one for pod in running for one in usage.details(api, pod)]
        for one in found:
            assert one.cpu_limit is None or one.cpu <= one.cpu_limit, one
            assert one.cpu <= one.wanted_cpu and one.line >= 0 and one.memory >= 0, one
        if any(one.rate for one in found):
            assert sum(one.cpu for one in found) <= quantity.milli_value(nodes.allocatable(node)["cpu"]) + 20 * len(found)


@quiet.rule("traffic")
def requests_are_counted_for_those_that_run(simulation: Simulation, seen: Seen) -> None:
    for (node, uid), row in simulation.api.hosts(load.TRAFFIC):
        pod = simulation.api.get("pods", *row["pod"])
        assert pod is not None and (pods.node_name(pod), pods.runtime_uid(pod)) == (node, uid), row
        assert all(load.is_running(pod, name) for name in row["containers"]), row


@quiet.rule("kubelet")
def every_file_has_its_mirror(simulation: Simulation, seen: Seen) -> None:
    api = simulation.api
    for (node, _), row in api.hosts(static_pods.MANIFESTS):
        document = api.get("nodes", "", node)
        if document is None or not nodes.is_ready(document) or api.is_off(f"kubelet/{node}", f"node/{node}"):
            continue
        _, namespace, name = static_pods.key_of(node, row)
        if api.get("namespaces", "", namespace) is not None:
            assert api.get("pods", namespace, name) is not None, (node, name)
