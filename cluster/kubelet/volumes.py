"""The volumes of a Pod on its node: mounted before its sandbox, seen by its containers, let go after its end.

pkg/kubelet/volumemanager, pkg/kubelet/kubelet_pods.go (makeMounts)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cluster.apiserver.reader import Reader
from cluster.containers.files import ROOM, FileError, Tree, join
from cluster.containers.machine import Mount
from cluster.kubelet import configuration, environment, projected
from cluster.kubelet.downward import Place
from cluster.kubelet.environment import ConfigurationError
from cluster.objects import metadata
from cluster.objects.documents import Document, Key, dig
from cluster.objects.kinds import pod as pods
from cluster.storage import contents
from cluster.storage.contents import MountError

Rows = dict[tuple[str, Key], Any]  # (table, key) -> what is to be kept there, None for nothing
# Name of a volume -> [key, path, read-only, in memory]; JSON, as it is kept in the Pod's row of host/processes.
Places = dict[str, list[Any]]

CONFIG = "config/"
TERMINATION_LOG = "/dev/termination-log"


def of_pod(pod: Document) -> list[Document]:
    found: list[Document] = dig(pod, "spec", "volumes", default=[])
    return found


# --- mounting --------------------------------------------------------------------------------------------------------


def mount(view: Reader, pod: Document, place: Place) -> tuple[Places, Rows]:
    """Where each volume lies and what is to be kept of them once they are mounted; raises MountError."""
    places: Places = {}
    kept: Rows = {}
    for volume in of_pod(pod):
        try:
            found = contents.place_of(view, pod, volume, place.node)
            if found is not None:
                places[volume["name"]] = [found.key, found.path, found.read_only, _is_in_memory(volume)]
                _set_up(view, pod, volume, place, found, kept)
        except MountError as problem:
            raise MountError(_message(view, pod, volume, str(problem))) from problem
    return places, kept


def mount_problem(view: Reader, pod: Document, place: Place) -> str:
    """Why a Pod's volumes cannot be mounted as yet, as the FailedMount event says it; "" when they can."""
    problem = configuration.claim_error(view, pod)
    if problem:
        return problem
    try:
        mount(view, pod, place)
    except MountError as refusal:
        return str(refusal)
    return ""


def _set_up(
    view: Reader, pod: Document, volume: Document, place: Place, found: contents.Place, kept: Rows
) -> None:
    row_key = (contents.TABLE, (found.key,))
    if found.key.startswith(CONFIG):
        if not projected.is_filled_by_itself(volume):
            kept[row_key] = contents.with_tree(found.key, None, projected.tree(view, pod, volume, place, view.now))
        return
    row = kept.get(row_key, view.host(*row_key))
    before = contents.tree_of(found.key, row)
    if row is None and found.room != ROOM:
        before = Tree(room=found.room)
    after = contents.prepared(before, found, view.now)
    if row is None or after is not before:
        row = contents.with_tree(found.key, row, after)
    kept[row_key] = contents.with_user(row, place.node, pods.runtime_uid(pod)) if found.is_shared else row


def _message(view: Reader, pod: Document, volume: Document, problem: str) -> str:
    """The text of the FailedMount event: who did not succeed depends on how far it came."""
    name = volume["name"]
    if problem.startswith("failed to get Plugin"):
        return (
            f"Unable to attach or mount volumes: unmounted volumes=[{name}], unattached volumes=[], "
            f"failed to process volumes=[{name}]: {problem}"
        )
    claim = view.world.row(
        "persistentvolumeclaims", (metadata.namespace(pod), dig(volume, "persistentVolumeClaim", "claimName", default=""))
    )
    bound = dig(claim, "spec", "volumeName", default=name)
    step = "NewMounter initialization" if problem.startswith('path "') else "SetUp"
    return f'MountVolume.{step} failed for volume "{bound}" : {problem}'


def let_go(view: Reader, places: Places, node: str, uid: str) -> Rows:
    """What is left when a Pod has gone from its node: what lived with it is gone, the rest has one user less."""
    kept: Rows = {}
    for key, *_ in places.values():
        row = view.host(contents.TABLE, (key,))
        if row is not None:
            own = not contents.is_shared(key)
            kept[contents.TABLE, (key,)] = None if own else contents.without_user(row, node, uid)
    return kept


def forgotten_by_reboot(view: Reader, pod: Document, places: Places) -> Rows:
    """What a machine forgets when it boots: the files that lay in its memory."""
    kept: Rows = {}
    for volume in of_pod(pod):
        if _is_in_memory(volume) and volume["name"] in places:
            kept[contents.TABLE, (places[volume["name"]][0],)] = None
    return kept


def _is_in_memory(volume: Document) -> bool:
    return bool(dig(volume, "emptyDir", "medium") == contents.MEMORY)


# --- reading ---------------------------------------------------------------------------------------------------------


def trees(view: Reader, pod: Document, places: Places, place: Place, at: int) -> dict[str, Tree]:
    """The contents of a Pod's volumes by key, as they were last kept; `at`: when the Pod's own ones were filled."""
    found: dict[str, Tree] = {}
    for name, (key, *_) in places.items():
        if key in found:
            continue
        row = view.host(contents.TABLE, (key,))
        if row is None and key.startswith(CONFIG):
            found[key] = _filled_by_itself(view, pod, name, key, place, at)
        else:
            found[key] = contents.tree_of(key, row)
    return found


# The trees of tokens that were asked for last: they hang on the Pod and on the moment of their making alone.
_TOKENS: dict[tuple[str, int, str], Tree] = {}
_MOST_TOKENS = 2_048


def _filled_by_itself(view: Reader, pod: Document, name: str, key: str, place: Place, at: int) -> Tree:
    known = (key, at, place.ip)
    if known not in _TOKENS:
        if len(_TOKENS) >= _MOST_TOKENS:
            _TOKENS.clear()
        volume = next((volume for volume in of_pod(pod) if volume["name"] == name), None)
        _TOKENS[known] = projected.tree(view, pod, volume, place, at) if volume is not None else Tree()
    return _TOKENS[known]


# --- mounts of a container -------------------------------------------------------------------------------------------


class Mounts(NamedTuple):
    """What a container sees of the Pod's volumes, and what has to be made for that."""

    mounts: tuple[Mount, ...]
    trees: Mapping[str, Tree]  # contents that had to be changed, or frozen, for it
    places: Places  # volumes that exist for this container alone


def of_container(
    pod: Document, container: Document, places: Places, trees_of_pod: Mapping[str, Tree], variables: Mapping[str, str], at: int
) -> Mounts:
    """The mounts of a container that is about to start; raises ConfigurationError."""
    mounts: list[Mount] = []
    changed: dict[str, Tree] = {}
    own: Places = {}
    for wanted in container.get("volumeMounts") or []:
        name = wanted["name"]
        if name not in places:
            raise ConfigurationError(f'cannot find volume "{name}" to mount into container "{container["name"]}"')
        key, path, read_only, in_memory = places[name]
        sub_path = _sub_path(wanted, variables)
        if sub_path and key.startswith(CONFIG):
            # A single file is bound as it is now: when the volume turns to new files, this mount does not follow.
            frozen = f"{key}@{container['name']}"
            if frozen not in changed:
                changed[frozen] = projected.frozen(trees_of_pod[key], at)
            key, path = frozen, "/"
            own[f"{name}@{container['name']}"] = [key, path, read_only, False]
        whole = join(path, sub_path)
        if sub_path:
            tree = changed.get(key, trees_of_pod.get(key, Tree()))
            changed[key] = _with_directory(tree, whole, at, wanted, container)
        read_only = bool(wanted.get("readOnly")) or read_only
        mounts.append(Mount(join("/", wanted["mountPath"]), key, whole if whole != "/" else "", read_only, in_memory))
    key = f"{contents.TERMINATION}{pods.runtime_uid(pod)}/{container['name']}"
    own[f"@{container['name']}"] = [key, "/log", False, False]
    changed[key] = contents.tree_of(key, None)
    mounts.append(Mount(join("/", container.get("terminationMessagePath") or TERMINATION_LOG), key, "/log"))
    return Mounts(tuple(mounts), {key: tree for key, tree in changed.items() if tree is not trees_of_pod.get(key)}, own)


def _sub_path(wanted: Document, variables: Mapping[str, str]) -> str:
    if not wanted.get("subPathExpr"):
        return wanted.get("subPath") or ""
    missing = environment.unknown_names(wanted["subPathExpr"], variables)
    if missing:
        raise ConfigurationError(f"missing value for {', '.join(missing)}")
    return environment.expanded(wanted["subPathExpr"], variables)


def _with_directory(tree: Tree, path: str, at: int, wanted: Document, container: Document) -> Tree:
    """A subPath that is not there yet becomes a directory."""
    if path in tree:
        return tree
    try:
        return tree.make_directories(path, at)
    except FileError as problem:
        text = f'failed to create subPath directory for volumeMount "{wanted["name"]}" of container "{container["name"]}"'
        raise ConfigurationError(text) from problem
