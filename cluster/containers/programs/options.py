"""Options of command lines, as getopt reads them."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.containers.programs.call import Call, UsageError


def parse(
    call: Call,
    flags: str,
    values: str = "",
    long: Mapping[str, str] | None = None,
    *,
    code: int = 1,
    in_order: bool = False,
) -> tuple[dict[str, str], list[str]]:
    """Options and operands of a call. `flags`: letters without, `values`: letters with a value; `long`: --name -> letter.

    A flag's value is how often it was given. Raises UsageError for an unknown option.
    """
    found: dict[str, str] = {}
    operands: list[str] = []
    args = list(call.args)
    names = long or {}
    while args:
        word = args.pop(0)
        if word == "--":
            operands += args
            break
        if word.startswith("--"):
            _long(call, word, args, names, flags, values, found, code)
        elif word.startswith("-") and len(word) > 1:
            _letters(call, word[1:], args, flags, values, found, code)
        else:
            operands.append(word)
            if in_order:
                operands += args
                break
    return found, operands


def _letters(call: Call, letters: str, args: list[str], flags: str, values: str, found: dict[str, str], code: int) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in values:
            if letters:
                found[letter] = letters
            elif args:
                found[letter] = args.pop(0)
            else:
                text = f"option requires an argument: {letter}" if call.busybox else f"option requires an argument -- '{letter}'"
                raise UsageError(text, code)
            return
        if letter not in flags:
            raise UsageError(_unknown(call, letter), code)
        found[letter] = str(int(found.get(letter, "0")) + 1)


def _unknown(call: Call, letter: str) -> str:
    if call.busybox:
        return f"unrecognized option: {letter}"
    return f"invalid option -- '{letter}'\nTry '{call.name} --help' for more information."


def _long(
    call: Call, word: str, args: list[str], names: Mapping[str, str], flags: str, values: str, found: dict[str, str], code: int
) -> None:
    name, equals, value = word[2:].partition("=")
    letter = names.get(name)
    if letter is None:
        if call.busybox:
            raise UsageError(f"unrecognized option: {name}", code)
        raise UsageError(f"unrecognized option '{word}'\nTry '{call.name} --help' for more information.", code)
    if letter in values:
        found[letter] = value if equals or not args else args.pop(0)
    else:
        found[letter] = value if equals else "1"


def number(text: str, default: int = 0) -> int:
    """A whole number, possibly with a sign and one of b, k, K, M, G behind it; the default for anything else."""
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    unit = 1
    for suffix, factor in (
        ("kB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("b", 512),
        ("k", 1 << 10),
        ("K", 1 << 10),
        ("M", 1 << 20),
        ("m", 1 << 20),
        ("G", 1 << 30),
        ("g", 1 << 30),
        ("c", 1),
    ):
        if digits.endswith(suffix) and digits[: -len(suffix)].isdecimal():
            digits, unit = digits[: -len(suffix)], factor
            break
    if not digits.isdecimal() or len(digits) > 18:
        return default
    return sign * int(digits) * unit
