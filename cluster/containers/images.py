"""The registries that nodes pull from: which images there are, how large they are and what they do when they run.

Sizes are compressed bytes, of the order of the published images. Nothing is downloaded by anybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cluster.containers.references import Reference
from cluster.objects import times

# How a container of an image ends when it is asked to (SIGTERM, or the image's own STOPSIGNAL) and takes it well.
GRACEFUL = 0
TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of a repository."""

    size: int  # bytes
    ports: tuple[int, ...] | None = ()  # what it listens on; None: whatever its Pod declares
    serves: bool = False  # runs until it is stopped; else it ends at once with 0, as a shell without a terminal does
    start: int = 100  # ms until its ports are open
    stop_code: int = TERMINATED
    stops: bool = True  # whether it heeds the stop signal
    programs: frozenset[str] = frozenset()  # what can be called in it besides the usual tools
    has_shell: bool = True
    needs_env: frozenset[str] = frozenset()  # it refuses to start without one of these
    paths: frozenset[str] | None = None  # what its web server has; None: anything
    newest: tuple[int, int] | None = None  # no tag beyond this version (major, minor) exists yet


def _programs(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PAGES = frozenset({"/", "/index.html"})
_MYSQL_ENV = _programs(
    "MYSQL_ROOT_PASSWORD MYSQL_ALLOW_EMPTY_PASSWORD MYSQL_RANDOM_ROOT_PASSWORD MYSQL_ROOT_PASSWORD_FILE"
)
_MARIADB_ENV = _MYSQL_ENV | _programs(
    "MARIADB_ROOT_PASSWORD MARIADB_ALLOW_EMPTY_ROOT_PASSWORD MARIADB_RANDOM_ROOT_PASSWORD MARIADB_ROOT_PASSWORD_HASH"
)
_POSTGRES_ENV = _programs("POSTGRES_PASSWORD POSTGRES_HOST_AUTH_METHOD POSTGRES_PASSWORD_FILE")

CATALOGUE: Mapping[str, Image] = {
    # web servers
    "nginx": Image(
        72_324_501, (80,), True, 120, GRACEFUL, programs=_programs("nginx nginx-debug"), paths=_PAGES, newest=(1, 31)
    ),
    "nginxinc/nginx-unprivileged": Image(
        70_110_532, (8080,), True, 120, GRACEFUL, programs=_programs("nginx"), paths=_PAGES
    ),
    "httpd": Image(
        58_871_204,
        (80,),
        True,
        150,
        GRACEFUL,
        programs=_programs("httpd httpd-foreground"),
        paths=_PAGES,
        newest=(2, 4),
    ),
    "caddy": Image(21_550_913, (80, 443), True, 150, GRACEFUL, programs=_programs("caddy")),
    "traefik": Image(48_906_117, (80,), True, 400, GRACEFUL, programs=_programs("traefik")),
    "haproxy": Image(39_204_455, None, True, 150, GRACEFUL, programs=_programs("haproxy")),
    "envoyproxy/envoy": Image(66_012_874, (10000, 9901), True, 500, GRACEFUL, programs=_programs("envoy")),
    "tomcat": Image(204_871_330, (8080,), True, 2 * times.SECOND, programs=_programs("catalina.sh java")),
    "wordpress": Image(250_410_998, (80,), True, 900, GRACEFUL, programs=_programs("apache2-foreground php")),
    "ghost": Image(190_883_021, (2368,), True, 3 * times.SECOND, programs=_programs("node")),
    # databases, queues
    "redis": Image(
        45_190_207,
        (6379,),
        True,
        150,
        GRACEFUL,
        programs=_programs("redis-server redis-cli redis-sentinel"),
        newest=(8, 6),
    ),
    "valkey/valkey": Image(44_023_918, (6379,), True, 150, GRACEFUL, programs=_programs("valkey-server valkey-cli")),
    "memcached": Image(31_330_471, (11211,), True, 100, GRACEFUL, programs=_programs("memcached"), newest=(1, 6)),
    "mysql": Image(
        232_954_771,
        (3306, 33060),
        True,
        8 * times.SECOND,
        GRACEFUL,
        programs=_programs("mysqld mysql mysqladmin"),
        needs_env=_MYSQL_ENV,
    ),
    "mariadb": Image(
        117_801_339,
        (3306,),
        True,
        5 * times.SECOND,
        GRACEFUL,
        programs=_programs("mariadbd mariadb mariadb-admin mysqld mysql"),
        needs_env=_MARIADB_ENV,
    ),
    "postgres": Image(
        156_217_740,
        (5432,),
        True,
        3 * times.SECOND,
        GRACEFUL,
        programs=_programs("postgres psql pg_isready"),
        needs_env=_POSTGRES_ENV,
    ),
    "mongo": Image(299_817_551, (27017,), True, 2 * times.SECOND, GRACEFUL, programs=_programs("mongod mongosh mongo")),
    "rabbitmq": Image(
        102_744_190,
        (5672, 15692),
        True,
        7 * times.SECOND,
        GRACEFUL,
        programs=_programs("rabbitmq-server rabbitmq-diagnostics rabbitmqctl"),
    ),
    "nats": Image(7_410_229, (4222, 8222), True, 100, GRACEFUL, programs=_programs("nats-server"), has_shell=False),
    "cassandra": Image(
        171_550_402, (9042, 7000), True, 25 * times.SECOND, programs=_programs("cassandra nodetool cqlsh")
    ),
    "elasticsearch": Image(640_118_335, (9200, 9300), True, 18 * times.SECOND, programs=_programs("elasticsearch")),
    # a system and a shell
    "busybox": Image(2_156_519, programs=_programs("httpd nc telnet"), newest=(1, 38)),
    "alpine": Image(3_797_225, programs=_programs("apk nc"), newest=(3, 24)),
    "debian": Image(48_479_990),
    "ubuntu": Image(29_724_688),
    "fedora": Image(68_441_705),
    "centos": Image(83_518_086),
    "rockylinux": Image(66_201_713),
    "curlimages/curl": Image(9_140_224, programs=_programs("curl")),
    "nicolaka/netshoot": Image(208_417_300, programs=_programs("nc tcpdump iperf nslookup dig")),
    "hello-world": Image(2_396, has_shell=False, programs=_programs("/hello")),
    # languages
    "python": Image(366_401_993, programs=_programs("python python3 pip gunicorn uvicorn flask"), newest=(3, 15)),
    "node": Image(411_722_848, programs=_programs("node npm npx yarn")),
    "golang": Image(296_330_117, programs=_programs("go")),
    "ruby": Image(394_871_526, programs=_programs("ruby irb bundle rails")),
    "perl": Image(355_904_412, programs=_programs("perl")),
    "php": Image(189_712_336, programs=_programs("php php-fpm apache2-foreground")),
    "openjdk": Image(244_803_775, programs=_programs("java javac jshell")),
    "eclipse-temurin": Image(226_417_081, programs=_programs("java javac jshell")),
    "polinux/stress": Image(4_041_495, programs=_programs("stress")),
    # what people echo with
    "hashicorp/http-echo": Image(
        2_907_610, (5678,), True, 60, GRACEFUL, programs=_programs("/http-echo"), has_shell=False
    ),
    "ealen/echo-server": Image(38_640_774, (80,), True, 400, programs=_programs("node")),
    "traefik/whoami": Image(2_810_442, (80,), True, 60, programs=_programs("/whoami"), has_shell=False),
    "kicbase/echo-server": Image(2_138_070, (8080,), True, 60, programs=_programs("/bin/echo-server"), has_shell=False),
    "nginxdemos/hello": Image(20_108_915, (80,), True, 120, GRACEFUL, programs=_programs("nginx")),
    "containous/whoami": Image(2_640_118, (80,), True, 60, programs=_programs("/whoami"), has_shell=False),
    "gcr.io/google-samples/hello-app": Image(13_330_208, (8080,), True, 60, programs=_programs("./hello-app")),
    "gcr.io/google-samples/kubernetes-bootcamp": Image(83_104_998, (8080,), True, 500, programs=_programs("node")),
    "us-docker.pkg.dev/google-samples/containers/gke/hello-app": Image(
        13_330_208, (8080,), True, 60, programs=_programs("./hello-app")
    ),
    "gcr.io/google_samples/gb-frontend": Image(
        161_844_023, (80,), True, 900, GRACEFUL, programs=_programs("apache2-foreground")
    ),
    # Kubernetes' own
    "registry.k8s.io/pause": Image(321_520, None, True, 10, GRACEFUL, programs=_programs("/pause"), has_shell=False),
    "registry.k8s.io/coredns/coredns": Image(
        22_384_805, (53, 8080, 8181, 9153), True, 300, GRACEFUL, programs=_programs("/coredns"), has_shell=False
    ),
    "registry.k8s.io/etcd": Image(
        23_641_797, (2379, 2380, 2381), True, 800, programs=_programs("etcd etcdctl"), has_shell=False
    ),
    "registry.k8s.io/kube-apiserver": Image(
        27_100_304, (6443,), True, 2 * times.SECOND, programs=_programs("kube-apiserver"), has_shell=False
    ),
    "registry.k8s.io/kube-controller-manager": Image(
        22_820_214, (10257,), True, 900, programs=_programs("kube-controller-manager"), has_shell=False
    ),
    "registry.k8s.io/kube-scheduler": Image(
        17_382_979, (10259,), True, 700, programs=_programs("kube-scheduler"), has_shell=False
    ),
    "registry.k8s.io/kube-proxy": Image(
        25_963_718, (10249, 10256), True, 300, programs=_programs("/usr/local/bin/kube-proxy")
    ),
    "registry.k8s.io/metrics-server/metrics-server": Image(
        19_690_116, (10250,), True, 900, programs=_programs("/metrics-server"), has_shell=False
    ),
    "registry.k8s.io/e2e-test-images/agnhost": Image(
        53_024_110, (8080,), True, 100, programs=_programs("/agnhost agnhost")
    ),
    "registry.k8s.io/echoserver": Image(45_109_312, (8080,), True, 200, GRACEFUL, programs=_programs("nginx")),
    "registry.k8s.io/nginx-slim": Image(
        43_517_225, (80,), True, 120, GRACEFUL, programs=_programs("nginx"), paths=_PAGES
    ),
    "registry.k8s.io/hpa-example": Image(
        200_361_006, (80,), True, 500, GRACEFUL, programs=_programs("apache2-foreground")
    ),
    "registry.k8s.io/goproxy": Image(1_699_320, (8080,), True, 60, has_shell=False),
    "registry.k8s.io/busybox": Image(1_130_211, programs=_programs("httpd nc telnet")),
    "registry.k8s.io/ingress-nginx/controller": Image(
        105_774_990, (80, 443, 10254), True, 2 * times.SECOND, GRACEFUL, programs=_programs("/nginx-ingress-controller")
    ),
    "ghcr.io/flannel-io/flannel": Image(31_014_908, None, True, 300, GRACEFUL, programs=_programs("/opt/bin/flanneld")),
}

# An image that a cluster knows only by name and size serves what its Pod declares.
_UNKNOWN_SERVER = Image(0, None, True, 100, programs=frozenset({"*"}))

_WORDS = (
    r"latest|stable|mainline|current|lts|edge|unstable|rolling|main|alpine|slim|bookworm|bullseye|buster|trixie|forky|sid"
    r"|jammy|noble|focal|resolute|debian|ubuntu|perl|otel|musl|glibc|uclibc|management|apache|fpm|cli|zts|alpine-slim"
    r"|temurin|jdk|jre|openjdk|headless|oracle|oraclelinux|community|distroless|minimal|full|base|eclipse|al|corretto"
)
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.\d+){0,3}(?:-?(?:alpha|beta|rc|p|u|b)\.?\d*)?")
_TAG = re.compile(
    rf"(?:{_VERSION.pattern}|(?:{_WORDS})(?:\d+(?:\.\d+)*)?)(?:[-_](?:(?:{_WORDS})(?:\d+(?:\.\d+)*)?|\d+(?:\.\d+)*))*"
)


def _has_tag(image: Image, tag: str) -> bool:
    """Whether a tag looks like one that maintainers publish."""
    if not _TAG.fullmatch(tag):
        return False
    version = _VERSION.match(tag)
    if version is None or image.newest is None or not version[2]:
        return True
    return (int(version[1]), int(version[2])) <= image.newest


@lru_cache(maxsize=4096)
def _catalogued(reference: Reference) -> Image | None:
    image = CATALOGUE.get(reference.familiar)
    if image is None or not (reference.digest or _has_tag(image, reference.tag)):
        return None
    return image


def _added(reference: Reference, extra: Mapping[str, int]) -> Image | None:
    for name in (f"{reference.familiar}:{reference.tag}", reference.familiar, str(reference), reference.name):
        if name in extra:
            known = CATALOGUE.get(reference.familiar, _UNKNOWN_SERVER)
            return _resized(known, extra[name])
    return None


@lru_cache(maxsize=1024)
def _resized(image: Image, size: int) -> Image:
    fields = {name: getattr(image, name) for name in Image.__slots__}
    return Image(**{**fields, "size": size})


def find(reference: Reference, extra: Mapping[str, int]) -> Image | None:
    """The image behind a reference; None when no registry has it. `extra`: sizes of more names (or name:tag)."""
    return (_added(reference, extra) if extra else None) or _catalogued(reference)


def of(reference: Reference, extra: Mapping[str, int]) -> Image:
    """The image of something that lies on a node, even when no registry has it any longer."""
    return find(reference, extra) or CATALOGUE.get(reference.familiar, _UNKNOWN_SERVER)


def pull_error(reference: Reference) -> str:
    """What containerd reports for an image that no registry has, as the kubelet passes it on.

    containerd: core/remotes/docker/resolver.go; pkg/kubelet/cri-client drops the code of unknown errors only.
    """
    begin = f'failed to pull and unpack image "{reference}": failed to resolve reference "{reference}": '
    if reference.familiar in CATALOGUE:
        return f"rpc error: code = NotFound desc = {begin}{reference}: not found"
    if reference.registry in _REGISTRIES:
        return (
            f"{begin}pull access denied, repository does not exist or may require authorization: "
            "server message: insufficient_scope: authorization failed"
        )
    address = f"https://{reference.registry}/v2/{reference.repository}/manifests/{reference.version}"
    host = reference.registry.partition(":")[0]
    return f'{begin}failed to do request: Head "{address}": dial tcp: lookup {host} on 10.0.0.2:53: no such host'


_REGISTRIES = frozenset(
    {"docker.io", "registry.k8s.io", "ghcr.io", "gcr.io", "quay.io", "public.ecr.aws", "us-docker.pkg.dev"}
)
