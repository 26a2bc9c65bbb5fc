"""A large cluster from empty to ready: seconds of one core, memory, and how long an explanation takes."""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Callable

from cluster.large import answers
from cluster.large.cluster import LargeCluster
from cluster.large.picture import Picture
from cluster.objects import times

NODES, PODS = 5000, 150_000
# How much virtual time passes between two looks.
SLICE = 10 * times.SECOND
LIMIT = times.HOUR
GC_THRESHOLDS = (100_000, 50, 1000)
EXPLANATIONS = 5


def measure(tell: Callable[[str, str], None], nodes: int = NODES, pods: int = PODS) -> None:
    """Fill a cluster and tell the numbers. Run it in a process of its own: memory is that of the whole process."""
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    started, wall = time.process_time(), time.perf_counter()
    cluster = LargeCluster(nodes, seed=1)
    cluster.advance(SLICE)
    cluster.command({"do": "add", "pods": pods})
    first = cluster.world.revision
    while cluster.inventory.ready_pods < pods and cluster.elapsed < LIMIT:
        cluster.advance(SLICE)
    spent, passed = time.process_time() - started, time.perf_counter() - wall
    writes = cluster.world.revision - first
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tell(
        "large cluster",
        f"{cluster.inventory.ready_pods:,} Pods on {nodes:,} nodes from empty to ready in {spent:.1f} s of one core "
        f"({passed:.1f} s by the clock, {cluster.elapsed / 1000:.0f} s of virtual time), {memory:.0f} MiB",
    )
    tell("large cluster", f"{writes / spent:,.0f} writes a second, each with a revision and a watch event ({writes:,})")
    key = next(iter(cluster.inventory.pods))
    took = []
    for _ in range(EXPLANATIONS):
        began = time.process_time()
        answers.explain(cluster, key)
        took.append(time.process_time() - began)
    tell("large cluster", f"an explanation takes {1000 * sorted(took)[EXPLANATIONS // 2]:.0f} ms")
    began = time.process_time()
    size = len(Picture(cluster).first({}))
    tell("large cluster", f"the first picture has {size:,} bytes and takes {1000 * (time.process_time() - began):.0f} ms")


if __name__ == "__main__":
    measure(lambda what, value: print(f"{what}: {value}", flush=True), *(int(word) for word in sys.argv[1:3]))
