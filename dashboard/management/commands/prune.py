"""`manage.py prune`: delete the clusters that nobody has used for long. The workers do it by themselves, too."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from cluster import store


class Command(BaseCommand):
    """Delete what nobody uses any more."""

    help = "Deletes clusters of the first page unused for a day and sandboxes unused for 30 days."

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete and say how many."""
        self.stdout.write(f"Deleted {store.prune()} cluster(s).")
