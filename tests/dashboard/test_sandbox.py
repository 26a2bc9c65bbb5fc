"""The visitor's sandboxes: list, new, open, delete."""

import re

import pytest
from django.test import Client

from cluster.models import Cluster
from dashboard.views.sandboxes import MAX_SANDBOXES

pytestmark = pytest.mark.django_db


def new(client: Client) -> Cluster:
    before = set(Cluster.objects.values_list("id", flat=True))
    answer = client.post("/sandbox/")
    assert answer.status_code == 302
    made = Cluster.objects.exclude(id__in=before).get()
    assert answer["Location"] == f"/sandbox/{made.id}/"
    return made


def test_it_works(client, hub):
    cluster = new(client)
    text = client.get(f"/sandbox/{cluster.id}/").content.decode()
    assert f'data-cluster="{cluster.id}"' in text
    assert re.findall(r'role="tab" id="tab-(\w+)"', text) == ["editor", "details", "services", "nodes", "events"]
    assert 'data-file="editor.yaml"' in text
    assert f'href="/sandbox/{cluster.id}/table"' in text
    assert not re.search(r"<style|\son[a-z]+=|javascript:|\sstyle=", text)


def test_the_list_names_what_is_there(client, hub):
    assert "No sandbox yet" in client.get("/sandbox/").content.decode()
    cluster = new(client)
    text = client.get("/sandbox/").content.decode()
    assert f"Sandbox {cluster.id[:4]}" in text
    assert '<td class="num">4</td><td class="num">0</td>' in text


def test_at_most_five(client, hub):
    made = [new(client) for _ in range(MAX_SANDBOXES)]
    refused = client.post("/sandbox/")
    assert refused.status_code == 409
    assert f"the oldest (Sandbox {made[0].id[:4]})" in refused.content.decode()
    assert Cluster.objects.count() == MAX_SANDBOXES
    client.post(f"/sandbox/{made[0].id}/delete/")
    new(client)


def test_the_home_cluster_does_not_count(client, hub):
    client.get("/")
    for _ in range(MAX_SANDBOXES):
        new(client)


def test_the_first_page_leads_to_the_last_used(client, hub):
    first = client.post("/sandbox/open/")
    again = client.post("/sandbox/open/")
    assert first.url == again.url
    assert Cluster.objects.count() == 1


def test_delete(client, hub):
    cluster = new(client)
    assert client.post(f"/sandbox/{cluster.id}/delete/").url == "/sandbox/"
    assert client.get(f"/sandbox/{cluster.id}/").status_code == 404
    assert client.post(f"/sandbox/{cluster.id}/delete/").status_code == 404


def test_changes_need_post(client, hub):
    cluster = new(client)
    for address in ("/sandbox/open/", f"/sandbox/{cluster.id}/delete/", f"/sandbox/{cluster.id}/apply/"):
        assert client.get(address).status_code == 405
    assert Cluster.objects.count() == 1


def test_changes_need_the_token(hub):
    strict = Client(enforce_csrf_checks=True)
    for address in ("/sandbox/", "/sandbox/open/"):
        page = strict.post(address)
        assert page.status_code == 403
        assert "This form is too old." in page.content.decode()
    assert Cluster.objects.count() == 0


def test_examples_come_one_by_one(client):
    answer = client.get("/examples/nginx-demo.yaml")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "kind: Deployment" in answer.content.decode()
    assert client.get("/examples/nobody.yaml").status_code == 404
    assert client.get("/examples/..%2F__init__.py").status_code == 404
