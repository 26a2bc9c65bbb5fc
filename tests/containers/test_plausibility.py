"""Unknown images: somebody's own run as a generic server, slips of the pen and what is said not to be there fail."""

from __future__ import annotations

import pytest

from cluster.containers import images, plausibility, references
from cluster.containers.catalogue import OFFICIAL


def is_there(name: str) -> bool:
    return images.find(references.parse(name), {}) is not None


def test_it_works() -> None:
    image = images.find(references.parse("mycorp/shop:1.2"), {})
    assert image is not None and image.generic and image.serves
    assert image.log[0][1].startswith("clusterscope: nothing is known of the image mycorp/shop:1.2;")


@pytest.mark.parametrize("name", [
    "mycorp/shop:1.2", "ghcr.io/acme/api:v3", "ghcr.io/acme/api", "shop:1.2", "my-app", "registry.mycorp.io:5000/team/web:main",
    "localhost:5000/web:dev", "quay.io/team/app@sha256:" + "a" * 64, "bitnami/nginx", "mycorp/shop:feature-42", "host:1",
    "couchdb:3", "registry:2", "nextcloud",
])
def test_what_somebody_may_have_pushed(name: str) -> None:
    assert is_there(name)


@pytest.mark.parametrize("name", [
    "nginxx", "ngnix", "ngnix:1.27", "nignx", "nginxs", "rediss", "postgress", "postgre", "busybx", "mariadbb", "wordpres:6",
    "hashicorp/http-ech", "elasticsaerch", "couchbd", "nextclou",
])
def test_slips_of_the_pen(name: str) -> None:
    assert not is_there(name)


@pytest.mark.parametrize("name", [
    "nonexistent", "does-not-exist:1", "nosuchimage", "mycorp/shop:doesnotexist", "invalid-image", "bad-image:v1", "wrongname",
    "this-image-does-not-exist", "a", "xy:1", "example.com/nginx", "registry.example/web:1", "web.invalid/a/bcd", "nginx/nginx",
    "registry.k8s.io/cat", "no.such/image", "couchdb:nope", "nginx:bad", "redis:99.1", "redis:99", "nginx:42",
])
def test_what_is_not_there(name: str) -> None:
    assert not is_there(name)


@pytest.mark.parametrize(("name", "known", "slips"), [
    ("nginx", "nginx", 0), ("ngnix", "nginx", 1), ("nginxx", "nginx", 1), ("ginx", "nginx", 1), ("abc", "xyz", 3), ("", "ab", 2),
])
def test_slips_are_counted(name: str, known: str, slips: int) -> None:
    assert plausibility._slips(name, known, 2) == min(slips, 3)


def test_well_known_names_are_no_slips_of_one_another() -> None:
    """A name in the catalogue is found before anybody asks whether it is misspelt."""
    assert all(is_there(name) for name in (*images.CATALOGUE, *OFFICIAL))


def test_its_size_is_always_the_same() -> None:
    first, again = (images.find(references.parse(f"mycorp/shop:{tag}"), {}) for tag in ("1", "2"))
    assert first is not None and again is not None
    assert first.size == again.size > 20_000_000


def test_a_missing_tag_of_an_official_image() -> None:
    assert images.pull_error(references.parse("couchdb:nope")).startswith("rpc error: code = NotFound")
