"""`manage.py prune`: delete the clusters that nobody has used for long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from cluster import store
from cluster.models import Cluster

HOME_KEPT = timedelta(days=1)
SANDBOX_KEPT = timedelta(days=30)


def prune() -> int:
    """Delete first-page clusters unused for a day and sandboxes unused for 30 days; return how many went.

    A cluster that a worker holds is in use, whatever its date says.
    """
    now = timezone.now()
    idle = Cluster.objects.exclude(leased_until__gt=now)
    old = idle.filter(purpose=store.HOME, used__lt=now - HOME_KEPT) | idle.exclude(purpose=store.HOME).filter(
        used__lt=now - SANDBOX_KEPT
    )
    # One by one: a cluster's history can be large, and one transaction for all would keep writers waiting.
    doomed = list(old.values_list("id", flat=True))
    for identifier in doomed:
        Cluster.objects.filter(id=identifier).delete()
    return len(doomed)


class Command(BaseCommand):
    """Delete what nobody uses any more."""

    help = "Deletes clusters of the first page unused for a day and sandboxes unused for 30 days."

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete and say how many."""
        self.stdout.write(f"Deleted {prune()} cluster(s).")
