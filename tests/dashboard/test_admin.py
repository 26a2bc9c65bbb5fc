"""Django's admin shows every table and changes none."""

import pytest
from django.contrib.auth.models import User

from cluster import store
from cluster.models import Branch, Cluster, Node, Pod, Resource, Revision, Service, Snapshot

pytestmark = pytest.mark.django_db
MODELS = (Cluster, Branch, Revision, Snapshot, Node, Pod, Service, Resource)


@pytest.fixture
def admin(client):
    store.create("the-token-of-the-owner", store.HOME, 1)
    client.force_login(User.objects.create_superuser("admin"))
    return client


@pytest.mark.parametrize("model", MODELS)
def test_it_works(admin, model):
    address = f"/admin/cluster/{model._meta.model_name}/"
    assert admin.get(address).status_code == 200
    assert admin.get(address, {"q": "node-1"}).status_code == 200
    row = model.objects.first()
    if row is not None:
        page = admin.get(f"{address}{row.pk}/change/")
        assert page.status_code == 200
        assert "the-token-of-the-owner" not in page.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_nothing_can_be_changed(admin, model):
    address = f"/admin/cluster/{model._meta.model_name}/"
    assert admin.get(f"{address}add/").status_code == 403
    row = model.objects.first()
    if row is not None:
        assert admin.post(f"{address}{row.pk}/change/", {}).status_code == 403
        assert admin.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert model.objects.filter(pk=row.pk).exists()


def test_visitors_stay_outside(client):
    assert client.get("/admin/cluster/cluster/").status_code == 302
