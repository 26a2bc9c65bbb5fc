"""Parts that Pods and their templates share: volumes, tolerations, spreading, the template itself."""

from __future__ import annotations

from collections import Counter

from cluster.apiserver.reader import Reader
from cluster.kubectl.describing.containers import describe_containers
from cluster.kubectl.describing.page import NONE, UNSET, Page
from cluster.objects import metadata
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import pod as pods
from cluster.objects.selectors import format_document


def describe_template(page: Page, template: Document) -> None:
    """DescribePodTemplate in kubectl/pkg/describe/describe.go."""
    spec = template.get("spec") or {}
    page.line(0, "Pod Template:")
    meta = template.get("metadata") or {}
    page.labels("Labels", meta.get("labels"), 1)
    if meta.get("annotations"):
        page.annotations("Annotations", meta["annotations"], 1)
    if spec.get("serviceAccountName"):
        page.line(1, "Service Account:", spec["serviceAccountName"])
    if spec.get("initContainers"):
        describe_containers(page, "Init Containers", spec["initContainers"], (), None, inside=True)
    describe_containers(page, "Containers", spec.get("containers") or [], (), None, inside=True)
    describe_volumes(page, spec.get("volumes") or [], inside=True)
    describe_spreading(page, spec.get("topologySpreadConstraints") or [], 1)
    if spec.get("priorityClassName"):
        page.line(1, "Priority Class Name:", spec["priorityClassName"])
    page.labels("Node-Selectors", spec.get("nodeSelector"), 1)
    describe_tolerations(page, spec.get("tolerations") or [], 1)


def pods_status(reader: Reader, owner: Document) -> str:
    """How many Pods of a workload are in which phase (getPodStatusForController)."""
    phases = Counter(pods.phase(pod) for pod in reader.owned("pods", metadata.uid(owner)))
    return (
        f"{phases['Running']} Running / {phases['Pending']} Waiting / {phases['Succeeded']} Succeeded /"
        f" {phases['Failed']} Failed"
    )


def controlled_by(page: Page, document: Document) -> None:
    """The controller, if there is one."""
    controller = metadata.controller_of(document)
    if controller is not None:
        page.line(0, "Controlled By:", f"{controller['kind']}/{controller['name']}")


def describe_tolerations(page: Page, tolerations: list[Document], level: int = 0) -> None:
    """Tolerations in the order of their keys."""
    ordered = sorted(tolerations, key=lambda toleration: str(toleration.get("key") or ""))
    page.values("Tolerations", map(_toleration, ordered), level)


def _toleration(toleration: Document) -> str:
    text = str(toleration.get("key") or "")
    if toleration.get("value"):
        text += f"={toleration['value']}"
    if toleration.get("effect"):
        text += f":{toleration['effect']}"
    if toleration.get("operator") == "Exists" and not toleration.get("value"):
        text += " op=Exists" if text else "op=Exists"
    seconds = toleration.get("tolerationSeconds")
    return text if seconds is None else f"{text} for {seconds}s"


def describe_spreading(page: Page, constraints: list[Document], level: int = 0) -> None:
    """Topology spread constraints, if there are any."""
    if not constraints:
        return
    ordered = sorted(constraints, key=lambda constraint: str(constraint["topologyKey"]))
    page.values("Topology Spread Constraints", map(_constraint, ordered), level)


def _constraint(constraint: Document) -> str:
    text = (
        f"{constraint['topologyKey']}:{constraint['whenUnsatisfiable']} when max skew {constraint['maxSkew']} is exceeded"
    )
    selector = constraint.get("labelSelector")
    return f"{text} for selector {selector_text(selector)}" if selector is not None else text


def selector_text(selector: Document | None) -> str:
    """A label selector of a document on one line; `<none>` for an empty one (metav1.FormatLabelSelector)."""
    return format_document(selector)


# --- volumes ---------------------------------------------------------------------------------------------------------


def describe_volumes(page: Page, volumes: list[Document], *, inside: bool = False) -> None:
    """Volumes with what they are made from; `inside` a template they stand further to the right."""
    space = "  " if inside else ""
    if not volumes:
        page.line(0, f"{space}Volumes:", NONE)
        return
    page.line(0, f"{space}Volumes:")
    for volume in volumes:
        page.line(1, f"{' ' if inside else ''}{volume['name']}:")
        source = next((field for field in volume if field != "name" and field in _SOURCES), None)
        if source is None:
            page.line(1, "<unknown>")
            continue
        meaning, rows = _SOURCES[source]
        page.line(2, "Type:", meaning)
        for title, value in rows(volume[source] or {}):
            page.line(2, *((f"{title}:", value) if value is not None else (title,)))


_Rows = list[tuple[str, object]]


def _optional(source: Document) -> bool:
    return bool(source.get("optional"))


def _projected(source: Document) -> _Rows:
    rows: _Rows = []
    for part in source.get("sources") or []:
        if "secret" in part:
            rows += [("SecretName", part["secret"].get("name", "")), ("Optional", _optional(part["secret"]))]
        elif "downwardAPI" in part:
            rows.append(("DownwardAPI", True))
        elif "configMap" in part:
            rows += [("ConfigMapName", part["configMap"].get("name", "")), ("Optional", _optional(part["configMap"]))]
        elif "serviceAccountToken" in part:
            rows.append(("TokenExpirationSeconds", part["serviceAccountToken"].get("expirationSeconds", 3600)))
    return rows


def _downward(source: Document) -> _Rows:
    rows: _Rows = [("Items:", None)]
    for item in source.get("items") or []:
        field = dig(item, "fieldRef", "fieldPath") or dig(item, "resourceFieldRef", "resource", default="")
        rows.append((f"  {field} -> {item['path']}", None))
    return rows


def _ephemeral(source: Document) -> _Rows:
    """The claim that is made for the Pod (printPersistentVolumeClaim); several labels stand below one another."""
    template = source.get("volumeClaimTemplate") or {}
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    labels = [f"{key}={value}" for key, value in sorted((meta.get("labels") or {}).items())]
    notes = [f"{key}: {value}" for key, value in sorted((meta.get("annotations") or {}).items())]
    rows: _Rows = [
        ("StorageClass", spec.get("storageClassName", "")), ("Volume", spec.get("volumeName", "")),
        ("Labels", "\n\t".join(labels) or NONE), ("Annotations", "\n\t".join(notes) or NONE),
        ("Capacity", ""), ("Access Modes", ""),
    ]
    return rows + ([("VolumeMode", spec["volumeMode"])] if spec.get("volumeMode") else [])


_SOURCES = {
    "hostPath": (
        "HostPath (bare host directory volume)",
        lambda source: [("Path", source.get("path", "")), ("HostPathType", source.get("type", NONE))],
    ),
    "emptyDir": (
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        lambda source: [("Medium", source.get("medium", "")), ("SizeLimit", source.get("sizeLimit") or UNSET)],
    ),
    "secret": (
        "Secret (a volume populated by a Secret)",
        lambda source: [("SecretName", source.get("secretName", "")), ("Optional", _optional(source))],
    ),
    "configMap": (
        "ConfigMap (a volume populated by a ConfigMap)",
        lambda source: [("Name", source.get("name", "")), ("Optional", _optional(source))],
    ),
    "nfs": (
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        lambda source: [
            ("Server", source.get("server", "")), ("Path", source.get("path", "")),
            ("ReadOnly", bool(source.get("readOnly"))),
        ],
    ),
    "persistentVolumeClaim": (
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        lambda source: [("ClaimName", source.get("claimName", "")), ("ReadOnly", bool(source.get("readOnly")))],
    ),
    "ephemeral": (
        "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)", _ephemeral,
    ),
    "projected": ("Projected (a volume that contains injected data from multiple sources)", _projected),
    "downwardAPI": ("DownwardAPI (a volume populated by information about the pod)", _downward),
}
