"""Work that takes a driver some time."""

from __future__ import annotations

from cluster.machinery.component import Context
from cluster.objects.documents import Key


def is_done(context: Context, key: Key, duration: int) -> bool:
    """Whether the work on this key, which takes `duration` ms, is over; if not, it is asked again when it is."""
    due = context.memory(key)
    if due is None:
        due = context.now + context.jitter(duration)
        context.remember(key, due)
    if due > context.now:
        context.again(due - context.now)
        return False
    context.forget(key)
    return True
