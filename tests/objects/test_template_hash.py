"""The hash of a Pod template is the one that a real cluster gives it."""

import json

import pytest

from cluster.objects.documents import with_value
from cluster.objects.kinds.deployment import template_of
from cluster.objects.pod_template import default_pod_spec
from cluster.objects.template_hash import dump, fnv32a, template_hash
from tests.support.golden import golden


def recorded_replicasets():
    for name in ("rolling-a-25-25", "deployment-conditions"):
        for line in (golden() / "watch" / f"{name}.jsonl").read_text().splitlines():
            event = json.loads(line)
            if event["kind"] == "replicasets":
                yield event["object"]


def test_it_works():
    found = {
        replicaset["metadata"]["labels"]["pod-template-hash"]: template_hash(template_of(replicaset))
        for replicaset in recorded_replicasets()
    }
    assert {"5f69744668", "865db44bb9", "74595d69b6", "84b9f5b664"} <= found.keys()
    assert all(expected == actual for expected, actual in found.items())


def test_a_recorded_template_with_memory():
    """The Deployment of transcripts/11-quota-limits.txt."""
    resources = {"requests": {"cpu": "100m"}, "limits": {"cpu": "100m", "memory": "128Mi"}}
    template = {
        "metadata": {"labels": {"a": "d"}},
        "spec": default_pod_spec({"containers": [{"name": "c", "image": "nginx", "resources": resources}]}),
    }
    assert template_hash(template) == "9d5c894d6"


def test_a_collision_makes_another_hash():
    template = template_of(next(recorded_replicasets()))
    hashes = {template_hash(template, count) for count in (None, 0, 1, 2)}
    assert len(hashes) == 4


def test_empty_values_hash_like_missing_ones():
    template = template_of(next(recorded_replicasets()))
    assert template_hash(with_value(template, ("metadata", "annotations"), {})) == template_hash(template)
    assert template_hash(with_value(template, ("spec", "volumes"), [])) == template_hash(template)
    assert template_hash(with_value(template, ("spec", "hostNetwork"), False)) == template_hash(template)


def test_an_empty_object_behind_a_pointer_is_not_a_missing_one():
    template = template_of(next(recorded_replicasets()))
    assert template_hash(with_value(template, ("spec", "dnsConfig"), {})) != template_hash(template)


@pytest.mark.parametrize(
    ("value", "go_type", "text"),
    [
        (None, "*int64", "(*int64)<nil>"),
        (5, "*int64", "(*int64)5"),
        ({"b": "2", "a": "1"}, "map[string]string", "(map[string]string)map[a:1 b:2]"),
        ({}, "map[string]string", "(map[string]string)<nil>"),
        (["x", "y"], "[]string", "([]string)[x y]"),
        (True, "bool", "(bool)true"),
        (80, "intstr.IntOrString", "(intstr.IntOrString){Type:(intstr.Type)0 IntVal:(int32)80 StrVal:(string)}"),
        ("http", "intstr.IntOrString", "(intstr.IntOrString){Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)http}"),
        ("Always", "v1.PullPolicy", "(v1.PullPolicy)Always"),
    ],
)
def test_go_values(value, go_type, text):
    assert dump(value, go_type) == text


@pytest.mark.parametrize(
    ("text", "number", "scale", "canonical", "form"),
    [
        ("100m", 100, -3, "100m", "DecimalSI"),
        ("0.5", 500, -3, "500m", "DecimalSI"),
        (2, 2, 0, "2", "DecimalSI"),
        (0, 0, 0, "0", "DecimalSI"),
        ("100Mi", 100 << 20, 0, "100Mi", "BinarySI"),
        # Whether the text is kept beside the amount is decided by its last bits.
        ("64Mi", 64 << 20, 0, "", "BinarySI"),
        ("1e3", 1, 3, "1e3", "DecimalExponent"),
    ],
)
def test_quantities(text, number, scale, canonical, form):
    shown = dump(text, "resource.Quantity", typed=False)
    assert f"value:(int64){number} scale:(resource.Scale){scale}}}" in shown
    assert shown.endswith(f"s:(string){canonical} Format:(resource.Format){form}}}")


def test_fnv():
    assert fnv32a(b"") == 0x811C9DC5
    assert fnv32a(b"foobar") == 0xBF9CF968
