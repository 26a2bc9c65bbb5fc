"""The variables of a container: where each comes from, what wins, what is missing."""

import base64

import pytest

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.kubelet import environment, sandbox_files
from cluster.kubelet.downward import Place

PLACE = Place("node-1", "10.0.0.11", "10.244.1.5")


def world(*documents):
    """A World with these objects: (resource, document)."""
    found = World()
    for resource, document in documents:
        meta = document["metadata"]
        found = found.with_row(resource, (meta.get("namespace", ""), meta["name"]), document)
    return Reader(found)


def config_map(name="settings", **data):
    return "configmaps", {"metadata": {"name": name, "namespace": "default"}, "data": data}


def secret(name="keys", **data):
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return "secrets", {"metadata": {"name": name, "namespace": "default"}, "data": encoded}


def service(name, ip="10.96.0.7", namespace="default", **spec):
    ports = [{"port": 80, "protocol": "TCP"}]
    return "services", {"metadata": {"name": name, "namespace": namespace}, "spec": {"clusterIP": ip, "ports": ports, **spec}}


def pod(**spec):
    meta = {"name": "web", "namespace": "default", "uid": "u-1", "labels": {"app": "web"}, "annotations": {"a/b": "x"}}
    return {"metadata": meta, "spec": {"nodeName": "node-1", "containers": [], **spec}}


def variables(container, view=None, of=None):
    return environment.of_container(view or world(), of or pod(), {"name": "c", **container}, PLACE)


def test_it_works():
    found = variables({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)2"}]})
    assert found == {"HOSTNAME": "web", "A": "1", "B": "12"}


@pytest.mark.parametrize(("text", "expected"), [
    ("$(A)", "1"), ("x$(A)y", "x1y"), ("$$(A)", "$(A)"), ("$(NONE)", "$(NONE)"), ("$A", "$A"), ("$(A", "$(A"), ("$", "$"),
    ("$$", "$"), ("$$$(A)", "$1"), ("$()", "$()"), ("$(A)$(A)", "11"), ("", ""),
])
def test_references(text, expected):
    assert environment.expanded(text, {"A": "1"}) == expected


def test_a_later_variable_is_not_known_yet():
    assert variables({"env": [{"name": "A", "value": "$(B)"}, {"name": "B", "value": "2"}]})["A"] == "$(B)"


def test_whole_objects_and_what_wins():
    view = world(config_map(A="map", B="map"), secret(B="secret"), service("db"))
    entries = [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "keys"}},
               {"configMapRef": {"name": "settings"}, "prefix": "X_"}, {"configMapRef": {"name": "no", "optional": True}}]
    found = variables({"envFrom": entries, "env": [{"name": "DB_SERVICE_HOST", "value": "mine"}]}, view)
    assert (found["A"], found["B"], found["X_A"]) == ("map", "secret", "map")
    assert (found["DB_SERVICE_HOST"], found["DB_SERVICE_PORT"]) == ("mine", "80")


def test_single_keys():
    view = world(config_map(mode="fast"), secret(password="s3"))
    found = variables({"env": [
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "password"}}},
        {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "no", "optional": True}}},
    ]}, view)
    assert (found["MODE"], found["PASSWORD"], "NONE" in found) == ("fast", "s3", False)


@pytest.mark.parametrize(("entry", "problem"), [
    ({"envFrom": [{"configMapRef": {"name": "no"}}]}, 'configmap "no" not found'),
    ({"envFrom": [{"secretRef": {"name": "no"}}]}, 'secret "no" not found'),
    ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "no", "key": "k"}}}]}, 'secret "no" not found'),
    ({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "k"}}}]},
     "couldn't find key k in ConfigMap default/settings"),
    ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "k"}}}]},
     "couldn't find key k in Secret default/keys"),
])
def test_what_is_missing(entry, problem):
    with pytest.raises(environment.ConfigurationError) as refusal:
        variables(entry, world(config_map(a="1"), secret(a="1")))
    assert str(refusal.value) == problem


@pytest.mark.parametrize(("path", "expected"), [
    ("metadata.name", "web"), ("metadata.namespace", "default"), ("metadata.uid", "u-1"), ("spec.nodeName", "node-1"),
    ("status.podIP", "10.244.1.5"), ("status.hostIP", "10.0.0.11"), ("metadata.labels['app']", "web"),
    ("metadata.annotations['a/b']", "x"), ("metadata.labels['no']", ""), ("spec.serviceAccountName", ""),
])
def test_fields_of_the_pod(path, expected):
    assert variables({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": path}}}]})["A"] == expected


@pytest.mark.parametrize(("wanted", "expected"), [
    ({"resource": "requests.cpu"}, "1"), ({"resource": "requests.cpu", "divisor": "1m"}, "250"),
    ({"resource": "limits.memory"}, "134217728"), ({"resource": "limits.memory", "divisor": "1Mi"}, "128"),
    ({"resource": "limits.cpu"}, "4"), ({"resource": "requests.memory"}, "0"),
    ({"resource": "limits.memory", "divisor": "0"}, "134217728"),
])
def test_resources(wanted, expected):
    node = "nodes", {"metadata": {"name": "node-1"}, "status": {"allocatable": {"cpu": "4"}}}
    container = {"resources": {"requests": {"cpu": "250m"}, "limits": {"memory": "128Mi"}},
                 "env": [{"name": "A", "valueFrom": {"resourceFieldRef": wanted}}]}
    assert variables(container, world(node))["A"] == expected


def test_services():
    named = [{"name": "http-web", "port": 8080, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    view = world(service("my-app", ports=named), service("kubernetes", "10.96.0.1"), service("headless", "None"),
                 service("elsewhere", namespace="other"))
    found = variables({}, view)
    assert found["MY_APP_SERVICE_HOST"] == "10.96.0.7"
    assert (found["MY_APP_SERVICE_PORT"], found["MY_APP_SERVICE_PORT_HTTP_WEB"]) == ("8080", "8080")
    assert found["MY_APP_PORT"] == found["MY_APP_PORT_8080_TCP"] == "tcp://10.96.0.7:8080"
    assert found["MY_APP_PORT_53_UDP_PROTO"] == "udp"
    assert found["KUBERNETES_SERVICE_HOST"] == "10.96.0.1"
    assert not [name for name in found if name.startswith(("HEADLESS", "ELSEWHERE"))]
    assert set(variables({}, view, pod(enableServiceLinks=False))) == {"HOSTNAME"} | {n for n in found if n[:4] == "KUBE"}


def test_words_of_the_command():
    container = {"command": ["echo", "$(A)"], "args": ["$(B)", "$$(A)"]}
    assert environment.command(container, {"A": "1"}) == (["echo", "1"], ["$(B)", "$(A)"])


def test_words_of_a_probe_know_plain_values_only():
    container = {"env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}
    assert environment.static_command(["$(A)", "$(B)"], container) == ["1", "$(B)"]


# --- files -----------------------------------------------------------------------------------------------------------


def test_hosts():
    text = sandbox_files.files(world(), pod(), PLACE)[sandbox_files.HOSTS]
    assert text.startswith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")
    assert text.endswith("fe00::2\tip6-allrouters\n10.244.1.5\tweb\n")


def test_hosts_of_a_stateful_pod_with_aliases():
    made = pod(hostname="db-0", subdomain="db", hostAliases=[{"ip": "10.1.1.1", "hostnames": ["a", "b"]}])
    text = sandbox_files.files(world(), made, PLACE)[sandbox_files.HOSTS]
    own = "10.244.1.5\tdb-0.db.default.svc.cluster.local\tdb-0\n"
    assert text.endswith(f"{own}\n# Entries added by HostAliases.\n10.1.1.1\ta\tb\n")


@pytest.mark.parametrize(("spec", "expected"), [
    ({}, "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"),
    ({"dnsPolicy": "Default"}, "nameserver 10.0.0.2\n"),
    ({"hostNetwork": True}, "nameserver 10.0.0.2\n"),
    ({"dnsPolicy": "None"}, ""),
    ({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.1.1.1"], "searches": ["a.b"],
                                         "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]}},
     "search a.b\nnameserver 1.1.1.1\noptions ndots:2 edns0\n"),
    ({"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": True, "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]}},
     "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:1\n"),
])
def test_resolv_conf(spec, expected):
    assert sandbox_files.files(world(), pod(**spec), PLACE)[sandbox_files.RESOLV_CONF] == expected


def test_hostname():
    assert sandbox_files.files(world(), pod(), PLACE)[sandbox_files.HOSTNAME] == "web\n"
    assert sandbox_files.files(world(), pod(hostNetwork=True), PLACE)[sandbox_files.HOSTNAME] == "node-1\n"
