"""What the environment says: small readers for `settings.py`, each with an error that names the variable."""

import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}

# SQLite: WAL lets readers and the writer work side by side; FULL makes a committed transaction survive a power cut;
# IMMEDIATE takes the write lock at BEGIN, where waiting works, instead of failing in the middle of a transaction.
SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}


def flag(name: str, default: bool = False) -> bool:
    """Return whether the variable is switched on; ImproperlyConfigured for a word that is neither on nor off."""
    text = os.environ.get(name)
    if text is None:
        return default
    if text.strip().lower() in TRUE:
        return True
    if text.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {text!r}.")


def words(name: str) -> list[str]:
    """Return the comma-separated words of the variable, without blanks."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def port(name: str, default: int) -> int:
    """Return a TCP port; 0 lets the system choose a free one."""
    text = os.environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise ImproperlyConfigured(f"{name} must be a number from 0 to 65535, not {text!r}.")
    return int(text)


def number(name: str, default: int, least: int, most: int) -> int:
    """Return a whole number in that range."""
    text = os.environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise ImproperlyConfigured(f"{name} must be a number from {least} to {most}, not {text!r}.")
    return int(text)


def database(url: str) -> dict[str, Any]:
    """Return Django's settings of the database at `url`.

    Understood are `sqlite:///relative.db`, `sqlite:////absolute.db` and `postgres://user:password@host:port/name?sslmode=…`
    (query parameters become connection options). Everything else raises ImproperlyConfigured.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _sqlite(parts)
    if parts.scheme in {"postgres", "postgresql"}:
        return _postgres(parts)
    raise ImproperlyConfigured(f"DATABASE_URL must begin with sqlite:/// or postgres://, not {parts.scheme!r}.")


def _sqlite(parts: SplitResult) -> dict[str, Any]:
    path = unquote(parts.path.removeprefix("/"))
    if parts.netloc or not path:
        raise ImproperlyConfigured("DATABASE_URL of SQLite is sqlite:/// and the path of a file.")
    # CONN_MAX_AGE stays 0: an ASGI request runs in a thread of its own, where a kept connection is never used again.
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": dict(SQLITE_OPTIONS)}


def _postgres(parts: SplitResult) -> dict[str, Any]:
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL of PostgreSQL must end with the name of the database.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        # Every request of an ASGI server has a thread of its own, so connections are shared through a pool.
        "OPTIONS": {"pool": {"min_size": 2, "max_size": 16}, **dict(parse_qsl(parts.query))},
    }


def secret_key(file: Path) -> str:
    """Return SECRET_KEY of the environment, or the key in `file`, which is made once and readable by its owner only."""
    key = os.environ.get("SECRET_KEY")
    if key:
        return key
    if not file.exists():
        _create_secret(file)
    return file.read_text(encoding="ascii").strip()


def _create_secret(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Two processes may start at once: each writes a whole file (mkstemp makes it 0600), the first link wins.
    handle, draft = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(50) + "\n")
        os.link(draft, file)
    except FileExistsError:
        return
    finally:
        os.unlink(draft)
