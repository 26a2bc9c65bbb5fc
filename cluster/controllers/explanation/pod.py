"""Why a Pod is not available, and what controllers have in mind with it: eviction, its owner's order of scaling down."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import MEMORY
from cluster.controllers import taint_eviction
from cluster.controllers.explanation import claim as claim_words
from cluster.controllers.explanation import replicaset as replicaset_words
from cluster.controllers.explanation.hindrance import hindrance
from cluster.controllers.explanation.service import why_not
from cluster.controllers.explanation.words import NEXT, STATE, SUM, Explained, Word, seconds, word
from cluster.controllers.replicaset import related_pods
from cluster.controllers.replicaset_ranking import compare, ranked
from cluster.controllers.taint_eviction import TaintEvictionController
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.kinds import node as nodes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import service as services

SIZED = {"ReplicaSet": "replicasets.apps", "ReplicationController": "replicationcontrollers"}


def explained(reader: Reader, pod: Document) -> Explained:
    return Explained(list(_words(reader, pod)), [])


def _words(reader: Reader, pod: Document) -> Iterator[Word]:
    problem = hindrance(reader, pod)
    if problem is None:
        yield word("pod.available", STATE, pod=metadata.name(pod), node=pods.node_name(pod))
    else:
        yield {**problem, "topic": STATE}
    if not pods.node_name(pod):
        yield from _claims(reader, pod)
    yield from _eviction(reader, pod)
    yield from _place(reader, pod)
    yield from _services(reader, pod)


def _claims(reader: Reader, pod: Document) -> Iterator[Word]:
    """What its claims wait for, as far as it waits for them."""
    for name, _ in claims.of_pod(pod):
        claim = reader.get("persistentvolumeclaims", metadata.namespace(pod), name)
        if claim is None:
            yield word("pod.claim-missing", claim=name)
        elif claims.phase(claim) != "Bound":
            yield from (said for said in claim_words.explained(reader, claim).words if said["topic"] != SUM)


def _eviction(reader: Reader, pod: Document) -> Iterator[Word]:
    key = (TaintEvictionController.name, taint_eviction.PENDING, metadata.namespace(pod), metadata.name(pod))
    node = reader.get("nodes", "", pods.node_name(pod)) if pods.node_name(pod) else None
    taints = [taint for taint in nodes.taints(node) if taint["effect"] == "NoExecute"] if node is not None else []
    if not taints or metadata.is_being_deleted(pod):
        return
    verdict, planned = taint_eviction.judge(taints, pods.tolerations(pod)), reader.world.row(MEMORY, key)
    taint = nodes.taint_text(verdict.taint)
    if verdict.seconds is None:
        yield word("pod.tolerates", SUM, node=pods.node_name(pod), taint=taint)
    elif planned is not None:
        left = seconds(planned["due"] - reader.now)
        yield word("pod.evicted-in", NEXT, node=pods.node_name(pod), taint=taint, tolerated=verdict.seconds, seconds=left)


def _place(reader: Reader, pod: Document) -> Iterator[Word]:
    """Where it stands in the order in which its ReplicaSet would give Pods up."""
    reference = metadata.controller_of(pod)
    resource = SIZED.get(reference["kind"]) if reference else None
    owner = reader.get(resource, metadata.namespace(pod), reference["name"]) if reference and resource else None
    if owner is None or not pods.is_active(pod):
        return
    active = replicaset_words.active_pods(reader, owner)
    if len(active) < 2:
        return
    candidates = ranked(active, related_pods(reader, owner), reader.now)
    place = next(number for number, one in enumerate(candidates) if metadata.uid(one.pod) == metadata.uid(pod))
    yield word("pod.place", SUM, place=place + 1, of=len(candidates), owner=metadata.name(owner))
    if place + 1 < len(candidates):
        yield word(f"rank.{compare(candidates[place], candidates[place + 1], reader.now)[1]}", SUM)


def _services(reader: Reader, pod: Document) -> Iterator[Word]:
    for service in reader.list("services", metadata.namespace(pod)):
        if services.selector(service) and services.selects(service, pod):
            reason = why_not(reader, service, pod)
            if reason:
                yield word(f"endpoint.{reason}-of", SUM, service=metadata.name(service), node=pods.node_name(pod))
