"""The catalogue: every entry is whole and of one piece."""

from __future__ import annotations

import pytest

from cluster.containers import systems
from cluster.containers.catalogue import CATALOGUE, OFFICIAL
from cluster.containers.image import MIB, Image


def test_it_works() -> None:
    nginx = CATALOGUE["nginx"]
    assert nginx.entrypoint == ("/docker-entrypoint.sh",) and nginx.cmd[0] == "nginx"
    assert "<h1>Welcome to nginx!</h1>" in nginx.files["/usr/share/nginx/html/index.html"]
    assert "listen       80;" in nginx.files["/etc/nginx/conf.d/default.conf"]


def test_nothing_stands_twice() -> None:
    assert not set(CATALOGUE) & set(OFFICIAL)


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_entry(name: str) -> None:
    image = CATALOGUE[name]
    assert image.entrypoint or image.cmd or name.startswith("registry.k8s.io/")
    assert image.memory > 0 and image.work.at_once > 0 and image.work.cpu > 0
    assert not image.serves or image.ports is None or image.ports
    assert image.has_shell or not image.system
    assert all(path.startswith("/") for path in image.files)
    assert all(0 <= at <= image.start for at, _ in image.log)


@pytest.mark.parametrize("name", ["nginx", "busybox", "alpine", "ubuntu", "hello-world", "redis"])
def test_a_root_file_system(name: str) -> None:
    image = CATALOGUE[name]
    found = systems.files(image)
    assert ("/etc/passwd" in found) == bool(image.system)
    assert bool(systems.directories(image)) == bool(image.system)
    assert set(image.files) <= set(found)
    if name == "alpine":
        assert "ID=alpine" in found["/etc/os-release"]


def test_what_is_big_is_big() -> None:
    def at_rest(name: str) -> Image:
        return CATALOGUE[name]

    assert at_rest("mysql").memory > 256 * MIB > at_rest("tomcat").memory > 64 * MIB > at_rest("nginx").memory
