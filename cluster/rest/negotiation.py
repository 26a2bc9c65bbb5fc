"""In which form a client wants its answer (apiserver/pkg/endpoints/handlers/negotiation)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from cluster.apiserver.errors import APIError

Form = Literal["object", "table", "metadata"]
# Media types that may be asked for and are answered as JSON.
ANY = frozenset({"", "*/*", "application/*", "application/json"})
_TABLE_VERSIONS = frozenset({"v1", "v1beta1"})


def accepted(accept: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(media type, its parameters) in the order of an Accept header."""
    for part in accept.split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        pairs = (parameter.partition("=") for parameter in parameters)
        yield name.lower(), {key.strip(): value.strip() for key, _, value in pairs}


def form_of(accept: str) -> Form:
    """The first form that the server speaks; raises NotAcceptable when there is none."""
    for name, parameters in accepted(accept):
        if name not in ANY:
            continue
        wanted = parameters.get("as", "")
        if not wanted:
            return "object"
        if parameters.get("g") == "meta.k8s.io" and parameters.get("v") in _TABLE_VERSIONS:
            if wanted == "Table":
                return "table"
            if wanted in ("PartialObjectMetadata", "PartialObjectMetadataList"):
                return "metadata"
    raise not_acceptable()


def not_acceptable() -> APIError:
    types = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
    return APIError(406, "NotAcceptable", f"only the following media types are accepted: {types}")


def aggregated_discovery(accept: str) -> str:
    """The version of aggregated discovery that a client asks for before anything else; "" when it does not."""
    for name, parameters in accepted(accept):
        if name == "application/json":
            if parameters.get("as") == "APIGroupDiscoveryList" and parameters.get("g") == "apidiscovery.k8s.io":
                return parameters.get("v", "")
            if not parameters.get("as"):
                return ""
    return ""
