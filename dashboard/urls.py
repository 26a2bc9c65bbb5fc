"""The addresses of the site."""

from django.contrib import admin
from django.urls import include, path

from dashboard.views.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("dashboard.pages")),
]

handler403 = "dashboard.views.problems.forbidden"
handler404 = "dashboard.views.problems.not_found"
