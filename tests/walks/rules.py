"""What must be true after every step: the register of rules, and what they remember.

A rule is called only for steps that it is about (`written` for the tables of the API, `told` for the sentences of one
deed), and looks only at what the step changed and at what that touches. So a step costs some 0.1 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from cluster.apiserver.state import Change, World, is_resource
from cluster.objects import metadata
from cluster.objects.documents import Document, Key
from cluster.objects.registry import REGISTRY
from cluster.simulation.step import Step

# Every so many written documents one is kept with its bytes, to see whether anybody changes it later.
SAMPLE = 7


class Broken(AssertionError):
    """A rule does not hold."""


@dataclass
class Seen:
    """What the rules remember of the steps before."""

    world: World
    uids: dict[str, tuple[str, Key]] = field(default_factory=dict)  # every uid that ever was, with its object
    names: set[str] = field(default_factory=set)  # of nodes that ever were
    meddled: set[str] = field(default_factory=set)  # uids of ReplicaSets and volumes that a user changed by hand
    # (actor, sentence, object) -> how often in the present second.
    busy: dict[tuple[str, str, str], int] = field(default_factory=dict)
    samples: list[tuple[Document, bytes]] = field(default_factory=list)
    written: int = 0

    @classmethod
    def at(cls, world: World) -> Seen:
        seen = cls(world)
        for table, rows in world.tables.items():
            if is_resource(table):
                for key, document in rows.items():
                    seen.uids[metadata.uid(document)] = (table, key)
        seen.names |= {key[1] for key in world.table("nodes")}
        return seen

    def copy(self) -> Seen:
        """The same memories, for another future."""
        return Seen(self.world, dict(self.uids), set(self.names), set(self.meddled))


Rule = Callable[[Seen, Step], None]
ALWAYS: list[Rule] = []
OF_ANY: list[Rule] = []
OF_TABLE: dict[str, list[Rule]] = {}
OF_SENTENCE: dict[str, list[Rule]] = {}
RULES: dict[str, Rule] = {}


def every_step(rule: Rule) -> Rule:
    """A rule for every step."""
    ALWAYS.append(_named(rule))
    return rule


def written(*tables: str) -> Callable[[Rule], Rule]:
    """A rule for steps that wrote an API object, of one of the tables if any are named."""
    def add(rule: Rule) -> Rule:
        for rules in [OF_TABLE.setdefault(table, []) for table in tables] or [OF_ANY]:
            rules.append(rule)
        return _named(rule)

    return add


def told(*sentences: str) -> Callable[[Rule], Rule]:
    """A rule for the deeds with these sentences."""
    def add(rule: Rule) -> Rule:
        for sentence in sentences:
            OF_SENTENCE.setdefault(sentence, []).append(rule)
        return _named(rule)

    return add


def _named(rule: Rule) -> Rule:
    assert rule.__name__ not in RULES, rule.__name__
    RULES[rule.__name__] = rule
    return rule


def check(seen: Seen, step: Step) -> None:
    """Look at one step with every rule that it concerns; Broken names the rule and the step."""
    looks = [*ALWAYS, *OF_SENTENCE.get(step.say, ())]
    changes = objects_of(step)
    if changes:
        looks += [*OF_ANY, *OF_TABLE.get(changes[0].table, ())]
    for look in looks:
        try:
            look(seen, step)
        except AssertionError as problem:
            raise Broken(
                f"{look.__name__} at revision {step.revision} ({step.at} ms, {step.actor} {step.verb} {step.objects[0]}"
                f" {step.say}): {problem}"
            ) from problem
    seen.world = step.world
    for change in changes:
        _note(seen, change)
    if step.actor == "user":
        seen.meddled |= {metadata.uid(new) for _, new in updates_of(step, "replicasets.apps", "persistentvolumes")}


def _note(seen: Seen, change: Change) -> None:
    if change.new is None:
        return
    seen.uids.setdefault(metadata.uid(change.new), (change.table, change.key))
    if change.table == "nodes":
        seen.names.add(change.key[1])
    seen.written += 1
    if seen.written % SAMPLE == 0:
        seen.samples.append((change.new, orjson.dumps(change.new)))


def check_samples(seen: Seen) -> None:
    """Documents that were written are what they were."""
    for document, before in seen.samples:
        if orjson.dumps(document) != before:
            raise Broken(f"a stored document was changed in place: {document['kind']} {metadata.name(document)}")


RESOURCES = frozenset(kind.resource for kind in REGISTRY)


def objects_of(step: Step, *tables: str) -> list[Change]:
    """The API objects that a step wrote (there is at most one), of these tables if any are named."""
    return [change for change in step.changes if change.table in (tables or RESOURCES)]


def written_of(step: Step, *tables: str) -> list[Document]:
    """What was created or changed."""
    return [change.new for change in objects_of(step, *tables) if change.new is not None]


def updates_of(step: Step, *tables: str) -> list[tuple[Document, Document]]:
    """What was changed, before and after."""
    return [(c.old, c.new) for c in objects_of(step, *tables) if c.old is not None and c.new is not None]
