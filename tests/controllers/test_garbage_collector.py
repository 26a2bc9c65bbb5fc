"""The garbage collector."""

from __future__ import annotations

import pytest

from cluster.controllers.garbage_collector import GarbageCollector
from cluster.objects import metadata
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import change, delete, events, names, new_cluster


@pytest.fixture
def cluster() -> Simulation:
    return new_cluster(GarbageCollector(), namespaces=("default", "other"))


def add(cluster, name, *owners, blocking=False, namespace="default", finalizers=()):
    """A ConfigMap, as an object that has no controller of its own."""
    references = [
        {"apiVersion": o["apiVersion"], "kind": o["kind"], "name": metadata.name(o), "uid": metadata.uid(o),
         **({"blockOwnerDeletion": True} if blocking else {})}
        for o in owners
    ]
    meta = {"name": name, "namespace": namespace}
    if references:
        meta["ownerReferences"] = references
    if finalizers:
        meta["finalizers"] = list(finalizers)
    with cluster.act() as api:
        return api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}, namespace)


def found(cluster, namespace="default"):
    return names(cluster, "configmaps", namespace)


def test_it_works(cluster):
    """Background: the owner goes at once, its dependents after it."""
    owner = add(cluster, "owner")
    child = add(cluster, "child", owner)
    add(cluster, "grandchild", child)
    add(cluster, "stranger")
    delete(cluster, "configmaps", "default", "owner")
    assert found(cluster) == ["child", "grandchild", "stranger"]
    steps = cluster.until_quiet()
    assert found(cluster) == ["stranger"]
    assert [step.say for step in steps] == ["gc.delete", "gc.delete"]
    assert steps[0].args == {"object": "configmaps/default/child", "owner": "ConfigMap owner"}


def test_foreground_waits_for_those_that_block(cluster):
    owner = add(cluster, "owner")
    add(cluster, "blocking", owner, blocking=True, finalizers=["example.com/hold"])
    add(cluster, "other", owner)
    delete(cluster, "configmaps", "default", "owner", propagation="Foreground")
    cluster.until_quiet()
    assert found(cluster) == ["blocking", "owner"]
    change(cluster, "configmaps", "default", "blocking", ("metadata", "finalizers"), [])
    cluster.until_quiet()
    assert found(cluster) == []


def test_foreground_does_not_wait_for_others(cluster):
    owner = add(cluster, "owner")
    add(cluster, "child", owner, finalizers=["example.com/hold"])
    delete(cluster, "configmaps", "default", "owner", propagation="Foreground")
    cluster.until_quiet()
    assert found(cluster) == ["child"]


def test_foreground_through_generations(cluster):
    owner = add(cluster, "owner")
    child = add(cluster, "child", owner, blocking=True)
    add(cluster, "grandchild", child, blocking=True, finalizers=["example.com/hold"])
    delete(cluster, "configmaps", "default", "owner", propagation="Foreground")
    cluster.until_quiet()
    assert found(cluster) == ["child", "grandchild", "owner"]
    assert metadata.finalizers(cluster.api.read("configmaps", "default", "child")) == ["foregroundDeletion"]
    change(cluster, "configmaps", "default", "grandchild", ("metadata", "finalizers"), [])
    cluster.until_quiet()
    assert found(cluster) == []


def test_orphan(cluster):
    owner = add(cluster, "owner")
    add(cluster, "one", owner)
    add(cluster, "two", owner)
    delete(cluster, "configmaps", "default", "owner", propagation="Orphan")
    cluster.until_quiet()
    assert found(cluster) == ["one", "two"]
    assert metadata.owner_references(cluster.api.read("configmaps", "default", "one")) == []


def test_one_owner_left_is_enough(cluster):
    gone, stays = add(cluster, "gone"), add(cluster, "stays")
    add(cluster, "child", gone, stays)
    delete(cluster, "configmaps", "default", "gone")
    cluster.until_quiet()
    assert found(cluster) == ["child", "stays"]
    references = metadata.owner_references(cluster.api.read("configmaps", "default", "child"))
    assert [reference["name"] for reference in references] == ["stays"]


def test_an_owner_that_never_was(cluster):
    ghost = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ghost", "uid": "no-such-uid"}}
    add(cluster, "child", ghost)
    cluster.until_quiet()
    assert found(cluster) == []


def test_an_owner_of_the_same_name_is_another_one(cluster):
    owner = add(cluster, "owner")
    impostor = {**owner, "metadata": {**owner["metadata"], "uid": "another-uid"}}
    add(cluster, "child", impostor)
    cluster.until_quiet()
    assert found(cluster) == ["owner"]


def test_an_owner_in_another_namespace_is_absent(cluster):
    owner = add(cluster, "owner")
    add(cluster, "child", owner, namespace="other")
    cluster.until_quiet()
    assert found(cluster) == ["owner"] and found(cluster, "other") == []
    uid = metadata.uid(owner)
    text = f'ownerRef [v1/ConfigMap, namespace: other, name: owner, uid: {uid}] does not exist in namespace "other"'
    assert events(cluster) == [("child", "Warning", "OwnerRefInvalidNamespace", text)]


def test_an_owner_of_cluster_scope(cluster):
    node = cluster.api.read("nodes", "", "node-1")
    add(cluster, "child", node)
    assert cluster.until_quiet() == []
    delete(cluster, "nodes", "", "node-1")
    cluster.until_quiet()
    assert found(cluster) == []


def test_unknown_kinds_and_impossible_owners_are_left_alone(cluster):
    alien = {"apiVersion": "example.com/v1", "kind": "Alien", "metadata": {"name": "a", "uid": "u"}}
    add(cluster, "child", alien)
    cluster.until_quiet()
    assert found(cluster) == ["child"]


def test_the_policy_that_an_object_asks_for_is_kept(cluster):
    owner = add(cluster, "owner")
    child = add(cluster, "child", owner, finalizers=["orphan"])
    add(cluster, "grandchild", child)
    delete(cluster, "configmaps", "default", "owner")
    cluster.until_quiet()
    assert found(cluster) == ["grandchild"]


def test_what_happened_while_it_was_off(cluster):
    owner = add(cluster, "owner")
    add(cluster, "child", owner)
    cluster.switch("garbage-collector-controller", on=False)
    delete(cluster, "configmaps", "default", "owner")
    cluster.until_quiet()
    assert found(cluster) == ["child"]
    cluster.switch("garbage-collector-controller", on=True)
    cluster.until_quiet()
    assert found(cluster) == []


def test_a_circle_that_is_deleted_in_the_foreground_ends(cluster):
    one = add(cluster, "one")
    two = add(cluster, "two", one, blocking=True)
    reference = {
        "apiVersion": "v1", "kind": "ConfigMap", "name": "two", "uid": metadata.uid(two), "blockOwnerDeletion": True,
    }
    change(cluster, "configmaps", "default", "one", ("metadata", "ownerReferences"), [reference])
    delete(cluster, "configmaps", "default", "one", propagation="Foreground")
    cluster.until_quiet()
    assert found(cluster) == []
