"""What people get wrong in PodSpecs is refused in the API server's words."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.objects.documents import Document
from cluster.objects.pod_template import default_pod_spec
from cluster.objects.pod_validation import pod_spec_errors, pod_update_errors

CONTAINER = {"name": "c", "image": "nginx:1"}
PORT_RANGE = "must be between 1 and 65535, inclusive"


def complaints(**spec: Any) -> list[str]:
    return [str(error) for error in pod_spec_errors(default_pod_spec({"containers": [CONTAINER], **spec}), "spec")]


def of_container(**fields: Any) -> list[str]:
    return complaints(containers=[{**CONTAINER, **fields}])


def test_it_works() -> None:
    assert complaints() == []


def test_containers_are_required() -> None:
    assert complaints(containers=[]) == ["spec.containers: Required value"]


def test_names_of_containers_are_unique_across_init_containers() -> None:
    assert complaints(containers=[CONTAINER, CONTAINER], initContainers=[CONTAINER]) == [
        'spec.containers[1].name: Duplicate value: "c"',
        'spec.initContainers[0].name: Duplicate value: "c"',
    ]


def test_image_and_name_are_required() -> None:
    assert complaints(containers=[{"name": "", "image": ""}]) == [
        "spec.containers[0].name: Required value", "spec.containers[0].image: Required value",
    ]


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ([{"containerPort": 0}], ["spec.containers[0].ports[0].containerPort: Required value"]),
        ([{"containerPort": 65536}],
         [f"spec.containers[0].ports[0].containerPort: Invalid value: 65536: {PORT_RANGE}"]),
        ([{"containerPort": 80, "protocol": "tcp"}],
         ['spec.containers[0].ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"']),
        ([{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}],
         ['spec.containers[0].ports[1].name: Duplicate value: "a"']),
        ([{"containerPort": 80, "hostPort": 80}, {"containerPort": 81, "hostPort": 80}],
         ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"']),
        ([{"containerPort": 80}, {"containerPort": 80}], []),
    ],
)
def test_ports(ports: list[Document], expected: list[str]) -> None:
    assert of_container(ports=ports) == expected


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({"requests": {"cpu": "2"}, "limits": {"cpu": "1"}},
         ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1']),
        ({"requests": {"cpu": "-1"}},
         ['spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0']),
        ({"requests": {"example.com/gpu": "1"}},
         ["spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"]),
        ({"requests": {"example.com/gpu": "1"}, "limits": {"example.com/gpu": "2"}},
         ['spec.containers[0].resources.requests: Invalid value: "1": must be equal to example.com/gpu limit of 2']),
        ({"limits": {"example.com/gpu": "500m"}},
         ['spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer']),
        ({"requests": {"cpus": "1"}},
         ['spec.containers[0].resources.requests[cpus]: Invalid value: "cpus": '
          "must be a standard resource type or fully qualified",
          'spec.containers[0].resources.requests[cpus]: Invalid value: "cpus": '
          "must be a standard resource for containers"]),
        ({"requests": {"memory": "1Gi"}, "limits": {"memory": "1024Mi"}}, []),
    ],
)
def test_resources(resources: Document, expected: list[str]) -> None:
    assert of_container(resources=resources) == expected


def test_a_quantity_that_is_none() -> None:
    (complaint,) = of_container(resources={"limits": {"cpu": "lots"}})
    assert complaint.startswith('spec.containers[0].resources.limits[cpu]: Invalid value: "lots": quantities must match')


def test_mounts_need_a_volume_and_a_place_of_their_own() -> None:
    mounts = [{"name": "a", "mountPath": "/x"}, {"name": "b", "mountPath": "/x"}]
    assert complaints(containers=[{**CONTAINER, "volumeMounts": mounts}], volumes=[{"name": "a"}]) == [
        'spec.containers[0].volumeMounts[1].name: Not found: "b"',
        'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique',
    ]


def test_volumes() -> None:
    volumes = [{"name": "a", "configMap": {}}, {"name": "a"}, {"name": "B"},
               {"name": "c", "emptyDir": {}, "hostPath": {"path": "/"}}]
    found = complaints(volumes=volumes)
    assert found[:2] == ["spec.volumes[0].configMap.name: Required value", 'spec.volumes[1].name: Duplicate value: "a"']
    assert found[2].startswith('spec.volumes[2].name: Invalid value: "B": a lowercase RFC 1123 label must consist')
    assert found[3] == "spec.volumes[3].hostPath: Forbidden: may not specify more than 1 volume type"


def test_the_claim_of_an_ephemeral_volume() -> None:
    where = "spec.volumes[0].ephemeral.volumeClaimTemplate"
    assert complaints(volumes=[{"name": "a", "ephemeral": {}}]) == [f"{where}: Required value"]
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {}}}
    assert complaints(volumes=[{"name": "a", "ephemeral": {"volumeClaimTemplate": template}}]) == [
        f"{where}.spec.resources[storage]: Required value",
    ]


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ({"name": ""}, ["spec.containers[0].env[0].name: Required value"]),
        ({"name": "A", "valueFrom": {}},
         ['spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: '
          "`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"]),
        ({"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
         ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty']),
        ({"name": "A", "valueFrom": {"configMapKeyRef": {"name": "x"}}},
         ["spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Required value"]),
    ],
)
def test_environment(variable: Document, expected: list[str]) -> None:
    assert of_container(env=[variable]) == expected


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ({}, ["spec.containers[0].livenessProbe: Required value: must specify a handler type"]),
        ({"periodSeconds": 5}, ["spec.containers[0].livenessProbe: Required value: must specify a handler type"]),
        ({"exec": {"command": ["x"]}, "successThreshold": 2},
         ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"]),
        ({"exec": {"command": ["x"]}, "tcpSocket": {"port": 1}},
         ["spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"]),
        ({"exec": {}}, ["spec.containers[0].livenessProbe.exec.command: Required value"]),
        ({"httpGet": {"port": 0}},
         [f"spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: {PORT_RANGE}"]),
    ],
)
def test_probes(probe: Document, expected: list[str]) -> None:
    assert of_container(livenessProbe=probe) == expected


def test_only_sidecars_have_probes_among_init_containers() -> None:
    init = {"name": "i", "image": "x", "readinessProbe": {"exec": {"command": ["x"]}}}
    assert complaints(initContainers=[init]) == [
        "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"
    ]
    assert complaints(initContainers=[{**init, "restartPolicy": "Always"}]) == []


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"operator": "Exists"}, []),
        ({"key": "a", "operator": "Exists", "value": "x"},
         ['spec.tolerations[0].operator: Invalid value: "x": value must be empty when `operator` is \'Exists\'']),
        ({"value": "x"},
         ['spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, '
          'which means "match all values and all keys"']),
        ({"key": "a", "operator": "Like"},
         ['spec.tolerations[0].operator: Unsupported value: "Like": supported values: "Equal", "Exists"']),
        ({"key": "a", "effect": "Never"},
         ['spec.tolerations[0].effect: Unsupported value: "Never": '
          'supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"']),
        ({"key": "a", "effect": "NoSchedule", "tolerationSeconds": 3},
         ['spec.tolerations[0].effect: Invalid value: "NoSchedule": '
          "effect must be 'NoExecute' when `tolerationSeconds` is set"]),
    ],
)
def test_tolerations(toleration: Document, expected: list[str]) -> None:
    assert complaints(tolerations=[toleration]) == expected


def test_policies() -> None:
    assert complaints(restartPolicy="Sometimes", dnsPolicy="x") == [
        'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        'spec.dnsPolicy: Unsupported value: "x": supported values: '
        '"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ]


def test_affinity_needs_terms_and_topology() -> None:
    affinity = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}},
        "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 0, "podAffinityTerm": {"topologyKey": "zone"}},
        ]},
    }
    assert complaints(affinity=affinity) == [
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: "
        "Required value: must have at least one node selector term",
        "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: "
        "Invalid value: 0: must be in the range 1-100",
    ]


def test_topology_spread() -> None:
    constraint = {"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "Maybe"}
    assert complaints(topologySpreadConstraints=[constraint]) == [
        "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
        'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Maybe": '
        'supported values: "DoNotSchedule", "ScheduleAnyway"',
    ]


def test_ports_on_the_host_s_network() -> None:
    ports = [{"containerPort": 80, "hostPort": 81}]
    assert complaints(hostNetwork=True, containers=[{**CONTAINER, "ports": ports}]) == [
        "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true"
    ]


def changed(old: Document, **spec: Any) -> list[str]:
    return [str(error) for error in pod_update_errors({"spec": {**old, **spec}}, {"spec": old})]


def test_a_pod_may_get_another_image_and_more_tolerations() -> None:
    old = default_pod_spec({"containers": [CONTAINER]})
    image = [{**old["containers"][0], "image": "nginx:2"}]
    assert changed(old, containers=image, tolerations=[{"key": "a", "operator": "Exists"}]) == []


def test_hardly_anything_else_may_change() -> None:
    old = default_pod_spec({"containers": [CONTAINER]})
    (complaint,) = changed(old, restartPolicy="Never")
    assert complaint.startswith(
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        "`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n@@"
    )
    assert '- "restartPolicy": "Always",\n+ "restartPolicy": "Never",' in complaint


def test_containers_cannot_be_added() -> None:
    old = default_pod_spec({"containers": [CONTAINER]})
    more = [*old["containers"], {"name": "d", "image": "x"}]
    assert changed(old, containers=more) == ["spec.containers: Forbidden: pod updates may not add or remove containers"]


def test_tolerations_cannot_be_removed() -> None:
    old = default_pod_spec({"containers": [CONTAINER], "tolerations": [{"key": "a", "operator": "Exists"}]})
    assert changed(old, tolerations=[]) == [
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    ]


def test_scheduling_gates_can_only_go() -> None:
    old = default_pod_spec({"containers": [CONTAINER], "schedulingGates": [{"name": "a"}]})
    assert changed(old, schedulingGates=[], nodeSelector={"zone": "a"}) == []
    assert changed(old, schedulingGates=[{"name": "b"}]) == [
        "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'b'"
    ]
