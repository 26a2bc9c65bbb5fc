"""A Pod starts: sandbox, image, container, status; who says what in which order."""

import pytest


def test_it_works(nodes):
    nodes.create()
    steps = nodes.run(10)
    assert nodes.text() == "1/1 Running 0"
    assert nodes.says(steps) == [
        "kubelet.status", "kubelet.sandbox", "kubelet.status", "kubelet.pulling", "kubelet.pulled", "kubelet.started",
        "kubelet.ready", "kubelet.node-status",
    ]
    assert {step.actor for step in steps if step.say.startswith("kubelet.")} == {"kubelet/node-1"}


def test_events_in_order(nodes):
    nodes.create(image="nginx:1.27")
    nodes.run(10)
    assert nodes.events() == [
        ("Normal", "Pulling", 'Pulling image "nginx:1.27"'),
        ("Normal", "Pulled", 'Successfully pulled image "nginx:1.27" in 2.208s (2.208s including waiting). '
                             "Image size: 72324501 bytes."),
        ("Normal", "Created", "Container created"),
        ("Normal", "Started", "Container started"),
    ]
    event = nodes.user.list("events")[-1]
    assert event["source"] == {"component": "kubelet", "host": "node-1"}
    assert event["involvedObject"]["fieldPath"] == "spec.containers{c}"


def test_status_while_it_is_being_created(nodes):
    nodes.create()
    nodes.run(0.1)
    status = nodes.pod()["status"]
    assert status["phase"] == "Pending"
    assert status["containerStatuses"] == [{
        "name": "c", "state": {"waiting": {"reason": "ContainerCreating"}}, "lastState": {}, "ready": False,
        "restartCount": 0, "image": "nginx", "imageID": "", "started": False,
    }]
    assert [(c["type"], c["status"], c.get("reason")) for c in status["conditions"]] == [
        ("PodReadyToStartContainers", "False", None), ("Initialized", "True", None),
        ("Ready", "False", "ContainersNotReady"), ("ContainersReady", "False", "ContainersNotReady"),
        ("PodScheduled", "True", None),
    ]
    assert nodes.condition("Ready")["message"] == "containers with unready status: [c]"
    assert status["hostIP"] == "10.0.0.11"
    assert "podIP" not in status


def test_ip_is_known_as_soon_as_the_sandbox_is(nodes):
    nodes.create()
    nodes.run(1)
    status = nodes.pod()["status"]
    assert status["podIP"] == "10.244.1.2"
    assert status["podIPs"] == [{"ip": "10.244.1.2"}]
    assert nodes.condition("PodReadyToStartContainers")["status"] == "True"
    assert nodes.text() == "0/1 ContainerCreating 0"


def test_addresses_go_on_in_turn_and_are_not_given_twice(nodes):
    for name in ("a", "b"):
        nodes.create(name)
        nodes.run(5)
    nodes.delete("a")
    nodes.run(5)
    nodes.create("c")
    nodes.run(5)
    assert nodes.pod("b")["status"]["podIP"] == "10.244.1.3"
    assert nodes.pod("c")["status"]["podIP"] == "10.244.1.4"


def test_host_network_has_the_address_of_the_node(nodes):
    nodes.create(hostNetwork=True)
    nodes.run(5)
    assert nodes.pod()["status"]["podIP"] == "10.0.0.11"


def test_image_that_lies_there_is_not_pulled_again(nodes):
    nodes.create("a", "nginx:1.27")
    nodes.run(10)
    nodes.create("b", "nginx:1.27")
    nodes.run(10)
    assert nodes.events("b")[0] == (
        "Normal", "Pulled",
        'Container image "nginx:1.27" already present on machine and can be accessed by the pod',
    )
    assert "Pulling" not in nodes.reasons("b")


def test_always_asks_the_registry_but_loads_nothing_twice(nodes):
    nodes.create("a", "nginx")
    nodes.run(10)
    nodes.create("b", "nginx")
    nodes.run(10)
    assert nodes.events("b")[1][2].startswith('Successfully pulled image "nginx" in 400ms (400ms including waiting)')


def test_never_pulls(nodes):
    nodes.create(imagePullPolicy="Never")
    nodes.run(5)
    assert nodes.text() == "0/1 ErrImageNeverPull 0"
    assert nodes.events()[:2] == [
        ("Warning", "ErrImageNeverPull", 'Container image "nginx" is not present with pull policy of Never'),
        ("Warning", "Failed", "Error: ErrImageNeverPull"),
    ]


def test_pull_takes_as_long_as_the_settings_say(make):
    nodes = make(image_pull_fixed=60_000)
    nodes.create()
    nodes.run(50)
    assert nodes.text() == "0/1 ContainerCreating 0"
    nodes.run(15)
    assert nodes.text() == "1/1 Running 0"
    assert "in 1m0s (1m0s including waiting)" in nodes.events()[1][2]


def test_several_containers_start_one_after_the_other(nodes):
    nodes.create(containers=[{"name": "web", "image": "nginx"}, {"name": "cache", "image": "redis"}])
    nodes.run(3)
    assert nodes.text() == "1/2 ContainerCreating 0"
    nodes.run(5)
    assert nodes.text() == "2/2 Running 0"
    assert [s["name"] for s in nodes.pod()["status"]["containerStatuses"]] == ["cache", "web"]


def test_image_id_and_container_id(nodes):
    nodes.create(image="nginx:1.27")
    nodes.run(10)
    status = nodes.container()
    assert status["image"] == "docker.io/library/nginx:1.27"
    assert status["imageID"].startswith("docker.io/library/nginx@sha256:")
    assert status["containerID"].startswith("containerd://")
    assert len(status["containerID"]) == len("containerd://") + 64


def test_init_containers_run_in_order(nodes):
    nodes.create(initContainers=[
        {"name": "one", "image": "busybox:1", "command": ["sleep", "5"]},
        {"name": "two", "image": "busybox:1", "command": ["sleep", "5"]},
    ])
    nodes.run(4)
    assert nodes.text() == "0/1 Init:0/2 0"
    assert nodes.condition("Initialized")["message"] == "containers with incomplete status: [one two]"
    nodes.run(5)
    assert nodes.text() == "0/1 Init:1/2 0"
    nodes.run(10)
    assert nodes.text() == "1/1 Running 0"
    assert nodes.condition("Initialized")["status"] == "True"


def test_failing_init_container_is_tried_again(nodes):
    nodes.create(initContainers=[{"name": "one", "image": "busybox:1", "command": ["false"]}])
    nodes.run(10)
    assert nodes.text().startswith("0/1 Init:CrashLoopBackOff")


def test_failing_init_container_fails_a_pod_that_never_restarts(nodes):
    nodes.create(initContainers=[{"name": "one", "image": "busybox:1", "command": ["false"]}], restartPolicy="Never")
    nodes.run(10)
    assert nodes.text() == "0/1 Init:Error 0"
    assert nodes.pod()["status"]["phase"] == "Failed"


def test_sidecar_starts_first_and_goes_on(nodes):
    nodes.create(initContainers=[{"name": "log", "image": "redis", "restartPolicy": "Always"}])
    nodes.run(15)
    assert nodes.text() == "2/2 Running 0"


def test_missing_config_map_of_an_environment(nodes):
    source = {"valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}}
    nodes.create(env=[{"name": "COLOUR", **source}])
    nodes.run(8)
    assert nodes.text() == "0/1 CreateContainerConfigError 0"
    assert nodes.container()["state"]["waiting"]["message"] == 'configmap "settings" not found'
    assert ("Warning", "Failed", 'Error: configmap "settings" not found') in nodes.events()
    data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"}}
    nodes.user.create({**data, "data": {"size": "1"}})
    nodes.run(15)
    assert nodes.container()["state"]["waiting"]["message"] == "couldn't find key colour in ConfigMap default/settings"
    nodes.user.update({**data, "data": {"colour": "red"}})
    nodes.run(30)
    assert nodes.text() == "1/1 Running 0"


def test_missing_secret_of_a_volume(nodes):
    nodes.create(volumes=[{"name": "keys", "secret": {"secretName": "tls"}}])
    nodes.run(10)
    assert nodes.text() == "0/1 ContainerCreating 0"
    assert set(nodes.events()) == {
        ("Warning", "FailedMount", 'MountVolume.SetUp failed for volume "keys" : secret "tls" not found')
    }
    nodes.user.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls", "namespace": "default"}})
    nodes.run(60)
    assert nodes.text() == "1/1 Running 0"


def test_optional_config_is_not_waited_for(nodes):
    nodes.create(envFrom=[{"configMapRef": {"name": "none", "optional": True}}])
    nodes.run(10)
    assert nodes.text() == "1/1 Running 0"


def test_pod_waits_for_the_network_of_its_node(nodes):
    nodes.user.write_row("create", "host/machines", ("node-2",), {
        "cpu": "4", "memory": "8Gi", "pods": "110", "ephemeral-storage": "100Gi", "ip": "10.0.0.12",
    })
    nodes.run(10)
    nodes.create(node="node-2")
    nodes.run(60)
    assert nodes.text() == "0/1 ContainerCreating 0"
    assert nodes.reasons() == ["NetworkNotReady"]
    nodes.user.patch("nodes", "", "node-2", {"spec": {"podCIDR": "10.244.2.0/24"}}, "merge")
    nodes.run(10)
    assert nodes.text() == "1/1 Running 0"


@pytest.mark.parametrize("image", ["nginx", "redis:7", "postgres:16-alpine"])
def test_same_seed_same_story(make, image):
    def story():
        nodes = make(jitter=0.2)
        nodes.create(image=image)
        return [(s.at, s.say, s.revision) for s in nodes.run(60)]

    assert story() == story()
