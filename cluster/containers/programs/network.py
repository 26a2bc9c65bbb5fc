"""Tools of the network: wget, curl, nslookup, nc, ping; and small servers that can be started by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cluster.containers.files import FileError, join
from cluster.containers.network import Failure, Request, Response
from cluster.containers.programs import options
from cluster.containers.programs.call import FOREVER, Call, UsageError, Wait, program
from cluster.containers.programs.clock import duration
from cluster.containers.programs.serving import REASONS

# How long a connection is tried when nobody says otherwise (Linux: six retries of SYN).
PATIENCE = 130_000
MOST_REDIRECTS = 10
_URL = re.compile(r"(?:(\w+)://)?(?:([^/@:]*)(?::([^/@]*))?@)?([^/:?\[\]]+|\[[^\]]*\])(?::(\d+))?(.*)", re.S)


class Target:
    """A URL taken apart."""

    def __init__(self, url: str) -> None:
        found = _URL.fullmatch(url.strip())
        self.scheme = (found[1] or "http").lower() if found else "http"
        self.host = found[4].strip("[]") if found else ""
        self.port = int(found[5][:6]) if found and found[5] else (443 if self.scheme == "https" else 80)
        path = (found[6] if found else "").partition("#")[0]
        self.path = path if path.startswith("/") else "/" + path
        self.user = f"{found[2]}:{found[3] or ''}" if found and found[2] is not None else ""

    @property
    def shown(self) -> str:
        standard = {"http": 80, "https": 443}.get(self.scheme)
        return self.host if self.port == standard else f"{self.host}:{self.port}"


def fetch(
    call: Call,
    target: Target,
    timeout: int | None,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: str = "",
) -> Response | Failure:
    """Ask for a URL; waits for what comes of it."""
    sent = {"Host": target.shown, **(headers or {})}
    return call.request(
        Request(
            target.scheme,
            target.host,
            target.port,
            call.now,
            method,
            target.path,
            sent,
            body,
            timeout if timeout is not None else PATIENCE,
            call.kernel.sandbox["ip"],
        )
    )


# --- wget ------------------------------------------------------------------------------------------------------------------


@program("wget")
def wget(call: Call) -> int | Wait:
    """wget [-q] [-O file] [-T seconds] [-t tries] [--spider] [-S] [--header H] [--post-data D] URL"""
    found, urls = options.parse(
        call,
        "qcSnvk",
        "OTtUPYo",
        {
            "spider": "x",
            "quiet": "q",
            "timeout": "T",
            "output-document": "O",
            "tries": "t",
            "header": "U",
            "post-data": "P",
            "no-check-certificate": "k",
            "server-response": "S",
            "user-agent": "U",
            "no-verbose": "n",
        },
    )
    if not urls:
        call.err(
            "BusyBox v1.37.0 () multi-call binary.\n\nUsage: wget [-cqS] [--spider] [-O FILE] URL...\n"
            if call.busybox
            else "wget: missing URL\nUsage: wget [OPTION]... [URL]...\n"
        )
        return 1
    timeout = duration(found.get("T", "")) if found.get("T") else None
    target = Target(urls[0])
    headers = {"User-Agent": "Wget"}
    method, body = ("POST", found["P"]) if "P" in found else ("GET", "")
    answer: Response | Failure = Failure("timeout")
    for _ in range(MOST_REDIRECTS):
        answer = fetch(call, target, timeout, method=method, headers=headers, body=body)
        if isinstance(answer, Response) and answer.status in (301, 302, 307, 308) and answer.headers.get("Location"):
            target = _redirected(target, answer.headers["Location"])
            continue
        break
    if isinstance(answer, Failure):
        return _wget_failed(call, found, target, answer)
    return _wget_answered(call, found, target, answer)


def _redirected(before: Target, location: str) -> Target:
    if location.startswith("/"):
        return Target(f"{before.scheme}://{before.shown}{location}")
    return Target(location)


def _wget_failed(call: Call, found: dict[str, str], target: Target, answer: Failure) -> int:
    quiet, where = "q" in found, answer.address or target.host
    if call.busybox:
        if answer.kind == "unknown-host":
            return call.fail(f"bad address '{target.shown if target.port != 80 else target.host}'")
        if not quiet:
            call.err(f"Connecting to {target.shown} ({where}:{target.port})\n")
        if answer.kind == "timeout" and "T" in found:
            return call.fail("download timed out")
        why = {"refused": "Connection refused", "timeout": "Connection timed out", "unreachable": "No route to host"}.get(
            answer.kind
        )
        if why is None:
            return call.fail("error getting response: Connection reset by peer")
        return call.fail(f"can't connect to remote host ({where}): {why}")
    if quiet:
        return 4
    if answer.kind == "unknown-host":
        return call.fail(f"unable to resolve host address ‘{target.host}’", 4)
    why = {"refused": "Connection refused", "timeout": "Connection timed out", "unreachable": "No route to host"}.get(answer.kind)
    call.err(
        f"Connecting to {target.host}:{target.port}... "
        + (f"failed: {why}.\n" if why else "connected.\nUnable to establish SSL connection.\n")
    )
    return 4


def _wget_answered(call: Call, found: dict[str, str], target: Target, answer: Response) -> int:
    quiet = "q" in found
    if not quiet:
        call.err(
            f"Connecting to {target.shown} ({answer.address or target.host}:{target.port})\n"
            if call.busybox
            else f"Connecting to {target.host}:{target.port}... connected.\nHTTP request sent, awaiting response... "
            f"{answer.status} {REASONS.get(answer.status, '')}\n"
        )
    if "S" in found:
        call.err(
            f"  HTTP/1.1 {answer.status} {REASONS.get(answer.status, '')}\n"
            + "".join(f"  {key}: {value}\n" for key, value in answer.headers.items())
        )
    if answer.status >= 400:
        if call.busybox:
            return call.fail(f"server returned error: HTTP/1.1 {answer.status} {REASONS.get(answer.status, '')}")
        if not quiet:
            call.err(f"ERROR {answer.status}: {REASONS.get(answer.status, '')}.\n")
        return 8
    if "x" in found:
        if not quiet:
            call.err("remote file exists\n" if call.busybox else "Remote file exists.\n")
        return 0
    name = found.get("O") or target.path.partition("?")[0].rpartition("/")[2] or "index.html"
    if name == "-":
        call.out(answer.body)
        return 0
    if call.busybox and "O" not in found and call.view.get(call.path(name)) is not None:
        return call.fail(f"can't open '{name}': File exists")
    try:
        call.write(name, answer.body)
    except FileError as error:
        return call.fail(f"can't open '{name}': {error}" if call.busybox else f"{name}: {error}")
    if not quiet:
        size = len(answer.body.encode("utf-8", "replace"))
        call.err(
            f"saving to '{name}'\n{name:20.20s} 100% |{'*' * 32}| {size:5d}  0:00:00 ETA\n'{name}' saved\n"
            if call.busybox
            else f"Saving to: ‘{name}’\n‘{name}’ saved [{size}/{size}]\n"
        )
    return 0


# --- curl ------------------------------------------------------------------------------------------------------------------

_CURL_LONG = {
    "silent": "s",
    "show-error": "S",
    "fail": "f",
    "output": "o",
    "head": "I",
    "include": "i",
    "verbose": "v",
    "request": "X",
    "header": "H",
    "data": "d",
    "data-raw": "d",
    "max-time": "m",
    "insecure": "k",
    "location": "L",
    "write-out": "w",
    "user": "u",
    "user-agent": "A",
    "connect-timeout": "c",
    "retry": "r",
    "retry-delay": "y",
    "no-progress-meter": "N",
    "compressed": "z",
    "http1.1": "0",
    "version": "V",
    "cacert": "E",
    "resolve": "R",
    "remote-name": "O",
    "fail-with-body": "f",
    "retry-connrefused": "N",
    "noproxy": "b",
    "cookie": "b",
    "url": "l",
    "form": "F",
    "json": "d",
    "get": "G",
    "data-urlencode": "d",
    "data-binary": "d",
}


@program("curl")
def curl(call: Call) -> int | Wait:
    """curl [-sSfiIvLk] [-o file] [-X method] [-H header] [-d data] [-m seconds] [-w format] URL…"""
    headers = {"User-Agent": f"curl/{'8.14.1'}", "Accept": "*/*"}
    for place, word in enumerate(call.args[:-1]):
        if word in ("-H", "--header"):
            name, _, value = call.args[place + 1].partition(":")
            headers[name.strip()] = value.strip()
    found, urls = options.parse(call, "sSfIivLkOgNz04VG#", "oXHdmwuAcryERblFC", _CURL_LONG, code=2)
    if "V" in found:
        call.out("curl 8.14.1 (x86_64-pc-linux-gnu) libcurl/8.14.1\nProtocols: http https\n")
        return 0
    if not urls:
        call.err(
            "curl: (2) no URL specified\n" if call.args else "curl: try 'curl --help' or 'curl --manual' for more information\n"
        )
        return 2
    method = found.get("X") or ("HEAD" if "I" in found else "POST" if "d" in found and "G" not in found else "GET")
    if "u" in found:
        headers["Authorization"] = "Basic " + found["u"]
    if "A" in found:
        headers["User-Agent"] = found["A"]
    code = 0
    answers = [_curl_fetch(call, Target(url), found, method, headers) for url in urls]
    for url, (target, answer) in zip(urls, answers, strict=True):
        code = _curl_show(call, found, url, target, answer, headers, method)
    return code


def _curl_fetch(
    call: Call, target: Target, found: dict[str, str], method: str, headers: Mapping[str, str]
) -> tuple[Target, Response | Failure]:
    limit = next((length for name in ("m", "c") if name in found and (length := duration(found[name])) is not None), None)
    tries = min(options.number(found.get("r", "0")), 20) + 1
    answer: Response | Failure = Failure("timeout")
    for _ in range(tries):
        for _ in range(MOST_REDIRECTS):
            answer = fetch(call, target, limit, method=method, headers=headers, body=found.get("d", ""))
            moved = isinstance(answer, Response) and answer.status in (301, 302, 303, 307, 308) and answer.headers.get("Location")
            if not moved or "L" not in found:
                break
            target = _redirected(target, str(moved))
        if isinstance(answer, Response):
            break
    return target, answer


def _curl_show(
    call: Call,
    found: dict[str, str],
    url: str,
    target: Target,
    answer: Response | Failure,
    headers: Mapping[str, str],
    method: str,
) -> int:
    quiet = "s" in found
    if isinstance(answer, Failure):
        code, text = _curl_failure(found, target, answer)
        if not quiet or "S" in found:
            if not quiet and "N" not in found:
                call.err(_METER)
            call.err(f"curl: ({code}) {text}\n")
        _curl_written(call, found, url, target, None, code)
        return code
    size = len(answer.body)
    if "v" in found:
        sent = "".join(f"> {key}: {value}\n" for key, value in {"Host": target.shown, **headers}.items())
        call.err(
            f"* Connected to {target.host} ({answer.address or target.host}) port {target.port}\n"
            f"> {method} {target.path} HTTP/1.1\n{sent}> \n"
            f"< HTTP/1.1 {answer.status} {REASONS.get(answer.status, '')}\n"
            + "".join(f"< {key}: {value}\n" for key, value in answer.headers.items())
            + f"< Content-Length: {size}\n< \n"
        )
    if "f" in found and answer.status >= 400:
        if not quiet or "S" in found:
            call.err(f"curl: (22) The requested URL returned error: {answer.status}\n")
        _curl_written(call, found, url, target, answer, 22)
        return 22
    text = "" if "I" in found else answer.body
    if "I" in found or "i" in found:
        head = "".join(f"{key}: {value}\r\n" for key, value in answer.headers.items())
        text = f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, '')}\r\n{head}Content-Length: {size}\r\n\r\n{text}"
    if not quiet and "N" not in found and (not call.is_tty or "o" in found):
        call.err(
            _METER
            + f"100 {size:5d}  100 {size:5d}    0     0  {size * 100:5d}      0 --:--:-- --:--:-- --:--:-- {size * 100:5d}\n"
        )
    name = found.get("o") or (target.path.rpartition("/")[2] if "O" in found else "-")
    if name in ("-", "/dev/stdout"):
        call.out(text)
    elif name != "/dev/null":
        try:
            call.write(name, text)
        except FileError as error:
            call.err(f"curl: (23) Failure writing output to destination: {error}\n")
            return 23
    _curl_written(call, found, url, target, answer, 0)
    return 0


_METER = (
    "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"
    "                                 Dload  Upload   Total   Spent    Left  Speed\n"
)


def _curl_failure(found: dict[str, str], target: Target, answer: Failure) -> tuple[int, str]:
    if answer.kind == "unknown-host":
        return 6, f"Could not resolve host: {target.host}"
    if answer.kind == "timeout" and ("m" in found or "c" in found):
        return 28, f"Connection timed out after {answer.took + 1} milliseconds"
    if answer.kind in ("refused", "timeout", "unreachable"):
        return 7, f"Failed to connect to {target.host} port {target.port} after {answer.took} ms: Could not connect to server"
    if answer.kind == "not-tls":
        return 35, "TLS connect error: error:0A0000C6:SSL routines::packet length too long"
    return 52 if target.scheme == "http" else 56, "Empty reply from server"


def _curl_written(call: Call, found: dict[str, str], url: str, target: Target, answer: Response | None, code: int) -> None:
    """`-w '%{http_code}'`"""
    if "w" not in found:
        return
    took = (answer.took if answer else 0) / 1000
    known = {
        "http_code": f"{answer.status if answer else 0:03d}",
        "response_code": f"{answer.status if answer else 0:03d}",
        "time_total": f"{took:.6f}",
        "time_connect": "0.000200",
        "size_download": str(len(answer.body) if answer else 0),
        "url": url,
        "url_effective": url,
        "remote_ip": (answer.address if answer else ""),
        "exitcode": str(code),
        "remote_port": str(target.port),
    }
    text = re.sub(r"%\{(\w+)\}", lambda match: known.get(match[1], ""), found["w"])
    call.out(text.replace("\\n", "\n").replace("\\t", "\t"))


# --- names -----------------------------------------------------------------------------------------------------------------


@program("nslookup")
def nslookup(call: Call) -> int:
    """nslookup NAME [SERVER]"""
    names = [word for word in call.args if not word.startswith("-")]
    if not names:
        raise UsageError("usage: nslookup HOST [SERVER]")
    name, server = names[0], names[1] if len(names) > 1 else call.kernel.sandbox["nameserver"]
    port = f"{server}:53" if call.busybox else f"{server}#53"
    call.out(f"Server:\t\t{server}\nAddress:\t{port}\n\n")
    found = call.kernel.look_up(name)
    if found is None:
        candidates = call.kernel.candidates(name)
        call.out(f"** server can't find {candidates[0] if call.busybox else name}: NXDOMAIN\n\n")
        return 1
    full, addresses = found
    call.out("".join(f"Name:\t{full}\nAddress: {address}\n" for address in addresses) + "\n")
    return 0


@program("dig", "host")
def dig(call: Call) -> int:
    """dig [+short] [+search] NAME; host NAME"""
    words = [
        word
        for word in call.args
        if not word.startswith(("-", "+", "@")) and word.upper() not in ("A", "AAAA", "SRV", "ANY", "IN")
    ]
    name = words[0].rstrip(".") if words else "."
    searching = "+search" in call.args or call.name == "host"
    found = call.kernel.look_up(name) if searching else ((name, known) if (known := call.kernel.ask(name)) else None)
    if call.name == "host":
        if found is None:
            call.out(f"Host {name} not found: 3(NXDOMAIN)\n")
            return 1
        call.out("".join(f"{found[0]} has address {address}\n" for address in found[1]))
        return 0
    if "+short" in call.args:
        call.out("".join(f"{address}\n" for address in (found[1] if found else ())))
        return 0
    status = "NOERROR" if found else "NXDOMAIN"
    rows = "".join(f"{found[0]}.\t30\tIN\tA\t{address}\n" for address in found[1]) if found else ""
    call.out(
        f"\n; <<>> DiG 9.20 <<>> {' '.join(call.args)}\n;; ->>HEADER<<- opcode: QUERY, status: {status}, id: 4242\n"
        f";; QUESTION SECTION:\n;{name}.\t\tIN\tA\n\n"
        + (f";; ANSWER SECTION:\n{rows}\n" if found else "")
        + f";; SERVER: {call.kernel.sandbox['nameserver']}#53\n\n"
    )
    return 0


@program("getent")
def getent(call: Call) -> int:
    """getent hosts NAME"""
    if len(call.args) < 2:
        return 1
    found = call.kernel.resolve(call.args[1])
    if not found:
        return 2
    call.out(f"{found[0]:15s} {call.args[1]}\n")
    return 0


# --- connections -----------------------------------------------------------------------------------------------------------


@program("ping")
def ping(call: Call) -> int | Wait:
    """ping [-c count] [-W seconds] [-w seconds] HOST: once a second."""
    found, names = options.parse(call, "q46n", "cWwis")
    if not names:
        raise UsageError("usage: ping [-c COUNT] HOST")
    memo, host = call.memo, names[0]
    if "sent" not in memo:
        addresses = call.kernel.resolve(host) if not re.fullmatch(r"[0-9.]+", host) else [host]
        if not addresses:
            call.err(f"ping: bad address '{host}'\n" if call.busybox else f"ping: {host}: Name or service not known\n")
            return 1 if call.busybox else 2
        memo.update(sent=0, received=0, address=addresses[0], begun=call.now)
        call.out(
            f"PING {host} ({addresses[0]}): 56 data bytes\n"
            if call.busybox
            else f"PING {host} ({addresses[0]}) 56(84) bytes of data.\n"
        )
    count = options.number(found.get("c", "0"))
    last = call.now if "w" not in found else memo["begun"] + options.number(found["w"]) * 1_000
    if memo["sent"] and "due" in memo and call.now < memo["due"]:
        return call.until(memo["due"])
    if (count and memo["sent"] >= count) or ("w" in found and call.now >= last):
        return _pinged(call, host)
    answer = call.kernel.request(Request("ping", memo["address"], 0, call.now, timeout=1_000))
    if isinstance(answer, Response):
        memo["received"] += 1
        number = memo["sent"] + (0 if call.busybox else 1)
        call.out(
            f"64 bytes from {memo['address']}: {'seq' if call.busybox else 'icmp_seq'}={number} ttl=63 "
            f"time=0.{90 + memo['sent'] % 40:03d} ms\n"
        )
    memo["sent"] += 1
    call.kernel.charge(call.proc, program=True)
    wait = 1_000
    if isinstance(answer, Failure) and count and memo["sent"] >= count:
        wait = (options.number(found.get("W", "10")) or 10) * 1_000
    memo["due"] = call.now + (wait if not (count and memo["sent"] >= count) or isinstance(answer, Failure) else 0)
    return call.until(memo["due"])


def _pinged(call: Call, host: str) -> int:
    memo = call.memo
    lost = (memo["sent"] - memo["received"]) * 100 // max(memo["sent"], 1)
    if call.busybox:
        call.out(
            f"\n--- {host} ping statistics ---\n{memo['sent']} packets transmitted, {memo['received']} packets received, "
            f"{lost}% packet loss\n"
        )
        if memo["received"]:
            call.out("round-trip min/avg/max = 0.090/0.100/0.129 ms\n")
    else:
        call.out(
            f"\n--- {host} ping statistics ---\n{memo['sent']} packets transmitted, {memo['received']} received, "
            f"{lost}% packet loss, "
            f"time {call.now - memo['begun']}ms\n"
        )
    return 0 if memo["received"] else 1


@program("nc", "netcat", "ncat", "telnet")
def nc(call: Call) -> int | Wait:
    """nc [-zv] [-w seconds] HOST PORT; nc -l [-k] -p PORT: answers with what comes from its input."""
    found, names = options.parse(call, "zvlkun46", "wpeqs")
    if "l" in found:
        return _listen(call, found, names)
    if len(names) < 2 and call.name != "telnet":
        raise UsageError("usage: nc [-l] [-p PORT] [HOST PORT]")
    host = names[0]
    port = options.number(names[1]) if len(names) > 1 else 23
    text = call.read() if "z" not in found and call.name != "telnet" else ""
    limit = duration(found["w"]) if "w" in found else PATIENCE
    protocol, method, path = "tcp", "GET", "/"
    first = re.match(r"(GET|HEAD|POST) (\S+) HTTP", text)
    if first:
        protocol, method, path = "http", first[1], first[2]
    answer = call.request(
        Request(protocol, host, port, call.now, method, path, {"Host": host}, timeout=limit, source=call.kernel.sandbox["ip"])
    )
    if isinstance(answer, Failure):
        return _not_connected(call, host, port, answer)
    where = answer.address or host
    if "v" in found or ("z" in found and call.busybox):
        call.err(
            f"{host} ({where}:{port}) open\n"
            if call.busybox
            else f"Connection to {host} ({where}) {port} port [tcp/*] succeeded!\n"
        )
    if call.name == "telnet":
        call.out(
            f"Connected to {host}\n" if call.busybox else f"Trying {where}...\nConnected to {host}.\nEscape character is '^]'.\n"
        )
    if first:
        head = "".join(f"{key}: {value}\r\n" for key, value in answer.headers.items())
        call.out(f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, '')}\r\n{head}\r\n{answer.body}")
    elif "z" not in found:
        call.out(answer.body)
    return 0


def _not_connected(call: Call, host: str, port: int, answer: Failure) -> int:
    where = answer.address or host
    if answer.kind == "unknown-host":
        return call.fail(
            f"bad address '{host}'" if call.busybox else f'getaddrinfo for host "{host}" port {port}: Name or service not known'
        )
    why = {"refused": "Connection refused", "timeout": "Connection timed out", "unreachable": "No route to host"}.get(
        answer.kind, "Connection reset by peer"
    )
    if call.name == "telnet":
        return call.fail(f"can't connect to remote host ({where}): {why}")
    return call.fail(
        f"{host} ({where}:{port}): {why}" if call.busybox else f"connect to {host} ({where}) port {port} (tcp) failed: {why}"
    )


def _listen(call: Call, found: dict[str, str], names: list[str]) -> int | Wait:
    memo = call.memo
    if memo.get("served") and "k" not in found:
        return 0
    if "ports" not in memo:
        port = options.number(found.get("p") or (names[-1] if names else "0"))
        if any(taken == port for taken, _ in call.kernel.listeners()):
            return call.fail("bind: Address already in use")
        memo["text"] = call.read()
        memo.update(ports=[port], protocol="raw")
        call.kernel.turned()
        if "v" in found:
            call.err(f"listening on [::]:{port} ...\n" if call.busybox else f"Listening on 0.0.0.0 {port}\n")
    return FOREVER


@program("httpd")
def httpd(call: Call) -> int | Wait:
    """BusyBox' httpd [-f] [-p port] [-h directory]"""
    found, _ = options.parse(call, "fivd", "phcur")
    memo = call.memo
    if "ports" in memo:
        return FOREVER
    port = options.number(found.get("p", "80").rpartition(":")[2])
    if any(taken == port for taken, _ in call.kernel.listeners()):
        return call.fail("bind: Address already in use")
    if "f" not in found and "background" not in memo:
        child = call.spawn([*call.proc.argv, "-f"])
        return child if isinstance(child, int) else 0
    root = call.path(found.get("h", "."))
    if call.view.get(root) is None:
        return call.fail(f"can't change directory to '{found.get('h', '.')}': No such file or directory")
    memo.update(ports=[port], protocol="http", root=root)
    call.kernel.turned()
    return FOREVER


# --- addresses -------------------------------------------------------------------------------------------------------------


@program("ip", "ifconfig")
def ip(call: Call) -> int:
    """ip addr, ip route, ifconfig"""
    address = call.kernel.sandbox["ip"]
    what = next((word for word in call.args if not word.startswith("-")), "addr")
    if call.name == "ifconfig":
        call.out(
            "eth0      Link encap:Ethernet  HWaddr 0A:58:0A:F4:01:07\n"
            f"          inet addr:{address}  Bcast:10.255.255.255  Mask:255.255.255.0\n\n"
            "lo        Link encap:Local Loopback\n          inet addr:127.0.0.1  Mask:255.0.0.0\n\n"
        )
    elif what.startswith("r"):
        gateway = join("/", address).lstrip("/").rpartition(".")[0] + ".1"
        call.out(f"default via {gateway} dev eth0\n{gateway[:-2]}.0/24 dev eth0 scope link  src {address}\n")
    else:
        call.out(
            "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000\n    inet 127.0.0.1/8 scope host lo\n"
            f"2: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue\n    inet {address}/24 scope global eth0\n"
        )
    return 0


@program("netstat", "ss")
def netstat(call: Call) -> int:
    """netstat -tln; ss -tln: the ports of the whole Pod."""
    call.out(
        "Active Internet connections (only servers)\n"
        "Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name\n"
        if call.name == "netstat"
        else "State  Recv-Q Send-Q Local Address:Port Peer Address:Port\n"
    )
    for port, proc in sorted(call.kernel.listeners(), key=lambda pair: pair[0]):
        if call.name == "ss":
            call.out(f"LISTEN 0      511          0.0.0.0:{port:<8} 0.0.0.0:*\n")
            continue
        mine = f"{proc.pid}/{proc.argv[0].rpartition('/')[2]}" if proc.container == call.proc.container else "-"
        call.out(f"tcp        0      0 {'0.0.0.0:' + str(port):23s} 0.0.0.0:*               LISTEN      {mine}\n")
    return 0


@program("traceroute", "arp", "route", "tcpdump", "iperf")
def not_simulated(call: Call) -> int:
    """Nothing below the level of connections is simulated."""
    return call.fail("this program is not simulated", 1)
