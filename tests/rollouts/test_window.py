"""Which stretch of history is one rollout."""

import itertools

import pytest

from cluster.objects.kinds import deployment as deployments
from cluster.rollouts.window import LEAD, Moment, window
from tests.support.console import Console
from tests.support.rollouts import cluster, deployment

WEB = ("deployments.apps", ("default", "web"))


IMAGES = ("nginx:1.27", "nginx:1.28")


def written(steps):
    """The writes to the Deployment."""
    return [
        Moment(step.revision, step.at, change.new)
        for step in steps for change in step.changes if (change.table, change.key) == WEB
    ]


@pytest.fixture
def story():
    """A Deployment that is made, gets two other images and then another size; and the writes to it."""
    simulation, steps = cluster()
    deployment(simulation, replicas=2)
    marks = [simulation.revision]
    for line in (*(f"set image deployment/web nginx={image}" for image in IMAGES), "scale deployment/web --replicas=4"):
        simulation.advance(20_000)
        Console(simulation).run(line)
        simulation.until_quiet()
        marks.append(simulation.revision)
    return written(steps), marks


def test_it_works(story):
    """Each change of a settled workload begins a stretch; it lasts until the next one."""
    history, marks = story
    found = [window(history, mark) for mark in marks]
    assert [one.after < mark for one, mark in zip(found, marks, strict=True)] == [True] * 4
    for one, following in itertools.pairwise(found):
        assert one.until == following.after
        assert one.began < following.began
    assert found[-1].until is None
    assert len({one.after for one in found}) == 4


def test_in_the_middle_of_a_rollout(story):
    history, marks = story
    whole = window(history, marks[1])
    assert window(history, whole.after + 1) == whole
    assert window(history, whole.after) == window(history, marks[0])


def test_a_second_template_belongs_to_the_rollout_under_way():
    simulation, steps = cluster()
    deployment(simulation, replicas=4)
    simulation.advance(20_000)
    Console(simulation).run("set image deployment/web nginx=nginx:1.27")
    first = simulation.revision
    simulation.advance(1_000)
    Console(simulation).run("set image deployment/web nginx=nginx:1.28")
    simulation.until_quiet()
    history = written(steps)
    found = window(history, simulation.revision)
    assert (found.after, found.until) == (first - 1, None)


def test_other_limits_begin_nothing(story):
    """Another strategy of a settled workload moves no Pod: the rollout before stays in the picture."""
    history, marks = story
    last = history[-1]
    document = deployments.default({**last.document, "spec": {**last.document["spec"], "strategy": {"type": "Recreate"}}})
    document = {**document, "metadata": {**document["metadata"], "generation": 99}}
    moved = [*history, Moment(last.revision + 5, last.at + 5, document)]
    assert window(moved, last.revision + 5).after == window(history, marks[-1]).after


def test_the_calm_before(story):
    """A little of what was before is shown, but nothing of the rollout before."""
    history, marks = story
    found = window(history, marks[1])
    assert found.began - LEAD == found.calm
    assert window(history, marks[0]).calm == window(history, marks[0]).began
    near = [moment._replace(at=moment.at if moment.revision > found.after else found.began - 200) for moment in history]
    assert window(near, marks[1]).calm == found.began - 200


def test_a_lost_pod_begins_a_stretch():
    simulation, steps = cluster()
    deployment(simulation, replicas=3)
    simulation.advance(20_000)
    before = simulation.revision
    pod = simulation.api.list("pods", "default")[0]["metadata"]["name"]
    Console(simulation).run(f"delete pod {pod} --wait=false")
    simulation.until_quiet()
    history = written(steps)
    assert window(history, simulation.revision).after >= before


def test_nothing_is_known():
    assert window([], 7) is None
