"""A Job makes its Pods in batches that double, at most 500 in one turn (manageJob)."""

from __future__ import annotations

from tests.controllers.job_lab import Lab


def refusing(lab: Lab, pods: int) -> None:
    """A quota that has room for so many Pods."""
    with lab.cluster.act() as api:
        api.create({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few", "namespace": "default"},
            "spec": {"hard": {"pods": str(pods)}}, "status": {"hard": {"pods": str(pods)}, "used": {"pods": "0"}},
        }, "default")
    quota = lab.cluster.api.read("resourcequotas", "default", "few")
    with lab.cluster.act() as api:
        api.update({**quota, "status": {"hard": {"pods": str(pods)}, "used": {"pods": "0"}}}, subresource="status")


def failures(lab: Lab) -> list[str]:
    return [message for reason, message in lab.events() if reason == "FailedCreate"]


def count(lab: Lab) -> int:
    """How often making a Pod has failed, repeated Events counted."""
    events = lab.cluster.api.list("events", "default")
    return sum(event.get("count") or 1 for event in events if event["reason"] == "FailedCreate")


def test_it_works() -> None:
    lab = Lab()
    lab.job(5, runs=None, parallelism=20, completions=20)
    assert len(lab.running) == 20
    assert failures(lab) == []


def test_a_batch_is_tried_to_its_end_and_no_further_one() -> None:
    """1, 2, 4: with room for three Pods all four of the third batch are tried; the rest is skipped."""
    lab = Lab()
    refusing(lab, 3)
    lab.job(0.5, runs=None, parallelism=20, completions=20)
    assert len(lab.running) == 3
    assert count(lab) == 4


def test_the_first_failure_of_all_is_one() -> None:
    lab = Lab()
    refusing(lab, 0)
    lab.job(0.5, runs=None, parallelism=20, completions=20)
    assert (len(lab.running), count(lab)) == (0, 1)


def test_indexes_of_a_batch_are_all_tried() -> None:
    lab = Lab()
    refusing(lab, 1)
    lab.job(0.5, runs=None, parallelism=5, completions=5, completionMode="Indexed")
    assert len(lab.running) == 1
    assert {message.split('"')[1] for message in failures(lab)} == {"j-1-", "j-2-"} or count(lab) == 2


def test_at_most_500_in_a_turn() -> None:
    """The turn ends with its status, and the rest comes with the next one."""
    lab = Lab()
    says: list[str] = []
    lab.cluster.on_step = lambda step: says.append(step.say) if step.say.startswith("job.") else None
    lab.job(0, runs=None, parallelism=510, completions=510)
    while says.count("job.create-pod") < 510:
        lab.cluster.step()
    turns = [sum(1 for say in part if say == "job.create-pod") for part in _split(says, "job.status")]
    assert [made for made in turns if made] == [500, 10]


def _split(says: list[str], end: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for say in says:
        parts[-1].append(say)
        if say == end:
            parts.append([])
    return parts
