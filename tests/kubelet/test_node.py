"""Machines become nodes; power, kubelets and machines that come and go."""

from cluster.objects.kinds import node as node_kind


def node(nodes, name="node-1"):
    return nodes.user.read("nodes", "", name)


def test_it_works(nodes):
    found = node(nodes)
    assert node_kind.is_ready(found)
    assert found["metadata"]["labels"]["kubernetes.io/hostname"] == "node-1"
    assert found["status"]["allocatable"]["cpu"] == "4"
    assert found["status"]["nodeInfo"]["kubeletVersion"] == "v1.36.2"
    assert [(c["type"], c["status"], c["reason"], c["message"]) for c in found["status"]["conditions"]] == [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ]
    assert nodes.events("node-1") == [
        ("Normal", "Starting", "Starting kubelet."),
        ("Normal", "NodeHasSufficientMemory", "Node node-1 status is now: NodeHasSufficientMemory"),
        ("Normal", "NodeHasNoDiskPressure", "Node node-1 status is now: NodeHasNoDiskPressure"),
        ("Normal", "NodeHasSufficientPID", "Node node-1 status is now: NodeHasSufficientPID"),
        ("Normal", "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods"),
        ("Normal", "NodeReady", "Node node-1 status is now: NodeReady"),
    ]


def test_lease(nodes):
    lease = nodes.user.read("leases.coordination.k8s.io", "kube-node-lease", "node-1")
    assert lease["spec"]["holderIdentity"] == "node-1"
    assert lease["spec"]["leaseDurationSeconds"] == 40
    assert lease["metadata"]["ownerReferences"][0]["uid"] == node(nodes)["metadata"]["uid"]
    nodes.run(35)
    later = nodes.user.read("leases.coordination.k8s.io", "kube-node-lease", "node-1")
    assert later["spec"]["renewTime"] > lease["spec"]["renewTime"]


def test_not_ready_until_the_network_is(nodes):
    nodes.user.write_row("create", "host/machines", ("node-2",), {
        "cpu": "2", "memory": "4Gi", "pods": "20", "ephemeral-storage": "50Gi", "ip": "10.0.0.12",
        "labels": {"disk": "ssd"}, "taints": [{"key": "gpu", "effect": "NoSchedule"}], "extended": {"example.com/gpu": "1"},
    })
    nodes.run(60)
    found = node(nodes, "node-2")
    ready = node_kind.condition(found, "Ready") or {}
    assert ready["reason"] == "KubeletNotReady"
    assert "cni plugin not initialized" in ready["message"]
    assert found["metadata"]["labels"]["disk"] == "ssd"
    assert found["status"]["capacity"]["example.com/gpu"] == "1"
    assert {"key": "gpu", "effect": "NoSchedule"} in found["spec"]["taints"]


def test_idle_costs_nothing(nodes):
    nodes.create()
    nodes.run(60)
    assert nodes.run(100_000) == [] or all(step.say == "event.expired" for step in nodes.run(100_000))


def test_cordon_is_told(nodes):
    nodes.user.patch("nodes", "", "node-1", {"spec": {"unschedulable": True}}, "merge")
    nodes.run(1)
    assert nodes.events("node-1")[-1][1] == "NodeNotSchedulable"
    nodes.user.patch("nodes", "", "node-1", {"spec": {"unschedulable": None}}, "merge")
    nodes.run(1)
    assert nodes.events("node-1")[-1][1] == "NodeSchedulable"


def test_power_off_and_on_restarts_the_containers(nodes):
    nodes.create()
    nodes.run(10)
    address = nodes.pod()["status"]["podIP"]
    nodes.simulation.switch("node/node-1", False)
    assert [step for step in nodes.run(100) if step.actor.startswith("kubelet")] == []
    nodes.simulation.switch("node/node-1", True)
    steps = nodes.run(20)
    assert "kubelet.node-rebooted" in nodes.says(steps)
    assert nodes.text() == "1/1 Running 1"
    assert nodes.container()["lastState"]["terminated"]["exitCode"] == 255
    assert nodes.container()["lastState"]["terminated"]["reason"] == "Unknown"
    assert nodes.pod()["status"]["podIP"] != address
    assert ("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.") in nodes.events()
    assert "Rebooted" in nodes.reasons("node-1")


def test_power_off_fails_what_never_restarts(nodes):
    nodes.create(restartPolicy="Never")
    nodes.run(10)
    nodes.simulation.switch("node/node-1", False)
    nodes.run(10)
    nodes.simulation.switch("node/node-1", True)
    nodes.run(20)
    assert nodes.pod()["status"]["phase"] == "Failed"


def test_kubelet_off_reports_nothing_while_containers_go_on(nodes):
    nodes.create(image="busybox:1", command=["sleep", "30"], restartPolicy="Never")
    nodes.run(10)
    nodes.simulation.switch("kubelet/node-1", False)
    nodes.run(100)
    assert nodes.text() == "1/1 Running 0"
    nodes.simulation.switch("kubelet/node-1", True)
    nodes.run(2)
    ended = nodes.container()["state"]["terminated"]
    assert nodes.text() == "0/1 Completed 0"
    assert ended["finishedAt"] < "2026-01-01T00:01:00Z"  # when it ended, not when it was noticed


def test_pods_created_while_the_kubelet_is_off_start_later(nodes):
    nodes.simulation.switch("kubelet/node-1", False)
    nodes.create()
    nodes.run(30)
    assert nodes.text() == "0/1 Pending 0"
    nodes.simulation.switch("kubelet/node-1", True)
    nodes.run(10)
    assert nodes.text() == "1/1 Running 0"


def test_forced_deletion_while_the_kubelet_is_off(nodes):
    nodes.create()
    nodes.run(10)
    nodes.simulation.switch("kubelet/node-1", False)
    nodes.delete(grace=0)
    nodes.run(10)
    assert len(nodes.user.hosts("host/containers")) == 1
    nodes.simulation.switch("kubelet/node-1", True)
    nodes.run(3)
    assert nodes.user.hosts("host/containers") == []


def test_deleted_node_comes_back_only_with_its_kubelet(nodes):
    nodes.user.delete("nodes", "", "node-1")
    nodes.run(60)
    assert nodes.user.get("nodes", "", "node-1") is None
    nodes.simulation.switch("kubelet/node-1", False)
    nodes.simulation.switch("kubelet/node-1", True)
    nodes.run(5)
    assert nodes.user.get("nodes", "", "node-1") is not None


def test_removed_machine(nodes):
    nodes.create()
    nodes.run(10)
    nodes.user.write_row("delete", "host/machines", ("node-1",), None)
    nodes.run(10)
    for table in ("host/kubelet", "host/containers", "host/images"):
        assert nodes.user.hosts(table) == []
    assert nodes.exists()
    assert nodes.user.get("nodes", "", "node-1") is not None


def test_machine_that_comes_back_starts_its_pods_anew(nodes):
    nodes.create()
    nodes.run(10)
    nodes.user.write_row("delete", "host/machines", ("node-1",), None)
    nodes.run(10)
    nodes.add("node-1", 1)
    nodes.run(1)
    nodes.run(10)
    assert nodes.text() == "1/1 Running 1"
    assert nodes.container()["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"


def test_restarted_kubelet_says_so(nodes):
    nodes.simulation.switch("kubelet/node-1", False)
    nodes.run(10)
    nodes.simulation.switch("kubelet/node-1", True)
    nodes.run(1)
    starting = next(e for e in nodes.user.list("events") if e["reason"] == "Starting")
    assert starting["count"] == 2


def test_unknown_conditions_are_corrected(nodes):
    found = node(nodes)
    conditions = [
        {**c, "status": "Unknown", "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
        for c in found["status"]["conditions"]
    ]
    nodes.user.update({**found, "status": {**found["status"], "conditions": conditions}}, subresource="status")
    nodes.run(1)
    assert node_kind.is_ready(node(nodes))


def test_two_nodes(make):
    nodes = make(("node-1", "node-2"))
    nodes.create("a", node="node-1")
    nodes.create("b", node="node-2")
    nodes.run(10)
    assert nodes.pod("a")["status"]["podIP"] == "10.244.1.2"
    assert nodes.pod("b")["status"]["podIP"] == "10.244.2.2"
    assert nodes.pod("b")["status"]["hostIP"] == "10.0.0.12"
