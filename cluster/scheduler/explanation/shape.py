"""Why a Pod is where it is, or nowhere: the explanation of a scheduling decision as JSON, for pages and the console.

Everything here is data: sentences are keys with arguments (`sentences.py`), amounts are texts as kubectl writes them.
The shape is that of the worker's answer to {"type": "explain", "ref": "pods/default/web-1", "revision": 41, "changes": […]}.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

CellState = Literal["pass", "stopped", "not-run", "idle"]
RowVerdict = Literal["chosen", "feasible", "filtered", "not-looked-at"]
Situation = Literal[
    "placed", "pending", "nominated", "binding", "gated", "foreign", "off", "unscheduled", "leaving", "finished",
]


class Word(TypedDict):
    """One sentence. `key` is a key of SENTENCES; `args` are texts, whole numbers and lists of texts.

    `topic` says which heading it stands under: "summary" (one sentence, always the first), "here" (why here), "nodes" (one for
    each node that was not chosen, with `node`), "emptiest" (why not the emptiest node), "pending" (why it still waits),
    "preemption", "tie".
    """

    key: str
    args: dict[str, Any]
    topic: NotRequired[str]
    node: NotRequired[str]


class Ask(TypedDict):
    """Something that the Pod's spec asks of the scheduler.

    `kind`: "cpu", "memory", another resource's name, "toleration", "nodeSelector", "nodeAffinity", "podAffinity",
    "podAntiAffinity", "spread", "volume", "port", "priority", "gate", "scheduler", "nodeName". `text` is in the words of the
    spec ("500m", "dedicated=gpu:NoSchedule", "disk=ssd"); `default` is true for what the API server added by itself.
    """

    kind: str
    text: str
    default: NotRequired[bool]


class ExplainedPod(TypedDict):
    """The Pod in question. `gone`: it no longer exists at the revision shown."""

    name: str
    namespace: str
    ref: str
    uid: str
    phase: str
    node: str
    gone: bool
    asks: list[Ask]


class Moment(TypedDict):
    """`t` in virtual ms since the epoch."""

    revision: int
    t: int


class FilterColumn(TypedDict):
    """`short` is an English label; pages translate it by `plugin`. `idle`: the Pod gives it nothing to do."""

    plugin: str
    short: str
    idle: bool


class ScoreColumn(TypedDict):
    """As FilterColumn, for a plugin that scores."""

    plugin: str
    short: str
    weight: int
    idle: bool


class Columns(TypedDict):
    """In the order in which the plugins run. `scored` is false when fewer than two nodes were left to compare."""

    filters: list[FilterColumn]
    scores: list[ScoreColumn]
    scored: bool


class ScoreCell(TypedDict):
    """`weighted` = `normalized` × `weight`; `detail` says what `raw` was made of."""

    raw: int
    normalized: int
    weight: int
    weighted: int
    detail: Word | None


class Used(TypedDict):
    """What the node's Pods ask for, what it has, and what is free, without the Pod in question. Texts ("1100m", "2560Mi")."""

    cpu: str
    memory: str
    pods: str
    cpu_allocatable: str
    memory_allocatable: str
    pods_allocatable: str
    cpu_free: str
    memory_free: str


class Row(TypedDict):
    """A node. `cells` by plugin of Columns.filters; `scores` by plugin of Columns.scores, {} where nothing was compared.

    `reason` is kube-scheduler's own ("Insufficient cpu"), "" for a feasible node; `word` says it with the values. `deciding`:
    for the chosen node the plugin with the largest weighted lead over the runner-up, for a filtered one the plugin that stopped
    it. `changed` (only with changes active): the cells, scores and "total" / "verdict" that differ from `before`.
    """

    node: str
    used: Used
    verdict: RowVerdict
    cells: dict[str, CellState]
    plugin: str
    reason: str
    values: dict[str, Any]
    word: Word | None
    scores: dict[str, ScoreCell]
    total: int | None
    deciding: str | None
    changed: NotRequired[list[str]]


class Group(TypedDict):
    """Nodes stopped by the same plugin for the same reason, for clusters with many nodes. At most 5 `examples`."""

    plugin: str
    reason: str
    count: int
    examples: list[str]


class Outcome(TypedDict):
    """What the changed decision says: `fits` are the feasible nodes, `best` those with the highest total; `nominated` is the node
    on which preemption would make room, "" for none."""

    chosen: str
    fits: list[str]
    best: list[str]
    nominated: str


class ChangeRow(TypedDict):
    """A change of the question that can be switched on (a toggle), or is on.

    `change` is the JSON to send back in `changes`, `id` the same as compact text. The label is the sentence `key` with `args`,
    `then` the sentence about its outcome (None for the toggles that are on: the rows show it). `console`: lines that do it for
    real, [] where none can.
    """

    id: str
    change: dict[str, Any]
    key: str
    args: dict[str, Any]
    outcome: Outcome | None
    then: Word | None
    console: list[str]
    active: bool


class Tie(TypedDict):
    """Nodes with the same highest total, and the one that chance drew."""

    nodes: list[str]
    drawn: str


class BeforeRow(TypedDict):
    """A row without the changes."""

    node: str
    verdict: RowVerdict
    total: int | None
    cells: dict[str, CellState]
    scores: dict[str, int]


class Explanation(TypedDict):
    """The answer. `situation` says what the Pod's standing is ("binding": its node is chosen and prepared for it; "unscheduled":
    it has a node, and no decision about that is kept); `live`: the decision was made now, on the revision shown.

    `decision` is the record (Decision.why()) with `runner_up`, `tie` and `deciding`; None when there is nothing to decide.
    More than MANY nodes: `rows` holds the best and a few of the others, `groups` the rest, `nodes` counts all.
    """

    type: Literal["explained"]
    pod: ExplainedPod
    situation: Situation
    revision: int
    decided_at: Moment | None
    live: bool
    decision: dict[str, Any] | None
    columns: Columns
    rows: list[Row]
    groups: list[Group]
    nodes: int
    words: list[Word]
    changes: list[ChangeRow]
    before: list[BeforeRow] | None
    problem: Word | None
