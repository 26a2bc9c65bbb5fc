"""What is true of DaemonSets, StatefulSets, budgets and preemption after every step."""

from __future__ import annotations

from cluster.apiserver.state import MEMORY
from cluster.controllers.daemonset_nodes import target_node, wish
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import controllerrevision as revisions
from cluster.objects.kinds import daemonset as daemonsets
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import poddisruptionbudget as budgets
from cluster.objects.kinds import statefulset as statefulsets
from cluster.objects.selectors import LabelSelector
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.walks import quiet
from tests.walks.rules import Seen, objects_of, told, updates_of, written, written_of

BUDGETS = "poddisruptionbudgets.policy"
HASH = "controller-revision-hash"
FAILURES = "workqueue"  # the simulation's note of failures in a row


def _owner(seen: Seen, pod: Document, kind: str) -> Document | None:
    reference = metadata.controller_of(pod)
    if reference is None or reference["kind"] != kind:
        return None
    found: Document | None = seen.world.row(f"{kind.lower()}s.apps", (metadata.namespace(pod), reference["name"]))
    return found if found is not None and metadata.uid(found) == reference["uid"] else None


def _siblings(seen: Seen, owner: Document) -> list[Document]:
    return [seen.world.row(*entry) for entry in seen.world.filed("controller", f"pods/{metadata.uid(owner)}")]


# --- DaemonSets -------------------------------------------------------------------------------------------------------


@told("daemonset.create-pod")
def a_daemon_comes_once_to_a_node(seen: Seen, step: Step) -> None:
    for pod in written_of(step, "pods"):
        owner = _owner(seen, pod, "DaemonSet")
        assert owner is not None
        surging = daemonsets.max_surge(owner, 1) > 0
        there = [
            other for other in _siblings(seen, owner)
            if target_node(other) == target_node(pod) and not metadata.is_being_deleted(other) and not pods.is_terminal(other)
        ]
        assert len(there) <= surging, [metadata.name(other) for other in there]


@written("pods")
def a_daemon_goes_where_it_was_meant_for(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        if pods.node_name(new) and not pods.node_name(old) and _owner(seen, new, "DaemonSet") is not None:
            assert pods.node_name(new) == target_node(old), (pods.node_name(new), target_node(old))


# --- StatefulSets -----------------------------------------------------------------------------------------------------


@told("statefulset.create-pod")
def members_come_in_order(seen: Seen, step: Step) -> None:
    for pod in written_of(step, "pods"):
        owner = _owner(seen, pod, "StatefulSet")
        assert owner is not None
        number = statefulsets.ordinal(pod)
        assert number in statefulsets.ordinals(owner), number
        if statefulsets.is_parallel(owner):
            continue
        ready = {
            statefulsets.ordinal(other) for other in _siblings(seen, owner)
            if pods.is_ready(other) and not metadata.is_being_deleted(other)
        }
        before = set(range(statefulsets.ordinals(owner).start, number))
        assert before <= ready, sorted(before - ready)


@told("statefulset.delete-scale-down")
def members_go_from_the_highest_down(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "pods"):
        owner = _owner(seen, change.old, "StatefulSet")
        assert owner is not None
        number = statefulsets.ordinal(change.old)
        assert number not in statefulsets.ordinals(owner), number
        if not statefulsets.is_parallel(owner):
            beyond = [
                statefulsets.ordinal(other) for other in _siblings(seen, owner)
                if statefulsets.ordinal(other) not in statefulsets.ordinals(owner)
            ]
            assert number == max(beyond), (number, beyond)


@written("controllerrevisions.apps")
def revisions_keep_their_templates(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "controllerrevisions.apps"):
        assert old["data"] == new["data"]
        assert old["revision"] <= new["revision"]


# --- budgets and preemption -------------------------------------------------------------------------------------------


@written(BUDGETS)
def budgets_are_never_overdrawn(seen: Seen, step: Step) -> None:
    for budget in written_of(step, BUDGETS):
        status = budget.get("status") or {}
        assert status.get("disruptionsAllowed", 0) >= 0, status
        assert status.get("currentHealthy", 0) <= max(status.get("expectedPods", 0), status.get("currentHealthy", 0))


@told("disruption.status")
def budgets_count_who_is_healthy(seen: Seen, step: Step) -> None:
    for budget in written_of(step, BUDGETS):
        disrupted, namespace = budgets.disrupted(budget), metadata.namespace(budget)
        healthy = sum(
            pods.is_ready(pod) and not metadata.is_being_deleted(pod) and metadata.name(pod) not in disrupted
            for key, pod in seen.world.table("pods").items() if key[0] == namespace and budgets.covers(budget, pod)
        )
        assert budgets.current_healthy(budget) == healthy, (metadata.name(budget), budget["status"], healthy)


@written(BUDGETS)
def a_grant_takes_one_disruption(seen: Seen, step: Step) -> None:
    if step.verb != "grant":
        return
    for old, new in updates_of(step, BUDGETS):
        assert new["status"]["disruptionsAllowed"] == old["status"]["disruptionsAllowed"] - 1
        assert set(dig(old, "status", "disruptedPods", default={})) <= set(new["status"]["disruptedPods"])


@written("pods")
def evictions_ask_the_budget(seen: Seen, step: Step) -> None:
    if step.verb != "evict":
        return
    for change in objects_of(step, "pods"):
        pod = change.old
        if not pods.is_ready(pod) or pods.is_terminal(pod) or metadata.is_being_deleted(pod):
            continue
        for key, budget in seen.world.table(BUDGETS).items():
            selector = LabelSelector.from_document(dig(budget, "spec", "selector"))
            if key[0] == metadata.namespace(pod) and selector.matches(metadata.labels(pod)):
                noted = dig(budget, "status", "disruptedPods", default={})
                assert metadata.name(pod) in noted, f"{metadata.name(budget)} was not asked"


@told("scheduler.evict")
def only_lesser_pods_are_preempted(seen: Seen, step: Step) -> None:
    preemptors = [
        pods.priority(found) for found in seen.world.table("pods").values()
        if dig(found, "status", "nominatedNodeName") or not pods.node_name(found)
    ]
    for change in objects_of(step, "pods"):
        assert any(pods.priority(change.old) < priority for priority in preemptors), pods.priority(change.old)


# --- updates of sets --------------------------------------------------------------------------------------------------


@told("daemonset.delete-rolling")
def daemons_that_serve_go_only_as_many_as_may_be_missing(seen: Seen, step: Step) -> None:
    """maxUnavailable counts nodes that want a daemon and have none that is available."""
    for change in objects_of(step, "pods"):
        owner = _owner(seen, change.old, "DaemonSet")
        assert owner is not None
        wanted = [node for node in seen.world.table("nodes").values() if wish(owner, node).run]
        allowed = max(1, daemonsets.max_unavailable(owner, len(wanted)))
        serving = {
            target_node(pod) for pod in _siblings(seen, owner)
            if _is_available(owner, pod, step.at) and pod is not change.old and not metadata.is_being_deleted(pod)
        }
        without = [metadata.name(node) for node in wanted if metadata.name(node) not in serving]
        assert len(without) <= allowed, (without, allowed)


@told("daemonset.delete-replaced")
def daemons_are_replaced_when_their_successor_serves(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "pods"):
        owner = _owner(seen, change.old, "DaemonSet")
        assert owner is not None
        successors = [
            pod for pod in _siblings(seen, owner)
            if target_node(pod) == target_node(change.old) and pod is not change.old and _is_available(owner, pod, step.at)
        ]
        assert successors, target_node(change.old)


@told("daemonset.create-pod")
def daemons_are_made_where_they_may_run(seen: Seen, step: Step) -> None:
    for pod in written_of(step, "pods"):
        owner = _owner(seen, pod, "DaemonSet")
        node = seen.world.row("nodes", ("", target_node(pod)))
        assert owner is not None
        assert node is not None, target_node(pod)
        assert wish(owner, node).run, target_node(pod)


def _is_available(owner: Document, pod: Document, now: int) -> bool:
    return pods.is_available(pod, daemonsets.min_ready_seconds(owner), now)


@told("statefulset.delete-update")
def members_are_updated_from_the_highest_down(seen: Seen, step: Step) -> None:
    for change in objects_of(step, "pods"):
        owner = _owner(seen, change.old, "StatefulSet")
        assert owner is not None
        assert statefulsets.is_rolling(owner)
        number, new = statefulsets.ordinal(change.old), _newest_revision(seen, owner)
        assert number - statefulsets.ordinals(owner).start >= (statefulsets.partition(owner) or 0), number
        members = {statefulsets.ordinal(pod): pod for pod in _siblings(seen, owner)}
        for higher in range(number + 1, statefulsets.ordinals(owner).stop):
            pod = members.get(higher)
            assert pod is not None and pods.is_ready(pod) and not metadata.is_being_deleted(pod), (number, higher)
        if not statefulsets.is_parallel(owner):
            for lower in range(statefulsets.ordinals(owner).start, number):
                pod = members.get(lower)
                assert pod is not None and pods.is_ready(pod), (number, lower)
        assert metadata.labels(change.old).get(HASH) != new, (number, new)


def _newest_revision(seen: Seen, owner: Document) -> str:
    entries = seen.world.filed("controller", f"{revisions.RESOURCE}/{metadata.uid(owner)}")
    return metadata.name(max((seen.world.row(*entry) for entry in entries), key=revisions.number))


@told("statefulset.create-pod")
def members_have_their_identity(seen: Seen, step: Step) -> None:
    for pod in written_of(step, "pods"):
        owner = _owner(seen, pod, "StatefulSet")
        assert owner is not None
        number, name = statefulsets.ordinal(pod), metadata.name(pod)
        assert name == statefulsets.pod_name(owner, number)
        labels = metadata.labels(pod)
        assert labels["statefulset.kubernetes.io/pod-name"] == name
        assert labels["apps.kubernetes.io/pod-index"] == str(number)
        assert (pod["spec"]["hostname"], pod["spec"].get("subdomain", "")) == (name, owner["spec"].get("serviceName", ""))
        kept = [statefulsets.claim_name(owner, template, number) for template in statefulsets.claim_templates(owner)]
        used = [dig(volume, "persistentVolumeClaim", "claimName") for volume in pod["spec"]["volumes"]]
        assert set(kept) <= set(used), (kept, used)
        for claim in kept:
            assert seen.world.row("persistentvolumeclaims", (metadata.namespace(pod), claim)) is not None, claim


@written("persistentvolumeclaims")
def claims_outlive_their_set_unless_it_says_otherwise(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "persistentvolumeclaims"):
        if step.actor != "garbage-collector-controller" or metadata.is_being_deleted(old) or not metadata.is_being_deleted(new):
            continue
        owners = metadata.owner_references(old)
        assert owners, "nobody owns it, and the garbage collector takes it"


# --- quiet ------------------------------------------------------------------------------------------------------------


@quiet.rule("daemonset-controller")
def every_wanted_node_has_its_daemon(simulation: Simulation, seen: Seen) -> None:
    for owner in simulation.api.list("daemonsets.apps"):
        if metadata.is_being_deleted(owner) or quiet.is_going(simulation, owner) or quiet.is_limited(simulation, owner):
            continue
        placed = [target_node(pod) for pod in simulation.api.owned("pods", metadata.uid(owner))]
        wishes = {metadata.name(node): wish(owner, node) for node in simulation.api.list("nodes")}
        lacking = [name for name, wanted in wishes.items() if wanted.run and name not in placed]
        assert not lacking, (metadata.name(owner), lacking)
        assert owner["status"]["desiredNumberScheduled"] == sum(wanted.run for wanted in wishes.values()), owner["status"]
        assert owner["status"]["observedGeneration"] == owner["metadata"]["generation"]


def _is_tried_again(simulation: Simulation, owner: Document) -> bool:
    """Whether its controller has failed and waits longer and longer: what it wants may have become possible."""
    key = (FAILURES, "statefulset-controller", metadata.namespace(owner), metadata.name(owner))
    return simulation.world.row(MEMORY, key) is not None


@quiet.rule("statefulset-controller")
def statefulsets_tell_of_their_members(simulation: Simulation, seen: Seen) -> None:
    for owner in simulation.api.list("statefulsets.apps"):
        if metadata.is_being_deleted(owner) or quiet.is_going(simulation, owner):
            continue
        members = simulation.api.owned("pods", metadata.uid(owner))
        status = owner["status"]
        assert status.get("replicas", 0) == len(members), (metadata.name(owner), status, len(members))
        ready = sum(pods.is_ready(pod) and pods.phase(pod) == "Running" for pod in members)
        assert status.get("readyReplicas", 0) == ready, (metadata.name(owner), status, ready)
        if statefulsets.is_parallel(owner) and not quiet.is_limited(simulation, owner) and not _is_tried_again(simulation, owner):
            there = {statefulsets.ordinal(pod) for pod in members}
            # Somebody else may have the name.
            missing = [
                number for number in statefulsets.ordinals(owner) if number not in there
                and simulation.api.get("pods", metadata.namespace(owner), statefulsets.pod_name(owner, number)) is None
            ]
            assert not missing, (metadata.name(owner), missing)


@quiet.rule("statefulset-controller")
def the_first_missing_member_waits_for_a_reason(simulation: Simulation, seen: Seen) -> None:
    for owner in simulation.api.list("statefulsets.apps"):
        if metadata.is_being_deleted(owner) or quiet.is_going(simulation, owner) or quiet.is_limited(simulation, owner):
            continue
        members = {statefulsets.ordinal(pod): pod for pod in simulation.api.owned("pods", metadata.uid(owner))}
        missing = next((number for number in statefulsets.ordinals(owner) if number not in members), None)
        # Somebody else may have the name.
        name = "" if missing is None else statefulsets.pod_name(owner, missing)
        taken = simulation.api.get("pods", metadata.namespace(owner), name)
        if missing is not None and not taken and not _is_tried_again(simulation, owner):
            before = [pod for number, pod in members.items() if number < missing]
            ready = all(pods.is_ready(pod) and not metadata.is_being_deleted(pod) for pod in before)
            assert not ready, (metadata.name(owner), missing)


@quiet.rule("disruption-controller")
def budgets_are_counted(simulation: Simulation, seen: Seen) -> None:
    for budget in simulation.api.list(BUDGETS):
        if metadata.is_being_deleted(budget) or quiet.is_going(simulation, budget) or not budget.get("status"):
            continue
        disrupted = budgets.disrupted(budget)
        found = [pod for pod in simulation.api.list("pods", metadata.namespace(budget)) if budgets.covers(budget, pod)]
        healthy = sum(
            pods.is_ready(pod) and not metadata.is_being_deleted(pod) and metadata.name(pod) not in disrupted for pod in found
        )
        failed = any(found["reason"] == "SyncFailed" for found in budget["status"].get("conditions", []))
        assert failed or budgets.current_healthy(budget) == healthy, (metadata.name(budget), budget["status"], healthy)
        room = max(0, budgets.current_healthy(budget) - budgets.desired_healthy(budget))
        assert budgets.allowed(budget) in (0, room), (metadata.name(budget), budget["status"])
        least = budget["spec"].get("minAvailable")
        if isinstance(least, int) and not failed:
            assert budgets.desired_healthy(budget) == least, (metadata.name(budget), budget["status"])
