"""Every story that the simulation can tell has a sentence, and the sentence asks for nothing that the story does not give."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import kubectl
from cluster.manifests import BUILT_IN, HOME_MANIFEST
from cluster.simulation import bootstrap
from cluster.simulation.step import Step
from dashboard.narration import SENTENCES, sentences

SOURCE = Path(__file__).resolve().parents[2] / "cluster"
PLACE = re.compile(r"\{(\w+)(?:,|\})")
# Words that are put behind a prefix somewhere else than in the call: every one that the named file uses.
SUFFIXES = {
    "api": ("create", "update", "patch", "delete", "bind", "evict", "grant", "disrupt"),
    "cronjob": ("delete-history", "delete-replaced"),
    "daemonset": (
        "adopt", "release", "delete-failed", "delete-succeeded", "delete-second", "delete-unwanted-node", "delete-node-gone",
        "delete-old-unavailable", "delete-rolling", "delete-replaced",
    ),
    "deployment": ("adopt", "release", "scale-up", "scale-down"),
    "job": ("delete-failing", "delete-policy-met", "delete-surplus", "delete-suspended"),
    "node-lifecycle": ("taint", "untaint"),
    "replicaset": (
        "adopt", "release", "create-pod", "delete-pod", "status", "delete-pod.unassigned", "delete-pod.phase",
        "delete-pod.not-ready", "delete-pod.deletion-cost", "delete-pod.colocated", "delete-pod.ready-time",
        "delete-pod.ready-time-same-scale", "delete-pod.restarts", "delete-pod.creation-time",
        "delete-pod.creation-time-same-scale", "delete-pod.equal",
    ),
    "replication": ("adopt", "release", "create-pod", "delete-pod", "status"),
    "revision": ("adopt", "release"),
    "statefulset": ("adopt", "release", "delete-ended", "delete-scale-down", "delete-update"),
    "user": (
        "created", "configured", "exposed", "cordoned", "uncordoned", "labeled", "annotated", "paused", "resumed",
        "restarted", "rolled-back",
    ),
}


def places(template: str) -> set[str]:
    return set(PLACE.findall(template))


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name:
                yield path, node


def constants(node: ast.expr) -> list[str]:
    """The keys that an expression certainly can be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return constants(node.body) + constants(node.orelse)
    return []


def keywords(node: ast.Dict) -> set[str] | None:
    """The names that a literal dictionary gives; None when it takes others in."""
    if not all(isinstance(key, ast.Constant) for key in node.keys):
        return None
    return {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}


def test_it_works() -> None:
    found = [key for _, call in calls("Story") if call.args for key in constants(call.args[0])]
    assert len(found) > 40
    assert [key for key in found if key not in SENTENCES] == []


def test_every_text_that_looks_like_a_key_is_one() -> None:
    """Keys that reach a Story through a variable."""
    families = {key.partition(".")[0] for key in SENTENCES}
    pattern = re.compile(rf"(?:{'|'.join(sorted(families))})\.[a-z]+(?:-[a-z]+)*")
    for path in sorted(SOURCE.rglob("*.py")):
        if "Story(" not in path.read_text(encoding="utf-8"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.fullmatch(node.value):
                assert node.value in SENTENCES, f"{path.name}:{node.lineno}: {node.value}"


def test_the_kubelet() -> None:
    names = [
        (path, key, call) for path, call in calls("_story") if "kubelet" in path.parts and call.args
        for key in constants(call.args[0])
    ]
    assert len(names) > 20
    for path, name, call in names:
        assert f"kubelet.{name}" in SENTENCES, f"{path.name}:{call.lineno}"
        given = {"pod", "node"} | {str(word.arg) for word in call.keywords}
        assert places(SENTENCES[f"kubelet.{name}"]) <= given, f"{path.name}:{call.lineno}: {name}"


def test_composed_keys() -> None:
    composed = {
        str(call.args[0].values[0].value).partition(".")[0]
        for _, call in calls("Story")
        if call.args and isinstance(call.args[0], ast.JoinedStr) and isinstance(call.args[0].values[0], ast.Constant)
    }
    assert composed <= {*SUFFIXES, "kubelet"}
    for family, words in SUFFIXES.items():
        for word in words:
            assert f"{family}.{word}" in SENTENCES


def test_literal_arguments() -> None:
    for path, call in calls("Story"):
        if len(call.args) < 2 or not isinstance(call.args[1], ast.Dict):
            continue
        given = keywords(call.args[1])
        for key in constants(call.args[0]):
            if given is not None:
                assert places(SENTENCES[key]) <= given, f"{path.name}:{call.lineno}: {key}"


@pytest.fixture(scope="module")
def lived() -> list[Step]:
    """A long and eventful life."""
    steps: list[Step] = []
    simulation = bootstrap.new_cluster(seed=3, on_step=steps.append)
    files = {**BUILT_IN, "home.yaml": HOME_MANIFEST}
    lines = [
        *(f"kubectl apply -f {name}" for name in files),
        "kubectl scale deployment web --replicas=5", "kubectl set image deployment/web web=nginx:1.28",
        "kubectl rollout undo deployment/web", "kubectl rollout pause deployment/web", "kubectl rollout resume deployment/web",
        "kubectl label node node-1 disk=ssd", "kubectl taint nodes node-2 a=b:NoExecute", "kubectl taint nodes node-2 a-",
        "kubectl cordon node-3", "kubectl uncordon node-3", "kubectl expose deployment cart --port=80",
        "kubectl create namespace shop", "kubectl delete namespace shop --wait=false",
        "kubectl annotate deployment web note=yes", "kubectl rollout restart deployment/cart",
        "simulate node stop node-1", "simulate component off default-scheduler",
        "simulate component on default-scheduler", "simulate node start node-1",
        "simulate node add", "simulate node remove node-4",
        "kubectl delete deployment web --wait=false", "kubectl delete service cart --wait=false",
    ]
    for line in lines:
        for said in kubectl.run(line, kubectl.Shell(simulation, files)):
            if isinstance(said, kubectl.Wait):
                break
        for _ in simulation.steps_until(simulation.now + 30_000):
            pass
    simulation.user().delete("deployments.apps", "default", "cart")
    for _ in simulation.steps_until(simulation.now + 400_000):
        pass
    return steps


def test_what_happens_can_be_told(lived: list[Step]) -> None:
    assert len({step.say for step in lived}) > 40
    unknown = {step.say for step in lived} - SENTENCES.keys()
    assert unknown == set()
    wrong = {step.say: places(SENTENCES[step.say]) - step.args.keys() for step in lived}
    assert {key: missing for key, missing in wrong.items() if missing} == {}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_templates_are_well_formed(language: str) -> None:
    for key, template in sentences(language).items():
        assert template.count("{") == template.count("}"), key
        assert template.count("**") in (0, 2), key
        assert template.strip() == template, key
        assert places(template) == places(SENTENCES[key]), key
        assert template[-1] in ".。}：:" or template.endswith("{message}"), key


def test_plurals_have_their_forms() -> None:
    for template in SENTENCES.values():
        for forms in re.findall(r"\{\w+, plural, (.*?\})\}", template):
            assert re.fullmatch(r"one \{[^{}]*#[^{}]*\} other \{[^{}]*#[^{}]*\}", forms), template


def test_chinese_is_another_language() -> None:
    english, chinese = sentences("en"), sentences("zh-hans")
    assert [key for key in english if english[key] == chinese[key]] == []
