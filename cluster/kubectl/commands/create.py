"""`kubectl create`: objects from files, or from flags (kubectl/pkg/cmd/create)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator

from cluster.apiserver.errors import APIError
from cluster.kubectl import applying, files
from cluster.kubectl.applying import Refusal, with_last_applied
from cluster.kubectl.command import FILENAME, Command, Flag, switch
from cluster.kubectl.commands.apply import MUST_NAME_FILES, VALIDATE, validation
from cluster.kubectl.creating import FLAGS, create, number, only_name, usage
from cluster.kubectl.invocation import CommandError, Invocation, Run
from cluster.kubectl.problems import Problems
from cluster.kubectl.resources import read, targets
from cluster.kubectl.results import Results
from cluster.objects import names, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.metadata import NAME_ALPHABET
from cluster.objects.registry import REGISTRY
from cluster.objects.selectors import (
    DOES_NOT_EXIST,
    DOUBLE_EQUALS,
    EQUALS,
    EXISTS,
    IN,
    NOT_EQUALS,
    NOT_IN,
    LabelSelector,
    Requirement,
    SelectorError,
)

LITERAL = Flag("from-literal", "array", absent=(), help="Specify a key and literal value (i.e. mykey=somevalue)")
FROM_FILE = Flag("from-file", "list", absent=(), help="A file of this console, as NAME or KEY=NAME")
FROM_ENV_FILE = Flag("from-env-file", "list", absent=(), help="A file with lines KEY=VALUE")


# --- from files ------------------------------------------------------------------------------------------------------


def _from_files(invocation: Invocation) -> Run:
    if invocation.words:
        raise usage(invocation, f"Unexpected args: [{' '.join(invocation.words)}]")
    if not invocation.many("filename"):
        raise CommandError(MUST_NAME_FILES)
    problems, results = Problems(), Results(invocation)
    found = files.items(invocation, problems)
    if not found and not problems:
        raise CommandError("error: no objects passed to create")
    for item in found:
        document = item.document
        if invocation.on("save-config") and item.name:
            document = with_last_applied(document)
        try:
            done = applying.create(invocation.shell.writer(), item, document, results.dry_run, validation(invocation))
            yield results.done(item.kind, done.document, "created")
        except Refusal as stopped:
            problems.add(stopped.refusal, stopped.doing)
    return (yield from problems.report())


# --- from flags ------------------------------------------------------------------------------------------------------


def _made(invocation: Invocation, document: Document, failing: str) -> Run:
    """Create what the flags describe. `failing` begins the error; with "" the server's refusal stands for itself."""
    results = Results(invocation)
    try:
        done = create(invocation, results, document)
    except APIError as refusal:
        if not failing:
            raise
        raise CommandError(f"error: {failing}{refusal.message}") from refusal
    yield results.done(REGISTRY.of(done), done, "created")
    return 0


def _deployment(invocation: Invocation) -> Run:
    words, command = _before_dashes(invocation.words)
    name = only_name(invocation, words)
    images = invocation.many("image")
    if not images:
        raise CommandError('error: required flag(s) "image" not set')
    if len(images) > 1 and command:
        raise CommandError("error: cannot specify multiple --image options and command")
    containers: list[Document] = [{"image": image, "name": _container_name(image), "resources": {}} for image in images]
    if command:
        containers[0]["command"] = list(command)
    if "port" in invocation.given:
        containers[0]["ports"] = [{"containerPort": invocation.number("port")}]
    labels = {"app": name}
    document = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"labels": labels, "name": name},
        "spec": {
            "replicas": invocation.number("replicas"), "selector": {"matchLabels": labels}, "strategy": {},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
        "status": {},
    }
    return (yield from _made(invocation, document, "failed to create deployment: "))


def _before_dashes(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if "--" not in words:
        return words, ()
    place = words.index("--")
    return words[:place], words[place + 1 :]


def _container_name(image: str) -> str:
    """The last part of the image's name; what no name can hold is replaced and a suffix added."""
    name = image.rpartition("/")[2].partition(":")[0].partition("@")[0]
    plain = name.lower().replace("_", "-").replace(".", "-")
    if plain == name:
        return name
    digest = hashlib.sha256(image.encode()).digest()
    return f"{plain}-{''.join(NAME_ALPHABET[byte % len(NAME_ALPHABET)] for byte in digest[:5])}"


def _namespace(invocation: Invocation) -> Run:
    name = only_name(invocation, invocation.words)
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}, "spec": {}, "status": {}}
    return (yield from _made(invocation, document, ""))


def _serviceaccount(invocation: Invocation) -> Run:
    name = only_name(invocation, invocation.words)
    document = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
    return (yield from _made(invocation, document, "failed to create serviceaccount: "))


# --- Jobs ------------------------------------------------------------------------------------------------------------


def _job(invocation: Invocation) -> Run:
    words, command = _before_dashes(invocation.words)
    name, image, source = only_name(invocation, words), invocation.text("image"), invocation.text("from")
    if bool(image) == bool(source):
        raise CommandError("error: either --image or --from must be specified")
    if source and command:
        raise CommandError("error: cannot specify --from and command")
    document: Document = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}}
    document |= _from_cronjob(invocation, name, source) if source else {"spec": _job_spec(name, image, command, "Never")}
    return (yield from _made(invocation, {**document, "status": {}}, "failed to create job: "))


def _job_spec(name: str, image: str, command: tuple[str, ...], restart: str) -> Document:
    container: Document = {"name": name, "image": image, "resources": {}}
    if command:
        container["command"] = list(command)
    return {"template": {"metadata": {}, "spec": {"containers": [container], "restartPolicy": restart}}}


def _from_cronjob(invocation: Invocation, name: str, source: str) -> Document:
    """A Job as the CronJob would make it, marked as made by hand (createJobFromCronJob)."""
    found = targets((source,), invocation.command)
    if len(found) != 1 or not found[0].name:
        raise CommandError("error: from must be an existing cronjob")
    kind = found[0].kind
    if kind.resource != "cronjobs.batch":
        raise CommandError(f"error: unknown object type *{kind.version}.{kind.kind}")
    cronjob = read(invocation.api, kind, invocation.namespace, found[0].name)
    template = cronjob["spec"]["jobTemplate"]
    meta: Document = {
        "name": name,
        "annotations": {"cronjob.kubernetes.io/instantiate": "manual", **(dig(template, "metadata", "annotations") or {})},
        "ownerReferences": [{
            "apiVersion": "batch/v1", "kind": "CronJob", "name": cronjob["metadata"]["name"],
            "uid": cronjob["metadata"]["uid"], "controller": True,
        }],
    }
    labels = dig(template, "metadata", "labels")
    return {"metadata": {**meta, "labels": labels} if labels else meta, "spec": template["spec"]}


def _cronjob(invocation: Invocation) -> Run:
    words, command = _before_dashes(invocation.words)
    name, restart = only_name(invocation, words), invocation.text("restart") or "OnFailure"
    missing = [f'"{flag}"' for flag in ("image", "schedule") if flag not in invocation.given]
    if missing:
        raise CommandError(f"error: required flag(s) {', '.join(missing)} not set")
    spec = _job_spec(name, invocation.text("image"), command, restart)
    document = {
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name},
        "spec": {"jobTemplate": {"metadata": {"name": name}, "spec": spec}, "schedule": invocation.text("schedule")},
        "status": {},
    }
    return (yield from _made(invocation, document, "failed to create cronjob: "))


# --- ConfigMaps and Secrets ------------------------------------------------------------------------------------------


def _configmap(invocation: Invocation) -> Run:
    name = only_name(invocation, invocation.words)
    data: dict[str, str] = {}
    for key, value in _entries(invocation):
        for problem in names.config_key(key):
            raise CommandError(f'error: "{key}" is not a valid key name for a ConfigMap: {problem}')
        if key in data:
            raise CommandError(
                f'error: cannot add key "{key}", another key by that name already exists in Data for ConfigMap "{name}"'
            )
        data[key] = value
    document: Document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    if data:
        document["data"] = data
    return (yield from _made(invocation, document, "failed to create configmap: "))


def _secret(invocation: Invocation) -> Run:
    kind, words = invocation.words[:1], invocation.words[1:]
    if kind != ("generic",):
        raise CommandError("error: this console creates generic secrets only: kubectl create secret generic NAME")
    name = only_name(invocation, words)
    data: dict[str, str] = {}
    for key, value in _entries(invocation):
        for problem in names.config_key(key):
            raise CommandError(f'error: "{key}" is not valid key name for a Secret {problem}')
        if key in data:
            raise CommandError(f"error: cannot add key {key}, another key by that name already exists")
        data[key] = base64.b64encode(value.encode()).decode()
    document: Document = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
    if data:
        document["data"] = data
    if invocation.text("type"):
        document["type"] = invocation.text("type")
    return (yield from _made(invocation, document, "failed to create secret "))


def _entries(invocation: Invocation) -> Iterator[tuple[str, str]]:
    """Keys and values of --from-literal, --from-file and --from-env-file."""
    literals, sources, lines = (invocation.many(flag) for flag in ("from-literal", "from-file", "from-env-file"))
    if lines and (literals or sources):
        raise CommandError("error: from-env-file cannot be combined with from-file or from-literal")
    for source in sources:
        key, equals, name = source.partition("=")
        yield (key, _file(invocation, name)) if equals else (source, _file(invocation, source))
    for literal in literals:
        key, equals, value = literal.partition("=")
        if not equals or not key:
            raise CommandError(f"error: invalid literal source {literal}, expected key=value")
        yield key, _unquoted(value)
    for name in lines:
        yield from _environment_lines(_file(invocation, name))


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _environment_lines(text: str) -> Iterable[tuple[str, str]]:
    for line in text.splitlines():
        line = line.lstrip()
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            yield key, value


def _file(invocation: Invocation, name: str) -> str:
    if name not in invocation.shell.files:
        raise CommandError(f"error: error reading {name}: no such file or directory")
    return invocation.shell.files[name]


# --- budgets and priorities ------------------------------------------------------------------------------------------

AMOUNT = re.compile(r"[0-9]+%?")


def _budget(invocation: Invocation) -> Run:
    name = only_name(invocation, invocation.words)
    at_least, at_most = invocation.text("min-available"), invocation.text("max-unavailable")
    if not invocation.text("selector"):
        raise CommandError("error: a selector must be specified")
    if not at_least and not at_most:
        raise CommandError("error: one of min-available or max-unavailable must be specified")
    if at_least and at_most:
        raise CommandError("error: min-available and max-unavailable cannot be both specified")
    if not AMOUNT.fullmatch(at_least or at_most):
        raise CommandError(f"error: invalid format specified for {'min-available' if at_least else 'max-unavailable'}")
    spec: Document = {"minAvailable": _amount(at_least)} if at_least else {}
    spec["selector"] = _selector(invocation.text("selector"))
    if at_most:
        spec["maxUnavailable"] = _amount(at_most)
    document = {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec,
        "status": dict.fromkeys(("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"), 0),
    }
    return (yield from _made(invocation, document, "failed to create poddisruptionbudgets: "))


def _quota(invocation: Invocation) -> Run:
    """kubectl/pkg/cmd/create/create_quota.go"""
    spec: Document = {}
    if invocation.text("hard"):
        spec["hard"] = dict(_limits(invocation.text("hard")))
    if invocation.text("scopes"):
        spec["scopes"] = invocation.text("scopes").split(",")
        if "" in spec["scopes"]:
            raise CommandError('error: invalid resource quota scope ""')
    document = {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": only_name(invocation, invocation.words)},
        "spec": spec, "status": {},
    }
    return (yield from _made(invocation, document, "failed to create quota: "))


def _limits(text: str) -> Iterator[tuple[str, str]]:
    for statement in text.split(","):
        parts = statement.split("=")
        if len(parts) != 2:
            raise CommandError(f"error: Invalid argument syntax {statement}, expected <resource>=<value>")
        try:
            yield parts[0], quantity.canonical(parts[1])
        except quantity.QuantityError as problem:
            raise CommandError(f"error: {problem}") from problem


def _amount(text: str) -> int | str:
    return text if text.endswith("%") else int(text)


def _selector(text: str) -> Document:
    """`app=web,tier in (a,b)` as a document (ParseToLabelSelector)."""
    try:
        requirements = LabelSelector.parse(text).requirements
    except SelectorError as problem:
        raise CommandError(f"error: couldn't parse the selector string \"{text}\": {problem}") from problem
    equal = {each.key: each.values[0] for each in requirements if each.operator in (EQUALS, DOUBLE_EQUALS)}
    others = [_expression(each) for each in requirements if each.operator not in (EQUALS, DOUBLE_EQUALS)]
    found: Document = {"matchLabels": equal} if equal else {}
    return {**found, "matchExpressions": others} if others else found


def _expression(requirement: Requirement) -> Document:
    operators = {IN: "In", NOT_IN: "NotIn", EXISTS: "Exists", DOES_NOT_EXIST: "DoesNotExist"}
    operator = operators.get(requirement.operator)
    if operator is None:
        equality = requirement.operator == NOT_EQUALS
        why = "is not a valid label selector operator" if equality else "isn't supported in label selectors"
        raise CommandError(f'error: "{requirement.operator}" {why}')
    found: Document = {"key": requirement.key, "operator": operator}
    return {**found, "values": list(requirement.values)} if requirement.values else found


def _priority_class(invocation: Invocation) -> Run:
    document: Document = {
        "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
        "metadata": {"name": only_name(invocation, invocation.words)}, "value": invocation.number("value"),
    }
    if invocation.on("global-default"):
        document["globalDefault"] = True
    if invocation.text("description"):
        document["description"] = invocation.text("description")
    document["preemptionPolicy"] = invocation.text("preemption-policy")
    return (yield from _made(invocation, document, "failed to create priorityclass: "))


# --- Services --------------------------------------------------------------------------------------------------------

SERVICE_TYPES = {
    "clusterip": "ClusterIP", "nodeport": "NodePort", "loadbalancer": "LoadBalancer", "externalname": "ExternalName",
}


def _service(invocation: Invocation) -> Run:
    type_ = SERVICE_TYPES.get(invocation.words[0] if invocation.words else "")
    if type_ is None:
        raise CommandError(f"error: a type of service must be specified: one of {', '.join(SERVICE_TYPES)}")
    name = only_name(invocation, invocation.words[1:])
    spec = _service_spec(invocation, type_, name)
    document = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"labels": {"app": name}, "name": name}, "spec": spec,
        "status": {"loadBalancer": {}},
    }
    return (yield from _made(invocation, document, f"failed to create {type_} service: "))


def _service_spec(invocation: Invocation, type_: str, name: str) -> Document:
    cluster_ip, external = invocation.text("clusterip"), invocation.text("external-name")
    if cluster_ip == "None" and type_ != "ClusterIP":
        raise CommandError("error: ClusterIP=None can only be used with ClusterIP service type")
    if cluster_ip != "None" and not invocation.many("tcp") and type_ != "ExternalName":
        raise CommandError("error: at least one tcp port specifier must be provided")
    if type_ == "ExternalName":
        if "external-name" not in invocation.given:
            raise CommandError('error: required flag(s) "external-name" not set')
        if names.subdomain(external):
            raise CommandError(f"error: invalid service external name {external}")
    spec: Document = {"selector": {"app": name}, "type": type_}
    ports = [_service_port(text, invocation.number("node-port")) for text in invocation.many("tcp")]
    optional = {"ports": ports, "clusterIP": cluster_ip, "externalName": external}
    return {**spec, **{field: value for field, value in optional.items() if value}}


def _service_port(text: str, node_port: int) -> Document:
    first, colon, second = text.partition(":")
    port = number(first)
    target: int | str = port
    if colon:
        target = number(second) if second.isdigit() else second
        for problem in names.port_name(second) if isinstance(target, str) else ():
            raise CommandError(f"error: {problem}")
    found: Document = {"name": text.replace(":", "-"), "port": port, "protocol": "TCP", "targetPort": target}
    return {**found, "nodePort": node_port} if node_port else found


def _command(name: str, run: Callable[[Invocation], Run], usage_: str, summary: str, *flags: Flag, aliases: tuple[str, ...] = (),
             examples: tuple[str, ...] = ()) -> Command:
    return Command(f"create {name}", run, f"kubectl create {usage_}", summary, (*flags, *FLAGS),
                   aliases=tuple(f"create {alias}" for alias in aliases), examples=examples)


COMMANDS = (
    Command(
        "create", _from_files, "kubectl create -f FILENAME", "Create a resource from a file", (FILENAME, VALIDATE, *FLAGS),
        examples=("kubectl create -f nginx-demo.yaml", "kubectl create deployment web --image=nginx:1 --replicas=3"),
    ),
    _command(
        "deployment", _deployment, "deployment NAME --image=IMAGE -- [COMMAND] [args...]", "Create a deployment",
        Flag("image", "list", absent=(), help="Image names to run; several make several containers."),
        Flag("port", "int", absent=-1, help="The container's port that this deployment exposes."),
        Flag("replicas", "int", short="r", absent=1, help="Number of replicas to create. Default is 1."),
        aliases=("deploy",), examples=("kubectl create deployment web --image=nginx:1 --replicas=3",),
    ),
    _command(
        "job", _job, "job NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]", "Create a job",
        Flag("image", help="Image name to run."),
        Flag("from", help="The name of the resource to create a Job from (only CronJob is supported)."),
        examples=("kubectl create job one --image=busybox -- sleep 5", "kubectl create job now --from=cronjob/nightly"),
    ),
    _command(
        "cronjob", _cronjob, "cronjob NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...]",
        "Create a cron job",
        Flag("image", help="Image name to run."),
        Flag("schedule", help="A schedule in the Cron format the job should be run with."),
        Flag("restart", help="job's restart policy. supported values: OnFailure, Never"),
        aliases=("cj",), examples=('kubectl create cronjob tick --image=busybox --schedule="*/1 * * * *" -- date',),
    ),
    _command("namespace", _namespace, "namespace NAME", "Create a namespace", aliases=("ns",)),
    _command("serviceaccount", _serviceaccount, "serviceaccount NAME", "Create a service account", aliases=("sa",)),
    _command(
        "configmap", _configmap, "configmap NAME [--from-literal=key1=value1]", "Create a config map",
        LITERAL, FROM_FILE, FROM_ENV_FILE, aliases=("cm",),
    ),
    _command(
        "secret", _secret, "secret generic NAME [--from-literal=key1=value1]", "Create a generic secret",
        Flag("type", help="The type of secret to create"), LITERAL, FROM_FILE, FROM_ENV_FILE,
    ),
    _command(
        "poddisruptionbudget", _budget, "poddisruptionbudget NAME --selector=SELECTOR --min-available=N",
        "Create a pod disruption budget",
        Flag("min-available", help="The minimum number or percentage of available pods this budget requires."),
        Flag("max-unavailable", help="The maximum number or percentage of unavailable pods this budget requires."),
        Flag("selector", help="A label selector to use for this budget."),
        aliases=("pdb",), examples=("kubectl create pdb web --selector=app=web --min-available=50%",),
    ),
    _command(
        "priorityclass", _priority_class, "priorityclass NAME --value=VALUE --global-default=BOOL", "Create a priority class",
        Flag("value", "int", absent=0, help="the value of this priority class."),
        switch("global-default", help="whether this PriorityClass is the one of pods that name none."),
        Flag("description", help="when this priority class should be used."),
        Flag("preemption-policy", absent="PreemptLowerPriority", help="the policy for preempting pods with lower priority."),
        aliases=("pc",), examples=("kubectl create priorityclass high --value=1000",),
    ),
    _command(
        "quota", _quota, "quota NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2]",
        "Create a quota with the specified name",
        Flag("hard", help="A comma-delimited set of resource=quantity pairs that define a hard limit."),
        Flag("scopes", help="A comma-delimited set of quota scopes that must all match each object tracked by the quota."),
        aliases=("resourcequota",), examples=("kubectl create quota small --hard=pods=4,requests.cpu=2",),
    ),
    _command(
        "service", _service, "service clusterip|nodeport|loadbalancer|externalname NAME [--tcp=port:targetPort]",
        "Create a service",
        Flag("tcp", "list", absent=(), help="Port pairs can be specified as '<port>:<targetPort>'."),
        Flag("clusterip", help="Assign your own ClusterIP or set to 'None' for a 'headless' service."),
        Flag("external-name", help="External name of service"),
        Flag("node-port", "int", absent=0, help="Port used to expose the service on each node in a cluster."),
        aliases=("svc",), examples=("kubectl create service nodeport web --tcp=80:8080",),
    ),
)
