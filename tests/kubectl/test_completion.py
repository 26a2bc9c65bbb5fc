"""Tab: commands, kinds, names, flags and their values."""

from __future__ import annotations

import pytest

from cluster.kubectl import Shell, complete
from cluster.objects.documents import Document
from cluster.simulation.bootstrap import new_cluster
from tests.kubectl.builders import frozen, made, pod


def shell() -> Shell:
    container: Document = {"name": "web", "image": "nginx"}
    spec = {"template": {"spec": {"containers": [container]}}}
    documents = [
        pod("web-1"), pod("web-2"), pod("other", namespace="shop"), made("apps/v1", "Deployment", "web", spec=spec),
        made("v1", "Node", "node-1", namespace=""), made("v1", "Node", "node-2", namespace=""),
        made("v1", "Namespace", "shop", namespace=""),
    ]
    return Shell(frozen(*documents).simulation, {"nginx.yaml": "", "editor.yaml": ""})


def offered(line: str) -> list[str]:
    return complete(line, len(line), shell())[1]


def test_it_works():
    assert complete("kubectl get pods we", 19, shell()) == (17, ["web-1", "web-2"])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("desc", ["describe"]),
        ("kubectl desc", ["describe"]),
        ("kubectl rollout u", ["undo"]),
        ("rollout res", ["restart", "resume"]),
        ("kube", ["kubectl"]),
        ("get depl", ["deployments"]),
        ("get pods web-1 ", ["web-2"]),
        ("get pods -n shop ", ["other"]),
        ("get pods --namespace=shop ", ["other"]),
        ("get pods -n ", ["shop"]),
        ("get pods --namespace=s", ["shop"]),
        ("get nodes node", ["node-1", "node-2"]),
        ("get pods -o y", ["yaml"]),
        ("get pods -o=", []),
        ("get pods --output=wi", ["wide"]),
        ("apply -f ", ["editor.yaml", "nginx.yaml"]),
        ("get pods --show", ["--show-kind", "--show-labels"]),
        ("logs web-1 -c ", ["c"]),
        ("logs depl", ["deployment/web"]),
        ("help rollout un", ["undo"]),
        ("explain no", ["nodes"]),
        ("get nopes ", []),
        ("frob ", []),
        ("", None),
    ],
)
def test_what_is_offered(line: str, words: list[str] | None):
    found = offered(line)
    assert found == words if words is not None else {"get", "kubectl", "apply"} <= set(found)


def test_only_what_stands_before_the_cursor_counts():
    assert complete("get no web", 6, shell()) == (4, ["nodes"])


def test_nodes_of_cordon_and_containers_of_set_image():
    assert offered("cordon ") == ["node-1", "node-2"]
    assert offered("set image deployment/web ") == ["web="]
    assert "deployment/web" in offered("set image ")


def test_an_open_quote_is_no_trouble():
    assert offered("get pods -o jsonpath='{.items") == []


def test_simulate():
    assert offered("simulate ") == ["component", "load", "node", "static-pod"]
    assert offered("simulate node st") == ["start", "stop"]
    simulation = new_cluster()
    for line, words in (
        ("simulate node stop control", ["control-plane"]), ("simulate component off kubelet/node-3", ["kubelet/node-3"]),
    ):
        assert complete(line, len(line), Shell(simulation))[1] == words
