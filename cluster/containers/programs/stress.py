"""stress, stress-ng: take memory and CPU for a while."""

from __future__ import annotations

import re

from cluster.containers.programs import options
from cluster.containers.programs.call import FOREVER, Call, Wait, program
from cluster.containers.programs.clock import duration

WORKER = 256 << 20  # bytes of a memory worker that is not told how many
FILLING = 300  # ms until a worker has touched its memory


@program("stress", "stress-ng")
def stress(call: Call) -> int | Wait:
    """stress [--cpu N] [--vm N] [--vm-bytes B] [--timeout T]"""
    memo, args = call.memo, call.args
    text = " ".join(args)

    def value(*names: str) -> str | None:
        for name in names:
            found = re.search(rf"(?:^|\s){name}[=\s]\s*(\S+)", text)
            if found:
                return found[1]
        return None

    if "begun" not in memo:
        memo["begun"] = call.now
        cpu = options.number(value("--cpu", "-c") or "0")
        vm = options.number(value("--vm", "-m") or "0")
        io = options.number(value("--io", "-i") or "0")
        if not (cpu or vm or io):
            call.out(
                f"`{call.name}' imposes certain types of compute stress on your system\n\nUsage: {call.name} [OPTION [ARG]] ...\n"
            )
            return 0
        call.out(f"stress: info: [{call.proc.pid}] dispatching hogs: {cpu} cpu, {io} io, {vm} vm, 0 hdd\n")
        memo["cpu"], memo["vm"] = 1_000 * (cpu + vm), vm
        call.hold(1 << 20, memo["cpu"])
        if vm:
            return call.until(call.now + FILLING)
    if memo["vm"] and "held" not in memo:
        memo["held"] = True
        call.hold((1 << 20) + memo["vm"] * options.number(value("--vm-bytes") or str(WORKER)), memo["cpu"])
        if not call.is_alive:
            return 137
    length = duration(value("--timeout", "-t") or "infinity")
    if length is None or length < 0:
        return FOREVER
    due = memo["begun"] + length
    if call.now < due:
        return call.until(due)
    call.out(f"stress: info: [{call.proc.pid}] successful run completed in {length // 1000}s\n")
    return 0
