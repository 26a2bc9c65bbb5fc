"""What will happen in a Pod's containers by itself: their ends, and what their probes will bring about.

It is looked at once, and again only when something from outside touches the Pod: what is foreseen is kept in the worker's
note (`ends`: container -> {at, code, reason}; `probes`: container -> {ready, started, ledgers, moments}; `horizon`: until
when the future is known).
"""

from __future__ import annotations

from typing import Any

from cluster.containers.kernel import EVER
from cluster.containers.machine import Exit, Machine
from cluster.containers.machine import Future as MachineFuture
from cluster.kubelet import handlers, probes, runtime
from cluster.kubelet.desk import Desk, Record
from cluster.kubelet.outside import Network, Recalled
from cluster.kubelet.runtime import Present, Site
from cluster.machinery import load, usage
from cluster.objects import times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.storage import contents

# How far is looked ahead; what goes on beyond that is looked at again then.
LOOK_AHEAD = 10 * times.MINUTE
# What is further away than this is nothing that "until quiet" waits for.
LONG = times.MINUTE
# (node, uid) of Pods that ask the network, and for what: they look again when it may answer otherwise.
ASKERS = "host/askers"
# The key of the work that looks for pressure on a node: (node, "", EVICTION).
EVICTION = "eviction"
KILLED = 137


class Foreseer(Desk):
    """The part of a Pod worker that knows its machine and looks ahead."""

    _net: Network | None = None

    # --- the machine -----------------------------------------------------------------------------------------------

    def _site(self) -> Site | None:
        return runtime.site_of(self.context, self.pod, self.node)

    def _network(self) -> Network:
        """The network as the Pod sees it; the same one during a reconcile, so that it knows all that was asked."""
        if self._net is None:
            self._net = Network(self.context, self.node, str((self.row or {}).get("ip") or ""))
        return self._net

    def _present(self, at: int | None = None) -> Present | None:
        """The Pod's machine now (or at an earlier time); None without a sandbox."""
        site = self._site()
        return None if site is None else runtime.present(self.context, site, self.now if at is None else at, self._network())

    def _keep(self, present: Present, machine: Machine, *, tell: bool = True, **changes: Any) -> None:
        """Keep the Pod's machine, and what it has written into its volumes.

        Those who share them are told when there is something new in them, and when `tell` says that more will come.
        """
        changed = present._replace(own=machine, machines=(machine, *present.machines[1:]))
        rows = runtime.kept(self.context, changed, **changes)
        for (table, key), value in rows.items():
            self.context.keep(table, key, value)
        if tell or any(table == contents.TABLE and contents.is_shared(key[0]) for table, key in rows):
            self._tell_peers(present)

    def _tell_peers(self, present: Present) -> None:
        """Have those who share volumes look again."""
        for site in present.sites[1:]:
            meta = site.pod["metadata"]
            key = (site.node, meta["namespace"], meta["name"])
            note = self.context.memory(key)
            if note is not None:
                self.context.remember(key, {**note, "again": True})
                self.context.again(0, key)

    def _target(self, container: Document) -> handlers.Target:
        ip = str((self.row or {}).get("ip") or "")
        where = f"{self.name}_{self.namespace}({self.uid})"
        busy = load.serving(self.context, self.pod, container) if self._has_load() else None
        return handlers.Target(where, container, ip, self._host_ip(), Network(self.context, self.node, self._host_ip()), busy)

    def _has_load(self) -> bool:
        return bool(self.context.world.table(load.LOAD) or self.context.world.table(load.TRAFFIC))

    # --- looking ahead ---------------------------------------------------------------------------------------------

    def _look(self, present: Present, machine: Machine) -> None:
        """Find out what will happen from now on in every running container, and note it."""
        network = self._network()
        future = machine.look_ahead(self.now + LOOK_AHEAD, network)
        ends, probed = {}, {}
        for name, record in self._running().items():
            container = self._container(name)
            end = self._end_of(container, record, machine.exit_of(name) or future.ends.get(name))
            if end is not None:
                ends[name] = end
            probed[name] = self._foreseen(name, container, record, machine, future)
        horizon = self._horizon(future, probed)
        turn = self._turn_of_peers(present, future)
        horizon = turn if turn is not None and (horizon is None or turn < horizon) else horizon
        self._note(ends=ends, probes=probed, horizon=horizon, seen=self._touched(), traffic=self._traffic())
        self._note_asking(network)
        self._note_demands(future)
        for end in ends.values():
            self._expect_far(end["at"])
        for found in probed.values():
            if found["moments"]:
                self._expect_far(found["moments"][0][0])

    def _expect_far(self, due: int) -> None:
        """Be called at a time; "until quiet" does not wait for what is further away than a minute."""
        self._expect(due, quiet=due - self.now > LONG)

    def _horizon(self, future: MachineFuture, probed: dict[str, Any]) -> int | None:
        """Until when all is known; None for ever."""
        ledgers = [ledger for found in probed.values() for ledger in found["ledgers"].values()]
        horizon = min([future.horizon, *(ledger["until"] for ledger in ledgers if ledger["until"] is not None)])
        return None if horizon >= EVER else horizon

    def _turn_of_peers(self, present: Present, future: MachineFuture) -> int | None:
        """When somebody who shares a volume will write there, if this Pod's processes or probes might notice."""
        notices = future.horizon < EVER or any(
            container.get(field, {}).get("exec") or container.get(field, {}).get("httpGet")
            for container in pods.containers(self.pod) for field in probes.FIELDS.values()
        )
        if not notices:
            return None
        futures = [machine.look_ahead(self.now + LOOK_AHEAD, None) for machine in present.machines[1:]]
        return min((turn for found in futures for turn in found.turns if turn > self.now), default=None)

    def _end_of(self, container: Document, record: Record, found: Exit | None) -> dict[str, Any] | None:
        """How the container will end: by itself (`found`), by the kernel for want of memory, or by the kubelet."""
        starved = usage.killed_at(self.context, self.pod, container) if self._has_load() else None
        if starved is not None and (found is None or starved < found.at):
            found = Exit(max(starved, self.now), KILLED, "OOMKilled")
        stop = record.get("stop")
        if stop is None or "signalled" not in stop:
            return None if found is None else {"at": found.at, "code": found.code, "reason": found.reason}
        if found is None or found.at > stop["kill"]:
            return {"at": stop["kill"], "code": KILLED, "reason": "Error"}
        # The runtime takes its time to report the end.
        return {"at": max(found.at, stop["heard"]), "code": found.code, "reason": found.reason}

    def _foreseen(
        self, name: str, container: Document, record: Record, machine: Machine, future: MachineFuture
    ) -> dict[str, Any]:
        before = self._noted("probes", name) or {"ready": False, "started": False, "ledgers": {}}
        if not any(container.get(field) for field in probes.FIELDS.values()):
            ledgers: dict[str, probes.Ledger] = {}
        else:
            ledgers = self._ledgers(container, record, before["ledgers"], machine, future)
        moments = probes.moments(container, record["started"], ledgers)
        fresh = not before.get("seen")
        kept = [list(moment) for moment in moments if fresh or moment.at > self.now]
        return {**before, "seen": True, "ledgers": ledgers, "moments": kept}

    def _ledgers(
        self, container: Document, record: Record, before: dict[str, probes.Ledger], machine: Machine, future: MachineFuture
    ) -> dict[str, probes.Ledger]:
        target, at_time = self._target(container), _Later(machine, self._network())

        def ask(kind: str, probe: Document, at: int) -> probes.Outcome:
            return handlers.probe(probe, at_time.machine(at), at, target)

        turns = sorted({*future.turns, *self._turns_of_load(container, target)})
        known = probes.Future(turns, None if future.horizon >= EVER else future.horizon)
        return probes.foreseen(container, record["started"], before, self.now, ask, known)

    def _turns_of_load(self, container: Document, target: handlers.Target) -> list[int]:
        """When answers become too slow for a probe, and quick enough again."""
        found: list[int] = []
        for field in probes.FIELDS.values():
            if target.serving is None or not container.get(field):
                continue
            between = target.serving.slow_between(int(container[field].get("timeoutSeconds") or 1) * times.SECOND)
            if between is not None:
                found += [int(at) for at in between if at is not None]
        return found

    def _touched(self) -> int:
        row = self.context.host(runtime.TABLE, (self.node, self.uid))
        return 0 if row is None else int(row.get("touched", 0))

    def _note_demands(self, future: MachineFuture) -> None:
        """What the processes demand over time, for those who count what is used; pressure on the node may follow.

        What the image's own server takes at rest is counted by them.
        """
        key, steps = (self.node, self.uid), {}
        for name, found in future.demands.items():
            rest = load.image_of(self._container(name))
            more: list[list[int]] = []
            for at, cpu, memory in found:
                step = [at, max(0, cpu - rest.idle_cpu), max(0, memory - rest.memory)]
                if not more or more[-1][1:] != step[1:]:
                    more.append(step)
            if any(cpu or memory for _, cpu, memory in more):
                steps[name] = more
        if (steps or None) != self.context.host(usage.DEMANDS, key):
            self.context.keep(usage.DEMANDS, key, steps or None)
            self.context.again(0, (self.node, "", EVICTION))

    def _traffic(self) -> Any:
        """The requests that come to the Pod's containers, as far as they are known."""
        return dig(self.context.host(load.TRAFFIC, (self.node, self.uid)), "containers")

    def _note_asking(self, network: Network) -> None:
        """Remember what was asked of the network, so that the Pod looks again when that would be answered otherwise."""
        heard = network.heard if network.heard["names"] or network.heard["answers"] else None
        if heard is not None or self.context.host(ASKERS, self.key) is not None:
            row = None if heard is None else {"heard": heard, "signature": network.signature(heard)}
            self.context.keep(ASKERS, self.key, row)

    # --- what has become due ---------------------------------------------------------------------------------------

    def _notice_touch(self) -> None:
        """Somebody has changed something in the Pod (or in what it sees), or what was foreseen is used up."""
        horizon = self.work.get("horizon")
        if self.row is None or not self._running() or self._is_known(horizon):
            if horizon is not None and self._running():
                self._expect(horizon, quiet=True)
            return
        present = self._recalled()
        if present is not None:
            self._keep(present, present.own, tell=False)
            self._note(again=None)
            self._look(present, present.own)
            if self.work.get("horizon") is not None:
                self._expect(self.work["horizon"], quiet=True)

    def _is_known(self, horizon: int | None) -> bool:
        if self.work.get("again") or self._touched() != self.work.get("seen", 0):
            return False
        if self._traffic() != self.work.get("traffic") or self._hears_otherwise():
            return False
        return horizon is None or horizon > self.now


    def _hears_otherwise(self) -> bool:
        asked = self.context.host(ASKERS, self.key)
        return asked is not None and self._network().signature(asked["heard"]) != asked["signature"]

    def _recalled(self) -> Present | None:
        """The Pod now, when the network has only just become what it is: until now it answered as before."""
        site, asked = self._site(), self.context.host(ASKERS, self.key)
        if site is None or asked is None:
            return self._present()
        return runtime.present(self.context, site, self.now, Recalled(asked["heard"], self._network()))


class _Later:
    """A machine at later and later times."""

    def __init__(self, machine: Machine, network: Network) -> None:
        self._first = self._last = machine
        self._network = network

    def machine(self, at: int) -> Machine:
        start = self._last if self._last.at <= at else self._first
        self._last = start if start.at >= at else start.advance(at, self._network)
        return self._last

