"""Which Pod a view is about, and the list to choose it from."""

from __future__ import annotations

from typing import Any

from dashboard.views.panels import reference

Context = dict[str, Any]


def pod_of(text: str) -> str:
    """The Pod that a reference names, "" for anything else."""
    found = reference(text)
    return found.text if found is not None and found.resource == "pods" and found.namespace else ""


def pods_to_choose(rows: dict[str, dict[str, Any]], chosen: str) -> Context:
    """The Pods to choose from: those that wait, then those with a node. A chosen one that is gone stays in the list."""
    listed = [
        {"ref": f"pods/{key}", "name": row["name"], "namespace": row["ns"], "node": row["node"]}
        | {"chosen": f"pods/{key}" == chosen}
        for key, row in sorted(rows.items())
    ]
    gone = chosen.removeprefix("pods/") if chosen and not any(pod["chosen"] for pod in listed) else ""
    return {
        "waiting": [pod for pod in listed if not pod["node"]], "placed": [pod for pod in listed if pod["node"]],
        "gone": gone, "gone_ref": chosen if gone else "",
    }
