"""One answer for every kind: what its controller sees, computes and waits for, as of one World."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypedDict

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import AGENDA, MEMORY
from cluster.controllers.explanation import (
    budget,
    claim,
    cronjob,
    daemonset,
    deletion,
    deployment,
    horizontal,
    job,
    node,
    pod,
    quota,
    replicaset,
    service,
    statefulset,
    volume,
)
from cluster.controllers.explanation.words import NEXT, WAITS, Explained, Table, Word, seconds, word
from cluster.machinery.component import FAILURES
from cluster.objects import metadata
from cluster.objects.documents import Document
from cluster.objects.registry import REGISTRY

# From so many failures in a row on the waiting is worth a word.
RETRIES_TOLD = 2


class Explainer(NamedTuple):
    """Who decides about a kind, and the function that puts it into words."""

    component: str
    explain: Callable[[Reader, Document], Explained]


EXPLAINERS: dict[str, Explainer] = {
    "pods": Explainer("", pod.explained),
    "deployments.apps": Explainer("deployment-controller", deployment.explained),
    "replicasets.apps": Explainer("replicaset-controller", replicaset.explained),
    "replicationcontrollers": Explainer("replication-controller", replicaset.explained),
    "statefulsets.apps": Explainer("statefulset-controller", statefulset.explained),
    "daemonsets.apps": Explainer("daemonset-controller", daemonset.explained),
    "jobs.batch": Explainer("job-controller", job.explained),
    "cronjobs.batch": Explainer("cronjob-controller", cronjob.explained),
    "horizontalpodautoscalers.autoscaling": Explainer("horizontal-pod-autoscaler-controller", horizontal.explained),
    "persistentvolumeclaims": Explainer("persistentvolume-binder-controller", claim.explained),
    "persistentvolumes": Explainer("persistentvolume-binder-controller", volume.explained),
    "services": Explainer("endpointslice-controller", service.explained),
    "nodes": Explainer("node-lifecycle-controller", node.explained),
    "poddisruptionbudgets.policy": Explainer("disruption-controller", budget.explained),
    "resourcequotas": Explainer("resourcequota-controller", quota.explained),
}


class Explanation(TypedDict):
    """`waits`: whether something is in the way, now."""

    object: str
    controller: str
    now: int
    revision: int
    waits: bool
    words: list[Word]
    tables: list[Table]


def explain(reader: Reader, document: Document) -> Explanation:
    """What there is to say about an object of any kind; without `words` when no controller has anything to do with it."""
    resource = REGISTRY.of(document).resource
    explainer = EXPLAINERS.get(resource)
    own = explainer.explain(reader, document) if explainer else Explained([], [])
    words = [*own.words, *_controller(reader, explainer, document), *deletion.held(reader, document)]
    words += deletion.orphaned(reader, document)
    return {
        "object": f"{resource}/{metadata.namespace(document)}/{metadata.name(document)}",
        "controller": explainer.component if explainer else "", "now": reader.now, "revision": reader.revision,
        "waits": any(said["topic"] == WAITS for said in words), "words": words, "tables": own.tables,
    }


def _controller(reader: Reader, explainer: Explainer | None, document: Document) -> Iterator[Word]:
    """Whether its controller works at all, and when it will try again what failed."""
    if explainer is None or not explainer.component:
        return
    if reader.is_off(explainer.component):
        yield word("controller.off", WAITS, component=explainer.component)
        return
    key = (explainer.component, metadata.namespace(document), metadata.name(document))
    failures, due = reader.world.row(MEMORY, (FAILURES, *key)) or 0, reader.world.row(AGENDA, key)
    if failures >= RETRIES_TOLD and due is not None and due[0] > reader.now:
        yield word("controller.retries", NEXT, failures=failures, seconds=seconds(due[0] - reader.now))


