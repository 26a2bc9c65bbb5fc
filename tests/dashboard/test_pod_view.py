"""The Pod view as the server writes it: a page without JavaScript, a fragment with it, at any moment, for any Pod."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cluster import store
from cluster.inspection import standing
from cluster.models import Cluster
from dashboard.inspecting import SENTENCES, meaning

pytestmark = pytest.mark.django_db
HTMX = {"hx-request": "true"}
POD: dict[str, Any] = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop"},
    "spec": {
        "volumes": [{"name": "data", "emptyDir": {}}, {"name": "host", "hostPath": {"path": "/data"}}],
        "initContainers": [{"name": "prepare", "image": "busybox", "command": ["sh", "-c", "sleep 1"]}],
        "containers": [
            {
                "name": "web", "image": "nginx:1.27", "env": [{"name": "TITLE", "value": "<b>bold</b>"}],
                "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5, "failureThreshold": 3},
                "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "64Mi"}},
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            },
            {"name": "crasher", "image": "busybox", "command": ["sh", "-c", "echo goodbye; sleep 2; exit 1"]},
        ],
    },
}


@pytest.fixture
def cluster(client):
    client.get("/sandbox/")
    return store.create(client.session["visitor"], store.HOME, 4)


@pytest.fixture
def shop(hub):
    hub.simulation.user().create(POD)
    hub.simulation.advance(30_000)
    while hub.look({})["state"]["pods"]["default/shop"]["status"] != "CrashLoopBackOff":
        hub.simulation.advance(1000)
    return hub


def get(client, cluster: Cluster, query: str = "", **headers: str) -> str:
    answer = client.get(f"/sandbox/{cluster.id}/pod{query}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_works(client, cluster, shop):
    text = get(client, cluster, "?ref=pods/default/shop")
    assert text.count("<h1") == 1
    assert re.search(r"<code>crasher</code> <strong>has ended \d times</strong>, lastly with 1 \(the program itself", text)
    assert "First, one after the other" in text
    assert re.search(r'data-container="web" data-state="running" data-role="container"', text)
    assert "on the disk of node-" in text
    assert "stays on this node when the Pod moves" in text
    assert "goodbye" in text
    assert "every 5 s · 3 failures in a row turn it" in text


def test_htmx_gets_the_fragment(client, cluster, shop):
    text = get(client, cluster, "?ref=pods/default/shop", **HTMX)
    assert "<html" not in text
    assert text.lstrip().startswith('<div class="pv__b" data-pod="pods/default/shop"')
    assert re.search(r'data-next="\d+"', text)


def test_without_a_pod_the_one_that_something_happened_to(client, cluster, shop):
    get(client, cluster)
    assert shop.asked[-1][1]["ref"] == "pods/default/shop"


def test_it_stays_with_the_pod_that_it_shows(client, cluster, shop):
    other = next(key for key in shop.look({})["state"]["pods"] if key.startswith("default/nginx"))
    get(client, cluster, f"?stay=pods/{other}", **HTMX)
    assert shop.asked[-1][1]["ref"] == f"pods/{other}"
    get(client, cluster, "?stay=pods/default/vanished", **HTMX)
    assert shop.asked[-1][1]["ref"] == "pods/default/shop"
    get(client, cluster, f"?ref=nodes//node-1&stay=pods/{other}", **HTMX)
    assert shop.asked[-1][1]["ref"] == f"pods/{other}"


def test_the_moment_goes_along(client, cluster, shop):
    text = get(client, cluster, "?ref=pods/default/shop&revision=12&live=false")
    assert shop.asked[-1][1] == {"type": "inspect", "ref": "pods/default/shop", "revision": 12, "live": False}
    assert "as it was at event 12" in text
    assert '<input type="hidden" name="revision" value="12">' in text


def test_a_pod_that_is_gone(client, cluster, shop):
    text = get(client, cluster, "?ref=pods/default/vanished")
    assert "There is no Pod default/vanished at this moment." in text
    assert '<option value="pods/default/vanished" selected>' in text


@pytest.mark.parametrize("ref", ["pods//x", "pods/default/../x", "<script>", "pods/default/" + "x" * 5000, ""])
def test_hostile_references(client, cluster, shop, ref):
    answer = client.get(f"/sandbox/{cluster.id}/pod", {"ref": ref, "stay": ref})
    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode()


def test_what_a_user_named_is_escaped(client, cluster, shop):
    text = get(client, cluster, "?ref=pods/default/shop")
    assert "&lt;b&gt;bold&lt;/b&gt;" in text
    assert "<b>bold" not in text


def test_no_pods(client, cluster, hub, monkeypatch):
    monkeypatch.setattr(hub, "frame", lambda command: {"type": "frame", "log": [], "state": {"pods": {}}})
    assert "No pods yet" in get(client, cluster)


def test_chinese(client, cluster, shop):
    text = get(client, cluster, "?ref=pods/default/shop", **HTMX, **{"accept-language": "zh-CN"})
    assert "就绪探针" in text
    english = r'<(\w+)[^>]*\blang="en"[^>]*>.*?</\1>|<code>.*?</code>|<option.*?</option>|<[^>]*>'
    words = re.sub(english, " ", text, flags=re.DOTALL)
    assert not re.search(r"\b(the|of|and|is|was|not|with)\b", words), words


def test_somebody_elses_cluster(client, cluster, shop):
    client.cookies.clear()
    assert client.get(f"/sandbox/{cluster.id}/pod").status_code == 404


def test_a_silent_worker(client, cluster, hub):
    hub.silent = True
    assert client.get(f"/sandbox/{cluster.id}/pod").status_code == 503


def test_only_looking(client, cluster, shop):
    assert client.post(f"/sandbox/{cluster.id}/pod").status_code == 405


def test_every_sentence_has_its_words():
    """Each key that the engine can give is in the table, and the table holds no other."""
    with open(standing.__file__, encoding="utf-8") as file:
        source = file.read()
    given = set(re.findall(r'word\(\s*"([a-z-]+)"', source))
    given |= {key for pair in re.findall(r'"([a-z-]+)" if [^\n]* else "([a-z-]+)"', source) for key in pair}
    assert given == set(SENTENCES)


@pytest.mark.parametrize(("code", "said"), [
    (0, "well"), (1, "error"), (137, "SIGKILL"), (143, "SIGTERM"), (129, "signal 1"), (7, "own code"),
])
def test_exit_codes_in_words(code, said):
    assert said in meaning(code)
