"""`kubectl drain`: the node is cordoned, its Pods are evicted, and it waits until they are gone."""

from __future__ import annotations

import pytest

from cluster.objects.kinds import pod as pods
from tests.kubectl.running import WEB, console, said, with_web
from tests.support.console import Console

BARE = "Pods that declare no controller (use --force to override)"
EMPTY_DIR = """\
apiVersion: v1
kind: Pod
metadata: {name: scratch}
spec:
  nodeName: node-1
  containers: [{name: c, image: "nginx:1"}]
  volumes: [{name: v, emptyDir: {}}]
"""


def with_bare_pod() -> Console:
    """A cluster with a Pod on node-1 that nobody would replace."""
    new = console()
    new.run("cordon node-2 node-3")
    new.run("run bare --image=nginx:1")
    new.run("wait --for=condition=Ready pod/bare")
    return new


def test_it_works():
    new = with_web(6)
    here = sorted(pod["metadata"]["name"] for pod in new.simulation.api.pods_on("node-1"))
    result = new.run("drain node-1")
    assert result.lines[0] == "node/node-1 cordoned"
    assert result.lines[1 : 1 + len(here)] == [f"evicting pod default/{name}" for name in here]
    assert sorted(result.lines[1 + len(here) : -1]) == [f"pod/{name} evicted" for name in here]
    assert result.lines[-1] == "node/node-1 drained"
    assert (result.stderr, result.code) == ("", 0)
    assert new.simulation.api.pods_on("node-1") == []
    new.simulation.until_quiet()
    assert len(new.simulation.api.list("pods", "default")) == 6


def test_an_empty_node():
    said(console().run("drain node-1"), "node/node-1 cordoned\nnode/node-1 drained\n")


def test_pods_that_nobody_would_replace_stop_it():
    new = with_bare_pod()
    said(
        new.run("drain node-1"), "node/node-1 cordoned\n",
        f'error: unable to drain node "node-1" due to error: cannot delete {BARE}: default/bare, continuing command...\n'
        f"There are pending nodes to be drained:\n node-1\ncannot delete {BARE}: default/bare\n",
    )
    assert new.simulation.api.pods_on("node-1")


def test_force_takes_them_with_a_warning():
    said(
        with_bare_pod().run("drain node-1 --force"),
        "node/node-1 cordoned\nevicting pod default/bare\npod/bare evicted\nnode/node-1 drained\n",
        "Warning: deleting Pods that declare no controller: default/bare\n", code=0,
    )


def test_local_data_needs_a_word_of_its_own():
    new = console()
    new.run("apply -f p.yaml", p_yaml=EMPTY_DIR)
    new.run("wait --for=condition=Ready pod/scratch")
    result = new.run("drain node-1 --force")
    assert "cannot delete Pods with local storage (use --delete-emptydir-data to override): default/scratch" in result.stderr
    result = new.run("drain node-1 --force --delete-emptydir-data")
    assert (result.lines[-1], result.code) == ("node/node-1 drained", 0)


def test_several_nodes_are_all_cordoned_first():
    new = with_web(4)
    result = new.run("drain node-1 node-2")
    assert result.lines[:2] == ["node/node-1 cordoned", "node/node-2 cordoned"]
    assert [line for line in result.lines if line.endswith("drained")] == ["node/node-1 drained", "node/node-2 drained"]


def test_a_timeout():
    new = with_bare_pod()
    new.run("simulate node stop node-1")
    result = new.run("drain node-1 --force --timeout=2s")
    reason = 'error when waiting for pod "bare" in namespace "default" to terminate: context deadline exceeded'
    assert result.stdout == "node/node-1 cordoned\nevicting pod default/bare\n"
    assert result.stderr == (
        "Warning: deleting Pods that declare no controller: default/bare\n"
        f'There are pending pods in node "node-1" when an error occurred: {reason}\npod/bare\n'
        f'error: unable to drain node "node-1" due to error: {reason}, continuing command...\n'
        f"There are pending nodes to be drained:\n node-1\n{reason}\n"
    )
    assert result.code == 1


def test_a_dry_run():
    new = with_bare_pod()
    said(
        new.run("drain node-1 --force --dry-run=client"),
        "node/node-1 cordoned (dry run)\nevicting pod default/bare (dry run)\nnode/node-1 drained (dry run)\n",
        "Warning: deleting Pods that declare no controller: default/bare\n", code=0,
    )
    assert new.simulation.api.read("pods", "default", "bare")["metadata"].get("deletionTimestamp") is None


def test_only_chosen_pods_and_without_evictions():
    new = with_bare_pod()
    said(new.run("drain node-1 --pod-selector=app=none"), "node/node-1 cordoned\nnode/node-1 drained\n")
    said(
        new.run("drain node-1 --force --disable-eviction --grace-period=1"),
        "node/node-1 already cordoned\npod/bare deleted\nnode/node-1 drained\n",
        "Warning: deleting Pods that declare no controller: default/bare\n", code=0,
    )


def test_each_eviction_is_a_step_with_its_story():
    new = with_bare_pod()
    steps = []
    new.simulation.on_step = steps.append
    new.run("drain node-1 --force")
    told = [(step.say, step.args) for step in steps if step.actor == "user"]
    assert told == [
        ("user.cordoned", {"node": "nodes//node-1"}),
        ("api.disrupt", {"object": "pods/default/bare"}),
        ("user.evicted", {"pod": "pods/default/bare", "node": "nodes//node-1"}),
    ]


# --- budgets ---------------------------------------------------------------------------------------------------------

BUDGET = """\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec:
  minAvailable: 2
  selector: {matchLabels: {app: web}}
"""
REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


def protected(replicas: int = 2, available: int = 2) -> Console:
    """A cluster with Deployment web, protected, all its Pods on node-1."""
    new = console()
    new.run("cordon node-2 node-3")
    new.run("apply -f web.yaml", web_yaml=WEB.replace("replicas: 2", f"replicas: {replicas}"))
    new.run("rollout status deployment/web")
    new.run("apply -f pdb.yaml", pdb_yaml=BUDGET.replace("minAvailable: 2", f"minAvailable: {available}"))
    new.simulation.until_quiet()
    new.run("uncordon node-2 node-3")
    return new


def names(new: Console) -> list[str]:
    return sorted(pod["metadata"]["name"] for pod in new.simulation.api.pods_on("node-1"))


def test_a_budget_makes_it_go_one_by_one():
    new = protected(3)
    first, second, third = names(new)
    began = new.simulation.now
    result = new.run("drain node-1")
    assert result.code == 0
    assert result.lines[:4] == [
        "node/node-1 cordoned", *(f"evicting pod default/{name}" for name in (first, second, third)),
    ]
    refusal = 'error when evicting pods/"{}" -n "default" (will retry after 5s): ' + REFUSED + "\n"
    assert result.stderr.startswith(refusal.format(second) + refusal.format(third))
    assert result.lines.index(f"pod/{first} evicted") < result.lines.index(f"pod/{third} evicted")
    assert result.lines[-1] == "node/node-1 drained"
    assert new.simulation.now - began >= 10_000
    new.simulation.until_quiet()
    status = new.simulation.api.read("poddisruptionbudgets.policy", "default", "web")["status"]
    assert (status["currentHealthy"], status["disruptionsAllowed"]) == (3, 1)
    assert "disruptedPods" not in status


def test_never_fewer_healthy_pods_than_the_budget_wants():
    new = protected(4, 3)
    healthy = []

    def count(step):
        found = [pod for pod in step.world.table("pods").values() if pod["metadata"].get("labels", {}).get("app") == "web"]
        healthy.append(sum(pods.is_ready(pod) and "deletionTimestamp" not in pod["metadata"] for pod in found))

    new.simulation.on_step = count
    assert new.run("drain node-1").code == 0
    assert min(healthy) == 3


def test_a_budget_that_never_allows_it_and_a_timeout():
    new = protected(2, 2)
    first, second = names(new)
    result = new.run("drain node-1 --timeout=12s")
    assert result.code == 1
    assert result.lines[1:] == [f"evicting pod default/{name}" for _ in range(4) for name in (first, second)]
    retries, end = result.stderr.split("There are pending pods")
    assert retries.count("will retry after 5s") == 6
    reasons = [f'error when evicting pods/"{name}" -n "default": global timeout reached: 12s' for name in (first, second)]
    assert end == (
        f' in node "node-1" when an error occurred: [{reasons[0]}, {reasons[1]}]\npod/{first}\npod/{second}\n'
        f'error: unable to drain node "node-1" due to error: [{reasons[0]}, {reasons[1]}], continuing command...\n'
        f"There are pending nodes to be drained:\n node-1\n{reasons[0]}\n{reasons[1]}\n"
    )
    assert len(names(new)) == 2


def test_two_budgets_stop_it_at_once():
    new = protected(1, 0)
    new.run("create pdb other --selector=app=web --min-available=0")
    new.simulation.until_quiet()
    (name,) = names(new)
    result = new.run("drain node-1")
    assert (
        f'error when evicting pods/"{name}" -n "default": This pod has more than one PodDisruptionBudget, which the eviction '
        "subresource does not support.\n"
    ) in result.stderr
    assert result.code == 1


def test_deletes_ask_no_budget():
    new = protected(2, 2)
    result = new.run("drain node-1 --disable-eviction")
    assert (result.code, result.stderr) == (0, "")
    assert [line.rpartition(" ")[2] for line in result.lines] == ["cordoned", "deleted", "deleted", "drained"]


def test_deletes_that_take_too_long():
    new = with_bare_pod()
    new.run("simulate node stop node-1")
    result = new.run("drain node-1 --force --disable-eviction --timeout=2s")
    assert result.stderr.endswith("There are pending nodes to be drained:\n node-1\ncontext deadline exceeded\n")


def test_a_rehearsal_on_the_server_asks_the_budgets():
    new = protected(3)
    before = new.simulation.api.list("pods")
    first, second, third = names(new)
    result = new.run("drain node-1 --dry-run=server")
    assert result.lines == [
        "node/node-1 cordoned (server dry run)",
        *(f"evicting pod default/{name} (server dry run)" for name in (first, second, third)),
        "node/node-1 drained (server dry run)",
    ]
    assert result.stderr == ""
    assert new.simulation.api.list("pods") == before
    assert REFUSED in protected(2).run("drain node-1 --dry-run=server --timeout=1s").stderr


def test_pods_that_should_be_gone_long_ago():
    new = with_bare_pod()
    new.run("simulate node stop node-1")
    new.run("delete pod bare --wait=false")
    new.simulation.advance(100_000)
    said(
        new.run("drain node-1 --force --skip-wait-for-delete-timeout=20"),
        "node/node-1 cordoned\nnode/node-1 drained\n", code=0,
    )
    assert names(new) == ["bare"]


def test_it_stops_waiting_for_pods_that_do_not_go():
    new = with_bare_pod()
    new.run("simulate node stop node-1")
    result = new.run("drain node-1 --force --skip-wait-for-delete-timeout=20 --grace-period=1 --timeout=5m")
    assert result.lines == [
        "node/node-1 cordoned", "evicting pod default/bare",
        'pod "bare" has DeletionTimestamp older than 20 seconds, skipping', "node/node-1 drained",
    ]


def test_a_namespace_that_goes_away():
    new = console()
    new.run("create ns team")
    new.simulation.until_quiet()
    new.run("cordon node-2 node-3")
    new.run("run first -n team --image=nginx:1")
    new.run("wait -n team --for=condition=Ready pod/first")
    new.simulation.switch("namespace-controller", False)
    new.run("delete ns team --wait=false")
    result = new.run("drain node-1 --force --timeout=4s")
    assert (
        'error when evicting pod "first" from terminating namespace "team" (will retry after 5s): pods "first" is forbidden: '
        "unable to create new content in namespace team because it is being terminated\n"
    ) in result.stderr
    new.run("delete pod first -n team --wait=false --grace-period=20")
    assert new.run("drain node-1 --force").lines == [
        "node/node-1 already cordoned", "evicting pod team/first", "pod/first evicted", "node/node-1 drained",
    ]


DAEMON = """\
apiVersion: v1
kind: Pod
metadata:
  name: daemon
  ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: gone, uid: u, controller: true}]
spec:
  nodeName: node-1
  containers: [{name: c, image: "nginx:1"}]
"""


def test_a_pod_of_a_daemonset_that_is_gone():
    new = console()
    new.simulation.switch("garbage-collector-controller", False)
    new.run("apply -f p.yaml", p_yaml=DAEMON)
    new.run("wait --for=condition=Ready pod/daemon")
    assert 'cannot delete daemonsets.apps "gone" not found: default/daemon' in new.run("drain node-1").stderr
    assert new.run("drain node-1 --force").lines[-1] == "node/node-1 drained"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("drain", "error: USAGE: drain NODE [flags]\nSee 'kubectl drain -h' for help and examples\n"),
        ("drain node-9", 'Error from server (NotFound): nodes "node-9" not found\n'),
        ("drain node-1 --pod-selector=!!", "error: --pod-selector=<pod_selector> must be a valid label selector\n"),
    ],
)
def test_wrong_lines(line: str, error: str):
    said(console().run(line), "", error)
