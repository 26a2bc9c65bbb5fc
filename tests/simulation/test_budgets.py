"""Priorities and budgets in a whole cluster: who has to go, who is spared, and what everybody says about it."""

from __future__ import annotations

from cluster.objects.documents import Document
from tests.kubectl.running import WEB, console
from tests.support.console import Console

BUDGETS = "poddisruptionbudgets.policy"
VIP = """\
apiVersion: v1
kind: Pod
metadata: {name: vip}
spec:
  priorityClassName: high
  containers: [{name: c, image: "nginx:1", resources: {requests: {cpu: CPU}}}]
"""


def full(available: int = 3) -> Console:
    """A cluster whose only usable node is full: three Pods of Deployment web, protected, and one of db."""
    new = console()
    new.run("cordon node-2 node-3")
    new.run("create pc high --value=1000")
    for name, replicas in (("web", 3), ("db", 1)):
        document = WEB.replace("replicas: 2", f"replicas: {replicas}").replace("web", name)
        document = document.replace("image: nginx:1", 'image: nginx:1\n          resources: {requests: {cpu: "1"}}')
        new.run(f"apply -f {name}.yaml", **{f"{name}_yaml": document})
        new.run(f"rollout status deployment/{name}")
    new.run(f"create pdb web --selector=app=web --min-available={available}")
    new.simulation.until_quiet()
    return new


def budget(new: Console) -> Document:
    found: Document = new.simulation.api.read(BUDGETS, "default", "web")["status"]
    return found


def apps(new: Console) -> list[str]:
    """The applications of the Pods on node-1."""
    return sorted(pod["metadata"].get("labels", {}).get("app", "vip") for pod in new.simulation.api.pods_on("node-1"))


def test_it_works() -> None:
    new = full()
    assert (apps(new), budget(new)["disruptionsAllowed"]) == (["db", "web", "web", "web"], 0)
    steps = []
    new.simulation.on_step = steps.append
    new.run("apply -f vip.yaml", vip_yaml=VIP.replace("CPU", "1"))
    assert new.run("wait --for=condition=Ready pod/vip --timeout=60s").code == 0
    assert apps(new) == ["vip", "web", "web", "web"]
    (why,) = [step.why["preemption"] for step in steps if step.say == "scheduler.preempt"]
    assert why["because"] == "only"
    assert [(victim["pod"][:10], victim["violates"]) for victim in why["victims"]] == [("default/db", False)]
    assert "Preempted by pod " in new.run("get events --field-selector=reason=Preempted").stdout


def test_a_budget_does_not_stop_what_matters_more() -> None:
    new = full()
    new.run("apply -f vip.yaml", vip_yaml=VIP.replace("CPU", "3"))
    assert new.run("wait --for=condition=Ready pod/vip --timeout=60s").code == 0
    assert apps(new) == ["vip", "web"]
    new.simulation.until_quiet()
    found = budget(new)
    assert (found["currentHealthy"], found["desiredHealthy"], found["disruptionsAllowed"]) == (1, 3, 0)
    assert "disruptedPods" not in found
    assert found["conditions"][0]["reason"] == "InsufficientPods"


def test_who_must_not_preempt_waits() -> None:
    new = full()
    new.run("create pc patient --value=1000 --preemption-policy=Never")
    patient = VIP.replace("CPU", "1").replace("priorityClassName: high", "priorityClassName: patient")
    new.run("apply -f vip.yaml", vip_yaml=patient)
    new.simulation.until_quiet()
    assert apps(new) == ["db", "web", "web", "web"]
    assert "preemption: not eligible due to preemptionPolicy=Never." in new.run("describe pod vip").stdout


def test_a_rollout_asks_no_budget() -> None:
    new = full()
    new.run("uncordon node-2")
    new.run("set image deployment/web c=nginx:2")
    assert new.run("rollout status deployment/web --timeout=120s").code == 0
    new.simulation.until_quiet()
    assert budget(new)["currentHealthy"] == 3


def test_scaling_changes_what_a_budget_expects() -> None:
    new = full(available=1)
    new.run("create pdb share --selector=app=db --max-unavailable=50%")
    new.run("uncordon node-2 node-3")
    new.run("scale deployment db --replicas=4")
    new.simulation.until_quiet()
    found = new.simulation.api.read(BUDGETS, "default", "share")["status"]
    assert [found[name] for name in ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed")] == [4, 2, 4, 2]


def test_a_namespace_takes_its_budgets_along() -> None:
    new = console()
    new.run("create ns team")
    new.run("create pdb web -n team --selector=app=web --min-available=1")
    assert new.run("delete ns team").code == 0
    assert new.simulation.api.list(BUDGETS) == []


def test_a_fork_goes_on_alike() -> None:
    new = full()
    new.run("apply -f vip.yaml", vip_yaml=VIP.replace("CPU", "3"))
    other = new.simulation.fork()
    assert [step.args for step in other.until_quiet()] == [step.args for step in new.simulation.until_quiet()]
    assert other.world == new.simulation.world
