"""Which pods are taken for alike."""

import pytest

from cluster.scheduler.arrays.template import Templates
from tests.scheduler.builders import container, pod


def test_it_works():
    templates = Templates()
    one, other = pod("one", container(cpu="1")), pod("other", container(cpu="1"))

    assert templates.of(one) is templates.of(other)
    assert templates.of(one).requests == {"cpu": 1000}


@pytest.mark.parametrize("different", [
    {"priority": 1}, {"tolerations": [{"operator": "Exists"}]}, {"nodeSelector": {"a": "b"}},
    {"affinity": {"podAffinity": {}}}, {"topologySpreadConstraints": [{"maxSkew": 1}]},
    {"overhead": {"cpu": "1"}}, {"resources": {"requests": {"cpu": "2"}}}, {"initContainers": [container(cpu="2")]},
    {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]},
])
def test_what_matters_makes_another_template(different):
    templates = Templates()
    one = pod("one", container(cpu="1"))
    other = {**one, "spec": {**one["spec"], **different}}

    assert templates.of(one) is not templates.of(other)
    assert templates.of(other) is templates.of({**other, "spec": dict(other["spec"])})


@pytest.mark.parametrize("changed", [
    {"labels": {"app": "web"}}, {"namespace": "other"}, {"deletionTimestamp": "2026-01-01T00:00:00Z"},
])
def test_metadata_that_matters_makes_another_template(changed):
    templates = Templates()
    one = pod("one")
    other = {**one, "metadata": {**one["metadata"], **changed}}

    assert templates.of(one) is not templates.of(other)
    assert templates.of(one) is templates.of({**one, "metadata": {**one["metadata"], "uid": "another"}})


def test_the_volume_of_the_token_does_not_matter():
    templates = Templates()
    volumes = [[{"name": f"kube-api-access-{suffix}", "projected": {}}] for suffix in ("abcde", "fghij")]

    assert templates.of(pod("one", volumes=volumes[0])) is templates.of(pod("other", volumes=volumes[1]))


def test_a_resized_pod_is_no_example_for_others():
    """Its containers really have more than the template asks for; a pod that shares the containers has not."""
    templates = Templates()
    plain = pod("one", container(cpu="1"))
    resources = {"requests": {"cpu": "3"}}
    resized = {**plain, "status": {"phase": "Running", "containerStatuses": [{"name": "c", "resources": resources}]}}

    assert templates.of(resized).requests == {"cpu": 3000}
    assert templates.of(plain).requests == {"cpu": 1000}
    assert templates.of(resized).requests == {"cpu": 3000}
