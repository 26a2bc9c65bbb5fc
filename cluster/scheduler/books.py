"""What the scheduler keeps at hand for each cluster: its cache and its queue, found again from the World when need be."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from cluster.apiserver.state import Etcd
from cluster.machinery.component import Context, Key
from cluster.scheduler.cache import Cache
from cluster.scheduler.framework import Profiles
from cluster.scheduler.queue import SchedulingQueue

# In the scheduler's memory: (POD, "namespace/name") -> the pod's row in the queue, COUNTERS -> the queue's counters.
POD = "pod"
COUNTERS: Key = ("counters",)


class Books:
    """Cache and queue of one cluster. They are in order only between two turns: see `opened` and `close`."""

    def __init__(self, cache: Cache, queue: SchedulingQueue) -> None:
        self.cache = cache
        self.queue = queue
        self.in_order = False

    def close(self, context: Context) -> None:
        """Write what the turn changed into the scheduler's memory."""
        for key, row in self.queue.changes():
            if row is None:
                context.forget((POD, key))
            else:
                context.remember((POD, key), row)
        context.remember(COUNTERS, self.queue.counters)
        self.in_order = True


_BOOKS: WeakKeyDictionary[Etcd, Books] = WeakKeyDictionary()


def opened(context: Context, profiles: Profiles) -> Books:
    """The books of the context's cluster with everything that has happened entered in them.

    After a turn that failed, or for other profiles, the queue is what the memory says.
    """
    books = _BOOKS.get(context.etcd)
    if books is None or not books.in_order or books.queue.profiles is not profiles:
        books = _BOOKS[context.etcd] = _found_again(context, profiles, books)
    books.in_order = False
    books.cache.follow(context.etcd)
    books.queue.begin(context.now)
    books.queue.sync(books.cache.touched(), books.cache.waiting)
    return books


def forget(context: Context) -> None:
    """Begin a new queue."""
    for key, _ in context.memories():
        context.forget(key)
    _BOOKS.pop(context.etcd, None)


def _found_again(context: Context, profiles: Profiles, old: Books | None) -> Books:
    rows = {key[1]: row for key, row in context.memories(POD)}
    queue = SchedulingQueue(profiles, rows, context.memory(COUNTERS))
    cache = Cache() if old is None else old.cache
    cache.touch(rows)
    return Books(cache, queue)
