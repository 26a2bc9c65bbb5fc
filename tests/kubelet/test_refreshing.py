"""How volumes follow what fills them, and what does not follow."""

from cluster.kubelet import inspect


def config(nodes, **data):
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"}, "data": data}
    if nodes.user.get("configmaps", "default", "settings") is None:
        nodes.user.create(document)
    else:
        nodes.user.update({**nodes.user.read("configmaps", "default", "settings"), "data": data})


def create(nodes, **more):
    nodes.create(
        volumes=[{"name": "conf", "configMap": {"name": "settings"}},
                 {"name": "me", "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}],
        volumeMounts=[{"name": "conf", "mountPath": "/conf"}, {"name": "me", "mountPath": "/me"},
                      {"name": "conf", "mountPath": "/one", "subPath": "color"}],
        env=[{"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}}], **more,
    )


def seen(nodes, path):
    found = inspect.machine(nodes.user, nodes.pod()).stat("c", path)
    return None if found is None else found.text


def test_it_works(nodes):
    config(nodes, color="blue")
    create(nodes)
    nodes.run(10)
    assert [seen(nodes, path) for path in ("/conf/color", "/one", "/conf/size")] == ["blue", "blue", None]
    config(nodes, color="red", size="9")
    nodes.run(1)
    assert seen(nodes, "/conf/color") == "blue"
    steps = nodes.run(90)
    assert [seen(nodes, path) for path in ("/conf/color", "/one", "/conf/size")] == ["red", "blue", "9"]
    assert nodes.says(steps).count("kubelet.volume-refreshed") == 1


def test_a_key_that_goes(nodes):
    config(nodes, color="blue", size="9")
    create(nodes)
    nodes.run(10)
    config(nodes, color="blue")
    nodes.run(90)
    assert seen(nodes, "/conf/size") is None


def test_an_object_that_goes_leaves_its_files(nodes):
    config(nodes, color="blue")
    create(nodes)
    nodes.run(10)
    nodes.user.delete("configmaps", "default", "settings")
    nodes.run(200)
    assert seen(nodes, "/conf/color") == "blue"


def test_an_update_that_changes_nothing_is_no_step(nodes):
    config(nodes, color="blue")
    create(nodes)
    nodes.run(10)
    nodes.user.patch("configmaps", "default", "settings", {"metadata": {"labels": {"a": "b"}}}, "merge")
    assert "kubelet.volume-refreshed" not in nodes.says(nodes.run(200))
    assert nodes.run(3000) == []


def test_a_change_of_the_pod_is_seen_at_once(nodes):
    config(nodes, color="blue")
    create(nodes)
    nodes.run(10)
    nodes.user.patch("pods", "default", "web", {"metadata": {"labels": {"tier": "front"}}}, "merge")
    nodes.run(1)
    assert seen(nodes, "/me/labels") == 'tier="front"'


def test_nothing_is_left_of_a_pod_that_is_gone(nodes):
    config(nodes, color="blue")
    create(nodes)
    nodes.run(10)
    nodes.delete()
    nodes.run(60)
    for table in ("host/volumes", "host/processes", "host/askers", "host/demands"):
        assert nodes.user.hosts(table) == [], table
