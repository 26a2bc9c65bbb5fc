"""The namespace controller."""

from __future__ import annotations

import pytest

from cluster.controllers.namespace import NamespaceController
from cluster.simulation.simulation import Simulation
from tests.controllers.builders import add_pod, change, delete, names, new_cluster


@pytest.fixture
def cluster() -> Simulation:
    return new_cluster(NamespaceController(), namespaces=("default", "shop"))


def add_map(cluster, name, finalizers=()):
    meta = {"name": name, "namespace": "shop", **({"finalizers": list(finalizers)} if finalizers else {})}
    with cluster.act() as api:
        api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}, "shop")


def conditions(cluster):
    found = cluster.api.read("namespaces", "", "shop")["status"]["conditions"]
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in found}


def test_it_works(cluster):
    add_map(cluster, "settings")
    add_pod(cluster, "web", "node-1", namespace="shop")
    cluster.until_quiet()
    delete(cluster, "namespaces", "", "shop")
    assert cluster.api.read("namespaces", "", "shop")["status"]["phase"] == "Terminating"
    cluster.until_quiet()
    assert names(cluster, "namespaces") == ["default"]
    assert names(cluster, "configmaps", "shop") == names(cluster, "pods", "shop") == []


def test_nothing_happens_for_five_seconds(cluster):
    add_map(cluster, "settings")
    delete(cluster, "namespaces", "", "shop")
    cluster.advance(4900)
    assert names(cluster, "configmaps", "shop") == ["settings"]
    cluster.advance(300)
    assert names(cluster, "configmaps", "shop") == []


def test_pods_go_before_everything_else(cluster):
    add_map(cluster, "settings")
    add_pod(cluster, "web", "node-1", namespace="shop")
    cluster.until_quiet()
    delete(cluster, "namespaces", "", "shop")
    steps = [step for step in cluster.until_quiet() if step.say == "namespace.delete-content"]
    assert steps[0].args["object"] == "pods/shop/web"


def test_it_is_looked_at_again_after_five_seconds(cluster):
    add_pod(cluster, "web", "node-1", namespace="shop")
    cluster.until_quiet()
    delete(cluster, "namespaces", "", "shop")
    begun = cluster.now
    last = cluster.until_quiet()[-1]
    assert last.say == "namespace.finalize" and 9_000 <= last.at - begun < 11_000


def test_conditions_while_content_remains(cluster):
    add_map(cluster, "one", finalizers=["example.com/hold"])
    add_map(cluster, "two", finalizers=["example.com/hold"])
    delete(cluster, "namespaces", "", "shop")
    cluster.until_quiet()
    assert conditions(cluster) == {
        "NamespaceDeletionDiscoveryFailure": ("False", "ResourcesDiscovered", "All resources successfully discovered"),
        "NamespaceDeletionGroupVersionParsingFailure": (
            "False", "ParsedGroupVersions", "All legacy kube types successfully parsed",
        ),
        "NamespaceDeletionContentFailure": (
            "False", "ContentDeleted", "All content successfully deleted, may be waiting on finalization",
        ),
        "NamespaceContentRemaining": (
            "True", "SomeResourcesRemain", "Some resources are remaining: configmaps. has 2 resource instances",
        ),
        "NamespaceFinalizersRemaining": (
            "True", "SomeFinalizersRemain",
            "Some content in the namespace has finalizers remaining: example.com/hold in 2 resource instances",
        ),
    }
    for name in ("one", "two"):
        change(cluster, "configmaps", "shop", name, ("metadata", "finalizers"), [])
    cluster.advance(10_000)
    assert names(cluster, "namespaces") == ["default"]


def test_a_namespace_held_by_a_pod(cluster):
    add_pod(cluster, "web", namespace="shop", finalizers=["example.com/hold"])
    cluster.until_quiet()
    delete(cluster, "namespaces", "", "shop")
    cluster.until_quiet()
    assert conditions(cluster)["NamespaceContentRemaining"][2] == (
        "Some resources are remaining: pods. has 1 resource instances"
    )


def test_pods_that_no_kubelet_ends(cluster):
    add_pod(cluster, "web", "node-1", namespace="shop")
    cluster.until_quiet()
    cluster.switch("kubelet/node-1", on=False)
    delete(cluster, "namespaces", "", "shop")
    cluster.until_quiet()
    assert cluster.now < 120_000
    assert conditions(cluster)["NamespaceDeletionContentFailure"] == (
        "True", "ContentDeletionFailed",
        "Failed to delete all resource types, 1 remaining: "
        "unexpected items still remain in namespace: shop for gvr: /v1, Resource=pods",
    )
    cluster.switch("kubelet/node-1", on=True)
    cluster.advance(60_000)
    assert names(cluster, "namespaces") == ["default"]


def test_an_empty_namespace_goes_too(cluster):
    delete(cluster, "namespaces", "", "shop")
    cluster.until_quiet()
    assert names(cluster, "namespaces") == ["default"]


def test_begun_while_it_was_off(cluster):
    cluster.switch("namespace-controller", on=False)
    delete(cluster, "namespaces", "", "shop")
    cluster.advance(60_000)
    assert "shop" in names(cluster, "namespaces")
    cluster.switch("namespace-controller", on=True)
    cluster.until_quiet()
    assert names(cluster, "namespaces") == ["default"]
