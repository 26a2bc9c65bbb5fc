"""The horizontal Pod autoscaler's controller (pkg/controller/podautoscaler/horizontal.go).

The real one looks at every HPA each 15 s. This one keeps that beat, but leaves out the looks that could change nothing:
it goes on while a proposal waits for a window or a rate, or a Pod's metrics are still to come, and otherwise sleeps until
Pods, the target, the load or the HPA change. A change of size and the status that tells of it are two writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from cluster.apiserver.errors import APIError
from cluster.apiserver.reader import Reader
from cluster.apiserver.state import Change
from cluster.apiserver.strategy import scale_of
from cluster.controllers.horizontal_behavior import History, Outcome, longest_memory, normalized
from cluster.controllers.horizontal_metrics import CPU_INITIALIZATION, MetricProblem, Proposal, is_starting, proposal
from cluster.machinery import load, usage
from cluster.machinery.component import Component, Context, Key, Story
from cluster.machinery.story import FOLDED, NARRATED, object_reference
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import horizontalpodautoscaler as hpas
from cluster.objects.kinds import pod as pods
from cluster.objects.registry import REGISTRY
from cluster.objects.selectors import LabelSelector

HPAS = hpas.KIND.resource
PERIOD = 15 * times.SECOND
SOURCE = "horizontal-pod-autoscaler"
TARGETS = ("deployments.apps", "replicasets.apps", "statefulsets.apps", "replicationcontrollers")
ABLE, ACTIVE, LIMITED = "AbleToScale", "ScalingActive", "ScalingLimited"
UNABLE_TO_GET = "the HPA controller was unable to get the target's current scale: "


class Target(NamedTuple):
    """What is scaled, as it is now."""

    resource: str
    document: Document
    replicas: int
    selector: str


class TargetProblem(Exception):
    """There is nothing to scale; the text says why."""


class HorizontalController(Component):
    name = "horizontal-pod-autoscaler-controller"
    watches = (HPAS, "pods", "services", usage.LOAD, load.TRAFFIC, *TARGETS)

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == HPAS:
            same = change.old is not None and change.new is not None and change.old.get("spec") == change.new.get("spec")
            return [] if same else [change.key]
        if not view.world.table(HPAS):
            return []
        namespace = (change.new or change.old)["pod"][0] if change.table == load.TRAFFIC else change.key[0]
        return [(metadata.namespace(hpa), metadata.name(hpa)) for hpa in view.list(HPAS, namespace)]

    def reconcile(self, context: Context, key: Key) -> None:
        hpa, note = context.get(HPAS, *key), context.memory(key) or {}
        if hpa is None:
            context.forget(key)
        elif note.get("after"):
            context.remember(key, {**note, "after": None})
            _write_status(context, hpa, note["after"]["status"], note["after"]["why"])
        elif note.get("uid") != metadata.uid(hpa):
            # The first look comes a period after the HPA.
            context.remember(key, {"uid": metadata.uid(hpa), "last": context.now})
            context.again(PERIOD)
        elif wait := -(context.now - note["last"]) % PERIOD:
            context.again(wait)
        elif context.now > note["last"]:
            Look(context, hpa, note).run()


def target_of(reader: Reader, hpa: Document) -> Target:
    """What an HPA scales; raises TargetProblem."""
    wanted = hpas.target(hpa)
    # Whatever version is named, the group and the kind decide.
    group = wanted.get("apiVersion", "").rpartition("/")[0]
    kind = next((kind for kind in REGISTRY if (kind.group, kind.kind) == (group, wanted["kind"])), None)
    if kind is None:
        raise TargetProblem(f'no matches for kind "{wanted["kind"]}" in group "{group}"')
    if "scale" not in kind.subresources:
        raise TargetProblem("the server could not find the requested resource")
    document = reader.get(kind.resource, metadata.namespace(hpa), wanted["name"])
    if document is None:
        what = f"{kind.plural}/scale" + (f".{kind.group}" if kind.group else "")
        raise TargetProblem(f'{what} "{wanted["name"]}" not found')
    scale = scale_of(kind, document)
    return Target(kind.resource, document, scale["spec"]["replicas"], scale["status"]["selector"])


class Look:
    """One look at an HPA (reconcileAutoscaler); `why` is the record of its arithmetic."""

    def __init__(self, context: Context, hpa: Document, note: dict[str, Any]) -> None:
        self.context, self.hpa, self.now = context, hpa, context.now
        self.conditions: list[Document] = list(dig(hpa, "status", "conditions", default=[]))
        self.metrics: list[Document] | None = None
        self.history = _remembered(note, self.now)
        self.pods: list[Document] = []
        self.waits = False  # for a window or a rate
        self.why: dict[str, Any] = {"decision": "autoscale", "least": hpas.least(hpa), "most": hpas.most(hpa)}

    def run(self) -> None:
        try:
            target = target_of(self.context, self.hpa)
        except TargetProblem as problem:
            self._event("Warning", "FailedGetScale", str(problem))
            self._condition(ABLE, "False", "FailedGetScale", UNABLE_TO_GET + str(problem))
            self._report(dig(self.hpa, "status", "currentReplicas", default=0), None)
            return
        self._condition(ABLE, "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale")
        if not self.history.recommendations:
            self.history.recommendations.append([target.replicas, self.now])
        self._decide(target)

    def _decide(self, target: Target) -> None:
        current = target.replicas
        self.why["current"] = current
        if current == 0:
            text = "scaling is disabled since the replica count of the target is zero"
            self._condition(ACTIVE, "False", "ScalingDisabled", text)
            self._report(0, 0)
        elif current > hpas.most(self.hpa):
            self._rescale(target, hpas.most(self.hpa), "Current number of replicas above Spec.MaxReplicas")
        elif current < hpas.least(self.hpa):
            self._rescale(target, hpas.least(self.hpa), "Current number of replicas below Spec.MinReplicas")
        else:
            self._follow_metrics(target)

    # --- metrics -----------------------------------------------------------------------------------------------

    def _follow_metrics(self, target: Target) -> None:
        chosen = self._proposals(target)
        if chosen is None:
            self._report(target.replicas, None)
            return
        outcome = normalized(self.hpa, self.history, target.replicas, chosen.replicas, self.now)
        self.history.recommendations.append([chosen.replicas, self.now])
        later = normalized(self.hpa, History([], [], []), target.replicas, chosen.replicas, self.now)
        self.waits = later != outcome
        self._note_outcome(chosen, outcome)
        if outcome.desired == target.replicas:
            self._report(target.replicas, outcome.desired)
            return
        # The words are those of the proposal, whatever became of it: a recommendation of before brings none.
        reason = ""
        if chosen.replicas != target.replicas:
            reason = f"{chosen.name} above target" if chosen.replicas > target.replicas else "All metrics below target"
        self._rescale(target, outcome.desired, reason, outcome.able[1])

    def _note_outcome(self, chosen: Proposal, outcome: Outcome) -> None:
        self._condition(ABLE, "True", *outcome.able)
        self._condition(LIMITED, "True" if outcome.limited else "False", *outcome.limit)
        self.why |= {
            "proposed": chosen.replicas, "metric": chosen.name, "stabilized": outcome.stabilized, "desired": outcome.desired,
            "limit": outcome.limit[0], "recommendations": [list(mark) for mark in self.history.recommendations],
            "able": outcome.able[0],
        }

    def _proposals(self, target: Target) -> Proposal | None:
        """The largest of what the metrics ask for; None when that cannot be told (computeReplicasForMetrics)."""
        namespace = metadata.namespace(self.hpa)
        self.pods = self.context.list("pods", namespace, LabelSelector.parse(target.selector))
        rivals = self._rivals()
        if rivals:
            text = f"pods by selector {target.selector} are controlled by multiple HPAs: [{' '.join(rivals)}]"
            self._event("Warning", "AmbiguousSelector", text)
            self._condition(ACTIVE, "False", "AmbiguousSelector", text)
            self._event("Warning", "FailedComputeMetricsReplicas", text)
            return None
        found: list[Proposal] = []
        problems: list[MetricProblem] = []
        self.metrics, self.why["metrics"] = [], []
        for metric in hpas.metrics(self.hpa):
            try:
                found.append(proposal(self.context, self.hpa, metric, self.pods, target.replicas))
                self.metrics.append(found[-1].status)
                self.why["metrics"].append(found[-1].why)
            except MetricProblem as problem:
                problems.append(problem)
                self.metrics.append({"type": ""})
                self._event("Warning", problem.reason, str(problem))
        best = max(found, key=lambda one: one.replicas, default=None)
        # Some metrics alone are good enough to grow, not to shrink.
        if problems and (best is None or best.replicas < target.replicas):
            self._fail(problems)
            return None
        assert best is not None
        text = f"the HPA was able to successfully calculate a replica count from {best.name}"
        self._condition(ACTIVE, "True", "ValidMetricFound", text)
        return best

    def _fail(self, problems: list[MetricProblem]) -> None:
        first = problems[0]
        self._condition(ACTIVE, "False", first.reason, f"the HPA was unable to compute the replica count: {first}")
        count = f"{len(problems)} invalid out of {len(hpas.metrics(self.hpa))}"
        text = f"invalid metrics ({count}), first error is: {first.prefix}{first}"
        self._event("Warning", "FailedComputeMetricsReplicas", text)

    def _rivals(self) -> list[str]:
        """All HPAs that scale these Pods, when there are several, as Go prints them."""
        found = []
        for other in self.context.list(HPAS, metadata.namespace(self.hpa)):
            try:
                selector = LabelSelector.parse(target_of(self.context, other).selector)
            except TargetProblem:
                continue
            if any(selector.matches(metadata.labels(pod)) for pod in self.pods):
                found.append(f"{{{metadata.name(other)} {metadata.namespace(other)}}}")
        return found if len(found) > 1 else []

    # --- what is done ------------------------------------------------------------------------------------------

    def _rescale(self, target: Target, desired: int, reason: str, otherwise: str = "") -> None:
        """Set the size; `otherwise` is told where the real controller says nothing."""
        context, current = self.context, target.replicas
        self.why |= {"desired": desired, "reason": reason}
        reference = object_reference(target.resource, target.document)
        own = object_reference(HPAS, self.hpa)
        args = {
            "hpa": own, "object": reference, "current": current, "desired": desired,
            "reason": reason or otherwise,
        }
        story = Story("autoscaler.rescale", args, NARRATED, (own,))
        try:
            context.update(with_value(target.document, ("spec", "replicas"), desired), story=story, why=self.why)
        except APIError as error:
            self._event("Warning", "FailedRescale", f"New size: {desired}; reason: {reason}; error: {error.message}")
            text = f"the HPA controller was unable to update the target scale: {error.message}"
            self._condition(ABLE, "False", "FailedUpdateScale", text)
            self._report(current, None)
            return
        self._condition(ABLE, "True", "SucceededRescale", f"the HPA controller was able to update the target scale to {desired}")
        self._event("Normal", "SuccessfulRescale", f"New size: {desired}; reason: {reason}")
        changes = self.history.ups if desired > current else self.history.downs
        changes.append([abs(desired - current), self.now])
        status = {**self._status(current, desired), "lastScaleTime": times.rfc3339(self.now)}
        self._remember(idle=False, after={"status": status, "why": self.why})

    def _report(self, current: int, desired: int | None) -> None:
        """Store the status if it changed, and look again while something may come of it."""
        context = self.context
        status = self._status(current, desired)
        starting = [pod for pod in self.pods if _is_about_to_count(pod, self.now)]
        waits = self.waits or any(usage.moves(self.context, pod) for pod in self.pods)
        young = any(pods.is_ready(pod) or _is_young(pod, self.now) for pod in starting)
        changed = status != self.hpa.get("status")
        self._remember(idle=not (starting or waits or changed))
        if changed:
            _write_status(context, self.hpa, status, self.why)
        elif young:
            context.again(PERIOD)
        elif waits or starting:
            context.again(PERIOD, quiet=True)

    def _status(self, current: int, desired: int | None) -> Document:
        before = self.hpa.get("status") or {}
        kept = before.get("desiredReplicas", 0) if desired is None else desired
        status: Document = {
            "currentReplicas": current, "desiredReplicas": kept, "currentMetrics": self.metrics,
            "conditions": self.conditions,
        }
        return {**status, "lastScaleTime": before["lastScaleTime"]} if before.get("lastScaleTime") else status

    def _remember(self, *, idle: bool, after: dict[str, Any] | None = None) -> None:
        oldest = self.now - longest_memory(self.hpa)
        lists = {
            name: [mark for mark in marks if mark[1] >= oldest] or marks[-1:]
            for name, marks in self.history._asdict().items()
        }
        note = {"uid": metadata.uid(self.hpa), "last": self.now, "idle": idle, "after": after, **lists}
        self.context.remember(self.context.key, note)

    def _condition(self, kind: str, status: str, reason: str, message: str) -> None:
        old = next((one for one in self.conditions if one["type"] == kind), None)
        same = old is not None and old["status"] == status
        since = old["lastTransitionTime"] if old is not None and same else times.rfc3339(self.now)
        new = {"type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
        if old is None:
            self.conditions = [*self.conditions, new]
        else:
            self.conditions = [new if one is old else one for one in self.conditions]

    def _event(self, type_: str, reason: str, message: str) -> None:
        self.context.event(self.hpa, type_, reason, message, source=SOURCE)


def _remembered(note: dict[str, Any], now: int) -> History:
    """What was remembered; while it slept, every look that it left out would have recommended the same."""
    history = History(*([list(mark) for mark in note.get(name, [])] for name in History._fields))
    if note.get("idle") and history.recommendations and now - PERIOD > history.recommendations[-1][1]:
        history.recommendations.append([history.recommendations[-1][0], now - PERIOD])
    return history


def _is_about_to_count(pod: Document, now: int) -> bool:
    """Whether time alone makes a difference to what a Pod's metrics are good for."""
    if pods.phase(pod) != "Running" or metadata.is_being_deleted(pod):
        return False
    started = dig(pod, "status", "startTime")
    first = started is not None and times.parse(started) + CPU_INITIALIZATION > now
    return _is_young(pod, now) or (first and is_starting(pod, now))


def _is_young(pod: Document, now: int) -> bool:
    """Whether its containers run and the metrics server does not know them yet."""
    known = usage.known_from(pod)
    return known is not None and known > now


def _write_status(context: Context, hpa: Document, status: Document, why: dict[str, Any]) -> None:
    args = {
        "hpa": object_reference(HPAS, hpa), "current": status["currentReplicas"], "desired": status["desiredReplicas"],
        "metrics": hpas.targets_cell({**hpa, "status": status}),
    }
    context.update({**hpa, "status": status}, subresource="status", story=Story("autoscaler.status", args, FOLDED), why=why)
