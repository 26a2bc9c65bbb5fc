"""The readers of environment variables and their errors."""

import os
import stat

import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard import environment


def test_it_works():
    assert environment.database("sqlite:///data/db.sqlite3")["NAME"] == "data/db.sqlite3"


def test_an_absolute_sqlite_path_has_four_slashes():
    assert environment.database("sqlite:////data/my%20db")["NAME"] == "/data/my db"


def test_postgres():
    settings = environment.database("postgres://anna:p%40ss@db.example:5433/clusters?sslmode=require")
    assert settings["ENGINE"] == "django.db.backends.postgresql"
    assert settings["USER"] == "anna"
    assert settings["PASSWORD"] == "p@ss"
    assert settings["HOST"] == "db.example"
    assert settings["PORT"] == "5433"
    assert settings["NAME"] == "clusters"
    assert settings["OPTIONS"] == {"pool": {"min_size": 2, "max_size": 16}, "sslmode": "require"}


@pytest.mark.parametrize("url", ["mysql://host/name", "postgres://host", "sqlite://", "sqlite://host/name", "nonsense"])
def test_another_database_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        environment.database(url)


@pytest.mark.parametrize(("text", "value"), [("1", True), ("on", True), ("True", True), ("0", False), ("", False)])
def test_flag(monkeypatch, text, value):
    monkeypatch.setenv("DEBUG", text)
    assert environment.flag("DEBUG") is value


def test_a_flag_that_is_neither_is_refused(monkeypatch):
    monkeypatch.setenv("DEBUG", "maybe")
    with pytest.raises(ImproperlyConfigured, match="DEBUG must be 1 or 0, not 'maybe'"):
        environment.flag("DEBUG")


@pytest.mark.parametrize("text", ["-1", "65536", "8000.0", "٨٠", " "])
def test_a_wrong_port_is_refused(monkeypatch, text):
    monkeypatch.setenv("PORT", text)
    with pytest.raises(ImproperlyConfigured, match="PORT must be a number"):
        environment.port("PORT", 8000)


def test_words(monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example,,")
    assert environment.words("ALLOWED_HOSTS") == ["a.example", "b.example"]


def test_the_secret_key_is_made_once_for_its_owner_only(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    file = tmp_path / "var" / "secret-key"
    key = environment.secret_key(file)
    assert len(key) >= 50
    assert environment.secret_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent) == ["secret-key"]


def test_the_environment_gives_the_secret_key(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "given")
    assert environment.secret_key(tmp_path / "secret-key") == "given"
    assert not (tmp_path / "secret-key").exists()


def test_a_number_in_its_range(monkeypatch):
    monkeypatch.delenv("LARGE_NODES", raising=False)
    assert environment.number("LARGE_NODES", 5000, 10, 5000) == 5000
    monkeypatch.setenv("LARGE_NODES", "60")
    assert environment.number("LARGE_NODES", 5000, 10, 5000) == 60


@pytest.mark.parametrize("text", ["9", "5001", "-1", "many", "1e3", "²"])
def test_a_number_out_of_its_range(monkeypatch, text):
    monkeypatch.setenv("LARGE_NODES", text)
    with pytest.raises(ImproperlyConfigured, match="LARGE_NODES must be a number from 10 to 5000"):
        environment.number("LARGE_NODES", 5000, 10, 5000)
