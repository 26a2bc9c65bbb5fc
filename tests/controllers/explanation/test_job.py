"""Why a Job waits or has ended, and why a CronJob starts none."""

from __future__ import annotations

from typing import Any

from cluster.simulation.simulation import Simulation
from tests.controllers.explanation.told import about, decided, document, keys, new, rows, said, template

JOBS, CRONJOBS = "jobs.batch", "cronjobs.batch"


def job(script: str, **spec: Any) -> dict[str, Any]:
    command = ["sh", "-c", script]
    return document("batch/v1", "Job", "sum", **{
        "template": template("busybox:1.36", command=command, restartPolicy="Never"), **spec})


def lived(seconds: float, script: str, **spec: Any) -> Simulation:
    simulation = new()
    simulation.user().create(job(script, **spec))
    simulation.advance(round(seconds * 1000))
    return simulation


def test_it_works() -> None:
    answer = about(lived(6, "sleep 60", completions=3, parallelism=2), JOBS, "sum")
    assert said(answer, "sum") == [
        "3 completions − 0 succeeded = 3; at most 2 at a time, so 2 ought to run and 2 do."]
    assert said(answer, "waits") == ["2 Pods run: it waits for their end."]


def test_the_back_off_ends_when_it_says() -> None:
    simulation = lived(8, "exit 3", backoffLimit=4)
    answer = about(simulation, JOBS, "sum")
    (wait,) = [found for found in answer["words"] if found["key"] == "job.backs-off"]
    assert wait["args"]["failures"] == 1
    left = round(float(wait["args"]["seconds"]) * 1000)
    made = next(step for step in simulation.advance(left + 1_500) if step.say == "job.create-pod")
    assert 0 <= made.at - answer["now"] - left < 1_200
    assert rows(answer)[0][3:5] == ["3", "yes"]
    assert "1 of the 4 failures that backoffLimit allows." in said(answer, "sum")


def test_a_back_off_holds_parallel_pods_too() -> None:
    simulation = lived(8, "exit 3", parallelism=3, completions=3)
    answer = about(simulation, JOBS, "sum")
    assert "job.backs-off" in keys(answer)
    assert any("parallel Pods are not made either" in text for text in said(answer, "sum"))


def test_it_has_failed() -> None:
    answer = about(lived(30, "exit 3", backoffLimit=0), JOBS, "sum")
    assert said(answer, "state") == ["sum has failed: 0 succeeded, 1 failed."]
    assert "BackoffLimitExceeded: Job has reached the specified backoff limit" in said(answer, "sum")
    assert not answer["waits"]


def test_the_rule_that_matched() -> None:
    rules = [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [3]}}]
    answer = about(lived(8, "exit 3", podFailurePolicy={"rules": rules}), JOBS, "sum")
    assert rows(answer)[0][-2:] == ["no", "rule 0 of the podFailurePolicy: Ignore"]


def test_a_rule_that_fails_the_job() -> None:
    rules = [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [3]}}]
    answer = about(lived(30, "exit 3", podFailurePolicy={"rules": rules}), JOBS, "sum")
    assert any(text.startswith("PodFailurePolicy: Container main for pod default/sum-") for text in said(answer, "sum"))


def test_suspended() -> None:
    answer = about(lived(3, "exit 0", suspend=True), JOBS, "sum")
    assert said(answer, "waits") == ["It is suspended: nothing runs, and its deadline does not count."]


def test_a_deadline() -> None:
    answer = about(lived(6, "sleep 100", activeDeadlineSeconds=40), JOBS, "sum")
    assert any("(activeDeadlineSeconds 40)" in text for text in said(answer, "next"))


def test_a_work_queue() -> None:
    answer = about(lived(6, "sleep 100", parallelism=2), JOBS, "sum")
    assert "job.queue" in keys(answer)


def test_indexes_back_off_for_themselves() -> None:
    simulation = lived(8, "exit 3", completions=2, parallelism=2, completionMode="Indexed", backoffLimitPerIndex=3)
    answer = about(simulation, JOBS, "sum")
    assert [found["args"]["index"] for found in answer["words"] if found["key"] == "job.index-backs-off"] == [0, 1]


# --- CronJobs ----------------------------------------------------------------------------------------------------


def cron(simulation: Simulation, script: str = "exit 0", **spec: Any) -> None:
    simulation.user().create(document("batch/v1", "CronJob", "each", **{
        "schedule": "* * * * *", "jobTemplate": {"spec": job(script)["spec"]}, **spec}))


def test_the_next_time_comes_when_it_says() -> None:
    simulation = new()
    cron(simulation)
    simulation.until_quiet()
    (found,) = [one for one in about(simulation, CRONJOBS, "each")["words"] if one["key"] == "cronjob.next"]
    steps = simulation.advance(70_000)
    made = next(step for step in steps if step.say == "cronjob.create-job")
    assert found["args"]["due"] == "2026-01-01T00:01:00Z"
    assert 60_000 <= made.at < 60_400


def test_forbid() -> None:
    simulation = new()
    cron(simulation, "sleep 200", concurrencyPolicy="Forbid")
    simulation.advance(130_000)
    answer = about(simulation, CRONJOBS, "each")
    assert said(answer, "waits")[0].startswith("Thu, 01 Jan 2026 00:02:00")
    assert "concurrencyPolicy Forbid lets no second Job run beside each-" in said(answer, "waits")[0]


def test_too_late() -> None:
    simulation = new()
    simulation.switch("cronjob-controller", on=False)
    cron(simulation, startingDeadlineSeconds=200)
    simulation.advance(150_000)
    assert "controller.off" in keys(about(simulation, CRONJOBS, "each"))
    assert "cronjob.due" in keys(about(simulation, CRONJOBS, "each"))


def test_a_suspended_cronjob() -> None:
    simulation = new()
    cron(simulation, suspend=True)
    assert "cronjob.suspended" in keys(about(simulation, CRONJOBS, "each"))


def test_why_one_pod_too_many_goes() -> None:
    simulation = lived(6, "sleep 100", completions=4, parallelism=4)
    simulation.user().patch(JOBS, "default", "sum", {"spec": {"parallelism": 2}})
    steps = simulation.advance(5_000)
    told = decided(steps, "job.delete-surplus")
    assert told[0].startswith("More Pods ran than the Job needs")
    kept = told[-1].removesuffix(" is the first that stays.")
    assert kept in {pod["metadata"]["name"] for pod in simulation.api.list("pods", "default")}
