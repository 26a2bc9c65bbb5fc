"""The Django application that serves the pages."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Pages, live feed, console and commands."""

    name = "dashboard"
    default_auto_field = "django.db.models.BigAutoField"
