"""Sentences with places: how a template and its arguments become text. Languages are the dashboard's business.

Templates are written like those of the narration: `{name}`, `{n, plural, one {# Pod} other {# Pods}}`, `**bold**`. A place whose
argument is a list gets its items, joined.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PLACE = re.compile(r"\{(\w+)(?:, plural, ((?:\w+ \{[^{}]*\} ?)+))?\}")
_FORM = re.compile(r"(\w+) \{([^{}]*)\}")


def fill(template: str, args: Mapping[str, Any], separator: str = ", ") -> str:
    """The sentence with its places filled; `separator` joins lists. A place without an argument is left empty."""

    def place(found: re.Match[str]) -> str:
        value = args.get(found[1], "")
        if found[2] is None:
            return separator.join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        forms = dict(_FORM.findall(found[2]))
        form = forms.get("one") if value == 1 else None
        return (forms["other"] if form is None else form).replace("#", str(value))

    return _PLACE.sub(place, template)
