"""A command of an image that no function here plays."""

from __future__ import annotations

from cluster.containers.programs.call import Call, Wait, program
from cluster.containers.programs.servers import serve


def run(call: Call) -> int | Wait:
    """The image's own server; in an unknown image a server that stands in; else a tool that says it is not simulated."""
    software = call.software
    if call.proc.program in software.servers:
        return serve(call, software.servers[call.proc.program])
    if software.generic:
        return serve(call, next(iter(software.servers.values())))
    return call.fail("this program is not simulated", 127)


@program("troubled")
def troubled(call: Call) -> int | Wait:
    """A server that does not stand how its container is configured: it says so and ends."""
    code, after, lines = call.run["trouble"]
    if call.now < call.proc.started + after:
        return call.until(call.proc.started + after)
    call.err("".join(f"{line}\n" for line in lines))
    return int(code)


@program("failed-entrypoint")
def failed_entrypoint(call: Call) -> int:
    """The entrypoint of an image was given a command that is not there."""
    call.err(call.memo["text"] + "\n")
    return int(call.memo["code"])
