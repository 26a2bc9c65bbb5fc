"""Servers as processes: they start, say what they say, listen, and end when they are told to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cluster.containers.programs import nginx, stores
from cluster.containers.programs.call import FOREVER, Call, Wait, program
from cluster.containers.software import Server

STOPPING = ("TERM", "QUIT", "INT")
# How long nginx tries to take a port that another process of the Pod has.
BIND_TRIES, BIND_PAUSE = 5, 500
_PORT = re.compile(r"(?:port|listen|bind)[= ]\D{0,12}?(\d{2,5})\b")


def serve(call: Call, server: Server) -> int | Wait:
    """One step in the life of a server."""
    memo, proc = call.memo, call.proc
    if proc.signals:
        ended = _signalled(call, server)
        if ended is not None:
            return ended
    if "begun" not in memo:
        refused = _begin(call, server)
        if refused is not None:
            return refused
    age = call.now - memo["begun"]
    while memo["said"] < len(server.says) and server.says[memo["said"]][0] <= age:
        text = server.says[memo["said"]][1]
        memo["said"] += 1
        call.put(2 if "[notice]" in text or "[emerg]" in text else 1, text + "\n")
    if age >= server.start and "ports" not in memo:
        taken = _bind(call, server)
        if taken is not None:
            return taken
        if not call.is_alive:
            return 137
    times = [server.says[memo["said"]][0]] if memo["said"] < len(server.says) else []
    if "ports" not in memo:
        times.append(max(server.start, age + 1))
    if "fails_from" in memo and age < memo["fails_from"]:
        times.append(memo["fails_from"])
    elif memo.get("fails_from") is not None and age >= memo["fails_from"]:
        call.kernel.turned()
    return call.until(memo["begun"] + min(times)) if times else FOREVER


def _begin(call: Call, server: Server) -> int | None:
    memo, proc = call.memo, call.proc
    if server.flavour == "nginx":
        answered = _nginx_option(call)
        if answered is not None:
            return answered
        try:
            nginx.configuration(call.view)
        except nginx.BadConfiguration as error:
            call.err(f"{_stamp(call)} [emerg] 1#1: {error}\nnginx: [emerg] {error}\n")
            return 1
    memo["begun"], memo["said"] = call.now, 0
    memo["protocol"] = server.protocol
    if "liveness" in call.args[:1]:
        memo["fails_from"] = 10_000
    proc.handles = [*STOPPING, "HUP", "USR1", "USR2"] if server.stops else []
    limit = call.run.get("memory_limit")
    # What is too much for the limit is reached on the way.
    call.hold(server.memory if limit is None or server.memory <= limit else min(server.memory, limit) // 2, 0)
    if limit is not None and server.memory > limit:
        memo["heavy"] = server.start * limit // server.memory
    return None


def _bind(call: Call, server: Server) -> int | Wait | None:
    memo = call.memo
    if "heavy" in memo:
        call.hold(server.memory)
        if not call.is_alive:
            return 137
    wanted = ports_of(call, server)
    taken = {port: other for port, other in call.kernel.listeners() if other is not call.proc}
    clash = next((port for port in wanted if port in taken), None)
    if clash is not None and server.protocol != "none":
        return _clash(call, server, clash)
    memo["ports"] = list(wanted)
    stores.load(call, server)
    call.hold(server.memory, server.cpu)
    call.kernel.turned()
    return None


def _clash(call: Call, server: Server, port: int) -> int | Wait:
    memo = call.memo
    memo["tries"] = memo.get("tries", 0) + 1
    if server.flavour == "nginx":
        call.err(f"{_stamp(call)} [emerg] 1#1: bind() to 0.0.0.0:{port} failed (98: Address already in use)\n")
        if memo["tries"] < BIND_TRIES:
            return call.until(call.now + BIND_PAUSE)
        call.err(f"{_stamp(call)} [emerg] 1#1: still could not bind()\nnginx: [emerg] still could not bind()\n")
    elif server.flavour == "httpd":
        call.err(
            f"(98)Address in use: AH00072: make_sock: could not bind to address 0.0.0.0:{port}\n"
            "no listening sockets available, shutting down\n"
        )
    else:
        call.err(f"{call.name}: listen tcp :{port}: bind: address already in use\n")
    return 1


def ports_of(call: Call, server: Server) -> Sequence[int]:
    """What a server listens on: its configuration, its arguments, its image, or what its Pod declares."""
    if server.flavour == "nginx" and call.proc.program.startswith("nginx"):
        return nginx.ports(nginx.configuration(call.view)) or (server.ports or ())
    named = [int(port) for port in _PORT.findall(" ".join(call.args)) if int(port) < 65536]
    variable = call.env.get("PORT", "")
    if not named and variable.isdecimal() and server.protocol == "http" and server.ports is None:
        named = [int(variable[:5])]
    if server.ports is None:
        declared = call.run.get("ports", [])
        return list(dict.fromkeys([*named, *declared]))
    own = [*server.ports]
    if len(own) == 1 and named:
        return named
    return list(dict.fromkeys([*own, *named]))


def _signalled(call: Call, server: Server) -> int | None:
    """What a signal does to a server: its end, or a new look at its configuration."""
    arrived = list(call.proc.signals)
    call.proc.signals.clear()
    for signal in arrived:
        if signal in STOPPING:
            stores.save(call, server)
            if server.flavour == "nginx":
                call.err(f"{_stamp(call)} [notice] 1#1: signal {_number(signal)} (SIG{signal}) received, exiting\n")
            return server.stop_code
        if signal == "HUP" and server.flavour == "nginx":
            reload_nginx(call)
    return None


def _number(signal: str) -> int:
    return {"TERM": 15, "QUIT": 3, "INT": 2}[signal]


def reload_nginx(call: Call) -> None:
    """Read the configuration again; a bad one leaves everything as it was."""
    call.err(f"{_stamp(call)} [notice] 1#1: signal 1 (SIGHUP) received, reconfiguring\n")
    try:
        configuration = nginx.configuration(call.view)
    except nginx.BadConfiguration as error:
        call.err(f"{_stamp(call)} [emerg] 1#1: {error}\n")
        return
    if "ports" in call.memo:
        call.memo["ports"] = list(nginx.ports(configuration))
        call.kernel.turned()


def _nginx_option(call: Call) -> int | None:
    """`nginx -v`, `-t`, `-T`, `-s signal`: said and done at once."""
    args = call.args
    if "-v" in args or "-V" in args:
        call.err(f"nginx version: nginx/{call.software.version}\n")
        return 0
    if "-t" in args or "-T" in args:
        try:
            nginx.configuration(call.view)
        except nginx.BadConfiguration as error:
            call.err(f"nginx: [emerg] {error}\nnginx: configuration file {nginx.MAIN} test failed\n")
            return 1
        call.err(
            f"nginx: the configuration file {nginx.MAIN} syntax is ok\n"
            f"nginx: configuration file {nginx.MAIN} test is successful\n"
        )
        return 0
    if "-s" in args:
        what = args[args.index("-s") + 1] if args.index("-s") + 1 < len(args) else ""
        signal = {"reload": "HUP", "stop": "TERM", "quit": "QUIT", "reopen": "USR1"}.get(what)
        if signal is None:
            call.err(f'nginx: invalid option: "-s {what}"\n')
            return 1
        running = next(
            (
                proc
                for proc in call.kernel.procs.values()
                if proc.container == call.proc.container and proc.program.startswith("nginx") and "ports" in proc.memo
            ),
            None,
        )
        if running is None:
            call.err('nginx: [error] invalid PID number "" in "/run/nginx.pid"\n')
            return 1
        call.err(f"{_stamp(call)} [notice] {call.proc.pid}#{call.proc.pid}: signal process started\n")
        call.kernel.kill(running, signal)
        return 0
    return None


def _stamp(call: Call) -> str:
    from cluster.containers.programs.clock import moment

    return moment(call.now).strftime("%Y/%m/%d %H:%M:%S")


@program("nginx", "nginx-debug")
def run_nginx(call: Call) -> int | Wait:
    """nginx; with its daemon in the background the container's first process would end."""
    server = call.software.servers.get("nginx")
    if server is None:
        return call.fail("this program is not simulated", 127)
    if "begun" not in call.memo and not call.proc.signals:
        answered = _nginx_option(call)
        if answered is not None:
            return answered
        configured = nginx.configuration_or_none(call.view)
        words = " ".join(call.args)
        if configured is not None and "daemon off" not in words and not configured.foreground:
            return 0 if call.proc.pid == 1 else serve(call, server)
    return serve(call, server)
