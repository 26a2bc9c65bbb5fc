"""A sandbox belongs to one browser: everybody else gets the same answer as for one that does not exist."""

import pytest
from django.test import Client

from cluster import store
from cluster.models import Cluster
from dashboard.views.panels import PANELS

pytestmark = pytest.mark.django_db

LOOKS = ("", "table", *(f"panel/{name}/" for name in PANELS))
ACTS = ("delete/", "apply/")


@pytest.fixture
def cluster(client: Client) -> Cluster:
    client.post("/sandbox/")
    return Cluster.objects.get()


@pytest.mark.parametrize("address", LOOKS)
def test_it_works(client, hub, cluster, address):
    assert client.get(f"/sandbox/{cluster.id}/{address}").status_code == 200


@pytest.mark.parametrize("address", LOOKS)
def test_a_stranger_sees_nothing(hub, cluster, address):
    stranger = Client()
    stranger.post("/sandbox/")
    page = stranger.get(f"/sandbox/{cluster.id}/{address}")
    missing = stranger.get(f"/sandbox/{'z' * 20}/{address}")
    assert page.status_code == missing.status_code == 404
    assert "There is no such page." in page.content.decode()
    assert hub.asked == []


@pytest.mark.parametrize("address", ACTS)
def test_a_stranger_does_nothing(hub, cluster, address):
    assert Client().post(f"/sandbox/{cluster.id}/{address}", {"text": "x"}).status_code == 404
    assert Cluster.objects.filter(id=cluster.id).exists()
    assert hub.asked == []


def test_an_empty_owner_lets_nobody_in(hub):
    cluster = store.create("", "sandbox", 1)
    assert Client().get(f"/sandbox/{cluster.id}/").status_code == 404


def test_the_id_alone_is_not_enough_without_a_session(hub, cluster):
    browser = Client()
    browser.cookies["sessionid"] = "guessed"
    assert browser.get(f"/sandbox/{cluster.id}/").status_code == 404
