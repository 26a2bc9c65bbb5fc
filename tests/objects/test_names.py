"""Rules for names say what the API server says."""

from __future__ import annotations

import pytest

from cluster.objects import names

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)


def test_it_works() -> None:
    assert names.subdomain("web.example-1") == []
    assert names.label("web-1") == []
    assert names.qualified_name("app.kubernetes.io/name") == []


@pytest.mark.parametrize("name", ["", "Web", "web_1", "-web", "web-", "web..x", ".web", "we b", "wéb", "web\n"])
def test_bad_subdomains(name: str) -> None:
    assert names.subdomain(name) == [SUBDOMAIN]


def test_a_name_can_be_too_long() -> None:
    assert names.subdomain("a" * 253) == []
    assert names.subdomain("a" * 254) == ["must be no more than 253 bytes"]
    assert names.label("a" * 64) == ["must be no more than 63 bytes"]


def test_a_label_has_no_dots() -> None:
    assert names.label("a.b") == ["must not contain dots"]
    assert names.label("5Bad_Name") == [LABEL]


@pytest.mark.parametrize(
    ("name", "complaints"),
    [
        ("http", []),
        ("8080", ["must contain at least one letter (a-z)"]),
        ("a--b", ["must not contain consecutive hyphens"]),
        ("-a", ["must not begin or end with a hyphen"]),
        ("HTTP", ["must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
                  "must contain at least one letter (a-z)"]),
        ("a-very-long-name", ["must be no more than 15 characters"]),
    ],
)
def test_names_of_ports(name: str, complaints: list[str]) -> None:
    assert names.port_name(name) == complaints


@pytest.mark.parametrize("number", [0, -1, 65536, "80", 80.5, True, None])
def test_bad_port_numbers(number: object) -> None:
    assert names.port_number(number) == ["must be between 1 and 65535, inclusive"]


@pytest.mark.parametrize(
    ("key", "complaints"),
    [(".", ["must not be '.'"]), ("..", ["must not be '..'"]), ("..a", ["must not start with '..'"]), ("a.conf", [])],
)
def test_keys_can_be_names_of_files(key: str, complaints: list[str]) -> None:
    assert names.config_key(key) == complaints


def test_a_key_with_a_slash() -> None:
    assert names.config_key("a/b") == [
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
        "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
    ]


def test_environment_variables_may_be_nearly_anything() -> None:
    assert names.environment_name("my.var 1") == []
    assert names.environment_name("A=B") == [
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
    ]
    assert names.environment_name("") == ["environment variable name must be non-empty"]
