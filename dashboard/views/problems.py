"""The pages for what went wrong."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from dashboard.views.asking import problem


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: no such page, or a sandbox of somebody else."""
    return problem(request, 404, gettext("There is no such page."), gettext(
        "Perhaps the sandbox was deleted, or it belongs to another browser."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return problem(request, 403, gettext("This is not allowed."), gettext("You may not do this here."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token."""
    return problem(request, 403, gettext("This form is too old."), gettext(
        "Go back, load the page again and repeat what you did. Cookies must be allowed."))
