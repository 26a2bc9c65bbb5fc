"""date, uptime, sleep, timeout, time: what has to do with virtual time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from cluster.containers import signals
from cluster.containers.programs.call import FOREVER, Call, UsageError, Wait, program
from cluster.objects import times

_UNITS = {"": 1_000, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LONGEST_SLEEP = 10_000 * 365 * 86_400_000


def moment(at: int) -> datetime:
    """The time of day at a virtual moment."""
    return times.EPOCH + timedelta(milliseconds=min(at, 200 * 365 * 86_400_000))


@lru_cache(maxsize=256)
def duration(text: str) -> int | None:
    """Milliseconds of `1.5`, `10s`, `2m`; -1 for ever; None when it is no duration."""
    if text in ("infinity", "inf"):
        return -1
    found = re.fullmatch(r"([0-9]{0,15}(?:\.[0-9]{0,9})?)([smhd]?)", text)
    if not found or not re.search("[0-9]", found[1]):
        return None
    return min(round(float(found[1]) * _UNITS[found[2]]), LONGEST_SLEEP)


@program("sleep", "usleep")
def sleep(call: Call) -> int | Wait:
    """sleep NUMBER[smhd]…"""
    memo = call.memo
    if "until" in memo:
        return 0 if call.now >= memo["until"] else call.until(memo["until"])
    if not call.args:
        if call.busybox:
            call.err("BusyBox v1.37.0 () multi-call binary.\n\nUsage: sleep [N]...\n")
            return 1
        call.err("sleep: missing operand\nTry 'sleep --help' for more information.\n")
        return 1
    total = 0
    for word in call.args:
        length = duration(word)
        if length is None:
            if call.busybox:
                return call.fail(f"invalid number '{word}'")
            call.err(f"sleep: invalid time interval '{word}'\nTry 'sleep --help' for more information.\n")
            return 1
        if length < 0:
            return FOREVER
        total += length
    if call.name == "usleep":
        total //= 1_000_000
    memo["until"] = call.now + total
    # To the microsecond: a sleep ends so much after it began.
    return ("sleep", call.kernel.now + total * 1_000) if total else 0


@program("timeout")
def timeout(call: Call) -> int | Wait:
    """timeout [-s signal] [-k duration] DURATION COMMAND…"""
    memo = call.memo
    if "child" in memo:
        return _timed(call)
    args, signal, grace = list(call.args), "TERM", -1
    while args and args[0].startswith("-"):
        word = args.pop(0)
        value = word.partition("=")[2] if "=" in word else None
        if word[:2] in ("-s", "-k", "-t") or word.startswith(("--signal", "--kill-after")):
            value = (
                value if value is not None else (word[2:] if len(word) > 2 and word[1] != "-" else (args.pop(0) if args else ""))
            )
            if "k" in word[:4]:
                grace = duration(value) or 0
            elif word[:2] == "-t":
                args.insert(0, value)
            else:
                signal = signals.name_of(value) or "TERM"
    length = duration(args[0]) if args else None
    if length is None or len(args) < 2:
        raise UsageError(f"invalid time interval '{args[0]}'" if args and length is None else "missing operand", 125)
    child = call.spawn(args[1:])
    if isinstance(child, int):
        return child
    memo.update(child=child.id, due=call.now + length if length > 0 else None, signal=signal, grace=grace)
    call.proc.handles = ["TERM", "INT", "HUP"]
    return call.wait_or(memo["due"])


def _timed(call: Call) -> int | Wait:
    memo, kernel = call.memo, call.kernel
    child = kernel.procs.get(memo["child"])
    if child is None:
        code = int(memo.get("ended", [0, kernel.results.get(memo["child"], 0)])[1])
        if not memo.get("hit"):
            return code
        return 124 if code != 137 or (memo["signal"] == "KILL" and not call.busybox) else 137
    for signal in list(call.proc.signals):
        kernel.kill(child, signal)
    call.proc.signals.clear()
    if memo["due"] is not None and call.now >= memo["due"]:
        name = memo["signal"] if not memo.get("hit") else "KILL"
        memo["hit"] = True
        memo["due"] = call.now + memo["grace"] if memo["grace"] >= 0 and name != "KILL" else None
        kernel.kill(child, name)
        if child.id not in kernel.procs:
            return 143 if memo["signal"] == "TERM" and call.busybox else 137 if name == "KILL" else 124
    return call.wait_or(memo["due"])


@program("time")
def time(call: Call) -> int | Wait:
    """time COMMAND…"""
    memo = call.memo
    if "child" not in memo:
        if not call.args:
            return 0
        child = call.spawn(call.args)
        if isinstance(child, int):
            return child
        memo.update(child=child.id, begun=call.now)
    if memo["child"] in call.kernel.procs:
        return call.wait_or(None)
    took = call.now - memo["begun"]
    call.err(f"real\t{took // 60_000}m {took % 60_000 / 1000:.2f}s\nuser\t0m 0.00s\nsys\t0m 0.00s\n")
    return int(memo.get("ended", [0, 0])[1])


@program("nohup", "nice", "setsid", "stdbuf", "ionice")
def only_run(call: Call) -> int | Wait:
    """nohup COMMAND…: the command itself."""
    args = list(call.args)
    while args and args[0].startswith("-"):
        word = args.pop(0)
        if word in ("-n", "-o", "-e", "-i", "-c") and args:
            args.pop(0)
    return call.become(args) if args else 0


_FORMATS = {
    "a": "%a",
    "A": "%A",
    "b": "%b",
    "B": "%B",
    "h": "%b",
    "d": "%d",
    "H": "%H",
    "I": "%I",
    "j": "%j",
    "m": "%m",
    "M": "%M",
    "p": "%p",
    "S": "%S",
    "u": "%u",
    "w": "%w",
    "y": "%y",
    "Y": "%Y",
    "C": "%C",
    "U": "%U",
    "V": "%V",
    "G": "%G",
    "c": "%a %b %e %H:%M:%S %Y",
    "D": "%m/%d/%y",
    "e": "%e",
    "F": "%Y-%m-%d",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "T": "%H:%M:%S",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
    "k": "%k",
    "l": "%l",
}


@program("date")
def date(call: Call) -> int:
    """date [-u] [-d TIME] [-Iseconds] [-R] [+FORMAT]"""
    args = call.args
    at = moment(call.now)
    if not args:
        call.out(at.strftime("%a %b %e %H:%M:%S UTC %Y\n"))
        return 0
    form, rest = "%a %b %e %H:%M:%S UTC %Y", list(args)
    while rest:
        word = rest.pop(0)
        if word.startswith("+"):
            form = word[1:]
        elif word in ("-u", "--utc", "--universal"):
            continue
        elif word == "-R":
            form = "%a, %d %b %Y %H:%M:%S +0000"
        elif word.startswith(("-I", "--iso-8601")):
            form = "%Y-%m-%d" if word in ("-I", "--iso-8601", "-Idate") else "%Y-%m-%dT%H:%M:%S+00:00"
        elif (word in ("-d", "--date", "-r") and rest) or word.startswith("--date="):
            text = word[7:] if word.startswith("--date=") else rest.pop(0)
            found = call_time(call, text) if word != "-r" else moment(call.stat(text).modified)
            if found is None:
                return call.fail(f"invalid date '{text}'")
            at = found
        elif word == "-s" or not word.startswith("-"):
            call.err(
                "date: can't set date: Operation not permitted\n"
                if call.busybox
                else "date: cannot set date: Operation not permitted\n"
            )
            return 1
        else:
            return call.fail(
                f"unrecognized option: {word.lstrip('-')[:1]}" if call.busybox else f"invalid option -- '{word.lstrip('-')[:1]}'"
            )
    call.out(formatted(at, form) + "\n")
    return 0


def formatted(at: datetime, form: str) -> str:
    """A time in the form of `date +…`."""

    def one(found: re.Match[str]) -> str:
        pad, letter = found[1], found[2]
        if letter == "s":
            return str(int(at.timestamp()))
        if letter == "N":
            return f"{at.microsecond * 1000:09d}"
        if letter == "Z":
            return "UTC"
        if letter == "z":
            return "+0000"
        if letter in "%nt":
            return {"%": "%", "n": "\n", "t": "\t"}[letter]
        text = at.strftime(_FORMATS[letter]) if letter in _FORMATS else found[0]
        return text.lstrip("0 ") or "0" if pad == "-" else text

    return re.sub(r"%([-_0]?)3?([A-Za-z%])", one, form)


def call_time(call: Call, text: str) -> datetime | None:
    """The time that `date -d` names: @seconds, now, ISO, or so many units from now."""
    text = text.strip()
    if re.fullmatch(r"@-?[0-9]{1,11}", text):
        return datetime.fromtimestamp(int(text[1:]), UTC)
    relative = re.fullmatch(r"(?:now\s*)?([-+]?\s*[0-9]{1,6})\s*(second|sec|minute|min|hour|day|week)s?(\s+ago)?", text)
    if relative:
        unit = {"sec": 1, "min": 60, "hou": 3600, "day": 86_400, "wee": 604_800}[relative[2][:3]]
        count = int(relative[1].replace(" ", "")) * (-1 if relative[3] else 1)
        return moment(call.now) + timedelta(seconds=count * unit)
    days = {"now": 0, "today": 0, "yesterday": -1, "tomorrow": 1}
    if text in days:
        return moment(call.now) + timedelta(days=days[text])
    try:
        found = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(timezone.utc)  # noqa: UP017


@program("uptime")
def uptime(call: Call) -> int:
    """uptime"""
    seconds = call.now // 1_000
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    since = (f"{days} day{'s' * (days != 1)}, " if days else "") + (f"{hours:2d}:{minutes:02d}" if hours else f"{minutes} min")
    call.out(f" {moment(call.now):%H:%M:%S} up {since},  0 users,  load average: 0.00, 0.00, 0.00\n")
    return 0


@program("watch")
def watch(call: Call) -> int | Wait:
    """watch [-n seconds] COMMAND…: again and again, until it is stopped."""
    memo, args, pause = call.memo, list(call.args), 2_000
    while args and args[0].startswith("-"):
        word = args.pop(0)
        if word.startswith("-n"):
            pause = max(duration(word[2:] or (args.pop(0) if args else "2")) or 2_000, 100)
    if not args:
        raise UsageError("no command given")
    if memo.get("child") in call.kernel.procs:
        return call.wait_or(None)
    if "child" in memo and call.now < memo["next"]:
        return call.until(memo["next"])
    child = call.spawn(["sh", "-c", " ".join(args)])
    if isinstance(child, int):
        return child
    memo.update(child=child.id, next=call.now + pause)
    return call.wait_or(None)
