"""How heavy the pages are; how soon one sees something is measured by the benchmarks."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.driver import open_sandbox, profile
from tests.conftest import ServerProcess

MOST = 110_000  # bytes, compressed, without the editor
BYTES = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter((one) => !/django_ace|editor/.test(one.name)).reduce((sum, one) => sum + one.encodedBodySize, 0)"""


def weigh(page: Page) -> int:
    page.wait_for_function("() => document.querySelector('#stage .node')")
    found: int = page.evaluate(BYTES)
    return found


@pytest.mark.parametrize("where", ["/", "sandbox"])
def test_it_works(browser: Browser, live_server_process: ServerProcess, where: str) -> None:
    """A cold visit: nothing is in the browser's cache."""
    first = profile(browser, live_server_process.url)
    address = open_sandbox(first.new_page()).url if where == "sandbox" else where
    cold = profile(browser, live_server_process.url, storage_state=first.storage_state())
    page = cold.new_page()
    page.goto(address)
    assert weigh(page) <= MOST
    cold.close()
    first.close()
