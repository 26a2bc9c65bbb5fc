"""Pulls of images: those that fail, those that are tried again, and what then lies on a node."""

from itertools import pairwise


def test_unknown_repository(nodes):
    nodes.create(image="ngnix")
    nodes.run(1.5)
    error = (
        'failed to pull and unpack image "docker.io/library/ngnix:latest": failed to resolve reference '
        '"docker.io/library/ngnix:latest": pull access denied, repository does not exist or may require authorization: '
        "server message: insufficient_scope: authorization failed"
    )
    assert nodes.text() == "0/1 ErrImagePull 0"
    assert nodes.container()["state"]["waiting"] == {"reason": "ErrImagePull", "message": error}
    nodes.run(2)
    assert nodes.text() == "0/1 ImagePullBackOff 0"
    message = nodes.container()["state"]["waiting"]["message"]
    assert message == f'Back-off pulling image "ngnix": ErrImagePull: {error}'
    assert nodes.events() == [
        ("Normal", "Pulling", 'Pulling image "ngnix"'),
        ("Warning", "Failed", f'Failed to pull image "ngnix": {error}'),
        ("Warning", "Failed", "Error: ErrImagePull"),
        ("Normal", "BackOff", 'Back-off pulling image "ngnix"'),
        ("Warning", "Failed", "Error: ImagePullBackOff"),
    ]


def test_unknown_tag(nodes):
    nodes.create(image="nginx:doesnotexist")
    nodes.run(1.5)
    assert nodes.container()["state"]["waiting"]["message"] == (
        'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:doesnotexist": '
        'failed to resolve reference "docker.io/library/nginx:doesnotexist": '
        "docker.io/library/nginx:doesnotexist: not found"
    )


def test_invalid_name(nodes):
    nodes.create(image="Nginx")
    nodes.run(2)
    assert nodes.text() == "0/1 InvalidImageName 0"
    text = (
        'Failed to apply default image tag "Nginx": couldn\'t parse image name "Nginx": '
        "invalid reference format: repository name (library/Nginx) must be lowercase"
    )
    assert nodes.events()[:2] == [("Warning", "InspectFailed", text), ("Warning", "Failed", "Error: InvalidImageName")]


def test_init_container_with_an_unknown_image(nodes):
    nodes.create(initContainers=[{"name": "i", "image": "ngnix"}])
    nodes.run(1.5)
    assert nodes.text() == "0/1 Init:ErrImagePull 0"
    nodes.run(5)
    assert nodes.text() == "0/1 Init:ImagePullBackOff 0"
    regarding = [e["involvedObject"].get("fieldPath") for e in nodes.user.list("events") if e["reason"] == "BackOff"]
    assert regarding == ["spec.initContainers{i}"]


def test_one_bad_image_does_not_hold_up_the_others(nodes):
    nodes.create(containers=[{"name": "bad", "image": "ngnix"}, {"name": "good", "image": "nginx"}])
    nodes.run(20)
    assert nodes.text() == "1/2 ImagePullBackOff 0"
    assert nodes.pod()["status"]["phase"] == "Pending"


def test_pulls_back_off_up_to_five_minutes(nodes):
    nodes.create(image="ngnix")
    pulls = [step.at for step in nodes.run(1200) if step.say == "kubelet.pulling"]
    gaps = [round((later - earlier) / 1000) for earlier, later in pairwise(pulls)]
    assert gaps == [10, 20, 40, 80, 160, 300, 300]


def test_waiting_for_a_pull_is_quiet(nodes):
    nodes.create(image="ngnix")
    nodes.simulation.until_quiet()
    assert nodes.text() == "0/1 ImagePullBackOff 0"
    assert nodes.simulation.now < 30_000


def test_a_corrected_image_is_pulled_at_once(nodes):
    nodes.create(image="ngnix")
    nodes.run(100)
    pod = nodes.pod()
    container = {**pod["spec"]["containers"][0], "image": "nginx"}
    nodes.user.update({**pod, "spec": {**pod["spec"], "containers": [container]}})
    nodes.run(5)
    assert nodes.text() == "1/1 Running 0"


def test_deleted_while_it_is_pulled(make):
    nodes = make(image_pull_fixed=100_000)
    nodes.create()
    nodes.run(20)
    nodes.delete()
    nodes.run(2)
    assert not nodes.exists()
    assert nodes.run(200) == [] or not nodes.user.hosts("host/containers")


def test_node_lists_its_images(nodes):
    nodes.create()
    nodes.run(20)
    found = nodes.user.read("nodes", "", "node-1")["status"]["images"]
    assert [image["sizeBytes"] for image in found] == [72324501]
    assert found[0]["names"][1] == "docker.io/library/nginx:latest"
