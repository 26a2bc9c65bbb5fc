"""Signals of Linux: their numbers, and what they do to a process that does not handle them."""

from __future__ import annotations

NUMBERS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "ILL": 4,
    "TRAP": 5,
    "ABRT": 6,
    "BUS": 7,
    "FPE": 8,
    "KILL": 9,
    "USR1": 10,
    "SEGV": 11,
    "USR2": 12,
    "PIPE": 13,
    "ALRM": 14,
    "TERM": 15,
    "STKFLT": 16,
    "CHLD": 17,
    "CONT": 18,
    "STOP": 19,
    "TSTP": 20,
    "TTIN": 21,
    "TTOU": 22,
    "URG": 23,
    "XCPU": 24,
    "XFSZ": 25,
    "VTALRM": 26,
    "PROF": 27,
    "WINCH": 28,
    "IO": 29,
    "PWR": 30,
    "SYS": 31,
}
NAMES = {number: name for name, number in NUMBERS.items()}
# Nothing happens to a process that does not handle these. (Stopping a process is not simulated.)
HARMLESS = frozenset({"CHLD", "CONT", "URG", "WINCH", "STOP", "TSTP", "TTIN", "TTOU"})

# What a shell says of a child that a signal has ended.
TEXTS = {"KILL": "Killed", "TERM": "Terminated", "SEGV": "Segmentation fault", "HUP": "Hangup", "ABRT": "Aborted", "QUIT": "Quit"}


def name_of(text: str) -> str | None:
    """The name of a signal given as TERM, SIGTERM, sigterm or 15; None when there is no such signal. 0 is "0"."""
    upper = text.upper().removeprefix("SIG")
    if upper.isdecimal():
        return "0" if int(upper[:3]) == 0 else NAMES.get(int(upper[:3]))
    return upper if upper in NUMBERS else None


def exit_code(name: str) -> int:
    """128 + the signal's number."""
    return 128 + NUMBERS[name]
