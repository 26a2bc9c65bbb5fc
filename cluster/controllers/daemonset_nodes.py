"""On which nodes a DaemonSet wants a Pod, and what that Pod looks like.

pkg/controller/daemon/daemon_controller.go (NodeShouldRunDaemonPod), pkg/controller/daemon/util/daemonset_util.go.
"""

from __future__ import annotations

from typing import NamedTuple

from cluster.controllers import pod_control
from cluster.objects import metadata
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import daemonset as daemonsets
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import pod as pods
from cluster.objects.selectors import node_selector_terms_match

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PRESSURES = (
    "node.kubernetes.io/disk-pressure", "node.kubernetes.io/memory-pressure", "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/unschedulable",
)
# A daemon stays on its node whatever is wrong with it.
TOLERATIONS: tuple[Document, ...] = (
    *({"key": key, "operator": "Exists", "effect": "NoExecute"} for key in (nodes.NOT_READY_TAINT, nodes.UNREACHABLE_TAINT)),
    *({"key": key, "operator": "Exists", "effect": "NoSchedule"} for key in _PRESSURES),
)
# One that uses the node's own network does not need the Pod network.
HOST_NETWORK_TOLERATION: Document = {
    "key": "node.kubernetes.io/network-unavailable", "operator": "Exists", "effect": "NoSchedule",
}


class Wish(NamedTuple):
    """What a DaemonSet wants of a node: a Pod if there is none, and that a Pod that is there may stay.

    `rule` says what is against it ("" nothing): "name", "selector", "affinity" or "taint"; `detail` names it.
    """

    run: bool
    stay: bool
    rule: str = ""
    detail: str = ""


NOTHING, EVERYTHING = Wish(False, False, "gone"), Wish(True, True)


def wish(daemonset: Document, node: Document) -> Wish:
    """Whether a Pod of the DaemonSet should run on the node, and whether one that does may go on."""
    spec = with_tolerations(daemonset["spec"]["template"].get("spec") or {})
    if spec.get("nodeName", "") not in ("", metadata.name(node)):
        return Wish(False, False, "name", spec["nodeName"])
    labels = metadata.labels(node)
    lacking = [f"{key}={value}" for key, value in (spec.get("nodeSelector") or {}).items() if labels.get(key) != value]
    if lacking:
        return Wish(False, False, "selector", ", ".join(lacking))
    terms = dig(spec, "affinity", "nodeAffinity", _REQUIRED, "nodeSelectorTerms")
    if terms is not None and not node_selector_terms_match(terms, labels, {"metadata.name": metadata.name(node)}):
        return Wish(False, False, "affinity")
    untolerated = [
        taint for taint in nodes.taints(node)
        if taint["effect"] in ("NoSchedule", "NoExecute")
        and not any(pods.tolerates(toleration, taint) for toleration in spec["tolerations"])
    ]
    if untolerated:
        stay = all(taint["effect"] != "NoExecute" for taint in untolerated)
        return Wish(False, stay, "taint", ", ".join(map(nodes.taint_text, untolerated)))
    return EVERYTHING


def with_tolerations(spec: Document) -> Document:
    """The PodSpec with what all daemons tolerate; what says so already is not repeated (AddOrUpdateDaemonPodTolerations)."""
    found = list(spec.get("tolerations") or [])
    wanted = [*TOLERATIONS, HOST_NETWORK_TOLERATION] if spec.get("hostNetwork") else TOLERATIONS
    for toleration in wanted:
        found = _added(found, toleration)
    return {**spec, "tolerations": found}


def _added(tolerations: list[Document], toleration: Document) -> list[Document]:
    """With this toleration in the place of those that differ only in their seconds, or at the end."""
    same = [_parts(kept) == _parts(toleration) for kept in tolerations]
    if not any(same):
        return [*tolerations, toleration]
    return [toleration if alike else kept for kept, alike in zip(tolerations, same, strict=True)]


def _parts(toleration: Document) -> tuple[str, str, str, str]:
    """All of a toleration but its seconds (Toleration.MatchToleration)."""
    say = toleration.get
    return say("key", ""), say("effect", ""), say("operator", ""), say("value", "")


def target_node(pod: Document) -> str:
    """The node that a daemon's Pod is on or is meant for, "" when that cannot be told (GetTargetNodeName)."""
    if pods.node_name(pod):
        return pods.node_name(pod)
    for term in dig(pod, "spec", "affinity", "nodeAffinity", _REQUIRED, "nodeSelectorTerms", default=()):
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name" and field["operator"] == "In":
                return field["values"][0] if len(field["values"]) == 1 else ""
    return ""


def pod_for(daemonset: Document, node: str, hash_: str) -> Document:
    """A new Pod for a node. The scheduler binds it: it may go nowhere else (ReplaceDaemonSetPodNodeNameNodeAffinity)."""
    pod = pod_control.pod_from_template(daemonset["spec"]["template"], daemonset)
    labels = {**metadata.labels(pod), daemonsets.HASH_LABEL: hash_}
    if daemonsets.template_generation(daemonset):
        labels[daemonsets.GENERATION_LABEL] = daemonsets.template_generation(daemonset)
    only = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = {"nodeSelectorTerms": [{"matchFields": [only]}]}
    spec = with_value(with_tolerations(pod["spec"]), ("affinity", "nodeAffinity", _REQUIRED), terms)
    return {**pod, "metadata": {**pod["metadata"], "labels": labels}, "spec": spec}
