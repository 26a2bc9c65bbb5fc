"""Volumes, claims, classes and their kin: cells, defaults, what the server refuses."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import storageclass as classes
from cluster.objects.registry import REGISTRY

CREATED = "2026-01-01T00:00:00Z"
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "s"}
VOLUME = {
    "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"},
    "persistentVolumeReclaimPolicy": "Retain",
}


def made(kind: str, spec: Document | None = None, **fields: Any) -> Document:
    meta = {"name": "x", "namespace": "default", "creationTimestamp": CREATED, **fields.pop("metadata", {})}
    return {"kind": kind, "metadata": meta, **({"spec": spec} if spec is not None else {}), **fields}


def cells(resource: str, document: Document) -> dict[str, str]:
    return {column.name: column.value(document, 9000) for column in REGISTRY[resource].columns}


def complaints(resource: str, document: Document, old: Document | None = None) -> list[str]:
    return [str(error) for error in REGISTRY[resource].validate(document, old)]


def test_it_works() -> None:
    spec = {**VOLUME, "accessModes": ["ReadWriteMany", "ReadWriteOnce"], "claimRef": {"namespace": "n", "name": "c"}}
    shown = cells("persistentvolumes", made("PersistentVolume", spec, status={"phase": "Bound"}))
    assert list(shown.values()) == ["x", "1Gi", "RWO,RWX", "Retain", "Bound", "n/c", "", "<unset>", "", "9s", "<unset>"]
    assert complaints("persistentvolumes", made("PersistentVolume", VOLUME)) == []
    assert complaints("persistentvolumeclaims", made("PersistentVolumeClaim", CLAIM)) == []


def test_a_claim_shows_what_it_has_and_not_what_it_wants() -> None:
    pending = cells("persistentvolumeclaims", made("PersistentVolumeClaim", CLAIM, status={"phase": "Pending"}))
    assert (pending["Status"], pending["Capacity"], pending["Access Modes"]) == ("Pending", "", "")
    status = {"phase": "Bound", "capacity": {"storage": "2Gi"}, "accessModes": ["ReadOnlyMany"]}
    bound = cells("persistentvolumeclaims", made("PersistentVolumeClaim", {**CLAIM, "volumeName": "v"}, status=status))
    assert (bound["Volume"], bound["Capacity"], bound["Access Modes"], bound["StorageClass"]) == ("v", "2Gi", "ROX", "s")


def test_what_is_going_away_says_so() -> None:
    going = {"deletionTimestamp": CREATED}
    claim = made("PersistentVolumeClaim", CLAIM, status={"phase": "Bound"}, metadata=going)
    assert cells("persistentvolumeclaims", claim)["Status"] == "Terminating"


def test_class_cells_and_defaults() -> None:
    default = {"annotations": {classes.DEFAULT_ANNOTATION: "true"}}
    document = classes.default(made("StorageClass", provisioner="p", metadata=default))
    assert list(cells("storageclasses.storage.k8s.io", document).values()) == [
        "x (default)", "p", "Delete", "Immediate", "false", "9s",
    ]


def test_other_cells() -> None:
    node = made("CSINode", {"drivers": [{"name": "d", "nodeID": "n"}]})
    assert list(cells("csinodes.storage.k8s.io", node).values()) == ["x", "1", "9s"]
    attached = made("VolumeAttachment", {"attacher": "d", "nodeName": "n", "source": {"persistentVolumeName": "v"}},
                    status={"attached": True})
    assert list(cells("volumeattachments.storage.k8s.io", attached).values()) == ["x", "d", "v", "n", "true", "9s"]


def test_the_old_annotation_names_the_class() -> None:
    noted = {"annotations": {volumes.CLASS_ANNOTATION: "old"}}
    assert claims.storage_class(made("PersistentVolumeClaim", CLAIM, metadata=noted)) == "old"
    assert volumes.storage_class(made("PersistentVolume", VOLUME, metadata=noted)) == "old"


def test_claims_of_a_pod() -> None:
    pod = made("Pod", {"volumes": [
        {"name": "a", "persistentVolumeClaim": {"claimName": "c"}}, {"name": "b", "ephemeral": {}},
        {"name": "d", "emptyDir": {}},
    ]})
    assert list(claims.of_pod(pod)) == [("c", False), ("x-b", True)]


@pytest.mark.parametrize(("change", "complaint"), [
    ({"accessModes": []}, "spec.accessModes: Required value"),
    ({"accessModes": ["Often"]}, 'spec.accessModes: Unsupported value: "Often": supported values: "ReadOnlyMany", '
                                 '"ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'),
    ({"accessModes": ["ReadWriteOncePod", "ReadWriteOnce"]},
     "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"),
    ({"capacity": {"storage": "0"}}, 'spec.capacity[storage]: Invalid value: "0": must be greater than zero'),
    ({"persistentVolumeReclaimPolicy": "Keep"},
     'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"'),
    ({"hostPath": None}, "spec: Required value: must specify a volume type"),
    ({"hostPath": {"path": "/a/../b"}}, 'spec.hostPath.path: Invalid value: "/a/../b": must not contain \'..\''),
    ({"hostPath": {"path": "/"}, "persistentVolumeReclaimPolicy": "Recycle"},
     "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"),
    ({"nfs": {"server": "s", "path": "/"}}, "spec.nfs: Forbidden: may not specify more than 1 volume type"),
    ({"hostPath": None, "local": {"path": "/x"}}, "spec.nodeAffinity: Required value: Local volume requires node affinity"),
    ({"nodeAffinity": {}}, "spec.nodeAffinity.required: Required value: must specify required node constraints"),
    ({"nodeAffinity": {"required": {"nodeSelectorTerms": []}}},
     "spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term"),
    ({"volumeMode": "Tape"}, 'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'),
    ({"hostPath": None, "csi": {"driver": "d"}}, "spec.csi.volumeHandle: Required value"),
])
def test_volumes_that_are_refused(change: Document, complaint: str) -> None:
    assert complaints("persistentvolumes", made("PersistentVolume", {**VOLUME, **change})) == [complaint]


def test_a_volume_keeps_its_source() -> None:
    changed = made("PersistentVolume", {**VOLUME, "hostPath": {"path": "/y"}})
    (complaint,) = complaints("persistentvolumes", changed, made("PersistentVolume", VOLUME))
    assert complaint.startswith(
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n"
    )
    assert '-  "Path": "/x"' in complaint and '+  "Path": "/y"' in complaint


@pytest.mark.parametrize(("change", "complaint"), [
    ({"accessModes": []}, "spec.accessModes: Required value: at least 1 access mode is required"),
    ({"resources": {}}, "spec.resources[storage]: Required value"),
    ({"resources": {"requests": {"storage": "-1"}}}, 'spec.resources[storage]: Invalid value: "-1": must be greater than zero'),
    ({"dataSource": {"kind": "Pod", "name": "p"}},
     'spec.dataSource: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup'),
    ({"volumeMode": "Tape"}, 'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'),
])
def test_claims_that_are_refused(change: Document, complaint: str) -> None:
    assert complaints("persistentvolumeclaims", made("PersistentVolumeClaim", {**CLAIM, **change})) == [complaint]


def test_a_bound_claim_keeps_asking_for_something() -> None:
    bound = {**made("PersistentVolumeClaim", CLAIM), "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
    silent = {**bound, "spec": {field: value for field, value in bound["spec"].items() if field != "resources"}}
    assert any(complaint.startswith("spec: Forbidden") for complaint in complaints("persistentvolumeclaims", silent, bound))


def test_a_claim_without_class_may_get_one_once() -> None:
    classless = {field: value for field, value in CLAIM.items() if field != "storageClassName"}
    resource = "persistentvolumeclaims"
    without, with_one = made("PersistentVolumeClaim", classless), made("PersistentVolumeClaim", CLAIM)
    assert complaints(resource, with_one, without) == []
    assert len(complaints(resource, without, with_one)) == 1


@pytest.mark.parametrize(("change", "complaint"), [
    ({"provisioner": ""}, "provisioner: Required value"),
    ({"reclaimPolicy": "Recycle"}, 'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'),
    ({"volumeBindingMode": "Never"},
     'volumeBindingMode: Unsupported value: "Never": supported values: "Immediate", "WaitForFirstConsumer"'),
    ({"allowedTopologies": [{"matchLabelExpressions": [{"key": "z", "values": []}]}]},
     "allowedTopologies[0].matchLabelExpressions[0].values: Required value"),
    ({"allowedTopologies": [{"matchLabelExpressions": [{"key": "z", "values": ["a", "a"]}]}]},
     'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"'),
])
def test_classes_that_are_refused(change: Document, complaint: str) -> None:
    assert complaints("storageclasses.storage.k8s.io", made("StorageClass", provisioner="p.example") | change) == [complaint]


def test_a_topology_rule_needs_a_key() -> None:
    keyless = made("StorageClass", provisioner="p.example", allowedTopologies=[{"matchLabelExpressions": [{"values": ["a"]}]}])
    found = complaints("storageclasses.storage.k8s.io", keyless)
    assert found[0] == 'allowedTopologies[0].matchLabelExpressions[0].key: Invalid value: "": name part must be non-empty'


def test_a_class_never_changes_what_it_makes() -> None:
    old = made("StorageClass", provisioner="p.example", parameters={"a": "b"})
    resource = "storageclasses.storage.k8s.io"
    assert complaints(resource, {**old, "allowVolumeExpansion": True}, old) == []
    assert complaints(resource, {**old, "parameters": {"a": "c"}}, old) == [
        'parameters: Invalid value: {"a":"c"}: field is immutable',
    ]


@pytest.mark.parametrize(("drivers", "complaint"), [
    ([{"name": "d.example", "nodeID": ""}], "spec.drivers[0].nodeID: Required value"),
    ([{"name": "d.example", "nodeID": "n"}] * 2, 'spec.drivers[1].name: Duplicate value: "d.example"'),
    ([{"name": "d.example", "nodeID": "n", "allocatable": {"count": -1}}],
     "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0"),
])
def test_csi_nodes_that_are_refused(drivers: list[Document], complaint: str) -> None:
    assert complaints("csinodes.storage.k8s.io", made("CSINode", {"drivers": drivers})) == [complaint]


def test_a_driver_may_only_change_how_much_it_takes() -> None:
    resource, driver = "csinodes.storage.k8s.io", {"name": "d.example", "nodeID": "n", "allocatable": {"count": 1}}
    old = made("CSINode", {"drivers": [driver]})
    assert complaints(resource, made("CSINode", {"drivers": [{**driver, "allocatable": {"count": 2}}]}), old) == []
    assert len(complaints(resource, made("CSINode", {"drivers": [{**driver, "nodeID": "m"}]}), old)) == 1


@pytest.mark.parametrize(("source", "complaint"), [
    ({}, "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"),
    ({"persistentVolumeName": ""},
     "spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName"),
    ({"persistentVolumeName": "v", "inlineVolumeSpec": {}},
     "spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName"),
])
def test_attachments_that_are_refused(source: Document, complaint: str) -> None:
    spec = {"attacher": "d.example", "nodeName": "n", "source": source}
    assert complaints("volumeattachments.storage.k8s.io", made("VolumeAttachment", spec)) == [complaint]
