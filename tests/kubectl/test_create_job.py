"""`kubectl create job` and `create cronjob`."""

from __future__ import annotations

import pytest

from tests.kubectl.running import console, said


def test_it_works():
    new = console()
    said(new.run("create job one --image=busybox -- sh -c 'sleep 1'"), "job.batch/one created\n")
    said(new.run('create cronjob tick --image=busybox --schedule="0 5 * * *" -- date'), "cronjob.batch/tick created\n")
    said(new.run("create job now --from=cronjob/tick"), "job.batch/now created\n")
    assert [line.split()[0] for line in new.run("get jobs").lines[1:]] == ["now", "one"]
    now = new.run("get job now -o yaml").stdout
    assert "cronjob.kubernetes.io/instantiate: manual" in now
    assert "    kind: CronJob\n    name: tick\n" in now
    assert "blockOwnerDeletion" not in now
    assert "        - date\n" in now


def test_a_job_as_yaml():
    assert console().run("create job one --image=busybox --dry-run=client -o yaml -- sleep 5").stdout == (
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: one\nspec:\n  template:\n    metadata: {}\n    spec:\n"
        "      containers:\n      - command:\n        - sleep\n        - \"5\"\n        image: busybox\n        name: one\n"
        "        resources: {}\n      restartPolicy: Never\nstatus: {}\n"
    )


def test_a_cronjob_as_yaml():
    line = 'create cj tick --image=busybox --schedule="*/5 * * * *" --restart=Never --dry-run=client -o yaml'
    assert console().run(line).stdout == (
        "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: tick\nspec:\n  jobTemplate:\n    metadata:\n      name: tick\n"
        "    spec:\n      template:\n        metadata: {}\n        spec:\n          containers:\n          - image: busybox\n"
        "            name: tick\n            resources: {}\n          restartPolicy: Never\n  schedule: '*/5 * * * *'\n"
        "status: {}\n"
    )


@pytest.mark.parametrize(("line", "error"), [
    ("job one", "error: either --image or --from must be specified"),
    ("job one --image=a --from=cronjob/b", "error: either --image or --from must be specified"),
    ("job one --from=cronjob/b -- date", "error: cannot specify --from and command"),
    ("job one --from=cronjob/nowhere", 'Error from server (NotFound): cronjobs.batch "nowhere" not found'),
    ("job one --from=deployment/web", "error: unknown object type *v1.Deployment"),
    ("cronjob one --image=a", 'error: required flag(s) "schedule" not set'),
    ("cronjob one", 'error: required flag(s) "image", "schedule" not set'),
    ("cronjob one --image=a --schedule='* *'", "expected exactly 5 fields, found 2: [* *]"),
])
def test_refusals(line, error):
    result = console().run(f"create {line}")
    assert result.code == 1
    assert error in result.stderr


def test_the_image_of_a_cronjob():
    new = console()
    new.run('create cronjob tick --image=busybox --schedule="0 5 * * *"')
    said(new.run("set image cronjob/tick tick=busybox:1.36"), "cronjob.batch/tick image updated\n")
    assert "busybox:1.36" in new.run("get cj tick -o wide").stdout
