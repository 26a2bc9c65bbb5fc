"""Consoles on whole clusters, where things happen."""

from __future__ import annotations

from cluster.manifests import BUILT_IN
from cluster.simulation.bootstrap import new_cluster
from tests.support.console import Console, Result

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: c
          image: nginx:1
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  color: blue\n"


def console(seed: int = 0) -> Console:
    """A console on a new cluster with three workers and the built-in manifests."""
    return Console(new_cluster(seed=seed), BUILT_IN)


def with_web(replicas: int = 2) -> Console:
    """A console on a cluster where Deployment web has been rolled out."""
    new = console()
    assert new.run("apply -f web.yaml", web_yaml=WEB.replace("replicas: 2", f"replicas: {replicas}")).code == 0
    assert new.run("rollout status deployment/web").code == 0
    return new


def said(result: Result, stdout: str = "", stderr: str = "", code: int | None = None) -> None:
    """Check what a command printed; the exit code is 1 when something is on stderr unless it is given."""
    assert result.stdout == stdout
    assert result.stderr == stderr
    assert result.code == (bool(stderr) if code is None else code)
