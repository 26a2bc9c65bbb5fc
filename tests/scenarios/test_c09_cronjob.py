"""C9: a CronJob makes Jobs at their times: what it does when one still runs, and how many it keeps."""

from datetime import datetime

from cluster.objects import metadata, times
from cluster.objects.kinds import job as jobs
from tests.support.scenario import Scenario


def cronjob(script: str = "sleep 5", more: str = "", schedule: str = "* * * * *") -> str:
    return f"""
apiVersion: batch/v1
kind: CronJob
metadata: {{name: tick}}
spec:
  schedule: "{schedule}"
  {more}
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{{name: c, image: busybox, command: [sh, -c, "{script}"]}}]
"""


def this_minute(cluster: Scenario) -> str:
    """The name of the Job of this minute: minutes since 1970."""
    now = datetime.fromisoformat(times.rfc3339(cluster.simulation.now))
    return f"tick-{int(now.timestamp()) // 60}"


def names(cluster: Scenario) -> list[str]:
    return [metadata.name(job) for job in cluster.objects("jobs.batch")]


def running(cluster: Scenario) -> list[str]:
    return [metadata.name(job) for job in cluster.objects("jobs.batch") if not jobs.end(job)]


def test_it_works():
    """A Job at each full minute, named after the minute."""
    cluster = Scenario()
    cluster.apply(cronjob())
    made = cluster.when(lambda: names(cluster), within=61)
    assert cluster.simulation.now % 60_000 < 1_000, made
    (name,) = names(cluster)
    assert name == this_minute(cluster)
    cluster.advance(30)
    assert jobs.end(cluster.get(f"jobs.batch/{name}")) == "Complete"
    assert cluster.get("cronjobs.batch/tick")["status"].get("lastSuccessfulTime")


def test_three_successes_and_one_failure_are_kept():
    cluster = Scenario()
    cluster.apply(cronjob())
    cluster.advance(8 * 60)
    assert len([job for job in cluster.objects("jobs.batch") if jobs.end(job) == "Complete"]) == 3
    assert len(cluster.objects("pods")) <= 4
    other = Scenario()
    other.apply(cronjob("exit 1").replace("    spec:\n      template:", "    spec:\n      backoffLimit: 0\n      template:"))
    other.advance(6 * 60 + 30)
    assert len([job for job in other.objects("jobs.batch") if jobs.end(job) == "Failed"]) == 1


def test_allow_lets_them_overlap():
    cluster = Scenario()
    cluster.apply(cronjob("sleep 150"))
    cluster.advance(5 * 60)
    assert len(running(cluster)) >= 2


def test_forbid_skips_while_one_runs():
    cluster = Scenario()
    most: list[int] = []
    cluster.always(lambda: most.append(len(running(cluster))))
    cluster.apply(cronjob("sleep 150", "concurrencyPolicy: Forbid"))
    cluster.advance(8 * 60)
    assert max(most) == 1
    assert len(cluster.objects("jobs.batch")) < 5
    assert cluster.events("JobAlreadyActive")


def test_replace_stops_the_one_that_runs():
    cluster = Scenario()
    cluster.apply(cronjob("sleep 600", "concurrencyPolicy: Replace"))
    cluster.when(lambda: names(cluster), within=61)
    (first,) = names(cluster)
    cluster.advance(100)
    assert first not in names(cluster) and len(running(cluster)) == 1


def test_suspended_it_makes_none_and_what_runs_goes_on():
    cluster = Scenario()
    cluster.apply(cronjob("sleep 90"))
    cluster.when(lambda: names(cluster), within=61)
    cluster.run("patch cronjob tick -p '{\"spec\":{\"suspend\":true}}'")
    cluster.advance(10 * 60)
    (only,) = cluster.objects("jobs.batch")
    assert jobs.end(only) == "Complete"


def test_missed_times_are_made_up_for_once():
    """While its controller is off nothing happens; then only the last missed time is run."""
    cluster = Scenario()
    cluster.apply(cronjob())
    cluster.run("simulate component off cronjob-controller")
    cluster.advance(20 * 60)
    assert not names(cluster)
    cluster.run("simulate component on cronjob-controller")
    cluster.advance(1)
    assert names(cluster) == [this_minute(cluster)]


def test_with_a_deadline_a_late_one_is_missed():
    cluster = Scenario()
    cluster.apply(cronjob(more="startingDeadlineSeconds: 10", schedule="0 * * * *"))
    cluster.run("simulate component off cronjob-controller")
    cluster.advance(3600 + 20 * 60)
    cluster.run("simulate component on cronjob-controller")
    cluster.advance(60)
    assert not names(cluster)


def test_a_time_zone_is_kept():
    cluster = Scenario()
    cluster.apply(cronjob(more='timeZone: "Asia/Shanghai"', schedule="30 9 * * *"))
    cluster.when(lambda: names(cluster), within=25 * 3600)
    assert times.rfc3339(cluster.simulation.now)[11:16] == "01:30"


def test_a_job_by_hand():
    cluster = Scenario()
    cluster.apply(cronjob(schedule="0 0 1 1 *"))
    cluster.run("create job now --from=cronjob/tick")
    cluster.quiet()
    assert jobs.end(cluster.get("jobs.batch/now")) == "Complete"


def test_deleting_all_of_them_takes_their_jobs_and_pods_along():
    """The CronJobs of this namespace; Jobs and Pods follow by garbage collection."""
    cluster = Scenario()
    cluster.apply(cronjob())
    cluster.run("create namespace other")
    cluster.apply(cronjob(), "other")
    cluster.advance(3 * 60)
    assert names(cluster)
    cluster.run("delete cronjob --all")
    cluster.advance(30)
    assert not names(cluster) and not cluster.objects("pods")
    assert cluster.objects("cronjobs.batch", namespace="other")


def test_a_schedule_that_is_none_is_refused():
    cluster = Scenario()
    said = cluster.refused("apply -f a.yaml", a_yaml=cronjob(schedule="61 * * * *"))
    assert 'spec.schedule: Invalid value: "61 * * * *"' in said
