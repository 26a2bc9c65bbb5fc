"""What breaks well-known images."""

from __future__ import annotations

from typing import Any

from cluster.containers import troubles
from cluster.containers.catalogue import CATALOGUE


def first(name: str, *environment: str, pod: dict[str, Any] | None = None, **container: Any) -> str:
    found = troubles.first(CATALOGUE[name], container, pod or {}, environment)
    return found.lines[0] if found is not None else ""


def test_it_works() -> None:
    assert "password option is not specified" in first("mysql")
    assert first("mysql", "MYSQL_ROOT_PASSWORD") == ""


def test_databases_want_passwords() -> None:
    assert "superuser password" in first("postgres", "PGDATA")
    assert first("postgres", "POSTGRES_HOST_AUTH_METHOD") == ""
    assert first("mariadb", "MYSQL_ALLOW_EMPTY_PASSWORD") == ""
    assert first("redis") == ""


def test_nginx_wants_root() -> None:
    assert "(13: Permission denied)" in first("nginx", securityContext={"runAsUser": 1000})
    assert "(13: Permission denied)" in first("nginx", pod={"runAsUser": 1000})
    assert first("nginx", pod={"runAsUser": 1000}, securityContext={"runAsUser": 0}) == ""
    assert first("nginxinc/nginx-unprivileged") == ""


def test_nginx_writes_to_its_cache() -> None:
    locked: dict[str, Any] = {"readOnlyRootFilesystem": True}
    mounts = [{"name": "cache", "mountPath": "/var/cache/nginx/"}]
    assert "(30: Read-only file system)" in first("nginx", securityContext=locked)
    assert first("nginx", securityContext=locked, volumeMounts=mounts) == ""
    assert first("nginx", securityContext=locked, volumeMounts=[{**mounts[0], "readOnly": True}]) != ""
    assert first("nginx", securityContext=locked, volumeMounts=[{"name": "c", "mountPath": "/var"}]) == ""
    assert first("nginx", securityContext=locked, volumeMounts=[{"name": "c", "mountPath": "/va"}]) != ""
