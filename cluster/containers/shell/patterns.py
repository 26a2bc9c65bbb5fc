"""Patterns of the shell: `*`, `?`, `[a-z]`; a backslash takes the meaning from what follows it.

Matched by going forward with one way back (to the last star), so that no pattern takes longer than text times pattern.
"""

from __future__ import annotations

import re
from functools import lru_cache

SPECIAL = re.compile(r"[*?\[\\]")
# Unquoted text that may stand for names of files; a lone `[` is the command of that name.
MAGIC = re.compile(r"[*?\\]|\[.*\]", re.S)
_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": " \\t\\n\\r\\f\\v",
    "blank": " \\t",
    "punct": re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    "xdigit": "0-9a-fA-F",
}
# Removal of a prefix or suffix tries every length; beyond this much work it is refused.
MOST_WORK = 4_000_000

_Token = str | re.Pattern[str] | None  # a character, a set; "" is any one character, None any number of them


class PatternTooCostly(Exception):
    """A pattern that would take too long on so long a text."""


def quoted(text: str) -> str:
    """A pattern that matches just this text."""
    return SPECIAL.sub(r"\\\g<0>", text)


def has_magic(pattern: str) -> bool:
    """Whether something in the pattern stands for more than itself."""
    return re.search(r"(?<!\\)(?:\\\\)*[*?\[]", pattern) is not None


def plain_text(pattern: str) -> str:
    """The pattern as text, without its backslashes."""
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.S) if "\\" in pattern else pattern


@lru_cache(maxsize=1024)
def _tokens(pattern: str) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            if not tokens or tokens[-1] is not None:
                tokens.append(None)
        elif char == "?":
            tokens.append("")
        elif char == "\\" and at < len(pattern):
            tokens.append(pattern[at])
            at += 1
        elif char == "[":
            end, found = _bracket(pattern, at)
            tokens.append(found if found is not None else "[")
            at = end
        else:
            tokens.append(char)
    return tuple(tokens)


def _bracket(pattern: str, at: int) -> tuple[int, re.Pattern[str] | None]:
    start = at
    inner = ""
    if pattern[at : at + 1] in ("!", "^"):
        inner = "^"
        at += 1
    first = True
    while at < len(pattern):
        if pattern[at] == "]" and not first:
            try:
                return at + 1, re.compile(f"[{inner}]", re.S)
            except re.error:
                return start, None
        first = False
        named = re.compile(r"\[:(\w+):\]").match(pattern, at)
        if named and named[1] in _CLASSES:
            inner += _CLASSES[named[1]]
            at = named.end()
            continue
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            char = pattern[at]
        inner += char if char == "-" or char.isalnum() else re.escape(char)
        at += 1
    return start, None


def _one(token: _Token, char: str) -> bool:
    if isinstance(token, str):
        return token in ("", char)
    return token is not None and token.match(char) is not None


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches."""
    if not SPECIAL.search(pattern):
        return pattern == text
    tokens = _tokens(pattern)
    at = place = 0
    star, resume = -1, 0
    while at < len(text):
        if place < len(tokens) and tokens[place] is None:
            star, resume = place, at
            place += 1
        elif place < len(tokens) and _one(tokens[place], text[at]):
            at += 1
            place += 1
        elif star >= 0:
            resume += 1
            at, place = resume, star + 1
        else:
            return False
    return all(token is None for token in tokens[place:])


def remove_prefix(text: str, pattern: str, *, longest: bool) -> str:
    """`${x#pattern}`, `${x##pattern}`."""
    _check(text, pattern)
    lengths = range(len(text), -1, -1) if longest else range(len(text) + 1)
    return next((text[length:] for length in lengths if matches(pattern, text[:length])), text)


def remove_suffix(text: str, pattern: str, *, longest: bool) -> str:
    """`${x%pattern}`, `${x%%pattern}`."""
    _check(text, pattern)
    starts = range(len(text) + 1) if longest else range(len(text), -1, -1)
    return next((text[:start] for start in starts if matches(pattern, text[start:])), text)


def replace(text: str, pattern: str, replacement: str, *, everywhere: bool) -> str:
    """`${x/pattern/replacement}`, `${x//pattern/replacement}`: the longest match from the left."""
    if not has_magic(pattern):
        plain = plain_text(pattern)
        return text.replace(plain, replacement, -1 if everywhere else 1) if plain else text
    _check(text * 2, pattern)
    gathered, at = [], 0
    while at < len(text):
        end = next((end for end in range(len(text), at, -1) if matches(pattern, text[at:end])), None)
        if end is None:
            gathered.append(text[at])
            at += 1
            continue
        gathered.append(replacement)
        at = end
        if not everywhere:
            break
    return "".join(gathered) + text[at:]


def _check(text: str, pattern: str) -> None:
    if has_magic(pattern) and len(text) ** 2 * len(_tokens(pattern)) > MOST_WORK:
        raise PatternTooCostly
