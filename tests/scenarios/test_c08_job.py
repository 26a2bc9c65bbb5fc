"""C8: a Job: so many successes, so many at a time, and what happens when its Pods fail."""

from itertools import pairwise

from cluster.objects import metadata
from cluster.objects.kinds import pod as pods
from tests.support.scenario import Scenario


def job(spec: str, script: str = "sleep 5", restart: str = "Never") -> str:
    return f"""
apiVersion: batch/v1
kind: Job
metadata: {{name: work}}
spec:
  {spec}
  template:
    spec:
      restartPolicy: {restart}
      containers: [{{name: c, image: busybox, command: [sh, -c, "{script}"]}}]
"""


def pods_of(cluster: Scenario) -> list[dict]:
    return cluster.objects("pods", "batch.kubernetes.io/job-name=work")


def most_at_once(cluster: Scenario) -> list[int]:
    found = [0]

    def note() -> None:
        found[0] = max(found[0], sum(map(pods.is_active, pods_of(cluster))))

    cluster.always(note)
    return found


def test_it_works():
    """The Pod ends, and stays to be looked at."""
    cluster = Scenario()
    cluster.apply(job("completions: 1"))
    done = cluster.when(lambda: cluster.condition("jobs.batch/work", "Complete").get("status") == "True", within=60)
    assert 5 <= done <= 20
    (pod,) = pods_of(cluster)
    assert pods.phase(pod) == "Succeeded"
    assert cluster.condition("jobs.batch/work", "Complete")["reason"] == "CompletionsReached"
    cluster.advance(3600)
    assert pods_of(cluster) == [cluster.get(f"pods/{metadata.name(pod)}")]


def test_completions_and_parallelism():
    cluster = Scenario()
    most = most_at_once(cluster)
    cluster.apply(job("completions: 5\n  parallelism: 2"))
    cluster.quiet()
    assert cluster.get("jobs.batch/work")["status"]["succeeded"] == 5
    assert len(pods_of(cluster)) == 5 and most[0] == 2


def test_indexed_each_has_its_number():
    cluster = Scenario()
    cluster.apply(job("completions: 3\n  parallelism: 3\n  completionMode: Indexed"))
    cluster.quiet()
    assert cluster.get("jobs.batch/work")["status"]["completedIndexes"] == "0-2"
    numbers = {metadata.annotations(pod)["batch.kubernetes.io/job-completion-index"] for pod in pods_of(cluster)}
    assert numbers == {"0", "1", "2"}
    assert {pod["spec"]["hostname"] for pod in pods_of(cluster)} == {"work-0", "work-1", "work-2"}


def test_failed_pods_are_replaced_after_10_20_40_seconds_until_the_limit():
    cluster = Scenario()
    cluster.apply(job("backoffLimit: 3", "exit 1"))
    cluster.when(lambda: cluster.condition("jobs.batch/work", "Failed").get("status") == "True", within=600)
    assert cluster.condition("jobs.batch/work", "Failed")["reason"] == "BackoffLimitExceeded"
    assert len(pods_of(cluster)) == 4 and {pods.phase(pod) for pod in pods_of(cluster)} == {"Failed"}
    begun = sorted(cluster_time(pod["metadata"]["creationTimestamp"]) for pod in pods_of(cluster))
    waits = [later - earlier for earlier, later in pairwise(begun)]
    for wait, least in zip(waits, (10, 20, 40), strict=True):
        assert least <= wait <= least + 8, waits


def cluster_time(text: str) -> int:
    hours, minutes, seconds = text[11:19].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def test_on_failure_restarts_in_the_same_pod():
    cluster = Scenario()
    cluster.apply(job("backoffLimit: 6", "sleep 1; exit 1", "OnFailure"))
    cluster.advance(45)
    (pod,) = pods_of(cluster)
    assert pods.restarts(pod) >= 2
    cluster.advance(3600)
    assert cluster.condition("jobs.batch/work", "Failed")["reason"] == "BackoffLimitExceeded"


def test_a_deadline_ends_it_even_while_it_works():
    cluster = Scenario()
    cluster.apply(job("activeDeadlineSeconds: 20", "sleep 1000"))
    failed = cluster.when(lambda: cluster.condition("jobs.batch/work", "Failed").get("status") == "True", within=120)
    # Its Pod has 30 s to end.
    assert 20 <= failed <= 55
    assert cluster.condition("jobs.batch/work", "Failed")["reason"] == "DeadlineExceeded"
    assert not [pod for pod in pods_of(cluster) if pods.is_active(pod)]


def test_a_policy_may_give_up_at_once():
    rules = "podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]}"
    cluster = Scenario()
    cluster.apply(job(f"backoffLimit: 6\n  {rules}", "exit 42"))
    cluster.quiet()
    assert cluster.condition("jobs.batch/work", "Failed")["reason"] == "PodFailurePolicy"
    assert len(pods_of(cluster)) == 1


def test_suspend_stops_its_pods_and_resume_begins_anew():
    cluster = Scenario()
    cluster.apply(job("parallelism: 2\n  completions: 2", "sleep 60"))
    cluster.advance(20)
    cluster.run("patch job work -p '{\"spec\":{\"suspend\":true}}'")
    cluster.advance(60)
    assert not pods_of(cluster)
    assert cluster.condition("jobs.batch/work", "Suspended")["status"] == "True"
    cluster.run("patch job work -p '{\"spec\":{\"suspend\":false}}'")
    cluster.advance(90)
    assert cluster.get("jobs.batch/work")["status"]["succeeded"] == 2


def test_it_goes_by_itself_when_told_how_long_to_stay():
    cluster = Scenario()
    cluster.apply(job("ttlSecondsAfterFinished: 30"))
    ended = cluster.when(lambda: cluster.condition("jobs.batch/work", "Complete").get("status") == "True", within=60)
    gone = cluster.when(lambda: cluster.find("jobs.batch/work") is None and not pods_of(cluster), within=120)
    assert 29 <= gone - ended <= 35


def test_always_is_no_policy_for_a_job():
    cluster = Scenario()
    said = cluster.refused("apply -f a.yaml", a_yaml=job("completions: 1", restart="Always"))
    assert 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"' in said
    assert cluster.find("jobs.batch/work") is None
