"""Tools that show the system: processes, users, memory, names, variables."""

from __future__ import annotations

import re

from cluster.containers import signals
from cluster.containers.files import FileError
from cluster.containers.kernel import NoProgram
from cluster.containers.process import Proc
from cluster.containers.programs import options
from cluster.containers.programs.call import PROGRAMS, Call, UsageError, Wait, lines_of, program
from cluster.containers.programs.clock import moment
from cluster.containers.shell import loading

MEMORY = 8 << 30  # bytes of the node, as its containers see them


@program("true")
def true(call: Call) -> int:
    return 0


@program("false")
def false(call: Call) -> int:
    return 1


@program("pwd")
def pwd(call: Call) -> int:
    """pwd"""
    call.out(call.proc.cwd + "\n")
    return 0


@program("hostname", "hostid")
def hostname(call: Call) -> int:
    """hostname [-i|-I|-f|-s]"""
    sandbox = call.kernel.sandbox
    if call.name == "hostid":
        call.out("00000000\n")
    elif set(call.args) & {"-i", "-I", "--all-ip-addresses"}:
        call.out(sandbox["ip"] + (" \n" if "-I" in call.args else "\n"))
    elif call.args and not call.args[0].startswith("-"):
        return call.fail("sethostname: Operation not permitted" if call.busybox else "you must be root to change the host name")
    else:
        call.out(sandbox["hostname"] + "\n")
    return 0


def _accounts(call: Call) -> list[list[str]]:
    try:
        return [line.split(":") for line in lines_of(call.view.read("/etc/passwd")) if line.count(":") >= 6]
    except FileError:
        return []


def user_name(call: Call, uid: int) -> str:
    """The name of a user; the number when there is none."""
    found = next((account[0] for account in _accounts(call) if account[2] == str(uid)), None)
    return found or ("root" if uid == 0 else str(uid))


def user_number(call: Call, name: str) -> int | None:
    """The number of a user given by name or number; None when there is no such user."""
    if name.isdecimal():
        return int(name[:9])
    found = next((account[2] for account in _accounts(call) if account[0] == name), None)
    return int(found) if found is not None else (0 if name == "root" else None)


@program("id")
def identity(call: Call) -> int:
    """id [-u|-g|-un|-gn]"""
    uid, words = call.proc.uid, "".join(word.lstrip("-") for word in call.args)
    name = user_name(call, uid)
    if "u" in words or "g" in words or "G" in words:
        call.out((name if "n" in words else str(uid if "u" in words or uid == 0 else call.proc.uid)) + "\n")
        return 0
    label = "" if name == str(uid) else f"({name})"
    group = "(root)" if uid == 0 or not label else f"({name})"
    gid = 0 if uid == 0 or not label else uid
    call.out(f"uid={uid}{label} gid={gid}{group} groups={gid}{group}\n")
    return 0


@program("whoami", "who")
def whoami(call: Call) -> int:
    """whoami"""
    if call.name == "who":
        return 0
    name = user_name(call, call.proc.uid)
    if name == str(call.proc.uid):
        return call.fail(f"unknown uid {call.proc.uid}" if call.busybox else f"cannot find name for user ID {call.proc.uid}")
    call.out(name + "\n")
    return 0


@program("env")
def env(call: Call) -> int | Wait:
    """env [-i] [-u NAME] [NAME=VALUE]… [COMMAND…]"""
    args, values = list(call.args), dict(call.env)
    while args and args[0].startswith("-"):
        word = args.pop(0)
        if word in ("-i", "-", "--ignore-environment"):
            values = {}
        elif word == "-u" and args:
            values.pop(args.pop(0), None)
    while args and "=" in args[0]:
        name, _, value = args.pop(0).partition("=")
        values[name] = value
    if args:
        return call.become(args, values)
    call.out("".join(f"{name}={value}\n" for name, value in values.items()))
    return 0


@program("printenv")
def printenv(call: Call) -> int:
    """printenv [NAME]…"""
    if not call.args:
        call.out("".join(f"{name}={value}\n" for name, value in call.env.items()))
        return 0
    found = [call.env[name] for name in call.args if name in call.env]
    call.out("".join(f"{value}\n" for value in found))
    return 0 if len(found) == len(call.args) else 1


@program("uname")
def uname(call: Call) -> int:
    """uname [-asnrvmo]"""
    known = {
        "s": "Linux",
        "n": call.kernel.sandbox["hostname"],
        "r": "6.12.0",
        "v": "#1 SMP",
        "m": "x86_64",
        "o": "Linux" if call.busybox else "GNU/Linux",
    }
    letters = "".join(word.lstrip("-")[:1] if word.startswith("--") else word.lstrip("-") for word in call.args) or "s"
    wanted = "snrvmo" if "a" in letters else [letter for letter in "snrvmo" if letter in letters]
    call.out(" ".join(known[letter] for letter in wanted) + "\n")
    return 0


@program("nproc")
def nproc(call: Call) -> int:
    """nproc: the CPUs of the node; a limit does not change them."""
    call.out("2\n")
    return 0


@program("arch")
def arch(call: Call) -> int:
    call.out("x86_64\n")
    return 0


@program("tty")
def tty(call: Call) -> int:
    if not call.is_tty:
        call.out("not a tty\n")
        return 1
    call.out("/dev/pts/0\n")
    return 0


@program("clear", "reset", "stty")
def nothing(call: Call) -> int:
    return 0


@program("which")
def which(call: Call) -> int:
    """which name…"""
    code = 0
    for name in call.args:
        try:
            path, _ = call.kernel.find_program(
                call.proc.container, name, call.env.get("PATH", loading.PATH), call.proc.cwd, call.proc.uid
            )
            call.out(path + "\n")
        except NoProgram:
            code = 1
    return code


# --- processes -----------------------------------------------------------------------------------------------------------


def _neighbours(call: Call) -> list[Proc]:
    """The processes of the same container, this one among them."""
    found = {proc.id: proc for proc in call.kernel.procs.values() if proc.container == call.proc.container}
    found[call.proc.id] = call.proc
    return sorted(found.values(), key=lambda proc: proc.pid)


@program("ps")
def ps(call: Call) -> int:
    """ps [aux|-ef|-o …]"""
    words = "".join(call.args)
    rows = _neighbours(call)
    if call.busybox:
        call.out("PID   USER     TIME  COMMAND\n")
        for proc in rows:
            call.out(f"{proc.pid:5d} {user_name(call, proc.uid)[:8]:8s} {_cpu_time(call, proc, 5):>5s} {' '.join(proc.argv)}\n")
    elif "u" in words:
        call.out("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n")
        for proc in rows:
            call.out(
                f"{user_name(call, proc.uid)[:8]:8s} {proc.pid:7d} {proc.cpu / 10:4.1f} {proc.memory * 100 / MEMORY:4.1f} "
                f"{proc.memory >> 9:6d} {proc.memory >> 10:5d} ?        {_state(proc):4s} {moment(proc.started):%H:%M} "
                f"{_cpu_time(call, proc, 6):>6s} {' '.join(proc.argv)}\n"
            )
    else:
        full = "f" in words
        numbers = {proc.id: proc.pid for proc in rows}
        call.out("UID          PID    PPID  C STIME TTY          TIME CMD\n" if full else "    PID TTY          TIME CMD\n")
        for proc in rows:
            clock = f"00:{_cpu_time(call, proc, 0):0>5s}"
            if full:
                call.out(
                    f"{user_name(call, proc.uid)[:8]:8s} {proc.pid:7d} {numbers.get(proc.parent, 0):7d}  0 "
                    f"{moment(proc.started):%H:%M} ?        {clock} "
                    f"{' '.join(proc.argv)}\n"
                )
            else:
                call.out(f"{proc.pid:7d} ?        {clock} {proc.argv[0].rpartition('/')[2][:15]}\n")
    return 0


def _state(proc: Proc) -> str:
    running = proc.busy >= 0 or proc.cpu >= 500
    return ("R" if running else "S") + ("s" if proc.pid == 1 else "")


def _cpu_time(call: Call, proc: Proc, width: int) -> str:
    seconds = (call.now - proc.started) * proc.cpu // 1_000_000
    return f"{seconds // 60}:{seconds % 60:02d}".rjust(width)


@program("top")
def top(call: Call) -> int | Wait:
    """top [-b] [-n count]: every five seconds."""
    memo = call.memo
    count = next((options.number(call.args[place + 1]) for place, word in enumerate(call.args[:-1]) if word in ("-n", "-bn")), 0)
    joined = re.search(r"-b?n([0-9]{1,6})", " ".join(call.args))
    count = count or (int(joined[1]) if joined else 0)
    used = sum(proc.memory for proc in call.kernel.procs.values())
    busy = min(sum(proc.cpu for proc in call.kernel.procs.values()) // 20, 100)
    call.out(
        f"Mem: {used >> 10}K used, {(MEMORY - used) >> 10}K free, 0K shrd, 0K buff, 0K cached\n"
        f"CPU:  {busy}% usr   0% sys   0% nic  {100 - busy}% idle   0% io   0% irq   0% sirq\n"
        "Load average: 0.00 0.00 0.00 1/100 1\n  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n"
    )
    for proc in sorted(_neighbours(call), key=lambda proc: -proc.cpu):
        call.out(
            f"{proc.pid:5d} {0:5d} {user_name(call, proc.uid)[:8]:8s} {_state(proc):4s} {proc.memory >> 10:5d} "
            f"{proc.memory * 100 // MEMORY:3d}%   0 {proc.cpu // 20:3d}% {' '.join(proc.argv)}\n"
        )
    memo["shown"] = memo.get("shown", 0) + 1
    return 0 if count and memo["shown"] >= count else call.until(call.now + 5_000)


@program("free")
def free(call: Call) -> int:
    """free [-hmg]"""
    shift = next((bits for letter, bits in (("g", 30), ("m", 20), ("b", 0)) if f"-{letter}" in call.args), 10)
    used = sum(proc.memory for proc in call.kernel.procs.values())
    texts = [
        f"{number >> shift}" if "-h" not in call.args else f"{number / (1 << 30):.1f}G"
        for number in (MEMORY, used, MEMORY - used, 0, 0, MEMORY - used)
    ]
    call.out("              total        used        free      shared  buff/cache   available\n")
    call.out(
        "Mem:    " + " ".join(f"{text:>11s}" for text in texts) + "\nSwap:   " + " ".join(f"{0:>11}" for _ in range(3)) + "\n"
    )
    return 0


@program("kill")
def kill(call: Call) -> int:
    """kill [-s SIGNAL|-SIGNAL] pid…; kill -l"""
    args, name = list(call.args), "TERM"
    if args[:1] == ["-l"]:
        call.out("".join(f"{number}) {known}\n" for known, number in signals.NUMBERS.items()))
        return 0
    if args and args[0].startswith("-") and args[0] != "--":
        word = args.pop(0)
        if word == "-s":
            word = "-" + (args.pop(0) if args else "")
        known = signals.name_of(word[1:])
        if known is None:
            return call.fail(f"bad signal name '{word[1:]}'" if call.busybox else f"{word[1:]}: invalid signal specification")
        name = known
    args = [word for word in args if word != "--"]
    if not args:
        raise UsageError(
            "you need to specify whom to kill"
            if call.busybox
            else "usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]"
        )
    return max([_kill_one(call, word, name) for word in args])


def _kill_one(call: Call, word: str, name: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,9}|%[0-9]+", word):
        return call.fail(f"invalid number '{word}'" if call.busybox else f"{word}: arguments must be process or job IDs")
    if word.startswith("%") or word in ("-1",):
        targets = [proc for proc in _neighbours(call) if proc.pid != 1 and proc is not call.proc]
    else:
        targets = [
            proc for proc in call.kernel.procs.values() if proc.container == call.proc.container and proc.pid == abs(int(word))
        ]
    if not targets:
        return call.fail(f"can't kill pid {word}: No such process" if call.busybox else f"({word}) - No such process")
    for target in targets:
        if call.proc.uid and target.uid != call.proc.uid:
            return call.fail(
                f"can't kill pid {word}: Operation not permitted" if call.busybox else f"({word}) - Operation not permitted"
            )
        if target.id in call.kernel.procs:
            call.kernel.kill(target, name)
    return 0


@program("pkill", "killall", "pgrep", "pidof")
def pkill(call: Call) -> int:
    """pkill [-SIGNAL] [-f] PATTERN; killall NAME; pgrep [-fl] PATTERN; pidof NAME"""
    args, name = list(call.args), "TERM"
    full = False
    while args and args[0].startswith("-"):
        word = args.pop(0)
        known = signals.name_of(word[1:])
        full = full or word in ("-f", "-lf", "-fl", "-af")
        if known is not None and call.name in ("pkill", "killall"):
            name = known
    if not args:
        raise UsageError("no matching criteria specified", 2)
    pattern, exact = args[-1], call.name in ("killall", "pidof")
    found = []
    for proc in _neighbours(call):
        if proc.id == call.proc.id:
            continue
        text = " ".join(proc.argv) if full else proc.argv[0].rpartition("/")[2]
        if (text == pattern) if exact else _contains(pattern, text):
            found.append(proc)
    if call.name in ("pgrep", "pidof"):
        pids = [str(proc.pid) for proc in found]
        if pids:
            call.out((" ".join(pids) if call.name == "pidof" else "\n".join(pids)) + "\n")
        return 0 if pids else 1
    for proc in found:
        if proc.id in call.kernel.procs:
            call.kernel.kill(proc, name)
    if not found and call.name == "killall":
        call.fail(f"{pattern}: no process killed" if call.busybox else f"{pattern}: no process found")
    return 0 if found else 1


def _contains(pattern: str, text: str) -> bool:
    from cluster.containers.programs import regex

    try:
        return regex.compiled(pattern, extended=True).search(text) is not None
    except regex.BadPattern:
        return False


@program("xargs")
def xargs(call: Call) -> int | Wait:
    """xargs [-0] [-n count] [-I {}] [-r] [-t] [COMMAND…]"""
    memo = call.memo
    found, command = options.parse(call, "0rtpx", "nIPLsdE", {"null": "0", "no-run-if-empty": "r"}, in_order=True)
    command = command or ["echo"]
    if "todo" not in memo:
        text = call.read()
        memo["todo"] = _arguments(text, found)
        memo["empty"] = not memo["todo"]
        memo["code"] = 0
        if memo["empty"] and "r" not in found and "I" not in found and not call.busybox:
            memo["todo"] = [None]
    if memo.get("child") in call.kernel.procs:
        return call.wait_or(None)
    if "ended" in memo and memo.pop("ended")[1]:
        memo["code"] = 123
    size = options.number(found.get("n", "1000"), 1000) if "I" not in found and "L" not in found else 1
    while memo["todo"]:
        batch = [word for word in memo["todo"][:size] if word is not None]
        memo["todo"] = memo["todo"][size:]
        argv = [word.replace(found["I"], batch[0]) for word in command] if "I" in found else [*command, *batch]
        if "t" in found:
            call.err(" ".join(argv) + "\n")
        child = call.spawn(argv)
        if isinstance(child, int):
            return child
        memo["child"] = child.id
        return call.wait_or(None)
    return int(memo["code"])


def _arguments(text: str, found: dict[str, str]) -> list[str]:
    if "0" in found:
        return [word for word in text.split("\0") if word][:50_000]
    if "d" in found:
        return [word for word in text.rstrip("\n").split(found["d"].replace("\\n", "\n")) if word][:50_000]
    if "I" in found or "L" in found:
        return [line.strip() for line in lines_of(text) if line.strip()][:50_000]
    words = re.findall(r"(?:\"[^\"\n]*\"|'[^'\n]*'|\\.|[^\s\"'\\])+", text)
    return [re.sub(r"\"([^\"]*)\"|'([^']*)'|\\(.)", lambda part: part[1] or part[2] or part[3] or "", word) for word in words][
        :50_000
    ]


@program("sh-input")
def shell_input(call: Call) -> int | Wait:
    """A shell without a script runs what it reads; at a terminal it waits for somebody to type."""
    from cluster.containers.process import Shell

    opened = call.stdin()
    if opened is not None and opened.kind == "tty":
        call.proc.handles = []
        return call.more()
    text = call.read()
    shell = Shell.from_row(call.memo.pop("shell"))
    call.memo.clear()
    call.proc.program = "sh"
    call.proc.shell = shell
    loading.begin(call.kernel, call.proc, shell, text)
    return ("run", 0)


@program("busybox")
def busybox(call: Call) -> int | Wait:
    """busybox APPLET…"""
    if not call.args:
        call.out("BusyBox v1.37.0 () multi-call binary.\n\nUsage: busybox [function [arguments]...]\n")
        return 0
    if call.args[0] not in PROGRAMS and call.args[0] not in loading.SHELLS:
        call.err(f"{call.args[0]}: applet not found\n")
        return 127
    return call.become(call.args)


@program("getopt", "logger", "su", "renice", "dmesg", "ldconfig", "update-ca-certificates")
def quiet(call: Call) -> int:
    return 0


@program("apt-get", "apt", "apk", "dnf", "yum", "microdnf", "pip", "pip3", "npm", "yarn", "dpkg", "rpm", "gem")
def package_manager(call: Call) -> int:
    """Packages come from registries that a simulated container cannot reach."""
    if not call.args or call.args[0] in ("--version", "-v", "list", "-l"):
        call.out(f"{call.name} (simulated)\n")
        return 0
    return call.fail("packages cannot be downloaded in the simulated cluster; choose an image that has what you need", 100)


@program("expr")
def expr(call: Call) -> int:
    """expr: a sum, a comparison, a match, a length"""
    args = call.args
    if len(args) == 2 and args[0] == "length":
        call.out(f"{len(args[1])}\n")
        return 0
    if len(args) == 4 and args[0] == "substr":
        start = options.number(args[2])
        call.out(args[1][start - 1 : start - 1 + options.number(args[3])] + "\n")
        return 0
    if len(args) == 3 and args[1] == ":":
        from cluster.containers.programs import regex

        found = regex.compiled(args[2] if args[2].startswith("^") else "^" + args[2], extended=False).search(args[0])
        if found is None:
            call.out("0\n")
            return 1
        call.out((args[0][slice(*found[1])] if len(found) > 1 else str(found[0][1])) + "\n")
        return 0
    from cluster.containers.shell.arithmetic import ArithmeticFault, DivisionByZero, evaluate

    if (len(args) == 3 and args[1] in ("=", "!=")) or any(not re.fullmatch(r"-?[0-9]+|[-+*/%()<>=!|&]+", word) for word in args):
        if len(args) == 3 and args[1] in ("=", "!="):
            same = (args[0] == args[2]) == (args[1] == "=")
            call.out(f"{int(same)}\n")
            return int(not same)
        return call.fail("non-integer argument" if not call.busybox else "non-numeric argument", 2)
    try:
        value = evaluate(" ".join("==" if word == "=" else word for word in args), {})
    except ArithmeticFault as fault:
        return call.fail("division by zero" if isinstance(fault, DivisionByZero) else "syntax error", 2)
    call.out(f"{value}\n")
    return int(not value)
