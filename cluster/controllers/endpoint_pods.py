"""What the EndpointSlice and the Endpoints controllers have in common (staging/src/k8s.io/endpointslice/util)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster.machinery.component import Change, Context, Key, Reader
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import namespace as namespaces
from cluster.objects.kinds import pod as pods
from cluster.objects.kinds import service as services
from cluster.objects.selectors import LabelSelector

TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
HEADLESS_LABEL = "service.kubernetes.io/headless"
TERMINAL = ("Succeeded", "Failed")
# In memory: (TRIGGERS, namespace, name) -> {"service": ms, "pods": {name: ms}, "pending": ms or None}
TRIGGERS = "triggers"


def selected_pods(context: Reader, service: Document) -> list[Document]:
    """The Pods that a Service's selector matches, ordered by name."""
    selector = LabelSelector.from_map(services.selector(service))
    return context.list("pods", metadata.namespace(service), selector)


def belongs(pod: Document, include_terminating: bool) -> bool:
    """Whether a Pod is an endpoint at all: it has an address and has not ended."""
    if dig(pod, "status", "phase") in TERMINAL or not addresses(pod):
        return False
    return include_terminating or not metadata.is_being_deleted(pod)


def addresses(pod: Document) -> list[str]:
    """The Pod's addresses, of both families."""
    many = [entry["ip"] for entry in dig(pod, "status", "podIPs", default=[])]
    one = dig(pod, "status", "podIP", default="")
    return many or ([one] if one else [])


def is_family(address: str, family: str) -> bool:
    """Whether an address is "IPv4" or "IPv6"."""
    return (":" in address) == (family == "IPv6")


def families(service: Document) -> list[str]:
    return dig(service, "spec", "ipFamilies") or ["IPv4"]


def target_reference(pod: Document) -> dict[str, str]:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def hostname(pod: Document, service: Document) -> str:
    """The name under which DNS lists the Pod below a headless Service of the same name as its subdomain."""
    if dig(pod, "spec", "subdomain") != metadata.name(service):
        return ""
    return str(dig(pod, "spec", "hostname", default=""))


def port_number(pod: Document, service_port: Document) -> int | None:
    """The port of a Pod behind a Service port; None when no container has a port of the wanted name."""
    target = service_port.get("targetPort", service_port["port"])
    if isinstance(target, int):
        return target
    protocol = service_port.get("protocol", "TCP")
    sidecars = [c for c in dig(pod, "spec", "initContainers", default=[]) if c.get("restartPolicy") == "Always"]
    for container in (*dig(pod, "spec", "containers", default=[]), *sidecars):
        for port in container.get("ports") or []:
            if port.get("name") == target and port.get("protocol", "TCP") == protocol:
                return int(port["containerPort"])
    return None


def can_create(context: Reader, service: Document) -> bool:
    """Whether something new may be made for the Service: neither it nor its namespace is going away."""
    namespace = context.get("namespaces", "", metadata.namespace(service))
    if namespace is not None and namespaces.is_terminating(namespace):
        return False
    return not metadata.is_being_deleted(service)


# --- what wakes the controllers --------------------------------------------------------------------------------------


def services_of_pod_change(change: Change, view: Reader) -> list[Key]:
    """The Services whose endpoints a change of a Pod may alter."""
    if change.old is not None and change.new is not None and _fingerprint(change.old) == _fingerprint(change.new):
        return []
    versions = [pod for pod in (change.old, change.new) if pod is not None]
    return [
        (change.key[0], metadata.name(service)) for service in view.list("services", change.key[0])
        if any(services.selects(service, pod) for pod in versions)
    ]


def services_of_pods(found: Iterable[Document], view: Reader) -> list[Key]:
    """The Services that select any of these Pods."""
    keys = {
        (metadata.namespace(service), metadata.name(service))
        for pod in found for service in view.list("services", metadata.namespace(pod)) if services.selects(service, pod)
    }
    return sorted(keys)


def _fingerprint(pod: Document) -> tuple[Any, ...]:
    """All that an endpoint says about a Pod (podEndpointsChanged)."""
    return (
        metadata.labels(pod), dig(pod, "spec", "hostname"), dig(pod, "spec", "subdomain"),
        pod["metadata"].get("deletionTimestamp"), pods.is_ready(pod), addresses(pod),
    )


# --- since when a change has been waiting (trigger_time_tracker.go) --------------------------------------------------


def trigger_time(context: Context, service: Document, found: Iterable[Document]) -> str | None:
    """What caused this sync, as a time for the annotation: the earliest change since the last sync; None when unknown.

    A sync of several writes keeps its time until `synced` says that it is over.
    """
    key = (TRIGGERS, metadata.namespace(service), metadata.name(service))
    known = context.memory(key)
    created = times.parse(service["metadata"]["creationTimestamp"])
    if known is not None and "pending" in known:
        return _text(known["pending"])
    changed_at = {metadata.name(pod): since for pod in found if (since := _ready_since(pod)) is not None}
    if known is None:
        pending: int | None = created
    else:
        news = [since for name, since in changed_at.items() if since > known["pods"].get(name, -1)]
        if created > known["service"]:
            news.append(created)
        pending = min(news, default=None)
    context.remember(key, {"service": created, "pods": changed_at, "pending": pending})
    return _text(pending)


def synced(context: Context, namespace: str, name: str) -> None:
    """The Service's endpoints are as they should be: the next change has a time of its own."""
    key = (TRIGGERS, namespace, name)
    known = context.memory(key)
    if known is not None and "pending" in known:
        context.remember(key, {"service": known["service"], "pods": known["pods"]})


def forget_service(context: Context, namespace: str, name: str) -> None:
    context.forget((TRIGGERS, namespace, name))


def with_trigger_time(annotations: dict[str, str], text: str | None) -> dict[str, str]:
    others = {name: value for name, value in annotations.items() if name != TRIGGER_TIME}
    return others if text is None else {**others, TRIGGER_TIME: text}


def _text(moment: int | None) -> str | None:
    return None if moment is None else times.rfc3339(moment)


def _ready_since(pod: Document) -> int | None:
    for condition in dig(pod, "status", "conditions", default=[]):
        if condition["type"] == "Ready" and condition.get("lastTransitionTime"):
            return times.parse(condition["lastTransitionTime"])
    return None
