"""`manage.py sandbox`: a sandbox for scripts, working in a running server."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from io import StringIO
from pathlib import Path

import orjson
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.conftest import ROOT, ServerProcess
from tests.support.visitor import fetch, server_of


def manage(server: ServerProcess, words: str, kubeconfig: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **server.environment, "KUBECONFIG": kubeconfig}
    command = [sys.executable, str(ROOT / "manage.py"), "sandbox", *words.split()]
    return subprocess.run(command, env=environment, cwd=ROOT, text=True, capture_output=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def kubeconfig(live_server_process: ServerProcess) -> str:
    words = f"create --nodes 2 --cpu 16 --zones a,b --taints x=y:NoSchedule --server {live_server_process.url}"
    done = manage(live_server_process, words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def nodes(kubeconfig: str) -> dict[str, dict[str, dict[str, object]]]:
    url = f"{server_of(Path(kubeconfig).read_text())}/api/v1/nodes"
    return {node["metadata"]["name"]: node for node in orjson.loads(fetch(urllib.request.Request(url)).text)["items"]}


def test_it_works(kubeconfig: str) -> None:
    found = nodes(kubeconfig)
    assert list(found) == ["node-1", "node-2"]
    assert found["node-2"]["metadata"]["labels"]["topology.kubernetes.io/zone"] == "b"
    assert found["node-1"]["status"]["capacity"]["cpu"] == "16"
    assert found["node-1"]["spec"]["taints"] == [{"key": "x", "value": "y", "effect": "NoSchedule"}]
    assert Path(kubeconfig).stat().st_mode & 0o077 == 0


def test_machines_stop_and_start(live_server_process: ServerProcess, kubeconfig: str) -> None:
    assert manage(live_server_process, "node node-1 stop", kubeconfig).stdout == "machine node-1 is stopped\n"
    assert manage(live_server_process, "node node-1 start", kubeconfig).stdout.endswith("machine node-1 runs\n")
    assert 'there is no machine "nosuch"' in manage(live_server_process, "node nosuch stop", kubeconfig).stderr


def test_nodes_are_added(live_server_process: ServerProcess, kubeconfig: str, tmp_path: Path) -> None:
    spec = tmp_path / "nodes.yaml"
    spec.write_text("- {name: big, cpu: 32, labels: {disk: ssd}}\n")
    assert manage(live_server_process, f"create --add --spec {spec}", kubeconfig).stdout == "machine big added\n"


@pytest.mark.django_db
def test_list_and_delete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path)
    made = Path(said("create", "--nodes", "1"))
    assert (made.parent, made.is_file()) == (tmp_path / "kubeconfigs", True)
    assert made.stem in said("list")
    said("delete", made.stem)
    assert (made.stem in said("list"), made.exists()) == (False, False)
    with pytest.raises(CommandError, match="There is no sandbox"):
        said("delete", made.stem)


def said(*words: str) -> str:
    out = StringIO()
    call_command("sandbox", *words, stdout=out)
    return out.getvalue().strip()


@pytest.mark.parametrize(("words", "complaint"), [
    ("create --nodes 0", "1 to 60 nodes"), ("create --cpu much", "cpu: "), ("create --taints x", "KEY=VALUE:EFFECT"),
    ("create --labels x", "KEY=VALUE"), ("create --spec /nosuch", "--spec"), ("node node-1 stop", "KUBECONFIG has to name"),
    ("create --speed 3", "invalid choice"), ("dance", "invalid choice"),
])
def test_what_cannot_be_done(monkeypatch: pytest.MonkeyPatch, words: str, complaint: str) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(CommandError, match=complaint):
        call_command("sandbox", *words.split())
