"""Every real kubectl of this machine, for tests that let it work against a sandbox."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

import orjson

# Where the packages of clouds put theirs, several versions beside one another.
FOLDERS = ("/usr/lib/google-cloud-sdk/bin", "/usr/share/google-cloud-sdk/bin", "/opt/google-cloud-sdk/bin", "/usr/local/bin")
_NAME = re.compile(r"kubectl([.-]?v?1\.\d+(\.\d+)?)?")


class Kubectl(NamedTuple):
    path: str
    minor: int

    def __str__(self) -> str:
        return f"kubectl 1.{self.minor}"


@cache
def installed() -> tuple[Kubectl, ...]:
    """One of each minor version, the oldest first."""
    folders = [Path(folder) for folder in (*os.environ["PATH"].split(os.pathsep), *FOLDERS)]
    paths = [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("kubectl*"))]
    found: dict[int, Kubectl] = {}
    for path in dict.fromkeys(path.resolve() for path in paths if _NAME.fullmatch(path.name)):
        minor = _minor(str(path))
        found.setdefault(minor, Kubectl(str(path), minor))
    return tuple(found[minor] for minor in sorted(found) if minor)


def _minor(path: str) -> int:
    """Its minor version; 0 for something that only has the name, or that chooses another kubectl to do the work."""
    asked = subprocess.run([path, "version", "--client", "-o", "json"], capture_output=True, timeout=20, check=False)
    try:
        version = orjson.loads(asked.stdout)["clientVersion"]
    except (ValueError, KeyError):
        return 0
    return 0 if "dispatcher" in version["gitVersion"] else int(version["minor"].rstrip("+"))
