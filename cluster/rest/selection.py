"""Which objects a request is about: selectors, pages, revisions (apimachinery/pkg/apis/meta/v1, ListOptions)."""

from __future__ import annotations

from dataclasses import dataclass

from cluster.apiserver import errors
from cluster.apiserver.errors import APIError
from cluster.objects.selectors import FieldSelector, LabelSelector, SelectorError
from cluster.rest.messages import Parameters
from cluster.rest.paths import Target

MATCHES = ("", "Exact", "NotOlderThan")


@dataclass(frozen=True, slots=True)
class Selection:
    """A list's or watch's options. `version` is the resourceVersion as it was given, None without one."""

    labels: LabelSelector | None
    fields: FieldSelector | None
    limit: int
    token: str
    version: int | None
    match: str


def selection(parameters: Parameters, target: Target) -> Selection:
    """Read the options; raises BadRequest and Invalid in the server's words."""
    fields = parameters.text("fieldSelector")
    if target.name:
        fields = f"metadata.name={target.name}"
    return Selection(
        _labels(parameters.text("labelSelector")), _fields(fields), max(0, parameters.number("limit") or 0),
        parameters.text("continue"), _version(parameters.text("resourceVersion")), _match(parameters),
    )


def _labels(text: str) -> LabelSelector | None:
    try:
        return LabelSelector.parse(text) if text else None
    except SelectorError as problem:
        raise errors.bad_request(f"unable to parse requirement: {problem}") from problem


def _fields(text: str) -> FieldSelector | None:
    try:
        return FieldSelector.parse(text) if text else None
    except SelectorError as problem:
        raise errors.bad_request(str(problem)) from problem


def _version(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        why = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise errors.bad_request(why)
    return int(text)


def _match(parameters: Parameters) -> str:
    match = parameters.text("resourceVersionMatch")
    if match not in MATCHES:
        allowed = '"Exact", "NotOlderThan", ""'
        raise _invalid(f'resourceVersionMatch: Unsupported value: "{match}": supported values: {allowed}')
    if "sendInitialEvents" in parameters:
        return match  # of a watch that begins with the present state: it needs no revision
    if match and not parameters.text("resourceVersion"):
        raise _invalid("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")
    if match == "Exact" and parameters.text("resourceVersion") == "0":
        raise _invalid(
            'resourceVersionMatch: Forbidden: resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'
        )
    return match


def _invalid(complaint: str) -> APIError:
    details = {"group": "meta.k8s.io", "kind": "ListOptions"}
    return APIError(422, "Invalid", f'ListOptions.meta.k8s.io "" is invalid: {complaint}', details)


def too_large(wanted: int, newest: int) -> APIError:
    """504: a revision that does not exist yet."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Too large resource version: {wanted}, current: {newest}"
    return APIError(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})
