"""`kubectl get`: tables, what a line can name, what it cannot."""

from __future__ import annotations

import pytest

from cluster.objects.documents import Document
from tests.kubectl.builders import frozen, made, pod, recorded

LATER = "2026-01-01T00:00:09Z"


def replica_set(name: str, ready: int) -> Document:
    spec = {"replicas": 3, "template": {"spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}}
    return made("apps/v1", "ReplicaSet", name, spec=spec, status={"replicas": 3, "readyReplicas": ready})


def deployment(name: str, **status: int) -> Document:
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": name}}, "template": {"spec": {"containers": []}}}
    return made("apps/v1", "Deployment", name, spec=spec, status=status)


def test_it_works():
    result = frozen(pod("web"), now=LATER).run("kubectl get pods")
    assert result.stdout == "NAME   READY   STATUS    RESTARTS   AGE\nweb    1/1     Running   0          9s\n"
    assert (result.stderr, result.code) == ("", 0)


def test_kubectl_may_be_left_out_and_kinds_have_many_names():
    console = frozen(pod("web"))
    texts = {console.run(line).stdout for line in ("get pods", "k get po", "get pod", "get Pods", "get pods web", "get po/web")}
    assert len(texts) == 1


def test_wide():
    result = frozen(pod("web"), now=LATER).run("get pods -o wide")
    assert result.lines == [
        "NAME   READY   STATUS    RESTARTS   AGE   IP           NODE     NOMINATED NODE   READINESS GATES",
        "web    1/1     Running   0          9s    10.244.0.2   node-1   <none>           <none>",
    ]


def test_several_kinds_have_prefixes_and_a_blank_line_between_them():
    result = frozen(pod("a"), replica_set("b", 2), now=LATER).run("get rs,pods")
    assert result.lines == [
        "NAME                DESIRED   CURRENT   READY   AGE",
        "replicaset.apps/b   3         3         2       9s",
        "",
        "NAME    READY   STATUS    RESTARTS   AGE",
        "pod/a   1/1     Running   0          9s",
    ]


def test_a_kind_without_objects_leaves_no_blank_line_but_the_prefix():
    result = frozen(pod("a")).run("get svc,pods,rs")
    assert result.lines[1].startswith("pod/a ") and len(result.lines) == 2


def test_all_is_ordered_as_the_api_lists_its_kinds():
    result = frozen(pod("p"), replica_set("r", 0), deployment("d")).run("get all")
    assert [line.split()[0] for line in result.lines if "/" in line.split(" ")[0]] == [
        "pod/p", "deployment.apps/d", "replicaset.apps/r",
    ]


def test_slashed_names_of_one_kind_make_one_table():
    assert len(frozen(pod("a"), pod("bb")).run("get pod/a pod/bb").lines) == 3


def test_no_resources():
    result = frozen().run("get pods")
    assert (result.stdout, result.stderr, result.code) == ("", "No resources found in default namespace.\n", 0)
    assert frozen().run("get pods -n kube-system").stderr == "No resources found in kube-system namespace.\n"
    assert frozen().run("get pods -A").stderr == "No resources found\n"
    assert frozen().run("get nodes").stderr == "No resources found\n"


def test_nothing_as_recorded():
    expected = recorded("02-deploy-conditions", "after-delete")
    result = frozen().run(expected.command)
    assert (result.stdout, result.stderr, result.code) == (expected.stdout, expected.stderr, expected.code)


def test_a_missing_name_as_recorded():
    expected = recorded("02-deploy-conditions", "autoscale-missing")
    result = frozen().run(expected.command)
    assert (result.stdout, result.stderr, result.code) == (expected.stdout, expected.stderr, expected.code)


def test_names_that_exist_are_shown_beside_the_refusal_of_others():
    result = frozen(pod("a")).run("get pods a nope")
    assert result.lines[1].startswith("a ")
    assert (result.stderr, result.code) == ('Error from server (NotFound): pods "nope" not found\n', 1)


def test_ignore_not_found():
    result = frozen().run("get pods nope --ignore-not-found")
    assert (result.stdout, result.stderr, result.code) == ("", "", 0)


def test_endpoints_are_deprecated_as_recorded():
    expected = recorded("09-service", "after-delete")
    result = frozen().run(expected.command)
    assert (result.stdout, result.stderr, result.code) == (expected.stdout, expected.stderr, expected.code)


def test_all_namespaces_and_labels():
    console = frozen(pod("a", labels={"app": "x", "example.com/tier": "front"}), pod("b", namespace="other"))
    assert console.run("get pods -A --no-headers").lines[1].split()[:2] == ["other", "b"]
    result = console.run("get pods -L example.com/tier,app --show-labels")
    assert result.lines[0].split()[-3:] == ["TIER", "APP", "LABELS"]
    assert result.lines[1].split()[-3:] == ["front", "x", "app=x,example.com/tier=front"]


def test_selectors():
    console = frozen(pod("a", labels={"app": "x"}), pod("b", spec={"containers": [], "nodeName": "node-2"}))
    assert console.run("get pods -l app=x -o name").stdout == "pod/a\n"
    assert console.run("get pods -l 'app notin (x)' -o name").stdout == "pod/b\n"
    assert console.run("get pods --field-selector spec.nodeName=node-2 -o name").stdout == "pod/b\n"


def test_a_field_label_that_does_not_exist():
    assert frozen(pod("a")).run("get pods --field-selector foo=bar").stderr == (
        'Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "", field selector'
        ' "foo=bar": field label not supported: foo\n'
    )


def test_sort_by():
    old, new = pod("a", created="2026-01-01T00:00:05Z"), pod("b", created="2026-01-01T00:00:01Z")
    console = frozen(old, new, now=LATER)
    assert [line[0] for line in console.run("get pods --sort-by=.metadata.creationTimestamp").lines[1:]] == ["b", "a"]
    assert console.run("get pods --sort-by=.nope").stderr == (
        'error: couldn\'t find any field with path "{.nope}" in the list of objects\n'
    )


def test_sorting_of_amounts_and_of_nothing():
    def config(name: str, value: object) -> Document:
        return made("v1", "ConfigMap", name, data={"x": value})

    console = frozen(config("a", "1Gi"), config("b", "900Mi"), config("c", None), made("v1", "ConfigMap", "d"))
    assert console.run("get cm --sort-by=.data.x -o name").stdout == "configmap/d\nconfigmap/c\nconfigmap/b\nconfigmap/a\n"


def test_a_cell_ends_with_its_first_line():
    message = made("v1", "Event", "e", involvedObject={"kind": "Pod", "name": "a"}, message="one\ntwo", reason="R", type="T")
    assert frozen(message).run("get events --no-headers").stdout.endswith("   one...\n")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("get nopes", 'error: the server doesn\'t have a resource type "nopes"\n'),
        ("get pods a -l x", "error: name cannot be provided when a selector is specified\n"),
        ("get pod/a -l x", "error: selectors and the all flag cannot be used when passing resource/name arguments\n"),
        ("get pods a -A", "error: a resource cannot be retrieved by name across all namespaces\n"),
        ("get pods --show-labels -o json", "error: --show-labels option cannot be used with json printer\n"),
        ("get pods,svc -w", "error: you may only specify a single resource type\n"),
        ("get -f nope.yaml", 'error: the path "nope.yaml" does not exist\n'),
    ],
)
def test_wrong_lines(line: str, text: str):
    result = frozen().run(line)
    assert (result.stdout, result.stderr, result.code) == ("", text, 1)


def test_nothing_named():
    result = frozen().run("get")
    assert result.stderr == (
        'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported'
        " resources.\n\nerror: Required resource not specified.\n"
        'Use "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).\n'
        "See 'kubectl get -h' for help and examples\n"
    )


def test_objects_of_a_file():
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n"
    result = frozen(pod("a")).run("get -f x.yaml -o name", x_yaml=text)
    assert (result.stdout, result.code) == ("pod/a\n", 1)
