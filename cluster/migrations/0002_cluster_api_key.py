from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import cluster.models


def give_keys(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """A key of its own for every cluster that there is."""
    for row in apps.get_model("cluster", "Cluster").objects.all():
        row.api_key = cluster.models.new_key()
        row.save(update_fields=["api_key"])


class Migration(migrations.Migration):
    dependencies = [("cluster", "0001_initial")]

    operations = [
        migrations.AddField(
            "cluster", "api_key",
            models.CharField(
                default=cluster.models.new_key, editable=False, max_length=40, null=True,
                help_text="The secret in the address of its Kubernetes API.",
            ),
        ),
        migrations.RunPython(give_keys, migrations.RunPython.noop),
        migrations.AlterField(
            "cluster", "api_key",
            models.CharField(
                default=cluster.models.new_key, editable=False, max_length=40, unique=True,
                help_text="The secret in the address of its Kubernetes API.",
            ),
        ),
    ]
