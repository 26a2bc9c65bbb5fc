"""`kubectl create`: from files and from flags."""

from __future__ import annotations

import pytest

from tests.kubectl.builders import recorded
from tests.kubectl.running import CONFIG, console, said


def test_it_works():
    new = console()
    said(new.run("create deployment web --image=nginx:1 --replicas=3"), "deployment.apps/web created\n")
    document = new.simulation.api.read("deployments.apps", "default", "web")
    assert document["spec"]["replicas"] == 3
    assert document["metadata"]["labels"] == document["spec"]["selector"]["matchLabels"] == {"app": "web"}
    assert [(c["name"], c["image"]) for c in document["spec"]["template"]["spec"]["containers"]] == [("nginx", "nginx:1")]


def test_each_creation_is_one_step_of_the_user_with_a_story():
    new = console()
    steps = []
    new.simulation.on_step = steps.append
    new.run("create ns team")
    assert [(step.actor, step.say, step.args) for step in steps] == [
        ("user", "user.created", {"object": "namespaces//team"}),
    ]


def test_dry_run_as_yaml():
    result = console().run("create deployment web --image=nginx:1 --port=80 --dry-run=client -o yaml -- sleep 5")
    assert result.stdout == """\
apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    app: web
  name: web
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  strategy: {}
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - command:
        - sleep
        - "5"
        image: nginx:1
        name: nginx
        ports:
        - containerPort: 80
        resources: {}
status: {}
"""


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("create deploy web --image=nginx:1", "deployment.apps/web created\n"),
        ("create deployment web --image=a,b", "deployment.apps/web created\n"),
        ("create deployment web --image=example.org:5000/team/My_image.one:v1", "deployment.apps/web created\n"),
        ("create namespace team", "namespace/team created\n"),
        ("create ns team --dry-run=server", "namespace/team created (server dry run)\n"),
        ("create sa robot", "serviceaccount/robot created\n"),
        ("create configmap c", "configmap/c created\n"),
        ("create cm c --from-literal=a=1,2 --from-literal=b='x y'", "configmap/c created\n"),
        ("create secret generic s --from-literal=password=hunter2", "secret/s created\n"),
        ("create service clusterip s --tcp=80:8080", "service/s created\n"),
        ("create svc clusterip s --clusterip=None", "service/s created\n"),
        ("create service nodeport np --tcp=80:8080 --node-port=30080", "service/np created\n"),
        ("create service loadbalancer lb --tcp=80:http", "service/lb created\n"),
        ("create service externalname en --external-name=example.com", "service/en created\n"),
        ("create -f nginx-demo.yaml", "deployment.apps/nginx-demo created\nservice/nginx-service created\n"),
        ("create ns team -o name", "namespace/team\n"),
    ],
)
def test_what_can_be_created(line: str, output: str):
    said(console().run(line), output)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("create", "error: must specify one of -f and -k\n"),
        ("create widget w", "error: Unexpected args: [widget w]\nSee 'kubectl create -h' for help and examples\n"),
        ("create deployment web", 'error: required flag(s) "image" not set\n'),
        ("create deployment --image=x",
         "error: exactly one NAME is required, got 0\nSee 'kubectl create deployment -h' for help and examples\n"),
        ("create deployment a b --image=x",
         "error: exactly one NAME is required, got 2\nSee 'kubectl create deployment -h' for help and examples\n"),
        ("create deployment a --image=x,y -- z", "error: cannot specify multiple --image options and command\n"),
        ("create ns default", 'Error from server (AlreadyExists): namespaces "default" already exists\n'),
        ("create sa default", 'error: failed to create serviceaccount: serviceaccounts "default" already exists\n'),
        ("create cm c -n nowhere", 'error: failed to create configmap: namespaces "nowhere" not found\n'),
        ("create cm c --from-literal=a", "error: invalid literal source a, expected key=value\n"),
        ("create cm c --from-literal=a=1 --from-literal=a=2",
         'error: cannot add key "a", another key by that name already exists in Data for ConfigMap "c"\n'),
        ("create cm c --from-file=missing", "error: error reading missing: no such file or directory\n"),
        ("create secret tls s", "error: this console creates generic secrets only: kubectl create secret generic NAME\n"),
        ("create secret generic s --from-literal=a=1 --from-env-file=x",
         "error: from-env-file cannot be combined with from-file or from-literal\n"),
        ("create service",
         "error: a type of service must be specified: one of clusterip, nodeport, loadbalancer, externalname\n"),
        ("create service clusterip s", "error: at least one tcp port specifier must be provided\n"),
        ("create service nodeport s --tcp=80 --clusterip=None",
         "error: ClusterIP=None can only be used with ClusterIP service type\n"),
        ("create service clusterip s --tcp=x", 'error: strconv.ParseUint: parsing "x": invalid syntax\n'),
        ("create service clusterip s --tcp=70000", 'error: strconv.ParseUint: parsing "70000": value out of range\n'),
        ("create service externalname s", 'error: required flag(s) "external-name" not set\n'),
        ("create service externalname s --external-name=A_B", "error: invalid service external name A_B\n"),
        ("create -f none.yaml", 'error: the path "none.yaml" does not exist\n'),
        ("create -f https://example.org/x.yaml",
         'error: unable to read URL "https://example.org/x.yaml": this console has no network; its files are claim.yaml,'
         " crash-loop.yaml, nginx-demo.yaml, readiness.yaml, rolling-20.yaml, toleration.yaml, too-big.yaml, wrong-image.yaml\n"),
    ],
)
def test_what_is_refused(line: str, error: str):
    said(console().run(line), "", error)


def test_twice_is_refused_in_kubectls_words():
    new = console()
    new.run("create deployment web --image=nginx:1")
    said(
        new.run("create deployment web --image=nginx:1"), "",
        'error: failed to create deployment: deployments.apps "web" already exists\n',
    )
    new.run("create -f c.yaml", c_yaml=CONFIG)
    said(
        new.run("create -f c.yaml", c_yaml=CONFIG), "",
        'Error from server (AlreadyExists): error when creating "c.yaml": configmaps "settings" already exists\n',
    )


def test_an_invalid_name_is_told_like_every_failure_of_create():
    result = console().run("create deployment A_B --image=nginx:1")
    assert result.stderr.startswith('error: failed to create deployment: Deployment.apps "A_B" is invalid: metadata.name: ')


def test_generated_names_can_be_created_but_not_applied():
    result = console().run("create -f c.yaml", c_yaml=CONFIG.replace("name: settings", "generateName: settings-"))
    assert result.code == 0 and result.stdout.startswith("configmap/settings-")


def test_data_comes_from_files_too():
    new = console()
    new.run("create cm c --from-file=a.conf --from-file=key=b.conf", a_conf="one\n", b_conf="two\n")
    assert new.simulation.api.read("configmaps", "default", "c")["data"] == {"a.conf": "one\n", "key": "two\n"}
    new.run("create cm d --from-env-file=d.env", d_env="# comment\nA=1\n\nB=x=y\n")
    assert new.simulation.api.read("configmaps", "default", "d")["data"] == {"A": "1", "B": "x=y"}


def test_secrets_are_stored_in_base64():
    new = console()
    new.run("create secret generic s --from-literal=password=hunter2")
    secret = new.simulation.api.read("secrets", "default", "s")
    assert secret["data"] == {"password": "aHVudGVyMg=="} and secret["type"] == "Opaque"


@pytest.mark.parametrize("key", ["nodeport", "lb", "extname"])
def test_services_as_recorded(key: str):
    recording = recorded("09-service", key)
    said(console().run(recording.command), recording.stdout, recording.stderr)


@pytest.mark.parametrize(
    ("key", "spec"),
    [
        ("static-ip", "name: st}\nspec: {clusterIP: 10.96.0.50, ports: [{port: 80}]}"),
        ("ip-outside", "name: st3}\nspec: {clusterIP: 10.1.0.50, ports: [{port: 80}]}"),
        ("ip-bad", "name: st4}\nspec: {clusterIP: banana, ports: [{port: 80}]}"),
        ("np-outside", "name: n3}\nspec: {type: NodePort, ports: [{port: 80, nodePort: 80}]}"),
        ("no-ports", "name: n4}\nspec: {selector: {a: b}}"),
        ("unnamed-ports", "name: n5}\nspec: {ports: [{port: 80}, {port: 81}]}"),
        ("bad-name", "name: 5Bad_Name}\nspec: {ports: [{port: 80}]}"),
        ("headless", "name: hl}\nspec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}"),
    ],
)
def test_services_from_files_as_recorded(key: str, spec: str):
    recording = recorded("09-service", key)
    result = console().run("apply -f s.yaml", s_yaml=f"apiVersion: v1\nkind: Service\nmetadata: {{{spec}\n")
    said(result, recording.stdout, recording.stderr, recording.code)
