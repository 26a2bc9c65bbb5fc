"""The built-in manifests: files that `kubectl apply -f NAME` finds in every sandbox, and what the first page runs."""

from __future__ import annotations

from importlib.resources import files

HOME = "home.yaml"


def _read() -> dict[str, str]:
    folder = files(__package__)
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return {name: (folder / name).read_text(encoding="utf-8") for name in names}


_ALL = _read()
# Name -> text, in the order in which they are offered.
BUILT_IN: dict[str, str] = {name: text for name, text in _ALL.items() if name != HOME}
HOME_MANIFEST = _ALL[HOME]
