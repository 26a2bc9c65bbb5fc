"""Publishes the cluster's CA in every namespace (pkg/controller/certificates/rootcacertpublisher)."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterable

from cluster.machinery.component import Change, Component, Context, Key, Reader
from cluster.machinery.story import FOLDED, Story
from cluster.objects import metadata

NAME = "kube-root-ca.crt"
DESCRIPTION_KEY = "kubernetes.io/description"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. "
    "No other usage is guaranteed across distributions of Kubernetes clusters."
)
# A simulated cluster has no keys: the certificate says so to whoever decodes it.
_BODY = base64.b64encode(b"The place of the CA certificate of a simulated cluster. It certifies nothing.").decode()
CERTIFICATE = "\n".join(["-----BEGIN CERTIFICATE-----", *textwrap.wrap(_BODY, 64), "-----END CERTIFICATE-----", ""])
DATA = {"ca.crt": CERTIFICATE}


class RootCAPublisher(Component):
    """Keys: ("", namespace)."""

    name = "root-ca-certificate-publisher"
    watches = ("namespaces", "configmaps")

    def keys_for(self, change: Change, view: Reader) -> Iterable[Key]:
        if change.table == "namespaces":
            return [change.key] if change.new is not None else []
        return [("", change.key[0])] if change.key[1] == NAME else []

    def reconcile(self, context: Context, key: Key) -> None:
        namespace = context.get("namespaces", "", key[1])
        if namespace is None or metadata.is_being_deleted(namespace):
            return
        published = context.get("configmaps", key[1], NAME)
        if published is None:
            fresh = {
                "apiVersion": "v1", "kind": "ConfigMap", "data": DATA,
                "metadata": {"name": NAME, "namespace": key[1], "annotations": {DESCRIPTION_KEY: DESCRIPTION}},
            }
            context.create(fresh, story=Story("root-ca.publish", {"namespace": key[1]}, FOLDED))
        elif published.get("data") != DATA or not metadata.annotations(published).get(DESCRIPTION_KEY):
            restored = {**metadata.with_annotations(published, {DESCRIPTION_KEY: DESCRIPTION}), "data": DATA}
            context.update(restored, story=Story("root-ca.publish", {"namespace": key[1]}, FOLDED))
