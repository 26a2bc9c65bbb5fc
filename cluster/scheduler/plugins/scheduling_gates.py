"""SchedulingGates: a pod waits until all its gates are removed (pkg/scheduler/framework/plugins/schedulinggates)."""

from __future__ import annotations

from cluster.objects.documents import Document, dig
from cluster.scheduler.framework import SUCCESS, Code, Plugin, Status


class SchedulingGates(Plugin):
    name = "SchedulingGates"

    def pre_enqueue(self, pod: Document) -> Status:
        gates = [gate["name"] for gate in dig(pod, "spec", "schedulingGates", default=())]
        if not gates:
            return SUCCESS
        reason = f"waiting for scheduling gates: [{' '.join(gates)}]"
        return Status(Code.UNRESOLVABLE, (reason,), {"gates": gates})
