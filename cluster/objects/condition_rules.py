"""Rules of `status.conditions` (apimachinery/pkg/apis/meta/v1/validation/validation.go)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cluster.objects.documents import Document
from cluster.objects.field_errors import duplicate, invalid, not_supported, required, too_long
from cluster.objects.names import qualified_name
from cluster.objects.registry import FieldError

STATUSES = ("False", "True", "Unknown")
REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
REASON_RULE = (
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or "
    "'_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or "
    "'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"
)
LONGEST_REASON = 1024
LONGEST_MESSAGE = 32 * 1024


def condition_errors(conditions: Sequence[Document], path: str) -> list[FieldError]:
    """Complaints about conditions of the usual form (ValidateConditions)."""
    found: list[FieldError] = []
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        name = condition.get("type", "")
        if name in seen:
            found.append(duplicate(f"{path}[{index}].type", name))
        seen.add(name)
        found += _errors(condition, f"{path}[{index}]")
    return found


def _errors(condition: Document, path: str) -> list[FieldError]:
    name: Any = condition.get("type", "")
    found = [invalid(f"{path}.type", name, complaint) for complaint in qualified_name(name)]
    if condition.get("status") not in STATUSES:
        found.append(not_supported(f"{path}.status", condition.get("status", ""), STATUSES))
    generation = condition.get("observedGeneration", 0)
    if generation < 0:
        found.append(invalid(f"{path}.observedGeneration", generation, "must be greater than or equal to zero"))
    if not condition.get("lastTransitionTime"):
        found.append(required(f"{path}.lastTransitionTime"))
    reason = condition.get("reason", "")
    if not reason:
        found.append(required(f"{path}.reason"))
    elif not REASON.fullmatch(reason):
        found.append(invalid(f"{path}.reason", reason, REASON_RULE))
    if len(reason.encode()) > LONGEST_REASON:
        found.append(too_long(f"{path}.reason", LONGEST_REASON))
    if len(condition.get("message", "").encode()) > LONGEST_MESSAGE:
        found.append(too_long(f"{path}.message", LONGEST_MESSAGE))
    return found
