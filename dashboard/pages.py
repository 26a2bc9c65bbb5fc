"""The pages of the site."""

from django.urls import URLPattern, URLResolver, path

from dashboard.views import home, panels, sandboxes, scheduler

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("help/", home.help_page, name="help"),
    path("sandbox/", sandboxes.sandboxes, name="sandboxes"),
    path("sandbox/open/", sandboxes.open_latest, name="sandbox-open"),
    path("sandbox/<str:cluster>/", sandboxes.sandbox, name="sandbox"),
    path("sandbox/<str:cluster>/table", sandboxes.table, name="sandbox-table"),
    path("sandbox/<str:cluster>/scheduler", scheduler.scheduler, name="scheduler"),
    path("sandbox/<str:cluster>/delete/", sandboxes.delete, name="sandbox-delete"),
    path("sandbox/<str:cluster>/apply/", panels.apply, name="apply"),
    path("sandbox/<str:cluster>/panel/<str:name>/", panels.panel, name="panel"),
]
