"""`kubectl create poddisruptionbudget` and `priorityclass`."""

from __future__ import annotations

import pytest

from tests.kubectl.running import console, said


def test_it_works():
    new = console()
    line = "create poddisruptionbudget web --selector=app=web --min-available=50%"
    said(new.run(line), "poddisruptionbudget.policy/web created\n")
    said(new.run("create priorityclass high --value=1000"), "priorityclass.scheduling.k8s.io/high created\n")
    assert new.run("get pdb").lines[1].split()[:4] == ["web", "50%", "N/A", "0"]
    assert new.run("get pc high -o wide").lines[1].split() == ["high", "1000", "false", "0s", "PreemptLowerPriority"]


def test_a_budget_as_yaml():
    result = console().run("create pdb web --selector='app=web,tier in (b,a),!old' --max-unavailable=1 --dry-run=client -o yaml")
    assert result.stdout == (
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: web\nspec:\n  maxUnavailable: 1\n  selector:\n"
        "    matchExpressions:\n    - key: old\n      operator: DoesNotExist\n    - key: tier\n      operator: In\n"
        "      values:\n      - a\n      - b\n    matchLabels:\n      app: web\nstatus:\n  currentHealthy: 0\n"
        "  desiredHealthy: 0\n  disruptionsAllowed: 0\n  expectedPods: 0\n"
    )


def test_a_class_as_yaml():
    line = "create pc high --value=-5 --global-default=true --description='for batches' --preemption-policy=Never"
    assert console().run(f"{line} --dry-run=client -o yaml").stdout == (
        "apiVersion: scheduling.k8s.io/v1\ndescription: for batches\nglobalDefault: true\nkind: PriorityClass\nmetadata:\n"
        "  name: high\npreemptionPolicy: Never\nvalue: -5\n"
    )


@pytest.mark.parametrize(("line", "error"), [
    ("pdb web --min-available=1", "a selector must be specified"),
    ("pdb web --selector=app=web", "one of min-available or max-unavailable must be specified"),
    ("pdb web --selector=app=web --min-available=1 --max-unavailable=1",
     "min-available and max-unavailable cannot be both specified"),
    ("pdb web --selector=app=web --min-available=10Gb", "invalid format specified for min-available"),
    ("pdb web --selector=app=web --max-unavailable=-1", "invalid format specified for max-unavailable"),
    ("pdb web --selector=app!=web --min-available=1", '"!=" is not a valid label selector operator'),
    ("pdb web --selector='n>1' --min-available=1", "\"gt\" isn't supported in label selectors"),
    ("pdb web --selector='app=' --min-available=101%",
     'failed to create poddisruptionbudgets: PodDisruptionBudget.policy "web" is invalid: spec.minAvailable: Invalid value: '
     '"101%": must not be greater than 100%'),
    ("pc system-mine",
     'failed to create priorityclass: PriorityClass.scheduling.k8s.io "system-mine" is invalid: metadata.name: Forbidden: '
     "priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system "
     "priority class"),
    ("pc system-node-critical --value=2000001000",
     'failed to create priorityclass: priorityclasses.scheduling.k8s.io "system-node-critical" already exists'),
])
def test_what_is_refused(line: str, error: str):
    said(console().run(f"create {line}"), "", f"error: {error}\n")


def test_a_selector_that_cannot_be_read():
    result = console().run("create pdb web --selector=app=( --min-available=1")
    assert result.stderr.startswith('error: couldn\'t parse the selector string "app=(": ')
