"""The service account controller: every namespace has an account `default` (pkg/controller/serviceaccount)."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, Story
from cluster.objects import metadata

DEFAULT = "default"


class ServiceAccountController(Component):
    """Keys: ("", namespace)."""

    name = "serviceaccount-controller"
    watches = ("namespaces", "serviceaccounts")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "namespaces":
            return [change.key] if change.new is not None else []
        return [("", change.key[0])] if change.new is None and change.key[1] == DEFAULT else []

    def reconcile(self, context: Context, key: Key) -> None:
        namespace = context.get("namespaces", "", key[1])
        if namespace is None or metadata.is_being_deleted(namespace):
            return
        if context.get("serviceaccounts", key[1], DEFAULT) is not None:
            return
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": DEFAULT, "namespace": key[1]}}
        context.create(account, story=Story("serviceaccount.create", {"namespace": key[1]}, FOLDED))
