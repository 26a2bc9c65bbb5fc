"""The browser's modules that need no browser: their own tests, run by the Node.js that the playwright wheel carries."""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import playwright

HERE = Path(__file__).parent
NODE = Path(playwright.__file__).parent / "driver" / "node"
ROOT = HERE.parent.parent
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
INLINE = re.compile(r"\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)|<style", re.IGNORECASE)


def test_it_works() -> None:
    """Every *.test.js beside this file passes."""
    tests = sorted(str(path) for path in HERE.glob("*.test.js"))
    done = subprocess.run([str(NODE), "--test", *tests], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_text_never_becomes_markup() -> None:
    """Names and outputs come from visitors: the modules build elements and set text, nothing else."""
    found = [path.name for path in (ROOT / "static" / "js").glob("*.js") if MARKUP.search(path.read_text())]
    assert found == []


def test_fragments_keep_the_content_security_policy() -> None:
    """No inline script, style or handler in the fragments of board and matrix."""
    paths = [path for folder in ("board", "pod", "scheduler") for path in (ROOT / "templates" / folder).glob("*.html")]
    found = [path.name for path in paths if INLINE.search(path.read_text())]
    assert found == []


def test_every_drawing_exists() -> None:
    """Each symbol that a fragment or a module names is in the sprite."""
    sprite = (ROOT / "templates" / "board" / "sprite.html").read_text()
    known = set(re.findall(r'id="([^"]+)"', sprite))
    used: set[str] = set()
    for folder in ("board", "pod", "scheduler"):
        for path in (ROOT / "templates" / folder).glob("*.html"):
            used |= set(re.findall(r'<use href="#([a-z]+(?:-[a-z]+)?)"', path.read_text()))
    for path in (ROOT / "static" / "js").glob("*.js"):
        used |= {f"i-{name}" for name in re.findall(r'\bicon\("([a-z]+)"\)', path.read_text())}
    assert used - known == set()


def test_each_import_names_an_export() -> None:
    """What one module imports from another, that one exports (a browser would refuse the whole page)."""
    folder = ROOT / "static" / "js"
    exported = {path.name: set(_exports(path.read_text())) for path in folder.glob("*.js")}
    for path in folder.glob("*.js"):
        for names, module in re.findall(r'^import \{([^}]+)\} from "\./([^"]+)"', path.read_text(), re.MULTILINE):
            wanted = {name.strip() for name in names.split(",")}
            assert wanted <= exported[module], f"{path.name} wants {wanted - exported[module]} of {module}"


def _exports(source: str) -> Iterator[str]:
    yield from re.findall(r"^export (?:async )?(?:function|class) (\w+)", source, re.MULTILINE)
    for declared in re.findall(r"^export const (.*)", source, re.MULTILINE):
        yield from re.findall(r"(\w+) = ", declared)


def test_page_stays_light() -> None:
    """All CSS and JavaScript of the project together, compressed as a server would, in bytes; no page loads all of it."""
    files = [*(ROOT / "static" / "js").glob("*.js"), *(ROOT / "static" / "css").glob("*.css")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) <= 112 * 1024
