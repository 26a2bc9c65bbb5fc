"""Volumes that the API's objects fill: configMap, secret, downwardAPI, projected, and the files of an image.

pkg/volume/configmap, pkg/volume/secret, pkg/volume/downwardapi, pkg/volume/projected, pkg/volume/util/atomic_writer.go
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

from cluster.apiserver.reader import Reader
from cluster.containers import images, references
from cluster.containers.files import DIRECTORY, LINK, File, Tree, join, parent
from cluster.containers.systems import files as image_files
from cluster.kubelet import downward
from cluster.kubelet.downward import Place
from cluster.objects import metadata, times
from cluster.objects.documents import Document, dig
from cluster.objects.kinds import secret as secrets
from cluster.storage.contents import MountError

# Every namespace has it as soon as its controller has run; a Pod that comes first just waits a moment in reality too.
ROOT_CA = "kube-root-ca.crt"
TOKEN_VOLUME = "kube-api-access-"
FILE_MODE = 0o644
# The link that a whole update turns at once.
DATA = "..data"
_FILLED = ("configMap", "secret", "downwardAPI", "projected")
_KINDS = {"configMap": "configmaps", "secret": "secrets"}


class _File(NamedTuple):
    text: str
    mode: int


def is_filled_by_itself(volume: Document) -> bool:
    """Whether it holds the token that admission gives every Pod: it need not be kept, as nobody changes it."""
    return bool(volume["name"].startswith(TOKEN_VOLUME) and volume.get("projected"))


def sources(volume: Document) -> Iterator[tuple[str, Document]]:
    """The ConfigMaps and Secrets of a volume: (configMap or secret, source)."""
    for kind in _KINDS:
        if volume.get(kind):
            yield kind, volume[kind]
        for source in dig(volume, "projected", "sources", default=[]):
            if source.get(kind):
                yield kind, source[kind]


def kept_volumes(pod: Document) -> list[Document]:
    """The volumes of a Pod whose files are kept, because they may change while it runs."""
    return [
        volume for volume in dig(pod, "spec", "volumes", default=[])
        if not is_filled_by_itself(volume) and any(volume.get(kind) is not None for kind in _FILLED)
    ]


def objects_of(volume: Document) -> list[tuple[str, str]]:
    """(resource, name) of the ConfigMaps and Secrets of a volume."""
    return [object_of(kind, source) for kind, source in sources(volume)]


def object_of(kind: str, source: Document) -> tuple[str, str]:
    """(resource, name) of the object behind a source."""
    return _KINDS[kind], str(source.get("name") or source.get("secretName") or "")


def tree(view: Reader, pod: Document, volume: Document, place: Place, at: int) -> Tree:
    """What the volume is filled with at this moment; raises MountError."""
    if volume.get("image") is not None:
        image = images.of(references.parse(volume["image"].get("reference", "")), {})
        return Tree.of(image_files(image), 0)
    payload: dict[str, _File] = {}
    mode = FILE_MODE
    for kind in _FILLED:
        if volume.get(kind) is not None:
            mode = int(volume[kind].get("defaultMode", FILE_MODE))
            parts = volume[kind].get("sources") or [] if kind == "projected" else [{kind: volume[kind]}]
            for part in parts:
                payload.update(_part(view, pod, part, place, mode))
    return _written(payload, at)


def _part(view: Reader, pod: Document, part: Document, place: Place, mode: int) -> Mapping[str, _File]:
    for kind in _KINDS:
        if part.get(kind) is not None:
            return _of_object(view, pod, kind, part[kind], mode)
    if part.get("downwardAPI") is not None:
        return {
            item["path"]: _File(_downward(view, pod, item, place), int(item.get("mode", mode)))
            for item in part["downwardAPI"].get("items") or []
        }
    if part.get("serviceAccountToken") is not None:
        wanted = part["serviceAccountToken"]
        return {wanted["path"]: _File(_token(pod, wanted), mode)}
    return {}


def _of_object(view: Reader, pod: Document, kind: str, source: Document, mode: int) -> Mapping[str, _File]:
    resource, name = object_of(kind, source)
    document = view.world.row(resource, (metadata.namespace(pod), name))
    optional = bool(source.get("optional"))
    if document is None:
        if optional or name == ROOT_CA:
            return {}
        raise MountError(f'{kind.lower()} "{name}" not found')
    texts = _texts(kind, document)
    if not source.get("items"):
        return {key: _File(text, mode) for key, text in texts.items()}
    found = {}
    for item in source["items"]:
        if item["key"] in texts:
            found[item["path"]] = _File(texts[item["key"]], int(item.get("mode", mode)))
        elif not optional:
            lead = "configmap references non-existent config key" if kind == "configMap" else "references non-existent secret key"
            raise MountError(f"{lead}: {item['key']}")
    return found


def _texts(kind: str, document: Document) -> dict[str, str]:
    encoded = (document.get("data") or {}) if kind == "secret" else (document.get("binaryData") or {})
    texts = {} if kind == "secret" else dict(document.get("data") or {})
    return {**texts, **{key: (secrets.decoded(text) or b"").decode(errors="replace") for key, text in encoded.items()}}


def _downward(view: Reader, pod: Document, item: Document, place: Place) -> str:
    if item.get("fieldRef"):
        return downward.field(pod, item["fieldRef"]["fieldPath"], place)
    return downward.resource(view, pod, {}, item.get("resourceFieldRef") or {})


def _token(pod: Document, wanted: Document) -> str:
    """A token that looks like one and proves nothing."""
    account = dig(pod, "spec", "serviceAccountName", default="default")
    namespace = metadata.namespace(pod)
    claims = {
        "aud": [wanted.get("audience") or "https://kubernetes.default.svc.cluster.local"],
        "iss": "https://kubernetes.default.svc.cluster.local",
        "kubernetes.io": {
            "namespace": namespace, "pod": {"name": metadata.name(pod), "uid": metadata.uid(pod)},
            "serviceaccount": {"name": account},
        },
        "sub": f"system:serviceaccount:{namespace}:{account}",
    }
    parts = [_segment({"alg": "RS256", "kid": "simulated"}), _segment(claims)]
    signature = hashlib.sha256(".".join(parts).encode()).digest()
    return ".".join([*parts, base64.urlsafe_b64encode(signature).decode().rstrip("=")])


def _segment(value: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, sort_keys=True).encode()).decode().rstrip("=")


# --- files -----------------------------------------------------------------------------------------------------------


def _written(payload: Mapping[str, _File], at: int) -> Tree:
    """The files as the kubelet writes them: in a directory named after the moment, and links to them that turn at once."""
    stamp = (times.EPOCH + timedelta(milliseconds=at)).strftime("..%Y_%m_%d_%H_%M_%S.%f") + "000"
    made = Tree().make_directory(f"/{stamp}", at)
    for path in sorted(payload):
        whole = join(f"/{stamp}", path)
        made = made.make_directories(parent(whole), at)
        made = made.write(whole, payload[path].text, at, mode=payload[path].mode)
    made = made.put(f"/{DATA}", File(LINK, stamp, 0o777, at))
    for name in sorted({path.lstrip("/").partition("/")[0] for path in payload}):
        made = made.put(f"/{name}", File(LINK, f"{DATA}/{name}", 0o777, at))
    return made


def plain(contents: Tree) -> dict[str, File]:
    """What a user sees of such a volume: path -> file, without the links behind it."""
    turned = contents.get(f"/{DATA}")
    if turned is None or turned.kind != LINK:
        return {path: file for path, file in contents.walk() if path != "/"}
    base = join("/", turned.text)
    return {path[len(base):]: file for path, file in contents.walk(base) if path != base}


def frozen(contents: Tree, at: int) -> Tree:
    """The files by themselves: what a mount with a subPath goes on seeing, whatever becomes of the volume."""
    made = Tree()
    for path, file in plain(contents).items():
        made = made.make_directories(path, at) if file.kind == DIRECTORY else made.put(path, file)
    return made
