"""What the running site needs besides code: compiled translations and collected static files, made when stale."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command


def compile_messages() -> list[Path]:
    """Write a .mo file beside each .po file that is newer, and return those written.

    Babel does it, so that no machine needs GNU gettext to run the site. Fuzzy entries are left out, as msgfmt does.
    """
    written = []
    for folder in settings.LOCALE_PATHS:
        for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
                continue
            with source.open("rb") as stream:
                catalog = read_po(stream, locale=source.parent.parent.name, abort_invalid=True)
            with _replacing(target) as draft, draft.open("wb") as stream:
                write_mo(stream, catalog)
            written.append(target)
    return written


def collect_static() -> bool:
    """Collect, hash and compress the static files when one of them changed; return whether that was done.

    With DEBUG on they are served from where they lie, and nothing is collected.
    """
    if settings.DEBUG:
        return False
    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with _exclusive(root / ".lock"):
        stamp = root / ".collected"
        # The list of files is part of the stamp: a package of another version may bring files with old dates.
        inventory = "\n".join(_inventory())
        if stamp.exists() and stamp.read_text(encoding="utf-8") == inventory:
            return False
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(inventory, encoding="utf-8")
    return True


def _inventory() -> Iterator[str]:
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            yield f"{name} {status.st_mtime_ns} {status.st_size}"


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Give a draft that takes the target's place in one moment, so that no reader meets half a file."""
    draft = target.with_suffix(f"{target.suffix}.{os.getpid()}")
    yield draft
    draft.replace(target)


@contextmanager
def _exclusive(lock: Path) -> Iterator[None]:
    """Hold a file lock: two processes that start at once must not collect into one folder at the same time."""
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
