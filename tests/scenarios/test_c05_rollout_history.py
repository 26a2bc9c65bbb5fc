"""C5: revisions of a Deployment: history, undo, pause and resume."""

from cluster.objects.kinds import replicaset as replicasets
from tests.support.scenario import Scenario


def started() -> Scenario:
    """A Deployment that has gone through three images."""
    cluster = Scenario()
    cluster.run("create deployment web --image=nginx:1.26 --replicas=2")
    cluster.quiet()
    for image in ("nginx:1.27", "nginx:1.28"):
        cluster.run(f"set image deployment/web nginx={image}")
        cluster.quiet()
    return cluster


def revisions(cluster: Scenario) -> dict[int, str]:
    return {
        replicasets.revision(one): one["spec"]["template"]["spec"]["containers"][0]["image"]
        for one in cluster.objects("replicasets.apps", "app=web")
    }


def images(cluster: Scenario) -> set[str]:
    return {pod["spec"]["containers"][0]["image"] for pod in cluster.pods("app=web")}


def test_it_works():
    cluster = started()
    assert revisions(cluster) == {1: "nginx:1.26", 2: "nginx:1.27", 3: "nginx:1.28"}
    listed = [line.split()[0] for line in cluster.run("rollout history deployment/web").lines if line[:1].isdigit()]
    assert listed == ["1", "2", "3"]
    assert "nginx:1.27" in cluster.run("rollout history deployment/web --revision=2").stdout


def test_undo_makes_a_new_revision_and_the_old_number_is_gone():
    cluster = started()
    cluster.run("rollout undo deployment/web")
    cluster.quiet()
    assert images(cluster) == {"nginx:1.27"}
    assert revisions(cluster) == {1: "nginx:1.26", 3: "nginx:1.28", 4: "nginx:1.27"}
    assert len(cluster.objects("replicasets.apps", "app=web")) == 3


def test_undo_to_a_revision():
    cluster = started()
    cluster.run("rollout undo deployment/web --to-revision=1")
    cluster.quiet()
    assert images(cluster) == {"nginx:1.26"}
    assert sorted(revisions(cluster)) == [2, 3, 4]
    said = cluster.run("rollout undo deployment/web --to-revision=4").stdout
    assert "skipped rollback (current template already matches revision 4)" in said
    assert "unable to find specified revision 9" in cluster.refused("rollout undo deployment/web --to-revision=9")


def test_changes_while_paused_become_one_revision():
    cluster = started()
    cluster.run("rollout pause deployment/web")
    cluster.run("set image deployment/web nginx=nginx:1.29")
    cluster.run("set resources deployment/web --requests=cpu=50m")
    cluster.advance(60)
    assert images(cluster) == {"nginx:1.28"}
    assert cluster.condition("deployments.apps/web", "Progressing")["reason"] == "DeploymentPaused"
    # What is paused can be scaled all the same.
    cluster.run("scale deployment web --replicas=3")
    cluster.quiet()
    assert len(cluster.ready("app=web")) == 3
    cluster.run("rollout resume deployment/web")
    cluster.quiet()
    assert images(cluster) == {"nginx:1.29"} and max(revisions(cluster)) == 4
    assert {pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] for pod in cluster.pods("app=web")} == {"50m"}


def test_scaling_makes_no_revision_and_restart_does():
    cluster = started()
    cluster.run("scale deployment web --replicas=4")
    cluster.quiet()
    assert max(revisions(cluster)) == 3
    before = set(cluster.ready("app=web"))
    cluster.run("rollout restart deployment/web")
    cluster.quiet()
    assert max(revisions(cluster)) == 4 and not before & set(cluster.ready("app=web"))


def test_only_so_many_revisions_are_kept():
    cluster = started()
    cluster.run("patch deployment web -p '{\"spec\":{\"revisionHistoryLimit\":1}}'")
    cluster.quiet()
    assert revisions(cluster) == {2: "nginx:1.27", 3: "nginx:1.28"}
