"""Web servers, proxies and the applications that people put behind them."""

from __future__ import annotations

from cluster.containers.image import GRACEFUL, KIB, MIB, SECOND, Image, Trouble, Work, words

PAGES = words("/ /index.html")
HTML = "/usr/share/nginx/html"
NGINX_PAGE = f"""<!DOCTYPE html>
<html>
<head><title>Welcome to nginx!</title></head>
<body>
<h1>Welcome to nginx!</h1>
<p>A simulated nginx answers with {HTML}/index.html. Mount a volume there, or write to the file, and look again.</p>
</body>
</html>
"""
ERROR_PAGE = "<!DOCTYPE html>\n<html><head><title>Error</title></head><body><h1>An error occurred.</h1></body></html>\n"
NGINX_CONF = """user  nginx;
worker_processes  auto;
error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;

events {
    worker_connections  1024;
}

http {
    include       /etc/nginx/mime.types;
    access_log    /var/log/nginx/access.log;
    include       /etc/nginx/conf.d/*.conf;
}
"""


def _nginx_site(port: int) -> str:
    return f"""server {{
    listen       {port};
    server_name  localhost;

    location / {{
        root   {HTML};
        index  index.html index.htm;
    }}
    error_page   500 502 503 504  /50x.html;
}}
"""


def _nginx_files(port: int) -> dict[str, str]:
    return {
        f"{HTML}/index.html": NGINX_PAGE, f"{HTML}/50x.html": ERROR_PAGE, "/etc/nginx/nginx.conf": NGINX_CONF,
        "/etc/nginx/conf.d/default.conf": _nginx_site(port),
        "/etc/nginx/mime.types": "types {\n    text/html  html htm;\n    text/css  css;\n    application/json  json;\n}\n",
        "/docker-entrypoint.sh": '#!/bin/sh\nset -e\nexec "$@"\n',
    }


def _nginx_cannot(code: int, why: str) -> tuple[str, ...]:
    return (f'nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed ({code}: {why})',)


_NGINX_LOG = (
    (20, "/docker-entrypoint.sh: Configuration complete; ready for start up"),
    (60, '[notice] 1#1: using the "epoll" event method'),
    (80, "[notice] 1#1: start worker processes"),
)
_NGINX_TROUBLES = (
    Trouble(1, 60, _nginx_cannot(30, "Read-only file system"), read_only="/var/cache/nginx"),
    Trouble(1, 60, _nginx_cannot(13, "Permission denied"), not_root=True),
)
_NGINX_WORK = Work(waits=1, memory=32 * KIB, at_once=1024)
_NGINX_START = ("/docker-entrypoint.sh",)
_NGINX_CMD = ("nginx", "-g", "daemon off;")

TOMCAT_HOME = "/usr/local/tomcat"
TOMCAT_PAGE = f"""<!DOCTYPE html>
<html>
<head><title>Apache Tomcat</title></head>
<body><h1>It works!</h1><p>A simulated Tomcat answers from {TOMCAT_HOME}/webapps/ROOT.</p></body>
</html>
"""
TOMCAT_SERVER = """<?xml version="1.0" encoding="UTF-8"?>
<Server port="8005" shutdown="SHUTDOWN">
  <Service name="Catalina">
    <Connector port="8080" protocol="HTTP/1.1" connectionTimeout="20000" />
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps" unpackWARs="true" autoDeploy="true" />
    </Engine>
  </Service>
</Server>
"""
_HTTPD_CONF = """ServerRoot "/usr/local/apache2"
Listen 80
DocumentRoot "/usr/local/apache2/htdocs"
ErrorLog /proc/self/fd/2
CustomLog /proc/self/fd/1 common
"""

NGINX = Image(
    72_324_501, (80,), True, 120, GRACEFUL, programs=words("nginx nginx-debug"), paths=PAGES, newest=(1, 31),
    entrypoint=_NGINX_START, cmd=_NGINX_CMD, has_bash=True, files=_nginx_files(80), start_cpu=40, work=_NGINX_WORK,
    log=_NGINX_LOG, troubles=_NGINX_TROUBLES, env={"NGINX_VERSION": "1.31.0"}, layer=8 * KIB,
)

IMAGES = {
    "nginx": NGINX,
    "nginxinc/nginx-unprivileged": NGINX.but(
        size=70_110_532, ports=(8080,), programs=words("nginx"), newest=None, files=_nginx_files(8080), user="101", troubles=(),
    ),
    "httpd": Image(
        58_871_204, (80,), True, 150, GRACEFUL, programs=words("httpd httpd-foreground"), paths=PAGES, newest=(2, 4),
        cmd=("httpd-foreground",), workdir="/usr/local/apache2", has_bash=True, memory=12 * MIB, start_cpu=60,
        work=Work(waits=1, memory=128 * KIB, at_once=400),
        files={
            "/usr/local/apache2/htdocs/index.html": "<html><body><h1>It works!</h1></body></html>\n",
            "/usr/local/apache2/conf/httpd.conf": _HTTPD_CONF,
        },
        log=((100, "[mpm_event:notice] AH00489: Apache/2.4 (Unix) configured -- resuming normal operations"),),
        troubles=(Trouble(
            1, 60, ("(13)Permission denied: AH00072: make_sock: could not bind to address 0.0.0.0:80",), not_root=True,
        ),),
    ),
    "caddy": Image(
        21_550_913, (80, 443), True, 150, GRACEFUL, programs=words("caddy"), system="alpine", memory=14 * MIB,
        cmd=("caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"), workdir="/srv",
        files={
            "/etc/caddy/Caddyfile": ":80 {\n\troot * /usr/share/caddy\n\tfile_server\n}\n",
            "/usr/share/caddy/index.html": "<!DOCTYPE html>\n<html><body><h1>Caddy works!</h1></body></html>\n",
        },
        log=((120, '{"level":"info","msg":"serving initial configuration"}'),),
    ),
    "traefik": Image(
        48_906_117, (80,), True, 400, GRACEFUL, programs=words("traefik"), system="alpine", entrypoint=("/entrypoint.sh",),
        cmd=("traefik",), memory=30 * MIB, start_cpu=200,
    ),
    "haproxy": Image(
        39_204_455, None, True, 150, GRACEFUL, programs=words("haproxy"), entrypoint=("docker-entrypoint.sh",),
        cmd=("haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"), user="haproxy", memory=10 * MIB,
        work=Work(cpu=500, waits=1, memory=32 * KIB, at_once=2000),
    ),
    "envoyproxy/envoy": Image(
        66_012_874, (10000, 9901), True, 500, GRACEFUL, programs=words("envoy"), system="ubuntu",
        entrypoint=("/docker-entrypoint.sh",), cmd=("envoy", "-c", "/etc/envoy/envoy.yaml"), memory=38 * MIB, start_cpu=200,
        work=Work(cpu=500, waits=1, memory=64 * KIB, at_once=1024),
    ),
    "tomcat": Image(
        204_871_330, (8080,), True, 2 * SECOND, programs=words("catalina.sh java"), cmd=("catalina.sh", "run"), system="ubuntu",
        has_bash=True, workdir=TOMCAT_HOME, env={"CATALINA_HOME": TOMCAT_HOME, "JAVA_HOME": "/opt/java/openjdk"},
        memory=120 * MIB, idle_cpu=2, start_cpu=2_500, work=Work(waits=3, memory=512 * KIB, at_once=200, line=100),
        files={
            f"{TOMCAT_HOME}/webapps/ROOT/index.html": TOMCAT_PAGE, f"{TOMCAT_HOME}/conf/server.xml": TOMCAT_SERVER,
            f"{TOMCAT_HOME}/bin/catalina.sh": "#!/bin/sh\nexec java org.apache.catalina.startup.Bootstrap start\n",
        },
        log=(
            (300, "INFO [main] org.apache.catalina.core.StandardEngine.startInternal Starting Servlet engine"),
            (2000, "INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [2000] milliseconds"),
        ),
    ),
    "jetty": Image(
        180_330_701, (8080,), True, 1_500, programs=words("java"), entrypoint=("/docker-entrypoint.sh",), user="jetty",
        system="ubuntu", has_bash=True, workdir="/var/lib/jetty", memory=90 * MIB, idle_cpu=2, start_cpu=1_800,
        work=Work(waits=3, memory=384 * KIB, at_once=200, line=128),
    ),
    "wordpress": Image(
        250_410_998, (80,), True, 900, GRACEFUL, programs=words("apache2-foreground php"), entrypoint=("docker-entrypoint.sh",),
        cmd=("apache2-foreground",), workdir="/var/www/html", has_bash=True, memory=48 * MIB, start_cpu=600, layer=80 * MIB,
        work=Work(cpu=60_000, waits=20, memory=12 * MIB, at_once=150),
        log=((300, "WordPress not found in /var/www/html - copying now..."),
             (850, "[mpm_prefork:notice] resuming normal operations")),
    ),
    "ghost": Image(
        190_883_021, (2368,), True, 3 * SECOND, programs=words("node"), entrypoint=("docker-entrypoint.sh",),
        cmd=("node", "current/index.js"), workdir="/var/lib/ghost", memory=150 * MIB, idle_cpu=2, start_cpu=2_500,
        work=Work(cpu=15_000, waits=5, memory=512 * KIB, at_once=500),
    ),
}
