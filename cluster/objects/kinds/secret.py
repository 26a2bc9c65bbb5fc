"""Secret."""

from __future__ import annotations

import base64
import binascii

from cluster.objects.documents import Document, without
from cluster.objects.field_errors import IMMUTABLE, forbidden, invalid, required, too_long
from cluster.objects.kinds.configmap import MAX_SIZE
from cluster.objects.names import config_key
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind

OPAQUE = "Opaque"
# Keys that a type demands (ValidateSecret in pkg/apis/core/validation/validation.go).
DEMANDED_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def kind_of(secret: Document) -> str:
    """The type, `Opaque` for most."""
    return str(secret.get("type", ""))


def default(secret: Document) -> Document:
    """The type Opaque; plain text in `stringData` is stored encoded in `data` (pkg/apis/core/v1/conversion.go)."""
    secret = {**secret, "type": secret.get("type") or OPAQUE}
    plain = secret.get("stringData")
    if not plain:
        return without(secret, ("stringData",))
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
    return {**without(secret, ("stringData",)), "data": {**(secret.get("data") or {}), **encoded}}


def decoded(text: str) -> bytes | None:
    """The bytes behind a value of `data`; None when it is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def validate(secret: Document, old: Document | None) -> list[FieldError]:
    """ValidateSecret and ValidateSecretUpdate in pkg/apis/core/validation/validation.go."""
    data = secret.get("data") or {}
    found = _frozen(secret, old) if old is not None else []
    size = 0
    for key in sorted(data):
        found += [invalid(f"data[{key}]", key, complaint) for complaint in config_key(key)]
        size += len(decoded(data[key]) or b"")
    if size > MAX_SIZE:
        found.append(too_long("data", MAX_SIZE))
    for key in DEMANDED_KEYS.get(kind_of(secret), ()):
        if key not in data:
            found.append(required(f"data[{key}]"))
    return found


def _frozen(secret: Document, old: Document) -> list[FieldError]:
    found = []
    if kind_of(secret) != kind_of(old):
        found.append(invalid("type", kind_of(secret), IMMUTABLE))
    if old.get("immutable"):
        if not secret.get("immutable"):
            found.append(forbidden("immutable", "field is immutable when `immutable` is set"))
        if (secret.get("data") or {}) != (old.get("data") or {}):
            found.append(forbidden("data", "field is immutable when `immutable` is set"))
    return found


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="Secret",
        plural="secrets",
        singular="secret",
        namespaced=True,
        default=default,
        validate=validate,
        columns=(
            NAME,
            Column("Type", lambda secret, now: kind_of(secret)),
            Column("Data", lambda secret, now: str(len(secret.get("data") or {}))),
            AGE,
        ),
        field_labels={"type": kind_of},
    )
)
