"""The editor's text before it is applied: what is wrong, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cluster.apiserver.errors import APIError
from cluster.kubectl import applying
from cluster.kubectl.applying import Refusal
from cluster.kubectl.files import EDITOR, item_of
from cluster.kubectl.invocation import CommandError
from cluster.objects.manifest import Manifest, ManifestError, line_of, load
from cluster.simulation.simulation import Simulation, UserServer

Problem = tuple[int | None, str]

UNKNOWN_FIELD = re.compile(r'unknown field "([^"]+)"')
# json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32
WRONG_TYPE = re.compile(r"Go struct field \w+\.([^ ]+) of type")


def errors_by_line(text: str, simulation: Simulation) -> list[Problem]:
    """(line from 1 or None, sentence) for everything that keeps the text from being applied; [] when nothing does.

    The documents are applied one after the other to a copy of the cluster, so that a later one finds what an earlier
    one makes.
    """
    try:
        manifests = load(text)
    except ManifestError as problem:
        return [(problem.line, problem.message)]
    if not manifests:
        return [(None, "There is nothing to apply: the text holds no object.")]
    writer = simulation.fork().user()
    return [problem for manifest in manifests for problem in _errors(text, manifest, writer)]


def _errors(text: str, manifest: Manifest, writer: UserServer) -> Iterator[Problem]:
    try:
        item = item_of(manifest, EDITOR, "default")
        applying.apply(writer, item)
    except CommandError as problem:
        yield _place_of_error(text, manifest, problem.text), _sentence(problem.text)
    except Refusal as stopped:
        yield from _of_refusal(text, manifest, stopped.refusal)


def _of_refusal(text: str, manifest: Manifest, refusal: APIError) -> Iterator[Problem]:
    causes = refusal.details.get("causes") or [] if refusal.reason == "Invalid" else []
    for cause in causes:
        yield _line(text, manifest, cause["field"]), f"{cause['field']}: {cause['message']}"
    if causes:
        return
    unknown = UNKNOWN_FIELD.findall(refusal.message)
    for path in unknown:
        yield _line(text, manifest, path), f'unknown field "{path}"'
    if not unknown:
        wrong = WRONG_TYPE.search(refusal.message)
        path = wrong[1] if wrong else "metadata.name" if refusal.reason in ("AlreadyExists", "Conflict") else ""
        yield _line(text, manifest, path), refusal.message


def _line(text: str, manifest: Manifest, path: str) -> int | None:
    inside = f"{manifest.path}.{path}" if manifest.path and path else manifest.path or path
    return line_of(text, manifest.number, inside) or manifest.line


def _place_of_error(text: str, manifest: Manifest, problem: str) -> int | None:
    field = "kind" if "no matches for kind" in problem else "metadata" if "name" in problem else ""
    return _line(text, manifest, field)


def _sentence(problem: str) -> str:
    """A console error without what only a console says."""
    match = re.search(r"no matches for kind .*", problem)
    if match:
        return match[0]
    if "resource name may not be empty" in problem:
        return "metadata.name: Required value: name is required"
    match = re.search(r"error validating data: (.*?);", problem)
    return match[1] if match else problem.removeprefix("error: ")
