"""What axe checks holds in every palette, on a phone, in the table, in the dialogs and the console."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.driver import TOLD, line, open_sandbox, profile, violations
from tests.conftest import ServerProcess

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "contrast": {"contrast": "more"},
    "phone": {"has_touch": True},
}


@pytest.mark.parametrize("look", LOOKS)
def test_it_works(browser: Browser, live_server_process: ServerProcess, look: str) -> None:
    context = profile(browser, live_server_process.url, reduced_motion="reduce", **LOOKS[look])
    width, height = (390, 844) if look == "phone" else (1440, 900)
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    problems = []
    for address in ("/", "/help/", "/sandbox/"):
        page.goto(address)
        problems += violations(page, address)
    open_sandbox(page, width=width, height=height, playing=False)
    board = page.url
    page.goto(f"{board.partition('?')[0].rstrip('/')}/kubectl")
    problems += violations(page, "kubectl")
    page.goto(board)
    line(page, "kubectl taint nodes node-1 dedicated=gpu:NoSchedule")
    line(page, "kubectl run solo --image=nginx:1.27")
    line(page, "kubectl get nothing")
    page.locator("#timeline [data-act=step]").click()
    page.locator("#timeline [data-act=decision]").evaluate("button => button.click()")
    expect(page.locator("#stage .node .pod[title*=solo]")).to_be_visible(timeout=TOLD)
    problems += violations(page, "board")
    page.keyboard.press("Escape")
    for key, dialog in (("?", "#keys"), ("g", "#legend")):
        page.locator("body").press(key)
        expect(page.locator(dialog)).to_be_visible()
        problems += violations(page, dialog)
        page.keyboard.press("Escape")
    page.locator("body").press("t")
    expect(page.get_by_role("table", name="Pods")).to_be_visible()
    problems += violations(page, "table")
    page.locator("body").press("Home")
    expect(page.locator("#link")).to_have_class("pill past")
    problems += violations(page, "past")
    context.close()
    assert problems == []
