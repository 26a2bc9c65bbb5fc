"""Random small clusters, and changes made to them for real: through the API, with every component at work."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from random import Random

from cluster import kubectl
from cluster.apiserver.state import World
from cluster.objects import quantity
from cluster.objects.documents import Document, dig, with_value, without
from cluster.scheduler.explanation.explain import Case, explain
from cluster.scheduler.explanation.shape import Explanation
from cluster.scheduler.explanation.what_if import Change
from cluster.simulation.bootstrap import Machine, control_plane, new_cluster
from cluster.simulation.simulation import Simulation

APPS = ("web", "cart", "search")
ZONES = ("north", "south")
CPUS = ("100m", "250m", "500m", "1", "1500m", "2", "3", "5")
MEMORY = ("64Mi", "256Mi", "1Gi", "2Gi", "6Gi")
TAINT = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
SETTLED = 120_000  # ms: evicted and deleted Pods are gone, new nodes are ready
PATIENCE = 400_000


@cache
def base(kind: int) -> World:
    """An empty cluster whose machines differ in size and zone."""
    random = Random(kind)
    machines = [
        Machine(
            f"node-{number}", f"10.0.0.{10 + number}", cpu=random.choice(("2", "4", "8")), memory=random.choice(("4Gi", "8Gi")),
            labels={"zone": random.choice(ZONES)},
        )
        for number in range(1, random.randint(3, 5))
    ]
    return new_cluster([control_plane(), *machines], seed=kind).world


def furnished(seed: int) -> Simulation:
    """A cluster with taints, cordoned nodes, labels and running Pods."""
    random = Random(seed)
    simulation = new_cluster([control_plane()], seed=0).fork(base(seed % 6))
    api = simulation.user()
    names = [node["metadata"]["name"] for node in api.list("nodes") if node["metadata"]["name"] != "control-plane"]
    for name in names:
        node = api.get("nodes", "", name)
        assert node is not None
        if random.random() < 0.3:
            node = with_value(node, ("spec", "taints"), [TAINT])
        if random.random() < 0.2:
            node = with_value(node, ("spec", "unschedulable"), True)
        if random.random() < 0.4:
            node = with_value(node, ("metadata", "labels", "disk"), random.choice(("ssd", "hdd")))
        api.update(node)
        for number in range(random.randint(0, 4)):
            app = random.choice(APPS)
            spec = {**_containers(random), "nodeName": name}
            if random.random() < 0.15:
                spec["affinity"] = _away_from(random.choice(APPS))
            api.create(_pod(f"{app}-{name}-{number}", app, spec))
    simulation.advance(SETTLED)
    return simulation


def newcomer(seed: int) -> Document:
    """The Pod whose placement is asked about."""
    random = Random(f"pod {seed}")
    spec = _containers(random)
    if random.random() < 0.25:
        spec["nodeSelector"] = {"disk": random.choice(("ssd", "hdd"))}
    if random.random() < 0.2:
        spec["tolerations"] = [{"key": "dedicated", "operator": "Exists"}]
    if random.random() < 0.25:
        spec["affinity"] = _away_from(random.choice(APPS))
    if random.random() < 0.25:
        spec["topologySpreadConstraints"] = [{
            "maxSkew": 1, "topologyKey": random.choice(("zone", "kubernetes.io/hostname")),
            "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}},
        }]
    if random.random() < 0.15:
        spec["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 8080}]
    return _pod("newcomer", "web", spec)


def _containers(random: Random) -> Document:
    requests = {"cpu": random.choice(CPUS), "memory": random.choice(MEMORY)}
    container: Document = {"name": "c", "image": "nginx:1.27", "resources": {"requests": requests}}
    if random.random() < 0.15:
        container["ports"] = [{"containerPort": 80, "hostPort": 8080}]
    return {"containers": [container]}


def _away_from(app: str) -> Document:
    term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": "kubernetes.io/hostname"}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _pod(name: str, app: str, spec: Document) -> Document:
    meta = {"name": name, "namespace": "default", "labels": {"app": app}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def asked(simulation: Simulation, pod: Document, changes: tuple[Change, ...] = ()) -> Explanation:
    """The explanation for a Pod that has just been created and that nobody has tried yet."""
    fork = simulation.fork()
    return explain(Case(fork.user().create(pod), fork.api), changes)


# --- for real ----------------------------------------------------------------------------------------------------------


def placed(simulation: Simulation, pod: Document, change: Change, console: Sequence[str]) -> tuple[str, str]:
    """(node, nominated node) of the Pod after the change was made for real, by its console lines where there are any."""
    fork = simulation.fork()
    for line in console:
        typed(fork, line)
    if not console:
        pod = _made(fork, change, pod)
    fork.advance(SETTLED)
    fork.user().create(pod)
    nominated = ""
    until = fork.now + PATIENCE
    while fork.step(until) is not None:
        found = fork.api.get("pods", "default", pod["metadata"]["name"])
        assert found is not None
        nominated = nominated or dig(found, "status", "nominatedNodeName", default="")
        if dig(found, "spec", "nodeName"):
            return found["spec"]["nodeName"], nominated
    return "", nominated


def _made(simulation: Simulation, change: Change, pod: Document) -> Document:
    """Make a change; returns the Pod to create."""
    spec = pod["spec"]
    match change["do"]:
        case "tolerate":
            taint = change["taint"]
            toleration = {"key": taint["key"], "operator": "Equal", "value": taint.get("value", ""), "effect": taint["effect"]}
            return with_value(pod, ("spec", "tolerations"), [*spec.get("tolerations", ()), toleration])
        case "drop-node-selector":
            return without(pod, ("spec", "nodeSelector"))
        case "drop-affinity":
            field = {"node": "nodeAffinity", "pod": "podAffinity", "anti": "podAntiAffinity"}[change["which"]]
            return without(pod, ("spec", "affinity", field))
        case "drop-spread":
            return without(pod, ("spec", "topologySpreadConstraints"))
        case "request":
            container = with_value(spec["containers"][0], ("resources", "requests", change["resource"]), change["quantity"])
            return with_value(pod, ("spec", "containers"), [container])
        case "priority":
            simulation.user().create({
                "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "p"},
                "value": change["value"],
            })
            return with_value(pod, ("spec", "priorityClassName"), "p")
        case "free":
            _shrink(simulation, change)
        case "strategy" | "weight":
            _configure(simulation, change)
    return pod


def _shrink(simulation: Simulation, change: Change) -> None:
    """One Pod of the node is replaced by one that asks for so much less, or several are."""
    api, resource = simulation.user(), change["resource"]
    left = quantity.parse(change["quantity"])
    for pod in api.pods_on(change["node"]):
        container = pod["spec"]["containers"][0]
        asks = quantity.parse(dig(container, "resources", "requests", resource, default="0"))
        less = min(asks, left)
        if not less or pod["status"]["phase"] == "Failed":
            continue
        left -= less
        api.delete("pods", "default", pod["metadata"]["name"], grace=0)
        smaller = with_value(container, ("resources", "requests", resource), quantity.format(asks - less))
        spec = {field: pod["spec"][field] for field in ("nodeName", "affinity") if field in pod["spec"]}
        api.create(_pod(pod["metadata"]["name"], pod["metadata"]["labels"]["app"], {**spec, "containers": [_bare(smaller)]}))


def _bare(container: Document) -> Document:
    return {field: container[field] for field in ("name", "image", "resources", "ports") if field in container}


def _configure(simulation: Simulation, change: Change) -> None:
    api = simulation.user()
    configuration = api.get("kubeschedulerconfigurations.kubescheduler.config.k8s.io", "", "default")
    assert configuration is not None
    (profile,) = configuration["profiles"]
    if change["do"] == "weight":
        enabled = [
            {**one, "weight": change["weight"]} if one["name"] == change["plugin"] else one
            for one in profile["plugins"]["multiPoint"]["enabled"]
        ]
        profile = with_value(profile, ("plugins", "multiPoint", "enabled"), enabled)
    else:
        config = [
            with_value(one, ("args", "scoringStrategy", "type"), change["type"]) if one["name"] == "NodeResourcesFit" else one
            for one in profile["pluginConfig"]
        ]
        profile = {**profile, "pluginConfig": config}
    api.update({**configuration, "profiles": [profile]})


def typed(simulation: Simulation, line: str) -> None:
    """Run a console line without waiting for what it waits for."""
    for said in kubectl.run(line, kubectl.Shell(simulation)):
        if isinstance(said, kubectl.Wait):
            return
        assert isinstance(said, kubectl.Recall) or said.stream == "stdout", (line, said)

