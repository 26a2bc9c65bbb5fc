"""The board's rows of workloads: every kind that makes Pods, and what a step changes of them."""

from __future__ import annotations

from typing import Any

from cluster import board
from cluster.simulation import bootstrap
from cluster.simulation.components import all_components
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step
from tests.cluster.test_board import follow

LABELS = {"app": "db"}
# Parts of every node, or not in Kubernetes at all: no switch among the control plane's.
NOT_CENTRAL = {"kubelet", "kube-proxy", "event-recorder", "traffic"}


def template(image: str = "nginx:1.27", **spec: Any) -> dict[str, Any]:
    requests = {"resources": {"requests": {"cpu": "100m"}}}
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "main", "image": image, **requests}], **spec}}


def document(api: str, kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def statefulset(replicas: int = 2) -> dict[str, Any]:
    return document("apps/v1", "StatefulSet", "db", replicas=replicas, serviceName="db", selector={"matchLabels": LABELS},
                    template=template())


def daemonset() -> dict[str, Any]:
    return document("apps/v1", "DaemonSet", "agent", selector={"matchLabels": LABELS}, template=template())


def job(name: str = "sum", **spec: Any) -> dict[str, Any]:
    quick = template("busybox:1.36", restartPolicy="Never")
    quick["spec"]["containers"][0]["command"] = ["sh", "-c", "sleep 2"]
    return document("batch/v1", "Job", name, template=quick, **spec)


def autoscaler(kind: str, name: str) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": kind, "name": name}
    return document("autoscaling/v2", "HorizontalPodAutoscaler", "auto", scaleTargetRef=target, minReplicas=1, maxReplicas=5)


def lived(*documents: dict[str, Any]) -> tuple[dict[str, Any], list[Step], Simulation]:
    steps: list[Step] = []
    simulation = bootstrap.new_cluster(seed=5, on_step=steps.append)
    state = board.state(simulation.world)
    for one in documents:
        simulation.user().create(one)
    simulation.until_quiet()
    return state, steps, simulation


def is_the_picture(state: dict[str, Any], simulation: Simulation) -> bool:
    picture = board.state(simulation.world)
    return all(state[table] == picture[table] for table in ("pods", "workloads", "services", "components"))


def test_it_works() -> None:
    state, steps, simulation = lived(statefulset())
    follow(state, steps)
    row = state["workloads"]["statefulsets.apps/default/db"]
    assert (row["kind"], row["desired"], row["current"], row["ready"], row["updated"]) == ("StatefulSet", 2, 2, 2, 2)
    pod = state["pods"]["default/db-1"]
    assert (pod["app"], pod["version"], pod["ordinal"]) == ("db", "v1", "1")
    assert is_the_picture(state, simulation)


def test_every_kind_that_makes_pods_has_a_row() -> None:
    state, steps, simulation = lived(
        statefulset(), daemonset(), job(), document("batch/v1", "CronJob", "nightly", schedule="* * * * *",
                                                    jobTemplate={"spec": job()["spec"]}),
        document("v1", "ReplicationController", "old", replicas=1, selector=LABELS, template=template()),
    )
    follow(state, steps)
    assert {row["kind"] for row in state["workloads"].values()} == {
        "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicationController",
    }
    assert is_the_picture(state, simulation)


def test_a_daemonset_counts_nodes() -> None:
    state, steps, _ = lived(daemonset())
    follow(state, steps)
    row = state["workloads"]["daemonsets.apps/default/agent"]
    assert [row[name] for name in ("desired", "current", "ready", "available")] == [3, 3, 3, 3]


def test_a_job_counts_what_is_done() -> None:
    state, steps, simulation = lived(job(completions=2, completionMode="Indexed"))
    follow(state, steps)
    row = state["workloads"]["jobs.batch/default/sum"]
    assert (row["desired"], row["done"], row["current"], row["end"]) == (2, 2, 0, "Complete")
    own = [pod for pod in state["pods"].values() if pod["app"] == "sum"]
    assert {(pod["ordinal"], pod["mark"]) for pod in own} == {("0", "succeeded"), ("1", "succeeded")}
    assert is_the_picture(state, simulation)


def test_a_work_queue_is_done_with_one_success() -> None:
    state, steps, _ = lived(job(parallelism=2))
    follow(state, steps)
    assert state["workloads"]["jobs.batch/default/sum"]["desired"] == 1


def test_the_pods_of_a_cronjob_have_its_colour() -> None:
    state, steps, simulation = lived(document(
        "batch/v1", "CronJob", "nightly", schedule="* * * * *", jobTemplate={"spec": job()["spec"]}))
    simulation.advance(150_000)
    follow(state, steps)
    assert {pod["app"] for pod in state["pods"].values() if pod["ns"] == "default"} == {"nightly"}
    assert [row["owner"] for row in state["workloads"].values() if row["kind"] == "Job"] == [
        {"kind": "CronJob", "name": "nightly"}] * 2
    assert is_the_picture(state, simulation)


def test_an_update_of_a_statefulset_shows_both_versions() -> None:
    state, steps, simulation = lived(statefulset())
    simulation.user().patch("statefulsets.apps", "default", "db", {
        "spec": {"updateStrategy": {"rollingUpdate": {"partition": 1}}, "template": template("nginx:1.28")}})
    simulation.until_quiet()
    follow(state, steps)
    assert {name: pod["version"] for name, pod in state["pods"].items() if pod["ns"] == "default"} == {
        "default/db-0": "v1", "default/db-1": "v2"}
    simulation.user().patch("statefulsets.apps", "default", "db", {"spec": {"template": template()}})
    simulation.until_quiet()
    follow(state, steps)
    # The old template is the newest revision now, also of the Pod that nobody replaced.
    assert {pod["version"] for pod in state["pods"].values() if pod["ns"] == "default"} == {"v3"}
    assert is_the_picture(state, simulation)


def test_an_autoscaler_stands_with_its_target() -> None:
    state, steps, simulation = lived(statefulset(), autoscaler("StatefulSet", "db"))
    follow(state, steps)
    row = state["workloads"]["statefulsets.apps/default/db"]["hpa"]
    assert (row["name"], row["least"], row["most"], row["metrics"]) == ("auto", 1, 5, "cpu: 1%/80%")
    simulation.user().patch("horizontalpodautoscalers.autoscaling", "default", "auto", {
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "other"}}})
    follow(state, steps)
    assert state["workloads"]["statefulsets.apps/default/db"]["hpa"] is None
    assert is_the_picture(state, simulation)


def test_the_load_stands_with_its_service() -> None:
    service = document("v1", "Service", "db", selector=LABELS, ports=[{"port": 80}])
    state, steps, simulation = lived(service)
    follow(state, steps)
    assert state["services"]["default/db"]["load"] is None
    simulation.user().write_row("update", "host/load", ("default", "db"), {"rate": "50", "cost": "5m"})
    follow(state, steps)
    assert state["services"]["default/db"]["load"] == {"rate": "50", "cost": "5m"}
    assert is_the_picture(state, simulation)


def test_every_controller_has_a_switch() -> None:
    assert set(board.COMPONENTS) == {component.name for component in all_components()} - NOT_CENTRAL
