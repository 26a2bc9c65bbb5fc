"""Text forms of documents: what is written can be read again, whatever it holds."""

from __future__ import annotations

import json
import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cluster.kubectl.formats import compact_json, go_print, go_syntax, to_json, to_yaml
from cluster.objects.manifest import load
from cluster.simulation.bootstrap import new_cluster
from tests.support.console import Console

# Texts as documents hold them; the YAML readers know no more characters than these.
TEXTS = st.text(string.printable.replace("\x0b", "").replace("\x0c", "").replace("\r", "") + "äß水…", max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=12,
)


def test_it_works():
    assert to_yaml({"b": [1, {"c": "x", "d": {}}], "a": None}) == "a: null\nb:\n- 1\n- c: x\n  d: {}\n"


@given(st.dictionaries(st.from_regex(r"[a-z][A-Za-z0-9./-]{0,12}", fullmatch=True), VALUES, max_size=4))
def test_yaml_and_json_can_be_read_again(document: dict[str, object]):
    assert yaml.safe_load(to_yaml(document)) == document
    assert json.loads(to_json(document)) == json.loads(compact_json(document)) == document


@given(TEXTS)
def test_a_text_stays_a_text_for_our_own_reader(text: str):
    assert load(to_yaml({"kind": text}))[0].document == {"kind": text}


@pytest.mark.parametrize(
    ("value", "printed", "syntax"),
    [
        (None, "<nil>", "interface {}(nil)"),
        (True, "true", "true"),
        (3, "3", "3"),
        ('a"b', 'a"b', '"a\\"b"'),
        ({"b": 1, "a": [None]}, "map[a:[<nil>] b:1]", 'map[string]interface {}{"a":[]interface {}{interface {}(nil)}, "b":1}'),
    ],
)
def test_values_as_go_prints_them(value: object, printed: str, syntax: str):
    assert (go_print(value), go_syntax(value)) == (printed, syntax)


def test_every_object_of_a_cluster():
    console = Console(new_cluster())
    for resource in ("pods", "nodes", "services", "events", "endpointslices", "endpoints", "cm", "sa", "ns", "leases", "secrets"):
        documents = console.simulation.api.list({
            "endpointslices": "endpointslices.discovery.k8s.io", "leases": "leases.coordination.k8s.io", "cm": "configmaps",
            "sa": "serviceaccounts", "ns": "namespaces",
        }.get(resource, resource))
        where = "" if resource in ("nodes", "ns") else "-A "
        assert yaml.load(console.run(f"get {resource} {where}-o yaml").stdout, yaml.BaseLoader)["kind"] == "List"
        assert json.loads(console.run(f"get {resource} {where}-o json").stdout)["items"] == documents
        assert console.run(f"describe {resource} {where}").code == 0
