"""nginx's configuration: read far enough to listen where it says, to serve what it says, and to refuse what nginx refuses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from cluster.containers.files import FileError, Tree, join
from cluster.containers.image import words
from cluster.containers.shell import patterns
from cluster.containers.view import View

MAIN = "/etc/nginx/nginx.conf"
DEEPEST = 20
_TOKEN = re.compile(r"\s+|#[^\n]*|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[{};]|(?:[^\s{};\"'\\$]|\\.|\$\{\w*\}|\$)+", re.S)
_BLOCKS = words("events http server location upstream types map geo limit_except if stream mail split_clients")
_SIMPLE = words(
    """
    absolute_redirect accept_mutex access_log add_header add_trailer alias allow auth_basic auth_basic_user_file
    autoindex autoindex_exact_size autoindex_localtime break charset client_body_buffer_size client_body_temp_path
    client_body_timeout client_header_buffer_size client_header_timeout client_max_body_size daemon default default_type
    deny directio env error_log error_page etag expires fastcgi_index fastcgi_param fastcgi_pass fastcgi_read_timeout
    fastcgi_split_path_info fastcgi_temp_path gzip gzip_comp_level gzip_disable gzip_http_version gzip_min_length
    gzip_proxied gzip_static gzip_types gzip_vary hash health_check hide hostnames http2 if_modified_since
    ignore_invalid_headers include index internal ip_hash keepalive keepalive_requests keepalive_timeout
    large_client_header_buffers least_conn limit_conn limit_conn_zone limit_rate limit_req limit_req_zone listen
    load_module log_format log_not_found log_subrequest map_hash_bucket_size max_ranges mime_types multi_accept
    open_file_cache output_buffers pcre_jit pid port_in_redirect proxy_buffer_size proxy_buffering proxy_buffers
    proxy_cache proxy_cache_path proxy_cache_valid proxy_connect_timeout proxy_hide_header proxy_http_version
    proxy_intercept_errors proxy_next_upstream proxy_pass proxy_pass_header proxy_read_timeout proxy_redirect
    proxy_send_timeout proxy_set_header proxy_ssl_server_name proxy_ssl_verify proxy_temp_path random real_ip_header
    recursive_error_pages reset_timedout_connection resolver resolver_timeout return rewrite root scgi_temp_path
    send_timeout sendfile sendfile_max_chunk server server_name server_name_in_redirect server_names_hash_bucket_size
    server_names_hash_max_size server_tokens set set_real_ip_from ssi ssl_certificate ssl_certificate_key ssl_ciphers
    ssl_dhparam ssl_prefer_server_ciphers ssl_protocols ssl_session_cache ssl_session_timeout ssl_stapling stub_status
    sub_filter sub_filter_once tcp_nodelay tcp_nopush try_files types_hash_bucket_size types_hash_max_size
    underscores_in_headers use user uwsgi_pass uwsgi_temp_path valid_referers variables_hash_max_size worker_connections
    worker_processes worker_rlimit_nofile zone
    """
)


class BadConfiguration(Exception):
    """What nginx says of a configuration that it does not take."""


@dataclass(frozen=True, slots=True)
class Directive:
    name: str
    args: tuple[str, ...]
    block: tuple[Directive, ...] | None
    where: str  # file:line


@dataclass(frozen=True, slots=True)
class Location:
    """A location block (or the server itself): what answers for the paths that it matches."""

    modifier: str = ""
    path: str = "/"
    directives: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """A server block."""

    ports: tuple[int, ...]
    names: tuple[str, ...]
    default: bool
    directives: dict[str, tuple[str, ...]]
    locations: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    sites: tuple[Site, ...]
    upstreams: dict[str, tuple[str, ...]]
    foreground: bool


@lru_cache(maxsize=256)
def _parsed(text: str, path: str) -> tuple[Directive, ...]:
    tokens: list[tuple[str, int]] = []
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise BadConfiguration(f'unexpected end of file, expecting ";" or "}}" in {path}:{line}')
        token = found[0]
        if not token[0].isspace() and token[0] != "#":
            tokens.append((token, line))
        line += token.count("\n")
        at = found.end()
    directives, place = _block(tokens, 0, path, 0, line)
    if place < len(tokens):
        raise BadConfiguration(f'unexpected "}}" in {path}:{tokens[place][1]}')
    return directives


def _block(tokens: list[tuple[str, int]], place: int, path: str, depth: int, last: int) -> tuple[tuple[Directive, ...], int]:
    if depth > DEEPEST:
        raise BadConfiguration(f"too many nested blocks in {path}")
    found: list[Directive] = []
    words: list[str] = []
    while place < len(tokens):
        token, line = tokens[place]
        place += 1
        if token == ";":
            if not words:
                raise BadConfiguration(f'unexpected ";" in {path}:{line}')
            found.append(Directive(words[0], tuple(words[1:]), None, f"{path}:{line}"))
            words = []
        elif token == "{":
            if not words:
                raise BadConfiguration(f'unexpected "{{" in {path}:{line}')
            if words[0] in ("types", "map", "geo", "split_clients") or words[0] in _BLOCKS or words[0] not in _SIMPLE:
                inner, place = _block(tokens, place, path, depth + 1, last)
                if place >= len(tokens):
                    raise BadConfiguration(f'unexpected end of file, expecting "}}" in {path}:{last}')
                place += 1
                found.append(Directive(words[0], tuple(words[1:]), inner, f"{path}:{line}"))
                words = []
            else:
                raise BadConfiguration(f'directive "{words[0]}" is not terminated by ";" in {path}:{line}')
        elif token == "}":
            if words:
                raise BadConfiguration(f'directive "{words[0]}" is not terminated by ";" in {path}:{line}')
            return tuple(found), place - 1
        else:
            words.append(_unquoted(token))
    if words:
        raise BadConfiguration(f'unexpected end of file, expecting ";" or "}}" in {path}:{last}')
    return tuple(found), place


def _unquoted(token: str) -> str:
    if token[0] in "\"'" and len(token) > 1:
        return re.sub(r"\\([\"'\\])", r"\1", token[1:-1])
    return token


def _included(view: View, path: str, depth: int = 0) -> list[Directive]:
    """The directives of a file, those of the files that it includes in their places."""
    if depth > DEEPEST:
        raise BadConfiguration(f"too many levels of include in {path}")
    try:
        text = view.read(path)
    except FileError as error:
        number = {"ENOENT": 2, "EACCES": 13, "EISDIR": 21}.get(error.name, 5)
        raise BadConfiguration(f'open() "{path}" failed ({number}: {error})') from None
    return _expanded(view, _parsed(text, path), depth)


def _expanded(view: View, directives: tuple[Directive, ...], depth: int) -> list[Directive]:
    found: list[Directive] = []
    for directive in directives:
        if directive.name == "include" and directive.args:
            for path in _globbed(view, join("/etc/nginx", directive.args[0])):
                found += _included(view, path, depth + 1)
        elif directive.block is not None and directive.name not in ("types", "map", "geo", "split_clients"):
            inner = tuple(_expanded(view, directive.block, depth + 1))
            found.append(Directive(directive.name, directive.args, inner, directive.where))
        else:
            found.append(directive)
    return found


def _globbed(view: View, path: str) -> list[str]:
    folder, _, name = path.rpartition("/")
    if not patterns.has_magic(name):
        return [path]
    try:
        names = view.names(folder or "/")
    except FileError:
        return []
    return [f"{folder}/{found}" for found in names if patterns.matches(name, found) and not found.startswith(".")]


# Hundreds of Pods of one image share their files as long as nobody writes: their configuration is read once.
_KNOWN: dict[int, tuple[Tree, Configuration]] = {}
MOST_KNOWN = 64


def configuration(view: View) -> Configuration:
    """The configuration that lies in a container; raises BadConfiguration."""
    layer = view.kernel.layers[view.container]
    if any(mount[0].startswith("/etc") for mount in view.mounts):
        return _configuration(view)
    known = _KNOWN.get(id(layer))
    if known is None or known[0] is not layer:
        if len(_KNOWN) >= MOST_KNOWN:
            _KNOWN.clear()
        known = _KNOWN[id(layer)] = (layer, _configuration(view))
    return known[1]


def _configuration(view: View) -> Configuration:
    directives = _included(view, MAIN)
    _check(directives, "main")
    sites: list[Site] = []
    upstreams: dict[str, tuple[str, ...]] = {}
    foreground = any(directive.name == "daemon" and directive.args == ("off",) for directive in directives)
    for http in (directive for directive in directives if directive.name == "http" and directive.block is not None):
        for directive in http.block or ():
            if directive.name == "server" and directive.block is not None:
                sites.append(_site(directive, _simple(http.block or ())))
            elif directive.name == "upstream" and directive.block is not None and directive.args:
                upstreams[directive.args[0]] = tuple(
                    inner.args[0] for inner in directive.block if inner.name == "server" and inner.args
                )
    if not any(directive.name == "events" for directive in directives):
        raise BadConfiguration('no "events" section in configuration')
    return Configuration(tuple(sites), upstreams, foreground)


def configuration_or_none(view: View) -> Configuration | None:
    try:
        return configuration(view)
    except BadConfiguration:
        return None


_PLACES = {
    "server": ("http", "upstream"),
    "location": ("server", "location"),
    "http": ("main",),
    "events": ("main",),
    "listen": ("server",),
    "upstream": ("http",),
    "proxy_pass": ("location", "if"),
    "worker_processes": ("main",),
}


def _check(directives: list[Directive] | tuple[Directive, ...], inside: str) -> None:
    for directive in directives:
        name = directive.name
        if name not in _SIMPLE and name not in _BLOCKS:
            raise BadConfiguration(f'unknown directive "{name}" in {directive.where}')
        if name in _PLACES and inside not in _PLACES[name] and inside not in ("stream", "mail"):
            raise BadConfiguration(f'"{name}" directive is not allowed here in {directive.where}')
        if directive.block is None and name in ("http", "events", "location"):
            raise BadConfiguration(f'directive "{name}" has no opening "{{" in {directive.where}')
        if (
            directive.block is None
            and not directive.args
            and name not in ("break", "stub_status", "internal", "ip_hash", "least_conn")
        ):
            raise BadConfiguration(f'invalid number of arguments in "{name}" directive in {directive.where}')
        if name == "listen" and _port(directive.args[0]) is None and not directive.args[0].startswith("unix:"):
            raise BadConfiguration(f'invalid port in "{directive.args[0]}" of the "listen" directive in {directive.where}')
        if directive.block is not None and name not in ("types", "map", "geo", "split_clients"):
            _check(directive.block, name)


def _simple(directives: tuple[Directive, ...]) -> dict[str, tuple[str, ...]]:
    return {directive.name: directive.args for directive in directives if directive.block is None}


def _port(text: str) -> int | None:
    last = text.rpartition(":")[2]
    if last.isdecimal():
        return int(last) if 0 < int(last[:6]) < 65536 else None
    return 80 if re.fullmatch(r"[\w.*\[\]-]+", text) else None


def _site(server: Directive, above: dict[str, tuple[str, ...]]) -> Site:
    block = server.block or ()
    listens = [directive for directive in block if directive.name == "listen" and directive.args]
    ports = tuple(dict.fromkeys(port for directive in listens if (port := _port(directive.args[0])) is not None)) or (80,)
    names = tuple(name for directive in block if directive.name == "server_name" for name in directive.args)
    own = {**above, **_simple(block)}
    locations: list[Location] = []
    _locations(block, own, locations)
    return Site(ports, names, any("default_server" in directive.args for directive in listens), own, tuple(locations))


def _locations(block: tuple[Directive, ...], above: dict[str, tuple[str, ...]], found: list[Location]) -> None:
    handlers = ("return", "proxy_pass", "stub_status", "try_files", "alias")
    for directive in block:
        if directive.name != "location" or directive.block is None or not directive.args:
            continue
        modifier, path = (directive.args[0], directive.args[1]) if len(directive.args) > 1 else ("", directive.args[0])
        inherited = {name: args for name, args in above.items() if name not in handlers}
        own = {**inherited, **_simple(directive.block)}
        found.append(Location(modifier, path, own))
        _locations(directive.block, own, found)


def ports(found: Configuration) -> tuple[int, ...]:
    """The ports that a configuration listens on."""
    return tuple(dict.fromkeys(port for site in found.sites for port in site.ports))


def site_for(found: Configuration, port: int, host: str) -> Site | None:
    """The server block that answers on a port for a host."""
    here = [site for site in found.sites if port in site.ports]
    named = next((site for site in here if host in site.names), None)
    return named or next((site for site in here if site.default), here[0] if here else None)


def location_for(site: Site, path: str) -> Location:
    """The location that answers for a path (ngx_http_core_find_location)."""
    best: Location | None = None
    for location in site.locations:
        if location.modifier == "=" and location.path == path:
            return location
        if (
            location.modifier in ("", "^~")
            and path.startswith(location.path)
            and (best is None or len(location.path) > len(best.path))
        ):
            best = location
    if best is None or best.modifier != "^~":
        from cluster.containers.programs import regex

        for location in site.locations:
            if location.modifier not in ("~", "~*"):
                continue
            try:
                if regex.compiled(location.path, extended=True, ignore_case=location.modifier == "~*").search(path):
                    return location
            except regex.BadPattern:
                continue
    return best or Location("", "/", site.directives)
