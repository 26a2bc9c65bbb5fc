"""Everybody can read it: as a table, by keyboard, in Chinese, on a phone, in the dark."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import LISTEN, TOLD, at_rest, line, moment, open_sandbox, profile
from tests.conftest import ServerProcess

ENGLISH = re.compile(r"\b(the|of|and|creates|binds|reports|has|with|is)\b", re.IGNORECASE)

# The words of a panel without what is kubectl's or YAML and stays English.
OWN_WORDS = """panel => {
  const copy = panel.cloneNode(true);
  for (const one of copy.querySelectorAll("[lang=en]")) one.remove();
  return copy.textContent;
}"""


def test_table(page: Page) -> None:
    """T shows the same cluster as tables, sortable, with the same selection."""
    open_sandbox(page)
    line(page, "kubectl create deployment web --image=nginx:1.27 --replicas=3")
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    pods = page.get_by_role("table", name="Pods")
    expect(pods.locator("tbody tr[data-row*='default/web-']")).to_have_count(3, timeout=TOLD)
    expect(pods.get_by_text("Running", exact=True)).to_have_count(3, timeout=TOLD)
    expect(page.get_by_role("table", name="Nodes").locator("tbody tr")).to_have_count(4)
    pods.get_by_role("button", name="Node", exact=True).click()
    expect(pods.locator("th[aria-sort=ascending]")).to_have_text("Node")
    row = pods.locator("tbody tr[data-row*='default/web-']").first
    row.get_by_role("button").click()
    expect(row).to_have_attribute("data-selected", "")
    expect(page.locator("#details")).to_contain_text("Why it is there")
    page.locator("body").press("t")
    expect(page.locator("#stage .pod[aria-pressed=true]")).to_have_count(1)


def test_keyboard(page: Page) -> None:
    open_sandbox(page)
    body = page.locator("body")
    link = page.locator("#link")
    body.press("k")
    expect(link).to_have_class("pill still")
    first, _ = moment(page)
    line(page, "kubectl run solo --image=nginx:1.27")
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    body.press("ArrowRight")
    page.wait_for_timeout(600)
    assert moment(page)[0] > first + 1
    body.press("Home")
    expect(link).to_have_class("pill past")
    body.press("l")
    body.press("j")
    body.press("End")
    expect(link).to_have_class("pill still")
    body.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    body.press("g")
    expect(page.locator("#legend")).to_be_visible()
    page.keyboard.press("Escape")
    # In the board the arrows go from object to object, Enter opens.
    page.locator("[data-node=node-1] h3 button").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-node=node-2] h3 button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#details")).to_contain_text("node-2")
    assert page.locator("#stage [tabindex='0'][data-ref]").count() == 1
    # In a field letters are letters.
    page.locator("#con-line").press("t")
    expect(page.locator("#con-line")).to_have_value("t")
    expect(page.locator("#stage .nodes")).to_be_visible()


def test_chinese(browser: Browser, live_server_process: ServerProcess) -> None:
    """Not one English sentence: the narration, the panels, the timeline."""
    context = profile(browser, live_server_process.url, locale="zh-CN")
    page = open_sandbox(context.new_page())
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.evaluate(LISTEN)
    page.locator("#edit button.pri").click()
    expect(page.locator("#stage .pod[data-phase=running]")).to_have_count(2, timeout=TOLD)
    told = [one["words"] for one in page.evaluate("told")]
    assert len(told) > 5
    assert [words for words in told if ENGLISH.search(words) or not re.search(r"[\u4e00-\u9fff]", words)] == []
    for name in ("services", "nodes", "details", "events"):
        page.locator(f"#tab-{name}").click()
        panel = page.locator(f"#{name}")
        expect(panel.locator("h2")).to_be_visible()
        own = panel.evaluate(OWN_WORDS)
        assert not ENGLISH.search(own), own
    labels = page.locator("#timeline button, .top button, .bh button").evaluate_all(
        "all => all.map(one => one.ariaLabel || one.textContent.trim())"
    )
    assert [label for label in labels if ENGLISH.search(label)] == []
    context.close()


@pytest.mark.parametrize("width", [390, 320])
def test_phone(browser: Browser, live_server_process: ServerProcess, width: int) -> None:
    """Nothing is wider than a phone, and the sandbox works there."""
    context = profile(browser, live_server_process.url, viewport={"width": width, "height": 720}, has_touch=True)
    page = context.new_page()
    wide = "document.documentElement.scrollWidth - innerWidth"
    for address in ("/help/", "/sandbox/", "/"):
        page.goto(address)
        assert page.evaluate(wide) <= 0, address
    open_sandbox(page, width=width, height=720)
    line(page, "kubectl create deployment web --image=nginx:1.27 --replicas=2")
    expect(page.locator("#stage .pod[data-phase=running]")).to_have_count(2, timeout=TOLD)
    for name in ("details", "services", "nodes", "events"):
        page.locator(f"#tab-{name}").click()
        expect(page.locator(f"#{name} h2")).to_be_visible()
        assert page.evaluate(wide) <= 0, name
    context.close()


def test_the_newest_act_is_named_within_the_page(page: Page) -> None:
    """Its label stands where the timeline ends."""
    open_sandbox(page, width=390, height=844, playing=False)
    line(page, "kubectl create deployment web --image=nginx:1.27 --replicas=4")
    page.locator("#timeline [data-act=quiet]").evaluate("button => button.click()")
    at_rest(page, 0, 300)
    line(page, "kubectl create deployment with-a-long-name --image=nginx:1.27")
    expect(page.locator("#timeline .tl__seg").last).to_contain_text("with-a-long", timeout=TOLD)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_dark(browser: Browser, live_server_process: ServerProcess) -> None:
    context = profile(browser, live_server_process.url, color_scheme="dark")
    page = open_sandbox(context.new_page())
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("[data-theme-next]").click()
    page.locator("[data-theme-next]").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    context.close()
