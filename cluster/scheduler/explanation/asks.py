"""What a Pod's spec asks of the scheduler, as short texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cluster.objects.documents import Document, dig
from cluster.scheduler import resources, tolerations
from cluster.scheduler.explanation import texts
from cluster.scheduler.explanation.shape import Ask
from cluster.scheduler.framework import DEFAULT_SCHEDULER
from cluster.scheduler.resources import CPU, MEMORY
from cluster.scheduler.snapshot import host_ports, priority_of

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
# What the API server adds to every Pod (plugin/pkg/admission/defaulttolerationseconds).
DEFAULT_TOLERATIONS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
DEFAULT_SECONDS = 300


def asks_of(pod: Document) -> list[Ask]:
    """Everything in the spec that scheduling looks at, requests first."""
    return [*_requests(pod), *_rules(pod), *_affinities(pod), *_volumes(pod), *_queueing(pod)]


def node_selector(pod: Document) -> Mapping[str, str]:
    return dig(pod, "spec", "nodeSelector", default={})


def spread_constraints(pod: Document) -> list[Document]:
    return dig(pod, "spec", "topologySpreadConstraints", default=[])


def is_added(toleration: Document) -> bool:
    """Whether the API server adds this toleration by itself."""
    return toleration.get("key") in DEFAULT_TOLERATIONS and toleration.get("tolerationSeconds") == DEFAULT_SECONDS


def _requests(pod: Document) -> Iterator[Ask]:
    asked = resources.pod_requests(pod)
    for name in (CPU, MEMORY, *sorted(set(asked) - {CPU, MEMORY})):
        if asked.get(name):
            yield {"kind": name, "text": texts.amount(name, asked[name])}


def _rules(pod: Document) -> Iterator[Ask]:
    for each in tolerations.of(pod):
        ask: Ask = {"kind": "toleration", "text": texts.toleration(each)}
        yield ask | {"default": True} if is_added(each) else ask
    for label in texts.labels(node_selector(pod)):
        yield {"kind": "nodeSelector", "text": label}
    for port in host_ports(pod):
        yield {"kind": "port", "text": f"{port.port}/{port.protocol}"}


def _affinities(pod: Document) -> Iterator[Ask]:
    affinity = dig(pod, "spec", "affinity", default={})
    required = dig(affinity, "nodeAffinity", REQUIRED, "nodeSelectorTerms", default=[])
    for text in texts.terms(required):
        yield {"kind": "nodeAffinity", "text": text}
    for preferred in dig(affinity, "nodeAffinity", PREFERRED, default=[]):
        yield {"kind": "nodeAffinity", "text": f"{texts.term(preferred['preference'])} (+{preferred['weight']})"}
    for kind, sign in (("podAffinity", "+"), ("podAntiAffinity", "−")):
        for each in dig(affinity, kind, REQUIRED, default=[]):
            yield {"kind": kind, "text": _pod_term(each)}
        for preferred in dig(affinity, kind, PREFERRED, default=[]):
            yield {"kind": kind, "text": f"{_pod_term(preferred['podAffinityTerm'])} ({sign}{preferred['weight']})"}
    for constraint in spread_constraints(pod):
        text = f"{constraint['topologyKey']} ≤ {constraint['maxSkew']} {constraint['whenUnsatisfiable']}"
        yield {"kind": "spread", "text": text}


def _pod_term(term: Document) -> str:
    return f"{texts.selector(term.get('labelSelector'))} @ {term['topologyKey']}"


def _volumes(pod: Document) -> Iterator[Ask]:
    for volume in dig(pod, "spec", "volumes", default=[]):
        claim = dig(volume, "persistentVolumeClaim", "claimName")
        if claim:
            yield {"kind": "volume", "text": claim}
        elif volume.get("ephemeral"):
            yield {"kind": "volume", "text": f"{pod['metadata']['name']}-{volume['name']}"}


def _queueing(pod: Document) -> Iterator[Ask]:
    spec = pod["spec"]
    if priority_of(pod):
        name = spec.get("priorityClassName")
        yield {"kind": "priority", "text": f"{priority_of(pod)} ({name})" if name else str(priority_of(pod))}
    for gate in spec.get("schedulingGates") or ():
        yield {"kind": "gate", "text": gate["name"]}
    if spec.get("schedulerName", DEFAULT_SCHEDULER) != DEFAULT_SCHEDULER:
        yield {"kind": "scheduler", "text": spec["schedulerName"]}
