"""What a container has written by a given moment: the source of `kubectl logs`."""

from __future__ import annotations

from cluster.apiserver.reader import Reader
from cluster.containers.machine import Line
from cluster.kubelet import runtime
from cluster.kubelet.outside import Network
from cluster.objects.documents import Document
from cluster.objects.kinds import pod as pods


def lines(view: Reader, pod: Document, container: str, until: int, *, previous: bool = False) -> list[Line]:
    """The last lines of a container's present run, or of the one before, as they are at a time (virtual ms)."""
    site = runtime.site_of(view, pod, pods.node_name(pod))
    if site is None:
        return []
    if previous:
        return [Line(*line) for line in site.row.get("before", {}).get(container, [])]
    if container not in site.row["images"]:
        return []
    place = runtime.place_of(view, pod, site.node)
    machine = runtime.present(view, site, until, Network(view, site.node, place.ip)).own
    return machine.logs(container)
