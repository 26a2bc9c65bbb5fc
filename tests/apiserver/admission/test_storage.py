"""Admission of claims and volumes: default class, protection, growth."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from tests.apiserver.builders import Lab, refusal

DEFAULT = "storageclass.kubernetes.io/is-default-class"


def claim(name: str = "c", size: str = "1Gi", **spec: Any) -> Document:
    filled = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": filled}


def storage_class(name: str, *, default: bool = False, **fields: Any) -> Document:
    meta: Document = {"name": name, "annotations": {DEFAULT: "true"} if default else {}}
    return {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": meta, "provisioner": "p.example", **fields}


def bind(api: Lab, stored: Document, capacity: str = "1Gi") -> Document:
    status = {"phase": "Bound", "capacity": {"storage": capacity}}
    return api.update({**stored, "status": status}, subresource="status")


def grow(api: Lab, stored: Document, size: str) -> Document:
    changes = {"spec": {"resources": {"requests": {"storage": size}}}}
    return api.patch("persistentvolumeclaims", "default", stored["metadata"]["name"], changes)


def test_it_works(api):
    api.create(storage_class("standard", default=True))
    stored = api.create(claim(), "default")
    assert stored["spec"]["storageClassName"] == "standard"
    assert stored["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert stored["status"] == {"phase": "Pending"}


def test_the_newest_default_class_wins_and_the_name_decides_among_equals(api):
    api.create(storage_class("old", default=True))
    api.wait(5000)
    api.create(storage_class("b", default=True))
    api.create(storage_class("a", default=True))
    assert api.create(claim(), "default")["spec"]["storageClassName"] == "a"


@pytest.mark.parametrize("wanted", ["", "other"])
def test_a_named_class_stays_and_so_does_none(api, wanted):
    api.create(storage_class("standard", default=True))
    assert api.create(claim(storageClassName=wanted), "default")["spec"]["storageClassName"] == wanted


def test_without_default_class_the_claim_names_none(api):
    api.create(storage_class("standard"))
    assert "storageClassName" not in api.create(claim(), "default")["spec"]


def test_a_volume_is_protected_once(api):
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}
    meta = {"name": "v", "finalizers": ["kubernetes.io/pv-protection"]}
    stored = api.create({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": meta, "spec": spec})
    assert stored["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]
    assert (stored["status"]["phase"], stored["spec"]["persistentVolumeReclaimPolicy"]) == ("Pending", "Retain")


def test_a_bound_claim_of_an_expandable_class_grows(api):
    api.create(storage_class("fast", allowVolumeExpansion=True))
    stored = bind(api, api.create(claim(storageClassName="fast"), "default"))
    assert grow(api, stored, "2Gi")["spec"]["resources"]["requests"]["storage"] == "2Gi"


@pytest.mark.parametrize("name", ["slow", "missing", ""])
def test_other_claims_do_not_grow(api, name):
    api.create(storage_class("slow"))
    stored = bind(api, api.create(claim(storageClassName=name), "default"))
    assert str(refusal(grow, api, stored, "2Gi")) == (
        'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized and the storageclass '
        "that provisions the pvc must support resize"
    )


def test_a_pending_claim_is_frozen(api):
    api.create(storage_class("fast", allowVolumeExpansion=True))
    stored = api.create(claim(storageClassName="fast"), "default")
    assert "spec is immutable after creation" in str(refusal(grow, api, stored, "2Gi"))


def test_no_claim_shrinks(api):
    stored = bind(api, api.create(claim(storageClassName=""), "default"))
    assert str(refusal(grow, api, stored, "100Mi")) == (
        'PersistentVolumeClaim "c" is invalid: spec.resources.requests.storage: '
        "Forbidden: field can not be less than status.capacity"
    )
