"""describePersistentVolume in kubectl/pkg/describe/describe.go."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.page import INDENT, MAX_ANNOTATION, NONE, Page
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.printing import since

_Rows = list[tuple[str, object]]


def describe(page: Page, reader: Reader, volume: Document) -> None:
    """Write the page of a PersistentVolume, without its events."""
    page.line(0, "Name:", metadata.name(volume))
    page.labels("Labels", metadata.labels(volume))
    page.annotations("Annotations", metadata.annotations(volume))
    page.line(0, "Finalizers:", go_list(metadata.finalizers(volume)))
    page.line(0, "StorageClass:", volumes.storage_class(volume))
    page.line(0, "Status:", status(volume, reader.now))
    page.line(0, "Claim:", volumes.claim_text(volume))
    page.line(0, "Reclaim Policy:", volumes.reclaim_policy(volume))
    page.line(0, "Access Modes:", volumes.modes_text(volumes.access_modes(volume)))
    page.line(0, "VolumeMode:", volumes.mode(volume))
    page.line(0, "Capacity:", quantity.canonical(volumes.capacity(volume)))
    _node_affinity(page, volume)
    page.line(0, "Message:", dig(volume, "status", "message", default=""))
    page.line(0, "Source:")
    _source(page, volume["spec"])


def go_list(items: Iterable[str]) -> str:
    """A list as Go prints it: `[a b]`."""
    return f"[{' '.join(items)}]"


def status(document: Document, now: int) -> str:
    """Phase of a volume or a claim, or for how long it has been going away."""
    if metadata.is_being_deleted(document):
        return f"Terminating (lasts {since(document['metadata']['deletionTimestamp'], now)})"
    return str(dig(document, "status", "phase", default=""))


def terms(page: Page, described: Iterable[list[str]]) -> None:
    """`Term 0:` and the rules of a term below one another; `described` has the rules of each term."""
    for index, rules in enumerate(described):
        page.values(f"Term {index}", rules, level=2)


def _node_affinity(page: Page, volume: Document) -> None:
    required = dig(volume, "spec", "nodeAffinity", "required")
    if required is None:
        page.line(0, "Node Affinity:", NONE)
        return
    page.line(0, "Node Affinity:", "")
    found = required.get("nodeSelectorTerms") or []
    page.line(1, "Required Terms:", "" if found else NONE)
    terms(page, ([_rule(rule) for rule in term.get("matchExpressions") or []] for term in found))


def _rule(rule: Document) -> str:
    values = rule.get("values") or []
    text = f"{rule['key']} {rule['operator'].lower()}"
    return f"{text} [{', '.join(values)}]" if values else text


def _source(page: Page, spec: Document) -> None:
    name = next((source for source in _SOURCES if spec.get(source) is not None), None)
    if name is None:
        page.line(1, "<unknown>")
        return
    meaning, rows = _SOURCES[name]
    page.line(2, "Type:", meaning)
    for title, value in rows(spec[name]):
        page.line(2, f"{title}:", value)
    if name == "csi":
        _attributes(page, spec[name].get("volumeAttributes") or {})


def _disk(source: Document) -> _Rows:
    return [
        ("FSType", source.get("fsType", "")), ("Partition", source.get("partition", 0)),
        ("ReadOnly", bool(source.get("readOnly"))),
    ]


def _attributes(page: Page, attributes: dict[str, str]) -> None:
    lines = [f"{key}={value}" for key, value in sorted(attributes.items())]
    shown = [line if len(line) <= MAX_ANNOTATION else f"{line[:MAX_ANNOTATION]}..." for line in lines]
    heading = "VolumeAttributes:"
    # kubectl indents each value once more, but for <none>.
    for line in [f"{INDENT * 2}{line}" for line in shown] or [NONE]:
        page.line(2, heading, line)
        heading = ""


_SOURCES: dict[str, tuple[str, Callable[[Document], _Rows]]] = {
    "hostPath": (
        "HostPath (bare host directory volume)",
        lambda source: [("Path", source.get("path", "")), ("HostPathType", source.get("type", NONE))],
    ),
    "gcePersistentDisk": (
        "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        lambda source: [("PDName", source.get("pdName", "")), *_disk(source)],
    ),
    "awsElasticBlockStore": (
        "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        lambda source: [("VolumeID", source.get("volumeID", "")), *_disk(source)],
    ),
    "nfs": (
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        lambda source: [
            ("Server", source.get("server", "")), ("Path", source.get("path", "")), ("ReadOnly", bool(source.get("readOnly"))),
        ],
    ),
    "local": (
        "LocalVolume (a persistent volume backed by local storage on a node)",
        lambda source: [("Path", source.get("path", ""))],
    ),
    "csi": (
        "CSI (a Container Storage Interface (CSI) volume source)",
        lambda source: [
            ("Driver", source.get("driver", "")), ("FSType", source.get("fsType", "")),
            ("VolumeHandle", source.get("volumeHandle", "")), ("ReadOnly", bool(source.get("readOnly"))),
        ],
    ),
}
