"""The Scheduler view as the server writes it: a page without JavaScript, a fragment with it, at any moment, for any Pod."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cluster import store
from cluster.models import Cluster
from tests.support.explained import explained

pytestmark = pytest.mark.django_db
HTMX = {"hx-request": "true"}


@pytest.fixture
def cluster(client):
    client.get("/sandbox/")
    return store.create(client.session["visitor"], store.HOME, 4)


@pytest.fixture
def told(hub, monkeypatch) -> list[dict[str, Any]]:
    """The worker explains with a made-up decision; what it was asked is in the list."""
    asked: list[dict[str, Any]] = []

    def explain(command: dict[str, Any]) -> dict[str, Any]:
        asked.append(command)
        return explained()

    plain = hub.frame
    decided = [("first", 7), ("second", 9)]
    log = [*({"r": r, "objs": [f"pods/default/{name}"], "why": {}} for name, r in decided), {"r": 11, "objs": []}]
    monkeypatch.setattr(hub, "frame", lambda command: {**plain(command), "log": log})
    monkeypatch.setattr(hub, "explain", explain, raising=False)
    return asked


def test_it_works(client, cluster: Cluster, told):
    text = client.get(f"/sandbox/{cluster.id}/scheduler").content.decode()
    assert text.count("<h1") == 1
    assert text.count('scope="row"') >= 5
    assert "untolerated taint" in text
    assert "500m &gt; 300m" in text
    assert re.search(r'data-total="632"', text)
    assert "decided at event 33, 0:14.2" in text


def test_htmx_gets_the_fragment(client, cluster: Cluster, told):
    text = client.get(f"/sandbox/{cluster.id}/scheduler", headers=HTMX).content.decode()
    assert "<html" not in text
    assert text.lstrip().startswith('<div class="sch__b"')
    assert 'data-pod="pods/default/web-6d4cf56db6-m8v2t"' in text


def test_without_a_pod_the_newest_decision_is_told(client, cluster: Cluster, told):
    client.get(f"/sandbox/{cluster.id}/scheduler?revision=12&live=false")
    assert told == [{"type": "explain", "ref": "pods/default/second", "revision": 12, "changes": []}]


def test_a_chosen_pod_is_told(client, cluster: Cluster, told):
    client.get(f"/sandbox/{cluster.id}/scheduler?ref=pods/default/other")
    assert told[0]["ref"] == "pods/default/other"


@pytest.mark.parametrize("ref", ["nodes//node-1", "pods//nameless", "pods/default/../x", "<b>", "deployments.apps/default/web"])
def test_what_is_no_pod_does_not_count(client, cluster: Cluster, told, ref):
    client.get(f"/sandbox/{cluster.id}/scheduler", {"ref": ref})
    assert told[0]["ref"] == "pods/default/second"


def test_changes_go_along(client, cluster: Cluster, told):
    change = {"do": "uncordon", "node": "node-1"}
    client.get(f"/sandbox/{cluster.id}/scheduler", {"change": [json.dumps(change), '{"do": "drop-spread"}']})
    assert told[0]["changes"] == [change, {"do": "drop-spread"}]


def test_changes_for_another_pod_are_dropped(client, cluster: Cluster, told):
    client.get(f"/sandbox/{cluster.id}/scheduler", {"change": '{"do": "drop-spread"}', "for": "pods/default/other"})
    assert told[0]["changes"] == []


@pytest.mark.parametrize("text", ["", "[]", "3", "{", "null", "[" * 5000, '{"do": "' + "x" * 3000 + '"}'])
def test_hostile_changes_are_refused_with_a_sentence(client, cluster: Cluster, told, text):
    answer = client.get(f"/sandbox/{cluster.id}/scheduler", {"change": text})
    assert answer.status_code == 200
    assert "This change cannot be understood." in answer.content.decode()
    assert told == []


def test_too_many_changes_are_refused(client, cluster: Cluster, told):
    answer = client.get(f"/sandbox/{cluster.id}/scheduler", {"change": ["{}"] * 9})
    assert "At most 8 changes at once." in answer.content.decode()
    assert told == []


def test_a_refusal_of_the_worker_is_shown(client, cluster: Cluster, told, hub, monkeypatch):
    monkeypatch.setattr(hub, "explain", lambda command: {"type": "error", "message": "There is no <Pod> there."})
    text = client.get(f"/sandbox/{cluster.id}/scheduler").content.decode()
    assert "There is no &lt;Pod&gt; there." in text


def test_names_are_escaped(client, cluster: Cluster, told, hub, monkeypatch):
    hostile = explained()
    hostile["rows"][1]["values"] = {}
    hostile["rows"][1]["reason"] = hostile["pod"]["name"] = "<script>alert(1)</script>"
    monkeypatch.setattr(hub, "explain", lambda command: hostile)
    assert "<script>alert" not in client.get(f"/sandbox/{cluster.id}/scheduler").content.decode()


def test_nothing_decided_yet(client, cluster: Cluster, told, hub, monkeypatch):
    monkeypatch.setattr(hub, "frame", lambda command: {"type": "frame", "log": [], "state": {"pods": {}, "queue": []}})
    text = client.get(f"/sandbox/{cluster.id}/scheduler").content.decode()
    assert "Nothing to decide yet" in text
    assert told == []


def test_a_waiting_pod_comes_first(client, cluster: Cluster, told, hub, monkeypatch):
    plain = hub.frame

    def waiting(command):
        frame = plain(command)
        return {**frame, "log": [], "state": {**frame["state"], "queue": ["default/lonely"]}}

    monkeypatch.setattr(hub, "frame", waiting)
    client.get(f"/sandbox/{cluster.id}/scheduler")
    assert told[0]["ref"] == "pods/default/lonely"


def test_the_past_is_marked_and_kept_in_the_forms(client, cluster: Cluster, told):
    text = client.get(f"/sandbox/{cluster.id}/scheduler?revision=12&live=false").content.decode()
    assert "as it was at event 12" in text
    assert text.count('<input type="hidden" name="revision" value="12">') >= 2


def test_a_pod_that_is_gone_stays_in_the_list(client, cluster: Cluster, told):
    text = client.get(f"/sandbox/{cluster.id}/scheduler?ref=pods/default/vanished").content.decode()
    assert '<option value="pods/default/vanished" selected>' in text


def test_chinese(client, cluster: Cluster, told):
    text = client.get(f"/sandbox/{cluster.id}/scheduler", headers={"accept-language": "zh-CN"}).content.decode()
    assert "不容忍的污点" in text
    assert "untolerated taint<" not in text


def test_somebody_elses_cluster(client, cluster: Cluster, told):
    client.cookies.clear()
    assert client.get(f"/sandbox/{cluster.id}/scheduler").status_code == 404


def test_a_silent_worker(client, cluster: Cluster, hub):
    hub.silent = True
    assert client.get(f"/sandbox/{cluster.id}/scheduler").status_code == 503


def test_only_looking(client, cluster: Cluster, told):
    assert client.post(f"/sandbox/{cluster.id}/scheduler").status_code == 405
