"""`kubectl apply`, `replace`, `patch`: what is created, what is changed, what is refused."""

from __future__ import annotations

import json

import pytest

from tests.kubectl.builders import recorded
from tests.kubectl.running import CONFIG, WEB, console, said, with_web

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
A = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  replicas: 4
  progressDeadlineSeconds: 6
  minReadySeconds: 0
  selector: {matchLabels: {app: a}}
  template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: "nginx:1"}]}}
"""


def test_it_works():
    new = console()
    said(new.run("apply -f web.yaml", web_yaml=WEB), "deployment.apps/web created\n")
    said(new.run("apply -f web.yaml", web_yaml=WEB), "deployment.apps/web unchanged\n")
    said(new.run("apply -f web.yaml", web_yaml=WEB.replace("nginx:1", "nginx:2")), "deployment.apps/web configured\n")


def test_built_in_manifests_and_several_documents():
    said(
        console().run("apply -f nginx-demo.yaml"),
        "deployment.apps/nginx-demo created\nservice/nginx-service created\n",
    )


def test_the_editor_is_standard_input():
    new = console()
    said(new.run("apply -f -", editor_yaml=CONFIG), "configmap/settings created\n")
    said(new.run("apply -f editor.yaml", editor_yaml=CONFIG), "configmap/settings unchanged\n")


def test_a_list_is_its_items():
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in ("a", "b")
    ]})
    said(console().run("apply -f all.yaml", all_yaml=text), "configmap/a created\nconfigmap/b created\n")


def test_a_field_that_the_server_does_not_keep_is_configured_each_time_as_recorded():
    new = console()
    assert new.run("apply -f a.yaml", a_yaml=A).stdout == recorded("02-deploy-conditions", "create").stdout
    assert new.run("apply -f a.yaml", a_yaml=A).stdout == recorded("02-deploy-conditions", "apply-unchanged").stdout


def test_what_was_applied_is_remembered_in_one_line_of_json():
    new = console()
    new.run("apply -f c.yaml", c_yaml=CONFIG)
    document = new.simulation.api.read("configmaps", "default", "settings")
    assert document["metadata"]["annotations"][LAST_APPLIED] == (
        '{"apiVersion":"v1","data":{"color":"blue"},"kind":"ConfigMap",'
        '"metadata":{"annotations":{},"name":"settings","namespace":"default"}}\n'
    )


def test_a_field_that_is_no_longer_applied_goes_and_what_others_set_stays():
    new = console()
    new.run("apply -f c.yaml", c_yaml=CONFIG + "  size: small\n")
    new.run("""patch cm settings --type merge -p '{"data":{"theirs":"1"}}'""")
    said(new.run("apply -f c.yaml", c_yaml=CONFIG), "configmap/settings configured\n")
    assert new.simulation.api.read("configmaps", "default", "settings")["data"] == {"color": "blue", "theirs": "1"}


def test_replicas_that_the_file_does_not_name_stay_as_scaled():
    new = with_web()
    new.run("scale deployment web --replicas=5")
    without = WEB.replace("  replicas: 2\n", "")
    new.run("apply -f web.yaml", web_yaml=without)
    # The field was applied before and is no longer: the server's default comes back, as on a real cluster.
    assert new.simulation.api.read("deployments.apps", "default", "web")["spec"]["replicas"] == 1
    new.run("scale deployment web --replicas=5")
    said(new.run("apply -f web.yaml", web_yaml=without), "deployment.apps/web unchanged\n")
    assert new.simulation.api.read("deployments.apps", "default", "web")["spec"]["replicas"] == 5


def test_an_object_that_was_not_applied_before_is_warned_of():
    new = console()
    new.run("create configmap settings --from-literal=color=red")
    result = new.run("apply -f c.yaml", c_yaml=CONFIG)
    assert result.stdout == "configmap/settings configured\n"
    assert result.stderr == (
        f"Warning: resource configmaps/settings is missing the {LAST_APPLIED} annotation which is required by kubectl apply."
        " kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or"
        " kubectl apply. The missing annotation will be patched automatically.\n"
    )
    assert result.code == 0


def test_create_with_save_config_needs_no_warning():
    new = console()
    new.run("create configmap settings --from-literal=color=blue --save-config")
    # The saved configuration names no namespace, the applied one does.
    said(new.run("apply -f c.yaml", c_yaml=CONFIG), "configmap/settings configured\n")


def test_the_other_documents_are_applied_and_the_exit_code_is_1():
    text = f"{CONFIG}---\napiVersion: v1\nkind: Foo\nmetadata: {{name: x}}\n---\n{WEB}"
    said(
        console().run("apply -f m.yaml", m_yaml=text), "configmap/settings created\ndeployment.apps/web created\n",
        'error: resource mapping not found for name: "x" namespace: "" from "m.yaml": no matches for kind "Foo" in version'
        ' "v1"\nensure CRDs are installed first\n',
    )


def test_of_several_errors_each_is_one_line():
    bad = WEB.replace("replicas: 2", "replicas: -2")
    result = console().run("apply -f m.yaml", m_yaml=f"{bad}---\n{bad.replace('name: web', 'name: other')}")
    lines = result.stderr.splitlines()
    assert len(lines) == 2 and result.code == 1
    assert lines[0] == (
        'Error from server (Invalid): error when creating "m.yaml": Deployment.apps "web" is invalid:'
        " spec.replicas: Invalid value: -2: must be greater than or equal to 0"
    )


def test_one_invalid_object_is_named_with_its_field():
    said(
        console().run("apply -f m.yaml", m_yaml=WEB.replace("replicas: 2", "replicas: -2")), "",
        'The Deployment "web" is invalid: spec.replicas: Invalid value: -2: must be greater than or equal to 0\n',
    )


def test_an_unknown_field_is_refused_by_the_server():
    said(
        console().run("apply -f m.yaml", m_yaml=WEB.replace("  replicas: 2", "  replicas: 2\n  foo: 1")), "",
        'Error from server (BadRequest): error when creating "m.yaml": Deployment in version "v1" cannot be handled as a'
        ' Deployment: strict decoding error: unknown field "spec.foo"\n',
    )


def test_unknown_fields_are_dropped_without_validation():
    text = WEB.replace("  replicas: 2", "  replicas: 2\n  foo: 1")
    assert console().run("apply --validate=false -f m.yaml", m_yaml=text).code == 0


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("kind: Pod\nmetadata: {name: x}\n",
         'error: error validating "m.yaml": error validating data: apiVersion not set; if you choose to ignore these errors,'
         " turn validation off with --validate=false\n"),
        ("metadata: {name: x}\n",
         'error: error validating "m.yaml": error validating data: [apiVersion not set, kind not set]; if you choose to ignore'
         " these errors, turn validation off with --validate=false\n"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {labels: {a: b}}\n",
         'error: error when retrieving current configuration of:\nResource: "/v1, Resource=pods", GroupVersionKind: "/v1,'
         ' Kind=Pod"\nName: "", Namespace: "default"\nfrom server for: "m.yaml": resource name may not be empty\n'),
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n", "error: from x-: cannot use generate name with apply\n"),
        ("", "error: no objects passed to apply\n"),
        ("# only a comment\n---\n", "error: no objects passed to apply\n"),
    ],
)
def test_manifests_that_say_too_little(text: str, error: str):
    said(console().run("apply -f m.yaml", m_yaml=text), "", error)


def test_yaml_errors_name_their_line_and_what_stands_before_is_applied():
    result = console().run("apply -f m.yaml", m_yaml=f"{CONFIG}---\nkind: [\n")
    assert result.stdout == "configmap/settings created\n"
    assert result.stderr.startswith("error: error parsing m.yaml: error converting YAML to JSON: yaml: line ")
    assert result.code == 1


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("apply", "error: must specify one of -f and -k\n"),
        ("apply -f nothing.yaml", 'error: the path "nothing.yaml" does not exist\n'),
        ("apply pods", "error: Unexpected args: [pods]\nSee 'kubectl apply -h' for help and examples\n"),
        ("apply -f nginx-demo.yaml --dry-run=maybe",
         'error: Invalid dry-run value (maybe). Must be "none", "server", or "client".\n'),
        ("apply -f nginx-demo.yaml --server-side",
         "error: this console applies on the client's side only: leave --server-side out\n"),
        ("replace", "error: must specify one of -f and -k\n"),
        ("edit deployment web",
         "error: this console opens no editor of its own: change the manifest in the editor beside it and apply that, or use"
         " kubectl patch, set image, scale or label\n"),
    ],
)
def test_wrong_lines(line: str, error: str):
    said(console().run(line), "", error)


@pytest.mark.parametrize(("strategy", "suffix"), [("client", " (dry run)"), ("server", " (server dry run)")])
def test_a_dry_run_changes_nothing(strategy: str, suffix: str):
    new = console()
    before = new.simulation.revision
    said(new.run(f"apply -f web.yaml --dry-run={strategy}", web_yaml=WEB), f"deployment.apps/web created{suffix}\n")
    assert new.simulation.revision == before
    assert new.simulation.api.get("deployments.apps", "default", "web") is None


def test_a_namespace_in_the_file_and_another_in_the_line():
    text = CONFIG.replace("name: settings", "name: settings\n  namespace: kube-system")
    said(
        console().run("apply -n default -f c.yaml", c_yaml=text), "",
        'error: the namespace from the provided object "kube-system" does not match the namespace "default".'
        " You must pass '--namespace=kube-system' to perform this operation.\n",
    )
    said(console().run("apply -f c.yaml", c_yaml=text), "configmap/settings created\n")


def test_a_namespace_that_does_not_exist():
    said(
        console().run("apply -n nowhere -f c.yaml", c_yaml=CONFIG), "",
        'Error from server (NotFound): error when creating "c.yaml": namespaces "nowhere" not found\n',
    )


def test_output_as_yaml_is_the_stored_object():
    result = console().run("apply -f c.yaml -o yaml", c_yaml=CONFIG)
    assert "  color: blue\n" in result.stdout and "  uid: " in result.stdout


def test_a_selector_chooses_among_the_documents():
    text = CONFIG + "---\n" + CONFIG.replace("name: settings", "name: chosen\n  labels: {a: b}")
    said(console().run("apply -l a=b -f c.yaml", c_yaml=text), "configmap/chosen created\n")


def test_garbage_in_the_annotation_is_told():
    new = console()
    new.run("apply -f c.yaml", c_yaml=CONFIG)
    new.run(f"annotate cm settings {LAST_APPLIED}=nonsense --overwrite")
    said(
        new.run("apply -f c.yaml", c_yaml=CONFIG), "",
        f"error: the annotation {LAST_APPLIED} of settings is not a JSON object\n",
    )


@pytest.mark.parametrize("field", ["metadata: 7", "metadata: {name: a, labels: [x]}", "spec: 5\nmetadata: {name: a}",
                                   "metadata: {name: a, annotations: x}", "metadata: {name: [a]}"])
@pytest.mark.parametrize("there", [False, True])
def test_documents_of_the_wrong_shape_are_refused_not_crashed_on(field: str, there: bool):
    new = console()
    if there:
        new.run("run a --image=nginx:1")
    result = new.run("apply -f m.yaml", m_yaml=f"apiVersion: v1\nkind: Pod\n{field}\n")
    assert result.code == 1 and result.stderr.startswith(("error: ", "Error from server", "The Pod"))


def test_view_last_applied():
    new = with_web()
    assert new.run("apply view-last-applied deploy/web").stdout.startswith("apiVersion: apps/v1\nkind: Deployment\n")
    said(
        new.run("apply view-last-applied svc/kubernetes"), "",
        "error: no last-applied-configuration annotation found on resource: kubernetes\n",
    )


# --- replace and patch -----------------------------------------------------------------------------------------------


def test_replace():
    new = console()
    new.run("apply -f c.yaml", c_yaml=CONFIG)
    said(new.run("replace -f c.yaml", c_yaml=CONFIG.replace("blue", "red")), "configmap/settings replaced\n")
    assert new.simulation.api.read("configmaps", "default", "settings")["data"] == {"color": "red"}
    said(
        new.run("replace -f c.yaml", c_yaml=CONFIG.replace("name: settings", "name: other")), "",
        'Error from server (NotFound): error when replacing "c.yaml": configmaps "other" not found\n',
    )


@pytest.mark.parametrize(
    "patch",
    ["""-p '{"spec":{"replicas":4}}'""", """--type merge -p '{"spec":{"replicas":4}}'""", "-p 'spec: {replicas: 4}'",
     """--type=json -p '[{"op":"replace","path":"/spec/replicas","value":4}]'""",
     """--subresource scale --type merge -p '{"spec":{"replicas":4}}'"""],
)
def test_patch(patch: str):
    new = with_web()
    assert new.run(f"patch deployment web {patch}").code == 0
    assert new.simulation.api.read("deployments.apps", "default", "web")["spec"]["replicas"] == 4


def test_a_patch_that_changes_nothing_says_so():
    said(with_web().run("""patch deploy web -p '{"spec":{"replicas":2}}'"""), "deployment.apps/web patched (no change)\n")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("", "error: must specify --patch or --patch-file containing the contents of the patch\n"),
        ("-p '{}' --type=odd", 'error: --type must be one of [json merge strategic], not "odd"\n'),
        ("""-p '{"spec":{"replicas":-1}}'""",
         'The Deployment "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0\n'),
        ("--type json -p '[{'", "error: unable to parse \"[{\": a JSON patch is written as JSON\n"),
    ],
)
def test_patches_that_are_refused(words: str, error: str):
    said(with_web().run(f"patch deploy web {words}"), "", error)


@pytest.mark.parametrize(
    "patch",
    ['{"metadata":5}', '{"metadata":null}', '{"metadata":{"name":"other"}}', '{"kind":"Pod"}', "[]", "5", '"x"', "null",
     '{"spec":[]}'],
)
@pytest.mark.parametrize("type_", ["strategic", "merge", "json", "merge --dry-run=client"])
def test_patches_of_the_wrong_shape_are_refused_not_crashed_on(patch: str, type_: str):
    new = with_web()
    before = new.simulation.api.read("deployments.apps", "default", "web")
    result = new.run(f"patch deploy web --type={type_} -p '{patch}'")
    assert result.code == 1 or "(no change)" in result.stdout or "(dry run)" in result.stdout
    assert new.simulation.api.read("deployments.apps", "default", "web") == before


def test_the_cluster_ip_cannot_be_changed_as_recorded():
    new = with_web()
    new.run("expose deployment web --port=80")
    result = new.run("""patch svc web -p '{"spec":{"clusterIP":"10.96.0.99"}}'""")
    assert (result.stderr, result.code) == (recorded("09-service", "ip-immutable").stderr, 1)
