"""Scenario 09: Services, their addresses and ports, Endpoints and EndpointSlices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cluster.apiserver.errors import APIError
from cluster.kubectl import failures
from cluster.objects import metadata
from cluster.objects.documents import Document
from tests.golden_replay import transcript
from tests.golden_replay.report import Report
from tests.golden_replay.stage import Stage
from tests.support.console import Result

TEXTS = Path("transcripts/09-service.txt")
SLICES = "endpointslices.discovery.k8s.io"
# How old the recorded cluster was, and its Service "kubernetes" with it, when the first Deployment ran (s).
BOOT = 11
NEVER_READY = "{exec: {command: ['false']}, periodSeconds: 1}"


def typed(command: str) -> str:
    """The manifest of a recorded `y TEXT` (the text went through printf)."""
    return command.removeprefix("y ").replace("\\n", "\n")


def slices(stage: Stage, service: str) -> list[Document]:
    found = stage.simulation.api.list(SLICES, "default")
    return [one for one in found if metadata.labels(one)["kubernetes.io/service-name"] == service]


def sizes(stage: Stage, service: str) -> list[int]:
    return sorted(len(one["endpoints"] or []) for one in slices(stage, service))


def endpoints(stage: Stage, service: str) -> list[Document]:
    return [endpoint for one in slices(stage, service) for endpoint in one["endpoints"] or []]


def patch(stage: Stage, name: str, changes: dict[str, Any]) -> Result:
    """`kubectl patch svc`, which the console does not have: the request, and kubectl's words for a refusal."""
    try:
        stage.simulation.user().patch("services", "default", name, changes, "strategic")
    except APIError as refusal:
        return Result("", failures.from_server(refusal) + "\n", 1)
    return Result(f"service/{name} patched\n")


def texts_agree(folder: Path) -> Report:
    report = Report("transcripts/09-service")
    texts = transcript.read(folder / TEXTS)
    stage = Stage.set(4, zones=("a", "b"), pods="200")

    def cap(key: str, **options: Any) -> None:
        stage.capture(report, texts[key], **options)

    def y(key: str) -> None:
        transcript.compare(report, texts[key], stage.apply(typed(texts[key].command)))

    stage.sleep(BOOT - stage.simulation.now / 1000 - 3)
    stage.run("create deployment web --image=nginx:1 --replicas=3 --port=80")
    stage.run("rollout status deploy/web --timeout=30s")
    cap("expose")
    stage.sleep(0.6)
    cap("get")
    cap("get-endpoints")
    cap("describe")
    for number in range(1, 9):
        stage.run(f"create service clusterip s{number} --tcp=80:8080")
    addresses = {stage.get("services", f"s{number}")["spec"]["clusterIP"] for number in range(1, 9)}
    report.holds("addresses of eight Services differ", len(addresses) == 8, str(addresses))
    stage.run("delete svc s1")
    for key in ("nodeport", "lb", "get-lb", "extname"):
        cap(key)
    for key in ("static-ip", "ip-taken", "ip-outside", "ip-bad", "np-30080", "np-taken", "np-outside", "no-ports",
                "unnamed-ports", "bad-name"):
        y(key)
    transcript.compare(report, texts["ip-immutable"], patch(stage, "web", {"spec": {"clusterIP": "10.96.0.99"}}))
    y("headless")
    y("no-selector")
    stage.sleep(1)
    report.same("a headless Service lists its Pods", 3, len(endpoints(stage, "hl")))
    cap("manual-ep")
    not_ready(stage, report)
    terminating(stage, report)
    many(stage, texts, report)
    cap("delete")
    stage.sleep(1)
    cap("after-delete")
    return report


def not_ready(stage: Stage, report: Report) -> None:
    """Pods that never become ready, with and without publishNotReadyAddresses."""
    stage.apply(f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: nr}}
spec: {{replicas: 2, selector: {{matchLabels: {{app: nr}}}}, template: {{metadata: {{labels: {{app: nr}}}}, spec: {{containers:
  [{{name: c, image: nginx, readinessProbe: {NEVER_READY}, ports: [{{containerPort: 8080, name: http}}]}}]}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: nr}}
spec: {{selector: {{app: nr}}, ports: [{{port: 80, name: a, targetPort: http}}, {{port: 81, name: b, targetPort: 9}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: nrp}}
spec: {{publishNotReadyAddresses: true, selector: {{app: nr}}, ports: [{{port: 80, targetPort: http}}]}}
""")
    stage.sleep(2.5)
    # What is not ready does not serve either; publishing makes it ready all the same.
    unready = {"ready": False, "serving": False, "terminating": False}
    report.same("conditions of what is not ready", [unready] * 2, [e["conditions"] for e in endpoints(stage, "nr")])
    published = {"ready": True, "serving": False, "terminating": False}
    report.same("conditions of what is published", [published] * 2, [e["conditions"] for e in endpoints(stage, "nrp")])
    subset = stage.get("endpoints", "nr")["subsets"][0]
    report.same("Endpoints know them as notReadyAddresses", (2, 0), tuple(
        len(subset.get(field, [])) for field in ("notReadyAddresses", "addresses")
    ))


def terminating(stage: Stage, report: Report) -> None:
    """A Pod that takes five seconds to go stays listed, serving and terminating."""
    stage.apply("""apiVersion: apps/v1
kind: Deployment
metadata: {name: tm}
spec: {replicas: 2, selector: {matchLabels: {app: tm}}, template: {metadata: {labels: {app: tm}}, spec: {containers:
  [{name: c, image: nginx, lifecycle: {preStop: {sleep: {seconds: 5}}}}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: tm}
spec: {selector: {app: tm}, ports: [{port: 80}]}
""")
    stage.run("rollout status deploy/tm --timeout=20s")
    stage.run("scale deploy/tm --replicas=1")
    stage.sleep(1.5)
    found = sorted((e["conditions"] for e in endpoints(stage, "tm")), key=str)
    going = {"ready": False, "serving": True, "terminating": True}
    staying = {"ready": True, "serving": True, "terminating": False}
    report.same("conditions of what stays and what goes", [going, staying], found)


def many(stage: Stage, texts: dict[str, transcript.Block], report: Report) -> None:
    """130 endpoints: a slice holds 100."""
    stage.run("create deployment many --image=n --replicas=130")
    stage.run("expose deployment many --port=80")
    stage.run("rollout status deploy/many --timeout=90s")
    stage.sleep(2)
    report.same("slices of 130 endpoints", [30, 100], sizes(stage, "many"))
    stage.capture(report, texts["slices-130-get"], ages_too=False, sort=True)
    stage.run("scale deploy/many --replicas=20")
    stage.sleep(6)
    report.same("endpoints in the slices after scaling to 20", 20, sum(sizes(stage, "many")))
