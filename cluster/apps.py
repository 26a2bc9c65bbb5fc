"""The Django application that holds the simulated clusters."""

from django.apps import AppConfig


class ClusterConfig(AppConfig):
    """Models, worker and store of the clusters; the engine below them knows nothing of Django."""

    name = "cluster"
    default_auto_field = "django.db.models.BigAutoField"
