"""The scheduling framework: extension points, the verdicts that plugins return, and profiles.

pkg/scheduler/framework/interface.go, pkg/scheduler/framework/runtime/framework.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from cluster.objects import times
from cluster.objects.documents import Document, dig
from cluster.scheduler.events import ClusterEvent

if TYPE_CHECKING:
    from cluster.machinery.component import Context
    from cluster.machinery.story import Story
    from cluster.scheduler.snapshot import NodeInfo, PodInfo, Snapshot

MAX_NODE_SCORE = 100
DEFAULT_SCHEDULER = "default-scheduler"
INITIAL_BACKOFF = 1 * times.SECOND
MAX_BACKOFF = 10 * times.SECOND

# What plugins note down for their later extension points in one scheduling cycle: plugin name -> anything. Values are
# replaced, never mutated: `dict(state)` is a copy that a dry run may change.
CycleState = dict[str, Any]


class Code(StrEnum):
    """Result of a plugin at an extension point."""

    SUCCESS = "Success"
    UNSCHEDULABLE = "Unschedulable"
    """Rejected; removing pods from the node (preemption) might help."""
    UNRESOLVABLE = "UnschedulableAndUnresolvable"
    """Rejected whatever pods are removed."""
    WAIT = "Wait"
    SKIP = "Skip"
    """The plugin has nothing to say about this pod; its later extension points are left out."""
    ERROR = "Error"
    """Something went wrong: the attempt ends, and the pod is tried again after its back-off whatever happens."""


@dataclass(frozen=True, slots=True)
class Status:
    """A verdict. `values` are the numbers and names behind the reasons (JSON-able), for whoever asks why."""

    code: Code = Code.SUCCESS
    reasons: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return self.code is Code.SUCCESS

    @property
    def is_rejected(self) -> bool:
        return self.code in (Code.UNSCHEDULABLE, Code.UNRESOLVABLE)

    @property
    def message(self) -> str:
        return ", ".join(self.reasons)


SUCCESS = Status()
SKIP = Status(Code.SKIP)


class PreFilterResult(NamedTuple):
    """`nodes` are the only names worth filtering; None means all."""

    status: Status = SUCCESS
    nodes: frozenset[str] | None = None


class ReserveResult(NamedTuple):
    """What a Reserve plugin decided for the pod on its node. `note` (JSON-able) is handed to its PreBind."""

    status: Status = SUCCESS
    note: Any = None


class PostFilterResult(NamedTuple):
    """What a PostFilter plugin did: `victims` are to be evicted from the `nominated` node.

    An empty name takes an earlier nomination back, None leaves it. `values` is the record of why (JSON-able).
    """

    status: Status
    nominated: str | None = None
    victims: tuple[Document, ...] = ()
    values: Mapping[str, Any] | None = None


class Plugin:
    """Base of all plugins: one implements the extension points that it overrides. Instances hold configuration only."""

    name: str = ""
    # (resource, action) of the cluster events after which a pod that this plugin rejected may fit; see `events.concerns`.
    events: frozenset[tuple[str, str]] = frozenset()

    # Of "filter" and "score", those that can do without the plugin's own PreFilter and PreScore.
    manages_without_notes: frozenset[str] = frozenset()

    def pre_enqueue(self, pod: Document) -> Status:
        """Whether the pod may enter the active queue at all."""
        return SUCCESS

    def sort_key(self, priority: int, timestamp: int) -> tuple[int, ...]:
        """QueueSort: the pod with the smallest key is scheduled first. `timestamp`: when it entered the queue, ms."""
        return (timestamp,)

    def worth_retrying(self, pod: Document, event: ClusterEvent) -> bool:
        """Queueing hint: whether one of `events` may make a pod that this plugin rejected schedulable."""
        return True

    def pre_filter(self, state: CycleState, pod: Document, snapshot: Snapshot) -> PreFilterResult:
        return PreFilterResult()

    def filter(self, state: CycleState, pod: Document, node: NodeInfo) -> Status:
        return SUCCESS

    def add_pod(self, state: CycleState, pod: Document, other: PodInfo, node: NodeInfo) -> None:
        """Bring what `pre_filter` noted up to date: `other` is now on `node` (given as it is with that pod)."""

    def remove_pod(self, state: CycleState, pod: Document, other: PodInfo, node: NodeInfo) -> None:
        """Bring what `pre_filter` noted up to date: `other` is no longer on `node` (given as it is without that pod)."""

    def post_filter(
        self, state: CycleState, pod: Document, snapshot: Snapshot, statuses: Mapping[str, Status],
        filters: Sequence[Plugin],
    ) -> PostFilterResult:
        """Called when no node passed, with the status of each node and this cycle's filters. Success: room is made."""
        return PostFilterResult(Status(Code.UNSCHEDULABLE))

    def pre_score(self, state: CycleState, pod: Document, nodes: Sequence[NodeInfo], snapshot: Snapshot) -> Status:
        return SUCCESS

    def score(self, state: CycleState, pod: Document, node: NodeInfo) -> int:
        return 0

    def normalize(self, state: CycleState, scores: Mapping[str, int]) -> Mapping[str, int]:
        """NormalizeScore: raw scores by node name to 0..100."""
        return scores

    def explain_score(self, state: CycleState, pod: Document, node: NodeInfo) -> Mapping[str, Any]:
        """What `score` counted (JSON-able), for whoever asks why; called after `pre_score` did not skip."""
        return {}

    def reserve(self, state: CycleState, pod: Document, node: NodeInfo) -> ReserveResult:
        """The pod gets this node: decide what else that means (which volumes)."""
        return ReserveResult()

    def permit(self, pod: Document, node: str) -> Status:
        return SUCCESS

    def pre_bind(self, context: Context, pod: Document, node: str, note: Any) -> Status:
        """What has to be done before the pod is bound; `note` is what `reserve` said.

        Success: nothing is left to do. Wait: it made the turn's one write, or waits for others; it is asked again after
        every change of the plugin's `events` and at the scheduler's next turn, which it may ask for itself
        (`context.again`). A rejection or an error puts the pod back into the queue. When a plugin's note is not None,
        the pod's status names the node (nominatedNodeName) before the work begins.
        """
        return SUCCESS

    def bind(self, context: Context, pod: Document, node: str, story: Story, why: Any) -> bool:
        """Bind the pod; whether this plugin did."""
        return False

    def post_bind(self, context: Context, pod: Document, node: str) -> None:
        """Informed after the pod was bound."""


class Profile:
    """Plugins in the order of the scheduler's configuration, and the weights of those that score.

    `points` gives, for extension points by method name ("filter", "pre_bind"), the plugins that are enabled there, in
    order; for the others it is all plugins that implement them.
    """

    def __init__(
        self, plugins: Iterable[Plugin], weights: Mapping[str, int], *,
        scheduler_name: str = DEFAULT_SCHEDULER, percentage_of_nodes_to_score: int = 0,
        points: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.plugins = tuple(plugins)
        self._points = points or {}
        self.weights = dict(weights)
        self.scheduler_name = scheduler_name
        self.percentage_of_nodes_to_score = percentage_of_nodes_to_score
        self.pre_enqueue = self._implementing("pre_enqueue")
        self.pre_filter = self._implementing("pre_filter")
        self.filter = self._implementing("filter")
        self.post_filter = self._implementing("post_filter")
        self.pre_score = self._implementing("pre_score")
        self.score = self._implementing("score")
        self.reserve = self._implementing("reserve")
        self.permit = self._implementing("permit")
        self.pre_bind = self._implementing("pre_bind")
        self.bind = self._implementing("bind")
        self.post_bind = self._implementing("post_bind")
        self.queue_sort = self._the_queue_sort()
        self.unprepared = self._unprepared()
        self.events = frozenset(event for plugin in self.plugins for event in plugin.events)

    def plugin(self, name: str) -> Plugin | None:
        return next((plugin for plugin in self.plugins if plugin.name == name), None)

    def _implementing(self, point: str) -> tuple[Plugin, ...]:
        able = {p.name: p for p in self.plugins if getattr(type(p), point) is not getattr(Plugin, point)}
        return tuple(able[name] for name in self._points.get(point, able) if name in able)

    def _unprepared(self) -> dict[str, tuple[Plugin, ...]]:
        """By "filter" and "score": who runs there without what its PreFilter or PreScore would have noted."""
        found: dict[str, tuple[Plugin, ...]] = {}
        for point, before in (("filter", "pre_filter"), ("score", "pre_score")):
            implementing = {p.name for p in self.plugins if getattr(type(p), before) is not getattr(Plugin, before)}
            prepared = {plugin.name for plugin in getattr(self, before)}
            found[point] = tuple(
                plugin for plugin in getattr(self, point)
                if plugin.name in implementing - prepared and point not in plugin.manages_without_notes
            )
        return found

    def _the_queue_sort(self) -> Plugin:
        found = self._implementing("sort_key")
        if len(found) != 1:
            raise ValueError(f"a profile needs one QueueSort plugin, not {len(found)}")
        return found[0]


class Profiles:
    """The profiles of one kube-scheduler by scheduler name. They share a queue, and with it its order and back-offs (ms)."""

    def __init__(
        self, profiles: Iterable[Profile], *, initial_backoff: int = INITIAL_BACKOFF, max_backoff: int = MAX_BACKOFF
    ) -> None:
        self.by_name = {profile.scheduler_name: profile for profile in profiles}
        self.initial_backoff = initial_backoff
        self.max_backoff = max_backoff
        self.queue_sort = next(iter(self.by_name.values())).queue_sort
        self.events = frozenset(event for profile in self.by_name.values() for event in profile.events)

    def of(self, pod: Document) -> Profile | None:
        """The profile that places the pod; None when another scheduler has to."""
        return self.by_name.get(dig(pod, "spec", "schedulerName", default=DEFAULT_SCHEDULER))
