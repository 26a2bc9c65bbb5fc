"""Bodies in protobuf. The first was sent by kubectl 1.32; the others are put together here by hand."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from cluster.apiserver.errors import APIError
from cluster.rest.protobuf import MAGIC, MEDIA_TYPE, decoded
from tests.rest.client import CONFIGS, Client

RECORDED = """
azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErABCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEn8IABIMCgoKA2FwcBIDd2ViGmUKHAoAEgAa
ACIAKgAyADgAQgBaCgoDYXBwEgN3ZWISRRInCgVuZ2lueBIKbmdpbng6MS4yNyoAQgBqAHIAgAEAiAEAkAEAogEAGgAyAEIASgBSAFgAYABoAIIBAIoBAJoB
AMIBACICCgAoADgAGgwIABAAGAAgACgAOAAaACIA
"""


def field(number: int, value: int | bytes | str) -> bytes:
    """One field as it goes over the wire."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def fixed(number: int, size: int) -> bytes:
    return varint(number << 3 | (5 if size == 4 else 1)) + bytes(size)


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def body(api_version: str, kind: str, *fields: bytes) -> bytes:
    return MAGIC + field(1, field(1, api_version) + field(2, kind)) + field(2, b"".join(fields))


def named(name: str) -> bytes:
    return field(1, field(1, name))


def deployment(*spec: bytes) -> Any:
    return decoded(body("apps/v1", "Deployment", named("web"), field(2, b"".join(spec))))["spec"]


def test_it_works() -> None:
    assert decoded(base64.b64decode(RECORDED)) == {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "nginx", "image": "nginx:1.27"}]},
            },
        },
    }


def test_the_server_takes_it(api: Client) -> None:
    data = field(2, field(1, "a") + field(2, "1"))
    answer = api.send("POST", CONFIGS, body("v1", "ConfigMap", named("settings"), data), MEDIA_TYPE)
    assert (answer.code, answer.body["data"]) == (201, {"a": "1"})


def test_empty_values_say_something_only_where_they_may_be_absent() -> None:
    assert deployment(field(1, 0), field(5, 0), field(7, 0)) == {"replicas": 0}  # minReadySeconds, paused: not set
    volume = field(1, field(1, "v") + field(2, field(2, b"")))
    pod = decoded(body("v1", "Pod", named("p"), field(2, volume)))
    assert pod["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]


def test_whole_numbers_may_be_negative() -> None:
    assert deployment(field(1, -3)) == {"replicas": -3}


@pytest.mark.parametrize(("wire", "value"), [(field(1, 0) + field(2, 5), 5), (field(1, 1) + field(3, "25%"), "25%")])
def test_a_number_or_a_text(wire: bytes, value: int | str) -> None:
    assert deployment(field(4, field(2, field(1, wire)))) == {"strategy": {"rollingUpdate": {"maxUnavailable": value}}}


def test_amounts_and_bytes() -> None:
    quota = decoded(body("v1", "ResourceQuota", named("q"), field(2, field(1, field(1, "cpu") + field(2, field(1, "2"))))))
    assert quota["spec"] == {"hard": {"cpu": "2"}}
    secret = decoded(body("v1", "Secret", named("s"), field(2, field(1, "a") + field(2, b"\xff\x00"))))
    assert secret["data"] == {"a": "/wA="}


def test_times() -> None:
    at = field(1, 1767225600) + field(2, 250_000_000)
    spec = field(2, field(1, "me") + field(4, at))
    lease = decoded(body("coordination.k8s.io/v1", "Lease", field(1, field(1, "l") + field(8, b"")), spec))
    assert lease["spec"] == {"holderIdentity": "me", "renewTime": "2026-01-01T00:00:00.250000Z"}
    assert lease["metadata"] == {"name": "l"}


def test_fields_that_nobody_knows_are_passed_over() -> None:
    found = decoded(body("v1", "ConfigMap", named("c"), field(99, "x"), fixed(98, 4), fixed(97, 8)))
    assert found == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}


@pytest.mark.parametrize(("data", "words"), [
    (b"{}", "does not appear to be a protobuf message"),
    (MAGIC + b"\xff" * 20, "a number has no end"),
    (MAGIC + b"\x0a\x7f", "field 1 is longer than the message"),
    (MAGIC + b"\x0b", "field 1 has wire type 3"),
    (body("v1", "Unicorn"), 'no kind "Unicorn" is registered for version "v1"'),
    (body("v1", "Pod", field(1, 7)), "a number stands where a text belongs"),
    (body("apps/v1", "Deployment", field(2, field(1, "x"))), "a text stands where a number belongs"),
    (body("v1", "ConfigMap", field(1, field(1, b"\xff"))), "utf-8"),
    (MAGIC, 'no kind ""'),
])
def test_what_is_no_object(data: bytes, words: str) -> None:
    with pytest.raises(APIError) as caught:
        decoded(data)
    assert caught.value.code == 400
    assert words in caught.value.message
