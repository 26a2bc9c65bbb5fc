"""`kubectl create quota`, and quotas and LimitRanges as kubectl shows them."""

from __future__ import annotations

import pytest

from tests.kubectl.running import console, said

LIMITS = """apiVersion: v1
kind: LimitRange
metadata: {name: lr}
spec:
  limits:
  - {type: Container, max: {cpu: 1}}
  - {type: Pod, max: {memory: 1Gi}, maxLimitRequestRatio: {cpu: 4}}
"""


def test_it_works():
    new = console()
    said(new.run("create quota small --hard=pods=4,limits.cpu=2"), "resourcequota/small created\n")
    new.simulation.until_quiet()
    said(new.run("get quota"), "NAME    REQUEST     LIMIT             AGE\nsmall   pods: 0/4   limits.cpu: 0/2   0s\n")


def test_as_yaml():
    line = "create resourcequota be --hard=pods=1,requests.cpu=0.5 --scopes=BestEffort,Terminating --dry-run=client -o yaml"
    assert console().run(line).stdout == (
        "apiVersion: v1\nkind: ResourceQuota\nmetadata:\n  name: be\nspec:\n  hard:\n    pods: \"1\"\n    requests.cpu: 500m\n"
        "  scopes:\n  - BestEffort\n  - Terminating\nstatus: {}\n"
    )


@pytest.mark.parametrize(("line", "error"), [
    ("a --hard=pods", "Invalid argument syntax pods, expected <resource>=<value>"),
    ("a --hard=pods=1=2", "Invalid argument syntax pods=1=2, expected <resource>=<value>"),
    ("a --hard=pods=x", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
    ("a --scopes=BestEffort,", 'invalid resource quota scope ""'),
    ("a --hard=services=1 --scopes=BestEffort",
     'failed to create quota: ResourceQuota "a" is invalid: spec.scopes: Invalid value: ["BestEffort"]: unsupported scope '
     "applied to resource"),
])
def test_mistakes(line, error):
    said(console().run(f"create quota {line}"), stderr=f"error: {error}\n")


def test_describe_with_scopes():
    new = console()
    new.run("create quota be --hard=pods=1 --scopes=NotTerminating,BestEffort")
    new.simulation.until_quiet()
    lines = new.run("describe quota be").lines
    assert lines[2] == "Scopes:     BestEffort, NotTerminating"
    assert lines[3].startswith(" * Matches all pods that do not have resource requirements set.")
    assert [line.split() for line in lines[-3:]] == [
        ["Resource", "Used", "Hard"], ["--------", "----", "----"], ["pods", "0", "1"],
    ]


def test_describe_a_namespace():
    new = console()
    new.run("apply -f lr.yaml", lr_yaml=LIMITS)
    new.run("create quota be --hard=pods=1 --scopes=BestEffort")
    new.simulation.until_quiet()
    text = new.run("describe ns default").stdout
    assert "Resource Quotas\n  Name:    be\n  Scopes:  BestEffort\n  * Matches all pods that do not have" in text
    assert "\nResource Limits\n Type" in text
    rows = [line.split() for line in text.splitlines()[-3:]]
    assert rows == [
        ["Container", "cpu", "-", "1", "1", "1", "-"], ["Pod", "cpu", "-", "-", "-", "-", "4"],
        ["Pod", "memory", "-", "1Gi", "-", "-", "-"],
    ]


def test_get_limits():
    new = console()
    new.run("apply -f lr.yaml", lr_yaml=LIMITS)
    header, row = new.run("get limits").lines
    assert header == "NAME   CREATED AT"
    assert row.startswith("lr     20")
    assert row.endswith("Z")
