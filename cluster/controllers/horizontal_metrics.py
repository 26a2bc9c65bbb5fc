"""How many replicas a metric asks for (pkg/controller/podautoscaler/replica_calculator.go, metrics/utilization.go).

Amounts are thousandths of the resource's unit: millicores, thousandths of a byte.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from cluster.apiserver.reader import Reader
from cluster.machinery import usage
from cluster.objects import metadata, quantity, times
from cluster.objects.conditions import condition
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import horizontalpodautoscaler as hpas
from cluster.objects.kinds import pod as pods
from cluster.objects.pod_amounts import container_amounts, pod_requests

CPU_INITIALIZATION = 5 * times.MINUTE
INITIAL_READINESS = 30 * times.SECOND
TOLERANCE = 0.1
NO_API = "the server could not find the requested resource"


class MetricProblem(Exception):
    """A metric cannot be had; the text says why, in the controller's words. `reason` is that of the condition."""

    def __init__(self, reason: str, text: str, prefix: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.prefix = prefix  # what stands before the text when it is told as the failure of the whole


class Proposal(NamedTuple):
    """What one metric asks for: replicas, how it is called, its status, and how the number came about."""

    replicas: int
    name: str
    status: Document
    why: Document


@dataclass
class Groups:
    """Pods by what their metrics are good for (groupPods)."""

    ready: int = 0
    unready: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def proposal(reader: Reader, hpa: Document, metric: Document, selected: list[Document], current: int) -> Proposal:
    """What a metric asks for with `current` replicas; raises MetricProblem."""
    kind, source = metric["type"], hpas.source(metric)
    if kind not in (hpas.RESOURCE, hpas.CONTAINER_RESOURCE):
        raise _nobody_measures(kind, source, metadata.namespace(hpa))
    container = source.get("container", "") if kind == hpas.CONTAINER_RESOURCE else ""
    resource, goal = source["name"], source["target"]
    reason = "FailedGetContainerResourceMetric" if container else "FailedGetResourceMetric"
    word = "usage" if goal.get("averageValue") is not None else "utilization"
    try:
        found = _calculated(reader, selected, current, resource, container, goal, tolerances(hpa))
    except ValueError as problem:
        what = f"{container} container metric" if container else f"{resource} resource metric"
        raise MetricProblem(
            reason, f"failed to get {resource} {word}: {problem}", f"failed to get {what} value: "
        ) from problem
    status: Document = {"name": resource, "current": found.pop("status")}
    if container:
        status["container"] = container
    name = f"{resource} resource"
    if word == "utilization":
        name = f"{resource} {'container ' if container else ''}resource utilization (percentage of request)"
    return Proposal(found["proposed"], name, {"type": kind, hpas.SOURCES[kind]: status}, {"metric": name, **found})


def _nobody_measures(kind: str, source: Document, namespace: str) -> MetricProblem:
    """Metrics that only an adapter of one's own could deliver; there is none."""
    name = dig(source, "metric", "name", default="")
    if kind == hpas.PODS:
        text = (
            f"unable to get metric {name}: unable to fetch metrics from custom metrics API: {NO_API} "
            "(get pods.custom.metrics.k8s.io *)"
        )
        return MetricProblem("FailedGetPodsMetric", text, "failed to get pods metric value: ")
    if kind == hpas.OBJECT:
        described = source["describedObject"]
        text = (
            f"unable to get metric {name}: {described['kind']} on {namespace} {described['name']}/unable to fetch metrics "
            f"from custom metrics API: {NO_API}"
        )
        return MetricProblem("FailedGetObjectMetric", text, "failed to get object metric value: ")
    text = (
        f"unable to get external metric {namespace}/{name}/nil: unable to fetch metrics from external metrics API: {NO_API} "
        f"(get {name}.external.metrics.k8s.io)"
    )
    return MetricProblem("FailedGetExternalMetric", text, f"failed to get {name} external metric value: ")


def tolerances(hpa: Document) -> tuple[float, float]:
    """How far the ratio may fall below 1 and rise above it without anything being done."""
    rules = hpas.behavior(hpa) or {}
    given = (dig(rules, direction, "tolerance") for direction in ("scaleDown", "scaleUp"))
    down, up = (TOLERANCE if value is None else float(quantity.parse(value)) for value in given)
    return down, up


def _calculated(
    reader: Reader, selected: list[Document], current: int, resource: str, container: str, goal: Document,
    allowed: tuple[float, float],
) -> dict[str, Any]:
    """The proposal with everything that it came from; raises ValueError with the reason why there is none."""
    amounts = _amounts(reader, selected, resource, container)
    groups = _grouped(selected, amounts, resource, reader.now)
    for name in (*groups.ignored, *groups.unready):
        amounts.pop(name, None)
    if not amounts:
        raise ValueError("did not receive metrics for targeted pods (pods might be unready)")
    average = goal.get("averageValue")
    share = goal.get("averageUtilization")
    requests = {} if average is not None else _requests(selected, container, resource)
    wanted = quantity.milli_value(average) if average is not None else int(share or 0)
    measure = _Measure(requests, wanted, plain=average is not None)
    ratio, shown, raw = measure.of(amounts)
    within = 1 - allowed[0] <= ratio <= 1 + allowed[1]
    again = _with_assumptions(amounts, groups, measure, ratio)
    if again is None:
        replicas = current if within else math.ceil(ratio * groups.ready)
    else:
        replicas = _cautious(ratio, measure.of(again)[0], len(again), current, allowed)
    family = quantity.Family.BINARY_SI if resource == "memory" else quantity.Family.DECIMAL_SI
    status: Document = {"averageValue": quantity.format(Fraction(raw, 1000), family)}
    if average is None:
        status["averageUtilization"] = shown
    return {
        "proposed": replicas, "status": status, "share": shown, "average": raw, "ratio": round(ratio, 4),
        "within_tolerance": within, "current": current,
        "amounts": amounts, "requests": requests, "target": goal, "ready": groups.ready, "unready": groups.unready,
        "missing": groups.missing, "ignored": groups.ignored, "assumed": again,
    }


class _Measure(NamedTuple):
    """What amounts are compared with: a share of the requests, or an amount each (`plain`)."""

    requests: dict[str, int]
    wanted: int
    plain: bool

    def of(self, amounts: dict[str, int]) -> tuple[float, int, int]:
        """The ratio of what is used to what is wanted, the share in percent, the amount on average."""
        total = sum(amounts.values())
        raw = total // len(amounts)
        if self.plain:
            return raw / self.wanted, 0, raw
        asked = sum(self.requests[name] for name in amounts)
        if asked == 0:
            raise ValueError("no metrics returned matched known pods")
        share = total * 100 // asked
        return share / self.wanted, share, raw


def _with_assumptions(
    amounts: dict[str, int], groups: Groups, measure: _Measure, ratio: float
) -> dict[str, int] | None:
    """The amounts with a guess for each Pod that has none; None when nothing need be guessed.

    Guesses are against change: Pods without metrics are taken as busy when there seem to be too many, as idle when there
    seem to be too few.
    """
    starting = groups.unready if ratio > 1 else []
    if not starting and not groups.missing:
        return None
    assumed = dict(amounts)
    for name in groups.missing:
        if ratio < 1:
            busy = measure.wanted if measure.plain else measure.requests[name] * max(100, measure.wanted) // 100
            assumed[name] = busy
        elif ratio > 1:
            assumed[name] = 0
    return {**assumed, **dict.fromkeys(starting, 0)}


def _cautious(ratio: float, guessed: float, count: int, current: int, allowed: tuple[float, float]) -> int:
    """The replicas for a ratio that rests on guesses: none that turn its direction round."""
    within = 1 - allowed[0] <= guessed <= 1 + allowed[1]
    if within or (ratio < 1 < guessed) or (guessed < 1 < ratio):
        return current
    replicas = math.ceil(guessed * count)
    if (guessed < 1 and replicas > current) or (guessed > 1 and replicas < current):
        return current
    return replicas


def _amounts(reader: Reader, selected: list[Document], resource: str, container: str) -> dict[str, int]:
    found: dict[str, int] = {}
    known = False
    for pod in selected:
        each = usage.of_pod(reader, pod)
        if each is None:
            continue
        known = True
        of_interest = [one for one in each if container in ("", one.container)]
        if of_interest and resource in ("cpu", "memory"):
            found[metadata.name(pod)] = sum(one.cpu if resource == "cpu" else one.memory * 1000 for one in of_interest)
    if not known:
        raise ValueError(f"unable to get metrics for resource {resource}: no metrics returned from resource metrics API")
    return found


def _grouped(selected: list[Document], amounts: dict[str, int], resource: str, now: int) -> Groups:
    groups = Groups()
    for pod in selected:
        name = metadata.name(pod)
        if metadata.is_being_deleted(pod) or pods.phase(pod) == "Failed":
            groups.ignored.append(name)
        elif pods.phase(pod) == "Pending":
            groups.unready.append(name)
        elif name not in amounts:
            groups.missing.append(name)
        elif resource == "cpu" and is_starting(pod, now):
            groups.unready.append(name)
        else:
            groups.ready += 1
    return groups


def is_starting(pod: Document, now: int) -> bool:
    """Whether the CPU use of a running Pod may still be that of its start."""
    ready, started = condition(pod, "Ready"), dig(pod, "status", "startTime")
    if ready is None or not started:
        return True
    since, changed = times.parse(started), times.parse(ready["lastTransitionTime"])
    if since + CPU_INITIALIZATION > now:
        return ready["status"] == "False" or usage.scraped_at(now) < changed + usage.WINDOW
    return bool(ready["status"] == "False") and since + INITIAL_READINESS > changed


def _requests(selected: list[Document], container: str, resource: str) -> dict[str, int]:
    """What each Pod asks for; all of its containers must say so (calculateRequests)."""
    return {metadata.name(pod): _request(pod, container, resource) for pod in selected}


def _request(pod: Document, container: str, resource: str) -> int:
    name = metadata.name(pod)
    if not container and dig(pod, "spec", "resources", "requests"):
        whole = pod_requests(pod).get(resource)
        if whole is None:
            raise ValueError(f"missing pod-level request for {resource} in Pod {name}")
        return quantity.milli_value(whole)
    every = [*pods.containers(pod), *(one for one in pods.init_containers(pod) if pods.is_sidecar(one))]
    chosen = [one for one in every if container in ("", one["name"])]
    if not chosen:
        raise ValueError(f"container {container} not found in Pod {name}")
    for one in chosen:
        if resource not in container_amounts(one, "requests"):
            raise ValueError(f"missing request for {resource} in container {one['name']} of Pod {name}")
    return sum(quantity.milli_value(container_amounts(one, "requests")[resource]) for one in chosen)
