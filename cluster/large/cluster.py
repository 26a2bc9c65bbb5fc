"""A large cluster: thousands of nodes and up to 150,000 Pods in one World, live.

The masses (ReplicaSets making Pods, scheduling, kubelets) are worked off in bulk, moment by moment on a grid of 100 ms; what
happens to a few (Deployments, silent nodes, taints, evictions, cordons) is done by the ordinary components on the same
World. Deterministic: the same size, seed and commands at the same virtual times give the same revisions.
Event objects, EndpointSlices and the rules of kube-proxy are left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from cluster.apiserver.state import SWITCHES, Change, World
from cluster.controllers import node_lifecycle
from cluster.controllers.deployment import DeploymentController
from cluster.controllers.node_lifecycle import NodeLifecycleController
from cluster.controllers.taint_eviction import TaintEvictionController
from cluster.large import commands
from cluster.large.inventory import GONE, NODES, PODS, REPLICASETS, TICK, Inventory, NodeRecord, PodRecord, Workload
from cluster.large.kubelets import BulkKubelets, node_values
from cluster.large.plan import MACHINE_TYPES, ZONES, machines
from cluster.large.replicasets import BulkReplicaSets, mark
from cluster.large.samples import Life, node_life, pod_life
from cluster.large.scheduling import BulkScheduler
from cluster.machinery.component import Component
from cluster.machinery.settings import Settings
from cluster.machinery.story import NARRATED
from cluster.objects import metadata, times
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import node as node_questions
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import replicaset as replicasets
from cluster.scheduler.framework import Profile
from cluster.scheduler.profile import WEIGHTS, default_profile
from cluster.simulation.bootstrap import new_cluster
from cluster.simulation.simulation import Simulation
from cluster.simulation.step import Step

# So many machines register at one moment.
REGISTERED_AT_ONCE = 250
# How often the number of waiting Pods is noted (ms), and how many notes are kept.
SAMPLE_PERIOD = 5 * times.SECOND
SAMPLES = 720
# How many sentences about what goes on are kept.
SAYINGS = 50
# Half of the churn of a node is forgotten after so long (ms).
CHURN_HALF_LIFE = 30 * times.SECOND
DEPLOYMENTS = "deployments.apps"


class Controllers(Simulation):
    """The ordinary components of a large cluster. `concerns` says which changes they hear of."""

    def __init__(
        self, world: World, components: Iterable[Component], settings: Settings, concerns: Callable[[Change], bool]
    ) -> None:
        self._concerns = concerns
        super().__init__(world, components, settings)

    def _wake(self, change: Change) -> None:
        if self._concerns(change):
            super()._wake(change)

    def _relist(self, switch: str) -> None:
        """The kubelets here are bulk components; they hear of their switch by themselves."""


class LargeCluster:
    """`size` nodes and nothing on them, until commands say so. Virtual time passes only in `advance` and `run`."""

    def __init__(self, size: int, seed: int = 0, settings: Settings | None = None) -> None:
        self.size = size
        self.settings = settings or Settings()
        self.inventory = Inventory(seed, size)
        base = new_cluster([], seed=seed).world
        components = [DeploymentController(), NodeLifecycleController(), TaintEvictionController()]
        self.controllers = Controllers(base, components, self.settings, self._concerns)
        self.controllers.on_step = self._note_step
        self.etcd = self.controllers.etcd
        self.etcd.subscribe(self._heard)
        self.scheduler = BulkScheduler(self.inventory, all_nodes_profile(), self.settings)
        self.replicasets = BulkReplicaSets(self.inventory, self.settings)
        lives = [node_life(kind.machine()) for kind in MACHINE_TYPES]
        self.kubelets = BulkKubelets(self.inventory, self.scheduler, lives, self.settings)
        self.log: list[tuple[int, dict[str, Any]]] = []  # (virtual ms, command)
        self.sayings: deque[tuple[int, str, dict[str, Any]]] = deque(maxlen=SAYINGS)
        self.said = 0  # how many sentences there have been
        self.waiting_history: deque[tuple[int, int]] = deque(maxlen=SAMPLES)
        self.watchers: list[Callable[[Change], None]] = []
        self._lives: dict[str, Life] = {}
        self._bulk_is_told = False
        self._started = self.now
        self._add_nodes(lives)

    # --- looking ----------------------------------------------------------------------------------------------------

    @property
    def world(self) -> World:
        return self.etcd.world

    @property
    def now(self) -> int:
        """Virtual ms."""
        return self.controllers.now

    @property
    def elapsed(self) -> int:
        """Virtual ms since the first machine was switched on."""
        return self.now - self._started

    def pod(self, key: Key) -> Document | None:
        found: Document | None = self.world.row(PODS, key)
        return found

    def node(self, name: str) -> Document | None:
        return self.controllers.api.get(NODES, "", name)

    def subscribe(self, watcher: Callable[[Change], None]) -> None:
        """`watcher` hears of every write, in order, as a watch does."""
        self.watchers.append(watcher)

    def is_busy(self) -> bool:
        """Whether something is on its way that is not a mere deadline."""
        bulk = bool(self.inventory.calendar) or self.scheduler.is_busy() or self.replicasets.is_busy()
        return bulk or not self.controllers.is_quiet()

    # --- time -------------------------------------------------------------------------------------------------------

    def advance(self, milliseconds: int) -> None:
        """Let virtual time pass."""
        until = self.now + milliseconds
        while (at := self._next(until)) is not None:
            self._moment(at)
        self._others_until(until)

    def run(self, limit: int = 24 * times.HOUR) -> None:
        """Go on until everything is done that is on its way, for at most `limit` of virtual time."""
        until = self.now + limit
        while self.is_busy() and (at := self._next(until)) is not None:
            self._moment(at)

    def _next(self, until: int) -> int | None:
        """The next moment of the grid at which there is something to do; None when that is after `until`."""
        soonest = self.now // TICK * TICK + TICK
        due = soonest
        if not (self.scheduler.is_busy() or self.replicasets.is_busy()):
            dues = [at for at in (self.inventory.next_due(), self.controllers.next_due()) if at is not None]
            if not dues:
                return None
            due = max(soonest, -(-min(dues) // TICK) * TICK)
        return due if due <= until else None

    def _moment(self, at: int) -> None:
        """Everything that happens at one moment."""
        self._others_until(at)
        with self.etcd.bulk() as bulk:
            self._bulk_is_told = True
            self.kubelets.run(bulk, at)
            self.scheduler.add(self.replicasets.run(bulk, at))
            self.scheduler.run(bulk, self.controllers.api, at)
        self._bulk_is_told = False
        self._note_waiting(at)

    def _others_until(self, at: int) -> None:
        """The ordinary components up to `at`, where the clock ends; each at its own time, off the grid."""
        for _ in self.controllers.steps_until(at):
            pass

    def _note_waiting(self, at: int) -> None:
        if self.waiting_history and at - self.waiting_history[-1][0] < SAMPLE_PERIOD:
            return
        passed = at - self.waiting_history[-1][0] if self.waiting_history else 0
        self.inventory.churn *= 0.5 ** (passed / CHURN_HALF_LIFE)
        self.waiting_history.append((at, self.scheduler.waiting))

    # --- what others wrote ------------------------------------------------------------------------------------------

    def _concerns(self, change: Change) -> bool:
        """Whether ordinary components have to hear of a change: of nodes in trouble, and of what owns Pods."""
        if change.table in (REPLICASETS, DEPLOYMENTS, SWITCHES):
            return True
        if change.table == NODES:
            return not self._bulk_is_told or self.inventory.node_of[change.key[1]].was_silent
        if change.table != PODS or self._bulk_is_told:
            return False
        record = self.inventory.pods.get(change.key)
        return record is not None and record.node >= 0 and self.inventory.nodes[record.node].tainted

    def _heard(self, change: Change) -> None:
        """Every write passes here: those of others change what the bulk components know."""
        if not self._bulk_is_told:
            self._learn(change)
        for watcher in self.watchers:
            watcher(change)
        self.controllers._wake(change)

    def _learn(self, change: Change) -> None:
        if change.table == PODS:
            self._learn_pod(change)
        elif change.table == NODES and change.new is not None:
            self._learn_node(change.new)
        elif change.table == REPLICASETS:
            self._learn_replicaset(change)
        elif change.table == SWITCHES:
            self._learn_switch(change)

    def _learn_pod(self, change: Change) -> None:
        record = self.inventory.pods.get(change.key)
        if record is None or record.leaving == GONE:
            return
        if change.new is None:
            self.inventory.forget(record)
            if record.node >= 0:
                self.scheduler.pod_left(change.old)
            return
        if metadata.is_being_deleted(change.new) and not record.leaving:
            self.inventory.leave(record)
            self.inventory.evicted += 1
            self.inventory.due(self.now, self.settings.reaction_of("kubelet"), "stop", record)
        self.inventory.set_ready(record, pods.is_ready(change.new))

    def _learn_node(self, document: Document) -> None:
        node = self.inventory.node_of[metadata.name(document)]
        node.cordoned = node_questions.is_unschedulable(document)
        node.ready = node_questions.is_ready(document)
        node.tainted = any(
            taint["effect"] == "NoExecute" and taint["key"] in node_lifecycle.EXECUTE_TAINTS.values()
            for taint in node_questions.taints(document)
        )
        self.inventory.changed.add(node.index)
        self.scheduler.node_changed(document)

    def _learn_replicaset(self, change: Change) -> None:
        known = self.inventory.workloads.get(change.key)
        if change.new is None:
            if known is not None:
                known.wanted = 0
            return
        if known is None:
            life = self._life_of(change.new)
            known = self.inventory.workloads[change.key] = Workload.of(change.new, life, self._number(change.new))
        known.wanted = replicasets.wanted(change.new)
        known.stale = True

    def _life_of(self, replicaset: Document) -> Life:
        name = metadata.name(replicaset)
        if name not in self._lives:
            self._lives[name] = pod_life(replicaset)
        return self._lives[name]

    def _number(self, replicaset: Document) -> int:
        """The colour of a ReplicaSet's Pods: that of its Deployment."""
        reference = metadata.controller_of(replicaset)
        owner = reference["name"] if reference else metadata.name(replicaset)
        owners = list(dict.fromkeys(workload.owner for workload in self.inventory.workloads.values()))
        return owners.index(owner) if owner in owners else len(owners)

    def _learn_switch(self, change: Change) -> None:
        name = change.key[0].partition("/")[2]
        node = self.inventory.node_of.get(name)
        if node is None:
            return
        node.silent = change.new is not None
        node.was_silent = True
        self.inventory.changed.add(node.index)
        if not node.silent:
            self.inventory.due(self.now, self.settings.node_ready, "return", node)

    def _note_step(self, step: Step) -> None:
        if step.weight >= NARRATED:
            self.said += 1
            self.sayings.append((step.at, step.say, dict(step.args)))

    # --- nodes ------------------------------------------------------------------------------------------------------

    def _add_nodes(self, lives: list[Life]) -> None:
        inventory = self.inventory
        for planned in machines(self.size, inventory.chance):
            life = lives[planned.kind]
            chance = inventory.chance
            node = NodeRecord(len(inventory.nodes), planned, [])
            node.values = node_values(node, ZONES[planned.zone], chance.uid(), life, chance.digest())
            inventory.nodes.append(node)
            inventory.node_of[node.name] = node
            inventory.due(self.now, node.index // REGISTERED_AT_ONCE * TICK, "register", node)
        self.scheduler.arrays.columns.reserve(self.size)

    # --- commands ---------------------------------------------------------------------------------------------------

    def command(self, command: dict[str, Any]) -> None:
        """Do what a user asks for, now. Raises commands.Refused with a sentence key when that is not possible."""
        earlier, said = self.sayings.copy(), self.said
        told = commands.obey(self, command)
        self.log.append((self.now, command))
        if told is not None:  # one sentence in place of one for each node
            earlier.append((self.now, *told))
            self.sayings, self.said = earlier, said + 1

    def delete_pods(self, records: Iterable[PodRecord]) -> int:
        """Begin the deletion of Pods, as so many requests; how many there were."""
        count = 0
        with self.etcd.bulk() as bulk:
            self._bulk_is_told = True
            for record in records:
                pod = bulk.row(PODS, record.key)
                mark(self.inventory, bulk, record, self.now, self.settings)
                if record.leaving == GONE and dig(pod, "spec", "nodeName"):
                    self.scheduler.pod_left(pod)
                count += 1
        self._bulk_is_told = False
        return count


def all_nodes_profile() -> Profile:
    """The default profile, with every node filtered and scored."""
    return Profile(default_profile().plugins, WEIGHTS, percentage_of_nodes_to_score=100)
