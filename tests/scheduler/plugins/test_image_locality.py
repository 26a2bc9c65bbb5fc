"""ImageLocality: nodes that have the images, scaled by how many have them."""

import pytest

from cluster.scheduler.plugins.image_locality import normalized_name
from tests.scheduler.builders import container, decision, node, pod

MEBIBYTE = 1024 * 1024


def image(name, mebibytes):
    return {"names": [name], "sizeBytes": mebibytes * MEBIBYTE}


def test_it_works():
    nodes = [node("a", images=[image("app:v1", 1000)]), node("b")]
    # Half of the nodes have it: 500 MiB of the range from 23 to 1000.
    assert raw(decision(pod("p", container(image="app:v1")), nodes)) == {"a": 48, "b": 0}


def test_an_image_everywhere_counts_in_full():
    nodes = [node(name, images=[image("app:v1", 1000)]) for name in "ab"]
    assert raw(decision(pod("p", container(image="app:v1")), nodes)) == {"a": 100, "b": 100}


def test_small_images_do_not_count():
    nodes = [node(name, images=[image("app:v1", 23)]) for name in "ab"]
    assert raw(decision(pod("p", container(image="app:v1")), nodes)) == {"a": 0, "b": 0}


def test_huge_images_count_up_to_the_limit():
    nodes = [node(name, images=[image("app:v1", 9000)]) for name in "ab"]
    assert raw(decision(pod("p", container(image="app:v1")), nodes)) == {"a": 100, "b": 100}


def test_init_containers_raise_the_limit():
    nodes = [node(name, images=[image("app:v1", 1000)]) for name in "ab"]
    incoming = pod("p", container(image="app:v1"), initContainers=[container("init", "tool:v1")])
    assert raw(decision(incoming, nodes)) == {"a": 49, "b": 49}


@pytest.mark.parametrize(("name", "full"), [
    ("nginx", "nginx:latest"), ("nginx:1", "nginx:1"), ("host:5000/nginx", "host:5000/nginx:latest"),
    ("host:5000/nginx:1", "host:5000/nginx:1"),
])
def test_names_get_a_tag(name, full):
    assert normalized_name(name) == full


def raw(found):
    return {verdict.node: verdict.scores["ImageLocality"].raw for verdict in found.verdicts}
