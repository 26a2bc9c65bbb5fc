"""What is kept of the simulated clusters.

The journal (`Revision`) and now and then a whole World (`Snapshot`) are the truth: every moment of every branch can be
built again from them. `Node`, `Pod`, `Service` and `Resource` show the present of the current branch as rows that can be
queried; they are written in the same transaction.
"""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.db import models

# No look-alikes: an id is read aloud in class and typed from a projector.
ID_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_id() -> str:
    """An id that nobody can guess: 20 characters of 31, about 99 bits."""
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(20))


def new_key() -> str:
    """A secret for an address: 32 characters of 31, about 158 bits."""
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(32))


class DocumentField(models.TextField):
    """A JSON document as text. orjson writes it ten times faster than Django's JSONField (measured 0.33 against 3 ms)."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else orjson.loads(value)

    def to_python(self, value: Any) -> Any:
        """A document from a form's text; raises ValidationError for anything but JSON."""
        if not isinstance(value, str):
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError as problem:
            raise ValidationError(f"not JSON: {problem}") from problem

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""


class Cluster(models.Model):
    """A simulated cluster: a sandbox that belongs to one visitor's browser."""

    id = models.CharField(primary_key=True, max_length=32, default=new_id, editable=False)
    owner = models.CharField(max_length=64, db_index=True, help_text="The visitor's token in their session.")
    purpose = models.CharField(max_length=16, default="sandbox", help_text="sandbox or home (the small one on the first page).")
    seed = models.BigIntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)
    used = models.DateTimeField(auto_now_add=True, db_index=True, help_text="Last command or visit.")

    branch = models.PositiveIntegerField(default=1, help_text="The branch that is being lived.")
    head = models.PositiveBigIntegerField(default=0, help_text="Its newest revision.")
    now = models.BigIntegerField(default=0, help_text="Virtual milliseconds since the cluster's epoch.")
    playing = models.BooleanField(default=False)
    speed = models.FloatField(default=1.0)
    journal_bytes = models.PositiveBigIntegerField(default=0)
    api_key = models.CharField(
        max_length=40, unique=True, default=new_key, editable=False, help_text="The secret in the address of its Kubernetes API."
    )
    trouble = models.TextField(blank=True, help_text="Why the worker stopped this cluster, if it did.")

    # The lease: the one worker that may write this cluster. Taken by compare-and-swap, see store.claim.
    worker = models.CharField(max_length=120, blank=True, db_index=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"


class Branch(models.Model):
    """One line of history. Acting in the past starts a new one; the old one stays reachable."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="branches")
    number = models.PositiveIntegerField()
    parent = models.PositiveIntegerField(null=True, blank=True, help_text="The branch that it left.")
    forked_at = models.PositiveBigIntegerField(default=0, help_text="The last revision that it shares with its parent.")
    head = models.PositiveBigIntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "number"], name="one_branch_per_number")]
        ordering = ["cluster", "number"]
        verbose_name_plural = "branches"

    def __str__(self) -> str:
        return f"{self.cluster_id} branch {self.number}"


class Revision(models.Model):
    """The journal: one step, with everything that is needed to tell it and to do it again."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="revisions")
    branch = models.PositiveIntegerField()
    revision = models.PositiveBigIntegerField()
    at = models.BigIntegerField(help_text="Virtual milliseconds.")
    actor = models.CharField(max_length=120)
    verb = models.CharField(max_length=20)
    object = models.CharField(max_length=600, help_text="What was written.")
    say = models.CharField(max_length=80)
    header = models.BinaryField(help_text="What the timeline needs of the step (board.header), as JSON.")
    entry = models.BinaryField(help_text="The encoded step (cluster/simulation/journal.py), as JSON.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "branch", "revision"], name="one_step_per_revision")]
        ordering = ["cluster", "branch", "revision"]

    def __str__(self) -> str:
        return f"{self.revision} {self.actor} {self.verb} {self.object}"


class Snapshot(models.Model):
    """A whole World, so that building a moment again never takes more than a few hundred steps."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="snapshots")
    branch = models.PositiveIntegerField()
    revision = models.PositiveBigIntegerField()
    data = models.BinaryField(help_text="The encoded World, as compressed JSON.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "branch", "revision"], name="one_snapshot_per_revision")]
        ordering = ["cluster", "branch", "revision"]

    def __str__(self) -> str:
        return f"{self.cluster_id} branch {self.branch} at {self.revision}"


class Stored(models.Model):
    """An API object of the present: its document and the columns that one asks for."""

    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=36)
    document = DocumentField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Node(Stored):
    """A node of a cluster."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="nodes")
    ready = models.CharField(max_length=8, help_text="True, False or Unknown.")
    unschedulable = models.BooleanField(default=False)
    taints = models.TextField(blank=True)
    internal_ip = models.CharField(max_length=45, blank=True)
    kubelet_version = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "name"], name="one_node_per_name")]
        ordering = ["cluster", "name"]


class Pod(Stored):
    """A Pod of a cluster."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="pods")
    namespace = models.CharField(max_length=63)
    phase = models.CharField(max_length=20)
    status = models.CharField(max_length=60, help_text="As kubectl prints it.")
    node = models.CharField(max_length=253, blank=True, db_index=True)
    ready = models.BooleanField(default=False)
    restarts = models.PositiveIntegerField(default=0)
    pod_ip = models.CharField(max_length=45, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "namespace", "name"], name="one_pod_per_name")]
        ordering = ["cluster", "namespace", "name"]


class Service(Stored):
    """A Service of a cluster."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="services")
    namespace = models.CharField(max_length=63)
    type = models.CharField(max_length=20)
    cluster_ip = models.CharField(max_length=45, blank=True)
    ports = models.CharField(max_length=600, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "namespace", "name"], name="one_service_per_name")]
        ordering = ["cluster", "namespace", "name"]


class Resource(Stored):
    """An object of any other kind."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="resources")
    resource = models.CharField(max_length=120, help_text='For example "deployments.apps".')
    namespace = models.CharField(max_length=63, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "resource", "namespace", "name"], name="one_resource_per_name")
        ]
        ordering = ["cluster", "resource", "namespace", "name"]
