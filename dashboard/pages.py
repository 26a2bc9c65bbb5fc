"""The pages of the site."""

from django.urls import URLPattern, URLResolver, path

from dashboard.views import access, home, large, panels, pod, rollout, sandboxes, scheduler

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("help/", home.help_page, name="help"),
    path("sandbox/", sandboxes.sandboxes, name="sandboxes"),
    path("sandbox/open/", sandboxes.open_latest, name="sandbox-open"),
    path("sandbox/<str:cluster>/", sandboxes.sandbox, name="sandbox"),
    path("sandbox/<str:cluster>/table", sandboxes.table, name="sandbox-table"),
    path("sandbox/<str:cluster>/scheduler", scheduler.scheduler, name="scheduler"),
    path("sandbox/<str:cluster>/pod", pod.pod, name="pod"),
    path("sandbox/<str:cluster>/rollout", rollout.rollout, name="rollout"),
    path("sandbox/<str:cluster>/delete/", sandboxes.delete, name="sandbox-delete"),
    path("sandbox/<str:cluster>/kubectl", access.access, name="access"),
    path("sandbox/<str:cluster>/kubectl/revoke/", access.revoke, name="access-revoke"),
    path("kubeconfig/<str:key>", access.config, name="kubeconfig"),
    path("examples/<str:name>", sandboxes.example, name="example"),
    path("big/", large.large, name="large"),
    path("big/<str:cluster>/", large.large_map, name="large-map"),
    path("big/<str:cluster>/end/", large.large_end, name="large-end"),
    path("big/<str:cluster>/nodes/", large.large_table, name="large-table"),
    path("big/<str:cluster>/nodes/<str:name>/", large.large_node, name="large-node"),
    path("big/<str:cluster>/pods/<str:namespace>/<str:name>/", large.large_pod, name="large-pod"),
    path("sandbox/<str:cluster>/apply/", panels.apply, name="apply"),
    path("sandbox/<str:cluster>/panel/<str:name>/", panels.panel, name="panel"),
]
