"""The board's rows: what a step changes is exactly the difference between two pictures."""

from __future__ import annotations

from typing import Any

from cluster import board
from cluster.simulation import bootstrap
from cluster.simulation.step import Step


def manifest(name: str) -> list[dict[str, Any]]:
    import yaml

    from cluster.manifests import BUILT_IN

    return list(yaml.safe_load_all(BUILT_IN[name]))


def apply_told(state: dict[str, Any], step: Step) -> None:
    told, gone = board.delta(step)
    for table, rows in told.items():
        if isinstance(rows, list):
            state[table] = rows
        else:
            state[table].update(rows)
    for table, keys in gone.items():
        for key in keys:
            state[table].pop(key, None)


def lived(*files: str) -> tuple[dict[str, Any], list[Step], Any]:
    steps: list[Step] = []
    simulation = bootstrap.new_cluster(seed=5, on_step=steps.append)
    before = board.state(simulation.world)
    api = simulation.user()
    for file in files:
        for document in manifest(file):
            api.create(document)
    simulation.until_quiet()
    return before, steps, simulation


def test_it_works() -> None:
    _, _, simulation = lived("nginx-demo.yaml")
    pods = board.state(simulation.world)["pods"]
    assert {row["mark"] for row in pods.values()} == {"running"}
    assert {row["app"] for row in pods.values()} == {"nginx-demo"}
    assert {row["version"] for row in pods.values()} == {"v1"}
    endpoints = board.state(simulation.world)["services"]["default/nginx-service"]["endpoints"]
    assert [(row["pod"] in pods, row["ready"]) for row in endpoints] == [(True, True)] * 2
    assert board.state(simulation.world)["nodes"]["node-1"]["proxy"] == {"rules": 2}


def test_replaying_what_was_told_gives_the_picture() -> None:
    state, steps, simulation = lived("nginx-demo.yaml", "readiness.yaml", "wrong-image.yaml", "too-big.yaml", "crash-loop.yaml")
    api = simulation.user()
    api.patch("deployments.apps", "default", "nginx-demo", {"spec": {"template": {"spec": {"containers": [
        {"name": "nginx", "image": "nginx:1.27"}]}}}})
    simulation.until_quiet()
    simulation.switch("kube-proxy/node-2", on=False)
    simulation.switch("default-scheduler", on=False)
    simulation.switch("node/node-1", on=False)
    simulation.advance(120_000)
    api.delete("deployments.apps", "default", "nginx-demo", propagation="Background")
    api.delete("services", "default", "unready")
    simulation.until_quiet()
    simulation.switch("node/node-1", on=True)
    simulation.advance(60_000)
    for step in steps:
        apply_told(state, step)
        if step.revision % 10 == 0 or step is steps[-1]:
            picture = board.state(step.world)
            # Who has followed for long knows more Events than a new picture shows.
            assert picture.pop("events").items() <= state["events"].items()
            told = {table: rows for table, rows in state.items() if table != "events"}
            assert told == picture, f"at revision {step.revision}: {step.say}"


def test_marks() -> None:
    _, _, simulation = lived("wrong-image.yaml", "too-big.yaml", "crash-loop.yaml", "readiness.yaml")
    marks = {name: row["mark"] for name, row in board.state(simulation.world)["pods"].items()}
    assert marks["default/typo"] == "crash"
    assert marks["default/too-big"] == "pending"
    assert marks["default/crash"] == "crash"
    assert {mark for name, mark in marks.items() if name.startswith("default/unready")} == {"notready"}


def test_a_decision_for_the_ghosts() -> None:
    _, steps, _ = lived("nginx-demo.yaml")
    binding = next(step for step in steps if step.say.startswith("scheduler.bind"))
    why = board.short_why(binding.why)
    assert why is not None
    assert [(row["node"], row["plugin"]) for row in why["rejected"]] == [("control-plane", "TaintToleration")]
    assert why["chosen"] in {row["node"] for row in why["scores"]}
    assert len(why["scores"]) == 3
    assert board.event(binding)["why"] == why


def pod(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "nginx:1.27"}], **spec},
    }


def budget(least: int) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "keep", "namespace": "default"},
        "spec": {"minAvailable": least, "selector": {"matchLabels": {"app": "web"}}},
    }


def follow(state: dict[str, Any], steps: list[Step]) -> None:
    """What was told up to now, and that it is the picture."""
    while steps:
        apply_told(state, steps.pop(0))


def test_a_budget_holds_the_pods_of_a_cordoned_node() -> None:
    state, steps, simulation = lived()
    api = simulation.user()
    for name, node in (("here", "node-1"), ("there", "node-2")):
        api.create(pod(name, nodeName=node))
    api.create(budget(2))
    simulation.until_quiet()
    follow(state, steps)
    assert [row["held"] for row in state["pods"].values()] == ["", ""]
    api.patch("nodes", "", "node-1", {"spec": {"unschedulable": True}})
    follow(state, steps)
    assert {name: row["held"] for name, row in state["pods"].items()} == {"default/here": "keep", "default/there": ""}
    api.patch("poddisruptionbudgets.policy", "default", "keep", {"spec": {"minAvailable": 1}})
    simulation.until_quiet()
    follow(state, steps)
    assert state["pods"]["default/here"]["held"] == ""
    assert state["pods"] == board.state(simulation.world)["pods"]


def test_what_a_deleted_budget_held_is_free() -> None:
    state, steps, simulation = lived()
    api = simulation.user()
    api.create(pod("here", nodeName="node-1"))
    api.create(budget(1))
    simulation.until_quiet()
    api.patch("nodes", "", "node-1", {"spec": {"unschedulable": True}})
    follow(state, steps)
    assert state["pods"]["default/here"]["held"] == "keep"
    api.delete("poddisruptionbudgets.policy", "default", "keep")
    follow(state, steps)
    assert state["pods"]["default/here"]["held"] == ""


def test_nobody_knows_the_pods_of_a_silent_node() -> None:
    state, steps, simulation = lived()
    simulation.user().create(pod("here", nodeName="node-1"))
    simulation.until_quiet()
    simulation.switch("node/node-1", on=False)
    simulation.advance(120_000)
    follow(state, steps)
    assert state["pods"]["default/here"]["mark"] == "unknown"
    assert state["pods"] == board.state(simulation.world)["pods"]
    simulation.switch("node/node-1", on=True)
    simulation.advance(60_000)
    follow(state, steps)
    assert state["pods"]["default/here"]["mark"] != "unknown"


def test_a_tolerated_taint_counts_from_its_beginning() -> None:
    state, steps, simulation = lived()
    api = simulation.user()
    api.create(pod("brief", nodeName="node-1", tolerations=[
        {"key": "heat", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 40}]))
    simulation.until_quiet()
    began = simulation.now
    api.patch("nodes", "", "node-1", {"spec": {"taints": [{"key": "heat", "effect": "NoExecute"}]}})
    simulation.advance(5_000)
    follow(state, steps)
    row = state["pods"]["default/brief"]
    assert row["until"] - row["begun"] == 40_000
    assert 0 <= row["begun"] - began <= 5_000


def test_a_place_is_kept_where_preemption_makes_room() -> None:
    state, steps, simulation = lived()
    api = simulation.user()
    api.create({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "urgent"}, "value": 1000})

    def big(name: str, **more: Any) -> dict[str, Any]:
        return pod(name, containers=[
            {"name": "main", "image": "nginx:1.27", "resources": {"requests": {"cpu": "3"}}}], **more)

    for name in ("a", "b", "c"):
        api.create(big(name))
    simulation.until_quiet()
    api.create(big("vip", priorityClassName="urgent"))
    kept, told = [], []
    for _ in range(60):
        if simulation.step() is None:
            break
        told += [board.event(step)["why"] for step in steps if step.say == "scheduler.preempt"]
        follow(state, steps)
        row = state["pods"]["default/vip"]
        kept.append(row["nominated"])
        if row["node"]:
            break
    node = next(name for name in kept if name)
    assert [why["nominated"] for why in told] == [node]
    assert (kept[-1], state["pods"]["default/vip"]["node"]) == ("", node)
