"""ConfigMaps and Secrets: keys, sizes, immutability, stringData."""

from __future__ import annotations

from typing import Any

from cluster.objects.documents import Document
from cluster.objects.kinds import configmap, secret

FROZEN = "field is immutable when `immutable` is set"


def config(**fields: Any) -> Document:
    return {"metadata": {"name": "settings"}, **fields}


def test_it_works() -> None:
    assert configmap.validate(config(data={"app.conf": "x"}), None) == []
    assert configmap.keys(config(data={"b": "x"}, binaryData={"a": "eA=="})) == ["a", "b"]


def test_a_key_is_in_one_of_both() -> None:
    (error,) = configmap.validate(config(data={"a": "x"}, binaryData={"a": "eA=="}), None)
    assert str(error) == 'data[a]: Invalid value: "a": duplicate of key present in binaryData'


def test_a_mebibyte_is_the_most() -> None:
    assert configmap.validate(config(data={"a": "x" * 1048576}), None) == []
    (error,) = configmap.validate(config(data={"a": "x" * 1048577}), None)
    assert error.detail == "Too long: may not be more than 1048576 bytes"


def test_an_immutable_map_stays() -> None:
    old = config(data={"a": "1"}, immutable=True)
    assert [str(error) for error in configmap.validate(config(data={"a": "2"}), old)] == [
        f"immutable: Forbidden: {FROZEN}", f"data: Forbidden: {FROZEN}",
    ]


def test_plain_text_of_a_secret_is_encoded() -> None:
    stored = secret.default(config(data={"a": "eA=="}, stringData={"b": "pässword", "a": "y"}))
    assert stored["type"] == "Opaque"
    assert "stringData" not in stored
    assert {key: secret.decoded(value) for key, value in stored["data"].items()} == {
        "a": b"y", "b": "pässword".encode(),
    }


def test_what_is_no_base64_has_no_bytes() -> None:
    assert secret.decoded("not base64!") is None


def test_types_demand_keys() -> None:
    found = secret.validate(config(type="kubernetes.io/tls", data={"tls.crt": "eA=="}), None)
    assert [str(error) for error in found] == ["data[tls.key]: Required value"]


def test_the_type_of_a_secret_stays() -> None:
    (error,) = secret.validate(config(type="b"), config(type="a"))
    assert str(error) == 'type: Invalid value: "b": field is immutable'
