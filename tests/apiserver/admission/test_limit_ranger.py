"""LimitRanger: defaults for containers, bounds for containers, Pods and claims."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from tests.apiserver.builders import Lab, lab, pod, refusal


def limited(*items: Document, name: str = "lr", server: Lab | None = None) -> Lab:
    server = server or lab()
    meta = {"name": name, "namespace": "default"}
    server.create({"apiVersion": "v1", "kind": "LimitRange", "metadata": meta, "spec": {"limits": list(items)}})
    return server


def container(name: str = "c", **resources: Any) -> Document:
    return {"name": name, "image": "nginx:1", "resources": resources}


def claim(size: str) -> Document:
    return {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
    }


def of_containers(**lists: Any) -> Document:
    return {"type": "Container", **lists}


def test_it_works() -> None:
    stored = limited(of_containers(default={"cpu": "500m"}, defaultRequest={"cpu": "250m"})).create(pod())
    assert stored["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "500m"}, "requests": {"cpu": "250m"}}
    noted = stored["metadata"]["annotations"]["kubernetes.io/limit-ranger"]
    assert noted == "LimitRanger plugin set: cpu request for container c; cpu limit for container c"
    assert stored["status"]["qosClass"] == "Burstable"


def test_what_is_given_stays() -> None:
    server = limited(of_containers(default={"cpu": "500m", "memory": "1Gi"}))
    stored = server.create(pod(containers=[container(limits={"cpu": "1"})]))
    resources = stored["spec"]["containers"][0]["resources"]
    # The request follows the container's own limit; memory is as the LimitRange says.
    assert resources == {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}
    assert stored["status"]["qosClass"] == "Guaranteed"


def test_init_containers_too() -> None:
    server = limited(of_containers(default={"memory": "64Mi"}))
    stored = server.create(pod(initContainers=[container("first")]))
    assert stored["spec"]["initContainers"][0]["resources"]["limits"] == {"memory": "64Mi"}
    assert "memory limit for init container first" in stored["metadata"]["annotations"]["kubernetes.io/limit-ranger"]


def test_nothing_to_say_leaves_no_note() -> None:
    stored = limited(of_containers(max={"cpu": "2"})).create(pod(containers=[container(limits={"cpu": "1"})]))
    assert "annotations" not in stored["metadata"]


def test_another_namespace_is_free() -> None:
    elsewhere = pod(containers=[container(limits={"cpu": "9"})])
    elsewhere["metadata"]["namespace"] = "kube-system"
    assert limited(of_containers(max={"cpu": "1"})).create(elsewhere, "kube-system")["metadata"]["name"] == "web"


@pytest.mark.parametrize(("item", "resources", "why"), [
    (of_containers(max={"cpu": "1"}), {"limits": {"cpu": "2"}}, "maximum cpu usage per Container is 1, but limit is 2"),
    (of_containers(min={"memory": "64Mi"}), {"requests": {"memory": "32Mi"}},
     "minimum memory usage per Container is 64Mi, but request is 32Mi"),
    (of_containers(min={"cpu": "100m"}, max={"cpu": "1"}), {"requests": {"cpu": "50m"}, "limits": {"cpu": "2"}},
     "[minimum cpu usage per Container is 100m, but request is 50m, maximum cpu usage per Container is 1, but limit is 2]"),
    (of_containers(maxLimitRequestRatio={"cpu": "4"}), {"requests": {"cpu": "100m"}, "limits": {"cpu": "900m"}},
     "cpu max limit to request ratio per Container is 4, but provided ratio is 9.000000"),
    (of_containers(maxLimitRequestRatio={"cpu": "4"}), {},
     "cpu max limit to request ratio per Container is 4, but no request is specified or request is 0"),
    (of_containers(maxLimitRequestRatio={"cpu": "4"}), {"requests": {"cpu": "1"}},
     "cpu max limit to request ratio per Container is 4, but no limit is specified or limit is 0"),
    ({"type": "Pod", "max": {"cpu": "1"}}, {}, "maximum cpu usage per Pod is 1.  No limit is specified"),
    ({"type": "Pod", "min": {"cpu": "1"}}, {}, "minimum cpu usage per Pod is 1.  No request is specified"),
])
def test_refusals(item: Document, resources: Document, why: str) -> None:
    error = refusal(limited(item).create, pod(containers=[container(**resources)]))
    assert (error.code, error.message) == (403, f'pods "web" is forbidden: {why}')


def test_the_bounds_themselves_are_allowed() -> None:
    server = limited(of_containers(min={"cpu": "100m"}, max={"cpu": "400m"}, maxLimitRequestRatio={"cpu": "4"}))
    assert server.create(pod(containers=[container(requests={"cpu": "100m"}, limits={"cpu": "0.4"})]))


def test_a_pod_is_the_sum_of_its_containers() -> None:
    both = [container("a", limits={"cpu": "1"}), container("b", limits={"cpu": "1"})]
    server = limited({"type": "Pod", "max": {"cpu": "1500m"}})
    assert refusal(server.create, pod(containers=both)).message.endswith("maximum cpu usage per Pod is 1500m, but limit is 2")
    # An init container runs before them, not beside them.
    one = pod(containers=both[:1], initContainers=[container("first", limits={"cpu": "1500m"})])
    assert server.create(one)


def test_equal_complaints_are_named_once() -> None:
    both = [container("a", limits={"cpu": "2"}), container("b", limits={"cpu": "2"})]
    error = refusal(limited(of_containers(max={"cpu": "1"})).create, pod(containers=both))
    assert error.message.endswith("is forbidden: maximum cpu usage per Container is 1, but limit is 2")


def test_claims() -> None:
    server = limited({"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}})
    assert refusal(server.create, claim("3Gi")).message == (
        'persistentvolumeclaims "data" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi'
    )
    assert refusal(server.create, claim("500Mi")).message.endswith(
        "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi"
    )
    assert server.create(claim("2Gi"))


def test_a_pod_that_runs_is_left_alone() -> None:
    server = lab()
    stored = server.create(pod(containers=[container(limits={"cpu": "2"})]))
    limited(of_containers(max={"cpu": "1"}), server=server)
    labelled = {**stored, "metadata": {**stored["metadata"], "labels": {"a": "b"}}}
    assert server.update(labelled)["metadata"]["labels"] == {"a": "b"}


def test_several_ranges_all_hold() -> None:
    server = limited(of_containers(max={"cpu": "1"}), name="a")
    limited(of_containers(max={"memory": "1Gi"}), name="b", server=server)
    error = refusal(server.create, pod(containers=[container(limits={"memory": "2Gi", "cpu": "1"})]))
    assert error.message.endswith("maximum memory usage per Container is 1Gi, but limit is 2Gi")
