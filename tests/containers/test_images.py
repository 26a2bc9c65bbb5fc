"""Names of images, the catalogue, what may well exist, and what does not."""

import pytest

from cluster.containers import images, references


def find(name, **extra):
    return images.find(references.parse(name), extra)


def test_it_works():
    reference = references.parse("nginx")
    assert str(reference) == "docker.io/library/nginx:latest"
    assert reference.familiar == "nginx"
    image = images.find(reference, {})
    assert image is not None
    assert image.ports == (80,)


@pytest.mark.parametrize(("image", "full"), [
    ("nginx:1.27", "docker.io/library/nginx:1.27"),
    ("bitnami/redis", "docker.io/bitnami/redis:latest"),
    ("docker.io/nginx", "docker.io/library/nginx:latest"),
    ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
    ("localhost:5000/app:v1", "localhost:5000/app:v1"),
    ("nginx@sha256:" + "a" * 64, "docker.io/library/nginx@sha256:" + "a" * 64),
])
def test_names_are_completed(image, full):
    assert str(references.parse(image)) == full


@pytest.mark.parametrize(("image", "problem"), [
    ("Nginx", "invalid reference format: repository name (library/Nginx) must be lowercase"),
    ("nginx:", "invalid reference format"),
    ("nginx:a b", "invalid reference format"),
    ("nginx::1", "invalid reference format"),
    ("a//b", "invalid reference format"),
    ("nginx@sha256:12", "invalid reference format"),
    ("", "invalid reference format"),
    ("a" * 64, f"invalid repository name ({'a' * 64}), cannot specify 64-byte hexadecimal strings"),
])
def test_names_that_cannot_be_read(image, problem):
    with pytest.raises(references.InvalidImageName) as caught:
        references.parse(image)
    assert str(caught.value) == problem


@pytest.mark.parametrize("image", [
    "nginx:1", "nginx:1.27", "nginx:1.27.3-alpine", "nginx:stable", "nginx:alpine-slim", "nginx:2", "busybox:1.36",
    "python:3.12-slim-bookworm", "postgres:16-alpine3.20", "tomcat:10.1-jdk17-temurin", "mysql:8.0.36", "node:22-alpine",
    "registry.k8s.io/pause:3.10", "registry.k8s.io/coredns/coredns:v1.12.1", "rabbitmq:3-management", "ubuntu:noble",
])
def test_tags_that_exist(image):
    assert find(image) is not None


@pytest.mark.parametrize("image", [
    "nginx:doesnotexist", "nginx:bad", "nginx:lates", "nginx:1.161", "nginx:9.99", "nginx:v", "ngnix", "ngnix:1.27",
    "nginx/nginx", "example.com/nginx",
])
def test_tags_and_names_that_do_not(image):
    assert find(image) is None


def test_images_added_by_settings():
    def size(name, extra):
        image = images.find(references.parse(name), extra)
        return image.size if image is not None else None

    assert size("nginx:doesnotexist", {"nginx:doesnotexist": 5}) == 5
    assert size("my/app:v9", {"my/app": 7}) == 7
    assert size("no-such/app:v9", {"my/other": 7}) is None


def test_unknown_registry():
    assert images.pull_error(references.parse("hub.example/app:1")).endswith(
        'failed to do request: Head "https://hub.example/v2/app/manifests/1": dial tcp: lookup hub.example on '
        "10.0.0.2:53: no such host"
    )
