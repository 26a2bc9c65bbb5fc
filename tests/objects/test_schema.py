"""Schemas: what a decoder says, how fields merge, what explain shows."""

from __future__ import annotations

import time

import pytest

from cluster.objects import schema
from cluster.objects.documents import with_value

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app": "web"}, "creationTimestamp": None},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "nginx:1.27",
                        "ports": [{"containerPort": 80}],
                        "env": [{"name": "A", "value": "b"}],
                        "resources": {"requests": {"cpu": 0.1, "memory": "128Mi"}, "limits": {"cpu": 1}},
                        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
                    }
                ]
            },
        },
    },
}
CONTAINERS = ["spec", "template", "spec", "containers"]


def errors_with(path, value):
    return schema.decode_errors("apps/v1", "Deployment", with_value(DEPLOYMENT, path, value))


def test_it_works():
    assert schema.decode_errors("apps/v1", "Deployment", DEPLOYMENT) == []
    assert errors_with(["spec", "replicaz"], 3) == ['unknown field "spec.replicaz"']


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (["spec", "replicas"], "3", "string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (["spec", "replicas"], 1.5, "number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (["spec", "replicas"], True, "bool into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (
            ["spec", "replicas"],
            2**31,
            "number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (["spec", "paused"], "yes", "string into Go struct field DeploymentSpec.spec.paused of type bool"),
        (["metadata", "labels"], {"a": 1}, "number into Go struct field ObjectMeta.metadata.labels of type string"),
        (["metadata", "labels"], [], "array into Go struct field ObjectMeta.metadata.labels of type map[string]string"),
        (
            ["spec", "template"],
            [],
            "array into Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec",
        ),
        (CONTAINERS, {}, "object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container"),
        (CONTAINERS, ["x"], "string into Go struct field PodSpec.spec.template.spec.containers of type v1.Container"),
        (
            CONTAINERS,
            [{"env": [{"name": "PORT", "value": 8080}]}],
            "number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
        ),
        (["spec", "strategy", "rollingUpdate", "maxSurge"], 0.5, "number 0.5 into Go value of type int32"),
        (["spec", "strategy", "rollingUpdate", "maxSurge"], False, "bool into Go value of type int32"),
        (["metadata", "creationTimestamp"], 5, "number into Go value of type string"),
    ],
)
def test_wrong_types(path, value, complaint):
    assert errors_with(path, value) == [f"json: cannot unmarshal {complaint}"]


def test_unknown_fields_in_the_order_of_sorted_json():
    assert errors_with(CONTAINERS, [{"name": "a"}, {"imagee": "x", "aport": 1}]) == [
        'unknown field "spec.template.spec.containers[1].aport"',
        'unknown field "spec.template.spec.containers[1].imagee"',
    ]


def test_list_positions_are_ordered_as_numbers():
    found = errors_with(CONTAINERS, [{"x": 1} for _ in range(11)])
    assert found[2] == 'unknown field "spec.template.spec.containers[2].x"'
    assert found[10] == 'unknown field "spec.template.spec.containers[10].x"'


def test_a_wrong_type_is_the_only_complaint():
    assert errors_with(CONTAINERS, [{"aport": 1, "image": 3}]) == [
        "json: cannot unmarshal number into Go struct field"
        " Container.spec.template.spec.containers.image of type string"
    ]


def test_at_most_a_hundred_complaints():
    assert len(errors_with(["spec"], {f"x{index}": 1 for index in range(500)})) == 100


def test_null_is_always_accepted():
    assert errors_with(["spec", "replicas"], None) == []
    assert errors_with(CONTAINERS, [None]) == []
    assert errors_with(["metadata", "labels"], {"a": None}) == []


def test_unknown_null_is_unknown_all_the_same():
    assert errors_with(["spec", "replicaz"], None) == ['unknown field "spec.replicaz"']


def test_wrong_quantity():
    (error,) = errors_with(CONTAINERS, [{"resources": {"limits": {"cpu": "1x"}}}])
    assert error.startswith("quantities must match the regular expression")
    (error,) = errors_with(CONTAINERS, [{"resources": {"limits": {"cpu": {}}}}])
    assert error.startswith("quantities must match the regular expression")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("yesterday", 'as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'),
        ("2026-01-01", 'as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'),
        ("2026-01-01T00:00:00", 'as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"'),
    ],
)
def test_wrong_times(text, complaint):
    assert errors_with(["metadata", "creationTimestamp"], text) == [f'parsing time "{text}" {complaint}']


def test_times():
    for text in ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456Z", "2026-01-01T00:00:00+02:00"):
        assert errors_with(["metadata", "creationTimestamp"], text) == []
    assert errors_with(["metadata", "creationTimestamp"], "2026-13-01T00:00:00Z") == [
        'parsing time "2026-13-01T00:00:00Z": month out of range'
    ]
    assert errors_with(["metadata", "creationTimestamp"], "2026-01-01T00:00:00Zx") == [
        'parsing time "2026-01-01T00:00:00Zx": extra text: "x"'
    ]


def test_secrets_hold_base64():
    assert schema.decode_errors("v1", "Secret", {"data": {"a": "YWI="}}) == []
    assert schema.decode_errors("v1", "Secret", {"data": {"a": "YW\nI="}}) == []
    assert schema.decode_errors("v1", "Secret", {"data": {"a": "ab!d"}}) == ["illegal base64 data at input byte 2"]
    assert schema.decode_errors("v1", "Secret", {"data": {"a": 1}}) == [
        "json: cannot unmarshal number into Go struct field Secret.data of type []uint8"
    ]


def test_not_an_object():
    assert schema.decode_errors("v1", "Pod", []) == ["json: cannot unmarshal array into Go value of type v1.Pod"]


def test_kinds_without_schema_accept_everything():
    assert schema.decode_errors("example.com/v1", "Thing", {"spec": {"x": 1}}) == []
    assert schema.schema_for("example.com/v1", "Thing") is None
    assert schema.merge_keys("example.com/v1", "Thing").at(("spec", "containers")) == ("", "")


def test_whole_sentence():
    wrong_type = with_value(DEPLOYMENT, ["spec", "replicas"], "3")
    unknown = with_value(DEPLOYMENT, ["spec", "replicaz"], 3)
    assert schema.decoding_error("apps/v1", "Deployment", unknown) == (
        'Deployment in version "v1" cannot be handled as a Deployment: '
        'strict decoding error: unknown field "spec.replicaz"'
    )
    assert schema.decoding_error("apps/v1", "Deployment", unknown, strict=False) == ""
    assert schema.decoding_error("apps/v1", "Deployment", wrong_type, strict=False) == (
        'Deployment in version "v1" cannot be handled as a Deployment: '
        "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
    )
    assert schema.decoding_error("apps/v1", "Deployment", DEPLOYMENT) == ""


def test_hostile_nesting_is_no_problem():
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    assert errors_with(["spec", "x"], deep) == ['unknown field "spec.x"']


def test_decoding_is_fast():
    schema.decode_errors("apps/v1", "Deployment", DEPLOYMENT)
    start = time.process_time()
    for _ in range(100):
        schema.decode_errors("apps/v1", "Deployment", DEPLOYMENT)
    assert (time.process_time() - start) / 100 < 0.001


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        (("v1", "Pod"), "spec.containers", ("merge", "name")),
        (("v1", "Pod"), "spec.initContainers", ("merge", "name")),
        (("v1", "Pod"), "spec.volumes", ("merge,retainKeys", "name")),
        (("v1", "Pod"), "spec.containers.env", ("merge", "name")),
        (("v1", "Pod"), "spec.containers.ports", ("merge", "containerPort")),
        (("v1", "Pod"), "spec.containers.volumeMounts", ("merge", "mountPath")),
        (("v1", "Pod"), "spec.containers.volumeDevices", ("merge", "devicePath")),
        (("v1", "Pod"), "spec.containers.envFrom", ("", "")),
        (("v1", "Pod"), "spec.hostAliases", ("merge", "ip")),
        (("v1", "Pod"), "spec.topologySpreadConstraints", ("merge", "topologyKey")),
        (("v1", "Pod"), "spec.tolerations", ("", "")),
        (("v1", "Pod"), "status.conditions", ("merge", "type")),
        (("v1", "Node"), "spec.taints", ("", "")),
        (("v1", "Node"), "spec.podCIDRs", ("merge", "")),
        (("v1", "Node"), "status.addresses", ("merge", "type")),
        (("v1", "Service"), "spec.ports", ("merge", "port")),
        (("v1", "ServiceAccount"), "secrets", ("merge", "name")),
        (("apps/v1", "Deployment"), "spec.strategy", ("retainKeys", "")),
        (("apps/v1", "Deployment"), "spec.template.spec.containers", ("merge", "name")),
        (("apps/v1", "Deployment"), "metadata.finalizers", ("merge", "")),
        (("apps/v1", "Deployment"), "metadata.ownerReferences", ("merge", "uid")),
        (("policy/v1", "PodDisruptionBudget"), "spec.selector", ("replace", "")),
        (("networking.k8s.io/v1", "Ingress"), "spec.rules", ("", "")),
        (("v1", "Pod"), "spec.nowhere.at.all", ("", "")),
    ],
)
def test_merge_keys(kind, path, expected):
    assert schema.merge_keys(*kind).at(tuple(path.split("."))) == expected


def test_explain():
    containers = schema.fields("apps/v1", "Deployment", ("spec", "template", "spec", "containers"))
    assert containers.type == "[]Container"
    assert containers.required
    assert containers.description.startswith("List of containers belonging to the pod.")
    assert containers.type_description.startswith("A single application container")
    assert containers.child("image").type == "string"
    assert containers.child("resources").child("limits").type == "map[string]Quantity"
    assert [field.name for field in containers.children if field.required] == ["name"]


def test_explain_a_kind():
    deployment = schema.fields("apps/v1", "Deployment")
    assert deployment.description.startswith("Deployment enables declarative updates")
    assert [field.name for field in deployment.children] == ["apiVersion", "kind", "metadata", "spec", "status"]


def test_explain_what_does_not_exist():
    with pytest.raises(schema.UnknownFieldError, match='field "replicaz" does not exist'):
        schema.fields("apps/v1", "Deployment", ("spec", "replicaz"))
    with pytest.raises(schema.UnknownFieldError, match="couldn't find resource"):
        schema.fields("apps/v9", "Deployment")
