"""Scenario 10: claims and volumes, bound, waiting, protected, released."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from cluster.apiserver.errors import APIError
from cluster.kubectl import failures
from tests.golden_replay import transcript
from tests.golden_replay.report import Report
from tests.golden_replay.service import typed
from tests.golden_replay.stage import Stage
from tests.support.console import Result

TEXTS = Path("transcripts/10-storage.txt")
# The binder looks at waiting claims every 15 s; the recorded one came round 13 s after the first claim was made.
PERIOD, FIRST_CLAIM = 15_000, 1_500
CLAIMS = "persistentvolumeclaims"
Texts = dict[str, transcript.Block]
PATCH = re.compile(r"patch pvc (\w+) -p '(.*)'$")
CLASSES = """apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: ext}
provisioner: example.com/prov
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: late}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
"""
LOCAL = """apiVersion: v1
kind: PersistentVolume
metadata: {name: local}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: late, local: {path: /x},
  nodeAffinity: {required: {nodeSelectorTerms: [
    {matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-2]}]}]}}}
"""
USER = """apiVersion: v1
kind: Pod
metadata: {name: user}
spec: {containers: [{name: c, image: nginx}], volumes: [{name: v, persistentVolumeClaim: {claimName: latec}}]}
"""


def texts_agree(folder: Path) -> Report:
    report = Report("transcripts/10-storage")
    texts = transcript.read(folder / TEXTS)
    stage = Stage.set(2)
    bound(stage, report, texts)
    classes(stage, report, texts)
    waiting(stage, report, texts)
    released(stage, report, texts)
    refused(stage, report, texts)
    stage.run("annotate sc ext storageclass.kubernetes.io/is-default-class=true")
    claim(stage, "defaulted", "1Gi")
    stage.sleep(1)
    report.same("a new claim gets the default class", "ext", stage.get(CLAIMS, "defaulted")["spec"].get("storageClassName"))
    stage.capture(report, texts["scs-default"])
    return report


def volume(stage: Stage, name: str, size: str, mode: str, policy: str) -> None:
    stage.apply(
        f"apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}}}\nspec: {{capacity: {{storage: {size}}}, "
        f"accessModes: [{mode}], persistentVolumeReclaimPolicy: {policy}, storageClassName: manual, "
        f"hostPath: {{path: /data/pv-{name}}}}}\n"
    )


def claim(stage: Stage, name: str, size: str, mode: str = "ReadWriteOnce", storage_class: str | None = None) -> None:
    wanted = "" if storage_class is None else f'storageClassName: "{storage_class}", '
    stage.apply(
        f"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\n"
        f"spec: {{accessModes: [{mode}], {wanted}resources: {{requests: {{storage: {size}}}}}}}\n"
    )


def look(stage: Stage, line: str) -> None:
    """A command of the scenario whose output was not recorded."""
    stage.run(f"get {line} -o json")


def bound(stage: Stage, report: Report, texts: Texts) -> None:
    """A claim that has to wait for its volume, and claims that find theirs."""
    stage.simulation.advance((FIRST_CLAIM - stage.simulation.now) % PERIOD)
    claim(stage, "early", "1Gi", storage_class="manual")
    stage.sleep(1)
    look(stage, "pvc early")
    stage.capture(report, texts["pvc-pending-get"])
    stage.capture(report, texts["pvc-pending-describe"])
    volume(stage, "big", "100Gi", "ReadWriteOnce", "Retain")
    volume(stage, "mid", "5Gi", "ReadWriteOnce", "Delete")
    volume(stage, "small", "2Gi", "ReadWriteOnce", "Retain")
    volume(stage, "rwx", "3Gi", "ReadWriteMany", "Retain")
    for _ in range(150):
        if stage.get(CLAIMS, "early")["status"]["phase"] == "Bound":
            break
        stage.sleep(0.2)
    stage.capture(report, texts["early-bound"])
    claim(stage, "four", "4Gi", storage_class="manual")
    claim(stage, "shared", "1Gi", "ReadWriteMany", "manual")
    claim(stage, "toobig", "1Ti", storage_class="manual")
    stage.sleep(2)
    stage.capture(report, texts["bound-pv"])
    stage.capture(report, texts["bound-pvc"])
    look(stage, "pv")
    look(stage, "pvc")


def classes(stage: Stage, report: Report, texts: Texts) -> None:
    """No class, the empty one, one that is missing, one whose provisioner is away, one that waits."""
    claim(stage, "nosc", "1Gi")
    claim(stage, "emptysc", "1Gi", storage_class="")
    claim(stage, "missingsc", "1Gi", storage_class="nope")
    stage.apply(CLASSES)
    claim(stage, "extc", "1Gi", storage_class="ext")
    claim(stage, "latec", "1Gi", storage_class="late")
    stage.sleep(2)
    look(stage, "events")
    stage.capture(report, texts["pvcs"])
    stage.capture(report, texts["scs"])


def waiting(stage: Stage, report: Report, texts: Texts) -> None:
    """WaitForFirstConsumer with a local volume on node-2."""
    stage.apply(LOCAL)
    stage.sleep(1)
    stage.capture(report, texts["late-before"])
    stage.apply(USER)
    stage.sleep(3)
    stage.capture(report, texts["late-after"])
    report.same("the Pod is where its volume is", "node-2", stage.get("pods", "user")["spec"].get("nodeName"))
    for line in ("pod user", "pvc latec", "pv local"):
        look(stage, line)
    block = texts["node-conflict"]
    transcript.compare(report, block, stage.apply(typed(block.command)))
    stage.sleep(2)
    report.same("no other node will do", None, stage.get("pods", "wrong")["spec"].get("nodeName"))


def released(stage: Stage, report: Report, texts: Texts) -> None:
    """Protection while in use, then what the policies say."""
    stage.capture(report, texts["delete-in-use"])
    stage.sleep(1)
    stage.capture(report, texts["pvc-terminating"])
    look(stage, "pvc latec")
    stage.run("delete pod user wrong")
    stage.sleep(2)
    stage.capture(report, texts["pvc-gone"])
    stage.capture(report, texts["pv-released"])
    look(stage, "pv local")
    stage.run("delete pvc four")
    stage.sleep(2)
    stage.capture(report, texts["pv-delete-policy"])
    look(stage, "pv")
    stage.capture(report, texts["pv-delete-bound"])
    stage.sleep(1)
    stage.capture(report, texts["pv-terminating"])
    look(stage, "pv small")


def refused(stage: Stage, report: Report, texts: Texts) -> None:
    """Changes of a claim that the server refuses."""
    for key in ("resize", "shrink", "immutable"):
        found = PATCH.search(texts[key].command)
        assert found is not None, texts[key].command
        transcript.compare(report, texts[key], patch(stage, found[1], found[2]))


def patch(stage: Stage, name: str, changes: Any) -> Result:
    """`kubectl patch pvc`: the request, and kubectl's words for a refusal."""
    stage.simulation.advance(200)
    try:
        stage.simulation.user().patch(CLAIMS, "default", name, _json(changes), "strategic")
    except APIError as refusal:
        return Result("", failures.from_server(refusal) + "\n", 1)
    return Result(f"persistentvolumeclaim/{name} patched\n")


def _json(text: str) -> Any:
    return json.loads(text.replace('\\"', '"'))
