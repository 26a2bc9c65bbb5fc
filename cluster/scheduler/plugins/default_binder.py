"""DefaultBinder: binds by POST pods/<name>/binding (pkg/scheduler/framework/plugins/defaultbinder)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster.objects.documents import Document
from cluster.scheduler.framework import Plugin

if TYPE_CHECKING:
    from cluster.machinery.component import Context
    from cluster.machinery.story import Story


class DefaultBinder(Plugin):
    name = "DefaultBinder"

    def bind(self, context: Context, pod: Document, node: str, story: Story, why: Any) -> bool:
        meta = pod["metadata"]
        context.bind(meta["namespace"], meta["name"], node, story=story, why=why)
        return True
