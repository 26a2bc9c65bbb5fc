"""Rollouts go as a real control plane was recorded to do them (rolling.json).

How many Pods become ready between two syncs is an accident of timing; the bounds, the first steps, the conditions, the
final state and the texts are not.
"""

import json
from dataclasses import dataclass, field

import pytest

from cluster.controllers.deployment import DeploymentController
from cluster.controllers.replicaset import ReplicaSetController
from cluster.objects.documents import with_value
from cluster.objects.kinds import deployment as deployments
from tests.support.fakes import apply, deployment, events, fake_cluster, set_image, sizes
from tests.support.golden import golden

RECORDED = json.loads((golden() / "rolling.json").read_text())
CASES = ("a-25-25", "b-1-0", "c-0-1", "d-5-0", "i-25-25-of-3")
# Where one Pod after the other is replaced, nothing is left to timing.
STRICT = ("b-1-0", "c-0-1", "i-25-25-of-3")
# client-go's recorder: after nine similar events of an object it combines the rest.
COMBINED = "(combined from similar events)"
STATUS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


@dataclass
class Observed:
    sizes: list = field(default_factory=list)  # [old, new] wanted
    conditions: list = field(default_factory=list)
    available: list = field(default_factory=list)
    status: dict = field(default_factory=dict)
    scalings: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)  # see event_counts


def add_changed(values, value):
    if not values or values[-1] != value:
        values.append(value)


def amount(text):
    return int(text) if text.isdigit() else text


def start(namespace, replicas, strategy):
    simulation = fake_cluster(DeploymentController(), ReplicaSetController(), nodes=5, namespaces=[namespace])
    document = deployment(replicas=replicas, namespace=namespace, strategy=strategy)
    if strategy["type"] == "RollingUpdate":
        path = ("spec", "template", "spec", "terminationGracePeriodSeconds")
        document = with_value(document, path, 5)
    apply(simulation, document)
    simulation.until_quiet()
    simulation.advance(1000)
    return simulation


def event_counts(found):
    """(reason, object) → how many Events there are, and how often they were seen in all."""
    counts = {}
    for event in found:
        name = event.get("name") or event["involvedObject"]["name"]
        if event["reason"] in ("ScalingReplicaSet", "SuccessfulCreate", "SuccessfulDelete"):
            number, seen = counts.get((event["reason"], name), (0, 0))
            counts[event["reason"], name] = (number + 1, seen + event["count"])
    return counts


def observe(simulation, namespace):
    seen = Observed()

    def look():
        found = sizes(simulation, namespace)
        add_changed(seen.sizes, [found["nginx:1"], found.get("nginx:2", 0)])
        reports = [replicaset["status"] for replicaset in simulation.api.list("replicasets.apps", namespace)]
        seen.available.append(sum(report.get("availableReplicas", 0) for report in reports))
        seen.status = simulation.api.get("deployments.apps", namespace, "d")["status"]
        texts = {found["type"]: [found["status"], found["reason"], found["message"]] for found in seen.status["conditions"]}
        add_changed(seen.conditions, texts)

    look()
    set_image(simulation, "d", "nginx:2", namespace)
    for _ in simulation.steps_until_quiet():
        look()
    seen.scalings = events(simulation, namespace, "ScalingReplicaSet")
    seen.counts = event_counts(simulation.api.list("events", namespace))
    return seen


@pytest.fixture(scope="module", params=CASES)
def rollout(request):
    recorded = RECORDED[request.param]
    rolling = {"maxSurge": amount(recorded["maxSurge"]), "maxUnavailable": amount(recorded["maxUnavailable"])}
    simulation = start(request.param, recorded["replicas"], {"type": "RollingUpdate", "rollingUpdate": rolling})
    return request.param, recorded, observe(simulation, request.param)


def test_it_works(rollout):
    _, recorded, seen = rollout
    assert seen.sizes[0] == recorded["spec_old_new"][0]
    assert seen.sizes[-1] == recorded["spec_old_new"][-1]
    assert {name: seen.status.get(name, 0) for name in STATUS} == {
        name: recorded["final_deployment_status"][name] for name in STATUS
    }


def test_sizes(rollout):
    name, recorded, seen = rollout
    if name in STRICT:
        assert seen.sizes == recorded["spec_old_new"]
    else:
        assert seen.sizes[:2] == recorded["first_two_steps"][:2]
    olds, news = zip(*seen.sizes, strict=True)
    assert list(olds) == sorted(olds, reverse=True)
    assert list(news) == sorted(news)


def test_bounds(rollout):
    _, recorded, seen = rollout
    assert max(map(sum, seen.sizes)) == recorded["max_spec_total"]
    assert min(seen.available) >= recorded["min_available"]


def test_conditions(rollout):
    _, recorded, seen = rollout
    assert seen.conditions == recorded["deployment_conditions_seen"]


def test_events(rollout):
    name, _, seen = rollout
    texts = [event["message"] for event in RECORDED[f"{name}-events"] if event["reason"] == "ScalingReplicaSet"]
    alone = [text for text in texts if not text.startswith(COMBINED)]
    common = len(alone) if name in STRICT else 2
    assert seen.scalings[:common] == alone[:common]
    counts = event_counts(RECORDED[f"{name}-events"])
    if name not in STRICT:
        # How many steps the roll-out takes depends on which Pods happen to become ready together.
        counts["ScalingReplicaSet", "d"] = seen.counts["ScalingReplicaSet", "d"]
    assert seen.counts == counts


def test_recreate():
    simulation = start("recreate", 4, {"type": "Recreate"})
    lines = []
    set_image(simulation, "d", "nginx:2", "recreate")
    for _ in simulation.steps_until_quiet():
        line, done = deployments.rollout_status(simulation.api.get("deployments.apps", "recreate", "d"))
        if "observed" not in line:
            add_changed(lines, line)
    assert done
    recorded = RECORDED["recreate-status"]["stdout"].splitlines()
    # Several Pods may become ready at once: then a line in the middle is left out.
    assert [line for line in dict.fromkeys(recorded) if line in lines] == lines
    assert lines[:2] == list(dict.fromkeys(recorded))[:2]
    texts = [event["message"] for event in RECORDED["recreate-events"] if event["reason"] == "ScalingReplicaSet"]
    assert events(simulation, "recreate", "ScalingReplicaSet") == texts
