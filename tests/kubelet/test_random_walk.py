"""Random lives of Pods on two nodes with failing power: what must always hold, and what must hold in the end."""

import random
from typing import Any

import pytest

from cluster.objects.kinds import pod as pods
from cluster.objects.times import SECOND

SPECS: tuple[dict[str, Any], ...] = (
    {"image": "nginx:1.27"},
    {"image": "ngnix"},
    {"image": "busybox:1", "command": ["sh", "-c", "sleep 7; exit 1"]},
    {"image": "busybox:1", "command": ["sleep", "20"], "restartPolicy": "Never"},
    {"image": "busybox:1", "command": ["false"], "restartPolicy": "OnFailure"},
    {"image": "nginx", "readinessProbe": {"httpGet": {"port": 81}}},
    {"image": "nginx", "livenessProbe": {"httpGet": {"port": 81}, "periodSeconds": 2}},
    {"image": "redis", "initContainers": [
        {"name": "i", "image": "busybox:1", "command": ["sleep", "3"]},
        {"name": "s", "image": "nginx:1.27", "restartPolicy": "Always"},
    ]},
    {"image": "nginx", "resources": {"requests": {"cpu": "1500m"}}, "activeDeadlineSeconds": 60},
    {"image": "nginx", "volumes": [{"name": "v", "configMap": {"name": "missing"}}]},
)
SWITCHES = ("node/node-1", "kubelet/node-1", "kubelet/node-2", "node/node-2")


def check(nodes, seen):
    addresses = set()
    for (node, uid), row in nodes.user.hosts("host/containers"):
        if row.get("sandbox"):
            assert (node, row["ip"]) not in addresses, "one address twice"
            addresses.add((node, row["ip"]))
        for record in row["containers"].values():
            assert record["state"] in ("running", "exited")
            assert record["started"] <= record.get("finished", nodes.simulation.now)
        assert uid
    for pod in nodes.user.list("pods"):
        uid, status = pod["metadata"]["uid"], pod["status"]
        restarts = {s["name"]: s["restartCount"] for s in status.get("containerStatuses", [])}
        phase, before = seen.get(uid, ("Pending", {}))
        assert phase not in ("Succeeded", "Failed") or status["phase"] == phase, "left a final phase"
        assert all(restarts.get(name, 0) >= count for name, count in before.items()), "restarts went down"
        assert not pods.is_ready(pod) or status["phase"] == "Running"
        seen[uid] = (status["phase"], restarts)


def act(nodes, choose, number):
    what = choose.randrange(10)
    names = [pod["metadata"]["name"] for pod in nodes.user.list("pods")]
    if what < 4 or not names:
        nodes.create(f"p{number}", node=choose.choice(("node-1", "node-2")), **choose.choice(SPECS))
    elif what < 6:
        nodes.delete(choose.choice(names), grace=choose.choice((None, None, 0, 3)))
    elif what < 8:
        switch = choose.choice(SWITCHES)
        nodes.simulation.switch(switch, nodes.user.is_off(switch))
    else:
        name = choose.choice(names)
        if not pods.is_terminal(nodes.pod(name)):
            pod = nodes.pod(name)
            first, *rest = pod["spec"]["containers"]
            changed = {**first, "image": choose.choice(("nginx:1.26", "redis:7", "redis:nope"))}
            nodes.user.update({**pod, "spec": {**pod["spec"], "containers": [changed, *rest]}})


@pytest.mark.parametrize("seed", range(25))
def test_it_works(make, seed):
    choose = random.Random(seed)
    nodes = make(("node-1", "node-2"), jitter=0.3)
    seen: dict = {}
    for number in range(40):
        act(nodes, choose, number)
        for _ in nodes.simulation.steps_until(nodes.simulation.now + choose.choice((0, 1, 3, 15, 60)) * SECOND):
            check(nodes, seen)
    for switch in SWITCHES:
        nodes.simulation.switch(switch, True)
    nodes.run(400)
    left = nodes.user.list("pods")
    assert not [pod for pod in left if "deletionTimestamp" in pod["metadata"]], "stays Terminating"
    uids = {pod["metadata"]["uid"] for pod in left}
    assert {key[1] for key, _ in nodes.user.hosts("host/containers")} <= uids, "containers without a Pod"
    for pod in left:
        status = pod["status"]
        assert status["phase"] != "Pending" or pods.status_text(pod) in (
            "ImagePullBackOff", "ErrImagePull", "ContainerCreating", "PodInitializing", "Init:0/2", "Init:1/2"
        ), pods.status_text(pod)


def test_going_on_from_an_old_world_repeats_history(make):
    nodes = make(("node-1", "node-2"), jitter=0.3)
    for number, spec in enumerate(SPECS):
        nodes.create(f"p{number}", **spec)
    nodes.run(10)
    fork = nodes.simulation.fork()
    told = [(step.at, step.say, step.objects) for step in nodes.run(200)]
    assert told == [(step.at, step.say, step.objects) for step in fork.advance(200 * SECOND)]
