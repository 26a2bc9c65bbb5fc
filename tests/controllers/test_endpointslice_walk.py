"""Whatever comes and goes, the slices list each endpoint once, and none is too long."""

from __future__ import annotations

import pytest

from cluster.apiserver.randomness import draw
from cluster.controllers import endpointslice
from cluster.controllers.endpointslice import EndpointSliceController
from cluster.objects import metadata
from tests.controllers.builders import add_pod, add_service, delete, new_cluster

RESOURCE = "endpointslices.discovery.k8s.io"


@pytest.mark.parametrize("seed", range(5))
def test_it_works(seed, monkeypatch):
    monkeypatch.setattr(endpointslice, "MAX_ENDPOINTS", 4)
    cluster = new_cluster(EndpointSliceController())
    add_service(cluster, "web")
    living: list[str] = []
    state = seed
    for number in range(60):
        bits, state = draw(state)
        if bits % 5 < 3 or not living:
            living.append(f"web-{number}")
            add_pod(cluster, living[-1], f"node-{bits % 3 + 1}", labels={"app": "web"})
        else:
            delete(cluster, "pods", "default", living.pop(bits % len(living)), grace=0)
        cluster.advance(bits % 700)
    cluster.until_quiet()
    slices = cluster.api.list(RESOURCE)
    listed = [e["targetRef"]["name"] for s in slices for e in s["endpoints"] or []]
    assert sorted(listed) == sorted(living)
    assert all(len(s["endpoints"] or []) <= 4 for s in slices)
    assert len(slices) == 1 or all(s["endpoints"] for s in slices)
    assert {metadata.name(s).rpartition("-")[0] for s in slices} == {"web"}
