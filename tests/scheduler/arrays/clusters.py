"""Random clusters in which every rule of the scheduler has something to do, and pods to place on them."""

from __future__ import annotations

from random import Random

from cluster.objects.documents import Document
from cluster.scheduler.listers import DocumentLister

NAMESPACES = ("default", "team-a", "team-b")
APPS = ("web", "db", "cache")
ZONE, HOSTNAME, REGION = "topology.kubernetes.io/zone", "kubernetes.io/hostname", "topology.kubernetes.io/region"
TOPOLOGY_KEYS = (ZONE, HOSTNAME, REGION, "rack")
TAINT_KEYS = ("dedicated", "old", "gpu")
EFFECTS = ("NoSchedule", "NoExecute", "PreferNoSchedule", "PreferNoSchedule")
IMAGES = ("nginx:1.27", "redis:7", "postgres:16", "busybox")
GPU = "example.com/gpu"


class Cluster:
    """Documents of nodes and pods, and a Lister of everything else. Every choice is the generator's."""

    def __init__(self, random: Random, sizes: tuple[int, int] = (5, 40)) -> None:
        self.random = random
        self.counter = 0
        # Which of the expensive rules this cluster's pods have at all: with all of them nothing would fit anywhere.
        self.flavours = {flavour for flavour in ("spread", "affinity", "node", "ports", "images") if random.random() < 0.5}
        self.crowd = random.choice((0, 2, 5, 9))
        self.nodes: dict[str, Document] = {}
        for _ in range(random.randint(*sizes)):
            self.put_node()
        self.others = self._others()
        self.lister = DocumentLister(self.others)
        self.pods: dict[tuple[str, str], Document] = {}
        for _ in range(random.randint(0, self.crowd * len(self.nodes))):
            self.put_pod(self._placed())

    def documents(self) -> tuple[list[Document], list[Document]]:
        """Nodes, and pods in the order of their names."""
        return list(self.nodes.values()), [self.pods[key] for key in sorted(self.pods)]

    # --- nodes -------------------------------------------------------------------------------------------------------

    def put_node(self, name: str = "") -> Document:
        """A new node, or one that changed."""
        self.counter += 1
        found = self._node(name or f"node-{self.counter}")
        self.nodes[found["metadata"]["name"]] = found
        return found

    def _node(self, name: str) -> Document:
        random = self.random
        labels = {HOSTNAME: name}
        for key, values in ((ZONE, "abc"), (REGION, "xy"), ("rack", "1234"), ("disk", ("ssd", "hdd")), ("generation", "123")):
            if random.random() < 0.8:
                labels[key] = random.choice(values)
        allocatable = {
            "cpu": random.choice(("1", "2", "4", "3500m")), "memory": random.choice(("2Gi", "8Gi", "3000M")),
            "pods": random.choice(("4", "110", "110", "110")),
        }
        if random.random() < 0.3:
            allocatable["ephemeral-storage"] = "10Gi"
        if random.random() < 0.3:
            allocatable[GPU] = str(random.randint(0, 4))
        taints = [
            {"key": key, "effect": random.choice(EFFECTS), **({"value": "yes"} if random.random() < 0.5 else {})}
            for key in TAINT_KEYS if random.random() < 0.1
        ]
        spec: Document = {"taints": taints} if taints else {}
        if random.random() < 0.05:
            spec["unschedulable"] = True
        images = [
            {"names": [image], "sizeBytes": 1_000_000 * (60 + 111 * index)}
            for index, image in enumerate(("nginx:1.27", "redis:7", "postgres:16", "busybox:latest"))
            if "images" in self.flavours and random.random() < 0.5
        ]
        return {
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": spec,
            "status": {"allocatable": allocatable, "images": images},
        }

    # --- everything else ---------------------------------------------------------------------------------------------

    def _others(self) -> dict[str, list[Document]]:
        random = self.random
        services = [
            {"metadata": {"name": f"svc-{app}", "namespace": namespace}, "spec": {"selector": {"app": app}}}
            for namespace in NAMESPACES for app in APPS if random.random() < 0.2
        ]
        budgets = [
            {"metadata": {"name": f"pdb-{app}", "namespace": namespace}, "spec": {"selector": {"matchLabels": {"app": app}}},
             "status": {"disruptionsAllowed": random.randint(0, 1)}}
            for namespace in NAMESPACES for app in APPS if random.random() < 0.1
        ]
        namespaces = [
            {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name, **labels}}}
            for name, labels in zip(NAMESPACES, ({}, {"team": "a"}, {"team": "b", "tier": "gold"}), strict=True)
        ]
        return {"services": services, "poddisruptionbudgets.policy": budgets, "namespaces": namespaces}

    # --- pods --------------------------------------------------------------------------------------------------------

    def put_pod(self, pod: Document) -> Document:
        self.pods[pod["metadata"]["namespace"], pod["metadata"]["name"]] = pod
        return pod

    def drop_pod(self, pod: Document) -> None:
        del self.pods[pod["metadata"]["namespace"], pod["metadata"]["name"]]

    def _placed(self) -> Document:
        """A pod that runs somewhere, whether that was wise or not."""
        random = self.random
        found = self.pod()
        found["spec"]["nodeName"] = random.choice([*self.nodes, *self.nodes, "gone"] if random.random() < 0.1 else [*self.nodes])
        found["status"] = {"phase": "Running", "startTime": f"2026-01-01T00:00:{random.randint(0, 59):02}Z"}
        if random.random() < 0.05:
            found["metadata"]["deletionTimestamp"] = "2026-01-01T01:00:00Z"
        if random.random() < 0.03:
            found["status"]["phase"] = "Succeeded"
        return found

    def nominate(self) -> Document:
        """A pod for which preemption has made room."""
        found = self.pod()
        found["status"]["nominatedNodeName"] = self.random.choice([*self.nodes])
        return self.put_pod(found)

    def pod(self) -> Document:
        """A pod that waits."""
        random = self.random
        self.counter += 1
        spec: Document = {
            "containers": [self._container(f"c{index}") for index in range(random.choice((1, 1, 1, 2)))],
            "priority": random.choice((0, 0, 0, 5, 10, -3)),
        }
        if random.random() < 0.1:
            spec["initContainers"] = [self._container("init")]
        if random.random() < 0.3:
            spec["tolerations"] = [self._toleration() for _ in range(random.randint(1, 2))]
        if random.random() < 0.05:
            spec["preemptionPolicy"] = "Never"
        if "node" in self.flavours:
            self._add_node_rules(spec)
        if "affinity" in self.flavours:
            self._add_pod_affinity(spec)
        if "spread" in self.flavours and random.random() < 0.6:
            spec["topologySpreadConstraints"] = [self._constraint() for _ in range(random.randint(1, 2))]
        labels = {"app": random.choice(APPS)}
        if random.random() < 0.3:
            labels["version"] = random.choice("12")
        name = f"pod-{self.counter}"
        return {
            "apiVersion": "v1", "kind": "Pod", "spec": spec, "status": {"phase": "Pending"},
            "metadata": {"name": name, "namespace": random.choice(NAMESPACES), "uid": f"uid-{name}", "labels": labels},
        }

    def _container(self, name: str) -> Document:
        random = self.random
        requests: dict[str, str] = {}
        if random.random() < 0.8:
            requests["cpu"] = random.choice(("0", "50m", "100m", "500m", "1", "1500m"))
        if random.random() < 0.8:
            requests["memory"] = random.choice(("64Mi", "256Mi", "1Gi", "1500M"))
        if random.random() < 0.05:
            requests["ephemeral-storage"] = "3Gi"
        if random.random() < 0.05:
            requests[GPU] = random.choice(("1", "2", "9"))
        found: Document = {"name": name, "image": random.choice(IMAGES), "resources": {"requests": requests}}
        if "ports" in self.flavours and random.random() < 0.4:
            port: Document = {"containerPort": 80, "hostPort": random.choice((80, 443, 8080))}
            if random.random() < 0.4:
                port["hostIP"] = random.choice(("10.0.0.1", "10.0.0.2", "0.0.0.0"))
            if random.random() < 0.3:
                port["protocol"] = "UDP"
            found["ports"] = [port]
        return found

    def _toleration(self) -> Document:
        random = self.random
        found: Document = {"key": random.choice(TAINT_KEYS)}
        found |= {"operator": "Exists"} if random.random() < 0.6 else {"value": "yes"}
        if random.random() < 0.5:
            found["effect"] = random.choice(EFFECTS)
        return found if random.random() < 0.9 else {"operator": "Exists"}

    def _add_node_rules(self, spec: Document) -> None:
        random = self.random
        if random.random() < 0.2:
            spec["nodeSelector"] = {"disk": random.choice(("ssd", "hdd"))}
        rules: Document = {}
        if random.random() < 0.3:
            terms = [self._node_term() for _ in range(random.randint(1, 2))]
            rules["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
        if random.random() < 0.4:
            rules["preferredDuringSchedulingIgnoredDuringExecution"] = [
                {"weight": random.randint(1, 100), "preference": self._node_term()} for _ in range(random.randint(1, 3))
            ]
        if rules:
            spec["affinity"] = {"nodeAffinity": rules}

    def _node_term(self) -> Document:
        random = self.random
        if random.random() < 0.1:
            names = [random.choice([*self.nodes, "gone"]) for _ in range(1 if random.random() < 0.8 else 0)]
            return {"matchFields": [{"key": "metadata.name", "operator": random.choice(("In", "NotIn")), "values": names}]}
        if random.random() < 0.03:
            return {}
        rules = []
        for _ in range(random.randint(1, 2)):
            operator = random.choice(("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"))
            if operator in ("Gt", "Lt"):
                rules.append({"key": "generation", "operator": operator, "values": ["2"]})
            elif operator in ("In", "NotIn"):
                rules.append({"key": ZONE, "operator": operator, "values": random.sample("abc", random.randint(1, 2))})
            else:
                rules.append({"key": random.choice((ZONE, "disk", "rack")), "operator": operator})
        return {"matchExpressions": rules}

    def _add_pod_affinity(self, spec: Document) -> None:
        affinity = dict(spec.get("affinity") or {})
        for kind, chance in (("podAffinity", 0.3), ("podAntiAffinity", 0.3)):
            rules: Document = {}
            if self.random.random() < chance:
                rules["requiredDuringSchedulingIgnoredDuringExecution"] = [
                    self._pod_term() for _ in range(self.random.choice((1, 1, 2)))
                ]
            if self.random.random() < chance:
                rules["preferredDuringSchedulingIgnoredDuringExecution"] = [
                    {"weight": self.random.randint(1, 100), "podAffinityTerm": self._pod_term()}
                    for _ in range(self.random.randint(1, 2))
                ]
            if rules:
                affinity[kind] = rules
        if affinity:
            spec["affinity"] = affinity

    def _pod_term(self) -> Document:
        random = self.random
        found: Document = {"topologyKey": random.choice(TOPOLOGY_KEYS), "labelSelector": self._selector()}
        if random.random() < 0.3:
            found["namespaces"] = random.sample(NAMESPACES, random.randint(1, 2))
        if random.random() < 0.2:
            found["namespaceSelector"] = random.choice((
                {}, {"matchLabels": {"team": "a"}}, {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
            ))
        return found

    def _selector(self) -> Document | None:
        random = self.random
        return random.choice((
            {"matchLabels": {"app": random.choice(APPS)}}, {"matchLabels": {"app": random.choice(APPS)}},
            {"matchExpressions": [{"key": "app", "operator": "In", "values": random.sample(APPS, 2)}]},
            {"matchExpressions": [{"key": "version", "operator": random.choice(("Exists", "DoesNotExist"))}]}, {}, None,
        ))

    def _constraint(self) -> Document:
        random = self.random
        found: Document = {
            "maxSkew": random.randint(1, 3), "topologyKey": random.choice(TOPOLOGY_KEYS),
            "whenUnsatisfiable": random.choice(("DoNotSchedule", "ScheduleAnyway")), "labelSelector": self._selector(),
        }
        if random.random() < 0.2 and found["whenUnsatisfiable"] == "DoNotSchedule":
            found["minDomains"] = random.randint(1, 5)
        if random.random() < 0.3:
            found["nodeAffinityPolicy"] = random.choice(("Honor", "Ignore"))
        if random.random() < 0.3:
            found["nodeTaintsPolicy"] = random.choice(("Honor", "Ignore"))
        if random.random() < 0.2:
            found["matchLabelKeys"] = ["version"]
        return found
