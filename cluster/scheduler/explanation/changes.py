"""Changes as toggles: their labels, what comes of them, and the console lines that make them for real."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from cluster.objects.documents import Document, dig
from cluster.scheduler import tolerations
from cluster.scheduler.decision import Decision
from cluster.scheduler.explanation import texts
from cluster.scheduler.explanation.shape import ChangeRow, Outcome, Word
from cluster.scheduler.explanation.what_if import HOSTNAME, SYSTEM_TAINTS, Change, Question, identity
from cluster.scheduler.snapshot import NodeInfo

MANY_NODES = 4


def change_row(change: Change, question: Question, decision: Decision | None, before: str, *, active: bool) -> ChangeRow:
    """A toggle; `question` is the one without the change, `before` the node that was chosen without it."""
    label = label_of(change, question)
    return {
        "id": identity(change), "change": dict(change), "key": label["key"], "args": label["args"],
        "outcome": None if decision is None else _outcome(decision),
        "then": None if decision is None else then(decision, before),
        "console": console_of(change, question), "active": active,
    }


def _outcome(decision: Decision) -> Outcome:
    return {
        "chosen": decision.chosen, "fits": list(decision.feasible), "best": list(decision.best),
        "nominated": decision.nominated or "",
    }


def then(decision: Decision, before: str) -> Word:
    """What a changed decision comes to, as the end of a sentence."""
    if decision.nominated:
        return {"key": "then.room", "args": {"node": decision.nominated}}
    if not decision.chosen:
        return {"key": "then.none", "args": {}}
    if not before:
        if len(decision.feasible) > MANY_NODES:
            return {"key": "then.fits-many", "args": {"count": len(decision.feasible)}}
        return {"key": "then.fits", "args": {"nodes": list(decision.feasible)}}
    if len(decision.best) > 1:
        return {"key": "then.tie", "args": {"nodes": list(decision.best)}}
    return {"key": "then.same" if decision.chosen == before else "then.wins", "args": {"node": decision.chosen}}


def label_of(change: Change, question: Question) -> Word:
    """The change as a phrase."""
    do = change["do"]
    if do in ("tolerate", "untaint"):
        return _label(do, taint=texts.taint(change["taint"]), node=change.get("node", ""))
    if do == "label-node":
        return _label(do, node=change["node"], labels=texts.labels(change["labels"]))
    if do == "drop-affinity" and "which" in change:
        return _label(f"{do}.{change['which']}")
    if do == "request" and change["quantity"] == "0":
        return _label("request-none", resource=change["resource"])
    if do == "remove-pod":
        return _removal(change, question)
    if do == "add-node":
        return _label(do, node=change["like"])
    if do == "strategy":
        return _label(f"{do}.{change['type']}")
    return _label(do, **{name: value for name, value in change.items() if name != "do"})


def _label(kind: str, **args: Any) -> Word:
    return {"key": f"change.{kind}", "args": args}


def _removal(change: Change, question: Question) -> Word:
    node, pod = _placed(change["pod"], question)
    name = change["pod"].removeprefix("default/")
    owner = _controller(pod)
    if owner is None:
        return _label("remove-pod", pod=name, node=node)
    return _label("remove-pod.owned", pod=name, node=node, owner=f"{owner['kind']} {owner['name']}")


def _placed(key: str, question: Question) -> tuple[str, Document | None]:
    """(node, Pod) of a placed Pod; ("", None) when it is not there (any more)."""
    for node in question.snapshot.nodes:
        for other in node.pods:
            if other.key == key:
                return node.name, other.document
    return "", None


# --- for real --------------------------------------------------------------------------------------------------------


def console_of(change: Change, question: Question) -> list[str]:
    """Console lines that do it; [] when it takes an editor, or cannot be done to a Pod that exists."""
    maker = _CONSOLE.get(change["do"])
    return [] if maker is None else [shlex.join(words) for words in maker(change, question)]


def _request(change: Change, question: Question) -> list[list[str]]:
    """For a Pod with one container that a Deployment made: its next Pods ask for that."""
    name, namespace = _deployment(question), question.pod["metadata"].get("namespace", "")
    if not name or len(question.pod["spec"]["containers"]) > 1 or question.pod["spec"].get("initContainers"):
        return []
    requests = f"--requests={change['resource']}={change['quantity']}"
    return [["kubectl", "set", "resources", "deployment", name, requests, *_scope(namespace)]]


def _deployment(question: Question) -> str:
    """The Deployment whose ReplicaSet made the Pod, "" for none."""
    owner = _controller(question.pod)
    if owner is None or owner["kind"] != "ReplicaSet":
        return ""
    namespace = question.pod["metadata"].get("namespace", "")
    above = _controller(question.snapshot.lister.get("replicasets.apps", namespace, owner["name"]))
    return above["name"] if above is not None and above["kind"] == "Deployment" else ""


def _controller(document: Document | None) -> Document | None:
    owners: list[Document] = dig(document, "metadata", "ownerReferences", default=[])
    return next((owner for owner in owners if owner.get("controller")), None)


def _scope(namespace: str) -> list[str]:
    return [] if namespace == "default" else ["-n", namespace]


def _untaint(change: Change, question: Question) -> list[list[str]]:
    return [["kubectl", "taint", "nodes", change["node"], f"{texts.taint(change['taint'])}-"]]


def _uncordon(change: Change, question: Question) -> list[list[str]]:
    return [["kubectl", "uncordon", change["node"]]]


def _label_node(change: Change, question: Question) -> list[list[str]]:
    node = question.snapshot.node(change["node"])
    overwrite = ["--overwrite"] if node and any(key in node.labels for key in change["labels"]) else []
    return [["kubectl", "label", "nodes", change["node"], *texts.labels(change["labels"]), *overwrite]]


def _remove_pod(change: Change, question: Question) -> list[list[str]]:
    namespace, _, name = change["pod"].partition("/")
    return [["kubectl", "delete", "pod", name, *_scope(namespace)]]


def _add_node(change: Change, question: Question) -> list[list[str]]:
    node = question.snapshot.node(change["like"])
    return [] if node is None else [_machine(node)]


def _machine(node: NodeInfo) -> list[str]:
    """The line that adds a machine of the same size with the same labels and taints of its own."""
    status = node.document.get("status") or {}
    size = status.get("capacity") or status.get("allocatable") or {}
    words = ["simulate", "node", "add"]
    for resource in ("cpu", "memory", "pods"):
        if resource in size:
            words += [f"--{resource}", str(size[resource])]
    labels = {key: value for key, value in node.labels.items() if key != HOSTNAME and not key.startswith(BORN_WITH)}
    if labels:
        words += ["--labels", ",".join(texts.labels(labels))]
    taints = [texts.taint(taint) for taint in tolerations.taints_of(node.document) if not taint["key"].startswith(SYSTEM_TAINTS)]
    if taints:
        words += ["--taints", ",".join(taints)]
    return words


# Labels that a kubelet gives its node by itself.
BORN_WITH = ("kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/")

_CONSOLE: Mapping[str, Callable[[Change, Question], list[list[str]]]] = {
    "request": _request,
    "untaint": _untaint, "uncordon": _uncordon, "label-node": _label_node, "remove-pod": _remove_pod, "add-node": _add_node,
}
