"""Decisions of a real kube-scheduler, one file for each category of cases.

`python -m tests.golden_replay scheduler/<category>` replays one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cluster.objects.documents import Document, dig
from cluster.objects.registry import REGISTRY
from cluster.scheduler import conditions, diagnosis
from cluster.scheduler.decision import Decision
from cluster.scheduler.framework import DEFAULT_SCHEDULER, Profile, Profiles
from cluster.scheduler.listers import DocumentLister
from cluster.scheduler.profile import default_profile
from cluster.scheduler.schedule import decide
from cluster.scheduler.scheduler import waits
from cluster.scheduler.snapshot import Snapshot, pod_key
from tests.golden_replay.report import Report

# Every category that was recorded.
CATEGORIES = (
    "basic", "taints", "node-affinity", "node-selector", "host-ports", "resources", "resource-scores", "images",
    "special", "nominated-pods", "volumes", "topology-spread", "default-spread", "pod-affinity", "preemption", "mixed",
    "sequence",
)

# Lists of a recorded input that only the lister shows to plugins: name there -> resource.
OTHERS = {
    "namespaces": "namespaces", "services": "services", "replicaSets": "replicasets.apps",
    "persistentVolumes": "persistentvolumes", "persistentVolumeClaims": "persistentvolumeclaims",
    "storageClasses": "storageclasses.storage.k8s.io", "csiNodes": "csinodes.storage.k8s.io",
    "pdbs": "poddisruptionbudgets.policy", "priorityClasses": "priorityclasses.scheduling.k8s.io",
}
LEAVING_SINCE = "2026-02-01T00:00:00Z"

Facts = dict[str, Any]


@cache
def profile() -> Profile:
    return default_profile()


# --- the input ---------------------------------------------------------------------------------------------------


def defaulted(pod: Document, given: Any) -> Document:
    """The pod of an input as the API server stores it, with the status that it was given."""
    kind, status = REGISTRY["pods"], pod.get("status")
    stored = kind.default(kind.prepare({key: value for key, value in pod.items() if key != "terminating"}))
    for found in given.get("priorityClasses", []):
        if found["metadata"]["name"] == pod["spec"].get("priorityClassName") and "preemptionPolicy" in found:
            stored = {**stored, "spec": {**stored["spec"], "preemptionPolicy": found["preemptionPolicy"]}}
    if status is not None:
        stored = {**stored, "status": {**stored["status"], **status}}
    if pod.get("terminating"):
        stored = {**stored, "metadata": {**stored["metadata"], "deletionTimestamp": LEAVING_SINCE}}
    return stored


def cases(category: str, folder: Path) -> list[Any]:
    """The recorded cases of a category."""
    found: list[Any] = json.loads((folder / "scheduler" / f"{category}.json").read_text())
    return found


def others_of(given: Any) -> DocumentLister:
    """What plugins may ask for besides nodes and pods."""
    tables = {resource: _stored(resource, given.get(name, [])) for name, resource in OTHERS.items()}
    claims = {(pod_key(claim)): claim["metadata"]["uid"] for claim in tables["persistentvolumeclaims"]}
    tables["persistentvolumes"] = [_claimed(volume, claims) for volume in tables["persistentvolumes"]]
    return DocumentLister(tables)


def snapshot_of(given: Any) -> Snapshot:
    """What the scheduler knows of a recorded input."""
    return Snapshot.of(given["nodes"], [defaulted(pod, given) for pod in given["pods"]], others_of(given))


def _stored(resource: str, documents: list[Document]) -> list[Document]:
    """Defaults by the API server, as far as the kind is there; every object has a uid."""
    default = REGISTRY[resource].default if resource in REGISTRY else lambda document: document
    return [default(_with_uid(document)) for document in documents]


def _with_uid(document: Document) -> Document:
    return {**document, "metadata": {"uid": f"uid-{pod_key(document)}", **document["metadata"]}}


def _claimed(volume: Document, claims: dict[str, str]) -> Document:
    """The volume with the uid of its claim, as the recorded one had."""
    claim = dig(volume, "spec", "claimRef")
    uid = None if claim is None else claims.get(f"{claim['namespace']}/{claim['name']}")
    if uid is None:
        return volume
    return {**volume, "spec": {**volume["spec"], "claimRef": {"uid": uid, **claim}}}


def decide_recorded(case: Any) -> Decision:
    """The decision about the incoming pod of a case."""
    given = case["input"]
    return decide(defaulted(given["pod"], given), snapshot_of(given), profile(), lambda: 0.0)


# --- the comparison ----------------------------------------------------------------------------------------------


def agree(category: str, folder: Path) -> Report:
    """Each attempt is one fact: outcome, feasible nodes, who rejects whom and why, every score, every message."""
    report = Report(f"scheduler/{category}")
    for case in cases(category, folder):
        for name, wrong in attempts(case):
            report.holds(name, not wrong, "; ".join(wrong))
    return report


def attempts(case: Any) -> Iterator[tuple[str, list[str]]]:
    """Every recorded attempt of a case: its name, and what differs from what is decided here."""
    if "sequence" in case["input"]:
        yield from _sequence(case)
    else:
        given, expected = case["input"], case["result"]
        yield case["id"], _differences(expected, defaulted(given["pod"], given), _snapshots(given, expected))


def _sequence(case: Any) -> Iterator[tuple[str, list[str]]]:
    """Attempts in the recorded order, the pods before each placed as recorded."""
    given = case["input"]
    coming = {pod["metadata"]["name"]: defaulted(pod, given) for pod in given["sequence"]}
    there = {pod["metadata"]["name"]: defaulted(pod, given) for pod in given["pods"]}
    lister = others_of(given)
    for number, expected in enumerate(case["result"]):
        pod = coming[expected["pod"]]
        snapshot = Snapshot.of(given["nodes"], there.values(), lister)
        yield f"{case['id']}/{number}/{expected['pod']}", _differences(expected, pod, [snapshot])
        for victim in expected.get("victims", ()):
            del there[victim]
        node = expected.get("node") or expected.get("nodeAfterVictimsGone")
        if node:
            there[expected["pod"]] = _running(pod, node, number)


def _running(pod: Document, node: str, number: int) -> Document:
    status = {"phase": "Running", "startTime": f"2026-02-01T00:{number:02d}:00Z"}
    return {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status}


def _differences(expected: Any, pod: Document, snapshots: Iterable[Snapshot]) -> list[str]:
    """What differs, with the snapshot with which least does."""
    found = (_differences_in(expected, pod, snapshot) for snapshot in snapshots)
    best: list[str] | None = None
    for differences in found:
        if not differences:
            return []
        best = best or differences
    assert best is not None
    return best


def _differences_in(expected: Any, pod: Document, snapshot: Snapshot) -> list[str]:
    ours = _not_tried(pod)
    if ours is None:
        decision = decide(pod, snapshot, profile(), lambda: 0.0)
        ours = here(decision, expected) | _aftermath(expected, decision, pod, snapshot)
        ours |= _volumes_here(expected, decision, pod, snapshot)
    theirs = recorded(expected)
    return [
        f"{name}: recorded {fact}, here {ours.get(name)}" for name, fact in theirs.items() if fact != ours.get(name)
    ]


def _snapshots(given: Any, expected: Any) -> Iterator[Snapshot]:
    """The input with its pods in the orders that a scheduler may have learnt of them.

    Of equally important pods of a node those that it knows longer are spared first, and it learns of pods created at the
    same time in any order: after the given order come the ones with those recorded as spared first, and last.
    """
    yield snapshot_of(given)
    named = [name for each in dig(expected, "preemption", "candidates", default=[]) for name in each["victims"]]
    if not named:
        return
    place = {name: number for number, name in enumerate(named)}
    for spared in (-1, len(named)):
        ordered = sorted(given["pods"], key=lambda each: place.get(each["metadata"]["name"], spared))
        yield snapshot_of({**given, "pods": ordered})


def _not_tried(pod: Document) -> Facts | None:
    """What happens to a pod that the scheduler does not try."""
    if not waits(Profiles([profile()]), pod):
        return {"outcome": "ignored"}
    if all(plugin.pre_enqueue(pod).is_success for plugin in profile().pre_enqueue):
        return None
    (condition,) = pod["status"]["conditions"]
    return {"outcome": "gated", "condition": tuple(condition[name] for name in ("status", "reason", "message"))}


# --- facts -------------------------------------------------------------------------------------------------------


def recorded(expected: Any) -> Facts:
    """What was recorded of an attempt; only what is there is compared."""
    facts: Facts = {"outcome": expected["outcome"]}
    if "numNodes" in expected:
        facts["nodes"] = expected["numNodes"]
    if "feasible" in expected:
        facts["feasible"] = sorted(expected["feasible"])
        facts["best"] = sorted(expected.get("best", []))
        facts["rejected"] = _groups(expected.get("rejected", []))
    if "rejectedOthers" in expected:
        facts["rejected others"] = _group(expected["rejectedOthers"])
    if "scores" in expected:
        facts |= _scores(expected["scores"])
    if "condition" in expected:
        condition = expected["condition"]
        facts["condition"] = (condition["status"], condition["reason"], condition["message"])
    if "postFilterMessage" in expected:
        facts["post filter"] = expected["postFilterMessage"]
    if "events" in expected:
        same = expected["events"] == "same as condition"
        facts["events"] = [expected["condition"]["message"]] if same else expected["events"]
    if "volumes" in expected:
        facts["volumes"] = [*expected["volumes"].get("volumeForClaim", {}).items()]
        facts["volumes to make"] = [*expected["volumes"].get("selectedNode", {}).items()]
    return facts | _preemption(expected)


def _preemption(expected: Any) -> Facts:
    facts: Facts = {}
    if "preemption" in expected:
        found = expected["preemption"]
        facts["candidates"] = {
            each["node"]: (each["victims"], each["pdbViolations"]) for each in found["candidates"]
        }
        facts["dry run"] = _groups(found.get("rejected", []))
    if "nominatedNode" in expected:
        facts["nominated"] = expected["nominatedNode"]
    if "victimCondition" in expected:
        facts["victim"] = tuple(expected["victimCondition"][field] for field in ("status", "reason", "message"))
    if expected.get("nodeAfterVictimsGone"):
        facts["afterwards"] = expected["nodeAfterVictimsGone"]
    return facts


def _group(group: Any) -> tuple[str, str, list[str]]:
    # Reasons of extended resources come in the random order of Go's maps.
    return group.get("plugin", ""), group["code"], sorted(group["reasons"])


def _groups(groups: list[Any]) -> dict[str, Any]:
    return {node: _group(group) for group in groups for node in group["nodes"]}


def _scores(table: Any) -> Facts:
    facts: Facts = {"total": dict(zip(table["nodes"], table["total"], strict=True))}
    for field in ("raw", "weighted"):
        facts[field] = {
            node: {plugin: values[column] for plugin, values in table[field].items()}
            for column, node in enumerate(table["nodes"])
        }
    return facts


def here(decision: Decision, expected: Any) -> Facts:
    """The same facts of the decision made here."""
    verdicts = [verdict for verdict in decision.verdicts if not verdict.is_feasible]
    named = _groups(expected.get("rejected", []))
    rejected = {each.node: (each.plugin, each.status.code.value, sorted(each.status.reasons)) for each in verdicts}
    facts: Facts = {
        "outcome": decision.outcome, "nodes": decision.total_nodes, "feasible": sorted(decision.feasible),
        "best": sorted(decision.best), "rejected": rejected,
        "condition": ("False", conditions.UNSCHEDULABLE, decision.message),
        "post filter": decision.post_filter_message, "events": [diagnosis.event_note(decision.message)],
    }
    if "rejectedOthers" in expected:
        # Nodes that a PreFilter plugin left out were recorded as one group, with or without a plugin.
        facts["rejected"] = {node: verdict for node, verdict in rejected.items() if node in named}
        plugin = expected["rejectedOthers"].get("plugin", "")
        others = {(plugin and name, code, *reasons) for node, (name, code, reasons) in rejected.items() if node not in named}
        facts["rejected others"] = next(((name, code, reasons) for name, code, *reasons in others), None)
        if len(others) > 1:
            facts["rejected others"] = sorted(others)
    scored = [verdict for verdict in decision.verdicts if verdict.is_feasible]
    for field in ("raw", "weighted"):
        facts[field] = {
            verdict.node: {plugin: getattr(score, field) for plugin, score in verdict.scores.items()}
            for verdict in scored
        }
    return facts | {"total": {verdict.node: verdict.total for verdict in scored}}


def _volumes_here(expected: Any, decision: Decision, pod: Document, snapshot: Snapshot) -> Facts:
    """What is reserved on the recorded node. Of volumes of one size it may be another than the recorded one."""
    node = expected.get("node")
    if "volumes" not in expected or node not in decision.best:
        return {}
    chance = (decision.best.index(node) + 0.5) / len(decision.best)
    note = decide(pod, snapshot, profile(), lambda: chance).notes.get("VolumeBinding") or {"bind": [], "provision": []}
    bound = dict(note["bind"])

    def size(name: str) -> Any:
        return dig(snapshot.lister.get("persistentvolumes", "", name), "spec", "capacity", "storage")

    return {
        # Only those whose writing was seen are recorded.
        "volumes": [
            (claim, volume if claim in bound and size(bound[claim]) == size(volume) else bound.get(claim))
            for claim, volume in expected["volumes"].get("volumeForClaim", {}).items()
        ],
        "volumes to make": [
            (claim, node if claim in note["provision"] else None)
            for claim in expected["volumes"].get("selectedNode", {})
        ],
    }


def _aftermath(expected: Any, decision: Decision, pod: Document, snapshot: Snapshot) -> Facts:
    """Preemption: whom it could evict where, which node it prefers, and where the pod goes when the victims are gone."""
    record = decision.preemption
    if record is None:
        return {"candidates": {}, "dry run": {}}
    recorded_dry_run = _groups(dig(expected, "preemption", "rejected", default=[]))
    facts: Facts = {
        "candidates": {
            each["node"]: ([victim["pod"].partition("/")[2] for victim in each["victims"]], each["violations"])
            for each in record["candidates"]
        },
        "dry run": {
            each["node"]: (
                # Where the dry run itself said no there is no plugin in the recording.
                each["plugin"] if recorded_dry_run.get(each["node"], ("",))[0] else "", each["code"], sorted(each["reasons"])
            )
            for each in record["rejected"]
        },
    }
    wanted = expected.get("nominatedNode")
    if wanted is None or wanted not in record["best"]:
        return facts | {"nominated": decision.nominated}
    victims = {victim["pod"] for each in record["candidates"] if each["node"] == wanted for victim in each["victims"]}
    node = snapshot.node(wanted)
    assert node is not None
    gone = [other.document for other in node.pods if other.key in victims]
    marked = conditions.preempted(gone[0], DEFAULT_SCHEDULER, 0)["status"]["conditions"][-1]
    facts |= {"nominated": wanted, "victim": tuple(marked[field] for field in ("status", "reason", "message"))}
    if expected.get("nodeAfterVictimsGone"):
        for victim in gone:
            snapshot = snapshot.without_pod(victim)
        waiting = conditions.with_nomination(pod, wanted)
        again = decide(waiting, snapshot, profile(), lambda: 0.0)
        landed = expected["nodeAfterVictimsGone"]
        facts["afterwards"] = landed if landed in again.best else again.best
    return facts
