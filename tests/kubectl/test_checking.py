"""What is wrong with the editor's text, line by line."""

from __future__ import annotations

import pytest

from cluster.kubectl import errors_by_line
from tests.kubectl.running import CONFIG, WEB, console


def errors(text: str) -> list[tuple[int | None, str]]:
    return errors_by_line(text, console().simulation)


def test_it_works():
    assert errors(WEB) == []
    assert errors(WEB.replace("replicas: 2", "replicas: -2")) == [
        (6, "spec.replicas: Invalid value: -2: must be greater than or equal to 0"),
    ]


def test_nothing_is_changed():
    new = console()
    before = new.simulation.world
    assert errors_by_line(WEB, new.simulation) == []
    assert new.simulation.world is before


def test_what_an_earlier_document_makes_a_later_one_finds():
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n"
    inside = CONFIG.replace("name: settings", "name: settings\n  namespace: team")
    assert errors(f"{namespace}---\n{inside}") == []
    assert errors(inside) == [(1, 'namespaces "team" not found')]


def test_a_change_of_what_there_is():
    new = console()
    new.run("apply -f web.yaml", web_yaml=WEB)
    text = WEB.replace("app: web", "app: other")
    assert [line for line, _ in errors_by_line(text, new.simulation)] == [7]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [", 2, "did not find expected node content"),
        ("", None, "There is nothing to apply: the text holds no object."),
        ("# nothing\n", None, "There is nothing to apply: the text holds no object."),
        ("- a\n", 1, "a manifest is a mapping of field names to values"),
        ("apiVersion: v1\nkind: Foo\nmetadata: {name: a}\n", 2, 'no matches for kind "Foo" in version "v1"'),
        ("kind: Pod\n", 1, "apiVersion not set"),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {a: b}\n", 3, "metadata.name: Required value: name is required"),
        (CONFIG.replace("\ndata:", "\ndta:"), 5, 'unknown field "dta"'),
        (WEB.replace("replicas: 2", "replicas: two"), 6,
         'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field'
         " DeploymentSpec.spec.replicas of type int32"),
        (WEB.replace("          image: nginx:1", "          image: nginx:1\n          imge: x"), 18,
         'unknown field "spec.template.spec.containers[0].imge"'),
        (f"{CONFIG}---\n{WEB.replace('name: web', 'name: A_B')}", 11, "metadata.name: Invalid value: "),
        ("apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata:\n    name: A_B\n", 7,
         "metadata.name: Invalid value: "),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: .inf\n", 5, "the number .inf has no place in JSON"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: &a {name: a, b: *a}\n", 3, "anchor 'a' value contains itself"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: b\n  a: c\n", 6, 'key "a" already set in map'),
    ],
)
def test_the_line_to_blame(text: str, line: int | None, message: str):
    found = errors(text)
    assert found[0][0] == line
    assert found[0][1].startswith(message)
    assert len(found) == 1


def test_every_cause_and_every_document():
    text = WEB.replace("replicas: 2", "replicas: -2").replace("image: nginx:1", "imagePullPolicy: Odd")
    found = errors(f"{text}---\nkind: Pod\n")
    # The image is missing in the container that begins on line 16.
    assert [line for line, _ in found] == [6, 16, 17, 19]
