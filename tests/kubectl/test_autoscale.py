"""`kubectl autoscale`, `kubectl top`, `simulate load`, and HPAs as kubectl describes them."""

from __future__ import annotations

import pytest

from cluster.objects import times
from tests.controllers.horizontal_lab import replicas, with_hpa
from tests.kubectl.running import console, said, with_web


def test_it_works():
    new = with_web()
    said(
        new.run("autoscale deployment web --min=2 --max=5 --cpu=70% --memory=200"),
        "horizontalpodautoscaler.autoscaling/web autoscaled\n",
    )
    line = "web    Deployment/web   cpu: <unknown>/70%, memory: <unknown>/200Mi   2         5         0          0s"
    assert new.run("get hpa").lines[1] == line


def test_as_yaml():
    result = with_web().run("autoscale deploy/web --max=5 --cpu=500 --name=other --dry-run=client -o yaml")
    assert result.stdout == (
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: other\nspec:\n  maxReplicas: 5\n"
        "  metrics:\n  - resource:\n      name: cpu\n      target:\n        averageValue: 500m\n        type: AverageValue\n"
        "    type: Resource\n  scaleTargetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: web\n"
        "status:\n  currentMetrics: null\n  desiredReplicas: 0\n"
    )


@pytest.mark.parametrize(("line", "error"), [
    ("deployment web", 'required flag(s) "max" not set'),
    ("deployment web --max=0", "--max=MAXPODS is required and must be at least 1, max: 0"),
    ("deployment web --max=2 --min=3", "--max=MAXPODS must be larger or equal to --min=MINPODS, max: 2, min: 3"),
    ("deployment web --max=2 --cpu=50% --cpu-percent=50", "--cpu-percent and --cpu are mutually exclusive"),
    ("deployment web --max=2 --cpu=x%", "invalid percentage value: x"),
    ("deployment web --max=2 --memory=lots", "invalid resource memory value: lots"),
    ("service kubernetes --max=2",
     "cannot autoscale a Service: could not find scale subresource for /v1, Resource=services in discovery information"),
])
def test_mistakes(line, error):
    said(with_web().run(f"autoscale {line}"), stderr=f"error: {error}\n")


def test_describe():
    lab = with_hpa()
    lab.run("simulate load web 60")
    while replicas(lab) == 1:
        lab.simulation.advance(times.SECOND)
    lines = lab.run("describe hpa web").lines
    assert lines[5].split() == ["Reference:", "Deployment/web"]
    assert lines[7].strip() == "resource cpu on pods  (as a percentage of request):  150% (301m) / 50%"
    assert lines[10].split() == ["Deployment", "pods:", "1", "current", "/", "3", "desired"]
    text = "\n".join(lines)
    assert "the HPA controller was able to update the target scale to 3" in text
    assert "New size: 3; reason: cpu resource utilization (percentage of request) above target" in text


def test_describe_rules():
    new = console()
    new.run("apply -f hpa.yaml", hpa_yaml=(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\n"
        "spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web},"
        " behavior: {scaleDown: {stabilizationWindowSeconds: 60}}}\n"
    ))
    text = new.run("describe hpa").stdout
    assert "Behavior:\n  Scale Up:\n    Stabilization Window: 0 seconds\n    Select Policy: Max\n    Policies:\n" in text
    assert "      - Type: Pods     Value: 4    Period: 15 seconds\n" in text
    assert "  Scale Down:\n    Stabilization Window: 60 seconds\n" in text


def test_top():
    lab = with_hpa()
    lab.run("simulate load web 60")
    head, row = lab.run("top pods").lines
    assert head.split("   ")[-3:] == ["CPU(cores)", "MEMORY(bytes)", ""]
    assert row.split()[1:] == ["301m", "8Mi"]
    assert lab.run("top pod --containers --no-headers").lines[0].split()[1:] == ["c", "301m", "8Mi"]
    nodes = {line.split()[0]: line.split()[1:] for line in lab.run("top nodes").lines[1:]}
    (busy,) = [node for node, cells in nodes.items() if cells[0] == "341m"]
    assert nodes[busy] == ["341m", "8%", "308Mi", "3%"]
    assert lab.run("top nodes --sort-by=cpu").lines[1].split()[0] == busy


def test_top_knows_no_more_than_a_metrics_server():
    said(console().run("top pods"), stderr="No resources found in default namespace.\n", code=0)
    new = console()
    new.run("run a --image=nginx:1.27")
    said(new.run("top pods"), stderr="error: metrics not available yet\n")
    said(new.run("top pod b"), stderr='Error from server (NotFound): pods "b" not found\n')
    new.run("simulate node stop node-1")
    new.simulation.advance(2 * times.MINUTE)
    assert new.run("top node node-1").lines[1].split() == ["node-1", *["<unknown>"] * 4]
    said(new.run("top pod a -l app=a"), stderr="error: only one of NAME or selector can be provided\n")
    said(
        new.run("top node a b"),
        stderr="error: node [NAME | -l label]\nSee 'kubectl top node -h' for help and examples\n",
    )
    said(new.run("top pods --sort-by=age"), stderr="error: --sort-by accepts only cpu or memory\n")


def test_a_pod_that_never_has_metrics():
    new = console()
    new.run("run a --image=nginxx")
    new.simulation.advance_clock(new.simulation.now + 3 * times.MINUTE)
    result = new.run("top pods")
    assert result.stderr.startswith("error: Metrics not available for pod default/a, age: 3m0")
    said(new.run("top pod a"), stderr='Error from server (NotFound): podmetrics.metrics.k8s.io "default/a" not found\n')


def test_a_load():
    lab = with_hpa()
    said(lab.run("simulate load web 100"), "service/web has a load of 100 requests per second\n")
    said(lab.run("simulate load web 0"), "service/web has no load\n")
    assert list(lab.simulation.api.hosts("host/load")) == []
    said(lab.run("simulate load nowhere 1"), stderr='Error from server (NotFound): services "nowhere" not found\n')
    said(
        lab.run("simulate load web -- -1"),
        stderr="error: a load is 0 or more requests per second, each of which costs more than 0\n",
    )
