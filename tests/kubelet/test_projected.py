"""What ConfigMaps, Secrets and the downward API put into volumes."""

import base64
import json

import pytest

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.kubelet import projected
from cluster.kubelet.downward import Place
from cluster.storage.contents import MountError

PLACE = Place("node-1", "10.0.0.11", "10.244.1.5")
POD = {
    "metadata": {"name": "web", "namespace": "default", "uid": "u-1", "labels": {"b": "2", "a": "1"}},
    "spec": {"serviceAccountName": "robot",
             "containers": [{"name": "c", "resources": {"limits": {"memory": "64Mi"}}}]},
}
SETTINGS = {"metadata": {"name": "settings", "namespace": "default"}, "data": {"a.conf": "A\n", "b": "B"}}
KEYS = {"metadata": {"name": "keys", "namespace": "default"}, "data": {"password": base64.b64encode(b"s3").decode()}}


def tree(volume, at=1500):
    world = World().with_row("configmaps", ("default", "settings"), SETTINGS).with_row("secrets", ("default", "keys"), KEYS)
    return projected.tree(Reader(world), POD, {"name": "v", **volume}, PLACE, at)


def files(volume):
    return {path: file.text for path, file in projected.plain(tree(volume)).items() if file.kind == "file"}


def test_it_works():
    assert files({"configMap": {"name": "settings"}}) == {"/a.conf": "A\n", "/b": "B"}


def test_the_links_that_turn_at_once():
    made = tree({"configMap": {"name": "settings"}})
    assert made.names() == ["..2026_01_01_00_00_01.500000000", "..data", "a.conf", "b"]
    assert (made.get("/b").text, made.get("/..data").text) == ("..data/b", "..2026_01_01_00_00_01.500000000")


def test_items_and_modes():
    items = [{"key": "password", "path": "deep/p", "mode": 0o440}]
    volume = {"secret": {"secretName": "keys", "defaultMode": 0o400, "items": items}}
    found = projected.plain(tree(volume))["/deep/p"]
    assert (found.text, found.mode) == ("s3", 0o440)
    assert projected.plain(tree({"secret": {"secretName": "keys", "defaultMode": 0o400}}))["/password"].mode == 0o400


def test_downward():
    items = [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
             {"path": "memory", "resourceFieldRef": {"containerName": "c", "resource": "limits.memory", "divisor": "1Mi"}}]
    assert files({"downwardAPI": {"items": items}}) == {"/labels": 'a="1"\nb="2"', "/memory": "64"}


def test_projected_with_a_token():
    found = files({"projected": {"sources": [
        {"serviceAccountToken": {"path": "token"}}, {"configMap": {"name": "settings"}}, {"secret": {"name": "keys"}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]}})
    assert set(found) == {"/token", "/a.conf", "/b", "/password", "/namespace"}
    claims = found["/token"].split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"] == "system:serviceaccount:default:robot"


@pytest.mark.parametrize(("volume", "problem"), [
    ({"configMap": {"name": "no"}}, 'configmap "no" not found'),
    ({"secret": {"secretName": "no"}}, 'secret "no" not found'),
    ({"configMap": {"name": "settings", "items": [{"key": "x", "path": "x"}]}},
     "configmap references non-existent config key: x"),
    ({"secret": {"secretName": "keys", "items": [{"key": "x", "path": "x"}]}}, "references non-existent secret key: x"),
    ({"projected": {"sources": [{"secret": {"name": "no"}}]}}, 'secret "no" not found'),
])
def test_what_is_missing(volume, problem):
    with pytest.raises(MountError) as refusal:
        tree(volume)
    assert str(refusal.value) == problem


def test_what_may_be_missing():
    assert files({"configMap": {"name": "no", "optional": True}}) == {}
    items = [{"key": "x", "path": "x"}, {"key": "b", "path": "b"}]
    assert files({"configMap": {"name": "settings", "optional": True, "items": items}}) == {"/b": "B"}


def test_frozen():
    made = projected.frozen(tree({"configMap": {"name": "settings"}}), 5)
    assert {path for path, _ in made.walk()} == {"/", "/a.conf", "/b"}
