"""What a container has written by a given moment, computed from its plan: the source of `kubectl logs`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cluster.containers import images, references
from cluster.kubelet import process
from cluster.kubelet.plans import Plan
from cluster.kubelet.shell import DATE
from cluster.objects import times
from cluster.objects.documents import Document

# What servers say when they start, in the order in which they say it: (ms after the start, line).
STARTS: Mapping[str, tuple[tuple[int, str], ...]] = {
    "nginx": (
        (20, "/docker-entrypoint.sh: Configuration complete; ready for start up"),
        (60, '[notice] 1#1: using the "epoll" event method'),
        (80, "[notice] 1#1: start worker processes"),
    ),
    "httpd": ((100, "[mpm_event:notice] AH00489: Apache/2.4 (Unix) configured -- resuming normal operations"),),
    "redis": ((60, "1:C * Redis is starting"), (120, "1:M * Ready to accept connections tcp")),
    "mysql": ((200, "[Note] [Entrypoint]: Entrypoint script for MySQL Server started."),
              (8000, "[System] [Server] /usr/sbin/mysqld: ready for connections. port: 3306")),
    "postgres": ((3000, "LOG:  database system is ready to accept connections"),),
    "tomcat": ((2000, "INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [2000] milliseconds"),),
    "registry.k8s.io/coredns/coredns": ((200, ".:53"), (210, "CoreDNS-1.12")),
}
# What a database says that was given no password.
REFUSALS: Mapping[str, str] = {
    "mysql": "[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified",
    "mariadb": "[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified",
    "postgres": "Error: Database is uninitialized and superuser password is not specified.",
}
# Of an endless loop only so many lines are kept, as a rotated log keeps its last file.
KEPT_LINES = 1_000

Line = tuple[int, str]  # when it was written (virtual ms), the line


def lines(
    container: Document, record: Mapping[str, Any], now: int, extra_images: Mapping[str, int], *, previous: bool = False
) -> list[Line]:
    """Everything that a container (its record in host/containers) or its previous run has written by `now`, in order."""
    run = record["last"] if previous else record
    reference = references.parse(record["spec_image"])
    plan = process.plan(container, images.of(reference, extra_images))
    started, until = run["started"], min(now, run.get("finished", now))
    found = [*_outputs(plan, until - started), *_of_server(plan, reference.familiar)]
    written = [
        (started + at, text.replace(DATE, _spoken(started + at)))
        for at, text in sorted(found, key=lambda line: line[0]) if started + at <= until
    ]
    return written[-KEPT_LINES:]


def _of_server(plan: Plan, name: str) -> list[Line]:
    if plan.end is None:
        return list(STARTS.get(name, ())) if plan.ports else []
    refused = name in REFUSALS and plan.end.code == 1 and not plan.outputs
    return [(plan.end.after - 10, REFUSALS[name])] if refused else []


def _spoken(at: int) -> str:
    """The time as `date` prints it."""
    return (times.EPOCH + timedelta(milliseconds=at)).strftime("%a %b %e %H:%M:%S UTC %Y")


def _outputs(plan: Plan, age: int) -> list[Line]:
    found = list(plan.outputs)
    if plan.cycle is None or age < plan.cycle.start or not plan.cycle.outputs:
        return found
    rounds = (age - plan.cycle.start) // plan.cycle.period + 1
    first = max(0, rounds - KEPT_LINES)
    for number in range(first, rounds):
        begin = plan.cycle.start + number * plan.cycle.period
        found += [(begin + at, text) for at, text in plan.cycle.outputs]
    return found
