"""Defaults of PodSpecs, as the API server fills them in."""

from __future__ import annotations

import pytest

from cluster.objects.pod_template import default_pod_spec, default_template, pull_policy, template_errors

CONTAINER = {"name": "c", "image": "nginx:1"}


def test_it_works() -> None:
    assert default_pod_spec({"containers": [CONTAINER]}) == {
        "containers": [
            {
                "name": "c", "image": "nginx:1", "resources": {}, "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent",
            }
        ],
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "securityContext": {}, "schedulerName": "default-scheduler",
    }


def test_filling_in_twice_changes_nothing() -> None:
    spec = {
        "containers": [{**CONTAINER, "livenessProbe": {"httpGet": {"port": 80}}, "ports": [{"containerPort": 80}]}],
        "volumes": [{"name": "a"}, {"name": "b", "configMap": {"name": "x"}}],
    }
    once = default_pod_spec(spec)
    assert default_pod_spec(once) == once


def test_what_is_given_stays() -> None:
    spec = {"containers": [CONTAINER], "terminationGracePeriodSeconds": 0, "restartPolicy": "Never"}
    filled = default_pod_spec(spec)
    assert (filled["terminationGracePeriodSeconds"], filled["restartPolicy"]) == (0, "Never")


def test_the_given_document_is_not_changed() -> None:
    spec = {"containers": [dict(CONTAINER)]}
    default_pod_spec(spec)
    assert spec == {"containers": [CONTAINER]}


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"), ("nginx:latest", "Always"), ("nginx:1.27", "IfNotPresent"),
        ("registry:5000/nginx", "Always"), ("registry:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:0123", "IfNotPresent"), ("nginx:latest@sha256:0123", "IfNotPresent"),
    ],
)
def test_the_tag_decides_when_images_are_pulled(image: str, policy: str) -> None:
    assert pull_policy(image) == policy


def test_probes() -> None:
    spec = default_pod_spec({"containers": [{**CONTAINER, "readinessProbe": {"httpGet": {"port": 80}}}]})
    assert spec["containers"][0]["readinessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
    }


def test_volumes() -> None:
    spec = default_pod_spec({"containers": [CONTAINER], "volumes": [
        {"name": "a"}, {"name": "b", "secret": {"secretName": "s"}}, {"name": "c", "hostPath": {"path": "/x"}},
    ]})
    assert spec["volumes"] == [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "secret": {"secretName": "s", "defaultMode": 420}},
        {"name": "c", "hostPath": {"path": "/x", "type": ""}},
    ]


def test_quantities_are_canonical_and_nonsense_is_left_to_validation() -> None:
    resources = {"requests": {"cpu": "0.5", "memory": "1024Ki"}, "limits": {"cpu": "much"}}
    spec = default_pod_spec({"containers": [{**CONTAINER, "resources": resources}]})
    assert spec["containers"][0]["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Mi"}, "limits": {"cpu": "much"},
    }


def test_a_template_allows_only_always() -> None:
    template = default_template({"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}})
    assert [str(error) for error in template_errors(template, "spec.template")] == [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'
    ]


def test_a_job_s_template_allows_others() -> None:
    template = default_template({"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}})
    assert template_errors(template, "spec.template", restart_policies=("OnFailure", "Never")) == []


def test_a_job_must_say_how_it_restarts() -> None:
    template = default_template({"spec": {"containers": [CONTAINER]}})
    found = template_errors(template, "spec.template", restart_policies=("OnFailure", "Never"))
    assert [str(error) for error in found] == [
        'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'
    ]


def test_deadlines_are_for_pods_and_jobs() -> None:
    template = default_template({"spec": {"containers": [CONTAINER], "activeDeadlineSeconds": 5}})
    assert [str(error) for error in template_errors(template, "spec.template", owner="DaemonSet")] == [
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported"
    ]
