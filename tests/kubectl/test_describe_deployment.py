"""`kubectl describe deployment`, as recorded."""

from __future__ import annotations

from cluster.objects.documents import Document, with_value
from cluster.simulation import bootstrap
from tests.kubectl.builders import event, frozen, made, recorded
from tests.support.console import Console

NOW = "2026-11-21T04:37:45Z"
CREATED = "2026-11-21T04:37:36Z"
CHANGED = "2026-11-21T04:37:38Z"
REVISION = "deployment.kubernetes.io/revision"


def owned(name: str, revision: int, wanted: int, owner: Document) -> Document:
    reference = {"kind": "Deployment", "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "controller": True}
    newest = owner["metadata"]["annotations"][REVISION] == str(revision)
    template = owner["spec"]["template"] if newest else {"spec": {"containers": []}}
    return made(
        "apps/v1", "ReplicaSet", name, annotations={REVISION: str(revision)}, ownerReferences=[reference],
        spec={"replicas": wanted, "template": template}, status={"replicas": wanted},
    )


def deployment() -> Document:
    container = {"name": "c", "image": "nginx:doesnotexist", "resources": {"requests": {"cpu": "100m"}}}
    return made(
        "apps/v1", "Deployment", "a", created=CREATED,
        annotations={REVISION: "2", "kubectl.kubernetes.io/last-applied-configuration": "{}\n"},
        spec={
            "replicas": 4, "selector": {"matchLabels": {"app": "a"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [container]}},
        },
        status={
            "replicas": 5, "updatedReplicas": 2, "availableReplicas": 3, "readyReplicas": 3, "unavailableReplicas": 2,
            "conditions": [
                {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
                {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},
            ],
        },
    )


def scaled(about: Document, number: int, at: str, message: str) -> Document:
    source = {"component": "deployment-controller"}
    return event(
        about, "ScalingReplicaSet", message, number=number, firstTimestamp=at, lastTimestamp=at, source=source
    )


def test_it_works():
    web = deployment()
    console = frozen(
        web, owned("a-74595d69b6", 1, 3, web), owned("a-84b9f5b664", 2, 2, web),
        scaled(web, 1, CREATED, "Scaled up replica set a-74595d69b6 from 0 to 4"),
        scaled(web, 2, CHANGED, "Scaled up replica set a-84b9f5b664 from 0 to 1"),
        scaled(web, 3, CHANGED, "Scaled down replica set a-74595d69b6 from 4 to 3"),
        scaled(web, 4, CHANGED, "Scaled up replica set a-84b9f5b664 from 1 to 2"),
        now=NOW,
    )
    expected = recorded("02-deploy-conditions", "stuck-describe")
    assert console.run(expected.command).stdout == expected.stdout


def test_without_replica_sets_and_events():
    lines = frozen(deployment()).run("describe deploy a").lines
    assert lines[-1] == "Events:         <none>"
    assert not any(line.startswith("NewReplicaSet") for line in lines)


def test_recreate_has_no_limits():
    text = frozen(with_value(deployment(), ("spec", "strategy"), {"type": "Recreate"})).run("describe deploy a").stdout
    assert "RollingUpdateStrategy" not in text


def test_a_paused_deployment_with_a_new_image_has_no_new_replicaset_yet():
    simulation = bootstrap.new_cluster(seed=1)
    console = Console(simulation)
    console.run("kubectl create deployment web --image=nginx:1.27")
    simulation.until_quiet()
    console.run("kubectl rollout pause deployment/web")
    console.run("kubectl set image deployment/web nginx=nginx:1.28")
    simulation.until_quiet()
    lines = console.run("kubectl describe deployment web").lines
    assert "NewReplicaSet:   <none>" in lines
    assert any(line.startswith("OldReplicaSets:  web-") and line.endswith("(1/1 replicas created)") for line in lines)
