"""The environment of a container, as the kubelet makes it before it starts, and the words of its command.

pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), pkg/kubelet/envvars/envvars.go,
third_party/forked/golang/expansion/expand.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cluster.apiserver.reader import Reader
from cluster.kubelet import downward
from cluster.kubelet.downward import Place
from cluster.objects.documents import Document
from cluster.objects.kinds import secret as secrets

KUBERNETES = "kubernetes"
DEFAULT = "default"


class ConfigurationError(Exception):
    """Why a container cannot be configured (CreateContainerConfigError); its text is the kubelet's message."""


class _Source(NamedTuple):
    """A kind of object that variables come from."""

    resource: str
    kind: str
    title: str


_CONFIG_MAP = _Source("configmaps", "configmap", "ConfigMap")
_SECRET = _Source("secrets", "secret", "Secret")


def of_container(view: Reader, pod: Document, container: Document, place: Place) -> dict[str, str]:
    """Every variable that the kubelet sets; raises ConfigurationError. What the image brings is not among them."""
    services = _of_services(view, pod)
    own: dict[str, str] = {}
    for entry in container.get("envFrom") or []:
        own.update(_whole(view, pod, entry))
    for variable in container.get("env") or []:
        value = _value(view, pod, container, variable, place, {**services, **own})
        if value is not None:
            own[variable["name"]] = value
    return {"HOSTNAME": downward.hostname(pod, place), **own, **{n: v for n, v in services.items() if n not in own}}


def command(container: Document, environment: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """`command` and `args` with their `$(NAME)` replaced (ExpandContainerCommandAndArgs in pkg/kubelet/container)."""
    return (
        [expanded(word, environment) for word in container.get("command") or []],
        [expanded(word, environment) for word in container.get("args") or []],
    )


def static_command(words: list[str], container: Document) -> list[str]:
    """The words of an exec probe, in which only plain values of `env` count (ExpandContainerCommandOnlyStatic)."""
    plain: dict[str, str] = {}
    for variable in container.get("env") or []:
        if variable.get("value") is not None:
            plain[variable["name"]] = expanded(variable["value"], plain)
    return [expanded(word, plain) for word in words]


# --- $(NAME) ---------------------------------------------------------------------------------------------------------


def expanded(text: str, values: Mapping[str, str]) -> str:
    """The text with `$(NAME)` replaced; a name without a value stays as it is, `$$` stands for one `$`."""
    if "$" not in text:
        return text
    return "".join(value if known else literal for literal, known, value in _references(text, values))


def unknown_names(text: str, values: Mapping[str, str]) -> list[str]:
    """The names in the text that have no value or an empty one, sorted."""
    return sorted({literal[2:-1] for literal, _, value in _references(text, values) if literal.startswith("$(") and not value})


def _references(text: str, values: Mapping[str, str]) -> Iterator[tuple[str, bool, str]]:
    """The text in pieces: (as written, whether it is a name with a value, the value)."""
    rest = text
    while rest:
        before, dollar, after = rest.partition("$")
        if before:
            yield before, False, ""
        name, closed, behind = after[1:].partition(")")
        if not dollar:
            return
        if after.startswith("$"):
            yield "$", False, ""
            rest = after[1:]
        elif after.startswith("(") and closed:
            yield f"$({name})", name in values, values.get(name, "")
            rest = behind
        else:
            yield "$", False, ""
            rest = after


# --- where values come from ------------------------------------------------------------------------------------------


def _whole(view: Reader, pod: Document, entry: Document) -> dict[str, str]:
    """All keys of a ConfigMap or Secret, with the prefix before each."""
    prefix = entry.get("prefix") or ""
    for field, source in (("configMapRef", _CONFIG_MAP), ("secretRef", _SECRET)):
        if entry.get(field):
            found = _data(view, pod, source, entry[field])
            return {prefix + key: found[key] for key in sorted(found)} if found is not None else {}
    return {}


def _data(view: Reader, pod: Document, source: _Source, reference: Document) -> dict[str, str] | None:
    """The texts of a ConfigMap or Secret; None when it is missing and may be."""
    document = view.world.row(source.resource, (pod["metadata"]["namespace"], reference["name"]))
    if document is None:
        if reference.get("optional"):
            return None
        raise ConfigurationError(f'{source.kind} "{reference["name"]}" not found')
    data: dict[str, str] = document.get("data") or {}
    if source is _CONFIG_MAP:
        return data
    return {key: (secrets.decoded(value) or b"").decode(errors="replace") for key, value in data.items()}


def _value(
    view: Reader, pod: Document, container: Document, variable: Document, place: Place, known: Mapping[str, str]
) -> str | None:
    """The value of one entry of `env`; None when there is none and need not be."""
    if variable.get("value"):
        return expanded(variable["value"], known)
    wanted = variable.get("valueFrom") or {}
    if wanted.get("fieldRef"):
        return downward.field(pod, wanted["fieldRef"]["fieldPath"], place)
    if wanted.get("resourceFieldRef"):
        return downward.resource(view, pod, container, wanted["resourceFieldRef"])
    for field, source in (("configMapKeyRef", _CONFIG_MAP), ("secretKeyRef", _SECRET)):
        if wanted.get(field):
            return _key(view, pod, source, wanted[field])
    return ""


def _key(view: Reader, pod: Document, source: _Source, reference: Document) -> str | None:
    data = _data(view, pod, source, reference)
    if data is None:
        return None
    if reference["key"] in data:
        return data[reference["key"]]
    if reference.get("optional"):
        return None
    where = f"{pod['metadata']['namespace']}/{reference['name']}"
    raise ConfigurationError(f"couldn't find key {reference['key']} in {source.title} {where}")


# --- services --------------------------------------------------------------------------------------------------------


def _of_services(view: Reader, pod: Document) -> dict[str, str]:
    """Variables for each Service of the namespace that there is already, and always for the API server's."""
    namespace = pod["metadata"]["namespace"]
    linked = pod["spec"].get("enableServiceLinks", True)
    found = {document["metadata"]["name"]: document for document in view.list("services", namespace)} if linked else {}
    api_server = view.world.row("services", (DEFAULT, KUBERNETES))
    if api_server is not None:
        found.setdefault(KUBERNETES, api_server)
    variables: dict[str, str] = {}
    for name in sorted(found):
        variables.update(_of_service(found[name]))
    return variables


def _of_service(service: Document) -> dict[str, str]:
    address = service["spec"].get("clusterIP")
    if address in (None, "", "None"):
        return {}
    name, ports = _variable(service["metadata"]["name"]), service["spec"].get("ports") or []
    found = {f"{name}_SERVICE_HOST": address}
    for index, port in enumerate(ports):
        number, protocol = str(port["port"]), port.get("protocol") or "TCP"
        url = f"{protocol.lower()}://{address}:{number}"
        if index == 0:
            found |= {f"{name}_SERVICE_PORT": number, f"{name}_PORT": url}
        if port.get("name"):
            found[f"{name}_SERVICE_PORT_{_variable(port['name'])}"] = number
        link = f"{name}_PORT_{number}_{protocol.upper()}"
        found |= {link: url, f"{link}_PROTO": protocol.lower(), f"{link}_PORT": number, f"{link}_ADDR": address}
    return found


def _variable(name: str) -> str:
    return name.replace("-", "_").upper()
