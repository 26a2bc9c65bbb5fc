"""What a container leaves as the message of its end (pkg/kubelet/kuberuntime/kuberuntime_container.go)."""

from __future__ import annotations

from typing import Any

from cluster.containers.files import FILE
from cluster.containers.machine import Machine
from cluster.kubelet.volumes import TERMINATION_LOG
from cluster.objects.documents import Document

FROM_LOGS = "FallbackToLogsOnError"
# pkg/kubelet/container/runtime.go
MOST_MESSAGE = 4 * 1024
MOST_LOG, MOST_LOG_LINES = 2 * 1024, 80


def with_message(container: Document, record: dict[str, Any], machine: Machine) -> dict[str, Any]:
    """The record of a container that has ended, with its `message` when it has left one."""
    file = machine.stat(container["name"], container.get("terminationMessagePath") or TERMINATION_LOG)
    text = file.text[:MOST_MESSAGE] if file is not None and file.kind == FILE else ""
    wants_logs = container.get("terminationMessagePolicy") == FROM_LOGS
    if not text and wants_logs and (record["code"] != 0 or record["reason"] == "OOMKilled"):
        lines = [line.text for line in machine.logs(container["name"])][-MOST_LOG_LINES:]
        text = "".join(f"{line}\n" for line in lines)[-MOST_LOG:]
    return {**record, "message": text} if text else record
