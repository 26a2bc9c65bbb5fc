"""What is true of DaemonSets, StatefulSets, budgets, claims and preemption after every step."""

from __future__ import annotations

from cluster.controllers.daemonset_nodes import target_node
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import daemonset as daemonsets
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import statefulset as statefulsets
from cluster.objects.selectors import LabelSelector
from cluster.simulation.step import Step
from tests.walks.rules import Seen, objects_of, told, updates_of, written, written_of

BUDGETS, CLAIMS, VOLUMES = "poddisruptionbudgets.policy", "persistentvolumeclaims", "persistentvolumes"


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


# --- storage ----------------------------------------------------------------------------------------------------------


@written(CLAIMS)
def a_volume_has_one_claim(seen: Seen, step: Step) -> None:
    for claim in written_of(step, CLAIMS):
        name = dig(claim, "spec", "volumeName")
        if not name or dig(claim, "status", "phase") != "Bound":
            continue
        others = [
            key for key, other in step.world.table(CLAIMS).items()
            if other is not claim and dig(other, "spec", "volumeName") == name and dig(other, "status", "phase") == "Bound"
        ]
        assert not others, (name, others)


@written("pods")
def what_runs_has_its_claims(seen: Seen, step: Step) -> None:
    for old, new in updates_of(step, "pods"):
        if pods.phase(old) == "Running" or pods.phase(new) != "Running":
            continue
        for volume in dig(new, "spec", "volumes", default=[]):
            name = dig(volume, "persistentVolumeClaim", "claimName")
            if name:
                claim = step.world.row(CLAIMS, (metadata.namespace(new), name))
                assert claim is not None, name
                assert dig(claim, "status", "phase") == "Bound", (name, dig(claim, "status", "phase"))
