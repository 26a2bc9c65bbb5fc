"""Pods that a real API server stored come out of ours alike when only what a client says goes in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cluster.objects.documents import Document
from tests.apiserver.builders import lab

GOLDEN = Path(os.environ.get("CLUSTERSCOPE_GOLDEN", Path(__file__).parents[1] / "golden"))
TOKEN = "kube-api-access-"
FILLED_IN = (
    "serviceAccountName", "serviceAccount", "priority", "preemptionPolicy", "enableServiceLinks", "securityContext",
    "schedulerName", "dnsPolicy", "restartPolicy", "tolerations",
)
FILLED_IN_CONTAINER = ("terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "resources")
CHANCE = ("uid", "resourceVersion", "creationTimestamp")


def recorded() -> list[Document]:
    lines = (GOLDEN / "watch" / "statefulset-1.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    return [event["object"] for event in events if (event["kind"], event["type"]) == ("pods", "ADDED")]


def without(mapping: Document, *fields: str) -> Document:
    return {field: value for field, value in mapping.items() if field not in fields}


def without_token(entries: list[Document]) -> list[Document]:
    return [entry for entry in entries if not entry["name"].startswith(TOKEN)]


def as_sent(stored: Document) -> Document:
    """What the controller must have sent."""
    containers = [
        {**without(container, *FILLED_IN_CONTAINER), "volumeMounts": without_token(container["volumeMounts"])}
        for container in stored["spec"]["containers"]
    ]
    spec = {**without(stored["spec"], *FILLED_IN), "containers": containers}
    spec["volumes"] = without_token(stored["spec"]["volumes"])
    meta = without(stored["metadata"], *CHANCE, "generation")
    return {**without(stored, "status"), "metadata": meta, "spec": spec}


def comparable(pod: Document) -> Any:
    """The Pod without what is left to chance."""
    token = next(volume["name"] for volume in pod["spec"]["volumes"] if volume["name"].startswith(TOKEN))
    spec = dict(pod["spec"])
    spec["tolerations"] = sorted(spec["tolerations"], key=lambda toleration: toleration["key"])
    document = {**pod, "metadata": without(pod["metadata"], *CHANCE), "spec": spec}
    return json.loads(json.dumps(document).replace(token, TOKEN))


@pytest.mark.parametrize("stored", recorded(), ids=lambda pod: pod["metadata"]["name"])
def test_it_works(stored: Document) -> None:
    assert comparable(lab().create(as_sent(stored))) == comparable(stored)
