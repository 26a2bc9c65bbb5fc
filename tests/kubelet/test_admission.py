"""The kubelet refuses what does not fit on its node, whoever bound it."""


def refused(nodes, name="web"):
    status = nodes.pod(name)["status"]
    return status["phase"], status.get("reason"), status.get("message")


def test_it_works(nodes):
    nodes.create(resources={"requests": {"cpu": "5"}})
    nodes.run(2)
    text = "Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000"
    assert refused(nodes) == ("Failed", "OutOfcpu", f"Pod was rejected: {text}")
    assert nodes.events() == [("Warning", "OutOfcpu", text)]
    assert nodes.text() == "0/1 OutOfcpu 0"
    assert nodes.run(100) == []


def test_memory(nodes):
    nodes.create(resources={"requests": {"memory": "9Gi"}})
    nodes.run(2)
    assert refused(nodes)[1] == "OutOfmemory"


def test_first_come_first_served(nodes):
    for name in ("a", "b"):
        nodes.create(name, resources={"requests": {"cpu": "3"}})
    nodes.run(10)
    assert nodes.text("a") == "1/1 Running 0"
    assert refused(nodes, "b")[2].endswith("requested: 3000, used: 3000, capacity: 4000")


def test_ended_pods_do_not_count(nodes):
    nodes.create("a", "busybox:1", command=["true"], restartPolicy="Never", resources={"requests": {"cpu": "3"}})
    nodes.run(10)
    nodes.create("b", resources={"requests": {"cpu": "3"}})
    nodes.run(10)
    assert nodes.text("b") == "1/1 Running 0"


def test_too_many_pods(nodes):
    nodes.add("node-2", 2, pods="1")
    nodes.create("a", node="node-2")
    nodes.create("b", node="node-2")
    nodes.run(10)
    assert nodes.text("a") == "1/1 Running 0"
    assert refused(nodes, "b")[1] == "OutOfpods"


def test_node_selector(nodes):
    nodes.create(nodeSelector={"disk": "ssd"})
    nodes.run(2)
    assert refused(nodes)[1:] == (
        "NodeAffinity",
        "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    )


def test_host_ports(nodes):
    for name in ("a", "b"):
        nodes.create(name, ports=[{"containerPort": 80, "hostPort": 8080}])
    nodes.run(10)
    assert refused(nodes, "b")[1] == "NodePorts"


def test_no_execute_taint_refuses_and_no_schedule_does_not(nodes):
    for effect, expected in (("NoSchedule", "Running"), ("NoExecute", "Failed")):
        taints = {"spec": {"taints": [{"key": "gpu", "effect": effect}]}}
        nodes.user.patch("nodes", "", "node-1", taints, "merge")
        nodes.create(effect.lower())
        nodes.run(10)
        assert nodes.pod(effect.lower())["status"]["phase"] == expected
    assert nodes.pod("noexecute")["status"]["reason"] == "TaintToleration"


def test_refused_pod_is_deleted_at_once(nodes):
    nodes.create(resources={"requests": {"cpu": "5"}})
    nodes.run(2)
    nodes.delete()
    assert not nodes.exists()


def test_a_refused_pod_has_no_conditions(nodes):
    nodes.create(resources={"requests": {"cpu": "5"}})
    nodes.run(2)
    assert nodes.pod("web")["status"].get("conditions") != []
