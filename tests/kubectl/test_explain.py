"""`kubectl explain`."""

from __future__ import annotations

import pytest

from cluster.kubectl.explaining import wrap
from tests.kubectl.builders import frozen


def explained(line: str) -> list[str]:
    return frozen().run(f"explain {line}").lines


def test_it_works():
    lines = explained("deployments.spec.replicas")
    assert lines[:8] == [
        "GROUP:      apps", "KIND:       Deployment", "VERSION:    v1", "", "FIELD: replicas <integer>", "", "", "DESCRIPTION:",
    ]
    assert lines[8].startswith("    Number of desired pods.")
    assert "FIELDS:" not in lines


def test_a_kind():
    lines = explained("pods")
    assert lines[:5] == [
        "KIND:       Pod", "VERSION:    v1", "", "DESCRIPTION:",
        "    Pod is a collection of containers that can run on a host. This resource is",
    ]
    fields = lines[lines.index("FIELDS:") + 1 :]
    assert [line for line in fields if line.startswith("  ") and line[2] != " "] == [
        "  apiVersion\t<string>", "  kind\t<string>", "  metadata\t<ObjectMeta>", "  spec\t<PodSpec>", "  status\t<PodStatus>",
    ]


def test_a_list_and_its_required_fields():
    lines = explained("pod.spec.containers")
    assert lines[3] == "FIELD: containers <[]Container>"
    assert "  name\t<string> -required-" in lines
    assert "  env\t<[]EnvVar>" in lines


def test_times_are_strings():
    assert "  creationTimestamp\t<string>" in explained("pod.metadata")


def test_recursive():
    lines = explained("deploy.spec.strategy --recursive")
    assert lines[lines.index("FIELDS:") + 1 :] == [
        "  rollingUpdate\t<RollingUpdateDeployment>", "    maxSurge\t<IntOrString>", "    maxUnavailable\t<IntOrString>",
        "  type\t<string>", "",
    ]


def test_groups_may_be_named():
    assert explained("deployments.apps.spec.paused") == explained("deploy.spec.paused")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("explain pods.spec.nope", 'error: field "nope" does not exist\n'),
        ("explain nopes", 'error: the server doesn\'t have a resource type "nopes"\n'),
        ("explain pods svc", "error: We accept only this format: explain RESOURCE\n\n"),
        (
            "explain", 'error: You must specify the type of resource to explain. Use "kubectl api-resources" for a complete'
            " list of supported resources.\n\n",
        ),
        ("explain deploy --api-version=apps/v9", 'error: couldn\'t find resource for "apps/v9, Resource=deployments"\n'),
    ],
)
def test_wrong_lines(line: str, text: str):
    result = frozen().run(line)
    assert (result.stdout, result.stderr, result.code) == ("", text, 1)


@pytest.mark.parametrize(
    ("text", "wrapped"),
    [
        ("one two three", "one two\nthree"),
        ("one two\nthree", "one two\nthree"),
        ("a muchlongerthanthat b", "a\nmuchlongerthanthat\nb"),
        ("abcdefghij", "abcdefghij"),
        ("one  two", "one  two"),
        ("", ""),
    ],
)
def test_wrapping(text: str, wrapped: str):
    assert wrap(text, 8) == wrapped
