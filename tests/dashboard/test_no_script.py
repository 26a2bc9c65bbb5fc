"""Without JavaScript the same state is there as tables."""

import re

import pytest

from cluster import store
from cluster.models import Cluster, Pod

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster(client):
    client.get("/sandbox/")
    return store.create(client.session["visitor"], store.HOME, 4)


def test_it_works(client, cluster):
    text = client.get(f"/sandbox/{cluster.id}/table").content.decode()
    for name in ("node-1", "node-2", "node-3"):
        assert f'<th scope="row">{name}</th>' in text
    pods = list(Pod.objects.filter(cluster=cluster))
    assert len(pods) == 5
    for pod in pods:
        assert pod.name in text
        assert pod.pod_ip in text
    assert "deployments.apps" in text


def test_every_table_has_headings(client, cluster):
    text = client.get(f"/sandbox/{cluster.id}/table").content.decode()
    assert text.count("<table") == text.count("<thead") == 4
    assert len(re.findall(r"<h1", text)) == 1


def test_names_are_escaped(client, cluster):
    Pod.objects.filter(cluster=cluster).update(status="<script>alert(1)</script>")
    text = client.get(f"/sandbox/{cluster.id}/table").content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_the_pages_lead_there(client, hub):
    client.post("/sandbox/")
    sandbox = Cluster.objects.get(purpose="sandbox")
    link = f'href="/sandbox/{sandbox.id}/table"'
    noscript = re.findall(r"<noscript>(.*?)</noscript>", client.get(f"/sandbox/{sandbox.id}/").content.decode(), re.DOTALL)
    assert any(link in words for words in noscript)
    home = re.findall(r"<noscript>(.*?)</noscript>", client.get("/").content.decode(), re.DOTALL)
    assert any("/table" in words for words in home)


def test_an_apply_without_script_leads_to_the_tables(client, hub):
    client.post("/sandbox/")
    sandbox = Cluster.objects.get()
    assert client.post(f"/sandbox/{sandbox.id}/apply/", {"text": "x"}).url == f"/sandbox/{sandbox.id}/table"
