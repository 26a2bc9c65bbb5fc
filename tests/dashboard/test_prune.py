"""Clusters that nobody uses are deleted, all others stay."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from cluster import store
from cluster.models import Cluster, Node, Snapshot

pytestmark = pytest.mark.django_db


def aged(purpose: str, days: float) -> str:
    cluster = store.create("owner", purpose, 1)
    Cluster.objects.filter(id=cluster.id).update(used=timezone.now() - timedelta(days=days))
    return cluster.id


def test_it_works():
    kept = {aged(store.HOME, 0.9), aged("sandbox", 29.9)}
    doomed = {aged(store.HOME, 1.1), aged("sandbox", 30.1)}
    out = StringIO()
    call_command("prune", stdout=out)
    assert out.getvalue() == "Deleted 2 cluster(s).\n"
    assert set(Cluster.objects.values_list("id", flat=True)) == kept
    assert not Node.objects.filter(cluster__in=doomed).exists()
    assert not Snapshot.objects.filter(cluster__in=doomed).exists()


def test_a_cluster_that_is_played_stays():
    cluster = aged(store.HOME, 5)
    assert store.claim(cluster, "worker")
    call_command("prune", stdout=StringIO())
    assert Cluster.objects.filter(id=cluster).exists()
    Cluster.objects.filter(id=cluster).update(leased_until=timezone.now() - timedelta(seconds=1))
    call_command("prune", stdout=StringIO())
    assert not Cluster.objects.exists()


def test_nothing_to_do():
    call_command("prune", stdout=StringIO())
