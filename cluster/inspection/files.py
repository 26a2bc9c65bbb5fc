"""A tree of files as a short list with their texts, for whoever looks into a volume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster.containers.files import DIRECTORY, FILE, LINK, Tree

MOST_ROWS = 80
MOST_TEXT = 2_000  # characters of one file

Row = dict[str, Any]


def listing(tree: Tree, path: str = "/", hides: Callable[[str], bool] | None = None) -> Row:
    """What lies at and below a path: {count: files, bytes, more: rows left out, rows}.

    A row: {name, depth, kind, bytes, text: None for what has none or is hidden, cut: there is more of it, hidden, target}.
    `hides` tells by its name whether the text of a file is nobody's business.
    """
    start = path if path != "/" else ""
    found = [(name, file) for name, file in tree.walk(path) if name != path or file.kind == FILE]
    rows = []
    for name, file in found[:MOST_ROWS]:
        inner = name[len(start):].strip("/") or name.rpartition("/")[2]
        hidden = file.kind == FILE and hides is not None and hides(inner)
        text = file.text[:MOST_TEXT] if file.kind == FILE and not hidden else None
        rows.append({
            "name": inner.rpartition("/")[2] if "/" in inner else inner, "depth": inner.count("/"), "kind": file.kind,
            "bytes": file.size if file.kind != DIRECTORY else 0, "text": text, "hidden": hidden,
            "cut": text is not None and len(file.text) > MOST_TEXT, "target": file.text if file.kind == LINK else "",
        })
    files = [file for _, file in found if file.kind == FILE]
    return {"count": len(files), "bytes": sum(file.size for file in files), "more": len(found) - len(rows), "rows": rows}
