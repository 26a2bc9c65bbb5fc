"""Explanations of what the scheduler and the controllers decide, in the reader's language.

The sentences come from cluster/scheduler/explanation/sentences.py and cluster/controllers/explanation/sentences.py; here
they are translated and get their places filled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_noop

from cluster.controllers.explanation.decisions import words_of
from cluster.controllers.explanation.sentences import SENTENCES as SENTENCES_OF_CONTROLLERS
from cluster.machinery.wording import fill
from cluster.scheduler.explanation.rows import SHORT
from cluster.scheduler.explanation.sentences import SENTENCES

# What a Pod can ask for, by the kind of the ask; resources are called by their names.
ASKS: Mapping[str, str] = {
    "toleration": gettext_noop("tolerates"),
    "nodeSelector": gettext_noop("node label"),
    "nodeAffinity": gettext_noop("node affinity"),
    "podAffinity": gettext_noop("near Pods"),
    "podAntiAffinity": gettext_noop("away from Pods"),
    "spread": gettext_noop("spread by"),
    "volume": gettext_noop("volume"),
    "port": gettext_noop("host port"),
    "priority": gettext_noop("priority"),
    "gate": gettext_noop("gate"),
    "scheduler": gettext_noop("scheduler"),
}
TOPICS: Mapping[str, str] = {
    "here": gettext_noop("Why here?"),
    "tie": gettext_noop("A tie"),
    "emptiest": gettext_noop("Why not the emptiest node?"),
    "nodes": gettext_noop("Why not the other nodes?"),
    "pending": gettext_noop("Why does it still wait?"),
    "preemption": gettext_noop("Who makes room?"),
}
# What there is to say about a controller's object besides its state.
CONTROLLER_TOPICS: Mapping[str, str] = {
    "waits": gettext_noop("Why it waits"),
    "sum": gettext_noop("How it computes"),
    "next": gettext_noop("What comes next"),
    "mend": gettext_noop("What helps"),
}
# The title of "nodes" when there is no chosen one beside them.
NO_NODE = gettext_noop("Why does no node fit?")
_LABELS = frozenset(label for pair in SHORT.values() for label in pair if label)
# Arguments that are labels of plugins.
_TRANSLATED = ("plugin", "plugins", "fit")
_TEMPLATES: Mapping[str, str] = {**SENTENCES, **SENTENCES_OF_CONTROLLERS}
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_SEPARATOR = gettext_noop("{first}, {second}")

Word = Mapping[str, Any]


def plain(word: Word) -> str:
    """A word of an explanation as text."""
    args = {name: _translated(name, value) for name, value in word["args"].items()}
    template = _TEMPLATES[word["key"]]
    return fill(gettext(template), args, between()).replace("**", "")


def html(word: Word) -> SafeString:
    """A word of an explanation as HTML: who decides is strong, names and amounts are code."""
    args = {name: _marked(name, value) for name, value in word["args"].items()}
    template = _TEMPLATES[word["key"]]
    text = fill(gettext(template), args, between())
    return mark_safe(_BOLD.sub(r"<strong>\1</strong>", text))  # the templates are ours, every argument is escaped


def label(plugin: str, *, scoring: bool) -> str:
    """What a column is called."""
    english = SHORT.get(plugin, (plugin, plugin))[scoring]
    return gettext(english) if english else plugin


def rendered(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The worker's explanation with its words: `text` and `html` beside every `key`, `label` for columns and asks.

    `topics` holds the words by topic with a `title`, the summary left out; `summary` is that one. What the API server
    added to the Pod is not among its `asks` but in `added`.
    """
    words = [_said(word) for word in answer["words"]]
    asks = [{**ask, "label": _ask_label(ask["kind"])} for ask in answer["pod"]["asks"]]
    columns = answer["columns"]
    return {
        **answer,
        "pod": {
            **answer["pod"],
            "asks": [ask for ask in asks if not ask.get("default")], "added": [ask for ask in asks if ask.get("default")],
        },
        "columns": {
            **columns,
            "filters": [{**one, "label": label(one["plugin"], scoring=False)} for one in columns["filters"]],
            "scores": [{**one, "label": label(one["plugin"], scoring=True)} for one in columns["scores"]],
        },
        "rows": [_row(row) for row in answer["rows"]],
        "words": words,
        "summary": next((word for word in words if word.get("topic") == "summary"), None),
        "topics": list(_by_topic(words, chosen=bool((answer["decision"] or {}).get("chosen")))),
        "changes": [{**_said(change), "then": _said(change["then"])} for change in answer["changes"]],
        "problem": _said(answer["problem"]),
    }


def standing(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a controller sees, computes and waits for (`explain-controller -o json`); None when there is nothing to say.

    `state` are the sentences on top, `topics` the others by topic with a `title`, `tables` with their heads translated.
    """
    if not answer["words"]:
        return None
    words = [_said(word) for word in answer["words"]]
    topics = [
        {"topic": topic, "title": gettext(title), "words": found}
        for topic, title in CONTROLLER_TOPICS.items() if (found := [word for word in words if word["topic"] == topic])
    ]
    return {
        "waits": answer["waits"], "state": [word for word in words if word["topic"] == "state"], "topics": topics,
        "tables": [_table(table, answer["object"].split("/")[1]) for table in answer["tables"]],
    }


def decided(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Why the newest decision of a controller about an object was made; None when the answer holds none."""
    words = [_said(word) for word in words_of(answer.get("why"))]
    return {"revision": answer["step"]["r"], "words": words} if words else None


def _head(key: str) -> str:
    english = _TEMPLATES[key]
    return gettext(english)


# A cell with more characters may break into lines.
WIDE = 20
# Columns whose cells name objects: of which resource, and whether those have a namespace.
_NAMED = {"column.pod": ("pods", True), "column.node": ("nodes", False), "column.volume": ("persistentvolumes", False)}


def _cell(column: str, cell: Any, namespace: str) -> dict[str, Any]:
    """A cell as text or as a sentence; with `ref` where it names an object."""
    if isinstance(cell, dict):
        said = _said(cell)
        return {**said, "wide": len(said["text"]) > WIDE}
    resource, namespaced = _NAMED.get(column, ("", False))
    ref = f"{resource}/{namespace if namespaced else ''}/{cell}" if resource and cell else ""
    return {"text": cell, "ref": ref}


def _table(table: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    return {
        "title": _head(table["title"]),
        "columns": [_head(column) for column in table["columns"]],
        "rows": [
            [_cell(column, cell, namespace) for column, cell in zip(table["columns"], row, strict=True)]
            for row in table["rows"]
        ],
    }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    scores = {plugin: {**score, "detail": _said(score["detail"])} for plugin, score in row["scores"].items()}
    return {**row, "word": _said(row["word"]), "scores": scores}


def _said(word: Word | None) -> Any:
    return None if word is None else {**word, "text": plain(word), "html": html(word)}


def _by_topic(words: Iterable[Mapping[str, Any]], *, chosen: bool) -> Iterable[dict[str, Any]]:
    for topic, title in TOPICS.items():
        found = [word for word in words if word.get("topic") == topic]
        if found:
            english = title if chosen or topic != "nodes" else NO_NODE
            yield {"topic": topic, "title": gettext(english), "words": found}


def _ask_label(kind: str) -> str:
    return gettext(ASKS[kind]) if kind in ASKS else kind


def between() -> str:
    """What stands between the items of a list."""
    return gettext(_SEPARATOR).replace("{first}", "").replace("{second}", "")


def _translated(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_translated(name, item) for item in value]
    return gettext(value) if name in _TRANSLATED and value in _LABELS else value


def _marked(name: str, value: Any) -> Any:
    """An argument as HTML; numbers stay numbers, for plurals."""
    if isinstance(value, list | tuple):
        return [_marked(name, item) for item in value]
    if isinstance(value, int | float):
        return value
    text = escape(_translated(name, value))
    return str(text) if name in _TRANSLATED else f"<code>{text}</code>"
