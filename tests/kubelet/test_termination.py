"""A Pod ends: signals, grace periods, hooks, and the object's last moment."""


def test_it_works(nodes):
    nodes.create()
    nodes.run(10)
    nodes.delete()
    assert nodes.text() == "1/1 Terminating 0"
    steps = nodes.run(5)
    assert nodes.says(steps) == [
        "kubelet.killing", "kubelet.status", "kubelet.exited", "kubelet.completed", "kubelet.sandbox-removed",
        "kubelet.removed",
    ]
    assert not nodes.exists()
    assert nodes.user.hosts("host/containers") == []
    assert nodes.events()[-1] == ("Normal", "Killing", "Stopping container c")


def test_last_status_of_a_server_is_success(nodes):
    nodes.create()
    nodes.run(10)
    nodes.delete()
    nodes.run(0.4)
    assert nodes.pod()["status"]["phase"] == "Succeeded"
    assert nodes.container()["state"]["terminated"]["exitCode"] == 0
    assert nodes.condition("Ready")["reason"] == "PodCompleted"


def test_a_shell_hears_no_signal(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "sleep 3600"])
    nodes.run(10)
    nodes.delete()
    nodes.run(29)
    assert nodes.text() == "1/1 Terminating 0"
    steps = nodes.run(1.2)
    killed = next(step for step in steps if step.say == "kubelet.exited")
    assert killed.args["code"] == 137
    nodes.run(1)
    assert not nodes.exists()


def test_shorter_grace(nodes):
    nodes.create(image="busybox:1", command=["sleep", "3600"])
    nodes.run(10)
    nodes.delete(grace=5)
    nodes.run(4)
    assert nodes.exists()
    nodes.run(2)
    assert not nodes.exists()


def test_grace_that_is_shortened_later(nodes):
    nodes.create(image="busybox:1", command=["sleep", "3600"])
    nodes.run(10)
    nodes.delete()
    nodes.run(5)
    nodes.delete(grace=3)
    nodes.run(4)
    assert not nodes.exists()


def test_pre_stop_counts_as_grace(nodes):
    nodes.create(lifecycle={"preStop": {"sleep": {"seconds": 10}}})
    nodes.run(10)
    nodes.delete()
    nodes.run(9)
    assert nodes.text() == "1/1 Terminating 0"
    nodes.run(3)
    assert not nodes.exists()


def test_pre_stop_longer_than_grace(nodes):
    nodes.create(lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "sleep 100"]}}}, terminationGracePeriodSeconds=5)
    nodes.run(10)
    nodes.delete()
    nodes.run(8)
    assert not nodes.exists()


def test_forced_deletion_leaves_containers_that_are_cleaned_up(nodes):
    nodes.create()
    nodes.run(10)
    nodes.delete(grace=0)
    assert not nodes.exists()
    steps = nodes.run(2)
    assert "kubelet.orphan-removed" in nodes.says(steps)
    assert nodes.user.hosts("host/containers") == []


def test_same_name_again_after_forced_deletion(nodes):
    nodes.create()
    nodes.run(10)
    nodes.delete(grace=0)
    nodes.create()
    nodes.run(10)
    assert nodes.text() == "1/1 Running 0"
    assert len(nodes.user.hosts("host/containers")) == 1


def test_deleted_before_anything_was_done(nodes):
    nodes.create()
    nodes.delete()
    nodes.run(3)
    assert not nodes.exists()


def test_deleted_while_the_sandbox_is_made(nodes):
    nodes.create()
    nodes.run(0.2)
    nodes.delete()
    nodes.run(2)
    assert not nodes.exists()
    assert nodes.user.hosts("host/containers") == []


def test_deleted_in_crash_back_off(nodes):
    nodes.create(image="busybox:1", command=["false"])
    nodes.run(10)
    nodes.delete()
    nodes.run(2)
    assert not nodes.exists()


def test_finalizers_hold_the_object(nodes):
    nodes.create()
    nodes.run(10)
    nodes.user.patch("pods", "default", "web", {"metadata": {"finalizers": ["example.com/hold"]}}, "merge")
    nodes.delete()
    nodes.run(60)
    assert nodes.exists()
    assert nodes.user.hosts("host/containers") == []
    nodes.user.patch("pods", "default", "web", {"metadata": {"finalizers": None}}, "merge")
    assert not nodes.exists()
    assert nodes.run(10) == []


def test_sidecars_stop_last(nodes):
    nodes.create(initContainers=[{"name": "log", "image": "redis", "restartPolicy": "Always"}])
    nodes.run(15)
    nodes.delete()
    killed = [step.args["container"] for step in nodes.run(5) if step.say == "kubelet.killing"]
    assert killed == ["c", "log"]
    assert not nodes.exists()


def test_readiness_goes_on_while_it_terminates(nodes):
    nodes.create(lifecycle={"preStop": {"sleep": {"seconds": 10}}})
    nodes.run(10)
    nodes.delete()
    nodes.run(5)
    assert nodes.condition("Ready")["status"] == "True"


def test_a_pod_that_is_deleted_before_it_began_has_failed(nodes):
    """Its Job holds it back by a finalizer until it knows what became of it."""
    nodes.create()
    pod = nodes.pod()
    nodes.user.update({**pod, "metadata": {**pod["metadata"], "finalizers": ["batch.kubernetes.io/job-tracking"]}})
    nodes.delete()
    nodes.run(5)
    assert nodes.pod()["status"]["phase"] == "Failed"
    nodes.user.patch("pods", "default", "web", {"metadata": {"finalizers": None}}, "merge")
    nodes.run(5)
    assert not nodes.exists()


def test_without_such_a_finalizer_it_is_gone_at_once(nodes):
    nodes.create()
    nodes.delete()
    assert nodes.says(nodes.run(5)) == ["kubelet.removed"]
