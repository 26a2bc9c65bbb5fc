"""`manage.py prepare`: translations, static files and database tables, as far as they are stale."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from dashboard.assets import collect_static, compile_messages


class Command(BaseCommand):
    """Bring everything that is made from the sources up to date; `serve` calls it at every start."""

    help = "Compiles translations, collects static files and applies migrations, as far as needed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what is needed and say what was done."""
        if written := compile_messages():
            self.stdout.write(f"Compiled {len(written)} translation file(s).")
        if collect_static():
            self.stdout.write("Collected the static files.")
        if migrate():
            self.stdout.write("Applied the database migrations.")


def migrate() -> bool:
    """Apply the migrations that the database lacks; return whether there were any."""
    connection = connections[DEFAULT_DB_ALIAS]
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        call_command("migrate", interactive=False, verbosity=0)
    connection.close()
    return bool(missing)
