"""How heavy the pages are and how soon one sees something."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.driver import open_sandbox, profile
from tests.conftest import ServerProcess

MOST = 100_000  # bytes, compressed, without the editor
SOON = 1000  # ms until the largest paint
PAINT = """new PerformanceObserver((list) => { window.paint = list.getEntries().at(-1).startTime })
  .observe({ type: "largest-contentful-paint", buffered: true })"""
BYTES = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .filter((one) => !/django_ace|editor/.test(one.name)).reduce((sum, one) => sum + one.encodedBodySize, 0)"""


def weigh(page: Page) -> tuple[int, float]:
    page.wait_for_function("() => window.paint && document.querySelector('#stage .node')")
    return page.evaluate(BYTES), page.evaluate("window.paint")


@pytest.mark.parametrize("where", ["/", "sandbox"])
def test_it_works(browser: Browser, live_server_process: ServerProcess, where: str) -> None:
    """A cold visit: nothing is in the browser's cache."""
    first = profile(browser, live_server_process.url)
    address = open_sandbox(first.new_page()).url if where == "sandbox" else where
    cold = profile(browser, live_server_process.url, storage_state=first.storage_state())
    cold.add_init_script(PAINT)
    page = cold.new_page()
    page.goto(address)
    weight, paint = weigh(page)
    assert weight <= MOST
    assert paint <= SOON
    cold.close()
    first.close()
