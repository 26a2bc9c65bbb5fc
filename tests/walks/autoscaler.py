"""What is true of HorizontalPodAutoscalers after every step."""

from __future__ import annotations

from cluster.objects.documents import dig
from cluster.objects.kinds import horizontalpodautoscaler as hpas
from cluster.simulation.step import Step
from tests.walks.rules import Seen, told, updates_of, written_of

HPAS = hpas.KIND.resource
TYPES = ["AbleToScale", "ScalingActive", "ScalingLimited"]


@told("autoscaler.rescale")
def autoscalers_keep_their_bounds(seen: Seen, step: Step) -> None:
    hpa = seen.world.row(HPAS, tuple(step.args["hpa"].split("/")[1:]))
    for old, new in updates_of(step, "deployments.apps", "statefulsets.apps", "replicasets.apps", "replicationcontrollers"):
        before, after = old["spec"]["replicas"], new["spec"]["replicas"]
        assert before != after
        assert before > 0, "what was scaled to nothing stays there"
        assert hpas.least(hpa) <= after <= hpas.most(hpa), (hpas.least(hpa), after, hpas.most(hpa))
        assert {**old["spec"], "replicas": after} == new["spec"], "an autoscaler changes the size only"


@told("autoscaler.status")
def autoscalers_tell_what_they_know(seen: Seen, step: Step) -> None:
    for hpa in written_of(step, HPAS):
        told = [condition["type"] for condition in dig(hpa, "status", "conditions", default=[])]
        assert told == sorted(set(told)), told
        assert set(told) <= set(TYPES), told
        assert "AbleToScale" in told
