"""activeDeadlineSeconds."""


def test_it_works(nodes):
    nodes.create(activeDeadlineSeconds=20)
    nodes.run(15)
    assert nodes.text() == "1/1 Running 0"
    assert "kubelet.deadline" in nodes.says(nodes.run(10))
    status = nodes.pod()["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert status["message"] == "Pod was active on the node longer than the specified deadline"
    assert nodes.text().startswith("0/1 ")
    assert nodes.run(100) == []


def test_deleted_afterwards(nodes):
    nodes.create(activeDeadlineSeconds=5)
    nodes.run(30)
    nodes.delete()
    assert not nodes.exists()


def test_quiet_does_not_wait_for_it(nodes):
    nodes.create(activeDeadlineSeconds=600)
    nodes.simulation.until_quiet()
    assert nodes.text() == "1/1 Running 0"
