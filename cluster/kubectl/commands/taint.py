"""`kubectl taint` (kubectl/pkg/cmd/taint/taint.go)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cluster.kubectl.command import DRY_RUN, OUTPUT, SELECTOR, Command, switch
from cluster.kubectl.completing import kinds_then_names
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run
from cluster.kubectl.resources import kind_of, label_selector, read
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import names
from cluster.objects.documents import Document, with_value
from cluster.objects.kinds import node as nodes
from cluster.objects.metadata import name as name_of
from cluster.objects.registry import REGISTRY

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
SEE_HELP = "See 'kubectl taint -h' for help and examples"
# KEY=VALUE:EFFECT, KEY:EFFECT, KEY:EFFECT-, KEY-
SHAPE = re.compile(r"^(?P<key>[^=:]+?)(=(?P<value>[^:]*))?(:(?P<effect>[^:]+?))?(?P<removal>-)?$")


@dataclass(frozen=True)
class Spec:
    """What one word asks for. `effect` "" in a removal means every effect."""

    key: str
    value: str
    effect: str
    removal: bool

    def taint(self) -> Document:
        taint = {"key": self.key, "effect": self.effect}
        return {**taint, "value": self.value} if self.value else taint


def parse(word: str) -> Spec:
    """A word like `dedicated=gpu:NoSchedule`; CommandError in kubectl's words."""
    found = SHAPE.match(word)
    if found is None:
        raise CommandError(f"error: invalid taint spec: {word}\n{SEE_HELP}")
    spec = Spec(found["key"], found["value"] or "", found["effect"] or "", bool(found["removal"]))
    if not spec.effect and not spec.removal:
        raise CommandError(f"error: invalid taint spec: {word}\n{SEE_HELP}")
    if spec.effect and spec.effect not in EFFECTS:
        raise CommandError(f"error: invalid taint effect: {spec.effect}, unsupported taint effect\n{SEE_HELP}")
    for problem in names.qualified_name(spec.key):
        raise CommandError(f"error: invalid taint spec: {word}, {problem}\n{SEE_HELP}")
    for problem in names.label_value(spec.value):
        raise CommandError(f"error: invalid taint spec: {word}, {problem}\n{SEE_HELP}")
    return spec


def _split(words: Sequence[str]) -> tuple[list[str], list[Spec]]:
    """Node names and specs: what has `=`, `:` or ends in `-` is a spec, as kubectl tells them apart."""
    specs = [word for word in words if "=" in word or ":" in word or word.endswith("-")]
    return [word for word in words if word not in specs], [parse(word) for word in specs]


def _refuse_contradictions(specs: Iterable[Spec]) -> None:
    seen: set[tuple[str, str, bool]] = set()
    specs = list(specs)
    for spec in specs:
        if (spec.key, spec.effect, spec.removal) in seen and not spec.removal:
            raise CommandError(f"error: duplicated taints with the same key and effect: {nodes.taint_text(spec.taint())}")
        seen.add((spec.key, spec.effect, spec.removal))
        if not spec.removal and any(s.removal and s.key == spec.key and s.effect in ("", spec.effect) for s in specs):
            raise CommandError(
                f"error: can not both modify and remove the following taint(s) in the same command: {spec.key}:{spec.effect}"
            )


def _targets(invocation: Invocation, wanted: Sequence[str]) -> list[Document]:
    selector = label_selector(invocation)
    if invocation.on("all") or selector is not None:
        return invocation.api.list("nodes", "", selector)
    if not wanted:
        raise CommandError("error: one or more nodes must be specified as <name>" + f"\n{SEE_HELP}")
    return [read(invocation.api, REGISTRY["nodes"], "", name) for name in wanted]


def changed(node: Document, specs: Sequence[Spec], overwrite: bool) -> tuple[Document, str]:
    """The node with the specs applied, and what kubectl calls it: tainted, untainted or modified."""
    before = nodes.taints(node)
    added = [spec for spec in specs if not spec.removal]
    clashing = [spec.key for spec in added if any(nodes.same_taint(taint, spec.taint()) for taint in before)]
    if clashing and not overwrite:
        keys = ",".join(clashing)
        raise CommandError(
            f"error: node {name_of(node)} already has {keys} taint(s) with same effect(s) and --overwrite is false"
        )
    kept = [taint for taint in before if not any(nodes.same_taint(taint, spec.taint()) for spec in added)]
    removals = [spec for spec in specs if spec.removal]
    missing = [spec for spec in removals if not any(_removes(spec, taint) for taint in kept)]
    if missing:
        texts = (f'taint "{spec.key}{":" + spec.effect if spec.effect else ""}" not found' for spec in missing)
        raise CommandError("error: " + ", ".join(texts))
    kept = [taint for taint in kept if not any(_removes(spec, taint) for spec in removals)]
    result = with_value(node, ("spec", "taints"), [*(spec.taint() for spec in added), *kept])
    if clashing or (added and removals):
        return result, "modified"
    return result, "tainted" if added else "untainted"


def _removes(spec: Spec, taint: Document) -> bool:
    return taint["key"] == spec.key and spec.effect in ("", taint["effect"])


def run(invocation: Invocation) -> Run:
    """Add, change or remove taints of nodes."""
    if not invocation.words:
        raise CommandError("error: one or more nodes must be specified as <name>" + f"\n{SEE_HELP}")
    if kind_of(invocation.words[0]).resource != "nodes":
        kinds = kind_of(invocation.words[0]).plural
        raise CommandError(f"error: invalid resource type {kinds}, only [nodes] types are supported\n{SEE_HELP}")
    wanted, specs = _split(invocation.words[1:])
    if not specs:
        raise CommandError(f"error: at least one taint update is required\n{SEE_HELP}")
    _refuse_contradictions(specs)
    code = 0
    for node in _targets(invocation, wanted):
        try:
            result, verb = changed(node, specs, invocation.on("overwrite"))
        except CommandError as problem:
            yield Output("stderr", problem.text + "\n")
            code = 1
            continue
        if invocation.text("dry-run") == "none":
            writer = invocation.shell.writer()
            taints = ", ".join(word for word in invocation.words[1:] if word not in wanted)
            story = "user.untainted" if verb == "untainted" else "user.tainted"
            writer.tell(Story(story, {"node": object_reference("nodes", node), "taints": taints}, NARRATED))
            writer.update(result)
        yield Output("stdout", f"node/{name_of(node)} {verb}\n")
    return code


COMMANDS = (
    Command(
        "taint", run, "kubectl taint NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N",
        "Update the taints on one or more nodes",
        (switch("all"), switch("overwrite"), SELECTOR, DRY_RUN, OUTPUT),
        examples=(
            "kubectl taint nodes node-1 dedicated=gpu:NoSchedule",
            "kubectl taint nodes node-1 dedicated:NoSchedule-",
        ),
        complete=kinds_then_names,
    ),
)
