"""Jobs: what the server fills in, what it refuses, what may change, what a table shows."""

from __future__ import annotations

from typing import Any

import pytest

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.apiserver.errors import APIError
from cluster.apiserver.server import APIServer
from cluster.apiserver.state import Etcd, World
from cluster.objects.documents import Document, with_value
from cluster.objects.kinds import job as jobs
from cluster.objects.registry import REGISTRY

POD = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1"}]}
INDEXED = {"completionMode": "Indexed", "completions": 3, "parallelism": 3}
EXIT_42 = {"onExitCodes": {"operator": "In", "values": [42]}}


@pytest.fixture
def server() -> APIServer:
    api = APIServer(Etcd(World()))
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    return api


def job(pod: Document | None = None, **spec: Any) -> Document:
    meta = {"name": "j", "namespace": "default"}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {"template": {"spec": pod or POD}, **spec}}


def test_it_works(server: APIServer) -> None:
    made = server.create(job())
    uid = made["metadata"]["uid"]
    labels = {
        "batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": "j", "controller-uid": uid, "job-name": "j",
    }
    spec = made["spec"]
    assert spec["template"]["metadata"]["labels"] == made["metadata"]["labels"] == labels
    assert spec["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"], spec["suspend"]) == (1, 1, 6, False)
    assert (spec["completionMode"], spec["podReplacementPolicy"], spec["manualSelector"]) == (
        "NonIndexed", "TerminatingOrFailed", False,
    )
    assert made["status"] == {}
    assert made["metadata"]["generation"] == 1


def test_more_defaults(server: APIServer) -> None:
    spec = server.create(job(parallelism=2))["spec"]
    assert "completions" not in spec  # a work queue
    policy = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}
    other = with_value(job(podFailurePolicy=policy, backoffLimitPerIndex=1, **INDEXED), ("metadata", "name"), "other")
    spec = server.create(other)["spec"]
    assert spec["backoffLimit"] == 2**31 - 1
    assert spec["podReplacementPolicy"] == "Failed"
    assert spec["podFailurePolicy"]["rules"][0]["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]


def test_labels_of_its_own_stay(server: APIServer) -> None:
    document = with_value(job(), ("metadata", "labels"), {"team": "a"})
    assert server.create(document)["metadata"]["labels"] == {"team": "a"}


def test_a_selector_by_hand(server: APIServer) -> None:
    document = job(manualSelector=True, selector={"matchLabels": {"app": "x"}})
    document["spec"]["template"]["metadata"] = {"labels": {"app": "x"}}
    assert server.create(document)["spec"]["selector"] == {"matchLabels": {"app": "x"}}


def test_a_dry_run_spends_nothing(server: APIServer) -> None:
    first = server.create(job(), dry_run=True)["metadata"]["uid"]
    assert server.create(job())["metadata"]["uid"] == first


@pytest.mark.parametrize(("spec", "complaint"), [
    ({"parallelism": -1}, "spec.parallelism: Invalid value: -1: must be greater than or equal to 0"),
    ({"backoffLimit": -1}, "spec.backoffLimit: Invalid value: -1"),
    ({"completionMode": "Some"}, 'spec.completionMode: Unsupported value: "Some": supported values: "NonIndexed", "Indexed"'),
    ({"completionMode": "Indexed", "parallelism": 1}, "spec.completions: Required value: when completion mode is Indexed"),
    ({"backoffLimitPerIndex": 1}, "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"),
    ({"maxFailedIndexes": 1, **INDEXED}, "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified"),
    ({"maxFailedIndexes": 4, "backoffLimitPerIndex": 1, **INDEXED}, "must be less than or equal to completions"),
    ({"podReplacementPolicy": "Never"}, 'supported values: "Failed", "TerminatingOrFailed"'),
    ({"podReplacementPolicy": "TerminatingOrFailed", "podFailurePolicy": {"rules": []}}, 'supported values: "Failed"'),
    ({"managedBy": "me"}, 'must be a domain-prefixed path (such as "acme.io/foo")'),
    ({"selector": {"matchLabels": {"a": "b"}}}, "`selector` does not match template `labels`"),
    ({"successPolicy": {"rules": [{"succeededCount": 1}]}}, "requires indexed completion mode"),
    ({"successPolicy": {"rules": []}, **INDEXED}, "at least one rules must be specified"),
    ({"successPolicy": {"rules": [{}]}, **INDEXED}, "at least one of succeededCount or succeededIndexes must be specified"),
    ({"successPolicy": {"rules": [{"succeededCount": 4}]}, **INDEXED}, "must be less than or equal to 3 (the number of"),
    ({"successPolicy": {"rules": [{"succeededIndexes": "7"}]}, **INDEXED}, 'succeededIndexes: too large index: "7"'),
    ({"successPolicy": {"rules": [{"succeededIndexes": "0", "succeededCount": 2}]}, **INDEXED}, "less than or equal to 1 (the"),
])
def test_refusals(server: APIServer, spec: Document, complaint: str) -> None:
    with pytest.raises(APIError) as refusal:
        server.create(job(**spec))
    assert complaint in refusal.value.message


@pytest.mark.parametrize(("rule", "complaint"), [
    ({"action": "FailJob"}, "rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"),
    ({"action": "", **EXIT_42}, 'rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]'),
    ({"action": "Explode", **EXIT_42}, 'Unsupported value: "Explode"'),
    ({"action": "FailIndex", **EXIT_42}, "requires the backoffLimitPerIndex to be set"),
    ({"action": "Count", "onExitCodes": {"operator": "In", "values": [0]}}, "must not be 0 for the In operator"),
    ({"action": "Count", "onExitCodes": {"operator": "In", "values": [2, 1]}}, "must be ordered"),
    ({"action": "Count", "onExitCodes": {"operator": "In", "values": [2, 2]}}, "values[1]: Duplicate value: 2"),
    ({"action": "Count", "onExitCodes": {"operator": "Is", "values": [2]}}, 'Unsupported value: "Is"'),
    ({"action": "Count", "onExitCodes": {"operator": "In", "values": []}}, "at least one value is required"),
    ({"action": "Count", "onExitCodes": {"operator": "In", "values": [2], "containerName": "z"}}, "must be one of the container"),
    ({"action": "Count", "onPodConditions": [{"type": "A", "status": "Maybe"}]}, 'Unsupported value: "Maybe"'),
    ({"action": "Count", "onPodConditions": [{"type": "A"}], **EXIT_42}, "specifying both OnExitCodes and OnPodConditions"),
])
def test_refused_failure_policies(server: APIServer, rule: Document, complaint: str) -> None:
    with pytest.raises(APIError) as refusal:
        server.create(job(podFailurePolicy={"rules": [rule]}))
    assert complaint in refusal.value.message


def test_a_failure_policy_wants_pods_that_never_restart(server: APIServer) -> None:
    policy = {"rules": [{"action": "FailJob", **EXIT_42}]}
    with pytest.raises(APIError, match='only "Never" is supported when podFailurePolicy is specified'):
        server.create(job({**POD, "restartPolicy": "OnFailure"}, podFailurePolicy=policy))


@pytest.mark.parametrize(("labels", "complaint"), [
    ({"controller-uid": "mine"}, "spec.template.metadata.labels[controller-uid]: Invalid value"),
    ({"batch.kubernetes.io/job-name": "other"}, "must be 'j'"),
])
def test_the_servers_labels_are_its_own(server: APIServer, labels: dict[str, str], complaint: str) -> None:
    with pytest.raises(APIError) as refusal:
        server.create(with_value(job(), ("spec", "template", "metadata"), {"labels": labels}))
    assert complaint in refusal.value.message


def test_names_of_hosts_must_fit(server: APIServer) -> None:
    document = with_value(job(**INDEXED), ("metadata", "name"), "a" * 62)
    with pytest.raises(APIError, match="will not able to create pod with invalid DNS label"):
        server.create(document)


# --- changes ----------------------------------------------------------------------------------------------------


def change(server: APIServer, path: tuple[str, ...], value: Any) -> Document:
    return server.update(with_value(server.read("jobs.batch", "default", "j"), path, value))


@pytest.mark.parametrize(("path", "value"), [
    (("spec", "completions"), 9), (("spec", "selector"), {"matchLabels": {"a": "b"}}), (("spec", "completionMode"), "Indexed"),
    (("spec", "template", "spec", "containers"), [{"name": "c", "image": "busybox:2"}]),
    (("spec", "podFailurePolicy"), {"rules": [{"action": "FailJob", **EXIT_42}]}),
    (("spec", "template", "spec", "nodeSelector"), {"disk": "ssd"}),
])
def test_what_never_changes(server: APIServer, path: tuple[str, ...], value: Any) -> None:
    server.create(job())
    with pytest.raises(APIError, match="field is immutable"):
        change(server, path, value)


@pytest.mark.parametrize(("field", "value"), [
    ("parallelism", 3), ("suspend", True), ("backoffLimit", 1), ("activeDeadlineSeconds", 60), ("ttlSecondsAfterFinished", 1),
])
def test_what_may_change(server: APIServer, field: str, value: Any) -> None:
    server.create(job())
    changed = change(server, ("spec", field), value)
    assert changed["spec"][field] == value
    assert changed["metadata"]["generation"] == 2


def test_completions_of_an_indexed_job_change_with_its_parallelism(server: APIServer) -> None:
    made = server.create(job(**INDEXED))
    with pytest.raises(APIError, match=r"can only be modified in tandem with spec\.parallelism"):
        change(server, ("spec", "completions"), 5)
    assert change(server, ("spec",), {**made["spec"], "completions": 5, "parallelism": 5})["spec"]["completions"] == 5


def test_what_waits_can_be_placed_anew(server: APIServer) -> None:
    """A suspended Job's Pods can get another node selector and other resources, not another image."""
    server.create(job(suspend=True))
    changed = change(server, ("spec", "template", "spec", "nodeSelector"), {"disk": "ssd"})
    assert changed["spec"]["template"]["spec"]["nodeSelector"] == {"disk": "ssd"}
    containers = [{**changed["spec"]["template"]["spec"]["containers"][0], "resources": {"requests": {"cpu": "1"}}}]
    assert change(server, ("spec", "template", "spec", "containers"), containers)
    with pytest.raises(APIError, match=r"spec\.template\.spec"):
        change(server, ("spec", "template", "spec", "containers"), [{**containers[0], "image": "busybox:2"}])


# --- tables -----------------------------------------------------------------------------------------------------


def cells(document: Document, now: int = 20_000) -> list[str]:
    meta = {"name": "j", "creationTimestamp": "2026-01-01T00:00:00Z", **document.get("metadata", {})}
    return [column.value({**document, "metadata": meta}, now) for column in REGISTRY["jobs.batch"].columns if not column.wide]


def true(*types: str) -> Document:
    return {"conditions": [{"type": type_, "status": "True"} for type_ in types]}


@pytest.mark.parametrize(("status", "shown"), [
    ({}, "Running"), (true("Suspended"), "Suspended"), (true("FailureTarget"), "FailureTarget"),
    (true("FailureTarget", "Failed"), "Failed"), (true("SuccessCriteriaMet", "Complete"), "Complete"),
])
def test_status_cell(status: Document, shown: str) -> None:
    assert cells({"spec": {"completions": 3}, "status": status})[1] == shown


def test_completions_and_duration() -> None:
    status = {"succeeded": 2, "startTime": "2026-01-01T00:00:05Z"}
    assert cells({"spec": {"completions": 3}, "status": status}) == ["j", "Running", "2/3", "15s", "20s"]
    assert cells({"spec": {"parallelism": 2}, "status": {**status, "completionTime": "2026-01-01T00:00:09Z"}})[2:4] == [
        "2/1 of 2", "4s",
    ]
    assert cells({"spec": {"parallelism": 1}, "status": {}})[2:4] == ["0/1", ""]


def test_how_it_ended() -> None:
    stamp = "2026-01-01T00:00:09Z"
    ended = {"status": {"conditions": [{"type": "Failed", "status": "True", "lastTransitionTime": stamp}]}}
    assert (jobs.end(ended), jobs.ended_at(ended)) == ("Failed", 9_000)
    assert (jobs.end({}), jobs.ended_at({})) == ("", None)
