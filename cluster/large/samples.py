"""How a node and a Pod come to be in the ordinary engine: their documents write by write, and how long each step takes.

A sample cluster of one machine is run with latencies so long that each moment can be told from the others; a second
one with the usual latencies gives the times. What is made by the thousand is cast after these samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cluster.controllers.node_ipam import RANGES
from cluster.large.moulds import Mould
from cluster.machinery.settings import Settings
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import pod as pods
from cluster.scheduler.scheduler import Scheduler
from cluster.simulation.bootstrap import Machine, machine_key, new_cluster
from cluster.simulation.components import all_components
from cluster.simulation.simulation import Simulation

# Places of values in moulds of Pods and of nodes. Times follow from MOMENTS on, one per write of the object.
NAME, UID, REVISION, NODE, HOST_IP, ADDRESS, CONTAINER, ZONE, OWNER_UID = range(9)
MOMENTS = 9
# What only nodes have stands in the places of what only Pods have.
CIDR, MACHINE_ID, SYSTEM_UUID, BOOT_ID = ADDRESS, CONTAINER, NODE, OWNER_UID

# Names that cannot be mistaken for anything else in a document.
SAMPLE_NODE, SAMPLE_ZONE, SAMPLE_IP, SAMPLE_REVISION = "sample-node", "sample-zone", "10.99.99.99", "sample-revision"
SAMPLE_NAMESPACE = "default"
SLOW = 7 * times.SECOND
LIMIT = 10 * times.MINUTE


class Unsuitable(ValueError):
    """Pods of this template do not become ready by themselves in the ordinary engine."""


@dataclass(frozen=True, slots=True)
class Life:
    """The documents of an object from its creation until it is ready, one mould per write.

    `offsets`: ms from the second write (a Pod's binding, a node's first change) to each of the later ones.
    `pull`: ms that the last one is later when the image is not on the node yet.
    """

    moulds: tuple[Mould, ...]
    offsets: tuple[int, ...]
    pull: int = 0
    images: Mapping[str, Document] | None = None  # image as the template spells it -> its entry in a node's status


# --- nodes ----------------------------------------------------------------------------------------------------------


def node_life(machine: Machine) -> Life:
    """How a machine of this kind becomes a Ready node; its name, zone and address are replaced by the holes."""
    slow = _node_writes(machine, _slow_settings())
    usual = _node_writes(machine, replace(Settings(), jitter=0))
    last = slow[-1][1]
    holes = {
        SAMPLE_NODE: NAME, SAMPLE_IP: HOST_IP, SAMPLE_ZONE: ZONE, RANGES[0]: CIDR, metadata.uid(last): UID,
        last["status"]["nodeInfo"]["machineID"]: MACHINE_ID, last["status"]["nodeInfo"]["systemUUID"]: SYSTEM_UUID,
        last["status"]["nodeInfo"]["bootID"]: BOOT_ID,
    }
    first = usual[0][0]
    moulds = tuple(_mould(document, holes, [at for at, _ in slow], {ZONE}) for _, document in slow)
    return Life(moulds, tuple(at - first for at, _ in usual))


def _node_writes(machine: Machine, settings: Settings) -> list[tuple[int, Document]]:
    simulation = new_cluster([], settings=settings)
    seen = _recorder(simulation, "nodes")
    labels = {**machine.labels, "topology.kubernetes.io/zone": SAMPLE_ZONE}
    row = replace(machine, name=SAMPLE_NODE, ip=SAMPLE_IP, labels=labels).row()
    with simulation.act() as api:
        api.write_row("create", *machine_key(SAMPLE_NODE), row)
    simulation.until_quiet()
    return seen


# --- Pods -----------------------------------------------------------------------------------------------------------


def pod_life(replicaset: Document) -> Life:
    """How a Pod of this ReplicaSet becomes ready on a node that suits it. Raises Unsuitable when it does not."""
    slow, _ = _pod_writes(replicaset, _slow_settings(), 1)
    usual, images = _pod_writes(replicaset, replace(Settings(), jitter=0), 2)
    first, second = usual
    if len(first) != len(second) or len(first) != len(slow[0]):
        raise Unsuitable("its Pods do not all become ready in the same way")
    last = slow[0][-1][1]
    owner = metadata.controller_of(last)
    assert owner is not None
    holes = {
        metadata.name(last): NAME, metadata.uid(last): UID, SAMPLE_NODE: NODE, SAMPLE_IP: HOST_IP, SAMPLE_ZONE: ZONE,
        last["status"]["podIP"]: ADDRESS, last["status"]["containerStatuses"][0]["containerID"]: CONTAINER,
        owner["uid"]: OWNER_UID,
    }
    moments = [at for at, _ in slow[0]]
    common = {NODE, HOST_IP, ZONE, OWNER_UID}
    moulds = tuple(_mould(document, holes, moments, common) for _, document in slow[0])
    offsets = [at - second[1][0] for at, _ in second]
    pull = first[-1][0] - first[1][0] - offsets[-1]
    return Life(moulds, tuple(offsets), max(0, pull), images)


def _pod_writes(
    replicaset: Document, settings: Settings, count: int
) -> tuple[list[list[tuple[int, Document]]], dict[str, Document]]:
    """The writes of `count` Pods that start one after the other on one node, and the images that the node has then."""
    template = replicaset["spec"]["template"]
    if len(template["spec"]["containers"]) != 1:
        raise Unsuitable("its Pods have more than one container")
    components = [component for component in all_components() if not isinstance(component, Scheduler)]
    simulation = new_cluster([_suiting(template)], settings=settings, components=components)
    found = []
    for number in range(1, count + 1):
        seen = _recorder(simulation, "pods")
        with simulation.act() as api:
            if number == 1:
                api.create(_bare(replicaset, number), SAMPLE_NAMESPACE)
            else:
                name = metadata.name(replicaset)
                api.patch("replicasets.apps", SAMPLE_NAMESPACE, name, {"spec": {"replicas": number}}, "merge")
        # Another second than that of the creation.
        simulation.advance(SLOW)
        with simulation.act() as api:
            api.bind(SAMPLE_NAMESPACE, metadata.name(seen[0][1]), SAMPLE_NODE)
        simulation.advance(LIMIT)
        if not pods.is_ready(seen[-1][1]):
            raise Unsuitable("its Pods do not become ready by themselves")
        found.append(seen)
    node = simulation.api.read("nodes", "", SAMPLE_NODE)
    return found, _images(template, dig(node, "status", "images", default=[]))


def _bare(replicaset: Document, replicas: int) -> Document:
    """The ReplicaSet without what ties it to its Deployment."""
    meta = {"name": metadata.name(replicaset), "labels": metadata.labels(replicaset)}
    spec = {**replicaset["spec"], "replicas": replicas}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": spec}


def _suiting(template: Document) -> Machine:
    """A machine with room for a few Pods and the labels that they ask for."""
    selector = dig(template, "spec", "nodeSelector", default={})
    requests = dig(template["spec"]["containers"][0], "resources", "requests", default={})
    extended = {name: "8" for name in requests if name not in ("cpu", "memory", "ephemeral-storage")}
    labels = {**selector, "topology.kubernetes.io/zone": SAMPLE_ZONE}
    return Machine(SAMPLE_NODE, SAMPLE_IP, cpu="256", memory="4Ti", labels=labels, extended=extended)


def _images(template: Document, present: Sequence[Document]) -> dict[str, Document]:
    """The node's entry for each image of the template. There is only what these Pods brought."""
    wanted = [container["image"] for container in template["spec"]["containers"]]
    return dict(zip(wanted, present, strict=False))


# --- common ---------------------------------------------------------------------------------------------------------


def _slow_settings() -> Settings:
    reaction = dict.fromkeys(("kubelet", "replicaset-controller", "node-ipam-controller"), SLOW)
    usual = Settings()
    return replace(
        usual, reaction={**usual.reaction, **reaction}, jitter=0, sandbox=3 * SLOW, container_start=5 * SLOW,
        image_pull_fixed=0, node_start=SLOW, node_ready=9 * SLOW,
    )


def _recorder(simulation: Simulation, table: str) -> list[tuple[int, Document]]:
    """A list of (virtual ms, document) that grows with each write of that table."""
    seen: list[tuple[int, Document]] = []
    simulation.on_step = lambda step: seen.extend(
        (step.at, change.new) for change in step.changes if change.table == table and change.new is not None
    )
    return seen


def _mould(document: Document, holes: Mapping[str, int], moments: Sequence[int], common: set[int]) -> Mould:
    found = {**holes, SAMPLE_REVISION: REVISION}
    document = with_value(document, ("metadata", "resourceVersion"), SAMPLE_REVISION)
    for text in sorted(_texts(document)):
        at = _moment(text)
        if at is not None:
            # What lies between two writes became known with the later one.
            found[text] = MOMENTS + next(n for n, moment in enumerate(moments) if at <= moment // 1000 * 1000)
    return Mould(document, found, frozenset(common | set(range(MOMENTS, MOMENTS + len(moments)))))


def _texts(value: object) -> set[str]:
    if isinstance(value, str):
        return {value}
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for part in parts for text in _texts(part)}


def _moment(text: str) -> int | None:
    """The virtual ms that a text spells; None for any other text."""
    if len(text) != len("2026-01-01T00:00:00Z") or not text.endswith("Z"):
        return None
    try:
        return times.parse(text)
    except ValueError:
        return None


