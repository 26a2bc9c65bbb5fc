"""python, node, perl, ruby, php, java: what can be told from a line of program, a server from a module, or the image's own."""

from __future__ import annotations

import re

from cluster.containers.files import FileError
from cluster.containers.programs import python as small_python
from cluster.containers.programs.call import FOREVER, Call, Wait, program
from cluster.containers.programs.servers import serve

MEMORY = {"node": 40 << 20, "java": 90 << 20, "ruby": 20 << 20, "php": 16 << 20, "perl": 8 << 20}
MOST_DIGITS = 5_000
MOST_LINE = 20_000  # characters of a program that are read
VERSIONS = {
    "python": "Python {}",
    "python3": "Python {}",
    "node": "v{}",
    "ruby": "ruby {}",
    "php": "PHP {} (cli)",
    "perl": "This is perl 5, version 40",
    "java": 'openjdk version "{}"',
    "go": "go version go{} linux/amd64",
}


@program("irb", "jshell")
def prompt(call: Call) -> int | Wait:
    """A prompt: without a terminal it meets the end of its input at once."""
    opened = call.stdin()
    return FOREVER if opened is not None and opened.kind == "tty" else 0


@program("hello")
def hello(call: Call) -> int:
    """The image hello-world."""
    call.out("\nHello from a simulated container!\nIt has been pulled, created and started; now it ends.\n\n")
    return 0


@program("python", "python3")
def python(call: Call) -> int | Wait:
    """python -c PROGRAM, python FILE, python -m http.server [port]"""
    args = [word for word in call.args if word not in ("-u", "-B", "-O", "-I", "-q")]
    if args and args[0] in ("-V", "--version"):
        call.out(f"Python {call.software.version}\n")
        return 0
    if args[:1] == ["-c"]:
        call.memo["argv"] = args[2:]
        return small_python.run(call, args[1] if len(args) > 1 else "")
    if args[:1] == ["-m"]:
        return _module(call, args[1:])
    if not args or args[0] == "-":
        opened = call.stdin()
        return (
            FOREVER
            if opened is not None and opened.kind == "tty"
            else small_python.run(call, call.read() if "text" not in call.memo else "")
        )
    return _file(call, args[0], small=True)


def _module(call: Call, words: list[str]) -> int | Wait:
    memo = call.memo
    if words[:1] != ["http.server"]:
        if words and words[0] in ("flask", "gunicorn", "uvicorn") and call.software.servers:
            return serve(call, next(iter(call.software.servers.values())))
        call.err(f"{call.proc.argv[0]}: No module named {words[0] if words else ''}\n")
        return 1
    if "ports" in memo:
        return FOREVER
    port = next((int(word[:5]) for word in words[1:] if word.isdecimal()), 8000)
    folder = next((words[place + 1] for place, word in enumerate(words[:-1]) if word in ("-d", "--directory")), ".")
    if any(taken == port for taken, _ in call.kernel.listeners()):
        call.err("OSError: [Errno 98] Address already in use\n")
        return 1
    call.hold(small_python.BASE + (6 << 20))
    if "begun" not in memo:
        memo["begun"] = call.now
        return call.until(call.now + 150)
    memo.update(ports=[port], protocol="http", root=call.path(folder), listing=True)
    call.kernel.turned()
    call.out(f"Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...\n")
    return FOREVER


def _file(call: Call, name: str, *, small: bool) -> int | Wait:
    """A program file: the image's own application serves; what lies there and is simple runs."""
    if call.software.servers:
        return serve(call, next(iter(call.software.servers.values())))
    try:
        text = call.text(name)
    except FileError as error:
        return _cannot_open(call, name, error)
    if small:
        if re.search(r"\b(Flask|FastAPI|HTTPServer|Django|socketserver)\b", text):
            return _application(call, text)
        return small_python.run(call, text, call.path(name))
    return _line(call, text)


def _cannot_open(call: Call, name: str, error: FileError) -> int:
    path = call.path(name)
    if call.name.startswith("python"):
        call.err(f"{call.proc.argv[0]}: can't open file '{path}': [Errno 2] {error}\n")
        return 2
    if call.name == "node":
        call.err(f"node:internal/modules/cjs/loader:1404\n  throw err;\n  ^\n\nError: Cannot find module '{path}'\n")
        return 1
    if call.name == "java":
        call.err(f"Error: Unable to access jarfile {name}\n")
        return 1
    call.err(f"{call.name}: {error} -- {name} (LoadError)\n" if call.name == "ruby" else f"Could not open input file: {name}\n")
    return 1


def _application(call: Call, text: str) -> int | Wait:
    """A web application: it listens on the port that its text names."""
    memo = call.memo
    if "ports" in memo:
        return FOREVER
    found = re.search(r"(?:port\s*=\s*|listen\(\s*|,\s*)(\d{2,5})\b", text)
    ports = [int(found[1])] if found else list(call.run.get("ports", [])) or [5000]
    if "begun" not in memo:
        memo["begun"] = call.now
        call.hold(MEMORY.get(call.name, 30 << 20))
        return call.until(call.now + 400)
    memo.update(ports=ports, protocol="http")
    call.kernel.turned()
    return FOREVER


@program("node", "ruby", "php", "perl", "perl5", "java")
def interpreter(call: Call) -> int | Wait:
    """node -e PROGRAM, ruby -e, perl -e, php -r; php -S address; java -jar FILE"""
    args, memo = call.args, call.memo
    if args and args[0] in ("-v", "--version", "-version", "-V"):
        call.out(VERSIONS.get(call.name, "{}").format(call.software.version) + "\n")
        return 0
    if call.name == "php" and "-S" in args[:-1]:
        port = int(re.sub(r"\D", "", args[args.index("-S") + 1].rpartition(":")[2])[:5] or 8000)
        memo.update(ports=[port], protocol="http", root=call.proc.cwd)
        call.kernel.turned()
        return FOREVER
    if "started" not in memo:
        memo["started"] = True
        call.hold(MEMORY.get(call.name, 20 << 20))
        if not call.is_alive:
            return 137
    for place, word in enumerate(args):
        if re.fullmatch(r"-[a-zA-Z]*[er]|--eval|-p|--print", word) and not word.startswith("-M"):
            return _line(call, args[place + 1] if place + 1 < len(args) else "", " ".join(args[:place]))
    if call.name == "java" and "-jar" in args[:-1]:
        return _jar(call, args[args.index("-jar") + 1])
    names = [word for word in args if not word.startswith("-")]
    if not names:
        opened = call.stdin()
        return FOREVER if opened is not None and opened.kind == "tty" else 0
    return _file(call, names[0], small=False)


def _jar(call: Call, name: str) -> int | Wait:
    if call.software.generic or call.view.get(call.path(name)) is not None or call.software.servers:
        return _application(call, "")
    call.err(f"Error: Unable to access jarfile {name}\n")
    return 1


_CLOCK = re.compile(r"set(Timeout|Interval)\s*\(.*?,\s*([0-9_]{1,12})\s*\)", re.S)
_SAID = re.compile(
    r"(?:console\.(log|error)|(?<![\w$])(print|puts|echo|say))\s*\(?\s*(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|`([^`]*)`|(-?[0-9]+))"
)


def _line(call: Call, text: str, before: str = "") -> int | Wait:
    """A line of program, read for what it prints, how long it takes and how it ends."""
    memo = call.memo
    text = text[:MOST_LINE]
    digits = re.search(r"bpi\(\s*([0-9]{1,5})\s*\)", text)
    if digits and "bpi" in before + text:
        return _pi(call, min(int(digits[1]), MOST_DIGITS))
    if re.search(r"createServer|\.listen\(", text):
        return _application(call, text)
    if "due" in memo and call.now < memo["due"]:
        return call.until(memo["due"])
    clock = _CLOCK.search(text)
    inner = clock[0] if clock else ""
    if not memo.get("said"):
        memo["said"] = 1
        _say(call, text.replace(inner, "") if inner else text)
        sleeps = sum(float(seconds) * 1_000 for seconds in re.findall(r"\bsleep\s*\(?\s*([0-9]{1,7}(?:\.[0-9]{1,3})?)", text))
        if clock or sleeps:
            memo["due"] = call.now + (int(clock[2].replace("_", "")) if clock else round(sleeps))
            return call.until(memo["due"])
    if clock:
        _say(call, inner)
        if "exit(" in inner:
            return _code(inner)
        if clock[1] == "Interval":
            memo["due"] = call.now + max(int(clock[2].replace("_", "")), 1)
            call.kernel.charge(call.proc, program=True)
            return call.until(max(memo["due"], -(-call.proc.wake // 1_000)))
    if re.search(r"while\s*\(?\s*(true|1)\s*\)?|loop\s+do|for\s*\(;;\)", text):
        if re.search(r"\bsleep\b", text):
            memo["said"] = 0
            return call.until(call.now + 1)
        call.hold(call.proc.memory, 1_000)
        return FOREVER
    if re.search(r"\b(throw|raise|die)\b", text):
        found = re.search(r"(?:throw|raise|die)\D*?[\"'(]+([^\"')]*)", text)
        call.err(f"Error: {found[1] if found else ''}\n")
        return 1 if call.name != "perl" else 255
    return _code(text)


def _code(text: str) -> int:
    found = re.search(r"exit\s*\(?\s*([0-9]{1,3})", text)
    return int(found[1]) & 255 if found else 0


def _say(call: Call, text: str) -> None:
    for found in _SAID.finditer(text):
        said = next((part for part in found.groups()[2:] if part is not None), "")
        ending = "" if found[2] in ("print", "echo") and call.name in ("perl", "php") else "\n"
        call.put(2 if found[1] == "error" else 1, said.replace("\\n", "\n") + ending)


def _pi(call: Call, digits: int) -> int | Wait:
    """The example of a Job: digits of pi, which take a CPU for some seconds."""
    memo = call.memo
    if "due" not in memo:
        memo["due"] = call.now + 500 + digits * digits // 1_000
        call.hold(call.proc.memory, 1_000)
        return call.until(memo["due"])
    if call.now < memo["due"]:
        return call.until(memo["due"])
    call.out(pi(digits) + "\n")
    return 0


def pi(digits: int) -> str:
    """3.14159… with so many digits in all (Machin's formula, whole numbers)."""
    unity = 10 ** (digits + 10)

    def inverse_tangent(x: int) -> int:
        power = total = unity // x
        count, sign = 3, -1
        while power:
            power //= x * x
            total += sign * (power // count)
            count, sign = count + 2, -sign
        return total

    text = str(4 * (4 * inverse_tangent(5) - inverse_tangent(239)))
    return f"{text[0]}.{text[1:digits]}"
