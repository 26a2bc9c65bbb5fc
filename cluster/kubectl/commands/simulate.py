"""`simulate`: what a person does to machines and processes, not through the API. Our own command, no part of kubectl."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.kubectl.command import Command, Flag
from cluster.kubectl.completing import Flags, Words, names
from cluster.kubectl.invocation import CommandError, Invocation, Output, Run, Shell
from cluster.kubectl.resources import read
from cluster.machinery import usage
from cluster.machinery.story import NARRATED, Story
from cluster.objects import quantity
from cluster.objects.names import subdomain
from cluster.objects.registry import REGISTRY
from cluster.objects.selectors import LabelSelector, SelectorError
from cluster.simulation import bootstrap
from cluster.simulation.bootstrap import Machine, machine_key

MAX_NODES = 60
USAGE = (
    "error: simulate knows: node add [NAME], node stop NAME, node start NAME, node remove NAME, "
    "component, component off NAME, component on NAME, load SERVICE REQUESTS_PER_SECOND"
)


_WORDS = {(): ("node", "component", "load"), ("node",): ("add", "stop", "start", "remove"), ("component",): ("on", "off")}


def _complete(shell: Shell, words: Words, flags: Flags) -> Iterable[str]:
    if words in _WORDS:
        return _WORDS[words]
    if words == ("load",):
        return names(shell, REGISTRY["services"], flags)
    if len(words) != 2 or words[1] == "add" or words[0] == "load":
        return ()
    if words[0] == "component":
        return _names(shell)
    return [key[0] for key, _ in shell.api.hosts("host/machines")]


def run(invocation: Invocation) -> Run:
    """Add, stop, start and remove machines; switch components off and on."""
    words = invocation.words
    if words[:1] == ("node",) and len(words) in (2, 3):
        yield from _node(invocation, words[1], words[2] if len(words) == 3 else "")
    elif words == ("component",):
        yield from _list(invocation)
    elif words[:1] == ("component",) and len(words) == 3 and words[1] in ("on", "off"):
        yield from _switch(invocation, words[2], words[1] == "on")
    elif words[:1] == ("load",) and len(words) == 3:
        yield from _load(invocation, words[1], words[2])
    else:
        raise CommandError(USAGE)
    return 0


def _load(invocation: Invocation, service: str, rate: str) -> Run:
    """Let so many requests per second come to a Service, each of which costs CPU; 0 takes the load away."""
    namespace = invocation.namespace
    read(invocation.api, REGISTRY["services"], namespace, service)
    try:
        wanted, cost = quantity.parse(rate), quantity.parse(invocation.text("cost"))
        leak = quantity.parse(invocation.text("leak"))
    except quantity.QuantityError as problem:
        raise CommandError(f"error: {problem}") from problem
    if wanted < 0 or cost <= 0:
        raise CommandError("error: a load is 0 or more requests per second, each of which costs more than 0")
    if leak < 0:
        raise CommandError(f"error: --leak must be 0 bytes or more, not {invocation.text('leak')}")
    table, *key = usage.load_key(namespace, service)
    writer, reference = invocation.shell.writer(), f"services/{namespace}/{service}"
    if wanted == 0:
        writer.tell(Story("load.removed", {"service": reference}, NARRATED, (reference,)))
        writer.write_row("delete", table, tuple(key), None)
        yield Output("stdout", f"service/{service} has no load\n")
        return 0
    shown = quantity.canonical(rate)
    writer.tell(Story("load.set", {"service": reference, "rate": shown}, NARRATED, (reference,)))
    row = {"rate": shown, "cost": quantity.canonical(invocation.text("cost"))}
    writer.write_row("update", table, tuple(key), {**row, "leak": int(leak)} if leak else row)
    yield Output("stdout", f"service/{service} has a load of {shown} requests per second\n")
    return 0


def _node(invocation: Invocation, verb: str, name: str) -> Run:
    if verb == "add":
        return (yield from _add(invocation, name))
    if not name or verb not in ("stop", "start", "remove"):
        raise CommandError(USAGE)
    if invocation.api.host(*machine_key(name)) is None:
        known = ", ".join(key[0] for key, _ in invocation.api.hosts("host/machines"))
        raise CommandError(f'error: there is no machine "{name}": known are {known}')
    if verb == "remove":
        return (yield from _remove(invocation, name))
    simulation = invocation.shell.simulation
    step = simulation.switch(f"node/{name}", on=verb == "start", actor=invocation.shell.actor)
    state = "runs" if verb == "start" else "is stopped"
    yield Output("stdout", f"machine {name} {state}\n" if step else f"machine {name} {state} already\n")
    return 0


def _add(invocation: Invocation, name: str) -> Run:
    machines = dict(invocation.api.hosts("host/machines"))
    if len(machines) >= MAX_NODES:
        raise CommandError(f"error: a sandbox has at most {MAX_NODES} machines")
    number = next(n for n in range(1, MAX_NODES + 2) if not _taken(machines, n, name))
    name = name or f"node-{number}"
    if (name,) in machines or invocation.api.get("nodes", "", name) is not None:
        raise CommandError(f'error: there is a machine "{name}" already')
    for problem in subdomain(name):
        raise CommandError(f'error: "{name}" cannot be the name of a machine: {problem}')
    machine = Machine(
        name, bootstrap.worker(number).ip, cpu=_quantity(invocation, "cpu"), memory=_quantity(invocation, "memory"),
        pods=_quantity(invocation, "pods"), storage=_quantity(invocation, "storage"), labels=_labels(invocation),
        taints=_taints(invocation),
    )
    writer = invocation.shell.writer()
    writer.tell(Story("machine.added", {"node": f"nodes//{name}"}, NARRATED, (f"nodes//{name}",)))
    writer.write_row("create", *machine_key(name), machine.row())
    yield Output("stdout", f"machine {name} added\n")
    return 0


def _taken(machines: dict[tuple[str, ...], dict[str, object]], number: int, name: str) -> bool:
    """Whether a number's address is in use, or its name when the name is to be made from it."""
    wanted = bootstrap.worker(number)
    used = {machine["ip"] for machine in machines.values()}
    return wanted.ip in used or (not name and (wanted.name,) in machines)


def _quantity(invocation: Invocation, flag: str) -> str:
    text = invocation.text(flag)
    try:
        amount = quantity.parse(text)
    except quantity.QuantityError as problem:
        raise CommandError(f"error: --{flag} {text}: {problem}") from problem
    if amount <= 0:
        raise CommandError(f"error: --{flag} must be more than 0, not {text}")
    return text


def _labels(invocation: Invocation) -> dict[str, str]:
    text = invocation.text("labels")
    try:
        LabelSelector.parse(text)
    except SelectorError as problem:
        raise CommandError(f"error: --labels: {problem}") from problem
    pairs = [pair.partition("=") for pair in text.split(",") if pair]
    if any(not equals for _, equals, _ in pairs):
        raise CommandError("error: --labels are written KEY=VALUE,KEY=VALUE")
    return {key: value for key, _, value in pairs}


def _taints(invocation: Invocation) -> list[dict[str, str]]:
    from cluster.kubectl.commands.taint import parse

    specs = [parse(word) for word in invocation.text("taints").split(",") if word]
    if any(spec.removal for spec in specs):
        raise CommandError("error: --taints are written KEY=VALUE:EFFECT")
    return [spec.taint() for spec in specs]


def _remove(invocation: Invocation, name: str) -> Run:
    writer = invocation.shell.writer()
    writer.tell(Story("machine.removed", {"node": f"nodes//{name}"}, NARRATED, (f"nodes//{name}",)))
    writer.write_row("delete", *machine_key(name), None)
    if invocation.api.get("nodes", "", name) is not None:
        writer.delete("nodes", "", name)
    yield Output("stdout", f"machine {name} removed\n")
    return 0


def _names(shell: Shell) -> list[str]:
    """Everything that can be switched off."""
    components = shell.simulation.components
    central = [name for name in components if name not in ("kubelet", "kube-proxy", "event-recorder", "traffic")]
    machines = [key[0] for key, _ in shell.api.hosts("host/machines")]
    return sorted(central) + [f"{part}/{machine}" for machine in machines for part in ("kubelet", "kube-proxy")]


def _list(invocation: Invocation) -> Run:
    for name in _names(invocation.shell):
        yield Output("stdout", f"{name} {'off' if invocation.api.is_off(name) else 'on'}\n")
    return 0


def _switch(invocation: Invocation, name: str, on: bool) -> Run:
    known = _names(invocation.shell)
    if name not in known:
        raise CommandError(f'error: there is no component "{name}": known are {", ".join(known)}')
    step = invocation.shell.simulation.switch(name, on=on, actor=invocation.shell.actor)
    state = "on" if on else "off"
    yield Output("stdout", f"component {name} {state}\n" if step else f"component {name} is {state} already\n")
    return 0


COMMANDS = (
    Command(
        "simulate", run,
        "simulate node add|stop|start|remove [NAME] | simulate component [on|off NAME] | simulate load SERVICE RATE",
        "Do something to the simulated machines and processes (not part of kubectl)",
        (
            Flag("cpu", absent="4"), Flag("memory", absent="8Gi"), Flag("pods", absent="110"), Flag("storage", absent="100Gi"),
            Flag("labels"), Flag("taints"),
            Flag("cost", absent=usage.COST, help="CPU seconds that one request costs."),
            Flag("leak", absent="0", help="Memory that one request leaves behind in its container."),
        ),
        examples=("simulate node stop node-2", "simulate node add --cpu 8", "simulate component off default-scheduler",
                  "simulate load web 200"),
        complete=_complete,
    ),
)
