"""ConfigMap."""

from __future__ import annotations

from cluster.objects.documents import Document
from cluster.objects.field_errors import forbidden, invalid, too_long
from cluster.objects.names import config_key
from cluster.objects.printing import AGE, NAME
from cluster.objects.registry import REGISTRY, Column, FieldError, Kind

# The most bytes that a ConfigMap or Secret may hold (MaxSecretSize in pkg/apis/core/types.go).
MAX_SIZE = 1024 * 1024


def keys(config: Document) -> list[str]:
    """Keys of `data` and `binaryData`, sorted."""
    return sorted([*(config.get("data") or {}), *(config.get("binaryData") or {})])


def validate(config: Document, old: Document | None) -> list[FieldError]:
    """ValidateConfigMap and ValidateConfigMapUpdate in pkg/apis/core/validation/validation.go."""
    data, binary = config.get("data") or {}, config.get("binaryData") or {}
    found = []
    if old is not None and old.get("immutable"):
        if not config.get("immutable"):
            found.append(forbidden("immutable", "field is immutable when `immutable` is set"))
        for part in ("data", "binaryData"):
            if (config.get(part) or {}) != (old.get(part) or {}):
                found.append(forbidden(part, "field is immutable when `immutable` is set"))
    for part, values in (("data", data), ("binaryData", binary)):
        for key in sorted(values):
            found += [invalid(f"{part}[{key}]", key, complaint) for complaint in config_key(key)]
    for key in sorted(data.keys() & binary.keys()):
        found.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
    if sum(len(str(value).encode()) for value in (*data.values(), *binary.values())) > MAX_SIZE:
        found.append(too_long("", MAX_SIZE))
    return found


KIND = REGISTRY.register(
    Kind(
        group="",
        version="v1",
        kind="ConfigMap",
        plural="configmaps",
        singular="configmap",
        short_names=("cm",),
        namespaced=True,
        validate=validate,
        columns=(NAME, Column("Data", lambda config, now: str(len(keys(config)))), AGE),
    )
)
