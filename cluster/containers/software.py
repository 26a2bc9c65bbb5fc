"""What processes see of an image: its files, its userland, its own servers. Made from the catalogue, never stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from cluster.containers import systems
from cluster.containers.files import FILE, LINK, File, Tree, join, parent
from cluster.containers.image import Image, words
from cluster.containers.programs.userlands import BUSYBOX_TOOLS, DEBIAN_TOOLS, EXTRAS, GNU_TOOLS, UBUNTU_TOOLS

# Userlands: whose tools lie in the image. NONE has neither shell nor tools (distroless, scratch).
BUSYBOX, GNU, NONE = "busybox", "gnu", "none"

# What a server understands, by image; everything else answers HTTP.
PROTOCOLS = {
    "redis": "redis",
    "valkey/valkey": "redis",
    "bitnami/redis": "redis",
    "mysql": "mysql",
    "mariadb": "mysql",
    "postgres": "postgres",
    "bitnami/postgresql": "postgres",
    "memcached": "tcp",
    "mongo": "tcp",
    "rabbitmq": "tcp",
    "cassandra": "tcp",
    "zookeeper": "tcp",
    "nats": "tcp",
    "registry.k8s.io/pause": "none",
}
# Where an image's server finds its pages, and the file that tells it what to do.
ROOTS = {
    "httpd": "/usr/local/apache2/htdocs",
    "caddy": "/usr/share/caddy",
    "tomcat": "/usr/local/tomcat/webapps/ROOT",
    "wordpress": "/var/www/html",
    "php": "/var/www/html",
    "registry.k8s.io/hpa-example": "/var/www/html",
    "gcr.io/google_samples/gb-frontend": "/var/www/html",
}
DATA = {"redis": "/data", "mysql": "/var/lib/mysql", "postgres": "/var/lib/postgresql/data", "mongo": "/data/db"}
# Clients and tools that an image brings along and that are no servers.
CLIENTS = words(
    """
    redis-cli valkey-cli mysql mysqladmin mariadb mariadb-admin psql pg_isready mongosh mongo influx cqlsh nodetool
    rabbitmqctl rabbitmq-diagnostics etcdctl nats curl wget nc telnet tcpdump iperf nslookup dig stress apk pip npm npx
    yarn irb bundle go javac jshell catalina.sh
    """
)
INTERPRETERS = frozenset({"python", "python3", "node", "ruby", "php", "perl", "java"})
# Scripts and small inits that only go on to what they are given.
WRAPPERS = frozenset({"docker-entrypoint.sh", "entrypoint.sh", "tini", "dumb-init", "docker-php-entrypoint"})


@dataclass(frozen=True, slots=True)
class Server:
    """A server of the image: what it listens on, what it says, how it ends. Data only."""

    protocol: str  # http, redis, mysql, postgres, tcp, none
    ports: tuple[int, ...] | None = ()  # None: what its Pod declares
    start: int = 100  # ms until its ports are open
    flavour: str = ""  # whose configuration and access log: nginx, httpd
    root: str = ""  # http: the directory whose files it serves; "": it answers any path
    answer: str = ""  # http: the body for any path
    data: str = ""  # the directory that it keeps its data in
    says: tuple[tuple[int, str], ...] = ()  # (ms after the start, line)
    stops: bool = True  # whether it heeds TERM, QUIT and INT
    stop_code: int = 0
    memory: int = 8 << 20  # bytes
    cpu: int = 1  # millicores at rest
    user: str = "root"


@dataclass(frozen=True, slots=True, eq=False)
class Software:
    """An image as its processes see it."""

    name: str  # the familiar reference, "nginx"
    version: str = ""
    userland: str = GNU
    bash: bool = False  # whether /bin/bash is there
    sh_is_bash: bool = False
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    uid: int = 0
    files: Tree = field(default_factory=Tree)
    programs: frozenset[str] = frozenset()  # its own programs, by name or path
    servers: Mapping[str, Server] = field(default_factory=dict)  # program -> what it does when it is called
    wrappers: frozenset[str] = frozenset()  # paths of what only goes on to its arguments
    generic: bool = False  # an image that nobody knows: every program that is called runs as a server


@lru_cache(maxsize=1024)
def of(image: Image, name: str = "", tag: str = "") -> Software:
    """The software of an image of the catalogue. `name` is the familiar reference; a tag may bring another system (alpine)."""
    if "alpine" in tag and image.system not in ("", "busybox"):
        image = image.but(system="alpine", has_bash=False)
    userland = {"": NONE, "busybox": BUSYBOX, "alpine": BUSYBOX}.get(image.system, GNU)
    servers = _servers(image, name)
    programs = frozenset(program for program in image.programs if program != "*") | servers.keys()
    if not image.has_shell and userland != NONE:
        userland = NONE
    wrappers = _wrappers(image)
    command = image.cmd
    if image.serves and not image.cmd and (not image.entrypoint or wrappers):
        command = (next(iter(servers)),)
    return Software(
        name=name,
        version=_version(image, tag),
        userland=userland,
        bash=image.has_bash and userland != NONE,
        sh_is_bash=image.system in ("fedora", "rocky"),
        entrypoint=image.entrypoint,
        command=command,
        env=dict(image.env),
        workdir=image.workdir or "/",
        uid=_uid(image),
        files=_files(image, name, userland, _commands(image, programs, wrappers), wrappers),
        programs=programs,
        servers=servers,
        wrappers=wrappers,
        generic=image.generic,
    )


def _commands(image: Image, programs: frozenset[str], wrappers: frozenset[str]) -> frozenset[str]:
    """What has to lie in the image: its programs, and what it starts by a path."""
    started = [words[0] for words in (image.entrypoint, image.cmd) if words and "/" in words[0] and words[0] not in wrappers]
    return programs | {word for word in started if _base(word) not in ("sh", "bash")}


def _version(image: Image, tag: str) -> str:
    found = re.match(r"v?([0-9]+(?:\.[0-9]+)*)", tag)
    if found:
        return found[1]
    return ".".join(map(str, (*image.newest, 0))) if image.newest else "1.0"


def _uid(image: Image) -> int:
    user = image.user.partition(":")[0]
    return int(user) if user.isdecimal() else systems.USERS.get(user, 0)


def _servers(image: Image, name: str) -> dict[str, Server]:
    """What the image runs by itself, under every name that it has."""
    if not image.serves:
        return {}
    flavour = next((word for word in ("nginx", "httpd") if word in image.programs), "")
    root = ROOTS.get(name, "")
    if flavour == "nginx" and not image.generic:
        root = "/usr/share/nginx/html" if image.paths is not None else ""
    server = Server(
        protocol=PROTOCOLS.get(name, "http"),
        ports=image.ports,
        start=image.start,
        flavour=flavour,
        root=root,
        answer=f"{name or 'server'} (simulated): {{host}}\n",
        data=DATA.get(name.rpartition("/")[2], ""),
        says=image.log,
        stops=image.stops,
        stop_code=image.stop_code,
        memory=image.memory,
        cpu=image.idle_cpu,
        user=image.user or "root",
    )
    names = [
        program for program in sorted(image.programs) if program not in CLIENTS and program not in INTERPRETERS and program != "*"
    ]
    first = next(
        (word for word in (*image.entrypoint, *image.cmd) if _base(word) not in WRAPPERS and not word.startswith("-")), ""
    )
    if first and first not in names and _base(first) not in INTERPRETERS and _base(first) not in ("sh", "bash"):
        names.insert(0, first)
    return dict.fromkeys(
        [_base(program) for program in names] or (["server"] if not image.programs & INTERPRETERS else ["app"]), server
    )


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _wrappers(image: Image) -> frozenset[str]:
    first = image.entrypoint[0] if image.entrypoint else ""
    words = [word for word in image.entrypoint if _base(word) in WRAPPERS]
    if _base(first) not in WRAPPERS:
        return frozenset()
    return frozenset(word if "/" in word else f"/usr/local/bin/{word}" for word in words)


@lru_cache(maxsize=16)
def _base_tree(userland: str, system: str, bash: bool) -> Tree:
    """The directories and tools of a userland."""
    tree = Tree()
    directories = systems.BUSYBOX_DIRECTORIES if system == "busybox" else systems.DIRECTORIES
    for path in directories:
        if path not in ("/proc", "/sys", "/dev", "/bin", "/sbin"):
            tree = tree.make_directories(path, 0)
    for path in ("/tmp", "/var/tmp"):
        tree = tree.make_directories(path, 0).put(path, File("dir", "", 0o777))
    if userland == BUSYBOX:
        tree = tree.make_directories("/bin", 0).make_directories("/sbin", 0).make_directories("/usr/bin", 0)
        tools, where = set(BUSYBOX_TOOLS), "/bin"
    else:
        tree = tree.make_directories("/usr/bin", 0).make_directories("/usr/sbin", 0)
        tree = tree.put("/bin", File(LINK, "usr/bin", 0o777)).put("/sbin", File(LINK, "usr/sbin", 0o777))
        tools, where = (
            {*GNU_TOOLS, *(UBUNTU_TOOLS if system == "ubuntu" else DEBIAN_TOOLS if system == "debian" else EXTRAS["fedora"])},
            "/usr/bin",
        )
    if bash:
        tools.add("bash")
    for tool in sorted(tools):
        tree = tree.put(f"{where}/{tool}", _tool(tool))
    return tree


def _tool(name: str) -> File:
    return File(FILE, "", 0o755, 0, 0, 40_000 + 997 * len(name))


def _files(image: Image, name: str, userland: str, programs: frozenset[str], wrappers: frozenset[str]) -> Tree:
    if userland == NONE:
        tree = Tree()
        for path in ("/etc", "/tmp"):
            tree = tree.make_directories(path, 0)
    else:
        tree = _base_tree(userland, image.system, image.has_bash)
    for path, text in systems.files(image).items():
        where = _through_links(path, userland)
        tree = tree.make_directories(parent(where), 0).write(where, text, 0)
    for program in sorted({*programs, *EXTRAS.get(name, ())}):
        if program == "*":
            continue
        path = join(image.workdir or "/", program) if "/" in program else f"{_home(program, userland)}/{program}"
        where = _through_links(path, userland)
        if where in tree and tree.stat(where).text:
            tree = tree.put(where, replace_mode(tree.stat(where)))
            continue
        tree = tree.make_directories(parent(where), 0).put(where, _tool(program))
    for wrapper in wrappers:
        where = _through_links(wrapper, userland)
        text = '#!/bin/sh\nset -e\nexec "$@"\n' if where not in tree else tree.stat(where).text
        tree = tree.make_directories(parent(where), 0).put(where, File(FILE, text, 0o755))
    if image.workdir not in ("", "/"):
        tree = tree.make_directories(image.workdir, 0)
    if "nginx" in programs:
        tree = tree.make_directories("/var/log/nginx", 0).make_directories("/run", 0)
        tree = tree.put("/var/log/nginx/access.log", File(LINK, "/dev/stdout", 0o777))
        tree = tree.put("/var/log/nginx/error.log", File(LINK, "/dev/stderr", 0o777))
    data = DATA.get(name)
    return tree.make_directories(data, 0) if data else tree


def replace_mode(file: File) -> File:
    """The same file, for all to run."""
    return file._replace(mode=0o755)


def _through_links(path: str, userland: str) -> str:
    """Where a file really lies: /bin is a link in most systems."""
    if userland != GNU:
        return path
    for link, target in (("/bin/", "/usr/bin/"), ("/sbin/", "/usr/sbin/")):
        if path.startswith(link):
            return target + path[len(link) :]
    return path


def _home(program: str, userland: str) -> str:
    if userland == BUSYBOX:
        return "/usr/bin"
    return {
        "nginx": "/usr/sbin",
        "mysqld": "/usr/sbin",
        "mariadbd": "/usr/sbin",
        "mysql": "/usr/bin",
        "mysqladmin": "/usr/bin",
        "curl": "/usr/bin",
        "psql": "/usr/bin",
        "pg_isready": "/usr/bin",
    }.get(program, "/usr/local/bin")


def plain(userland: str = BUSYBOX, *, bash: bool = False, name: str = "") -> Software:
    """A userland and nothing else: what tests and examples need."""
    system = {BUSYBOX: "busybox", GNU: "debian", NONE: ""}[userland]
    image = Image(0, has_bash=bash, system=system, has_shell=userland != NONE, cmd=("sh",))
    return replace(of(image, name or system), name=name or system)
