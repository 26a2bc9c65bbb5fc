"""Containers that end: restart policies, crash back-off, phases."""

from itertools import pairwise


def test_it_works(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "sleep 2; exit 3"])
    nodes.run(4)
    assert nodes.text() == "1/1 Running 1"  # the first restart is immediate
    nodes.run(3)
    assert nodes.text() == "0/1 CrashLoopBackOff 1"
    status = nodes.container()
    uid = nodes.pod()["metadata"]["uid"]
    assert status["state"]["waiting"]["message"] == (
        f"back-off 10s restarting failed container=c pod=web_default({uid})"
    )
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert status["lastState"]["terminated"]["reason"] == "Error"
    assert ("Warning", "BackOff", f"Back-off restarting failed container c in pod web_default({uid})") in nodes.events()
    assert nodes.pod()["status"]["phase"] == "Running"


def test_back_off_doubles_up_to_five_minutes(nodes):
    nodes.create(image="busybox:1", command=["false"])
    starts = [step.at for step in nodes.run(1500) if step.say == "kubelet.crashed"]
    gaps = [round((later - earlier) / 1000) for earlier, later in pairwise(starts)]
    assert gaps == [0, 10, 20, 40, 80, 160, 300, 300, 300]


def test_back_off_is_forgotten_after_ten_minutes(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "sleep 601; exit 1"])
    nodes.run(2 * 601 + 5)
    assert nodes.text() == "1/1 Running 2"
    nodes.run(601)
    assert nodes.text() == "1/1 Running 3"


def test_a_shell_without_a_terminal_ends_at_once(nodes):
    nodes.create(image="busybox")
    nodes.run(10)
    assert nodes.text() == "0/1 CrashLoopBackOff 1"
    assert nodes.container()["lastState"]["terminated"]["reason"] == "Completed"


def test_never(nodes):
    nodes.create(image="busybox:1", command=["sh", "-c", "sleep 5; exit 2"], restartPolicy="Never")
    nodes.run(20)
    assert nodes.text() == "0/1 Error 0"
    assert nodes.pod()["status"]["phase"] == "Failed"
    assert nodes.condition("Ready")["reason"] == "PodFailed"


def test_success(nodes):
    nodes.create(image="busybox:1", command=["sleep", "5"], restartPolicy="OnFailure")
    nodes.run(20)
    assert nodes.text() == "0/1 Completed 0"
    assert nodes.pod()["status"]["phase"] == "Succeeded"
    for kind, status in (("Initialized", "True"), ("Ready", "False"), ("ContainersReady", "False")):
        assert (nodes.condition(kind)["status"], nodes.condition(kind)["reason"]) == (status, "PodCompleted")
    assert nodes.condition("PodReadyToStartContainers")["status"] == "False"


def test_on_failure_starts_again(nodes):
    nodes.create(image="busybox:1", command=["false"], restartPolicy="OnFailure")
    nodes.run(5)
    assert nodes.text() == "0/1 CrashLoopBackOff 1"


def test_completed_pod_is_deleted_at_once(nodes):
    nodes.create(image="busybox:1", command=["true"], restartPolicy="Never")
    nodes.run(10)
    nodes.delete()
    assert not nodes.exists()
    nodes.run(1)
    assert not nodes.user.hosts("host/containers")


def test_one_of_two_ends(nodes):
    nodes.create(restartPolicy="Never", containers=[
        {"name": "web", "image": "nginx"}, {"name": "job", "image": "busybox:1", "command": ["false"]},
    ])
    nodes.run(20)
    assert nodes.pod()["status"]["phase"] == "Running"
    assert nodes.condition("Ready")["message"] == "containers with unready status: [job]"


def test_command_that_does_not_exist(nodes):
    nodes.create(image="busybox:1", command=["nosuchcommand"])
    nodes.run(1.2)
    waiting = nodes.container()["state"]["waiting"]
    assert waiting["reason"] == "RunContainerError"
    assert waiting["message"].endswith('exec: "nosuchcommand": executable file not found in $PATH')
    nodes.run(10)
    assert nodes.text().startswith("0/1 CrashLoopBackOff")
    assert nodes.container()["lastState"]["terminated"]["exitCode"] == 128
    assert nodes.container()["lastState"]["terminated"]["reason"] == "StartError"


def test_database_without_a_password_crashes(nodes):
    nodes.create(image="mysql:8")
    nodes.run(15)
    assert nodes.text() == "0/1 CrashLoopBackOff 1"
    nodes.create("other", "mysql:8", env=[{"name": "MYSQL_ROOT_PASSWORD", "value": "x"}])
    nodes.run(15)
    assert nodes.text("other") == "1/1 Running 0"


def test_too_much_memory(nodes):
    nodes.create(image="polinux/stress", command=["stress"], restartPolicy="Never",
                 args=["--vm", "1", "--vm-bytes", "250M"], resources={"limits": {"memory": "100Mi"}})
    nodes.run(10)
    assert nodes.text() == "0/1 OOMKilled 0"
    assert nodes.container()["state"]["terminated"]["exitCode"] == 137


def test_new_image_replaces_the_container(nodes):
    nodes.create(image="nginx:1.26")
    nodes.run(10)
    pod = nodes.pod()
    container = {**pod["spec"]["containers"][0], "image": "nginx:1.27"}
    nodes.user.update({**pod, "spec": {**pod["spec"], "containers": [container]}})
    nodes.run(10)
    assert nodes.text() == "1/1 Running 1"
    assert nodes.container()["image"] == "docker.io/library/nginx:1.27"
    assert ("Normal", "Killing", "Container c definition changed, will be restarted") in nodes.events()


def test_quiet_while_it_backs_off(nodes):
    nodes.create(image="busybox:1", command=["false"])
    nodes.simulation.until_quiet()
    assert nodes.text() == "0/1 CrashLoopBackOff 1"
