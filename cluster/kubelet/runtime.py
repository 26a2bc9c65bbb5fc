"""The machine of a Pod as its node's container runtime keeps it: loaded from its row, brought to the present, kept again.

The row of host/processes, (node, pod uid): `machine` as `Machine.to_row` gives it, `images` (container -> image), `places`
(volume -> [key, path, read-only, in memory]), `mounted` (when), `before` (container -> log lines of the run before),
`touched` (how often somebody outside the kubelet has changed it). What is kept is the moment of the last touch; the present
is computed by whoever asks. Pods that share volumes are brought forward together: each sees what the others have written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from cluster.apiserver.reader import Reader
from cluster.apiserver.state import World
from cluster.containers import images, references, software
from cluster.containers.files import Tree
from cluster.containers.machine import Machine, Outside
from cluster.kubelet import volumes
from cluster.kubelet.downward import Place
from cluster.kubelet.volumes import Places, Rows
from cluster.objects.documents import Document, Key
from cluster.objects.kinds import pod as pods
from cluster.storage import contents

TABLE = "host/processes"
CONTAINERS = "host/containers"
MACHINES = "host/machines"
# So many moments are looked at when Pods that share volumes are brought forward together.
MOST_MOMENTS = 200
# So many Pods are brought forward together.
MOST_PEERS = 16

Row = dict[str, Any]


class Site(NamedTuple):
    """Where a Pod's machine is: the Pod, its node, its row."""

    pod: Document
    node: str
    row: Row

    @property
    def key(self) -> tuple[str, str]:
        return self.node, pods.runtime_uid(self.pod)

    @property
    def places(self) -> Places:
        return dict(self.row["places"])


def site_of(view: Reader, pod: Document, node: str) -> Site | None:
    """None for a Pod that has no sandbox there."""
    row = view.host(TABLE, (node, pods.runtime_uid(pod)))
    return None if row is None else Site(pod, node, row)


def place_of(view: Reader, pod: Document, node: str) -> Place:
    """The addresses of a Pod on its node."""
    host_ip = (view.host(MACHINES, (node,)) or {}).get("ip", "")
    row = view.host(CONTAINERS, (node, pods.runtime_uid(pod))) or {}
    return Place(node, host_ip, row.get("ip") or pods.ip(pod))


# --- from the row ----------------------------------------------------------------------------------------------------

# The machines of the last rows. Rows and trees are never changed, so identity is enough.
_KEPT: dict[tuple[int, ...], tuple[tuple[Any, ...], Machine]] = {}
_MOST_KEPT = 2_048


def kept_machine(view: Reader, site: Site) -> Machine:
    """The machine as it was when it was last touched."""
    rows = [view.host(contents.TABLE, (key,)) for key, *_ in site.row["places"].values()]
    held = (site.row, site.pod["spec"], *rows)
    key = tuple(id(one) for one in held)
    found = _KEPT.get(key)
    if found is not None:
        return found[1]
    trees = volumes.trees(view, site.pod, site.places, place_of(view, site.pod, site.node), site.row["mounted"])
    machine = Machine.from_row(site.row["machine"], _software(site.row["images"]), trees)
    _remember(key, held, machine)
    return machine


def _remember(key: tuple[int, ...], held: tuple[Any, ...], machine: Machine) -> None:
    if len(_KEPT) >= _MOST_KEPT:
        _KEPT.clear()
    _KEPT[key] = held, machine


def _software(named: Mapping[str, str]) -> dict[str, software.Software]:
    return {container: software_of(image) for container, image in named.items()}


def software_of(image: str) -> software.Software:
    """What runs in a container of this image (a full reference)."""
    reference = references.parse(image)
    return software.of(images.of(reference, {}), reference.familiar, reference.tag)


# --- the present -----------------------------------------------------------------------------------------------------


class Present(NamedTuple):
    """The machines of a Pod and of those that it shares volumes with, at one moment."""

    own: Machine
    sites: tuple[Site, ...]  # the Pod's own first
    machines: tuple[Machine, ...]


def present(view: Reader, site: Site, at: int, outside: Outside | None) -> Present:
    """A Pod's machine, and those of its peers, as they are at a time."""
    sites = (site, *_peers(view, site))
    machines = [kept_machine(view, each) for each in sites]
    if len(sites) == 1:
        own = machines[0] if machines[0].at >= at else machines[0].advance(at, outside)
        return Present(own, sites, (own,))
    for moment in _moments(machines, at, outside):
        for index, machine in enumerate(machines):
            if machine.at < moment:
                machines[index] = _with_shared(machine, machines).advance(moment, outside)
                machines = [_with_shared(other, [machines[index]]) for other in machines]
    return Present(machines[0], sites, tuple(machines))


def _moments(machines: Iterable[Machine], at: int, outside: Outside | None) -> list[int]:
    """When something changes in any of the machines by then, and then itself."""
    found = {turn for machine in machines if machine.at < at for turn in machine.look_ahead(at, outside).turns if turn < at}
    return [*sorted(found)[:MOST_MOMENTS], at]


def _with_shared(machine: Machine, others: Iterable[Machine]) -> Machine:
    """The machine with what the others have in the volumes that it shares with them."""
    changed: dict[str, Tree] = {}
    for other in others:
        for key, tree in other.volumes.items():
            if other.at >= machine.at and contents.is_shared(key) and machine.volumes.get(key, tree) is not tree:
                changed[key] = tree
    return machine.with_volumes({**machine.volumes, **changed}) if changed else machine


def _peers(view: Reader, site: Site) -> Iterator[Site]:
    """The other Pods that have a volume of this one mounted."""
    seen = {site.key}
    for key, *_ in site.row["places"].values():
        if not contents.is_shared(key):
            continue
        for user in contents.users(view.host(contents.TABLE, (key,))):
            if user in seen or len(seen) > MOST_PEERS:
                continue
            seen.add(user)
            found = site_at(view, *user)
            if found is not None:
                yield found


def site_at(view: Reader, node: str, uid: str) -> Site | None:
    """The site of a Pod of which only node and uid are known; None when it has gone."""
    row, containers = view.host(TABLE, (node, uid)), view.host(CONTAINERS, (node, uid))
    if row is None or containers is None:
        return None
    pod = view.world.row("pods", tuple(containers["pod"]))
    return Site(pod, node, row) if pod is not None and pods.runtime_uid(pod) == uid else None


# --- to rows ---------------------------------------------------------------------------------------------------------


def kept(view: Reader, present: Present, **changes: Any) -> Rows:
    """The rows for what these machines are now; `changes`: other fields of the Pod's own row."""
    rows: Rows = {}
    for site, machine in zip(present.sites, present.machines, strict=True):
        own = site is present.sites[0]
        if own or machine is not kept_machine(view, site):
            rows[TABLE, site.key] = _row(site, machine, changes if own else {})
        rows.update(_changed_trees(view, machine, site))
    return rows


def _row(site: Site, machine: Machine, changes: Mapping[str, Any]) -> Row:
    return {**site.row, **changes, "machine": machine.to_row()}


def _changed_trees(view: Reader, machine: Machine, site: Site) -> Rows:
    rows: Rows = {}
    before = kept_machine(view, site).volumes
    for key, tree in machine.volumes.items():
        if tree is not before.get(key):
            row = view.host(contents.TABLE, (key,))
            if contents.tree_of(key, row) != tree:
                rows[contents.TABLE, (key,)] = contents.with_tree(key, row, tree)
    return rows


# --- who has which address -------------------------------------------------------------------------------------------


_ADDRESSES: list[tuple[Any, dict[str, Key]]] = []


def by_address(world: World) -> Mapping[str, Key]:
    """(node, uid) of the sandbox that has an address. Remembered for the last state of the table."""
    table = world.table(CONTAINERS)
    if _ADDRESSES and _ADDRESSES[0][0] is table:
        return _ADDRESSES[0][1]
    found = {row["ip"]: key for key, row in table.items() if row.get("sandbox") and row.get("ip")}
    _ADDRESSES[:] = [(table, found)]
    return found

