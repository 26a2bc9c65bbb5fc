"""The panels beside the board: what they show, for which object, at which moment."""

import json

import pytest
from django.template.loader import render_to_string

from cluster.models import Cluster
from dashboard import explaining
from dashboard.clock import clock_text
from dashboard.views.panels import decision, reference

pytestmark = pytest.mark.django_db


@pytest.fixture
def panel(client, hub):
    client.post("/sandbox/")
    cluster = Cluster.objects.get()

    def get(name: str, **fields: object) -> str:
        answer = client.get(f"/sandbox/{cluster.id}/panel/{name}/", fields)
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def test_it_works(panel, hub):
    text = panel("details", ref=hub.pod)
    name = hub.pod.rpartition("/")[2]
    assert f'data-line="kubectl delete pods {name} -n default"' in text
    assert "kind: Pod" in text
    assert "Service Account:" in text
    assert "Why it is there" in text
    assert "untolerated taint" in text
    assert "NodeResourcesFit" in text


def test_nothing_selected(panel, hub):
    text = panel("details")
    assert "Nothing selected" in text
    assert 'data-ref="deployments.apps/default/nginx-demo"' in text
    assert "2 wanted, 2 ready" in text


@pytest.mark.parametrize("ref", [
    "pods", "pods/default", "pods/default/", "pods/default/x y", "pods/default/x;true", "pods/default/$(x)", "/etc/passwd",
    "unknown/default/x", "pods/default/-o", "pods/../x", "<b>/x/y", "pods/default/x\nkubectl", "pods/default/" + "ü",
])
def test_hostile_references(panel, hub, ref):
    assert "Nothing selected" in panel("details", ref=ref)
    assert [command for _, command in hub.asked if "line" in command] == []


def test_what_does_not_exist(panel):
    text = panel("details", ref="pods/default/nobody")
    assert "It does not exist at this moment." in text
    assert "data-edit" not in text


def test_a_node_has_no_namespace():
    found = reference("nodes//node-1")
    assert found is not None
    assert found.line("describe") == "kubectl describe nodes node-1"
    assert found.kind == "Node"


def test_a_kind_of_a_group():
    found = reference("deployments.apps/default/web")
    assert found is not None
    assert found.line("get", "-o", "yaml") == "kubectl get deployments.apps web -n default -o yaml"


def test_the_past_is_asked_for_and_named(panel, hub):
    text = panel("details", ref=hub.pod, revision="12", live="false")
    assert {command.get("revision") for _, command in hub.asked} == {12}
    assert "As it was at event 12." in text


def test_a_picture_that_catches_up_is_followed_but_not_past(panel, hub):
    text = panel("services", revision="12", live="true")
    assert [command["revision"] for _, command in hub.asked] == [12]
    assert "As it was" not in text


@pytest.mark.parametrize("fields", [
    {"revision": "", "live": "false"}, {"revision": "１２", "live": "false"}, {"revision": "-1", "live": "false"},
    {"revision": "12a", "live": "false"}, {},
])
def test_the_present_otherwise(panel, hub, fields):
    panel("services", **fields)
    assert [command["revision"] for _, command in hub.asked] == [None]


def test_services(panel):
    text = panel("services")
    assert "nginx-service" in text
    assert text.count(">ready</span>") == 3  # two Pods and the API server


def test_events(panel):
    text = panel("events")
    assert "Scheduled" in text
    assert "Pulled" in text


def test_nodes(panel):
    text = panel("nodes")
    for line in ("kubectl cordon node-1", "kubectl drain node-2 --ignore-daemonsets", "simulate node stop node-3",
                 "simulate node remove node-1", "simulate node add", "simulate component off default-scheduler"):
        assert f'data-line="{line}"' in text


def test_nodes_offer_the_way_back(panel, hub):
    hub.simulation.switch("node/node-1", on=False)
    hub.simulation.switch("default-scheduler", on=False)
    hub.look({"line": "kubectl cordon node-2"})
    hub.look({"line": "kubectl taint nodes node-2 dedicated=gpu:NoSchedule"})
    text = panel("nodes")
    for line in ("simulate node start node-1", "simulate component on default-scheduler", "kubectl uncordon node-2",
                 "kubectl taint nodes node-2 dedicated=gpu:NoSchedule-"):
        assert f'data-line="{line}"' in text


def test_every_line_of_a_button_is_understood(panel, hub):
    for line in ("simulate component off " + name for name in hub.frame({})["state"]["components"]):
        assert hub.look({"line": line})["code"] == 0, line


def test_why_a_deployment_waits(panel, hub):
    hub.look({"line": "kubectl set image deployment/nginx-demo nginx=nginx:no-such-tag"})
    hub.simulation.until_quiet()
    text = panel("details", ref="deployments.apps/default/nginx-demo")
    assert "<h3>Why it waits</h3>" in text
    assert "No old Pod may go" in text
    assert "How it computes" in text
    assert "maxSurge" in text


def test_who_would_go_first_and_who_went(panel, hub):
    hub.look({"line": "kubectl scale deployment nginx-demo --replicas=4"})
    hub.simulation.until_quiet()
    name = hub.simulation.api.list("replicasets.apps", "default")[0]["metadata"]["name"]
    text = panel("details", ref=f"replicasets.apps/default/{name}")
    assert "<h3>What its controller sees</h3>" in text
    assert "<h4>Who would go first</h4>" in text
    hub.look({"line": "kubectl scale deployment nginx-demo --replicas=3"})
    while not (step := hub.simulation.step()) or not step.say.startswith("replicaset.delete-pod"):
        pass
    text = panel("details", ref=step.objects[0])
    assert "<h3>Why that was done</h3>" in text
    assert "4 Pods stood in line; it was number 1, before" in text.replace("<code>", "").replace("</code>", "")


def test_names_are_no_markup():
    word = {"key": "pod.container-waits", "args": {"pod": "<b>x</b>", "reason": "<i>"}, "topic": "waits"}
    told = explaining.standing({
        "words": [word], "waits": True, "object": "pods/default/x",
        "tables": [{"title": "table.order", "columns": ["column.pod"], "rows": [["<b>x</b>"], [word]]}],
    })
    text = render_to_string("panels/standing.html", {"standing": told})
    assert "<b>" not in text
    assert "<i>" not in text
    assert text.count("&lt;b&gt;x&lt;/b&gt;") == 4


def test_the_load_on_a_service(panel, hub):
    text = panel("details", ref="services/default/nginx-service")
    assert "Nobody calls it." in text
    assert 'data-line="simulate load nginx-service {rate} -n default"' in text
    assert "Stop the load" not in text
    hub.look({"line": "simulate load nginx-service 1000"})
    text = panel("details", ref="services/default/nginx-service")
    assert "1000 requests per second come in." in text
    assert 'data-line="simulate load nginx-service 0 -n default"' in text


def test_the_autoscaler_of_a_workload(panel, hub):
    hub.look({"line": "kubectl autoscale deployment nginx-demo --max=5 --cpu=50%"})
    hub.simulation.until_quiet()
    text = panel("details", ref="deployments.apps/default/nginx-demo")
    assert "wanted, between 1 and 5 (cpu: " in text
    assert 'data-ref="horizontalpodautoscalers.autoscaling/default/nginx-demo"' in text


def test_a_refusal_is_told(panel, hub):
    hub.refusal = "Revision 3 cannot be shown: it was let go."
    for name in ("services", "events", "nodes"):
        assert hub.refusal in panel(name)
    assert hub.refusal in panel("details", ref="pods/default/x")


def test_unknown_panels(client, hub):
    client.post("/sandbox/")
    assert client.get(f"/sandbox/{Cluster.objects.get().id}/panel/secrets/").status_code == 404


def test_an_unscheduled_pod_has_no_scores():
    told = decision({"why": {"nodes": [{"node": "a", "plugin": "NodeResourcesFit", "reasons": ["Insufficient cpu"]}],
                             "chosen": "", "feasible": []}, "step": {"r": 4}})
    assert told is not None
    assert told["plugins"] == []
    assert told["rows"][0]["reasons"] == "Insufficient cpu"
    assert told["sentence"] == "The scheduler found no node for it."


@pytest.mark.parametrize("why", [None, [], "text", {}, {"nodes": []}])
def test_no_decision(why):
    assert decision({"why": why, "step": None}) is None


def test_apply(client, hub):
    client.post("/sandbox/")
    address = f"/sandbox/{Cluster.objects.get().id}/apply/"
    headers = {"HX-Request": "true"}
    wrong = client.post(address, {"text": "kind: Pod\nmetadata: ["}, headers=headers)
    assert "Nothing was applied" in wrong.content.decode()
    told = json.loads(wrong["HX-Trigger"])["clusterscope:applied"]["errors"]
    assert all(set(error) == {"line", "message"} for error in told)
    client.post(address, {"text": "x", "revision": "7", "live": "true"}, headers=headers)
    assert hub.asked[-1][1]["at"] is None
    right = client.post(address, {"text": "x", "revision": "7", "live": "false"}, headers=headers)
    assert right.status_code == 200
    assert hub.asked[-1][1] == {"type": "apply", "text": "x", "at": 7}
    assert client.post(address, {"text": ""}).status_code == 302


def test_clock():
    assert [clock_text(ms) for ms in (0, 99, 14_230, 65_300, 3_600_000)] == ["0:00.0", "0:00.0", "0:14.2", "1:05.3", "60:00.0"]


def test_where_the_files_of_a_node_and_a_claim_lie(panel, hub):
    main = {
        "name": "main", "image": "busybox", "command": ["sh", "-c", "echo '<b>kept</b>' > /v/note; sleep 3600"],
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    volumes = [{"name": "v", "hostPath": {"path": "/data"}}]
    user = hub.simulation.user()
    user.create({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "writer"},
        "spec": {"nodeName": "node-1", "containers": [main], "volumes": volumes},
    })
    user.create({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "db", "namespace": "default"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    })
    hub.simulation.advance(30_000)
    text = panel("details", ref="nodes//node-1")
    assert "What Pods have written on its disk" in text
    assert "&lt;b&gt;kept&lt;/b&gt;" in text
    assert "What Pods have written" not in panel("details", ref="nodes//node-2")
    assert "It has no volume yet." in panel("details", ref="persistentvolumeclaims/default/db")
