"""Addresses of the Scheduler view: loaded anew, and left and found again by the browser's Back and Forward."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.driver import line, open_sandbox, until_quiet


def test_it_works(page: Page) -> None:
    """In a cluster that stands still nothing happens that would ask for the decision a second time."""
    open_sandbox(page, playing=False)
    line(page, "kubectl run solo --image=nginx")
    until_quiet(page)
    page.goto(f"{page.url}#scheduler")
    page.reload()
    expect(page.locator("#matrix")).to_be_visible()
    expect(page.locator("#scheduler .sch__b")).to_have_attribute("data-pod", "pods/default/solo")


def test_back_and_forward_go_from_view_to_view(page: Page) -> None:
    """Each way into the view and out of it: the tabs, the link at the scheduler, the keys."""
    open_sandbox(page, playing=False)
    board, scheduler = page.locator("#stage"), page.locator("#scheduler")
    page.locator("#stage .stn__go a").click()
    expect(scheduler).to_be_visible()
    page.go_back()
    expect(board).to_be_visible()
    expect(scheduler).to_be_hidden()
    page.go_forward()
    expect(scheduler).to_be_visible()
    page.locator("[data-tab=board]").click()
    expect(board).to_be_visible()
    assert "#" not in page.url
    page.go_back()
    expect(scheduler).to_be_visible()
    page.locator("[data-table]").click()
    page.go_back()
    expect(board).to_be_visible()


def test_a_place_on_the_page_is_no_view(page: Page) -> None:
    """The link that skips to the console leaves the view as it is."""
    open_sandbox(page, playing=False)
    page.keyboard.press("2")
    expect(page.locator("#scheduler")).to_be_visible()
    page.evaluate("location.hash = '#console'")
    page.wait_for_timeout(100)
    expect(page.locator("#scheduler")).to_be_visible()
