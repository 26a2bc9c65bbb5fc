"""`kubectl delete`, and waiting for what goes."""

from __future__ import annotations

import pytest

from cluster import kubectl
from cluster.kubectl import Shell, Wait
from tests.kubectl.builders import recorded
from tests.kubectl.running import CONFIG, console, said, with_web

FORCED = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource"
    " may continue to run on the cluster indefinitely.\n"
)


def test_it_works_and_returns_when_the_pod_is_gone():
    new = console()
    new.run("run bare --image=nginx:1")
    new.run("wait --for=condition=Ready pod/bare")
    began = new.simulation.now
    said(new.run("delete pod bare"), 'pod "bare" deleted from default namespace\n')
    assert new.simulation.api.get("pods", "default", "bare") is None
    assert new.simulation.now > began


def test_as_recorded():
    new = with_web()
    new.run("create deployment m --image=nginx:1")
    recording = recorded("02-deploy-conditions", "delete")
    said(new.run(recording.command), recording.stdout)
    new.simulation.until_quiet()
    assert new.run("get rs,pod -l app=m").stderr == recorded("02-deploy-conditions", "after-delete").stderr
    new.run("expose deployment web --port=80")
    assert new.run("delete svc web").stdout == recorded("09-service", "delete").stdout


def test_objects_without_namespace():
    new = console()
    new.run("create ns team")
    said(new.run("delete ns team"), 'namespace "team" deleted\n')
    assert new.simulation.api.get("namespaces", "", "team") is None


def test_several_names_kinds_and_files():
    new = console()
    new.run("create cm a")
    new.run("create cm b")
    said(
        new.run("delete cm a b"),
        'configmap "a" deleted from default namespace\nconfigmap "b" deleted from default namespace\n',
    )
    new.run("apply -f nginx-demo.yaml")
    said(
        new.run("delete -f nginx-demo.yaml"),
        'deployment.apps "nginx-demo" deleted from default namespace\n'
        'service "nginx-service" deleted from default namespace\n',
    )
    said(
        new.run("delete -f nginx-demo.yaml"), "",
        'Error from server (NotFound): error when deleting "nginx-demo.yaml": deployments.apps "nginx-demo" not found\n'
        'Error from server (NotFound): error when deleting "nginx-demo.yaml": services "nginx-service" not found\n',
    )


def test_by_label_and_all():
    new = with_web()
    new.run("create cm a")
    new.run("label cm a app=web")
    said(new.run("delete cm -l app=web"), 'configmap "a" deleted from default namespace\n')
    said(new.run("delete cm -l app=web"), "No resources found\n")
    assert new.run("delete deployments --all").stdout == 'deployment.apps "web" deleted from default namespace\n'


def test_a_name_that_is_not_there():
    new = console()
    new.run("create cm a")
    said(
        new.run("delete cm a b"), 'configmap "a" deleted from default namespace\n',
        'Error from server (NotFound): configmaps "b" not found\n',
    )
    said(new.run("delete cm a --ignore-not-found"), "No resources found\n")


def test_force():
    new = console()
    new.run("run bare --image=nginx:1")
    new.run("wait --for=condition=Ready pod/bare")
    said(
        new.run("delete pod bare --force --grace-period=0"), 'pod "bare" force deleted from default namespace\n', FORCED,
        code=0,
    )


def test_the_grace_period_is_what_was_asked_for():
    new = console()
    new.run("run bare --image=nginx:1")
    new.run("wait --for=condition=Ready pod/bare")
    new.run("delete pod bare --now --wait=false")
    assert new.simulation.api.read("pods", "default", "bare")["metadata"]["deletionGracePeriodSeconds"] == 1


def test_without_waiting_the_pod_is_still_there():
    new = with_web()
    name = new.simulation.api.list("pods", "default")[0]["metadata"]["name"]
    before = new.simulation.now
    said(new.run(f"delete pod {name} --wait=false"), f'pod "{name}" deleted from default namespace\n')
    assert new.simulation.now == before
    assert "deletionTimestamp" in new.simulation.api.read("pods", "default", name)["metadata"]


def test_orphans_stay():
    new = with_web()
    new.run("delete deployment web --cascade=orphan")
    new.simulation.until_quiet()
    assert len(new.simulation.api.list("pods", "default")) == 2


@pytest.mark.parametrize("strategy", ["client", "server"])
def test_a_dry_run_deletes_nothing(strategy: str):
    new = console()
    new.run("create cm a")
    suffix = "(dry run)" if strategy == "client" else "(server dry run)"
    said(new.run(f"delete cm a --dry-run={strategy}"), f'configmap "a" deleted from default namespace {suffix}\n')
    assert new.simulation.api.get("configmaps", "default", "a") is not None


def test_a_stopped_machine_keeps_its_pods_and_the_wait_can_end():
    new = console()
    new.run("run bare --image=nginx:1")
    new.run("wait --for=condition=Ready pod/bare")
    node = new.simulation.api.read("pods", "default", "bare")["spec"]["nodeName"]
    new.run(f"simulate node stop {node}")
    said(
        new.run("delete pod bare --timeout=3s"), 'pod "bare" deleted from default namespace\n',
        "error: timed out waiting for the condition on pods/bare\n",
    )


def test_a_wait_can_be_interrupted():
    new = console()
    new.run("run bare --image=nginx:1")
    new.run("wait --for=condition=Ready pod/bare")
    command = kubectl.run("delete pod bare", Shell(new.simulation))
    while not isinstance(next(command), Wait):
        pass
    command.close()
    assert new.simulation.api.get("pods", "default", "bare") is not None


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("delete pods", "error: resource(s) were provided, but no name was specified\n"),
        ("delete", "error: You must provide one or more resources by argument or filename.\nExample resource specifications"
         " include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'\n"),
        ("delete pod a --all", "error: name cannot be provided when a selector is specified\n"),
        ("delete pod/a --all", "error: selectors and the all flag cannot be used when passing resource/name arguments\n"),
        ("delete pod --all -l a=b", "error: cannot set --all and --selector at the same time\n"),
        ("delete pod a --now --grace-period=3", "error: --now and --grace-period cannot be specified together\n"),
        ("delete pod a --force --grace-period=3",
         "error: --force and --grace-period greater than 0 cannot be specified together\n"),
        ("delete pod a --cascade=odd",
         'error: invalid cascade value (odd). Must be "background", "foreground", or "orphan"\n'),
        ("delete pod a -o yaml", "error: unexpected -o output mode: yaml. We only support '-o name'\n"),
        ("delete widget a", 'error: the server doesn\'t have a resource type "widget"\n'),
        ("delete pod a -f nginx-demo.yaml",
         "error: when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well\n"),
        ("delete pod a --timeout=5",
         'error: invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"\n'
         "See 'kubectl delete --help' for usage.\n"),
        ("delete ns kube-system",
         'Error from server (Forbidden): namespaces "kube-system" is forbidden: this namespace may not be deleted\n'),
    ],
)
def test_wrong_lines(line: str, error: str):
    said(console().run(line), "", error)


def test_a_namespace_in_the_line_and_an_object_without():
    new = console()
    new.run("create ns team")
    said(
        new.run("delete ns team -n default"), 'namespace "team" deleted\n',
        "Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n", code=0,
    )


# --- wait ------------------------------------------------------------------------------------------------------------


def test_waiting_for_a_condition_a_field_and_the_end():
    new = console()
    new.run("apply -f c.yaml", c_yaml=CONFIG)
    new.run("create deployment web --image=nginx:1 --replicas=2")
    said(new.run("wait --for=condition=Available deployment/web"), "deployment.apps/web condition met\n")
    said(
        new.run("wait --for=jsonpath='{.status.readyReplicas}'=2 deploy/web"), "deployment.apps/web condition met\n"
    )
    said(new.run("wait --for=jsonpath='{.data.color}' cm/settings"), "configmap/settings condition met\n")
    said(new.run("wait --for=create cm/settings"), "configmap/settings condition met\n")
    said(new.run("wait --for=delete pod/nothing"))
    assert new.run("wait --for=condition=Ready pod -l app=web").stdout.count("condition met") == 2


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("--for=condition=Odd deploy/web --timeout=1s",
         "error: timed out waiting for the condition on deployments/web\n"),
        ("--for=condition=Odd deploy/web --timeout=0", "error: condition not met for deployments/web\n"),
        ("--for=create deploy/nothing --timeout=1s", "error: timed out waiting for the condition\n"),
        ("--for=condition=Ready pod/nothing", 'Error from server (NotFound): pods "nothing" not found\n'),
        ("--for=condition=Ready pod -l a=b", "error: no matching resources found\n"),
        ("--for=odd pod/a", 'error: unrecognized condition: "odd"\n'),
        ("--for=jsonpath='{.a}'= deploy/web",
         "error: jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3\n"),
        ("--for=jsonpath='{.spec}'=3 deploy/web",
         "error: jsonpath leads to a nested object or list which is not supported\n"),
        ("--for=jsonpath='{.metadata.*}'=3 deploy/web",
         "error: given jsonpath expression matches more than one value\n"),
    ],
)
def test_waits_that_fail(words: str, error: str):
    said(with_web().run(f"wait {words}"), "", error)
