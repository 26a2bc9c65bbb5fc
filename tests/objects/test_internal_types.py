"""The complaint about a Job's template: internal types as the API server writes them."""

from __future__ import annotations

import json

import pytest

from cluster.objects.internal_types import INTERNAL, internal_template
from cluster.objects.pod_template import default_template
from tests.kubectl.running import console

JOB = """apiVersion: batch/v1
kind: Job
metadata: {name: sum}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: c, image: "busybox:1.36", command: [sh, -c, "echo 1 && sleep 60 > x"]}]
"""


def test_it_works() -> None:
    shell = console()
    assert shell.run("apply -f job.yaml", job_yaml=JOB).code == 0
    refused = shell.run("apply -f job.yaml", job_yaml=JOB.replace("1.36", "1.37"))
    assert refused.code == 1
    start = 'The Job "sum" is invalid: spec.template: Invalid value: {"labels":{"batch.kubernetes.io/controller-uid":"'
    assert refused.stderr.startswith(start)
    assert '"Spec":{"Volumes":null,"InitContainers":null,"Containers":[{"Name":"c","Image":"busybox:1.37",' in refused.stderr
    assert r'"echo 1 \u0026\u0026 sleep 60 \u003e x"' in refused.stderr
    assert refused.stderr.endswith('"HostnameOverride":null,"SchedulingGroup":null}}: field is immutable\n')


def test_what_says_nothing_is_written_out() -> None:
    spec = internal_template(default_template({"spec": {"containers": [{"name": "c", "image": "nginx"}]}}))["Spec"]
    container = spec["Containers"][0]
    assert container["Resources"] == {"Limits": None, "Requests": None, "Claims": None}
    assert (container["Stdin"], container["LivenessProbe"], container["WorkingDir"]) == (False, None, "")
    assert list(spec["SecurityContext"])[:3] == ["HostNetwork", "HostPID", "HostIPC"]
    assert (spec["RestartPolicy"], spec["DNSPolicy"], spec["TerminationGracePeriodSeconds"]) == ("Always", "ClusterFirst", 30)


def test_fields_that_move_and_parts_within_others() -> None:
    told = internal_template({"metadata": {"labels": {"b": "1", "a": "2"}}, "spec": {
        "hostNetwork": True, "containers": [{"name": "c", "livenessProbe": {"httpGet": {"path": "/", "port": "http"}}}],
        "volumes": [{"name": "v", "configMap": {"name": "settings"}}], "nodeSelector": {"z": "1", "a": "2"},
    }})
    assert list(told["labels"]) == ["a", "b"]
    assert told["Spec"]["SecurityContext"]["HostNetwork"] is True
    assert told["Spec"]["Containers"][0]["LivenessProbe"]["HTTPGet"]["Port"] == "http"
    assert told["Spec"]["Volumes"][0]["ConfigMap"]["Name"] == "settings"
    assert list(told["Spec"]["NodeSelector"]) == ["a", "z"]


def test_every_type_of_the_table_is_known() -> None:
    for fields in INTERNAL.values():
        for field in fields.split():
            of = field[1:] if field[0] == "+" else field.partition(":")[2].lstrip("?[{")
            assert of in INTERNAL or of in "sbnx", field


@pytest.mark.parametrize("template", [{}, {"spec": {}}, {"metadata": None, "spec": None}])
def test_empty_templates(template: dict[str, object]) -> None:
    assert json.dumps(internal_template(template)).startswith('{"Spec": {"Volumes": null')
