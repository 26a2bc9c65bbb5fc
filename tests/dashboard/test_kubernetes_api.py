"""A real kubectl works against a sandbox of a real server: every version that is found on this machine."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from tests.conftest import ServerProcess
from tests.support.kubectl import Kubectl, installed
from tests.support.visitor import Visitor

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""


class Ran(NamedTuple):
    code: int
    out: str
    err: str


class Terminal:
    """A learner's terminal: one kubectl, one kubeconfig."""

    def __init__(self, kubectl: Kubectl, home: Path, kubeconfig: str) -> None:
        self.kubectl, self._home = kubectl, home
        (home / "config").write_text(kubeconfig)

    def run(self, words: str, stdin: str = "") -> Ran:
        ran = subprocess.run(
            [self.kubectl.path, *words.split()], input=stdin, text=True, capture_output=True, timeout=60, check=False,
            env={"KUBECONFIG": str(self._home / "config"), "HOME": str(self._home)},
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def ok(self, words: str, stdin: str = "") -> str:
        """What it prints when it goes well, as it must."""
        code, out, err = self.run(words, stdin)
        assert code == 0, f"{self.kubectl} {words}: {err}{out}"
        return out

    def refused(self, words: str, stdin: str = "") -> str:
        code, out, err = self.run(words, stdin)
        assert code == 1, f"{self.kubectl} {words}: {err}{out}"
        return err

    def json(self, words: str) -> object:
        return orjson.loads(self.ok(f"{words} -o json"))


def versions() -> tuple[Kubectl, ...]:
    """The oldest and the newest: each takes a while. KUBECTLS=all tries every one."""
    found = installed()
    return found if len(found) < 3 or os.environ.get("KUBECTLS") == "all" else (found[0], found[-1])


def test_there_is_a_kubectl() -> None:
    assert installed(), "The tests of the Kubernetes API need kubectl: run scripts/ensure-kubectl."


@pytest.fixture(scope="module", params=versions(), ids=str)
def terminal(
    request: pytest.FixtureRequest, live_server_process: ServerProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Terminal]:
    visitor = Visitor(live_server_process)
    sandbox = visitor.new_sandbox()
    visitor.get(f"/sandbox/{sandbox}/")
    terminal = Terminal(request.param, tmp_path_factory.mktemp("home"), visitor.kubeconfig(sandbox))
    terminal.ok("wait --for=condition=Ready nodes --all --timeout=30s")
    yield terminal
    visitor.post(f"/sandbox/{sandbox}/delete/")


def test_it_works(terminal: Terminal) -> None:
    assert terminal.ok("apply -f -", WEB) == "deployment.apps/web created\nservice/web created\n"
    assert 'deployment "web" successfully rolled out' in terminal.ok("rollout status deployment/web --timeout=30s")
    assert terminal.ok("apply -f -", WEB) == "deployment.apps/web unchanged\nservice/web unchanged\n"
    lines = terminal.ok("get pods -l app=web -o wide").splitlines()
    assert lines[0].split()[:5] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert [line.split()[1:3] for line in lines[1:]] == [["1/1", "Running"]] * 2


def test_what_kubectl_finds_out_first(terminal: Terminal) -> None:
    assert "Server Version" in terminal.ok("version")
    resources = terminal.ok("api-resources")
    assert "deployments" in resources
    assert "horizontalpodautoscalers" in resources
    assert "apps/v1" in terminal.ok("api-versions")
    assert "is running at" in terminal.ok("cluster-info")
    assert "containers\t<[]Container>" in terminal.ok("explain pod.spec")


def test_changing_things(terminal: Terminal) -> None:
    terminal.ok("apply -f -", WEB.replace("web", "shop"))
    assert terminal.ok("scale deployment/shop --replicas=3") == "deployment.apps/shop scaled\n"
    assert terminal.ok("label deployment shop tier=front") == "deployment.apps/shop labeled\n"
    assert terminal.ok("annotate deployment shop note=1").startswith("deployment.apps/shop annotate")  # 1.27 says no more
    terminal.ok("set image deployment/shop nginx=nginx:1.28")
    terminal.ok("rollout status deployment/shop --timeout=60s")
    assert "2  " in terminal.ok("rollout history deployment/shop")
    terminal.ok("rollout undo deployment/shop")
    terminal.ok("rollout status deployment/shop --timeout=60s")
    found = terminal.json("get deployment shop")
    assert isinstance(found, dict)
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1.27"
    assert found["status"]["readyReplicas"] == 3
    terminal.ok('patch deployment shop --type=json -p [{"op":"replace","path":"/spec/replicas","value":1}]')
    terminal.ok('patch deployment shop -p {"spec":{"paused":true}}')
    described = terminal.ok("describe deployment shop")
    assert "Progressing" in described
    assert "ScalingReplicaSet" in described
    assert 'deployment.apps "shop" deleted' in terminal.ok("delete deployment shop --timeout=30s")
    assert 'deployments.apps "shop" not found' in terminal.refused("get deployment shop")


def test_machines(terminal: Terminal) -> None:
    assert terminal.ok("taint nodes node-1 dedicated=gpu:NoSchedule") == "node/node-1 tainted\n"
    assert terminal.ok("taint nodes node-1 dedicated-") == "node/node-1 untainted\n"
    assert terminal.ok("cordon node-2") == "node/node-2 cordoned\n"
    assert "SchedulingDisabled" in terminal.ok("get node node-2")
    assert "node/node-2 drained" in terminal.ok("drain node-2 --ignore-daemonsets --force --timeout=60s")
    assert terminal.ok("uncordon node-2") == "node/node-2 uncordoned\n"
    assert "Allocated resources" in terminal.ok("describe node node-1")


def test_mistakes_get_the_real_sentences(terminal: Terminal) -> None:
    assert "the server doesn't have a resource type" in terminal.refused("get nonsense")
    assert 'pods "nosuch" not found' in terminal.refused("get pod nosuch")
    assert 'unknown field "spec.replica"' in terminal.refused("create -f -", WEB.replace("replicas", "replica"))
    wrong = WEB.replace("replicas: 2", "replicas: -2").replace("name: web", "name: wrong")
    assert "must be greater than or equal to 0" in terminal.refused("create -f -", wrong)


def test_watching(terminal: Terminal) -> None:
    watching = subprocess.Popen(
        [terminal.kubectl.path, "get", "configmaps", "-w", "-o", "name", "--field-selector=metadata.name=seen"],
        stdout=subprocess.PIPE, text=True,
        env={"KUBECONFIG": str(terminal._home / "config"), "HOME": str(terminal._home)},
    )
    try:
        time.sleep(1)
        terminal.ok("apply -f -", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: seen}")
        assert watching.stdout is not None
        assert watching.stdout.readline() == "configmap/seen\n"
    finally:
        watching.kill()
        watching.communicate()


@pytest.mark.parametrize("words", [
    "deployment made --image=nginx --replicas=0", "service clusterip made --tcp=80:80", "job made --image=busybox -- true",
    "configmap made --from-literal=a=1", "secret generic made --from-literal=a=b", "namespace made", "serviceaccount made",
    "quota made --hard=pods=10 -n kube-public", "poddisruptionbudget made --selector=a=b --min-available=50%",
])
def test_what_it_makes_by_itself(terminal: Terminal, words: str) -> None:
    """From 1.32 on these bodies are protobuf."""
    assert terminal.ok(f"create {words}").endswith("/made created\n")


def test_autoscaling_and_rights(terminal: Terminal) -> None:
    made = terminal.ok("autoscale deployment made --min=1 --max=3 --cpu-percent=50")
    assert made == "horizontalpodautoscaler.autoscaling/made autoscaled\n"
    assert terminal.ok("auth can-i create pods") == "yes\n"
    assert "*.*" in terminal.ok("auth can-i --list")


@pytest.fixture(scope="module")
def pod(terminal: Terminal) -> str:
    """A Pod that runs and has written something."""
    terminal.ok("run solo --image=nginx:1.27")
    terminal.ok("wait --for=condition=Ready pod/solo --timeout=30s")
    return "solo"


def test_logs(terminal: Terminal, pod: str) -> None:
    lines = terminal.ok(f"logs {pod}").splitlines()
    assert "ready for start up" in "".join(lines)
    assert terminal.ok(f"logs {pod} --tail=1") == lines[-1] + "\n"
    assert terminal.ok(f"logs {pod} --timestamps --tail=1").startswith("20")
    assert "previous terminated container" in terminal.refused(f"logs {pod} --previous")
    assert "container nosuch is not valid for pod solo" in terminal.refused(f"logs {pod} -c nosuch")


def test_a_log_that_goes_on_and_ends(terminal: Terminal) -> None:
    command = ["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 1; done"]
    manifest = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "counter"},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1.36", "command": command}]},
    }
    terminal.ok("create -f -", orjson.dumps(manifest).decode())
    terminal.ok("wait --for=jsonpath={.status.phase}=Running pod/counter --timeout=30s")
    assert terminal.ok("logs -f counter") == "line 1\nline 2\nline 3\n"


def test_exec(terminal: Terminal, pod: str) -> None:
    if terminal.kubectl.minor < 30:
        assert "use kubectl 1.30 or newer" in terminal.refused(f"exec {pod} -- ls")
        return
    assert "index.html" in terminal.ok(f"exec {pod} -- ls /usr/share/nginx/html")
    assert terminal.ok(f"exec -i {pod} -- cat", "typed\n") == "typed\n"
    terminal.ok(f"exec -i {pod} -- sh", "echo kept >/tmp/kept\n")
    assert terminal.ok(f"exec {pod} -- cat /tmp/kept") == "kept\n"
    code, out, err = terminal.run(f"exec -i {pod} -- sh", "echo out; echo err >&2; exit 3\n")
    assert (code, out, err) == (3, "out\n", "err\ncommand terminated with exit code 3\n")
    assert "executable file not found" in terminal.refused(f"exec {pod} -- nosuch")
