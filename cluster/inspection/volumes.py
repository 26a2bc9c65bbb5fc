"""Volumes: of what kind they are, where their files lie, and who mounts them.

`place` is where the files lie: "node" (on the disk of `node`, gone with it), "memory" (of the node), "network" (beside all
nodes), "api" (copies of what the API server stores), "none" (there is no volume yet).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster.apiserver.reader import Reader
from cluster.inspection import files
from cluster.inspection.inside import Inside
from cluster.objects import metadata, quantity
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import persistentvolume as volumes
from cluster.objects.kinds import persistentvolumeclaim as claims
from cluster.objects.kinds import pod as pods

CLAIMS = "persistentvolumeclaims"
VOLUMES = "persistentvolumes"
FROM_API = ("configMap", "secret", "downwardAPI", "projected")
# Sources of volumes that every node reaches, with the field that says where they are.
NETWORK = {
    "nfs": "server", "cephfs": "monitors", "rbd": "monitors", "glusterfs": "endpoints", "iscsi": "targetPortal", "csi": "driver",
    "awsElasticBlockStore": "volumeID", "azureDisk": "diskName", "azureFile": "shareName", "gcePersistentDisk": "pdName",
    "vsphereVolume": "volumePath", "cinder": "volumeID", "fc": "wwids",
}
HOSTNAME = "kubernetes.io/hostname"

Row = dict[str, Any]


def of_pod(view: Reader, pod: Document, inside: Inside) -> list[Row]:
    """The volumes of a Pod in the order of the spec, each with who mounts it."""
    return [
        {**_row(view, pod, volume), "mounts": _mounts(pod, volume["name"]), "files": _files(inside, volume)}
        for volume in dig(pod, "spec", "volumes", default=[])
    ]


def _files(inside: Inside, volume: Document) -> Row | None:
    """What lies in a volume now; None while nothing is mounted."""
    found = inside.files(volume["name"])
    return None if found is None else files.listing(found, "/", _hides(volume))


def _hides(volume: Document) -> Callable[[str], bool] | None:
    """Which files of a volume come from Secrets, by their names; tokens are as secret."""
    if volume.get("secret") is not None:
        return lambda name: True
    sources = dig(volume, "projected", "sources", default=[])
    secret = any(source.get("secret") for source in sources)
    tokens = {source["serviceAccountToken"]["path"] for source in sources if source.get("serviceAccountToken")}
    return (lambda name: secret or name in tokens) if sources else None


def _mounts(pod: Document, name: str) -> list[Row]:
    """{path, sub_path, read_only, containers: who mounts it there, all: whether that is everybody}."""
    everybody = (*pods.init_containers(pod), *pods.containers(pod))
    found: dict[tuple[str, str, bool], list[str]] = {}
    for container in everybody:
        for mount in container.get("volumeMounts") or []:
            if mount["name"] == name:
                way = (mount["mountPath"], mount.get("subPath", ""), bool(mount.get("readOnly")))
                found.setdefault(way, []).append(container["name"])
    return [
        {"path": path, "sub_path": inside, "read_only": read_only, "containers": names,
         "all": len(names) == len(everybody) > 1}
        for (path, inside, read_only), names in found.items()
    ]


def _row(view: Reader, pod: Document, volume: Document) -> Row:
    for name, _ in claims.of_pod({**pod, "spec": {"volumes": [volume]}}):
        return {"name": volume["name"], **of_claim(view, metadata.namespace(pod), name)}
    return {"name": volume["name"], "claim": "", "volume": "", "phase": "", **source(volume, pods.node_name(pod))}


def source(holder: Document, node: str) -> Row:
    """Kind and place of the source in a Pod's volume or in a PersistentVolume: {kind, place, node, where, dies}.

    `dies`: what takes the files with it: "pod", "node" or "" (somebody has to delete them).
    """
    if holder.get("emptyDir") is not None:
        in_memory = holder["emptyDir"].get("medium") == "Memory"
        limit = holder["emptyDir"].get("sizeLimit") or ""
        return {"kind": "emptyDir", "place": "memory" if in_memory else "node", "node": node, "where": str(limit), "dies": "pod"}
    if holder.get("hostPath") is not None:
        return {"kind": "hostPath", "place": "node", "node": node, "where": holder["hostPath"].get("path", ""), "dies": "node"}
    if holder.get("local") is not None:
        return {"kind": "local", "place": "node", "node": node, "where": holder["local"].get("path", ""), "dies": "node"}
    for kind in FROM_API:
        if holder.get(kind) is not None:
            named = holder[kind].get("name") or holder[kind].get("secretName") or ""
            return {"kind": kind, "place": "api", "node": node, "where": named, "dies": "pod"}
    for kind, field in NETWORK.items():
        if holder.get(kind) is not None:
            return {"kind": kind, "place": "network", "node": "", "where": _address(holder[kind], field), "dies": ""}
    kind = next((name for name in holder if name != "name"), "emptyDir")  # a volume without a source is an empty one
    return {"kind": kind, "place": "node", "node": node, "where": "", "dies": "pod"}


def _address(found: Document, field: str) -> str:
    value = found.get(field, "")
    first = value[0] if isinstance(value, list) and value else value
    return f"{first}{found['path'] if str(found.get('path', '')).startswith('/') else ''}" if not isinstance(first, list) else ""


# --- claims and PersistentVolumes ------------------------------------------------------------------------------------


def of_claim(view: Reader, namespace: str, name: str) -> Row:
    """A claim with the volume behind it; `phase` is the claim's, "missing" when nobody has made it."""
    claim = view.get(CLAIMS, namespace, name)
    row: Row = {
        "kind": "persistentVolumeClaim", "claim": f"{namespace}/{name}", "volume": "", "phase": "missing", "place": "none",
        "node": "", "where": "", "dies": "", "size": "", "class": "",
    }
    if claim is None:
        return row
    row = {**row, "phase": claims.phase(claim) or "Pending", "class": claims.storage_class(claim),
           "size": quantity.canonical(claims.requested(claim))}
    volume = view.get(VOLUMES, "", claims.volume_name(claim)) if claims.volume_name(claim) else None
    return {**row, **of_volume(view, volume)} if volume is not None else {**row, "volume": claims.volume_name(claim)}


def of_volume(view: Reader, volume: Document) -> Row:
    """A PersistentVolume: what it is made of and where."""
    return {
        **source(volume["spec"], home(view, volume)), "volume": metadata.name(volume), "dies": "",
        "size": quantity.canonical(volumes.capacity(volume)), "class": volumes.storage_class(volume),
        "reclaim": volumes.reclaim_policy(volume), "modes": volumes.modes_text(volumes.access_modes(volume)),
    }


def home(view: Reader, volume: Document) -> str:
    """The one node that a volume can be used on, "" when there are several, or none."""
    if dig(volume, "spec", "nodeAffinity", "required") is None:
        return ""
    found = [metadata.name(node) for node in view.list("nodes") if volumes.reaches(volume, metadata.labels(node))]
    return found[0] if len(found) == 1 else ""
