"""Servers of images: they listen, serve the files of their container, keep or lose their data, and end as they are told."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.containers import images, references, software
from cluster.containers.catalogue import CATALOGUE
from cluster.containers.files import Tree
from cluster.containers.machine import ContainerRun, Machine, Mount, Sandbox
from cluster.containers.network import Failure, Request, Response
from cluster.containers.software import Software

IP = "10.244.1.7"


def of(name: str) -> Software:
    reference = references.parse(name)
    return software.of(images.of(reference, {}), reference.familiar, reference.tag)


def started(image: str, *args: str, until: int = 30_000, volumes: dict[str, Tree] | None = None, **settings: Any) -> Machine:
    machine = Machine.boot(Sandbox(hostname="web-1", ip=IP), 0, volumes)
    return machine.start(ContainerRun("c", of(image), args=args, **settings), 0).advance(until)


def ask(machine: Machine, path: str = "/", port: int = 80) -> tuple[Machine, Response | Failure]:
    return machine.serve(Request("http", IP, port, machine.at, path=path, source="10.244.0.9"))


def sh(machine: Machine, script: str, **settings: Any) -> tuple[Machine, Any]:
    return machine.execute("c", ["sh", "-c", script], machine.at, **settings)


def test_it_works() -> None:
    machine = started("nginx:1.27", until=119)
    assert ask(machine)[1] == Failure("refused", 1, IP)
    machine, answer = ask(machine.advance(120))
    assert answer.status == 200 and "Welcome to nginx!" in answer.body
    assert machine.logs("c")[-1].text.startswith('10.244.0.9 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 ')
    machine, _ = sh(machine, "echo changed > /usr/share/nginx/html/index.html")
    assert ask(machine)[1].body == "changed\n"
    assert ask(machine, "/missing")[1].status == 404
    ended = machine.signal("c", "TERM", machine.at)
    assert ended.exit_of("c").code == 0 and ended.ports() == {}


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_image_does_what_its_catalogue_says(name) -> None:
    image = CATALOGUE[name]
    env = {"MYSQL_ROOT_PASSWORD": "x", "POSTGRES_PASSWORD": "x"}
    machine = Machine.boot(Sandbox(hostname="h", ip=IP), 0)
    machine = machine.start(ContainerRun("c", software.of(image, name), ports=(8080,), env=env), 0).advance(60_000)
    if image.serves:
        assert machine.exit_of("c") is None and machine.ports() and machine.memory("c") >= image.memory
    elif name != "polinux/stress":
        assert machine.exit_of("c").code == (2 if name == "curlimages/curl" else 0)


def test_a_page_from_a_volume_and_a_configuration_from_another() -> None:
    site = "server { listen 8081; location / { root /pages; } location /v { return 200 'v2 on $hostname\\n'; } }"
    machine = started(
        "nginx", volumes={"conf": Tree.of({"/default.conf": site}), "pages": Tree.of({"/index.html": "from a volume\n"})},
        mounts=(Mount("/etc/nginx/conf.d", "conf", read_only=True), Mount("/pages", "pages")),
    )
    assert machine.ports() == {8081: "c"}
    assert ask(machine, port=8081)[1].body == "from a volume\n"
    assert ask(machine, "/v", 8081)[1].body == "v2 on web-1\n"


@pytest.mark.parametrize(("text", "said"), [
    ("server { listen 80 }", 'directive "listen" is not terminated by ";" in /etc/nginx/conf.d/default.conf:1'),
    ("server { lisen 80; }", 'unknown directive "lisen" in /etc/nginx/conf.d/default.conf:1'),
    ("server { listen 80;", 'unexpected end of file, expecting "}" in /etc/nginx/conf.d/default.conf:1'),
    ("}", 'unexpected "}" in /etc/nginx/conf.d/default.conf:1'),
])
def test_a_broken_configuration_ends_nginx(text, said) -> None:
    machine = started("nginx", volumes={"conf": Tree.of({"/default.conf": text})}, mounts=(Mount("/etc/nginx/conf.d", "conf"),))
    assert machine.exit_of("c").code == 1
    assert machine.logs("c")[-1].text == f"nginx: [emerg] {said}"


def test_nginx_takes_a_new_configuration_when_told() -> None:
    machine = started("nginx")
    machine, _ = sh(machine, "sed -i 's/80;/8080;/' /etc/nginx/conf.d/default.conf")
    assert machine.ports() == {80: "c"}
    machine, outcome = sh(machine, "nginx -t && nginx -s reload")
    assert outcome.code == 0 and "test is successful" in outcome.stderr
    assert machine.advance(machine.at + 10).ports() == {8080: "c"}


def test_two_servers_of_a_pod_cannot_have_the_same_port() -> None:
    machine = started("nginx", until=0).start(ContainerRun("other", of("nginx")), 200).advance(10_000)
    assert machine.exit_of("other").code == 1 and machine.exit_of("c") is None
    assert machine.logs("other")[-1].text == "nginx: [emerg] still could not bind()"


def test_a_database_needs_its_password() -> None:
    from cluster.containers import troubles

    image = CATALOGUE["mysql"]
    trouble = troubles.first(image, {"name": "c"}, {}, ())
    machine = started("mysql:8", trouble=trouble)
    assert machine.exit_of("c").code == 1 and "password option is not specified" in machine.logs("c")[0].text


def test_redis_keeps_what_it_can_write_down() -> None:
    mounts = (Mount("/data", "claim"),)
    machine = started("redis:7", volumes={"claim": Tree()}, mounts=mounts)
    machine, outcome = sh(machine, "redis-cli set color blue; redis-cli incr n; redis-cli get color")
    assert outcome.stdout == "OK\n1\nblue\n"
    killed = machine.signal("c", "KILL", machine.at)
    ended = machine.signal("c", "TERM", machine.at)
    assert ended.exit_of("c").code == 0
    for before, found in ((ended, "blue\n"), (killed, "\n")):
        again = before.start(ContainerRun("c", of("redis:7"), mounts=mounts), 40_000).advance(41_000)
        assert sh(again, "redis-cli get color")[1].stdout == found


@pytest.mark.parametrize(("image", "env", "fill", "look", "folder"), [
    ("mysql:8", {"MYSQL_ROOT_PASSWORD": "pw"},
     "mysql -ppw -e \"create database shop; create table shop.t (id int); use shop; insert into t values (7)\"",
     "mysql -ppw -N -e 'select id from t' shop", "/var/lib/mysql"),
    ("postgres:16", {"POSTGRES_PASSWORD": "pw"}, "psql -U postgres -c 'create table t (id int)' -c 'insert into t values (7)'",
     "psql -U postgres -tAc 'select id from t'", "/var/lib/postgresql/data"),
])
def test_a_table_survives_on_a_claim(image, env, fill, look, folder) -> None:
    mounts = (Mount(folder, "claim"),)
    machine = started(image, volumes={"claim": Tree()}, env=env, mounts=mounts)
    machine, filled = sh(machine, fill)
    assert filled.code == 0, filled.stderr
    machine = machine.signal("c", "KILL", machine.at)
    again = machine.start(ContainerRun("c", of(image), env=env, mounts=mounts), 40_000).advance(80_000)
    assert sh(again, look)[1].stdout == "7\n"
    without = machine.start(ContainerRun("c", of(image), env=env), 40_000).advance(80_000)
    assert sh(without, look)[1].code != 0


def test_a_wrong_password() -> None:
    machine = started("mysql:8", env={"MYSQL_ROOT_PASSWORD": "pw"})
    assert sh(machine, "mysql -pno -e 'select 1'")[1].stderr == (
        "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)\n"
    )


def test_more_memory_than_the_limit_ends_a_server_on_its_way() -> None:
    machine = started("mysql:8", env={"MYSQL_ROOT_PASSWORD": "pw"}, memory_limit=64 << 20)
    assert machine.exit_of("c").reason == "OOMKilled" and 0 < machine.exit_of("c").at <= 8_000


def test_an_unknown_image_serves_what_its_pod_declares() -> None:
    machine = started("mycorp/shop:v3", ports=(9000,))
    assert machine.ports() == {9000: "c"} and ask(machine, port=9000)[1].status == 200
    assert "nothing is known of the image mycorp/shop:v3" in machine.logs("c")[0].text


@pytest.mark.parametrize(("image", "has"), [("nginx:alpine", False), ("nginx:1.27", True), ("busybox", False), ("debian", True)])
def test_bash_is_not_everywhere(image, has) -> None:
    machine = Machine.boot(Sandbox(hostname="h", ip=IP), 0).start(ContainerRun("c", of(image), ("sleep", "1000")), 0)
    assert (machine.execute("c", ["bash", "-c", "true"], 10)[1].error == "") == has


def test_an_image_without_a_shell() -> None:
    machine = started("traefik/whoami")
    _, outcome = machine.execute("c", ["sh"], machine.at)
    assert outcome.error.endswith('exec: "sh": executable file not found in $PATH') and outcome.code == 127
