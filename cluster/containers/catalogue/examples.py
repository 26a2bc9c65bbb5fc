"""What tutorials run: small servers that echo, greet or burn CPU time."""

from __future__ import annotations

from cluster.containers.catalogue.web_servers import NGINX
from cluster.containers.image import GRACEFUL, KIB, MIB, Image, Work, words

_SMALL = Work(waits=1, memory=32 * KIB, at_once=1_000)


def _tiny(size: int, port: int, program: str) -> Image:
    """A static binary on an empty file system."""
    return Image(
        size, (port,), True, 60, programs=words(program), has_shell=False, system="", entrypoint=(program,), memory=4 * MIB,
        work=_SMALL,
    )


def _hello_app() -> Image:
    return Image(
        13_330_208, (8080,), True, 60, programs=words("./hello-app"), system="alpine", cmd=("./hello-app",), memory=5 * MIB,
        work=_SMALL, files={"/hello-app": ""}, log=((50, "Server listening on port 8080"),),
    )


IMAGES = {
    "polinux/stress": Image(
        4_041_495, programs=words("stress"), cmd=("stress", "--verbose", "--vm", "1"), system="alpine", has_bash=True,
        memory=1 * MIB, idle_cpu=0,
    ),
    "hashicorp/http-echo": _tiny(2_907_610, 5678, "/http-echo").but(stop_code=GRACEFUL),
    "ealen/echo-server": Image(
        38_640_774, (80,), True, 400, programs=words("node"), cmd=("node", "src/webserver"), system="alpine", workdir="/app",
        memory=40 * MIB, work=_SMALL,
    ),
    "traefik/whoami": _tiny(2_810_442, 80, "/whoami"),
    "containous/whoami": _tiny(2_640_118, 80, "/whoami"),
    "kicbase/echo-server": _tiny(2_138_070, 8080, "/bin/echo-server"),
    "nginxdemos/hello": NGINX.but(
        size=20_108_915, programs=words("nginx"), paths=None, newest=None, system="alpine", has_bash=False,
    ),
    "gcr.io/google-samples/hello-app": _hello_app(),
    "us-docker.pkg.dev/google-samples/containers/gke/hello-app": _hello_app(),
    "gcr.io/google-samples/kubernetes-bootcamp": Image(
        83_104_998, (8080,), True, 500, programs=words("node"), cmd=("/bin/sh", "-c", "node server.js"), memory=30 * MIB,
        log=((450, "Kubernetes Bootcamp App Started"),),
    ),
    "gcr.io/google_samples/gb-frontend": Image(
        161_844_023, (80,), True, 900, GRACEFUL, programs=words("apache2-foreground"), cmd=("apache2-foreground",), has_bash=True,
        workdir="/var/www/html", memory=24 * MIB, work=Work(cpu=10_000, waits=5, memory=4 * MIB, at_once=150),
    ),
    "registry.k8s.io/hpa-example": Image(
        200_361_006, (80,), True, 500, GRACEFUL, programs=words("apache2-foreground"), cmd=("apache2-foreground",), has_bash=True,
        workdir="/var/www/html", memory=12 * MIB, work=Work(waits=1, memory=1 * MIB, at_once=150),
        files={"/var/www/html/index.php": "<?php echo busy_work(5 /* ms of CPU time */);\n"},
    ),
    "registry.k8s.io/e2e-test-images/agnhost": Image(
        53_024_110, (8080,), True, 100, programs=words("/agnhost agnhost"), entrypoint=("/agnhost",), cmd=("pause",),
        system="alpine", memory=6 * MIB, work=_SMALL,
    ),
    "registry.k8s.io/echoserver": NGINX.but(
        size=45_109_312, ports=(8080,), start=200, programs=words("nginx"), paths=None, newest=None, troubles=(),
    ),
    "registry.k8s.io/nginx-slim": NGINX.but(size=43_517_225, programs=words("nginx"), newest=None),
    "registry.k8s.io/goproxy": _tiny(1_699_320, 8080, "/goproxy"),
    "registry.k8s.io/busybox": Image(
        1_130_211, programs=words("httpd nc telnet"), cmd=("sh",), system="busybox", memory=1 * MIB, idle_cpu=0,
    ),
}
