"""`explain-schedule`: why the scheduler put a Pod where it is, or finds no node. Our own command, no part of kubectl."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cluster.apiserver import errors
from cluster.kubectl.command import Command, Flag
from cluster.kubectl.completing import Flags, Words, names
from cluster.kubectl.formats import to_json, to_yaml
from cluster.kubectl.invocation import CommandError, Invocation, Output, Recall, Run, Shell
from cluster.kubectl.resources import targets
from cluster.kubectl.tables import TabWriter
from cluster.objects.registry import REGISTRY
from cluster.scheduler.explanation.explain import Case, explain
from cluster.scheduler.explanation.sentences import english
from cluster.scheduler.explanation.shape import ChangeRow, Explanation, Row, ScoreCell

NOTHING_NAMED = "error: You must name one Pod: explain-schedule pod/NAME"
ONLY_PODS = "error: only Pods are scheduled: explain-schedule pod/NAME"
FORMATS = ("json", "wide", "yaml")
VERDICTS = {"chosen": "Chosen", "feasible": "Feasible", "filtered": "Filtered", "not-looked-at": "NotLookedAt"}
NOTHING = "<none>"
TITLES = {
    "pending": "WHY IT WAITS", "preemption": "WHO MAKES ROOM", "here": "WHY HERE", "tie": "A TIE",
    "emptiest": "WHY NOT THE EMPTIEST NODE", "nodes": "WHY NOT THE OTHER NODES",
}
NO_NODE = "WHY NO NODE FITS"


def _run(invocation: Invocation) -> Run:
    format_ = invocation.text("output")
    if format_ and format_ not in FORMATS:
        raise CommandError(f'error: unable to match a printer suitable for the output format "{format_}", '
                           f"allowed formats are: {','.join(FORMATS)}")
    name = _name(invocation)
    case = yield Recall(f"pods/{invocation.namespace}/{name}")
    answer = explain(case or _present(invocation, name), invocation.many("what-if"))
    if answer["problem"] is not None:
        raise CommandError(f"error: {english(answer['problem'])}")
    if format_ == "json":
        yield Output("stdout", to_json(answer))
    elif format_ == "yaml":
        yield Output("stdout", to_yaml(answer))
    else:
        yield Output("stdout", "\n".join(_parts(answer, wide=format_ == "wide")))
    return 0


def _name(invocation: Invocation) -> str:
    """The Pod of `pod/NAME`, `pod NAME` or `NAME`."""
    words = invocation.words
    if len(words) == 1 and "/" not in words[0]:
        return words[0]
    if not words:
        raise CommandError(NOTHING_NAMED)
    found = targets(words, "explain-schedule")
    if any(target.kind.resource != "pods" for target in found):
        raise CommandError(ONLY_PODS)
    if len(found) != 1 or not found[0].name:
        raise CommandError(NOTHING_NAMED)
    return found[0].name


def _present(invocation: Invocation, name: str) -> Case:
    """The Pod as it is now, for when nothing is remembered of it."""
    pod = invocation.api.get("pods", invocation.namespace, name)
    if pod is None:
        raise errors.not_found(REGISTRY["pods"], name)
    return Case(pod, invocation.api)


# --- text ------------------------------------------------------------------------------------------------------------


def _parts(answer: Explanation, *, wide: bool) -> Iterator[str]:
    """The table, the sentences, what would change it: separated by empty lines."""
    summary, *others = answer["words"]
    yield f"{english(summary)}\n"
    if answer["rows"]:
        yield TabWriter().text([_head(answer, wide=wide), *(_line(answer, row, wide=wide) for row in _ordered(answer["rows"]))])
    for topic, title in TITLES.items():
        told = [english(word) for word in others if word.get("topic") == topic]
        if told:
            if topic == "nodes" and not (answer["decision"] or {}).get("chosen"):
                title = NO_NODE
            yield f"{title}\n" + "".join(f"  {sentence}\n" for sentence in told)
    if answer["changes"]:
        yield "WHAT WOULD CHANGE IT\n" + "".join(_change(change) for change in answer["changes"])


def _ordered(rows: Iterable[Row]) -> list[Row]:
    """The chosen node first, then by points; those that did not come into question at the end."""
    return sorted(rows, key=lambda row: (list(VERDICTS).index(row["verdict"]), -(row["total"] or 0)))


def _head(answer: Explanation, *, wide: bool) -> list[str]:
    columns = answer["columns"]
    scores = [f"{one['short']}(x{one['weight']})".upper().replace(" ", "-") for one in columns["scores"] if not one["idle"]]
    cells = ["NODE", "VERDICT", "STOPPED-BY", "REASON", *scores]
    return [*cells, *(["TOTAL"] if columns["scored"] else []), *(["CPU-FREE", "MEMORY-FREE"] if wide else [])]


def _line(answer: Explanation, row: Row, *, wide: bool) -> list[str]:
    columns = answer["columns"]
    scores = [_score(row["scores"].get(one["plugin"]), wide=wide) for one in columns["scores"] if not one["idle"]]
    cells = [row["node"], VERDICTS[row["verdict"]], row["plugin"] or NOTHING, row["reason"] or NOTHING, *scores]
    if columns["scored"]:
        cells.append(NOTHING if row["total"] is None else str(row["total"]))
    return [*cells, *([row["used"]["cpu_free"], row["used"]["memory_free"]] if wide else [])]


def _score(score: ScoreCell | None, *, wide: bool) -> str:
    """Points with their weight; wide: raw → normalised × weight = points."""
    if score is None:
        return NOTHING
    if not wide:
        return str(score["weighted"])
    return f"{score['raw']}>{score['normalized']}x{score['weight']}={score['weighted']}"


def _change(change: ChangeRow) -> str:
    label = english({"key": change["key"], "args": change["args"]})
    then = "" if change["then"] is None else f", {english(change['then'])}"
    mark = "[on] " if change["active"] else ""
    return f"  {mark}if {label}{then}\n" + "".join(f"      {line}\n" for line in change["console"])


def _complete(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    pods = names(shell, REGISTRY["pods"], flags)
    if not words:
        return [*(f"pod/{name}" for name in pods), *pods]
    return pods if words in (("pod",), ("pods",), ("po",)) else ()


COMMANDS = (
    Command(
        name="explain-schedule",
        run=_run,
        usage="kubectl explain-schedule pod/NAME [-o wide|json|yaml] [--what-if=CHANGE]",
        summary="Say why the scheduler chose a node for a Pod, or found none (not part of kubectl)",
        flags=(
            Flag("output", short="o", help="Output format. One of: (json, wide, yaml)."),
            Flag("what-if", "array", absent=(), help="A change to make in thought, as JSON; -o json lists some."),
        ),
        examples=(
            "kubectl explain-schedule pod/web-1", "explain-schedule pod/web-1 -n shop -o wide",
            """explain-schedule pod/web-1 --what-if='{"do":"uncordon","node":"node-2"}'""",
        ),
        complete=_complete,
    ),
)
