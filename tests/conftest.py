"""Fixtures for every test: the real server as a subprocess, and a real browser.

Browser tests speak to `manage.py serve` in a process of its own with a database of its own. They use no ORM: the sync
API of playwright keeps an event loop running in the test's thread, where Django refuses database access.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import translation
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

from dashboard.assets import compile_messages

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
# Tests that wait for servers and browsers or take minutes: begun first, they leave no processor idle at the end.
SLOW = frozenset({"bighost", "browser", "cluster", "dashboard", "scale", "test_golden.py", "test_walks.py"})
# Machines differ, and so does how long an example takes to make.
hypothesis.settings.register_profile("any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("any machine")
PLAIN_STATIC_FILES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}


@dataclass
class ServerProcess:
    """A running `manage.py serve`."""

    process: subprocess.Popen[str]
    environment: dict[str, str]
    url: str = ""
    output: list[str] = field(default_factory=list)  # every line of stdout
    errors: list[str] = field(default_factory=list)  # every line of stderr

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal, wait for the end and return the exit code; a process that hangs is killed and an error."""
        self.process.send_signal(number)
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def server_environment(var: Path, **more: str) -> dict[str, str]:
    """Return the environment of a server whose database, key and static files live in `var`."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "DEBUG"}}
    return kept | {"CLUSTERSCOPE_VAR": str(var), "HOST": "127.0.0.1", "PORT": "0"} | more


def start_server(var: Path, **more: str) -> ServerProcess:
    """Start `manage.py serve` on a free port and return it once it answers; its messages are in the error otherwise."""
    environment = server_environment(var, **more)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "serve"],
        env=environment,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    server = ServerProcess(process, environment)
    # The pipes are read all the time: a full pipe would stop the server.
    for stream, lines in ((process.stdout, server.output), (process.stderr, server.errors)):
        threading.Thread(target=_read, args=(stream, lines), daemon=True).start()
    _wait_until_healthy(server)
    return server


def _read(stream: Iterator[str], lines: list[str]) -> None:
    with stream:  # type: ignore[attr-defined]
        lines.extend(iter(stream.readline, ""))  # type: ignore[attr-defined]


def _wait_until_healthy(server: ServerProcess, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.process.poll() is None:
        announced = [line for line in server.output if line.startswith("Clusterscope is at ")]
        if announced:
            server.url = announced[0].split()[3]
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=10) as response:
                assert response.status == 200
            return
        time.sleep(0.05)
    server.process.kill()
    server.process.wait()
    pytest.fail("manage.py serve did not start:\n" + "".join(server.output + server.errors))


@pytest.fixture(scope="session", autouse=True)
def prepared_sources() -> Iterator[None]:
    """Translations are compiled, and templates find static files without collecting them."""
    compile_messages()
    # The middleware for static files warns of a missing folder; in a fresh clone nothing has been collected yet.
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    with override_settings(STORAGES=PLAIN_STATIC_FILES):
        yield


@pytest.fixture(scope="module")
def live_server_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A real server with a database of its own, for one test module."""
    server = start_server(tmp_path_factory.mktemp("server"))
    yield server
    code = server.stop()
    assert code == 0, "".join(server.errors)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium, headless. It is part of the test suite: without it the tests fail instead of being skipped."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.fail("The browser tests need chromium: run scripts/ensure-chromium.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, headless=True, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser, live_server_process: ServerProcess) -> Iterator[BrowserContext]:
    """A browser profile of its own for one test; relative addresses lead to the live server."""
    profile = browser.new_context(base_url=live_server_process.url, locale="en-US")
    profile.set_default_timeout(10_000)
    yield profile
    profile.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """An empty page. A test fails when the page reports a JavaScript error, a violation of the security policy or a
    missing static file. Other refused requests are no failure: a test may provoke them.
    """
    tab = context.new_page()
    problems: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            problems.append(message.text)

    def check(response: Response) -> None:
        if response.status >= 400 and "/static/" in response.url:
            problems.append(f"{response.status} {response.url}")

    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("console", hear)
    tab.on("response", check)
    yield tab
    tab.close()
    assert not problems, problems


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """A page that was asked for in Chinese leaves its language behind in the thread; no test shall find it."""
    with translation.override("en"):
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that drive the browser, so that `-m "not browser"` leaves them out; the slow ones come first."""
    for item in items:
        if {"browser", "page", "context"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
    items.sort(key=_is_fast)


def _is_fast(item: pytest.Item) -> bool:
    return item.path.relative_to(ROOT / "tests").parts[0] not in SLOW
