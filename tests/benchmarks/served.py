"""What a real server does with many sandboxes: latency, memory, CPU, restart."""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.sockets import Visitor, connect_all
from tests.conftest import ServerProcess, start_server
from tests.support.feed import Sandbox, make_sandboxes

CLICKS = 300
BETWEEN_CLICKS = 0.05  # seconds
WRITERS = 20
DURABLE_SECONDS = 5
SETTLING = 8  # seconds until nothing that a new sandbox does is left
IDLE_SECONDS = 10

Tell = Callable[[str, str], None]


def resident(pid: int) -> int:
    """Resident memory in bytes."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024


def cpu(pid: int) -> float:
    """Seconds of CPU used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(var: Path, count: int, tell: Tell) -> None:
    """Everything about a server with `count` sandboxes."""
    server = start_server(var)
    try:
        sandboxes = make_sandboxes(server.environment, count)
        asyncio.run(_measure(server, sandboxes, tell))
    finally:
        server.stop()
    started = time.perf_counter()
    server = start_server(var)
    try:
        tell(f"restart with {count} sandboxes until pages are served", f"{time.perf_counter() - started:.2f} s")
        asyncio.run(_come_back(server, sandboxes, started, tell))
    finally:
        server.stop()


async def _measure(server: ServerProcess, sandboxes: list[Sandbox], tell: Tell) -> None:
    pid, count = server.process.pid, len(sandboxes)
    # One sandbox first: what is loaded once is not the sandboxes'.
    first = await connect_all(server.url, sandboxes[:1])
    before = resident(pid)
    visitors = first + await connect_all(server.url, sandboxes[1:])
    await asyncio.sleep(SETTLING)
    tell("memory of an idle sandbox with its socket", f"{(resident(pid) - before) / max(1, count - 1) / 1e6:.2f} MB")
    used, since = cpu(pid), time.perf_counter()
    await asyncio.sleep(IDLE_SECONDS)
    share = (cpu(pid) - used) / (time.perf_counter() - since)
    tell(f"CPU of {count} idle sandboxes", f"{share:.1%} of a core")
    await _clicks(visitors, tell)
    await _durable(visitors[:WRITERS], tell)
    await asyncio.gather(*(visitor.close() for visitor in visitors))


async def _clicks(visitors: list[Visitor], tell: Tell) -> None:
    chance = random.Random(1)
    latencies = []
    for _ in range(CLICKS):
        latencies.append(await chance.choice(visitors).click())
        await asyncio.sleep(BETWEEN_CLICKS)
    ordered = sorted(latencies)
    p99 = ordered[int(len(ordered) * 0.99)]
    tell(
        f"click to first frame with {len(visitors)} sockets",
        f"p50 {statistics.median(ordered) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms",
    )


async def _durable(visitors: list[Visitor], tell: Tell) -> None:
    until = time.perf_counter() + DURABLE_SECONDS

    async def write(visitor: Visitor) -> int:
        done = 0
        while time.perf_counter() < until:
            await visitor.command()
            done += 1
        return done

    done = sum(await asyncio.gather(*map(write, visitors)))
    tell(f"durable commands of {len(visitors)} visitors", f"{done / DURABLE_SECONDS:.0f} a second")


async def _come_back(server: ServerProcess, sandboxes: list[Sandbox], started: float, tell: Tell) -> None:
    visitors = await connect_all(server.url, sandboxes)
    tell(f"… until all {len(visitors)} boards have their first frame", f"{time.perf_counter() - started:.2f} s")
    await asyncio.gather(*(visitor.close() for visitor in visitors))
