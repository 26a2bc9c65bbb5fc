"""`manage.py sandbox`: sandboxes for teachers and scripts, which work in the running server."""

from __future__ import annotations

import os
import re
import secrets
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cluster import store
from cluster.live import SPEEDS
from cluster.models import Cluster
from cluster.objects import quantity
from cluster.objects.names import subdomain
from cluster.simulation import bootstrap
from cluster.simulation.bootstrap import Machine
from cluster.storage import driver
from dashboard.kubernetes_api import SIMULATE, address, kubeconfig
from dashboard.views.sandboxes import SANDBOX

# Whose sandboxes these are: no visitor's, so that no visitor loses one of theirs.
OWNER = "manage.py"
MOST_NODES = 60
ZONE = "topology.kubernetes.io/zone"
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
FIELDS = frozenset({"name", "cpu", "memory", "pods", "labels", "taints", "extended"})
LINES = {
    "stop": ("node stop {}",), "notready": ("component off kubelet/{}",),
    "start": ("component on kubelet/{}", "node start {}"),
}


class Command(BaseCommand):
    """Make, change, list and delete sandboxes."""

    help = "Sandboxes for teachers and scripts: create prints the path of a kubeconfig for the running server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What stands after the name of the command."""
        whats = parser.add_subparsers(dest="what", required=True)
        create = whats.add_parser("create", help="make a sandbox (or, with --add, nodes in that of $KUBECONFIG)")
        create.add_argument("--nodes", type=int, default=3)
        create.add_argument("--cpu", default="4")
        create.add_argument("--memory", default="8Gi")
        create.add_argument("--pods", default="110")
        create.add_argument("--zones", default="", help="a,b: the nodes are spread over these zones")
        create.add_argument("--labels", default="", help="KEY=VALUE,KEY=VALUE")
        create.add_argument("--taints", default="", help="KEY=VALUE:EFFECT,KEY=VALUE:EFFECT")
        create.add_argument("--spec", type=Path, help=f"a YAML list of nodes: {', '.join(sorted(FIELDS))}")
        create.add_argument("--delay", type=float, help="has no effect: a container starts as fast as its image does")
        create.add_argument("--term", type=float, help="has no effect: a container stops as fast as its image does")
        create.add_argument("--speed", type=float, default=1.0, choices=SPEEDS)
        create.add_argument("--add", action="store_true")
        create.add_argument("--server", default=f"http://{settings.HOST}:{settings.PORT}", help="where the server listens")
        node = whats.add_parser("node", help="stop or start a node of the sandbox of $KUBECONFIG")
        node.add_argument("name")
        node.add_argument("state", choices=sorted(LINES))
        whats.add_parser("list", help="the sandboxes that were made here")
        whats.add_parser("delete", help="delete a sandbox with its history").add_argument("id")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what is asked for; CommandError says why it cannot be done."""
        getattr(self, options["what"])(options)

    def create(self, options: dict[str, Any]) -> None:
        """Make a sandbox and print the path of its kubeconfig."""
        machines = list(_machines(options))
        if not 0 < len(machines) <= MOST_NODES:
            raise CommandError(f"A sandbox has 1 to {MOST_NODES} nodes, not {len(machines)}.")
        if options["add"]:
            for machine in machines:
                self._simulate(_adding(machine))
            return
        classes = driver.storage_classes()
        world = bootstrap.new_cluster(machines, seed=secrets.randbits(31), storage_classes=classes).world
        made = store.create(OWNER, SANDBOX, secrets.randbits(31), world)
        Cluster.objects.filter(id=made.id).update(speed=options["speed"])
        folder = settings.VAR_DIR / "kubeconfigs"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{made.id}.yaml"
        path.touch(mode=0o600)
        path.write_text(kubeconfig(f"sandbox-{made.id[:4]}", address(options["server"].rstrip("/"), made.api_key)))
        self.stdout.write(str(path))

    def node(self, options: dict[str, Any]) -> None:
        """Stop a machine, start it again, or stop its kubelet alone."""
        for line in LINES[options["state"]]:
            self._simulate(line.format(options["name"]))

    def list(self, options: dict[str, Any]) -> None:
        """One line for each: its id, when it was made, its nodes."""
        for one in Cluster.objects.filter(owner=OWNER).order_by("created"):
            self.stdout.write(f"{one.id}  {one.created:%Y-%m-%d %H:%M}  {one.nodes.count()} nodes")

    def delete(self, options: dict[str, Any]) -> None:
        """Delete one."""
        deleted, _ = Cluster.objects.filter(owner=OWNER, id=options["id"]).delete()
        if not deleted:
            raise CommandError(f"There is no sandbox {options['id']}: see manage.py sandbox list.")
        (settings.VAR_DIR / "kubeconfigs" / f"{options['id']}.yaml").unlink(missing_ok=True)

    def _simulate(self, line: str) -> None:
        """Have a line of `simulate` done by the running server."""
        try:
            with urllib.request.urlopen(f"{_server()}{SIMULATE}", line.encode(), timeout=30) as response:
                said = orjson.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                raise CommandError(f"The server refuses it: {error.code} {error.reason}.") from error
        except OSError as problem:
            raise CommandError(f"The server does not answer at {_server().partition('/k8s/')[0]}: {problem}.") from problem
        if said["code"]:
            raise CommandError(said["stderr"].strip())
        self.stdout.write(said["stdout"], ending="")


def _server() -> str:
    """The address in the kubeconfig that $KUBECONFIG names."""
    path = Path(os.environ.get("KUBECONFIG", ""))
    if not path.is_file():
        raise CommandError("KUBECONFIG has to name the file that manage.py sandbox create has printed.")
    found = re.search(r"^\s*server: (http\S+/k8s/\S+)$", path.read_text(), re.MULTILINE)
    if found is None:
        raise CommandError(f"{path} names no sandbox.")
    return found[1]


# --- machines --------------------------------------------------------------------------------------------------------


def _machines(options: dict[str, Any]) -> Iterator[Machine]:
    rows = _spec(options["spec"]) if options["spec"] else [{} for _ in range(options["nodes"])]
    zones = [zone for zone in options["zones"].split(",") if zone]
    for number, row in enumerate(rows, 1):
        spread = {ZONE: zones[(number - 1) % len(zones)]} if zones else {}
        labels = {**_pairs(options["labels"]), **spread, **row.get("labels", {})}
        machine = replace(
            bootstrap.worker(number), name=str(row.get("name", f"node-{number}")), cpu=_amount(row, options, "cpu"),
            memory=_amount(row, options, "memory"), pods=_amount(row, options, "pods"), labels=labels,
            taints=row.get("taints", _taints(options["taints"])),
            extended={name: str(amount) for name, amount in row.get("extended", {}).items()},
        )
        for problem in subdomain(machine.name):
            raise CommandError(f'"{machine.name}" cannot be the name of a node: {problem}')
        yield machine


def _spec(path: Path) -> list[dict[str, Any]]:
    try:
        rows = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as problem:
        raise CommandError(f"--spec: {problem}") from problem
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.keys() <= FIELDS for row in rows):
        raise CommandError(f"--spec {path}: must be a list of nodes with the fields {', '.join(sorted(FIELDS))}.")
    return rows


def _amount(row: dict[str, Any], options: dict[str, Any], name: str) -> str:
    text = str(row.get(name, options[name]))
    try:
        amount = quantity.parse(text)
    except quantity.QuantityError as problem:
        raise CommandError(f"{name}: {problem}") from problem
    if amount <= 0:
        raise CommandError(f"{name} must be more than 0, not {text}.")
    return text


def _pairs(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in text.split(",") if pair]
    if any(not equals for _, equals, _ in pairs):
        raise CommandError(f"--labels are written KEY=VALUE,KEY=VALUE, not {text}.")
    return {key: value for key, _, value in pairs}


def _taints(text: str) -> list[dict[str, str]]:
    found = []
    for word in filter(None, text.split(",")):
        pair, _, effect = word.rpartition(":")
        key, _, value = pair.partition("=")
        if not key or effect not in EFFECTS:
            raise CommandError(f"--taints are written KEY=VALUE:EFFECT with one of {', '.join(EFFECTS)}, not {word}.")
        found.append({"key": key, **({"value": value} if value else {}), "effect": effect})
    return found


def _adding(machine: Machine) -> str:
    """The line that adds a machine."""
    words = [f"node add {machine.name} --cpu {machine.cpu} --memory {machine.memory} --pods {machine.pods}"]
    if machine.labels:
        words.append("--labels " + ",".join(f"{key}={value}" for key, value in machine.labels.items()))
    if machine.taints:
        taints = (f"{taint['key']}={taint.get('value', '')}:{taint['effect']}" for taint in machine.taints)
        words.append("--taints " + ",".join(taints))
    return " ".join(words)
