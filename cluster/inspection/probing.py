"""The probes of a container: their numbers, the last ones one by one, where the result turned, when the next is due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cluster.apiserver.reader import Reader
from cluster.inspection import notes
from cluster.kubelet import inspect
from cluster.objects.documents import Document, dig

# Kind of a probe -> its field and the result that it begins with (pkg/kubelet/prober/worker.go).
KINDS = {"startup": ("startupProbe", False), "readiness": ("readinessProbe", False), "liveness": ("livenessProbe", True)}
# So many of the last probes are shown.
SHOWN = 24

Row = dict[str, Any]


class Probed(NamedTuple):
    """One probe: when it was made, and its complaint, "" for success."""

    at: int
    complaint: str


def rows(view: Reader, pod: Document, container: Document, status: Document) -> list[Row]:
    """One for each probe of the container, in the order in which they begin to count."""
    started = dig(status, "state", "running", "startedAt")
    record = notes.runtime(view, pod).get("containers", {}).get(container["name"]) or {}
    begun = record.get("started") if started and record.get("state") == "running" else None
    return [
        _row(view, pod, container, kind, begun, bool(status.get("started")))
        for kind, (field, _) in KINDS.items() if container.get(field)
    ]


def _row(view: Reader, pod: Document, container: Document, kind: str, begun: int | None, is_started: bool) -> Row:
    field, result = KINDS[kind]
    probe = container[field]
    counts = begun is not None and (is_started if kind != "startup" else not is_started)
    found = [] if begun is None else inspect.probe_history(view, pod, container["name"], kind, begun, view.now)
    made = [Probed(at, "" if good else complaint or " ") for at, good, complaint in found]
    dots = _dots(made, probe, result)
    return {
        "kind": kind,
        "does": does(probe),
        "delay": probe.get("initialDelaySeconds", 0), "period": probe.get("periodSeconds", 10),
        "timeout": probe.get("timeoutSeconds", 1), "successes": probe.get("successThreshold", 1),
        "failures": probe.get("failureThreshold", 3), "grace": probe.get("terminationGracePeriodSeconds"),
        "dots": dots[-SHOWN:], "made": len(dots),
        "result": dots[-1]["result"] if dots else "waits" if begun is not None else "none",
        "row": dots[-1]["row"] if dots else 0,
        "complaint": next((dot["complaint"] for dot in reversed(dots) if dot["complaint"]), ""),
        "next": inspect.next_probe(view, pod, container["name"], kind) if counts else None,
    }


def _dots(made: Sequence[Probed], probe: Document, result: bool) -> list[Row]:
    """{at, complaint, row: how many equal ones in a row, result: passing or failing, turn: whether it turned here}."""
    needed = {True: probe.get("successThreshold", 1), False: probe.get("failureThreshold", 3)}
    dots: list[Row] = []
    row, previous = 0, None
    for one in made:
        good = not one.complaint
        row = row + 1 if good == previous else 1
        previous, turns = good, row >= needed[good] and result != good
        result = good if turns else result
        dots.append({
            "at": one.at, "complaint": one.complaint, "row": row, "result": "passing" if result else "failing", "turn": turns,
        })
    return dots


def does(probe: Document) -> str:
    """What a probe does, in few words: `GET :80/ready`, `tcp :5432`, `cat /tmp/healthy`, `grpc :9000`."""
    if probe.get("exec"):
        return " ".join(probe["exec"].get("command") or [])
    if probe.get("httpGet"):
        get = probe["httpGet"]
        path = get.get("path") or "/"
        return f"GET {get.get('host') or ''}:{get['port']}{path if path.startswith('/') else '/' + path}"
    if probe.get("tcpSocket"):
        return f"tcp {probe['tcpSocket'].get('host') or ''}:{probe['tcpSocket']['port']}"
    return f"grpc :{dig(probe, 'grpc', 'port', default='')}"
