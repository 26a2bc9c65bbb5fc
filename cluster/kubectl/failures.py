"""kubectl's words for what went wrong (kubectl/pkg/cmd/util/helpers.go)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from cluster.apiserver.errors import APIError


def from_server(refusal: APIError, doing: str = "") -> str:
    """A refusal of the API server as kubectl prints it. `doing` is for example `error when creating "web.yaml"`.

    An Invalid names the object and lists several causes; everything else is one sentence with its reason.
    """
    if refusal.reason == "Invalid" and refusal.details.get("kind"):
        return _invalid(refusal)
    return one_line(refusal, doing)


def one_line(refusal: APIError, doing: str = "") -> str:
    """A refusal as kubectl prints it among others."""
    message = f"{doing}: {refusal.message}" if doing else refusal.message
    return f"Error from server ({refusal.reason}): {message}" if refusal.reason else f"Error from server: {message}"


def _invalid(refusal: APIError) -> str:
    head = f'The {refusal.details["kind"]} "{refusal.details["name"]}" is invalid'
    causes = list(dict.fromkeys(f"{cause['field']}: {cause['message']}" for cause in refusal.details.get("causes", [])))
    if not causes:
        return head
    if len(causes) == 1:
        return f"{head}: {causes[0]}"
    return f"{head}: \n" + "\n".join(f"* {cause}" for cause in causes)


def unknown_command(words: Sequence[str], known: Iterable[str]) -> str:
    """For a verb that kubectl does not have; the nearest ones are offered as cobra does."""
    near = difflib.get_close_matches(words[0], sorted({name.split()[0] for name in known}), n=3, cutoff=0.6)
    text = f'error: unknown command "{words[0]}" for "kubectl"'
    if near:
        text += "\n\nDid you mean this?\n" + "\n".join(f"\t{name}" for name in near)
    return text
