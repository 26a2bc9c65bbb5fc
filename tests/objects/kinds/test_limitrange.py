"""LimitRange: what the server fills in and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from cluster.objects.kinds import limitrange as ranges


def limit_range(*items: Document) -> Document:
    return ranges.default({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "lr", "namespace": "default"},
        "spec": {"limits": list(items)},
    })


def filled(**lists: Any) -> Document:
    return ranges.items(limit_range({"type": "Container", **lists}))[0]


def test_it_works() -> None:
    item = filled(default={"cpu": "0.5"})
    assert item == {"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "500m"}}
    assert ranges.validate(limit_range(item), None) == []


def test_a_missing_default_is_the_largest() -> None:
    item = filled(max={"cpu": 1}, min={"cpu": "100m", "memory": "1Mi"})
    assert item["default"] == {"cpu": "1"}
    assert item["defaultRequest"] == {"cpu": "1", "memory": "1Mi"}


def test_only_containers_have_defaults() -> None:
    assert ranges.items(limit_range({"type": "Pod", "max": {"cpu": "1"}})) == [{"type": "Pod", "max": {"cpu": "1"}}]


@pytest.mark.parametrize(("items", "complaint"), [
    ([{"type": "Node"}], 'spec.limits[0].type: Invalid value: "Node": must be a standard limit type or fully qualified'),
    ([{"type": "Pod"}, {"type": "Pod"}], 'spec.limits[1].type: Duplicate value: "Pod"'),
    ([{"type": "Pod", "max": {"pods": "1"}}],
     'spec.limits[0].max[pods]: Invalid value: "pods": must be a standard resource for containers'),
    ([{"type": "Pod", "max": {"cpu": "lots"}}],
     "spec.limits[0].max[cpu]: Invalid value: \"lots\": quantities must match the regular expression "
     "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
    ([{"type": "Pod", "default": {"cpu": "1"}}],
     "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"),
    ([{"type": "PersistentVolumeClaim"}],
     "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"),
    ([{"type": "Pod", "min": {"cpu": "2"}, "max": {"cpu": "1"}}],
     'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'),
    ([{"type": "Container", "defaultRequest": {"cpu": "2"}, "default": {"cpu": "1"}}],
     'spec.limits[0].defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1'),
    ([{"type": "Container", "default": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}, "max": {"cpu": "1"}}],
     'spec.limits[0].default[cpu]: Invalid value: "1": default value 2 is greater than max value 1'),
    ([{"type": "Pod", "maxLimitRequestRatio": {"cpu": "0.5"}}],
     'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1'),
    ([{"type": "Pod", "min": {"cpu": "1"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "3"}}],
     'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000'),
    ([{"type": "Container", "default": {"a.b/gpu": "2"}, "defaultRequest": {"a.b/gpu": "1"}}],
     'spec.limits[0].defaultRequest[a.b/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in '
     "a.b/gpu"),
])
def test_complaints(items: list[Document], complaint: str) -> None:
    # A canonical quantity is complained about in its canonical spelling.
    assert [str(error) for error in ranges.validate(limit_range(*items), None)] == [complaint]


def test_without_a_spec() -> None:
    bare = ranges.default({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "lr"}})
    assert ranges.validate(bare, None) == []
    assert ranges.defaults_of_containers(bare) == ({}, {})
