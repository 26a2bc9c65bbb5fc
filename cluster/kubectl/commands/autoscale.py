"""`kubectl autoscale` (kubectl/pkg/cmd/autoscale/autoscale.go)."""

from __future__ import annotations

from cluster.kubectl.command import FILENAME, Command, Flag
from cluster.kubectl.completing import kinds_then_names
from cluster.kubectl.creating import FLAGS, create
from cluster.kubectl.invocation import CommandError, Invocation, Run
from cluster.kubectl.problems import Problems
from cluster.kubectl.results import Results
from cluster.kubectl.selection import Found, selected
from cluster.objects import quantity
from cluster.objects.documents import Document
from cluster.objects.kinds import horizontalpodautoscaler as hpas

UNSET = -1
# What a bare number means.
UNITS = {"cpu": "m", "memory": "Mi"}


def _run(invocation: Invocation) -> Run:
    least, most = invocation.number("min"), invocation.number("max")
    if "max" not in invocation.given:
        raise CommandError('error: required flag(s) "max" not set')
    if most < 1:
        raise CommandError(f"error: --max=MAXPODS is required and must be at least 1, max: {most}")
    if most < least:
        raise CommandError(f"error: --max=MAXPODS must be larger or equal to --min=MINPODS, max: {most}, min: {least}")
    if invocation.number("cpu-percent") > 0 and invocation.text("cpu"):
        raise CommandError("error: --cpu-percent and --cpu are mutually exclusive")
    metrics = _metrics(invocation)
    problems, results = Problems(), Results(invocation)
    found = selected(invocation, problems)
    if not found and not problems:
        raise CommandError("error: no objects passed to autoscale")
    for one in found:
        with problems.catching():
            if "scale" not in one.kind.subresources:
                place = f"{one.kind.group}/{one.kind.version}, Resource={one.kind.plural}"
                raise CommandError(
                    f"error: cannot autoscale a {one.kind.kind}: could not find scale subresource for {place} in discovery "
                    "information"
                )
            done = create(invocation, results, _autoscaler(invocation, one, metrics))
            yield results.done(hpas.KIND, done, "created" if results.dry_run == "client" else "autoscaled")
    return (yield from problems.report())


def _autoscaler(invocation: Invocation, found: Found, metrics: list[Document]) -> Document:
    spec: Document = {"maxReplicas": invocation.number("max")}
    if metrics:
        spec["metrics"] = metrics
    if invocation.number("min") > 0:
        spec["minReplicas"] = invocation.number("min")
    spec["scaleTargetRef"] = {"apiVersion": found.kind.api_version, "kind": found.kind.kind, "name": found.name}
    return {
        "apiVersion": hpas.KIND.api_version, "kind": hpas.KIND.kind, "metadata": {"name": invocation.text("name") or found.name},
        "spec": spec, "status": {"currentMetrics": None, "desiredReplicas": 0},
    }


def _metrics(invocation: Invocation) -> list[Document]:
    found = []
    if invocation.number("cpu-percent") > 0:
        found.append(_metric("cpu", {"averageUtilization": invocation.number("cpu-percent"), "type": hpas.UTILIZATION}))
    for name in UNITS:
        if invocation.text(name):
            found.append(_metric(name, _goal(name, invocation.text(name).strip())))
    return found


def _metric(name: str, goal: Document) -> Document:
    return {"resource": {"name": name, "target": goal}, "type": hpas.RESOURCE}


def _goal(name: str, text: str) -> Document:
    """`70%` of what is requested, `500m` each; a number alone has the usual unit (parseResourceInput)."""
    if text.endswith("%"):
        share = text.removesuffix("%")
        if not share.isdecimal():
            raise CommandError(f"error: invalid percentage value: {share}")
        return {"averageUtilization": int(share), "type": hpas.UTILIZATION}
    with_unit = text + UNITS[name] if text.replace(".", "", 1).isdecimal() else text
    try:
        return {"averageValue": quantity.canonical(with_unit), "type": hpas.AVERAGE_VALUE}
    except quantity.QuantityError as problem:
        raise CommandError(f"error: invalid resource {name} value: {text}") from problem


COMMANDS = (
    Command(
        "autoscale", _run,
        "kubectl autoscale (-f FILENAME | TYPE NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEM]",
        "Auto-scale a deployment, replica set, stateful set, or replication controller",
        (
            Flag("min", "int", absent=UNSET, help="The lower limit for the number of pods that can be set by the autoscaler."),
            Flag("max", "int", absent=UNSET, help="The upper limit for the number of pods. Required."),
            Flag("cpu", help='Target CPU over all the pods: a share of what is requested ("70%") or an amount ("500m").'),
            Flag("memory", help='Target memory over all the pods: a share of what is requested ("60%") or an amount ("200Mi").'),
            Flag("cpu-percent", "int", absent=UNSET, help="The target average CPU utilization, as --cpu=N%. Deprecated."),
            Flag("name", help="The name for the newly created object."),
            FILENAME, *FLAGS,
        ),
        examples=("kubectl autoscale deployment web --min=2 --max=10 --cpu=50%",),
        complete=kinds_then_names,
    ),
)
