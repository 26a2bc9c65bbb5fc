"""Probes, computed instead of repeated: when will their outcome change the state of a container?

pkg/kubelet/prober: a probe runs every period from initialDelaySeconds on; failureThreshold failures or
successThreshold successes in a row turn its result. Only these turns matter, and the first failure, which is reported.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from cluster.kubelet import process
from cluster.kubelet.plans import Plan
from cluster.objects import times
from cluster.objects.documents import Document

READY = "ready"
UNREADY = "unready"
STARTED = "started"
UNHEALTHY = "unhealthy"
KILL = "kill"

# Until the prober has noticed that a container runs.
NOTICED = times.SECOND
# How many probes in a row are looked at after the last known change inside the container.
HORIZON = 5_000


class Moment(NamedTuple):
    """Something that a probe brings about, `at` ms after the container's start."""

    at: int
    what: str
    text: str = ""  # UNHEALTHY: the event's message; KILL: which probe


Outcome = Callable[[int], str]  # the complaint of a probe at a time, "" when it succeeds


def moments(container: Document, plan: Plan, ip: str) -> list[Moment]:
    """Everything that the container's probes will bring about during one run, in order of time."""
    begun = 0
    found: list[Moment] = []
    startup = container.get("startupProbe")
    if startup:
        for moment in _turns("Startup", startup, _outcome(container, startup, plan, ip), plan, 0, False):
            if moment.what == READY:
                begun = moment.at
                break
            found.append(Moment(moment.at, KILL, "startup") if moment.what == KILL else moment)
        else:
            return [moment for moment in found if moment.what != UNREADY]
    found.append(Moment(begun, STARTED))
    found += _readiness(container, plan, ip, begun)
    found += _liveness(container, plan, ip, begun)
    return sorted(found, key=lambda moment: moment.at)


def _readiness(container: Document, plan: Plan, ip: str, begun: int) -> Iterator[Moment]:
    probe = container.get("readinessProbe")
    if not probe:
        yield Moment(begun, READY)
        return
    outcome = _outcome(container, probe, plan, ip)
    for moment in _turns("Readiness", probe, outcome, plan, begun, False):
        yield Moment(moment.at, UNREADY) if moment.what == KILL else moment


def _liveness(container: Document, plan: Plan, ip: str, begun: int) -> Iterator[Moment]:
    probe = container.get("livenessProbe")
    if not probe:
        return
    for moment in _turns("Liveness", probe, _outcome(container, probe, plan, ip), plan, begun, True):
        if moment.what == KILL:
            yield Moment(moment.at, KILL, "liveness")
            return
        if moment.what == UNHEALTHY:
            yield moment


def _turns(name: str, probe: Document, outcome: Outcome, plan: Plan, begun: int, result: bool) -> Iterator[Moment]:
    """READY and KILL where the result turns, UNHEALTHY at the first of equal failures in a row."""
    period = probe.get("periodSeconds", 10) * times.SECOND
    needed = {True: probe.get("successThreshold", 1), False: probe.get("failureThreshold", 3)}
    last = max([*plan.turns, begun], default=begun)
    at = _first_tick(probe, period, begun)
    row, previous, told, counted = 0, None, "", False
    for _ in range(HORIZON):
        complaint = outcome(at)
        good = not complaint
        row = row + 1 if good == previous else 1
        if complaint and complaint != told:
            yield Moment(at, UNHEALTHY, f"{name} probe failed: {complaint}")
        previous, told = good, complaint
        if row >= needed[good] and (result != good or (not good and not counted)):
            result, counted = good, True
            yield Moment(at, READY if good else KILL)
        if at > last and row >= needed[good]:
            return
        at += period


def _first_tick(probe: Document, period: int, begun: int) -> int:
    delay = max(int(probe.get("initialDelaySeconds", 0)) * times.SECOND, NOTICED)
    if delay >= begun:
        return delay
    return delay + -(-(begun - delay) // period) * period


# --- handlers --------------------------------------------------------------------------------------------------------


def _outcome(container: Document, probe: Document, plan: Plan, ip: str) -> Outcome:
    complaint = _handler(container, probe, plan, ip)
    turns = plan.turns
    known: dict[int, str] = {}

    def remembered(at: int) -> str:
        # Between two turns nothing changes inside the container: one answer serves for all probes.
        part = bisect_right(turns, at)
        if part not in known:
            known[part] = complaint(at)
        return known[part]

    return remembered


def _handler(container: Document, probe: Document, plan: Plan, ip: str) -> Outcome:
    if probe.get("httpGet"):
        return _http(container, probe["httpGet"], plan, ip)
    if probe.get("tcpSocket"):
        return _tcp(container, probe["tcpSocket"], plan, ip)
    if probe.get("exec"):
        return _exec(probe["exec"].get("command") or [], plan)
    return _grpc(probe.get("grpc") or {}, probe, plan, ip)


def port_of(container: Document, port: Any) -> int | None:
    """The number of a port given as a number or by its name; None for a name that the container does not have."""
    if isinstance(port, int):
        return port
    for declared in container.get("ports") or []:
        if declared.get("name") == port:
            return int(declared["containerPort"])
    return int(port) if str(port).isdecimal() else None


def _http(container: Document, action: Document, plan: Plan, ip: str) -> Outcome:
    port = port_of(container, action["port"])
    scheme = (action.get("scheme") or "HTTP").lower()
    path = action.get("path") or "/"
    address = f"{action.get('host') or ip}:{port}"
    url = f"{scheme}://{address}{path if path.startswith('/') else '/' + path}"

    def complaint(at: int) -> str:
        if port is None:
            return f"couldn't find port: {action['port']!r}".replace("'", '"')
        if not plan.listens(port, at):
            return f'Get "{url}": dial tcp {address}: connect: connection refused'
        if scheme == "https" and port not in (443, 6443, 8443):
            return f'Get "{url}": http: server gave HTTP response to HTTPS client'
        if plan.fails_from is not None and at >= plan.fails_from:
            return "HTTP probe failed with statuscode: 500"
        if plan.paths is not None and path.partition("?")[0] not in plan.paths:
            return "HTTP probe failed with statuscode: 404"
        return ""

    return complaint


def _tcp(container: Document, action: Document, plan: Plan, ip: str) -> Outcome:
    port = port_of(container, action["port"])
    address = f"{action.get('host') or ip}:{port}"

    def complaint(at: int) -> str:
        listens = port is not None and plan.listens(port, at)
        return "" if listens else f"dial tcp {address}: connect: connection refused"

    return complaint


def _exec(command: list[str], plan: Plan) -> Outcome:
    def complaint(at: int) -> str:
        code, output = process.execute(command, plan, at)
        return (output or " ") if code else ""

    return complaint


def _grpc(action: Document, probe: Document, plan: Plan, ip: str) -> Outcome:
    address, timeout = f"{ip}:{action.get('port')}", probe.get("timeoutSeconds", 1)

    def complaint(at: int) -> str:
        if plan.listens(int(action.get("port") or 0), at):
            return ""
        return f'timeout: failed to connect service "{address}" within {timeout}s: context deadline exceeded'

    return complaint
