"""What listening processes answer: pages of their files, what a database says, an echo."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

from cluster.containers.files import DIRECTORY, FileError, join
from cluster.containers.kernel import Kernel
from cluster.containers.network import Failure, Request, Response
from cluster.containers.process import Proc
from cluster.containers.programs import nginx, stores
from cluster.containers.programs.call import Call
from cluster.containers.programs.clock import moment
from cluster.containers.software import Server

REASONS = {
    200: "OK",
    301: "Moved Permanently",
    302: "Found",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
TYPES = {
    "html": "text/html",
    "htm": "text/html",
    "css": "text/css",
    "js": "application/javascript",
    "json": "application/json",
    "txt": "text/plain",
    "xml": "text/xml",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
}
MOST_BODY = 256 << 10


def answer(kernel: Kernel, proc: Proc, request: Request) -> Response | Failure:
    """What a process that listens on the request's port answers."""
    call = Call(kernel, proc)
    protocol = proc.memo.get("protocol", "tcp")
    if protocol == "raw":
        return _raw(call, request)
    if request.protocol in ("tcp", "udp"):
        return Response(0, {}, "", 1, kernel.sandbox["ip"])
    if request.protocol in ("http", "https"):
        if protocol != "http":
            return Failure("reset", 1, kernel.sandbox["ip"])
        if request.protocol == "https" and request.port not in (443, 6443, 8443):
            return Failure("not-tls", 1, kernel.sandbox["ip"])
        found = _http(call, request)
        if isinstance(found, Failure):
            return found
        return found._replace(address=kernel.sandbox["ip"], body=found.body[:MOST_BODY])
    if request.protocol != protocol:
        return Failure("reset", 1, kernel.sandbox["ip"])
    return stores.answer(call, request)._replace(address=kernel.sandbox["ip"])


def _raw(call: Call, request: Request) -> Response | Failure:
    """`nc -l`: what came from its input is the answer; what was asked goes to its output."""
    memo = call.memo
    if request.protocol in ("http", "https"):
        head = "".join(f"{key}: {value}\r\n" for key, value in request.headers.items())
        call.out(f"{request.method} {request.path} HTTP/1.1\r\n{head}\r\n{request.body}")
    memo["served"] = True
    if "-k" not in call.args and not any(word.startswith("-") and "k" in word for word in call.args):
        memo["ports"] = []
        call.kernel.wake_up(call.proc)
    found = re.match(r"HTTP/[0-9.]+ ([0-9]{3})[^\n]*\n(.*?)\r?\n\r?\n(.*)", memo["text"], re.S) or re.match(
        r"HTTP/[0-9.]+ ([0-9]{3})[^\n]*\n(\r?\n)(.*)", memo["text"], re.S
    )
    if found is None:
        return Failure("reset", 1) if request.protocol == "http" else Response(0, {}, memo["text"], 1, call.kernel.sandbox["ip"])
    return Response(int(found[1]), {}, found[3], 1, call.kernel.sandbox["ip"])


def _http(call: Call, request: Request) -> Response | Failure:
    memo = call.memo
    if "fails_from" in memo and call.now - memo["begun"] >= memo["fails_from"]:
        return _page(500, "error: 10.0 seconds")
    software = call.software
    server: Server | None = software.servers.get(call.proc.program)
    if server is None and software.generic:
        server = next(iter(software.servers.values()))
    if server is not None and server.flavour == "nginx":
        found = nginx.configuration_or_none(call.view)
        if found is not None and (server.root or any(mount[0].startswith("/etc/nginx") for mount in call.view.mounts)):
            return _nginx(call, request, found)
    root = memo.get("root") or (server.root if server is not None else "")
    if root:
        found_page = _file(call, root, request.path, ("index.html", "index.htm", "index.php"), listing=bool(memo.get("listing")))
        if (server is not None and server.flavour == "httpd") or root == "/var/www/html":
            _common_log(call, request, found_page)
        elif memo.get("listing"):
            at = moment(call.now).strftime("%d/%b/%Y %H:%M:%S")
            call.err(
                f'{request.source or "127.0.0.1"} - - [{at}] "{request.method} {request.path} HTTP/1.1" {found_page.status} -\n'
            )
        return found_page
    return _of_program(call, request, server)


def _page(status: int, body: str = "", kind: str = "text/plain", headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, {"Content-Type": kind, **(headers or {})}, body)


def _file(call: Call, root: str, path: str, indexes: tuple[str, ...], *, listing: bool = False) -> Response:
    """A file below a directory."""
    where = join(root, path.partition("?")[0].lstrip("/") or ".")
    if not (where + "/").startswith(root.rstrip("/") + "/"):
        return _page(400, "Bad Request\n")
    uid = call.proc.uid
    try:
        entry = call.view.stat(where)
        if entry.kind == DIRECTORY:
            for index in indexes:
                if call.view.get(join(where, index)) is not None:
                    return _page(200, _rendered(call, call.view.read(join(where, index), uid), index), "text/html")
            if not listing:
                return _page(403)
            names = call.view.names(where)
            items = "".join(f'<li><a href="{escape(name)}">{escape(name)}</a></li>\n' for name in names)
            return _page(
                200, f"<!DOCTYPE HTML>\n<title>Directory listing for {escape(path)}</title>\n<ul>\n{items}</ul>\n", "text/html"
            )
        text = call.view.read(where, uid)
    except FileError as error:
        return _page(403 if error.name == "EACCES" else 404)
    return _page(200, _rendered(call, text, where), TYPES.get(where.rpartition(".")[2], "text/plain"))


def _rendered(call: Call, text: str, name: str) -> str:
    """The page of a PHP example: what it echoes."""
    if not name.endswith(".php"):
        return text
    echoed = re.search(r"echo\s+['\"]([^'\"]*)['\"]", text)
    return echoed[1] if echoed else "OK!"


# --- nginx ---------------------------------------------------------------------------------------------------------------


def _nginx(call: Call, request: Request, found: nginx.Configuration) -> Response | Failure:
    site = nginx.site_for(found, request.port, request.headers.get("Host", request.host).partition(":")[0])
    if site is None:
        return Failure("refused", 1)
    path = request.path.partition("?")[0]
    location = nginx.location_for(site, path)
    answered = _nginx_location(call, request, found, site, location, path)
    if answered.status >= 300 and not answered.body:
        body = _nginx_error(answered.status, call.software.version)
        answered = answered._replace(body=body, headers={"Content-Type": "text/html", **answered.headers})
    answered = answered._replace(headers={"Server": f"nginx/{call.software.version}", **answered.headers})
    if location.directives.get("access_log") != ("off",):
        at = moment(call.now).strftime("%d/%b/%Y:%H:%M:%S +0000")
        agent, size = request.headers.get("User-Agent", "-"), len(answered.body)
        call.out(
            f'{request.source or "127.0.0.1"} - - [{at}] "{request.method} {request.path} HTTP/1.1" {answered.status} {size} '
            f'"-" "{agent}" "-"\n'
        )
    return answered


def _nginx_location(
    call: Call, request: Request, found: nginx.Configuration, site: nginx.Site, location: nginx.Location, path: str
) -> Response:
    directives = location.directives
    returned = directives.get("return") or site.directives.get("return")
    if returned:
        return _returned(call, request, returned, directives)
    if "proxy_pass" in directives:
        return _proxied(call, request, found, location, directives["proxy_pass"][0])
    if "stub_status" in directives:
        return _page(200, "Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n")
    root = directives.get("root", ("/etc/nginx/html",))[0]
    indexes = directives.get("index", ("index.html",))
    if "alias" in directives:
        return _file(call, directives["alias"][0], path[len(location.path) :] or "/", indexes)
    if "try_files" in directives:
        for candidate in directives["try_files"]:
            if candidate.startswith("="):
                return _page(int(candidate[1:4]) if candidate[1:4].isdecimal() else 404)
            tried = _file(call, root, candidate.replace("$uri", path), indexes)
            if tried.status == 200:
                return tried
        return _page(404)
    answered = _file(call, root, path, indexes, listing=directives.get("autoindex") == ("on",))
    if answered.status in (403, 404):
        where = join(root, path.lstrip("/") or ".")
        why = "(2: No such file or directory)" if answered.status == 404 else "(13: Permission denied)"
        stamp = moment(call.now).strftime("%Y/%m/%d %H:%M:%S")
        what = (
            f'open() "{where}" failed {why}'
            if answered.status == 404
            else f'directory index of "{where.rstrip("/")}/" is forbidden'
        )
        call.err(
            f"{stamp} [error] 29#29: *1 {what}, client: {request.source or '127.0.0.1'}, server: {' '.join(site.names)}, "
            f'request: "{request.method} {request.path} HTTP/1.1", host: "{request.headers.get("Host", request.host)}"\n'
        )
    return answered


def _returned(call: Call, request: Request, args: tuple[str, ...], directives: Mapping[str, tuple[str, ...]]) -> Response:
    status = int(args[0][:3]) if args[0].isdecimal() else 302
    text = args[1] if len(args) > 1 else ("" if args[0].isdecimal() else args[0])
    text = _variables(call, request, text)
    if 300 <= status < 400:
        return Response(status, {"Location": text}, "")
    kind = directives.get("default_type", ("text/plain",))[0]
    return _page(status, text, kind)


def _variables(call: Call, request: Request, text: str) -> str:
    known = {
        "hostname": call.kernel.sandbox["hostname"],
        "host": request.headers.get("Host", request.host),
        "uri": request.path.partition("?")[0],
        "request_uri": request.path,
        "remote_addr": request.source or "127.0.0.1",
        "server_addr": call.kernel.sandbox["ip"],
        "request_method": request.method,
        "args": request.path.partition("?")[2],
        "server_port": str(request.port),
        "scheme": "http",
    }
    text = re.sub(r"\$\{?(\w+)\}?", lambda found: known.get(found[1], ""), text)
    return text.replace("\\n", "\n")


def _proxied(call: Call, request: Request, found: nginx.Configuration, location: nginx.Location, target: str) -> Response:
    match = re.fullmatch(r"(https?)://([^/:]+)(?::(\d+))?(/.*)?", target)
    if not match:
        return _page(502)
    scheme, host, port, path = match[1], match[2], match[3], match[4]
    if found.upstreams.get(host):
        host, _, inner = found.upstreams[host][0].partition(":")
        port = inner or port
    forwarded = request.path if path is None else path + request.path[len(location.path) :]
    if int(request.headers.get("X-Hops", "0")) > 5:
        return _page(502)
    onward = Request(
        scheme,
        host,
        int(port or (443 if scheme == "https" else 80)),
        request.at,
        request.method,
        forwarded,
        {**request.headers, "Host": host, "X-Hops": str(int(request.headers.get("X-Hops", "0")) + 1)},
        request.body,
        60_000,
        call.kernel.sandbox["ip"],
    )
    answered = call.kernel.request(onward)
    if isinstance(answered, Response):
        return answered._replace(took=answered.took + 1)
    return _page(504 if answered.kind == "timeout" else 502)._replace(took=answered.took)


def _nginx_error(status: int, version: str) -> str:
    title = f"{status} {REASONS.get(status, '')}".strip()
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx/{version}"
        "</center>\r\n</body>\r\n</html>\r\n"
    )


# --- others --------------------------------------------------------------------------------------------------------------


def _common_log(call: Call, request: Request, found: Response) -> None:
    at = moment(call.now).strftime("%d/%b/%Y:%H:%M:%S +0000")
    call.out(
        f'{request.source or "127.0.0.1"} - - [{at}] "{request.method} {request.path} HTTP/1.1" '
        f"{found.status} {len(found.body)}\n"
    )


def _of_program(call: Call, request: Request, server: Server | None) -> Response:
    """The small servers that tutorials run, and the one that stands in for what nobody knows."""
    name, host, ip = call.software.name, call.kernel.sandbox["hostname"], call.kernel.sandbox["ip"]
    path = request.path.partition("?")[0]
    if name == "hashicorp/http-echo":
        text = next((word.partition("=")[2] for word in call.args if word.lstrip("-").startswith("text=")), "")
        return _page(200, text + "\n")
    if "whoami" in name:
        headers = "".join(f"{key}: {value}\n" for key, value in request.headers.items())
        return _page(
            200,
            f"Hostname: {host}\nIP: 127.0.0.1\nIP: {ip}\nRemoteAddr: {request.source or ip}:40000\n"
            f"{request.method} {request.path} HTTP/1.1\nHost: {request.host}:{request.port}\n{headers}\n",
        )
    if name.endswith("hello-app"):
        version = call.software.version if call.software.version != "1.0" else "1.0.0"
        return _page(200, f"Hello, world!\nVersion: {version}\nHostname: {host}\n")
    if name.endswith("kubernetes-bootcamp"):
        return _page(200, f"Hello Kubernetes bootcamp! | Running on: {host} | v=1\n")
    if name.endswith("agnhost"):
        return _page(200, {"/hostname": host, "/hostName": host, "/clientip": f"{request.source}:40000"}.get(path, "ok"))
    if name.endswith(("echo-server", "echoserver")):
        return _page(
            200,
            f"\n\nHostname: {host}\n\nRequest Information:\n\tclient_address={request.source}\n\tmethod={request.method}\n"
            f"\treal path={request.path}\n\nRequest Body:\n{request.body or '-no body in request-'}\n",
        )
    if name.endswith("nginxdemos/hello"):
        return _page(200, f"Server address: {ip}:{request.port}\nServer name: {host}\nURI: {request.path}\n")
    text = server.answer.format(host=host) if server is not None and server.answer else f"{host}\n"
    return _page(200, text)
