"""Pods that write more than they may: emptyDir volumes with a limit, limits of ephemeral storage."""

from __future__ import annotations

from cluster.objects.documents import dig
from tests.support.scenario import Scenario


def writer(script: str, *, limit: str = "", size: str = "1Gi", medium: str = "") -> str:
    resources = f"{{limits: {{ephemeral-storage: {limit}}}}}" if limit else "{}"
    source = ", ".join(text for text in (f"sizeLimit: {size}" if size else "", f"medium: {medium}" if medium else "") if text)
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: writer}}
spec:
  containers:
  - name: c
    image: "busybox:1"
    command: [sh, -c, "{script}"]
    resources: {resources}
    volumeMounts: [{{name: cache, mountPath: /cache}}]
  volumes: [{{name: cache, emptyDir: {{{source}}}}}]
"""


def lived(manifest: str, seconds: float = 60) -> Scenario:
    cluster = Scenario(1)
    cluster.apply(manifest)
    cluster.advance(seconds)
    return cluster


def reason(cluster: Scenario) -> str:
    status = cluster.get("pods/writer")["status"]
    return str(dig(status, "reason", default=status["phase"]))


def test_it_works() -> None:
    cluster = lived(writer("sleep 15; dd if=/dev/zero of=/cache/x bs=1M count=1100; sleep 3600"))
    assert reason(cluster) == "Evicted"
    message = 'Usage of EmptyDir volume "cache" exceeds the limit "1Gi". '
    assert cluster.get("pods/writer")["status"]["message"] == message
    assert cluster.events("Evicted") == [message]
    assert cluster.condition("pods/writer", "DisruptionTarget") == {}  # only pressure on the node says so
    assert cluster.condition("nodes/node-1", "DiskPressure")["status"] == "False"


def test_within_the_limit() -> None:
    cluster = lived(writer("dd if=/dev/zero of=/cache/x bs=1M count=1000; sleep 3600"))
    assert reason(cluster) == "Running"


def test_what_is_written_with_kubectl_exec_counts() -> None:
    cluster = lived(writer("sleep 3600"))
    cluster.run("exec writer -- dd if=/dev/zero of=/cache/x bs=1M count=1100")
    cluster.advance(30)
    assert reason(cluster) == "Evicted"


def test_a_loop_that_fills_a_volume() -> None:
    cluster = lived(writer("i=0; while true; do i=$((i+1)); dd if=/dev/zero of=/cache/$i bs=1M count=100; sleep 20; done"), 600)
    assert reason(cluster) == "Evicted"
    (step,) = [step for step in cluster.steps if step.say == "kubelet.evicting"]
    assert 190_000 < step.at - cluster.start < 240_000


def test_the_containers_own_layer() -> None:
    cluster = lived(writer("dd if=/dev/zero of=/tmp/x bs=1M count=300; sleep 3600", limit="200Mi", size=""))
    assert cluster.get("pods/writer")["status"]["message"] == (
        "Pod ephemeral local storage usage exceeds the total limit of containers 200Mi. "
    )


def test_a_volume_in_memory_has_an_end_of_its_own() -> None:
    cluster = lived(writer("dd if=/dev/zero of=/cache/x bs=1M count=300; echo $?; sleep 3600", size="200Mi", medium="Memory"))
    assert reason(cluster) == "Running"
    assert "No space left on device" in cluster.run("logs writer").stdout
