"""Components that stand in for scheduler and kubelet where a test is about controllers, and a cluster made of them."""

from __future__ import annotations

from collections.abc import Iterable

import cluster.objects.kinds  # noqa: F401  (registers the kinds)
from cluster.apiserver.state import World
from cluster.machinery.component import Component, Context, Key
from cluster.machinery.event_recorder import EventRecorder
from cluster.machinery.settings import Settings
from cluster.machinery.story import Story
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig, with_value
from cluster.objects.kinds import pod as pods
from cluster.simulation.simulation import Simulation

ACT = Story("fake", {}, 0)
# The recordings' kubelet knows no such images.
BAD_IMAGES = ("nginx:doesnotexist", "nginx:bad")


class FakeScheduler(Component):
    """Binds every Pod at once, to the node with the fewest."""

    name = "default-scheduler"
    watches = ("pods",)

    def __init__(self, nodes: int = 3) -> None:
        self.nodes = [f"node-{number}" for number in range(1, nodes + 1)]

    def reconcile(self, context: Context, key: Key) -> None:
        pod = context.get("pods", *key)
        if pod is None or dig(pod, "spec", "nodeName") or not pods.is_active(pod):
            return
        node = min(self.nodes, key=lambda name: (len(context.pods_on(name)), name))
        context.bind(key[0], key[1], node, story=ACT, why=None)


class FakeKubelet(Component):
    """Makes bound Pods Ready `start` ms after their binding, and removes them `stop` ms after their deletion."""

    name = "kubelet"
    watches = ("pods",)

    def __init__(self, start: int = 500, stop: int = 500) -> None:
        self.start, self.stop = start, stop

    def reconcile(self, context: Context, key: Key) -> None:
        pod = context.get("pods", *key)
        if pod is None:
            context.forget(("seen", *key))
            context.forget(("deleted", *key))
        elif dig(pod, "spec", "nodeName"):
            self._run(context, key, pod)

    def _run(self, context: Context, key: Key, pod: Document) -> None:
        if metadata.is_being_deleted(pod):
            if self._since(context, "deleted", key) + self.stop <= context.now:
                context.delete("pods", *key, grace=0, story=ACT)
            return
        if self._since(context, "seen", key) + self.start > context.now or pods.phase(pod) != "Pending":
            return
        if pod["spec"]["containers"][0]["image"] in BAD_IMAGES:
            return
        context.update(running(pod, context.now), subresource="status", story=ACT)

    def _since(self, context: Context, what: str, key: Key) -> int:
        since = context.memory((what, *key))
        if since is None:
            since = context.now
            context.remember((what, *key), since)
            context.again(self.start if what == "seen" else self.stop)
        return int(since)


class FakeGarbageCollector(Component):
    """Deletes what belongs to an owner that is gone."""

    name = "garbage-collector-controller"
    watches = ("deployments.apps", "replicasets.apps")

    def keys_for(self, change, view) -> Iterable[Key]:
        return [("owner", metadata.uid(change.old))] if change.new is None else []

    def all_keys(self, view) -> Iterable[Key]:
        return []

    def reconcile(self, context: Context, key: Key) -> None:
        for resource, document in context.dependents(key[1]):
            if not metadata.is_being_deleted(document):
                context.delete(resource, metadata.namespace(document), metadata.name(document), story=ACT)
                return


def running(pod: Document, now: int, ready: bool = True) -> Document:
    """The Pod as its kubelet reports it when it runs."""
    moment = times.rfc3339(now)
    others = [found for found in dig(pod, "status", "conditions", default=[]) if found["type"] != "Ready"]
    condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": moment}
    pod = with_value(pod, ("status", "conditions"), [*others, condition])
    pod = with_value(pod, ("status", "phase"), "Running")
    status = {"name": "c", "restartCount": 0, "ready": ready, "state": {"running": {"startedAt": moment}}}
    return with_value(pod, ("status", "containerStatuses"), [status])


def fake_cluster(
    *components: Component, start: int = 500, stop: int = 500, nodes: int = 3, namespaces: Iterable[str] = ("default",),
    seed: int = 1,
) -> Simulation:
    """A cluster of the given controllers with stand-ins for everything else."""
    standing_in = [FakeScheduler(nodes), FakeKubelet(start, stop), FakeGarbageCollector(), EventRecorder()]
    simulation = Simulation(World(random=seed), [*components, *standing_in], Settings())
    for name in namespaces:
        add_namespace(simulation, name)
    return simulation


def add_namespace(simulation: Simulation, name: str) -> None:
    """A namespace and the account that its Pods run as."""
    with simulation.act("setup") as api:
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}})


def deployment(name: str = "d", replicas: int = 3, image: str = "nginx:1", namespace: str = "default", **spec) -> Document:
    """A Deployment as the recordings' scenarios write it; `spec` adds to or replaces parts of its spec."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
            **spec,
        },
    }


def replicaset(name: str = "rs", replicas: int = 3, namespace: str = "default", **spec) -> Document:
    """A ReplicaSet of its own, without a Deployment."""
    return {**deployment(name, replicas, namespace=namespace, **spec), "kind": "ReplicaSet"}


def apply(simulation: Simulation, document: Document) -> Document:
    with simulation.act() as api:
        return api.create(document)


def patch(simulation: Simulation, resource: str, name: str, change: Document, namespace: str = "default") -> Document:
    """Change an object as `kubectl patch` does."""
    with simulation.act() as api:
        return api.patch(resource, namespace, name, change)


def set_image(simulation: Simulation, name: str, image: str, namespace: str = "default") -> Document:
    change = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}
    return patch(simulation, "deployments.apps", name, change, namespace)


def events(simulation: Simulation, namespace: str = "default", *reasons: str) -> list[str]:
    """Messages of the Events of a namespace in the order of their making; all reasons unless some are named."""
    found = [event for event in simulation.api.list("events", namespace) if not reasons or event["reason"] in reasons]
    found.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
    return [event["message"] for event in found]


def sizes(simulation: Simulation, namespace: str = "default") -> dict[str, int]:
    """Wanted size of each ReplicaSet by the image of its template."""
    return {
        found["spec"]["template"]["spec"]["containers"][0]["image"]: found["spec"]["replicas"]
        for found in simulation.api.list("replicasets.apps", namespace)
    }
