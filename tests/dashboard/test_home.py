"""The first page: a small cluster of the visitor's own, drawn from the first moment."""

import json
import re

import pytest
from django.test import Client

from cluster import store
from cluster.models import Cluster

pytestmark = pytest.mark.django_db


def test_it_works(client, hub):
    page = client.get("/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "Watch Kubernetes make up its mind." in text
    cluster = Cluster.objects.get()
    assert cluster.purpose == store.HOME
    assert f'data-cluster="{cluster.id}"' in text
    frame = json.loads(re.search(r'id="first-frame" type="application/json">(.*?)</script>', text)[1])
    assert len(frame["state"]["nodes"]) == 4
    sentences = json.loads(re.search(r'id="sentences" type="application/json">(.*?)</script>', text)[1])
    assert "**scheduler** binds {pod}" in sentences["scheduler.bind"]


def test_a_visitor_keeps_their_cluster(client, hub):
    for _ in range(3):
        assert client.get("/").status_code == 200
    assert Cluster.objects.count() == 1


def test_two_visitors_have_two(client, hub):
    client.get("/")
    Client().get("/")
    assert Cluster.objects.values_list("owner", flat=True).distinct().count() == 2


def test_a_silent_simulator_is_told(client, hub):
    hub.silent = True
    page = client.get("/")
    assert page.status_code == 503
    assert "The simulator does not answer." in page.content.decode()


def test_a_refusal_is_told_in_its_words(client, hub):
    hub.refusal = "This sandbox was stopped."
    client.post("/sandbox/open/")
    for address in ("/", f"/sandbox/{Cluster.objects.get(purpose='sandbox').id}/"):
        page = client.get(address)
        assert page.status_code == 503
        assert hub.refusal in page.content.decode()


def test_other_methods_are_refused(client, hub):
    assert client.post("/").status_code == 405
    assert Cluster.objects.count() == 0


def test_help(client):
    page = client.get("/help/")
    assert page.status_code == 200
    assert "What is simplified" in page.content.decode()


def test_nothing_inline(client, hub):
    text = client.get("/").content.decode()
    assert not re.search(r"<style|\son[a-z]+=|javascript:|\sstyle=", text)
    scripts = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", text)
    assert all('type="application/json"' in attributes for attributes in scripts)
