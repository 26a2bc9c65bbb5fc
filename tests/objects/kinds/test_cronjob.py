"""CronJobs: what the server fills in, what it refuses, what a table shows."""

from __future__ import annotations

from typing import Any

import pytest

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.apiserver.errors import APIError
from cluster.apiserver.server import APIServer
from cluster.apiserver.state import Etcd, World
from cluster.objects.documents import Document, with_value
from cluster.objects.registry import REGISTRY

POD = {"restartPolicy": "OnFailure", "containers": [{"name": "c", "image": "busybox:1"}]}


@pytest.fixture
def server() -> APIServer:
    api = APIServer(Etcd(World()))
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    return api


def cronjob(template: Document | None = None, **spec: Any) -> Document:
    whole = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": POD}, **(template or {})}}, **spec}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c", "namespace": "default"}, "spec": whole}


def test_it_works(server: APIServer) -> None:
    made = server.create(cronjob())
    spec = made["spec"]
    assert (spec["concurrencyPolicy"], spec["suspend"]) == ("Allow", False)
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 1)
    # The template's Pods get their defaults, the Job itself only when it is made.
    assert spec["jobTemplate"]["spec"].keys() == {"template"}
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 30
    assert made["status"] == {}


@pytest.mark.parametrize(("spec", "complaint"), [
    ({"schedule": ""}, "spec.schedule: Required value"),
    ({"schedule": "61 * * * *"}, 'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61'),
    ({"schedule": "TZ=UTC 0 5 * * *"}, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"),
    ({"timeZone": ""}, "timeZone must be nil or non-empty string"),
    ({"timeZone": "Local"}, "timeZone must be an explicit time zone"),
    ({"timeZone": "Mars/Olympus"}, 'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'),
    ({"concurrencyPolicy": "Maybe"}, 'Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"'),
    ({"startingDeadlineSeconds": -1}, "spec.startingDeadlineSeconds: Invalid value: -1"),
    ({"failedJobsHistoryLimit": -1}, "spec.failedJobsHistoryLimit: Invalid value: -1"),
    ({"template": {"selector": {}}}, "`selector` will be auto-generated"),
    ({"template": {"manualSelector": True}}, 'supported values: "nil", "false"'),
    ({"template": {"backoffLimit": -1}}, "spec.jobTemplate.spec.backoffLimit: Invalid value: -1"),
    ({"template": {"template": {"spec": {**POD, "restartPolicy": "Always"}}}},
     'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'),
])
def test_refusals(server: APIServer, spec: Document, complaint: str) -> None:
    with pytest.raises(APIError) as refusal:
        server.create(cronjob(**spec))
    assert complaint in refusal.value.message


def test_names_leave_room_for_those_of_the_jobs(server: APIServer) -> None:
    with pytest.raises(APIError, match="must be no more than 52 characters"):
        server.create(with_value(cronjob(), ("metadata", "name"), "a" * 53))
    assert server.create(with_value(cronjob(), ("metadata", "name"), "a" * 52))


def test_table() -> None:
    meta = {"name": "c", "creationTimestamp": "2026-01-01T00:00:00Z"}
    document = {**cronjob(timeZone="Etc/UTC", suspend=True), "metadata": meta, "status": {}}
    row = [column.value(document, 65_000) for column in REGISTRY["cronjobs.batch"].columns]
    assert row == ["c", "* * * * *", "Etc/UTC", "True", "0", "<none>", "65s", "c", "busybox:1", "<none>"]
    status = {"active": [{}, {}], "lastScheduleTime": "2026-01-01T00:01:00Z"}
    row = [column.value({**document, "status": status}, 65_000) for column in REGISTRY["cronjobs.batch"].columns]
    assert row[4:6] == ["2", "5s"]
