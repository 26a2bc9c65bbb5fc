"""PodTopologyLabels: a Pod carries the zone and the region of its node as labels.

plugin/pkg/admission/podtopologylabels/admission.go. Most Pods get them when they are bound, those that come with a
node's name when they are created.
"""

from __future__ import annotations

from cluster.apiserver.admission.request import Request
from cluster.apiserver.reader import Reader
from cluster.objects import metadata
from cluster.objects.documents import Document, dig, with_value

COPIED = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


def admit(request: Request) -> Document | None:
    pod = request.object
    if pod is None or request.kind.resource != "pods" or request.operation != "CREATE" or request.subresource:
        return pod
    return with_labels_of_node(pod, dig(pod, "spec", "nodeName", default=""), request.reader)


def with_labels_of_node(pod: Document, node: str, reader: Reader) -> Document:
    """The Pod with zone and region of the node; what it said itself is overwritten. An unknown node adds nothing."""
    found = reader.world.row("nodes", ("", node)) if node else None
    copied = {key: value for key, value in metadata.labels(found).items() if key in COPIED} if found else {}
    if not copied:
        return pod
    return with_value(pod, ("metadata", "labels"), {**metadata.labels(pod), **copied})
