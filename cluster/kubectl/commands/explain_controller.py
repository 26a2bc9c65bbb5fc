"""`explain-controller`: what an object's controller sees, computes and waits for. Our own command, no part of kubectl."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cluster.apiserver import errors
from cluster.controllers.explanation.explain import EXPLAINERS, Explanation, explain
from cluster.controllers.explanation.words import Table, cell_text, english, word
from cluster.kubectl.command import Command, Flag
from cluster.kubectl.completing import Flags, Words, kinds_then_names, slashed
from cluster.kubectl.formats import to_json, to_yaml
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Shell
from cluster.kubectl.resources import Target, targets
from cluster.kubectl.tables import TabWriter

FORMATS = ("json", "yaml")
NOTHING_NAMED = "error: You must name one object: explain-controller KIND/NAME"
TITLES = {"waits": "WHY IT WAITS", "sum": "HOW IT COMPUTES", "next": "WHAT COMES NEXT", "mend": "WHAT HELPS"}


def _run(invocation: Invocation) -> Run:
    format_ = invocation.text("output")
    if format_ and format_ not in FORMATS:
        raise CommandError(f'error: unable to match a printer suitable for the output format "{format_}", '
                           f"allowed formats are: {','.join(FORMATS)}")
    target = _target(invocation)
    namespace = invocation.namespace if target.kind.namespaced else ""
    document = invocation.api.get(target.kind.resource, namespace, target.name)
    if document is None:
        raise errors.not_found(target.kind, target.name)
    answer = explain(invocation.api, document)
    if format_ == "json":
        yield Output("stdout", to_json(answer))
    elif format_ == "yaml":
        yield Output("stdout", to_yaml(answer))
    elif answer["words"]:
        yield Output("stdout", "\n".join(_parts(answer)))
    else:
        yield Output("stdout", f"No controller has anything to do with this {target.kind.kind}.\n")
    return 0


def _target(invocation: Invocation) -> Target:
    """The object of `KIND/NAME` or `KIND NAME`."""
    if not invocation.words:
        raise CommandError(NOTHING_NAMED)
    found = targets(invocation.words, "explain-controller")
    if len(found) != 1 or not found[0].name:
        raise CommandError(NOTHING_NAMED)
    return found[0]


def _parts(answer: Explanation) -> Iterator[str]:
    """The state, the sentences by topic, the tables: separated by empty lines."""
    said = [(found["topic"], english(found)) for found in answer["words"]]
    yield "".join(f"{text}\n" for topic, text in said if topic not in TITLES)
    for topic, title in TITLES.items():
        told = [text for of, text in said if of == topic]
        if told:
            yield f"{title}\n" + "".join(f"  {text}\n" for text in told)
    for found in answer["tables"]:
        yield f"{_text(found['title']).upper()}\n{_table(found)}"


def _text(key: str) -> str:
    return english(word(key, "head"))


def _table(found: Table) -> str:
    head = [_text(column).upper().replace(" ", "-") for column in found["columns"]]
    return TabWriter().text([head, *([cell_text(cell) for cell in row] for row in found["rows"])])


def _complete(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    return slashed(shell, tuple(EXPLAINERS), flags) if not words else kinds_then_names(shell, words[:1], flags)


COMMANDS = (
    Command(
        name="explain-controller",
        run=_run,
        usage="kubectl explain-controller KIND/NAME [-o json|yaml]",
        summary="Say what an object's controller computes and why it waits (not part of kubectl)",
        flags=(Flag("output", short="o", help="Output format. One of: (json, yaml)."),),
        examples=(
            "kubectl explain-controller deployment/web", "explain-controller sts/db -n shop",
            "explain-controller hpa/web -o json",
        ),
        complete=_complete,
    ),
)
