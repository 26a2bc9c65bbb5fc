"""How heavy the pages are and how soon their largest part is painted, in chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.conftest import CHROMIUM_FLAGS, start_server

# The editor is a library of its own that the board loads besides.
WEIGHT = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter(entry => !entry.name.includes('django_ace'))
    .reduce((sum, entry) => sum + entry.transferSize, 0)"""
LARGEST_PAINT = """() => new Promise(resolve => new PerformanceObserver(list => resolve(list.getEntries().at(-1).startTime))
    .observe({type: 'largest-contentful-paint', buffered: true}))"""


def measure(var: Path, tell: Callable[[str, str], None]) -> None:
    """The first page and the board, both with a cold cache."""
    server = start_server(var)
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
            for name, path in (("first page", "/"), ("board", "/sandbox/")):
                context = chromium.new_context(base_url=server.url)
                page = context.new_page()
                page.goto("/healthz")
                if path == "/":
                    page.goto(path)
                else:
                    _open_board(page)
                page.wait_for_timeout(2_000)
                paint = page.evaluate(LARGEST_PAINT)
                tell(f"weight of the {name}, compressed, without the editor", f"{page.evaluate(WEIGHT) / 1000:.0f} KB")
                tell(f"largest paint of the {name}", f"{paint / 1000:.2f} s")
                context.close()
            chromium.close()
    finally:
        server.stop()


def _open_board(page: Page) -> None:
    """Make a sandbox as a visitor does; the board is loaded again in a cold profile by its address."""
    page.goto("/")
    page.locator("form[action$='/sandbox/open/'] button").first.click()
    page.wait_for_url("**/sandbox/*/")
    page.reload()
