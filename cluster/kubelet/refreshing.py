"""How a Pod's volumes follow the ConfigMaps, Secrets and fields that fill them: at the kubelet's next sync of the Pod.

pkg/kubelet/volumemanager/populator (requestRemount), syncFrequency of pkg/kubelet/apis/config/v1beta1/defaults.go
"""

from __future__ import annotations

from typing import Any

from cluster.containers.files import Tree
from cluster.kubelet import projected, runtime
from cluster.kubelet.foresight import Foreseer
from cluster.objects import metadata, times
from cluster.objects.documents import dig
from cluster.storage import contents
from cluster.storage.contents import MountError

# syncFrequency: how often a Pod is synced although nothing has happened to it.
SYNC = times.MINUTE


class Refresher(Foreseer):
    """The part of a Pod worker that brings volumes up to date."""

    def _refresh_volumes(self) -> None:
        """Write what has changed, when the Pod is synced next; until then its containers see what was there."""
        filled = projected.kept_volumes(self.pod)
        if not filled or self.row is None or not self.row.get("sandbox"):
            return
        wanted = self._sources()
        noted = self.work.get("sources")
        if noted is None:
            self._note(sources=wanted)
            return
        if noted == wanted:
            return
        # A change of the Pod itself is a sync by itself.
        own = noted["pod"] != wanted["pod"]
        due = self.now if own else self.work.get("sync") or self._next_sync()
        if due > self.now:
            self._note(sync=due)
            self._expect(due, quiet=True)
            return
        self._note(sync=None, sources=wanted)
        for volume in filled:
            self._refresh(volume)

    def _sources(self) -> dict[str, Any]:
        """The versions of all that the volumes are filled from."""
        named = sorted({name for volume in projected.kept_volumes(self.pod) for name in projected.objects_of(volume)})
        rows = [self.context.world.row(resource, (self.namespace, name)) for resource, name in named]
        return {
            "objects": [dig(row, "metadata", "resourceVersion", default="") for row in rows],
            "pod": [metadata.labels(self.pod), metadata.annotations(self.pod)],
        }

    def _next_sync(self) -> int:
        begun = int(self.work["begun"])
        return begun + ((self.now - begun) // SYNC + 1) * SYNC

    def _refresh(self, volume: dict[str, Any]) -> None:
        site = self._site()
        if site is None or volume["name"] not in site.places:
            return
        key = site.places[volume["name"]][0]
        row = self.context.host(contents.TABLE, (key,))
        place = runtime.place_of(self.context, self.pod, self.node)
        try:
            fresh = projected.tree(self.context, self.pod, volume, place, self.now)
        except MountError:
            return  # an object or a key has gone: what was there stays
        if _texts(fresh) == _texts(contents.tree_of(key, row)):
            return
        present = self._present()
        assert present is not None
        if not self.context.wrote:
            story = self._story("volume-refreshed", volume=volume["name"])
            self.context.set_host(contents.TABLE, (key,), contents.with_tree(key, row, fresh), story=story)
        self._keep(present, present.own.with_volumes({**present.own.volumes, key: fresh}))
        self._note(again=True)


def _texts(tree: Tree) -> dict[str, str]:
    return {path: file.text for path, file in projected.plain(tree).items()}
