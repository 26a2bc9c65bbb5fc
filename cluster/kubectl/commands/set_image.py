"""`kubectl set image`, `set resources`, `set env` (kubectl/pkg/cmd/set)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from cluster.apiserver.errors import APIError
from cluster.kubectl import pairs
from cluster.kubectl.command import DRY_RUN, FILENAME, OUTPUT, SELECTOR, Command, Flag, switch
from cluster.kubectl.completing import containers_to_set, workloads
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run
from cluster.kubectl.problems import Problems
from cluster.kubectl.results import Results
from cluster.kubectl.selection import Found, selected
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import quantity
from cluster.objects.documents import Document, dig, with_value

EVERY_CONTAINER = "*"
GROUPS = ("initContainers", "containers")
# Where kinds have the spec of their Pods that do not have it in a template of their own.
POD_SPECS = {"pods": ("spec",), "cronjobs.batch": ("spec", "jobTemplate", "spec", "template", "spec")}
NOT_NAMED = "error: one or more resources must be specified as <resource> <name> or <resource>/<name>"
SELECTING = (switch("all", help="Select all resources in the namespace."), SELECTOR, FILENAME, DRY_RUN, OUTPUT)


class _Act(NamedTuple):
    """One of the three commands: the story it makes, what it says, how its failure begins."""

    story: str
    verb: str
    failing: str


IMAGE = _Act("user.image-set", "image updated", "failed to patch image update to pod template:")
RESOURCES = _Act(
    "user.resources-set", "resource requirements updated", "failed to patch resources update to pod template"
)
ENV = _Act("user.env-set", "env updated", "failed to patch env update to pod template:")

# From one container to what it shall be.
Change = Callable[[Document], Document]


def _spec_path(found: Found) -> tuple[str, ...]:
    """Where an object has the spec of its Pods."""
    path = POD_SPECS.get(found.kind.resource, ("spec", "template", "spec"))
    if not isinstance(dig(found.document, *path, "containers"), list):
        raise CommandError(
            f"error: {found.kind.plural}/{found.name} the object is not a pod or does not have a pod template:"
            f" *v1.{found.kind.kind}"
        )
    return path


def _with_containers(found: Found, matches: Callable[[str], bool], change: Change) -> tuple[Document, int]:
    """The object with every matching container changed, and how many matched."""
    path = _spec_path(found)
    spec, count = dig(found.document, *path), 0
    for group in GROUPS:
        containers = spec.get(group) or []
        count += sum(matches(container["name"]) for container in containers)
        if containers:
            changed = [change(each) if matches(each["name"]) else each for each in containers]
            spec = {**spec, group: changed}
    return with_value(found.document, path, spec), count


def _store(invocation: Invocation, found: Found, new: Document, act: _Act, what: str, results: Results) -> Document:
    """Send the difference as a patch, as kubectl does: what others write meanwhile stays."""
    if results.dry_run == "client":
        return new
    path = _spec_path(found)
    spec = dig(new, *path)
    groups: Document = {group: spec[group] for group in GROUPS if spec.get(group)}
    patch: Document = groups
    for part in reversed(path):
        patch = {part: patch}
    writer = invocation.shell.writer()
    reference = object_reference(found.kind.resource, found.document)
    writer.tell(Story(act.story, {"object": reference, "changes": what}, NARRATED))
    return writer.patch(
        found.kind.resource, found.namespace, found.name, patch, "merge", dry_run=results.dry_run == "server"
    )


def _finish(
    invocation: Invocation, found: Found, new: Document, act: _Act, what: str, results: Results, problems: Problems
) -> Run:
    """Store and tell, when anything changed."""
    if new != found.document:
        try:
            yield results.done(found.kind, _store(invocation, found, new, act, what, results), act.verb)
        except APIError as refusal:
            problems.add(f"{act.failing} {refusal.message}")
    return 0


# --- image -----------------------------------------------------------------------------------------------------------


def _image(invocation: Invocation) -> Run:
    words, updates = pairs.split(invocation.words, "image")
    images = _images(updates)
    if not words and not invocation.many("filename"):
        raise CommandError(NOT_NAMED)
    problems, results = Problems(), Results(invocation)
    for one in selected(invocation, problems, words):
        new = one.document
        with problems.catching():
            for name, image in images.items():
                new, count = _with_containers(Found(one.kind, new), _named(name), _to_image(image))
                if not count:
                    problems.add(f'error: unable to find container named "{name}"')
        yield from _finish(invocation, one, new, IMAGE, ", ".join(updates), results, problems)
    return (yield from problems.report())


def _images(updates: Sequence[str]) -> dict[str, str]:
    images = {}
    for word in updates:
        name, equals, image = word.partition("=")
        if not equals:
            raise CommandError(f"error: invalid image format: {word}")
        images[name] = image
    if not images:
        raise CommandError("error: at least one image update is required")
    if EVERY_CONTAINER in images and len(images) > 1:
        raise CommandError(
            "error: all containers are already specified by *, but saw more than one container_name=container_image pairs"
        )
    return images


def _named(wanted: str) -> Callable[[str], bool]:
    return lambda name: wanted in (EVERY_CONTAINER, name)


def _to_image(image: str) -> Change:
    return lambda container: {**container, "image": image}


# --- resources -------------------------------------------------------------------------------------------------------


def _resources(invocation: Invocation) -> Run:
    amounts = {field: _amounts(invocation, field) for field in ("limits", "requests")}
    if not any(amounts.values()):
        raise CommandError(
            "error: you must specify an update to requests or limits (in the form of --requests/--limits)"
        )
    problems, results = Problems(), Results(invocation)
    pattern = invocation.text("containers") or EVERY_CONTAINER
    what = ", ".join(f"{field} {invocation.text(field)}" for field in amounts if amounts[field])
    for one in selected(invocation, problems):
        new = one.document
        with problems.catching():
            new, count = _with_containers(one, lambda name: fnmatchcase(name, pattern), _to_resources(amounts))
            if not count:
                problems.add(f"error: unable to find container named {pattern}")
        yield from _finish(invocation, one, new, RESOURCES, what, results, problems)
    return (yield from problems.report())


def _amounts(invocation: Invocation, flag: str) -> dict[str, str]:
    found = {}
    for part in invocation.text(flag).split(",") if invocation.text(flag) else ():
        name, equals, amount = part.partition("=")
        if not equals or "=" in amount:
            raise CommandError(f"error: Invalid argument syntax {part}, expected <resource>=<value>")
        try:
            quantity.parse(amount)
        except quantity.QuantityError as problem:
            raise CommandError(f"error: {problem}") from problem
        found[name] = amount
    return found


def _to_resources(amounts: dict[str, dict[str, str]]) -> Change:
    def change(container: Document) -> Document:
        resources = container.get("resources") or {}
        new = {field: {**(resources.get(field) or {}), **wanted} for field, wanted in amounts.items() if wanted}
        return {**container, "resources": {**resources, **new}}

    return change


# --- env -------------------------------------------------------------------------------------------------------------


def _env(invocation: Invocation) -> Run:
    words, updates = pairs.split(invocation.words, "environment variable")
    if not words and not invocation.many("filename"):
        raise CommandError(NOT_NAMED)
    updates = [*invocation.many("env"), *updates]
    if not updates and not invocation.on("list"):
        raise CommandError("error: at least one environment variable must be provided")
    problems, results = Problems(), Results(invocation)
    pattern = invocation.text("containers") or EVERY_CONTAINER
    for one in selected(invocation, problems, words):
        new, count = one.document, 1
        with problems.catching():
            new, count = _with_containers(one, lambda name: fnmatchcase(name, pattern), _to_env(invocation, updates))
        if not count:
            yield Output(
                "stderr", f'Warning: {one.kind.kind}/{one.name} does not have any containers matching "{pattern}"\n'
            )
        if invocation.on("list"):
            yield Output("stdout", _listed(Found(one.kind, new)))
            continue
        yield from _finish(invocation, one, new, ENV, ", ".join(updates), results, problems)
    return (yield from problems.report())


def _to_env(invocation: Invocation, updates: Sequence[str]) -> Change:
    wanted = {name: value for name, equals, value in (word.partition("=") for word in updates) if equals}
    removed = {word[:-1] for word in updates if "=" not in word}

    def change(container: Document) -> Document:
        before = container.get("env") or []
        for variable in before:
            if not invocation.on("overwrite") and variable["name"] in wanted:
                value = variable.get("value", "")
                raise CommandError(
                    f"error: '{variable['name']}' already has a value ({value}), and --overwrite is false"
                )
        kept = [_variable(each, wanted) for each in before if each["name"] not in removed]
        there = {each["name"] for each in before}
        added = [_variable({"name": name}, wanted) for name in wanted if name not in there]
        if not kept and not added:
            return {field: value for field, value in container.items() if field != "env"}
        return {**container, "env": kept + added}

    return change


def _variable(variable: Document, wanted: dict[str, str]) -> Document:
    name = variable["name"]
    return {"name": name, "value": wanted[name]} if name in wanted else variable


def _listed(found: Found) -> str:
    text, spec = "", dig(found.document, *_spec_path(found))
    for group in reversed(GROUPS):
        for container in spec.get(group) or []:
            text += f"# {found.kind.kind} {found.name}, container {container['name']}\n"
            for variable in container.get("env") or []:
                reference = "valueFrom" in variable
                text += f"# {variable['name']} from a reference\n" if reference else (
                    f"{variable['name']}={variable.get('value', '')}\n"
                )
    return text


CONTAINERS = Flag("containers", short="c", absent=EVERY_CONTAINER, help="The names of containers, may use wildcards")

COMMANDS = (
    Command(
        "set image", _image, "kubectl set image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ...",
        "Update the image of a pod template", SELECTING,
        examples=("kubectl set image deployment/web nginx=nginx:1.27", "kubectl set image deployments --all *=nginx:1.27"),
        complete=containers_to_set,
    ),
    Command(
        "set resources", _resources, "kubectl set resources (-f FILENAME | TYPE NAME) [--limits=LIMITS] [--requests=REQUESTS]",
        "Update resource requests/limits on objects with pod templates",
        (
            Flag("limits", help="The resource requirement limits, for example 'cpu=100m,memory=256Mi'."),
            Flag("requests", help="The resource requirement requests, for example 'cpu=100m,memory=256Mi'."),
            CONTAINERS, *SELECTING,
        ),
        examples=("kubectl set resources deployment web --requests=cpu=200m,memory=64Mi",), complete=workloads,
    ),
    Command(
        "set env", _env, "kubectl set env (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N",
        "Update environment variables on a pod template",
        (
            Flag("env", "array", short="e", absent=(), help="A key/value pair to set, or KEY- to remove."),
            switch("list", help="Display the environment instead of changing it."),
            switch("overwrite", absent=True, help="Allow values to be overwritten."),
            CONTAINERS, *SELECTING,
        ),
        examples=("kubectl set env deployment/web MODE=fast", "kubectl set env deployment/web MODE-"), complete=workloads,
    ),
)
