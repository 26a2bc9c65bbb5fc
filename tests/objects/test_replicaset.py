"""ReplicaSet: defaults, validation and columns."""

import pytest

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.objects.documents import with_value
from cluster.objects.kinds import replicaset as replicasets


def replicaset(**spec):
    return replicasets.default({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": "rs", "namespace": "default", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "selector": {"matchLabels": {"app": "rs"}},
            "template": {
                "metadata": {"labels": {"app": "rs"}},
                "spec": {"containers": [{"name": "c", "image": "nginx:1"}, {"name": "d", "image": "busybox"}]},
            },
            **spec,
        },
    })


def complaints(document, old=None):
    return [str(error) for error in replicasets.validate(document, old)]


def test_it_works():
    document = replicaset()
    assert complaints(document) == []
    assert replicasets.wanted(document) == 1
    assert document["spec"]["template"]["spec"]["dnsPolicy"] == "ClusterFirst"


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        ({"replicas": -1}, ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
        ({"minReadySeconds": -2}, ["spec.minReadySeconds: Invalid value: -2: must be greater than or equal to 0"]),
        ({"selector": None}, ["spec.selector: Required value"]),
        (
            {"selector": {"matchLabels": {"app": "x"}}},
            ['spec.template.metadata.labels: Invalid value: {"app":"rs"}: `selector` does not match template `labels`'],
        ),
        (
            {"selector": {"matchExpressions": [{"key": "app", "operator": "Like", "values": ["rs"]}]}},
            [
                'spec.selector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
                'spec.selector: Invalid value: '
                '{"matchExpressions":[{"key":"app","operator":"Like","values":["rs"]}]}: invalid label selector',
            ],
        ),
    ],
)
def test_validation(change, messages):
    document = replicaset()
    assert complaints({**document, "spec": {**document["spec"], **change}}) == messages


def test_no_deadline_in_the_template():
    document = with_value(replicaset(), ("spec", "template", "spec", "activeDeadlineSeconds"), 5)
    assert complaints(document) == [
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"
    ]


def test_the_selector_is_immutable_and_the_template_is_not():
    old = replicaset()
    assert complaints(with_value(old, ("spec", "template", "spec", "terminationGracePeriodSeconds"), 5), old) == []
    changed = with_value(old, ("spec", "selector", "matchExpressions"), [{"key": "app", "operator": "Exists"}])
    (message,) = complaints(changed, old)
    assert message.endswith(": field is immutable")


def test_columns():
    document = {**replicaset(replicas=3), "status": {"replicas": 2, "readyReplicas": 1}}
    names = [column.name for column in replicasets.KIND.columns]
    assert names == ["Name", "Desired", "Current", "Ready", "Age", "Containers", "Images", "Selector"]
    cells = [column.value(document, 119_000) for column in replicasets.KIND.columns]
    assert cells == ["rs", "3", "2", "1", "119s", "c,d", "nginx:1,busybox", "app=rs"]
