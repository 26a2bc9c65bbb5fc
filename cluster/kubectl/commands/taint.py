"""`kubectl taint` (kubectl/pkg/cmd/taint/taint.go)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cluster.kubectl.command import DRY_RUN, OUTPUT, SELECTOR, Command, switch
from cluster.kubectl.completing import kinds_then_names
from cluster.kubectl.invocation import CommandError, Invocation, Run
from cluster.kubectl.problems import Problems
from cluster.kubectl.resources import kind_of, label_selector, read
from cluster.kubectl.results import Results, dry_run
from cluster.machinery.story import NARRATED, Story, object_reference
from cluster.objects import names
from cluster.objects.documents import Document, with_value, without
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


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Kind and node names, and specs: what has `=`, `:` or ends in `-` is a spec, as kubectl tells them apart."""
    named: list[str] = []
    specs: list[str] = []
    for word in words:
        if "=" in word or ":" in word or word.endswith("-"):
            specs.append(word)
        elif specs:
            raise CommandError(f"error: all resources must be specified before taint changes: {word}")
        else:
            named.append(word)
    return named, specs


def _refuse_contradictions(specs: Iterable[Spec]) -> None:
    added: set[tuple[str, str]] = set()
    specs = list(specs)
    for spec in specs:
        if not spec.removal and (spec.key, spec.effect) in added:
            taint = f"{{{spec.key} {spec.value} {spec.effect} <nil>}}"
            raise CommandError(f"error: duplicated taints with the same key and effect: {taint}\n{SEE_HELP}")
        if not spec.removal:
            added.add((spec.key, spec.effect))
    both = [f"{s.key}={s.effect}" for s in specs if s.removal for key, effect in sorted(added)
            if key == s.key and s.effect in ("", effect)]
    if both:
        raise CommandError(
            f"error: can not both modify and remove the following taint(s) in the same command: {', '.join(both)}"
        )


def _targets(invocation: Invocation, wanted: Sequence[str], problems: Problems) -> list[Document]:
    selector = label_selector(invocation)
    if invocation.on("all") and selector is not None:
        raise CommandError("error: setting 'all' parameter with a non empty selector is prohibited")
    if invocation.on("all") or selector is not None:
        return invocation.api.list("nodes", "", selector)
    if not wanted:
        raise CommandError("error: at least one resource name must be specified since 'all' parameter is not set")
    found = []
    for name in wanted:
        with problems.catching():
            found.append(read(invocation.api, REGISTRY["nodes"], "", name))
    return found


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
        texts = [f'taint "{spec.key}{":" + spec.effect if spec.effect else ""}" not found' for spec in missing]
        raise CommandError("error: " + (texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"))
    kept = [taint for taint in kept if not any(_removes(spec, taint) for spec in removals)]
    taints = [*(spec.taint() for spec in added), *kept]
    result = with_value(node, ("spec", "taints"), taints) if taints else without(node, ("spec", "taints"))
    if overwrite or (added and removals):
        return result, "modified"
    return result, "tainted" if added else "untainted"


def _removes(spec: Spec, taint: Document) -> bool:
    return taint["key"] == spec.key and spec.effect in ("", taint["effect"])


def run(invocation: Invocation) -> Run:
    """Add, change or remove taints of nodes."""
    strategy = dry_run(invocation)
    named, updates = _split(invocation.words)
    if not named:
        raise CommandError("error: one or more resources must be specified as <resource> <name>")
    if not updates:
        raise CommandError("error: at least one taint update is required")
    specs = [parse(word) for word in updates]
    if kind_of(named[0]).resource != "nodes":
        raise CommandError(f"error: invalid resource type {named[0].lower()}, only node types are supported")
    _refuse_contradictions(specs)
    # What is said of a dry run is the same as of a change: kubectl loses the suffix here.
    problems, results = Problems(), Results(invocation, "none")
    for node in _targets(invocation, named[1:], problems):
        with problems.catching():
            result, verb = changed(node, specs, invocation.on("overwrite"))
            if strategy != "client":
                writer = invocation.shell.writer()
                story = "user.untainted" if verb == "untainted" else "user.tainted"
                args = {"node": object_reference("nodes", node), "taints": ", ".join(updates)}
                writer.tell(Story(story, args, NARRATED))
                result = writer.update(result, dry_run=strategy == "server")
            yield results.done(REGISTRY["nodes"], result, verb)
    return (yield from problems.report())


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
