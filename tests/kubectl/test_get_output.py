"""`kubectl get -o`: YAML and JSON as kubectl writes them, names, JSONPath, custom columns."""

from __future__ import annotations

import json

import yaml

from cluster.objects.documents import Document
from tests.kubectl.builders import frozen, made, pod


def config(**data: str) -> Document:
    return made("v1", "ConfigMap", "c", data=data)


def test_it_works():
    assert frozen(config(a="b")).run("get cm c -o yaml").stdout == (
        "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  creationTimestamp: \"2026-01-01T00:00:00Z\"\n"
        "  name: c\n  namespace: default\n  resourceVersion: \"1\"\n  uid: uid-c\n"
    )


def test_strings_that_would_be_something_else_are_quoted():
    data = {
        "a": "true", "b": "1", "c": "1.5", "d": "", "e": "null", "f": "0x1F", "g": "1e3", "h": "y", "i": "10:30",
        "j": "~", "k": "1_000", "l": "2026-01-01", "m": "Yes", "o": "0777",
    }
    lines = frozen(config(**data)).run("get cm c -o yaml").lines
    assert lines[2:16] == [f'  {key}: "{value}"' for key, value in data.items()]


def test_keys_are_strings_too():
    assert frozen(config(n="x", on="x")).run("get cm c -o yaml").lines[2:4] == ['  "n": x', '  "on": x']


def test_other_strings_are_not():
    data = {"a": "1.2.3", "b": "100m", "c": "a b", "d": "truely", "e": "10.0.0.1", "f": "8Gi", "g": "a:b"}
    lines = frozen(config(**data)).run("get cm c -o yaml").lines
    assert lines[2:9] == [f"  {key}: {value}" for key, value in data.items()]


def test_characters_with_a_meaning_get_single_quotes():
    data = {"a": "- x", "b": "x: y", "c": "# x", "d": " x", "e": "*"}
    lines = frozen(config(**data)).run("get cm c -o yaml").lines
    assert lines[2:7] == [f"  {key}: '{value}'" for key, value in data.items()]


def test_several_lines_are_a_block():
    assert frozen(config(a="one\ntwo\n")).run("get cm c -o yaml").lines[2:5] == ["  a: |", "    one", "    two"]


def test_long_lines_are_folded_at_80_columns():
    text = frozen(config(a="word " * 30 + "end")).run("get cm c -o yaml").stdout
    assert yaml.safe_load(text)["data"]["a"] == "word " * 30 + "end"
    assert max(map(len, text.splitlines())) <= 85


def test_keys_are_in_the_order_of_go_yaml():
    keys = ["b10", "b2", "a_c", "a.b", "1", "B", "a-b", "ab"]
    found = frozen(config(**dict.fromkeys(keys, "x"))).run("get cm c -o yaml").lines[2:10]
    assert [line.split(":")[0].strip('" ') for line in found] == ["1", "B", "a-b", "a.b", "a_c", "ab", "b2", "b10"]


def test_shared_parts_are_written_out():
    labels = {"app": "x"}
    text = frozen(pod("a", labels=labels, annotations=labels)).run("get pod a -o yaml").stdout
    assert "&" not in text and "*" not in text


def test_several_objects_are_a_list():
    found = yaml.safe_load(frozen(pod("a"), pod("b")).run("get pods -o yaml").stdout)
    assert (found["kind"], found["apiVersion"], found["metadata"]) == ("List", "v1", {"resourceVersion": ""})
    assert [item["metadata"]["name"] for item in found["items"]] == ["a", "b"]


def test_nothing_is_an_empty_list():
    assert frozen().run("get pods -o yaml").stdout == (
        "apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: \"\"\n"
    )
    assert frozen().run("get pods -o name").stdout == ""


def test_json():
    text = frozen(config(a="<&>")).run("get cm c -o json").stdout
    assert '    "data": {\n        "a": "\\u003c\\u0026\\u003e"\n    },\n' in text
    assert json.loads(text)["data"] == {"a": "<&>"}


def test_names():
    deployment = made("apps/v1", "Deployment", "web", spec={"replicas": 1})
    result = frozen(pod("a"), deployment).run("get pods,deploy -o name")
    assert result.stdout == "pod/a\ndeployment.apps/web\n"


def test_managed_fields_are_hidden():
    document = config(a="b")
    document["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    assert "managedFields" not in frozen(document).run("get cm c -o yaml").stdout


def test_jsonpath():
    console = frozen(pod("a"), pod("b"))
    assert console.run("get pods -o jsonpath='{.items[*].metadata.name}'").stdout == "a b"
    line = """get pods -o jsonpath='{range .items[*]}{.metadata.name}{"\\t"}{.status.podIP}{"\\n"}{end}'"""
    assert console.run(line).stdout == "a\t10.244.0.2\nb\t10.244.0.2\n"
    assert json.loads(console.run("get pods -o jsonpath-as-json='{.items[*].metadata.name}'").stdout) == ["a", "b"]


def test_custom_columns():
    line = "get pods -o custom-columns=NAME:.metadata.name,LABELS:.metadata.labels,X:.x"
    assert frozen(pod("a", labels={"k": "v", "a": "b"})).run(line).lines == [
        "NAME   LABELS         X", "a      map[a:b k:v]   <none>",
    ]


def test_formats_that_do_not_exist():
    assert frozen().run("get pods -o foo").stderr == (
        'error: unable to match a printer suitable for the output format "foo", allowed formats are: custom-columns,'
        "custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,"
        "templatefile,wide,yaml\n"
    )
    assert frozen().run("get pods -o custom-columns").stderr == (
        "error: custom-columns format specified but no custom columns given\n"
    )
    assert frozen().run("get pods -o custom-columns=a").stderr == (
        "error: unexpected custom-columns spec: a, expected <header>:<json-path-expr>\n"
    )
    assert frozen().run("get pods -o jsonpath").stderr == "error: template format specified but no template given\n"


def test_a_template_that_does_not_fit():
    result = frozen(pod("a")).run("get pods -o jsonpath={.items[3]}")
    assert result.code == 1
    assert result.stderr.startswith(
        'error: error executing jsonpath "{.items[3]}": Error executing template: array index out of bounds: index 3,'
        " length 1. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{.items[3]}\n"
        '\tobject given to jsonpath engine was:\n\t\tmap[string]interface {}{"apiVersion":"v1", "items":[]interface {}{'
    )
