"""Who is looking: anonymous visitors, known by a token in their session. A cluster belongs to one of them."""

from __future__ import annotations

import secrets
from typing import Any, Protocol

from django.http import Http404

from cluster.models import Cluster

SESSION_KEY = "visitor"


class Session(Protocol):
    """The part of a Django session that is needed here."""

    def get(self, key: str, default: str, /) -> Any: ...

    def __setitem__(self, key: str, value: Any, /) -> None: ...


def token(session: Session) -> str:
    """The visitor's token, made at their first need of one."""
    known: str = session.get(SESSION_KEY, "")
    if not known:
        known = secrets.token_hex(16)
        session[SESSION_KEY] = known
    return known


def may_use(session: Session, cluster: Cluster) -> bool:
    """Whether this visitor owns the cluster."""
    known = session.get(SESSION_KEY, "")
    return bool(known) and secrets.compare_digest(known, cluster.owner)


def own_cluster(session: Session, identifier: str) -> Cluster:
    """The visitor's cluster; Http404 for somebody else's as for one that does not exist, so that ids cannot be probed."""
    cluster = Cluster.objects.filter(id=identifier).first()
    if cluster is None or not may_use(session, cluster):
        raise Http404("no such sandbox")
    return cluster
