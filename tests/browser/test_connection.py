"""The connection breaks and comes back; two tabs show one cluster; the first page is alive."""

from __future__ import annotations

import re
import time
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.driver import TOLD, at_rest, line, moment, open_sandbox, picture, profile
from tests.conftest import start_server


def test_it_works(browser: Browser, tmp_path: Path) -> None:
    """The server dies and starts again at the same address: the page says so, keeps its picture, and goes on."""
    server = start_server(tmp_path)
    context = profile(browser, server.url)
    page = open_sandbox(context.new_page(), playing=False)
    line(page, "kubectl create deployment web --image=nginx:1.27 --replicas=2")
    page.locator("#timeline [data-act=quiet]").click()
    expect(page.locator("#stage .pod[data-phase=running]")).to_have_count(2, timeout=TOLD)
    at_rest(page, still=400)
    before, shown = picture(page), moment(page)
    server.process.kill()
    server.process.wait()
    expect(page.locator("#link")).to_have_class("pill lost")
    expect(page.locator("#banner")).to_contain_text("Connection lost", timeout=TOLD)
    assert picture(page) == before

    again = start_server(tmp_path, PORT=server.url.rsplit(":", 1)[1])
    expect(page.locator("#link")).to_have_class("pill still", timeout=TOLD)
    expect(page.locator("#banner")).to_be_hidden()
    assert (picture(page), moment(page)) == (before, shown)
    line(page, "kubectl scale deployment web --replicas=1")
    expect(page.locator("#con-kubectl")).to_contain_text("deployment.apps/web scaled")
    page.locator("#timeline [data-act=quiet]").click()
    expect(page.locator("#stage .pod[data-phase=running]")).to_have_count(1, timeout=TOLD)
    context.close()
    again.stop()


def test_two_tabs(page: Page, context: BrowserContext) -> None:
    """What one tab does the other shows, clock and all."""
    open_sandbox(page, playing=False)
    other = context.new_page()
    other.goto(page.url)
    expect(other.locator("#link")).to_have_class("pill still")
    line(page, "kubectl run solo --image=nginx:1.27")
    page.locator("#timeline [data-act=quiet]").click()
    for tab in (page, other):
        tab.bring_to_front()  # what is not in front is not drawn
        expect(tab.locator("#stage .node .pod[data-phase=running]")).to_have_count(1, timeout=TOLD)
    revision, drawn = at_rest(other, still=500), picture(other)
    page.bring_to_front()
    assert (at_rest(page, still=500), picture(page)) == (revision, drawn)
    other.bring_to_front()
    other.locator("#timeline [data-act=play]").click()
    page.bring_to_front()
    expect(page.locator("#link")).to_have_class("pill live")


def test_home(page: Page) -> None:
    """The first page is alive within three seconds of a cold load, and its three verbs change the picture."""
    page.set_viewport_size({"width": 1440, "height": 900})
    begun = time.monotonic()
    page.goto("/")
    pods = page.locator("#stage .node .pod[data-phase=running]")
    expect(pods).to_have_count(5, timeout=3000)
    page.wait_for_function("() => performance.getEntriesByType('resource').length > 5")
    assert time.monotonic() - begun < 3
    names = set(pods.evaluate_all("all => all.map(one => one.title)"))
    sentence = page.locator("#narration p")

    page.get_by_role("button", name="Delete a pod").click()
    expect(sentence).to_contain_text(re.compile("delete|ReplicaSet|Terminating", re.IGNORECASE))
    page.wait_for_function(
        "names => [...document.querySelectorAll('#stage .node .pod')].some(one => !names.includes(one.title))",
        arg=list(names),
        timeout=TOLD,
    )
    page.get_by_role("button", name="Drain node-2").click()
    expect(page.locator("[data-node=node-2] .badge.st-cordon")).to_be_visible(timeout=TOLD)
    expect(page.locator("[data-node=node-2] .pod")).to_have_count(0, timeout=TOLD)
    page.get_by_role("button", name="Roll out v2").click()
    expect(page.locator("#stage .node .pod i", has_text="v2").first).to_be_visible(timeout=TOLD)
