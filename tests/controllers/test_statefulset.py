"""A StatefulSet's Pods have names that last and come, go and change in order."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.controllers.garbage_collector import GarbageCollector
from cluster.controllers.statefulset import StatefulSetController
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import statefulset as statefulsets
from cluster.scheduler.scheduler import Scheduler
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import add_pod, change, events, new_cluster

RESOURCE, CLAIMS = "statefulsets.apps", "persistentvolumeclaims"
ROOM = {"cpu": "4", "memory": "8Gi", "pods": "110"}


class Lab:
    """A cluster whose every write is kept as a line: "+ web-0", "~ web-0 ready", "- web-0"."""

    def __init__(self) -> None:
        self.cluster: Simulation = new_cluster(StatefulSetController(), Scheduler(), GarbageCollector())
        for node in self.cluster.api.list("nodes"):
            change(self.cluster, "nodes", "", metadata.name(node), ("status", "allocatable"), ROOM, subresource="status")
        self.seen: list[str] = []
        self.cluster.on_step = self._note

    def _note(self, step: Any) -> None:
        for entry in step.changes:
            if entry.table != "pods":
                continue
            name, old, new = entry.key[1], entry.old, entry.new
            if old is None:
                self.seen.append(f"+ {name}")
            elif new is None:
                self.seen.append(f"- {name}")
            elif pods.is_ready(new) and not pods.is_ready(old):
                self.seen.append(f"~ {name} ready")

    def add(self, document: Document, seconds: int = 10) -> None:
        with self.cluster.act() as api:
            api.create(document)
        self.wait(seconds)

    def wait(self, seconds: float) -> None:
        self.cluster.advance(round(seconds * 1000))

    def edit(self, path: tuple[str, ...], value: Any, seconds: int = 10, name: str = "web") -> None:
        change(self.cluster, RESOURCE, "default", name, path, value)
        self.wait(seconds)

    def image(self, image: str, seconds: int = 20) -> None:
        self.edit(("spec", "template", "spec", "containers"), [{"name": "c", "image": image}], seconds)

    def delete_pod(self, name: str, seconds: int = 10) -> None:
        with self.cluster.act() as api:
            api.delete("pods", "default", name)
        self.wait(seconds)

    @property
    def images(self) -> dict[str, str]:
        return {
            metadata.name(pod): pod["spec"]["containers"][0]["image"]
            for pod in self.cluster.api.list("pods", "default") if not metadata.is_being_deleted(pod)
        }

    @property
    def names(self) -> list[str]:
        return list(self.images)

    @property
    def claims(self) -> list[str]:
        return [metadata.name(claim) for claim in self.cluster.api.list(CLAIMS, "default")]

    @property
    def status(self) -> Document:
        status: Document = self.cluster.api.read(RESOURCE, "default", "web")["status"]
        return status


def statefulset(replicas: int = 3, name: str = "web", **spec: Any) -> Document:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
    filled = {
        "replicas": replicas, "serviceName": name, "selector": {"matchLabels": {"app": name}}, "template": template, **spec,
    }
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta, "spec": filled}


def with_claims(document: Document, **policy: str) -> Document:
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    more: Document = {"persistentVolumeClaimRetentionPolicy": policy} if policy else {}
    return {**document, "spec": {**document["spec"], "volumeClaimTemplates": [claim], **more}}


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_it_works(lab: Lab) -> None:
    lab.add(statefulset())
    assert lab.seen == ["+ web-0", "~ web-0 ready", "+ web-1", "~ web-1 ready", "+ web-2", "~ web-2 ready"]
    pod = lab.cluster.api.read("pods", "default", "web-1")
    assert pod["metadata"]["labels"] | {"controller-revision-hash": ""} == {
        "app": "web", "apps.kubernetes.io/pod-index": "1", "statefulset.kubernetes.io/pod-name": "web-1",
        "controller-revision-hash": "", "topology.kubernetes.io/zone": pod["metadata"]["labels"]["topology.kubernetes.io/zone"],
    }
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("web-1", "web")
    assert lab.status["currentRevision"] == lab.status["updateRevision"] == pod["metadata"]["labels"]["controller-revision-hash"]
    assert lab.status["readyReplicas"] == lab.status["currentReplicas"] == lab.status["availableReplicas"] == 3


def test_parallel_does_not_wait(lab: Lab) -> None:
    lab.add(statefulset(podManagementPolicy="Parallel"))
    assert lab.seen[:3] == ["+ web-0", "+ web-1", "+ web-2"]
    lab.seen.clear()
    lab.edit(("spec", "replicas"), 0, seconds=0)
    lab.wait(0.2)
    assert lab.names == []


def test_the_highest_goes_first(lab: Lab) -> None:
    lab.add(statefulset())
    lab.seen.clear()
    lab.edit(("spec", "replicas"), 1)
    assert lab.seen == ["- web-2", "- web-1"]


def test_a_deleted_pod_comes_again_under_its_name(lab: Lab) -> None:
    lab.add(statefulset())
    uid = metadata.uid(lab.cluster.api.read("pods", "default", "web-1"))
    lab.delete_pod("web-1")
    assert lab.names == ["web-0", "web-1", "web-2"]
    assert metadata.uid(lab.cluster.api.read("pods", "default", "web-1")) != uid


def test_an_ended_pod_is_replaced(lab: Lab) -> None:
    lab.add(statefulset(1))
    change(lab.cluster, "pods", "default", "web-0", ("status", "phase"), "Failed", subresource="status")
    lab.wait(10)
    assert pods.phase(lab.cluster.api.read("pods", "default", "web-0")) == "Running"


def test_an_update_goes_from_the_highest_down(lab: Lab) -> None:
    lab.add(statefulset())
    lab.seen.clear()
    lab.image("nginx:2")
    assert [line for line in lab.seen if line[0] in "+-"] == [
        "- web-2", "+ web-2", "- web-1", "+ web-1", "- web-0", "+ web-0",
    ]
    assert set(lab.images.values()) == {"nginx:2"}
    assert lab.status["currentRevision"] == lab.status["updateRevision"]


def test_below_the_partition_nothing_changes(lab: Lab) -> None:
    lab.add(statefulset(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}))
    lab.image("nginx:2")
    assert lab.images == {"web-0": "nginx:1", "web-1": "nginx:1", "web-2": "nginx:2"}
    lab.delete_pod("web-0")
    assert lab.images["web-0"] == "nginx:1"
    lab.edit(("spec", "updateStrategy", "rollingUpdate", "partition"), 0, seconds=20)
    assert set(lab.images.values()) == {"nginx:2"}


def test_on_delete_waits_for_hands(lab: Lab) -> None:
    lab.add(statefulset(updateStrategy={"type": "OnDelete"}))
    lab.image("nginx:2")
    assert set(lab.images.values()) == {"nginx:1"}
    lab.delete_pod("web-0")
    assert lab.images["web-0"] == "nginx:2"


def test_a_broken_update_stays_broken_after_undo(lab: Lab) -> None:
    lab.add(statefulset())
    broken = {"metadata": {"labels": {"app": "web"}, "annotations": {"fake/never-ready": "1"}},
              "spec": {"containers": [{"name": "c", "image": "nginx:bad"}]}}
    good = lab.cluster.api.read(RESOURCE, "default", "web")["spec"]["template"]
    lab.edit(("spec", "template"), broken)
    assert lab.images == {"web-0": "nginx:1", "web-1": "nginx:1", "web-2": "nginx:bad"}
    lab.edit(("spec", "template"), good, seconds=60)
    assert lab.images["web-2"] == "nginx:bad"
    lab.delete_pod("web-2")
    assert lab.images["web-2"] == "nginx:1"


def test_nothing_is_made_while_one_is_unready(lab: Lab) -> None:
    lab.add(statefulset(2))
    lab.seen.clear()
    unready = [{"type": "Ready", "status": "False"}]
    lab.cluster.switch("kubelet/node-1", on=False)
    for pod in lab.cluster.api.list("pods", "default"):
        if pod["spec"]["nodeName"] == "node-1":
            change(lab.cluster, "pods", "default", metadata.name(pod), ("status", "conditions"), unready, subresource="status")
    lab.edit(("spec", "replicas"), 3)
    assert "+ web-2" not in lab.seen


def test_ordinals_may_start_elsewhere(lab: Lab) -> None:
    lab.add(statefulset(2, ordinals={"start": 5}))
    assert lab.names == ["web-5", "web-6"]
    lab.edit(("spec", "ordinals", "start"), 6)
    assert lab.names == ["web-6", "web-7"]


def test_claims_come_first_and_stay(lab: Lab) -> None:
    lab.add(with_claims(statefulset(2)))
    # Without anybody to bind them the first Pod waits, and with it everything.
    assert lab.claims == ["data-web-0"]
    assert lab.names == ["web-0"]
    volumes = {volume["name"]: volume for volume in lab.cluster.api.read("pods", "default", "web-0")["spec"]["volumes"]}
    assert volumes["data"]["persistentVolumeClaim"] == {"claimName": "data-web-0"}
    assert lab.cluster.api.read(CLAIMS, "default", "data-web-0")["metadata"]["labels"] == {"app": "web"}
    with lab.cluster.act() as api:
        api.delete(RESOURCE, "default", "web")
    lab.wait(40)
    assert (lab.names, lab.claims) == ([], ["data-web-0"])


def test_a_policy_makes_the_set_the_owner(lab: Lab) -> None:
    lab.add(with_claims(statefulset(1), whenDeleted="Delete", whenScaled="Retain"))
    claim = lab.cluster.api.read(CLAIMS, "default", "data-web-0")
    assert [owner["kind"] for owner in metadata.owner_references(claim)] == ["StatefulSet"]
    lab.edit(("spec", "persistentVolumeClaimRetentionPolicy"), {"whenDeleted": "Retain", "whenScaled": "Retain"})
    assert metadata.owner_references(lab.cluster.api.read(CLAIMS, "default", "data-web-0")) == []


def test_a_policy_lets_claims_go_with_the_scaled_away_pod(lab: Lab) -> None:
    lab.add(with_claims(statefulset(1), whenDeleted="Retain", whenScaled="Delete"))
    assert metadata.owner_references(lab.cluster.api.read(CLAIMS, "default", "data-web-0")) == []
    lab.edit(("spec", "replicas"), 0, seconds=0)
    lab.wait(0.2)
    claim = lab.cluster.api.read(CLAIMS, "default", "data-web-0")
    assert [owner["kind"] for owner in metadata.owner_references(claim)] == ["Pod"]


def test_what_it_says(lab: Lab) -> None:
    lab.add(with_claims(statefulset(1)))
    said = {(event[2], event[3]) for event in events(lab.cluster) if event[0] == "web"}
    assert said >= {
        ("SuccessfulCreate", "Create Claim data-web-0 Pod web-0 in StatefulSet web success"),
        ("SuccessfulCreate", "Create Pod web-0 in StatefulSet web successful"),
    }


def test_orphans_with_the_right_name_are_adopted(lab: Lab) -> None:
    add_pod(lab.cluster, "web-0", "node-1", labels={"app": "web"})
    add_pod(lab.cluster, "stranger", "node-1", labels={"app": "web"})
    lab.wait(2)
    lab.add(statefulset(1))
    owners = {
        metadata.name(pod): metadata.controller_of(pod) is not None for pod in lab.cluster.api.list("pods", "default")
    }
    assert owners["stranger"] is False
    assert owners["web-0"] is True


def test_templates_are_kept_up_to_the_limit(lab: Lab) -> None:
    lab.add(statefulset(1, revisionHistoryLimit=1))
    for number in range(2, 6):
        lab.image(f"nginx:{number}")
    kept = lab.cluster.api.list("controllerrevisions.apps", "default")
    assert sorted(one["revision"] for one in kept) == [4, 5]


def test_names_tell_places() -> None:
    assert statefulsets.parent_and_ordinal("a-b-12") == ("a-b", 12)
    assert statefulsets.parent_and_ordinal("web") == ("", -1)
    assert statefulsets.parent_and_ordinal("web-99999999999") == ("web", -1)


@pytest.mark.parametrize(("spec", "complaint"), [
    ({"podManagementPolicy": "Any"}, "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'"),
    ({"updateStrategy": {"type": "Sideways"}}, "must be 'RollingUpdate' or 'OnDelete'"),
    ({"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}},
     "only allowed for updateStrategy 'RollingUpdate'"),
    ({"updateStrategy": {"rollingUpdate": {"partition": -1}}}, "partition: Invalid value: -1"),
    ({"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Keep"}}, 'supported values: "Retain", "Delete"'),
    ({"selector": {}}, "empty selector is invalid for statefulset"),
    ({"ordinals": {"start": -1}}, "spec.ordinals.start: Invalid value: -1"),
    ({"serviceName": "No Good"}, "spec.serviceName: Invalid value"),
])
def test_what_is_refused(lab: Lab, spec: Document, complaint: str) -> None:
    with pytest.raises(Exception, match="is invalid") as refused, lab.cluster.act() as api:
        api.create(statefulset(**spec))
    assert complaint in str(refused.value)


def test_what_cannot_be_changed(lab: Lab) -> None:
    lab.add(statefulset(1))
    with pytest.raises(Exception, match="Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals'"):
        lab.edit(("spec", "serviceName"), "other")


def test_a_name_that_is_taken_is_waited_for(lab: Lab) -> None:
    lab.add(statefulset(1))
    change(lab.cluster, "pods", "default", "web-0", ("metadata", "labels"), {"app": "other"})
    lab.wait(5)
    assert metadata.controller_of(lab.cluster.api.read("pods", "default", "web-0")) is None
    # Nothing is ever written again by itself, and looking for the next write comes to an end.
    while lab.cluster.step() is not None:
        pass
    lab.delete_pod("web-0", seconds=2_000)
    assert metadata.controller_of(lab.cluster.api.read("pods", "default", "web-0")) is not None


def test_it_makes_no_revisions_of_what_is_being_deleted():
    """Else it and the garbage collector would take turns until the last Pod is gone."""
    lab = Lab()
    document = statefulset(2)
    document["spec"]["template"]["metadata"]["finalizers"] = ["example.com/stays"]
    lab.add(document)
    steps: list[Any] = []
    lab.cluster.on_step = steps.append
    with lab.cluster.act() as api:
        api.delete(RESOURCE, "default", "web", propagation="Foreground")
    lab.wait(5)
    assert not lab.cluster.api.list("controllerrevisions.apps", "default")
    with lab.cluster.act() as api:
        api.patch("pods", "default", "web-0", {"metadata": {"labels": {"seen": "yes"}}})
    lab.wait(5)
    assert not [step for step in steps if step.say == "revision.keep"]
