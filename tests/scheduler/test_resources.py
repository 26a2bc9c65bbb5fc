"""What pods ask for: containers, init containers, sidecars, pod level, overhead, resizes."""

from cluster.scheduler import resources
from tests.scheduler.builders import container, pod


def test_it_works():
    incoming = pod("p", container("a", cpu="250m", memory="64Mi"), container("b", cpu="0.5", memory="1Gi"))
    assert resources.pod_requests(incoming) == {"cpu": 750, "memory": 1088 * 2**20}


def test_the_largest_init_container_counts_if_it_is_larger():
    incoming = pod("p", container(cpu="1", memory="1Gi"), initContainers=[
        container("one", cpu="2", memory="1Mi"), container("two", cpu="500m", memory="2Gi"),
    ])
    assert resources.pod_requests(incoming) == {"cpu": 2000, "memory": 2 * 2**30}


def test_sidecars_run_beside_everything_after_them():
    sidecar = container("log", cpu="300m") | {"restartPolicy": "Always"}
    before = pod("p", container(cpu="1"), initContainers=[sidecar, container("init", cpu="2")])
    after = pod("p", container(cpu="1"), initContainers=[container("init", cpu="2"), sidecar])
    assert resources.pod_requests(before)["cpu"] == 2300
    assert resources.pod_requests(after)["cpu"] == 2000
    assert resources.pod_requests(pod("p", container(cpu="1"), initContainers=[sidecar]))["cpu"] == 1300


def test_pod_level_requests_replace_the_sum():
    incoming = pod("p", container(cpu="3", gpu="1"), resources={"requests": {"cpu": "1", "gpu": "9"}})
    assert resources.pod_requests(incoming) == {"cpu": 1000, "gpu": 1}


def test_overhead_comes_on_top():
    incoming = pod("p", container(cpu="1"), overhead={"cpu": "250m", "memory": "120Mi"})
    assert resources.pod_requests(incoming) == {"cpu": 1250, "memory": 120 * 2**20}


def test_missing_requests_count_for_scores_only():
    silent = pod("p", container("a"), container("b", cpu="1"))
    assert resources.pod_requests(silent) == {"cpu": 1000}
    guessed = {"cpu": 1100, "memory": 400 * 2**20}
    assert resources.placed_non_zero_requests(silent) == guessed
    assert resources.incoming_non_zero_requests(silent) == guessed


def test_a_request_of_zero_is_not_missing():
    assert resources.placed_non_zero_requests(pod("p", container(cpu="0", memory="0"))) == {"cpu": 0, "memory": 0}


def test_pod_level_requests_count_for_scores_only_once_placed():
    whole = pod("p", container(), resources={"requests": {"cpu": "2"}})
    assert resources.placed_non_zero_requests(whole) == {"cpu": 2000, "memory": 200 * 2**20}
    assert resources.incoming_non_zero_requests(whole) == {"cpu": 100, "memory": 200 * 2**20}


def test_a_resize_counts_the_larger_of_wish_and_reality():
    resized = pod("p", container(cpu="1"), on="node-1")
    resized["status"]["containerStatuses"] = [
        {"name": "c", "resources": {"requests": {"cpu": "2"}}, "allocatedResources": {"cpu": "1500m"}}
    ]
    assert resources.pod_requests(resized)["cpu"] == 2000
    resized["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "3"
    assert resources.pod_requests(resized)["cpu"] == 3000
    resized["status"]["conditions"] = [{"type": "PodResizePending", "reason": "Infeasible"}]
    assert resources.pod_requests(resized)["cpu"] == 2000


def test_amounts_round_up():
    assert resources.amounts({"cpu": "0.0001", "memory": "1.5", "pods": "3"}) == {"cpu": 1, "memory": 2, "pods": 3}


def test_nothing_asked():
    assert resources.pod_requests({"spec": {"containers": []}}) == {}
    assert resources.amounts(None) == {}
