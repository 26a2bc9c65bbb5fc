"""VolumeZone: labels of bound volumes against those of nodes."""

from __future__ import annotations

import pytest

from cluster.scheduler import events
from cluster.scheduler.events import ClusterEvent
from cluster.scheduler.plugins.volume_zone import REASON, VolumeZone, places_of
from tests.scheduler.builders import node
from tests.scheduler.storage_builders import claim, decided, storage_class, using, volume

ZONE, OLD_ZONE = "topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"
BOUND = claim(volume="v", bound=True)
NODES = [node("a", labels={ZONE: "1"}), node("b", labels={ZONE: "2"}), node("bare")]


def placed(**labels: str):
    return volume(kept_for=BOUND, phase="Bound", labels={{"zone": ZONE, "old": OLD_ZONE}[key]: v for key, v in labels.items()})


def test_it_works():
    found = decided(using("c"), NODES, BOUND, placed(zone="2"))
    assert found.feasible == ("b", "bare")
    rejected = found.verdict("a")
    assert (rejected.plugin, rejected.status.reasons) == ("VolumeZone", (REASON,))
    assert rejected.status.values == {"volume": "v", "label": ZONE, "values": ["2"], "node": "1"}


@pytest.mark.parametrize(("labels", "feasible"), [
    ({"zone": "1__2"}, {"a", "b", "bare"}), ({"old": "2"}, {"b", "bare"}), ({"zone": "3"}, {"bare"}),
    ({"zone": "1__"}, {"a", "b", "bare"}), ({}, {"a", "b", "bare"}),
])
def test_labels(labels, feasible):
    assert set(decided(using("c"), NODES, BOUND, placed(**labels)).feasible) == feasible


def test_a_missing_volume_ends_the_attempt():
    assert 'persistentvolume "v" not found' in decided(using("c"), NODES, BOUND).message


def test_a_waiting_claim_has_no_place_yet():
    found = decided(using("c"), NODES, claim(), storage_class())
    assert "VolumeZone" in found.without_rules and len(found.feasible) == 3


def test_places_of_every_label():
    both = volume(labels={ZONE: "1", OLD_ZONE: "0", "other": "x"})
    assert [(place.key, place.values) for place in places_of(both)] == [
        (OLD_ZONE, frozenset({"0"})), (ZONE, frozenset({"1"})),
    ]


@pytest.mark.parametrize(("event", "worth"), [
    (ClusterEvent(events.STORAGE_CLASS, events.ADD, None, storage_class()), True),
    (ClusterEvent(events.STORAGE_CLASS, events.ADD, None, storage_class(waits=False)), False),
    (ClusterEvent(events.PERSISTENT_VOLUME_CLAIM, events.UPDATE, claim(), BOUND), True),
    (ClusterEvent(events.PERSISTENT_VOLUME_CLAIM, events.UPDATE, claim("d"), claim("d", volume="v")), False),
    (ClusterEvent(events.PERSISTENT_VOLUME, events.ADD, None, placed()), True),
    (ClusterEvent(events.PERSISTENT_VOLUME, events.UPDATE, placed(zone="1"), placed(zone="1")), False),
    (ClusterEvent(events.PERSISTENT_VOLUME, events.UPDATE, placed(zone="1"), placed(zone="2")), True),
    (ClusterEvent(events.NODE, events.ADD, None, NODES[0]), True),
])
def test_queueing_hints(event, worth):
    assert VolumeZone().worth_retrying(using("c"), event) is worth
