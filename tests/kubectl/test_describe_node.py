"""`kubectl describe node`, as recorded."""

from __future__ import annotations

from cluster.objects.documents import Document, with_value
from tests.kubectl.builders import event, frozen, made, pod, recorded

CREATED = "2026-11-21T04:53:04Z"
CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


def node(created: str = CREATED, **spec: object) -> Document:
    resources = {
        "cpu": "4", "ephemeral-storage": "100Gi", "hugepages-1Gi": "0", "hugepages-2Mi": "0", "memory": "8Gi", "pods": "110",
    }
    system = (("arch", "amd64"), ("os", "linux"))
    labels = {f"{domain}/{key}": value for domain in ("beta.kubernetes.io", "kubernetes.io") for key, value in system}
    conditions = [
        {
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": created, "lastTransitionTime": created,
        }
        for kind, status, reason, message in CONDITIONS
    ]
    info = {
        "machineID": "node-1", "systemUUID": "node-1", "bootID": created, "kernelVersion": "6.1.0", "osImage": "fake",
        "operatingSystem": "linux", "architecture": "amd64", "containerRuntimeVersion": "fake://1.0",
        "kubeletVersion": "v1.36.2",
    }
    return made(
        "v1", "Node", "node-1", namespace="", created=created, labels={**labels, "kubernetes.io/hostname": "node-1"},
        annotations={
            "node.alpha.kubernetes.io/ttl": "0", "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        },
        spec={"podCIDR": "10.244.0.0/24", "podCIDRs": ["10.244.0.0/24"], **spec},
        status={
            "capacity": resources, "allocatable": resources, "conditions": conditions, "nodeInfo": info,
            "addresses": [{"type": "InternalIP", "address": "127.1.0.2"}, {"type": "Hostname", "address": "node-1"}],
        },
    )


def lease(renewed: str) -> Document:
    spec = {"holderIdentity": "node-1", "renewTime": renewed}
    return made("coordination.k8s.io/v1", "Lease", "node-1", namespace="kube-node-lease", spec=spec)


def registered(about: Document, at: str) -> Document:
    message = "Node node-1 event: Registered Node node-1 in Controller"
    source = {"component": "node-controller"}
    return event(about, "RegisteredNode", message, firstTimestamp=at, lastTimestamp=at, source=source)


def asking(name: str, requests: dict[str, str], limits: dict[str, str]) -> Document:
    resources = {"requests": requests, "limits": limits}
    return pod(name, spec={"nodeName": "node-1", "containers": [{"name": "c", "image": "i", "resources": resources}]})


def test_it_works():
    taints = [{"key": "maint", "effect": "NoSchedule"}, {"key": "maint", "value": "no", "effect": "NoExecute"}]
    document = node(taints=taints)
    console = frozen(
        document, lease("2026-11-21T04:53:14.000000Z"), registered(document, "2026-11-21T04:53:05Z"),
        pod("tol-forever", created="2026-11-21T04:53:04Z"), now="2026-11-21T04:53:17Z",
    )
    expected = recorded("13-taints", "describe")
    assert console.run(expected.command).stdout == expected.stdout


def test_a_lost_node():
    expected = recorded("05-node-lifecycle", "describe").stdout.splitlines()
    document = node("2026-11-21T04:41:46Z")
    lost = [
        {
            **condition, "status": "Unknown", "reason": "NodeStatusUnknown",
            "message": "Kubelet stopped posting node status.", "lastTransitionTime": "2026-11-21T04:42:40Z",
        }
        for condition in document["status"]["conditions"]
    ]
    lines = frozen(with_value(document, ("status", "conditions"), lost)).run("describe node node-1").lines
    start = lines.index("Conditions:")
    assert lines[start : start + 7] == expected[expected.index("Conditions:") :][:7]


def test_what_its_pods_ask_for():
    console = frozen(
        node(), asking("a", {"cpu": "500m", "memory": "64Mi"}, {"cpu": "1", "memory": "128Mi"}),
        asking("b", {"cpu": "250m", "memory": "1Gi"}, {"memory": "1Gi"}),
        pod("done", status={"phase": "Succeeded"}), now="2026-11-21T04:53:17Z",
    )
    lines = console.run("describe node node-1").lines
    assert "Non-terminated Pods:          (2 in total)" in lines
    assert [line.split()[1:10] for line in lines if line.split()[:2] == ["default", "a"]] == [
        ["a", "500m", "(12%)", "1", "(25%)", "64Mi", "(0%)", "128Mi", "(1%)"],
    ]
    allocated = lines[lines.index("Allocated resources:") :]
    assert allocated[4].split() == ["cpu", "750m", "(18%)", "1", "(25%)"]
    assert allocated[5].split() == ["memory", "1088Mi", "(13%)", "1152Mi", "(14%)"]


def test_without_a_lease():
    assert 'Lease:              Failed to get lease: leases.coordination.k8s.io "node-1" not found' in (
        frozen(node()).run("describe node node-1").lines
    )


def test_events_of_the_kubelet_are_found_by_name():
    document = node()
    by_kubelet = event(document, "Starting", "Starting kubelet.", number=2, lastTimestamp=CREATED, firstTimestamp=CREATED)
    by_kubelet["involvedObject"]["uid"] = "node-1"
    assert "Starting kubelet." in frozen(document, by_kubelet, now=CREATED).run("describe node node-1").stdout
