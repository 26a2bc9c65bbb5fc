"""What a walk may do next: lines of the console, and the buttons of the clock."""

from __future__ import annotations

from random import Random

from cluster.objects import metadata
from cluster.objects.kinds import pod as pods
from cluster.simulation.simulation import Simulation

NAMESPACES = ("default", "default", "a", "a", "b")
NAMES = ("x", "y", "z")
# Some do not exist, so that pulls fail too.
IMAGES = ("nginx:1.27", "nginx:1.28", "nginx:1.27", "nginx:1.28", "redis:7", "redis:7", "busybox", "nginx:9.99", "nginxx")
GOOD = ("nginx:1.26", "nginx:1.27", "nginx:1.28", "redis:7")
REQUESTS = ({}, {"cpu": "100m"}, {"cpu": "1500m", "memory": "256Mi"}, {"cpu": "9"})
WRONG = (
    "", "get", "get nonsense", "get pods -o nonsense", "frobnicate", "delete", "delete pods", "scale --replicas=2",
    "scale deployment/x --replicas=-1", "scale deployment/x", "apply -f nowhere.yaml", "apply -f broken.yaml",
    "create deployment", "create deployment x", "rollout", "rollout undo", "rollout nonsense deployment/x", "set image",
    "set image deployment/x", "taint nodes node-1 a=b", "taint nodes node-1 =:", "label pods", "expose", "kubectl",
    "drain", "cordon nowhere", "run", "describe pods nowhere", "simulate node stop nowhere", "simulate component off nothing",
    'scale "unclosed', "get pods -n", "create namespace 5_Bad", "expose deployment nowhere --port=80",
)
STATIC = """apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: {app}}}}}
spec: {{containers: [{{name: c, image: "{image}"}}]}}
"""
BROKEN = "apiVersion: v1\nkind: Pod\n  metadata: [\n"
PRIORITY_CLASS = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1000\n---\n"
MEEK_CLASS = (
    "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: meek}\nvalue: 2000\npreemptionPolicy: Never\n---\n"
)
SET = "template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{terminationGracePeriodSeconds: {grace}, containers: " \
    "[{{name: c, image: \"{image}\", resources: {{requests: {{{requests}}}}}}}]}}}}"
CLAIMS = (
    "volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce],"
    " resources: {requests: {storage: 1Gi}}}}]"
)
# What a Pod may ask of its neighbours.
PLACEMENTS = (
    "", "", "",
    "topologySpreadConstraints: [{{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule,"
    " labelSelector: {{matchLabels: {{app: {name}}}}}}}], ",
    "affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: kubernetes.io/hostname,"
    " labelSelector: {{matchLabels: {{app: {name}}}}}}}]}}}}, ",
    "affinity: {{podAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: kubernetes.io/hostname,"
    " labelSelector: {{matchLabels: {{app: x}}}}}}]}}}}, ",
)
COMPONENTS = (
    "deployment-controller", "daemonset-controller", "statefulset-controller", "disruption-controller",
    "job-controller", "cronjob-controller", "replication-controller",
    "replicaset-controller", "default-scheduler", "endpointslice-controller",
    "node-lifecycle-controller", "garbage-collector-controller", "taint-eviction-controller", "namespace-controller",
    "resourcequota-controller", "horizontal-pod-autoscaler-controller", "persistentvolume-binder-controller",
    "persistentvolumeclaim-protection-controller", "csi-provisioner", "pod-garbage-collector",
    "ttl-after-finished-controller", "attachdetach-controller",
)


# Lines after which a walk often lets the cluster come to rest.
BEGIN = (
    "apply_healthy", "roll_healthy", "apply", "apply_daemonset", "apply_statefulset", "apply_job", "set_image", "rollout",
    "scale", "scale_statefulset",
)


class Hand:
    """Chooses lines. Files that a line needs are put into `files`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.last = ""
        self.doomed = ""  # the Pod that was deleted last

    def line(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        """The next line, and the files that it needs."""
        pick = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        # What was begun is often let run: else no rollout would ever come to its end.
        if self.last in BEGIN and self.random.random() < 0.5:
            pick = self.random.choice(("quiet", "quiet", "steps"))
        self.last = pick
        line = getattr(self, f"_{pick}")(simulation)
        return line if isinstance(line, tuple) else (line, {})

    # --- what a line is about --------------------------------------------------------------------------------------

    def _namespace(self) -> str:
        return self.random.choice(NAMESPACES)

    def _name(self) -> str:
        return self.random.choice(NAMES)

    def _in_namespace(self) -> str:
        return f"-n {self._namespace()}"

    def _existing(self, simulation: Simulation, resource: str) -> str:
        """Name and -n of an object that exists, else of one that does not."""
        found = simulation.api.list(resource)
        if not found or self.random.random() < 0.05:
            return f"{self._name()} {self._in_namespace()}"
        one = self.random.choice(found)
        return f"{metadata.name(one)} -n {metadata.namespace(one)}"

    def _node(self, simulation: Simulation) -> str:
        machines = [key[0] for key, _ in simulation.api.hosts("host/machines")]
        return self.random.choice([*machines, "node-9"] if machines else ["node-9"])

    # --- clock -----------------------------------------------------------------------------------------------------

    def _quiet(self, simulation: Simulation) -> str:
        return "quiet"

    def _steps(self, simulation: Simulation) -> str:
        return f"step {self.random.randint(1, 15)}"

    def _advance(self, simulation: Simulation) -> str:
        limit = self.random.choice((500, 5_000, 30_000, 90_000, 400_000))
        return f"advance {self.random.randint(0, limit)}"

    # --- workloads -------------------------------------------------------------------------------------------------

    def _create(self, simulation: Simulation) -> str:
        replicas, image = self.random.randint(0, 4), self.random.choice(IMAGES)
        return f"create deployment {self._name()} --image={image} --replicas={replicas} --port=80 {self._in_namespace()}"

    def _apply(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        name, random = self._name(), self.random
        surge, unavailable = random.choice(((1, 0), (0, 1), ("25%", "25%"), (2, 1), ("100%", 0)))
        requests = ", ".join(f"{key}: {value}" for key, value in random.choice(REQUESTS).items())
        strategy = (
            "{type: Recreate}" if random.random() < 0.15
            else f"{{rollingUpdate: {{maxSurge: {surge}, maxUnavailable: {unavailable}}}}}"
        )
        grace = random.choice((0, 1, 30))
        probe = ", readinessProbe: {httpGet: {port: 80}, periodSeconds: 2}" if random.random() < 0.3 else ""
        tolerate = ", tolerations: [{operator: Exists, effect: NoSchedule}]" if random.random() < 0.2 else ""
        high = random.random() < 0.2
        place = random.choice(PLACEMENTS).format(name=name) + ("priorityClassName: high, " if high else "")
        text = (
            f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\nspec:\n"
            f"  replicas: {random.randint(0, 4)}\n  minReadySeconds: {random.choice((0, 0, 3))}\n"
            f"  progressDeadlineSeconds: {random.choice((20, 600))}\n"
            f"  revisionHistoryLimit: {random.choice((0, 1, 10))}\n  strategy: {strategy}\n"
            f"  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n"
            f"    spec: {{{place}terminationGracePeriodSeconds: {grace}{tolerate}, containers: "
            f"[{{name: c, image: \"{random.choice(IMAGES)}\", ports: [{{containerPort: 80}}], "
            f"resources: {{requests: {{{requests}}}}}{probe}}}]}}\n"
            f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
            f"spec: {{selector: {{app: {name}}}, type: {random.choice(('ClusterIP', 'NodePort'))}, ports: [{{port: 80}}]}}\n"
        )
        return f"apply -f walk.yaml {self._in_namespace()}", {"walk.yaml": (PRIORITY_CLASS if high else "") + text}

    def _template(self, name: str) -> str:
        requests = ", ".join(f"{key}: {value}" for key, value in self.random.choice(REQUESTS[:2]).items())
        grace, image = self.random.choice((0, 1, 30)), self.random.choice(IMAGES)
        return SET.format(name=name, grace=grace, image=image, requests=requests)

    def _apply_daemonset(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        name = f"d{self._name()}"
        strategy = self.random.choice((
            "{}", "{type: OnDelete}", "{rollingUpdate: {maxUnavailable: 2}}", "{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}",
        ))
        text = (
            f"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: {name}}}\nspec:\n  updateStrategy: {strategy}\n"
            f"  selector: {{matchLabels: {{app: {name}}}}}\n  {self._template(name)}\n"
        )
        return f"apply -f set.yaml -n {self.random.choice(NAMESPACES[:4])}", {"set.yaml": text}

    def _apply_statefulset(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        name, random = f"s{self._name()}", self.random
        policy = random.choice(("OrderedReady", "OrderedReady", "Parallel"))
        strategy = random.choice(("{}", "{}", "{type: OnDelete}", "{type: RollingUpdate, rollingUpdate: {partition: 1}}"))
        retention = random.choice(("Retain", "Delete"))
        claims = f"  {CLAIMS}\n" if random.random() < 0.4 else ""
        text = (
            f"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec:\n  serviceName: {name}\n"
            f"  replicas: {random.randint(0, 3)}\n  podManagementPolicy: {policy}\n  updateStrategy: {strategy}\n"
            f"  persistentVolumeClaimRetentionPolicy: {{whenScaled: {retention}, whenDeleted: {retention}}}\n"
            f"  selector: {{matchLabels: {{app: {name}}}}}\n  {self._template(name)}\n{claims}"
        )
        return f"apply -f set.yaml -n {self.random.choice(NAMESPACES[:4])}", {"set.yaml": text}

    def _job_spec(self) -> str:
        """A Job's spec in one line: Pods that end soon, late or never, well or badly."""
        random = self.random
        code, seconds = random.choice((0, 0, 0, 1, 42)), random.choice((0, 1, 5, 60))
        restart = random.choice(("Never", "Never", "OnFailure"))
        parts = [f"parallelism: {random.randint(0, 3)}", f"backoffLimit: {random.choice((0, 1, 6))}"]
        if random.random() < 0.3:
            parts.append(f"completionMode: Indexed, completions: {random.randint(1, 4)}")
            if random.random() < 0.5:
                parts.append("backoffLimitPerIndex: 1")
        elif random.random() < 0.8:
            parts.append(f"completions: {random.randint(0, 4)}")
        if random.random() < 0.3 and restart == "Never":
            action = random.choice(("FailJob", "Ignore", "Count"))
            parts.append(f"podFailurePolicy: {{rules: [{{action: {action}, onExitCodes: {{operator: In, values: [42]}}}}]}}")
        for part, chance in (
            ("suspend: true", 0.25), ("activeDeadlineSeconds: 20", 0.2), ("ttlSecondsAfterFinished: 12", 0.4),
        ):
            if random.random() < chance:
                parts.append(part)
        script = f'command: [sh, -c, "sleep {seconds}; exit {code}"]'
        pod = f'restartPolicy: {restart}, terminationGracePeriodSeconds: 1, containers: [{{name: c, image: busybox, {script}}}]'
        return f"{{{', '.join(parts)}, template: {{spec: {{{pod}}}}}}}"

    def _apply_job(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        text = f"apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j{self._name()}}}\nspec: {self._job_spec()}\n"
        return f"apply -f job.yaml -n {self.random.choice(NAMESPACES[:4])}", {"job.yaml": text}

    # --- what thrives ----------------------------------------------------------------------------------------------

    def _apply_healthy(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        """A workload of several small Pods that nothing keeps from running."""
        random = self.random
        kind = random.choice(("Deployment", "Deployment", "StatefulSet", "StatefulSet", "DaemonSet", "ReplicaSet"))
        name = f"h{self._name()}"
        size = "" if kind == "DaemonSet" else f"  replicas: {random.randint(2, 4)}\n"
        more = {
            "Deployment": random.choice((
                "", "  revisionHistoryLimit: 1\n", "  revisionHistoryLimit: 1\n", "  strategy: {type: Recreate}\n",
            )),
            "StatefulSet": f"  serviceName: {name}\n" + random.choice((
                "", "  updateStrategy: {rollingUpdate: {partition: 1}}\n", "  podManagementPolicy: Parallel\n",
            )),
        }.get(kind, "")
        ready = random.choice(("", ", readinessProbe: {httpGet: {port: 80}, initialDelaySeconds: 5}"))
        text = (
            f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{size}{more}"
            f"  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n"
            f"    spec: {{terminationGracePeriodSeconds: 2,"
            f" containers: [{{name: c, image: \"{random.choice(GOOD)}\"{ready}}}]}}\n"
            f"---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
            f"spec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}\n"
        )
        return f"apply -f healthy.yaml {self._in_namespace()}", {"healthy.yaml": text}

    def _roll_healthy(self, simulation: Simulation) -> str:
        """A new image for one of them, if there is one; or another size."""
        kind = self.random.choice(("deployment", "deployment", "statefulset", "statefulset", "daemonset", "replicaset"))
        there = [one for one in simulation.api.list(f"{kind}s.apps") if metadata.name(one).startswith("h")]
        if not there:
            return "quiet"
        one = self.random.choice(there)
        name = f"{kind} {metadata.name(one)} -n {metadata.namespace(one)}"
        mixed = {
            pods.is_ready(pod) for pod in simulation.api.list("pods", metadata.namespace(one))
            if metadata.labels(pod).get("app") == metadata.name(one) and pods.phase(pod) == "Running"
        }
        if kind != "daemonset" and len(mixed) > 1 and self.random.random() < 0.6:
            # Which of them goes? Those that do not serve yet.
            return f"scale {name} --replicas=1"
        if kind != "daemonset" and self.random.random() < 0.3:
            return f"scale {name} --replicas={self.random.randint(1, 6)}"
        return f"set image {name} *={self.random.choice(GOOD)}"

    def _apply_cronjob(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        schedule = self.random.choice(("* * * * *", "* * * * *", "*/5 * * * *", "@hourly", "61 * * * *"))
        policy = self.random.choice(("Allow", "Forbid", "Replace"))
        text = (
            f"apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: c{self._name()}}}\nspec: {{schedule: \"{schedule}\","
            f" concurrencyPolicy: {policy}, jobTemplate: {{spec: {self._job_spec()}}}}}\n"
        )
        return f"apply -f cronjob.yaml -n {self.random.choice(NAMESPACES[:4])}", {"cronjob.yaml": text}

    def _apply_replicationcontroller(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        name = f"r{self._name()}"
        text = (
            f"apiVersion: v1\nkind: ReplicationController\nmetadata: {{name: {name}}}\n"
            f"spec:\n  replicas: {self.random.randint(0, 3)}\n  {self._template(name)}\n"
        )
        return f"apply -f rc.yaml -n {self.random.choice(NAMESPACES[:4])}", {"rc.yaml": text}

    def _change_job(self, simulation: Simulation) -> str:
        resource = self.random.choice(("jobs.batch", "jobs.batch", "cronjobs.batch"))
        change = self.random.choice((
            '"suspend":true', '"suspend":false', '"suspend":false', '"parallelism":2', '"completions":2', '"backoffLimit":0',
        ))
        return f"patch {resource} {self._existing(simulation, resource)} -p '{{\"spec\":{{{change}}}}}'"

    def _job_by_hand(self, simulation: Simulation) -> str:
        name, _, where = self._existing(simulation, "cronjobs.batch").partition(" ")
        return f"create job hand{self.random.randint(1, 3)} --from=cronjob/{name} {where}"

    def _budget(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        """A budget for the Pods of a Deployment that exists, if there is one."""
        name, _, where = self._existing(simulation, "deployments.apps").partition(" ")
        amount = self.random.choice(("minAvailable: 1", "maxUnavailable: 0", "maxUnavailable: 1", 'minAvailable: "50%"'))
        text = (
            f"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}}}\n"
            f"spec: {{{amount}, selector: {{matchLabels: {{app: {name}}}}}}}\n"
        )
        return f"apply -f budget.yaml {where}", {"budget.yaml": text}

    # --- storage ---------------------------------------------------------------------------------------------------

    def _apply_volume(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        random = self.random
        text = (
            f"apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: v{self._name()}}}\nspec:\n"
            f"  capacity: {{storage: {random.choice(('500Mi', '1Gi', '5Gi'))}}}\n"
            f"  accessModes: [{random.choice(('ReadWriteOnce', 'ReadWriteMany', 'ReadWriteOnce, ReadOnlyMany'))}]\n"
            f"  persistentVolumeReclaimPolicy: {random.choice(('Retain', 'Retain', 'Delete', 'Recycle'))}\n"
            f"  storageClassName: \"{random.choice(('', '', 'slow', 'standard'))}\"\n  hostPath: {{path: /data}}\n"
        )
        return "apply -f volume.yaml", {"volume.yaml": text}

    def _apply_claim(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        random, name = self.random, f"q{self._name()}"
        asked = random.choice(("", 'storageClassName: "", ', "storageClassName: slow, ", "storageClassName: immediate, "))
        mode = random.choice(("ReadWriteOnce", "ReadWriteOnce", "ReadWriteMany"))
        size = random.choice(("1Gi", "1Gi", "2Gi", "9Gi"))
        text = (
            f"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\n"
            f"spec: {{{asked}accessModes: [{mode}], resources: {{requests: {{storage: {size}}}}}}}\n"
        )
        if random.random() < 0.6:
            text += (
                f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: u{self._name()}, labels: {{app: {self._name()}}}}}\nspec:\n"
                f"  volumes: [{{name: v, persistentVolumeClaim: {{claimName: {name}}}}}]\n"
                f"  containers: [{{name: c, image: \"nginx:1.27\", volumeMounts: [{{name: v, mountPath: /data}}]}}]\n"
            )
        return f"apply -f claim.yaml -n {random.choice(NAMESPACES[:4])}", {"claim.yaml": text}

    def _apply_class(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        mode, policy = self.random.choice(("Immediate", "WaitForFirstConsumer")), self.random.choice(("Delete", "Retain"))
        maker = self.random.choice(("csi.clusterscope.dev", "csi.clusterscope.dev", "kubernetes.io/no-provisioner"))
        text = (
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: slow}\n"
            f"provisioner: {maker}\nreclaimPolicy: {policy}\nvolumeBindingMode: {mode}\nallowVolumeExpansion: true\n"
        )
        return "apply -f class.yaml", {"class.yaml": text}

    def _change_storage(self, simulation: Simulation) -> str:
        if self.random.random() < 0.5:
            claim = self._existing(simulation, "persistentvolumeclaims")
            return f"patch pvc {claim} -p '{{\"spec\":{{\"resources\":{{\"requests\":{{\"storage\":\"3Gi\"}}}}}}}}'"
        volume = self._existing(simulation, "persistentvolumes").partition(" ")[0]
        change = self.random.choice((
            '"claimRef":null', '"persistentVolumeReclaimPolicy":"Retain"', '"persistentVolumeReclaimPolicy":"Delete"',
        ))
        return f"patch pv {volume} -p '{{\"spec\":{{{change}}}}}'"

    def _delete_volume(self, simulation: Simulation) -> str:
        resource = self.random.choice(("persistentvolumes", "persistentvolumes", "storageclasses.storage.k8s.io"))
        return f"delete {resource.partition('.')[0]} {self._existing(simulation, resource).partition(' ')[0]} --wait=false"

    # --- Pods of every kind ----------------------------------------------------------------------------------------

    def _apply_pod(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        """A Pod with initial containers, sidecars, probes, hooks, deadlines, priorities."""
        random, name = self.random, f"p{self.random.randint(5, 9)}"
        script = random.choice((
            "sleep 1000", "sleep 20; exit 1", "exit 0", "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600", "exit 3",
        ))
        exec_probe = "exec: {command: [cat, /tmp/healthy]}"
        http_probe = "httpGet: {port: 80}"
        probes = "".join(
            f", {kind}: {{{random.choice((exec_probe, http_probe, 'tcpSocket: {port: 80}'))},"
            f" periodSeconds: {random.choice((1, 5))}, failureThreshold: {random.choice((1, 3))},"
            f" initialDelaySeconds: {random.choice((0, 5))}}}"
            for kind in ("livenessProbe", "readinessProbe", "startupProbe") if random.random() < 0.3
        )
        hook = ", lifecycle: {preStop: {exec: {command: [sleep, \"3\"]}}}" if random.random() < 0.2 else ""
        if random.random() < 0.6:
            main = f"name: c, image: busybox, command: [sh, -c, \"{script}\"]{probes}{hook}"
        else:
            main = f"name: c, image: \"{random.choice(IMAGES)}\"{probes}{hook}"
        inits = [
            f"{{name: i{number}, image: busybox,"
            f" command: [sh, -c, \"sleep {random.choice((0, 3))}; exit {random.choice((0, 0, 0, 1))}\"]}}"
            for number in range(random.choice((0, 0, 1, 2)))
        ]
        if random.random() < 0.2:
            inits.append("{name: s, image: \"redis:7\", restartPolicy: Always}")
        parts = [
            f"restartPolicy: {random.choice(('Always', 'OnFailure', 'Never'))}", f"containers: [{{{main}}}]",
            f"terminationGracePeriodSeconds: {random.choice((0, 2, 30))}",
        ]
        if inits:
            parts.append(f"initContainers: [{', '.join(inits)}]")
        for part, chance in (
            ("activeDeadlineSeconds: 15", 0.15), ("priorityClassName: high", 0.2), ("priorityClassName: meek", 0.1),
            ("nodeSelector: {kubernetes.io/hostname: node-1}", 0.1),
            ("tolerations: [{operator: Exists, effect: NoExecute, tolerationSeconds: 20}]", 0.2),
        ):
            if random.random() < chance and not (part.startswith("priority") and any(p.startswith("priority") for p in parts)):
                parts.append(part)
        text = (
            PRIORITY_CLASS + MEEK_CLASS +
            f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {self._name()}}}}}\n"
            f"spec: {{{', '.join(parts)}}}\n"
        )
        return f"apply -f pod.yaml {self._in_namespace()}", {"pod.yaml": text}

    def _quota(self, simulation: Simulation) -> str:
        hard = self.random.choice((
            "pods=2", "pods=3", "count/pods=5", "pods=2,requests.cpu=500m",
            "pods=3,services.nodeports=1", "count/deployments.apps=1,limits.memory=1Gi", "pods=0",
            "requests.storage=2Gi,persistentvolumeclaims=1,secrets=3", "count/pods=4,count/replicasets.apps=2,configmaps=2",
        ))
        scopes = self.random.choice(("", "", " --scopes=BestEffort")) if hard == "pods=0" else ""
        return f"create quota {self._name()} --hard={hard}{scopes} -n {self.random.choice('aab')}"

    def _limits(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        rules = self.random.choice((
            "{type: Container, default: {cpu: 200m, memory: 64Mi}, defaultRequest: {cpu: 50m}}",
            "{type: Container, max: {cpu: 1}}, {type: Pod, max: {cpu: 1500m}}", "{type: Container, min: {cpu: 200m}}",
        ))
        text = f"apiVersion: v1\nkind: LimitRange\nmetadata: {{name: {self._name()}}}\nspec: {{limits: [{rules}]}}\n"
        return f"apply -f limits.yaml -n {self.random.choice('ab')}", {"limits.yaml": text}

    def _autoscale(self, simulation: Simulation) -> str:
        least, goal = self.random.randint(1, 3), self.random.choice(("--cpu=50%", "--cpu=20m", "--memory=4Mi"))
        return f"autoscale {self._workload(simulation)} --min={least} --max={least + self.random.randint(0, 4)} {goal}"

    def _load(self, simulation: Simulation) -> str:
        more = self.random.choice(("", "", " --cost 20m", " --leak 200Ki"))
        return f"simulate load {self._existing(simulation, 'services')} {self.random.choice((0, 10, 100, 1000))}{more}"

    def _static_pod(self, simulation: Simulation) -> tuple[str, dict[str, str]] | str:
        node, files = self._node(simulation), simulation.api.hosts("host/manifests")
        if files and self.random.random() < 0.5:
            (where, file), _ = self.random.choice(files)
            return f"simulate static-pod remove {where} {file}"
        text = STATIC.format(name=f"s{self.random.randint(1, 3)}", image=self.random.choice(IMAGES), app=self._name())
        return f"simulate static-pod add {node} -f static.yaml", {"static.yaml": text}

    def _run(self, simulation: Simulation) -> str:
        policy = self.random.choice(("Always", "OnFailure", "Never"))
        labels = f" --labels=app={self._name()}" if self.random.random() < 0.5 else ""
        name, image = f"p{self.random.randint(1, 4)}", self.random.choice(IMAGES)
        return f"run {name} --image={image} --restart={policy}{labels} {self._in_namespace()}"

    def _scale(self, simulation: Simulation) -> str:
        return f"scale deployment {self._existing(simulation, 'deployments.apps')} --replicas={self.random.randint(0, 6)}"

    def _scale_replicaset(self, simulation: Simulation) -> str:
        return f"scale replicaset {self._existing(simulation, 'replicasets.apps')} --replicas={self.random.randint(0, 3)}"

    def _scale_statefulset(self, simulation: Simulation) -> str:
        return f"scale statefulset {self._existing(simulation, 'statefulsets.apps')} --replicas={self.random.randint(0, 4)}"

    def _workload(self, simulation: Simulation) -> str:
        kind = self.random.choice(("deployment", "deployment", "daemonset", "statefulset"))
        return f"{kind} {self._existing(simulation, f'{kind}s.apps')}"

    def _set_image(self, simulation: Simulation) -> str:
        return f"set image {self._workload(simulation)} *={self.random.choice(IMAGES)}"

    def _rollout(self, simulation: Simulation) -> str:
        verb = self.random.choice(("undo", "pause", "resume", "restart", "history", "undo --to-revision=1"))
        return f"rollout {verb} {self._workload(simulation)}"

    def _status(self, simulation: Simulation) -> str:
        return f"rollout status deployment {self._existing(simulation, 'deployments.apps')} --timeout=20s"

    def _expose(self, simulation: Simulation) -> str:
        kind = self.random.choice(("ClusterIP", "NodePort"))
        return f"expose deployment {self._existing(simulation, 'deployments.apps')} --port=80 --type={kind}"

    def _label(self, simulation: Simulation) -> str:
        what = self.random.choice(("app=x", "app=y", "app-", "pod-template-hash-", "extra=1"))
        return f"label pod {self._existing(simulation, 'pods')} {what} --overwrite"

    def _annotate(self, simulation: Simulation) -> str:
        target = self._existing(simulation, "deployments.apps")
        return f"annotate deployment {target} note={self.random.randint(1, 9)} --overwrite"

    # --- going away ------------------------------------------------------------------------------------------------

    def _delete_pod(self, simulation: Simulation) -> str:
        how = self.random.choice(("", "", "--now", "--grace-period=0 --force", "--grace-period=5"))
        # Often the same one again, with more or less time to end.
        if not self.doomed or self.random.random() < 0.6:
            self.doomed = self._existing(simulation, "pods")
        return f"delete pod {self.doomed} --wait=false {how}".rstrip()

    def _delete(self, simulation: Simulation) -> str:
        resource = self.random.choice((
            "deployments.apps", "deployments.apps", "services", "replicasets.apps", "daemonsets.apps", "statefulsets.apps",
            "poddisruptionbudgets.policy", "persistentvolumeclaims", "jobs.batch", "jobs.batch", "cronjobs.batch",
            "replicationcontrollers", "resourcequotas", "limitranges", "priorityclasses.scheduling.k8s.io",
            "horizontalpodautoscalers.autoscaling",
        ))
        kind = resource.partition(".")[0]
        owns = ".apps" in resource or ".batch" in resource
        cascade = self.random.choice(("", "", "--cascade=orphan", "--cascade=foreground")) if owns else ""
        return f"delete {kind} {self._existing(simulation, resource)} --wait=false {cascade}".rstrip()

    def _delete_namespace(self, simulation: Simulation) -> str:
        return f"delete namespace {self.random.choice('ab')} --wait=false"

    def _create_namespace(self, simulation: Simulation) -> str:
        return f"create namespace {self.random.choice('ab')}"

    # --- nodes -----------------------------------------------------------------------------------------------------

    def _taint(self, simulation: Simulation) -> str:
        effect = self.random.choice(("NoSchedule", "NoExecute", "PreferNoSchedule"))
        return f"taint nodes {self._node(simulation)} maint=yes:{effect} --overwrite"

    def _untaint(self, simulation: Simulation) -> str:
        return f"taint nodes {self._node(simulation)} maint-"

    def _cordon(self, simulation: Simulation) -> str:
        return f"{self.random.choice(('cordon', 'uncordon', 'uncordon'))} {self._node(simulation)}"

    def _drain(self, simulation: Simulation) -> str:
        return f"drain {self._node(simulation)} --force --ignore-daemonsets --timeout=30s"

    def _machine(self, simulation: Simulation) -> str:
        verb = self.random.choice(("stop", "start", "start", "remove"))
        return f"simulate node {verb} {self._node(simulation)}"

    def _add_machine(self, simulation: Simulation) -> str:
        many = len(simulation.api.hosts("host/machines")) >= 6
        return "quiet" if many else f"simulate node add --cpu {self.random.choice((1, 4))}"

    def _delete_node(self, simulation: Simulation) -> str:
        return f"delete node {self._node(simulation)} --wait=false"

    def _switch(self, simulation: Simulation) -> str:
        off = [key[0] for key in sorted(simulation.world.table("switches")) if not key[0].startswith("node/")]
        if off and self.random.random() < 0.7:
            return f"simulate component on {self.random.choice(off)}"
        node = self._node(simulation)
        return f"simulate component off {self.random.choice((*COMPONENTS, f'kubelet/{node}', f'kube-proxy/{node}'))}"

    # --- looking and mistakes --------------------------------------------------------------------------------------

    def _exec(self, simulation: Simulation) -> str:
        """What somebody does inside a container: files, signals, a busy loop, requests to others."""
        inside = self.random.choice((
            "echo hi > /tmp/x; cat /tmp/x", "touch /tmp/healthy", "rm -f /tmp/healthy", "echo more >> /data/file", "ls /data",
            "kill 1", "exit 3", "sleep 2; date", "wget -q -O - http://x",
            "i=0; while [ $i -lt 50 ]; do i=$((i+1)); done; echo $i",
            "cat /etc/hostname | tr a-z A-Z", "dd if=/dev/zero of=/data/big bs=1M count=5", "nosuchprogram", "(",
        ))
        return f"exec {self._existing(simulation, 'pods')} -- sh -c '{inside}'"

    def _logs(self, simulation: Simulation) -> str:
        return f"logs {self._existing(simulation, 'pods')} {self.random.choice(('', '--previous', '--tail=2'))}".rstrip()

    def _look(self, simulation: Simulation) -> str:
        kind = self.random.choice((
            "pods", "deployments", "replicasets", "daemonsets", "statefulsets", "jobs", "cronjobs", "rc",
            "pvc", "pv", "pdb", "services", "nodes", "events", "endpointslices", "all",
        ))
        how = self.random.choice(("-A", "-o wide", "-A -o yaml", "-o name"))
        return self.random.choice((f"get {kind} {how}", f"describe pod {self._existing(simulation, 'pods')}"))

    def _wrong(self, simulation: Simulation) -> tuple[str, dict[str, str]]:
        return self.random.choice(WRONG), {"broken.yaml": BROKEN}


WEIGHTS = {
    "quiet": 8, "steps": 8, "advance": 9, "create": 5, "apply": 9, "apply_daemonset": 4, "apply_statefulset": 6,
    "apply_job": 6, "apply_cronjob": 3, "apply_replicationcontroller": 1, "change_job": 3, "job_by_hand": 1,
    "apply_healthy": 10, "roll_healthy": 18,
    "apply_volume": 2, "apply_claim": 4, "apply_class": 1, "change_storage": 2, "delete_volume": 1, "apply_pod": 6,
    "budget": 4, "quota": 4, "limits": 1, "autoscale": 3, "load": 3, "run": 3,
    "scale": 6, "scale_replicaset": 1, "scale_statefulset": 3, "set_image": 6, "rollout": 6,
    "status": 1, "expose": 3, "label": 4, "annotate": 1, "delete_pod": 6, "delete": 7, "delete_namespace": 1,
    "create_namespace": 4, "taint": 3, "untaint": 3, "cordon": 3, "drain": 4, "machine": 3, "add_machine": 2,
    "delete_node": 1, "static_pod": 2, "switch": 4, "exec": 4, "logs": 1, "look": 2, "wrong": 3,
}
