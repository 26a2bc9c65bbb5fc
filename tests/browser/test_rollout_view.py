"""The Rollout view beside the board: it follows the moment, undoes, plans with sliders, and shows what is stuck."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import TOLD, line, moment, open_sandbox, profile, violations, without_javascript
from tests.conftest import ServerProcess

NOT_WIDER = "() => document.documentElement.scrollWidth <= innerWidth"
BODY = "#rollout .ro__b"


def until_quiet(page: Page) -> None:
    """Let everything come to rest and look at the present."""
    page.locator("#timeline [data-act=quiet]").click()
    to_the_present(page)


def to_the_present(page: Page) -> None:
    """Look at the newest moment, once no newer one comes."""
    page.keyboard.press("Escape")
    still, last = 0, (0, 0)
    while still < 3:
        page.wait_for_timeout(300)
        page.locator("body").press("End")
        now = moment(page)
        still, last = (still + 1 if now == last and now[0] == now[1] else 0), now


def prepare(page: Page) -> None:
    """A paused sandbox in which web has gone from one image to the next."""
    open_sandbox(page, playing=False)
    line(page, "kubectl create deployment web --image=nginx:1.26 --replicas=4")
    until_quiet(page)
    line(page, "kubectl set image deployment/web nginx=nginx:1.27")
    until_quiet(page)


def open_view(page: Page) -> None:
    page.locator("[data-tab=rollout]").click()
    expect(page.locator("#rollout-says")).to_be_visible()


def into_the_middle(page: Page) -> None:
    """Step back to where new Pods are waited for."""
    for _ in range(12):
        for _ in range(8):
            page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(700)
        if "new Pod" in page.locator("#rollout-says").inner_text():
            return
    raise AssertionError("never waits for new Pods")


def test_it_works(page: Page) -> None:
    """From the board into the view by key; back into the middle, where it says what it waits for; undo from the present."""
    prepare(page)
    page.locator("body").press("3")
    expect(page.locator("#rollout-says")).to_contain_text("Revision 2 of web is rolled out: 4 Pods are available")
    assert page.url.endswith("#rollout")
    expect(page.locator("#stage")).to_be_hidden()
    expect(page.locator(".ro__lives li")).to_have_count(8)
    board = page.evaluate("""() => document.querySelector("#rollout .ro__rev.cur .r").dataset.id""")
    page.locator("body").press("1")
    assert page.locator("#stage .node .pod[data-phase=running]").first.get_attribute("data-id") == board

    page.locator("body").press("3")
    page.locator("body").click(position={"x": 5, "y": 5})
    into_the_middle(page)
    expect(page.locator("#rollout-says")).to_contain_text(re.compile(r"waits for \d new Pod"))
    expect(page.locator(".ro__past")).to_be_visible()
    expect(page.locator(".ro__over .veil")).to_have_count(1)
    expect(page.locator(".ro__rs")).to_have_count(2)

    page.locator("body").press("End")
    expect(page.locator(".ro__past")).to_have_count(0)
    page.locator("#rollout-undo-1").click()
    expect(page.locator("#con-kubectl")).to_contain_text("deployment.apps/web rolled back", timeout=TOLD)
    page.keyboard.press("Escape")
    until_quiet(page)
    expect(page.locator("#rollout-says")).to_contain_text("Revision 3 of web is rolled out", timeout=TOLD)
    expect(page.locator(".ro__rev .r")).to_have_text(["3", "2"])


def test_sliders_plan(page: Page) -> None:
    """A plan is drawn and changes nothing, keeps the focus, is put back, and is made real by its button."""
    prepare(page)
    open_view(page)
    _, head = moment(page)
    slider = page.locator("#rollout-maxSurge")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator("output[for=rollout-maxSurge]")).to_have_text("40%")
    expect(page.locator(".ro__plan")).to_contain_text("Simulated: a restart with these numbers.")
    expect(page.locator(".ro__lim")).to_contain_text("ceiling 6")
    expect(slider).to_be_focused()
    expect(slider).to_have_value("40")
    assert moment(page)[1] == head
    page.locator("#rollout-maxSurge-unit").select_option("pods")
    expect(page.locator("output[for=rollout-maxSurge]")).to_have_text("2")
    page.locator("#rollout-reset").click()
    expect(page.locator(".ro__plan")).to_have_count(0)
    expect(slider).to_have_value("25")
    page.locator("#rollout-replicas").fill("6")
    expect(page.locator(".ro__plan")).to_be_visible()
    page.locator("#rollout-apply").click()
    expect(page.locator("#con-kubectl")).to_contain_text("deployment.apps/web scaled", timeout=TOLD)
    page.keyboard.press("Escape")
    until_quiet(page)
    expect(page.locator(".ro__plan")).to_have_count(0)
    expect(page.locator("#rollout-replicas")).to_have_value("6")


def test_ways_in_and_out(page: Page) -> None:
    """The address with a workload, the select, the way from the details, T for the tables, Back."""
    prepare(page)
    line(page, "kubectl create deployment other --image=nginx:1.26")
    until_quiet(page)
    address = page.url
    page.goto(f"{address}?ref=deployments.apps/default/web#rollout")
    expect(page.locator(BODY)).to_have_attribute("data-workload", "deployments.apps/default/web")
    page.locator("#rollout-workload").select_option("deployments.apps/default/other")
    expect(page.locator(BODY)).to_have_attribute("data-workload", "deployments.apps/default/other")
    page.locator("body").press("t")
    expect(page.get_by_role("table", name="Counts over time")).to_be_visible()
    expect(page.locator(".ro__plot")).to_be_hidden()
    page.locator("body").press("t")
    expect(page.locator(".ro__plot")).to_be_visible()
    page.locator("[data-toggle=side]").click()
    expect(page.locator("#details-rollout")).to_have_attribute("href", "#rollout")
    page.locator("body").press("1")
    expect(page.locator("#stage")).to_be_visible()
    page.go_back()
    expect(page.locator(BODY)).to_be_visible()


@pytest.mark.parametrize(("locale", "themes"), [("en-US", ("light", "dark", "contrast")), ("zh-CN", ("light",))])
def test_axe(browser: Browser, live_server_process: ServerProcess, locale: str, themes: tuple[str, ...]) -> None:
    context = profile(browser, live_server_process.url, reduced_motion="reduce", locale=locale)
    page = context.new_page()
    prepare(page)
    open_view(page)
    problems = []

    def check(where: str) -> None:
        for theme in themes:
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            problems.extend(violations(page, f"{where}, {theme}"))

    check("settled")
    line(page, "kubectl set image deployment/web nginx=nginx:9.99-nosuch")
    page.locator("[data-act=advance]").first.evaluate("button => button.click()")
    to_the_present(page)
    expect(page.locator(".ro__bad").first).to_contain_text("9.99-nosuch")
    page.locator("#rollout-why summary").click()
    check("trouble")
    page.locator("#rollout-maxSurge").fill("100")
    expect(page.locator(".ro__plan")).to_be_visible()
    check("plan")
    page.locator("[data-table]").click()
    check("tables")
    if locale == "zh-CN":
        words = page.locator("#rollout").evaluate("""view => {
          const copy = view.cloneNode(true);
          for (const one of copy.querySelectorAll("[lang=en], code, option, .mono, .obj")) one.remove();
          return copy.textContent;
        }""")
        assert not re.search(r"\b(the|of|and|is|was|not|waits|node(?!-))\b", words, re.IGNORECASE), words
    page.locator("[data-table]").click()
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        expect(page.locator(".ro__plot")).to_be_visible()
        page.wait_for_function(NOT_WIDER)
    check("phone")
    context.close()
    assert problems == []


def test_without_javascript(browser: Browser, live_server_process: ServerProcess) -> None:
    """A whole page: the picture, the tables, and the sliders as a form."""
    plain, page = without_javascript(browser, live_server_process.url, prepare, "rollout")
    expect(page.get_by_role("table", name="Counts over time")).to_be_visible()
    expect(page.locator(".ro__c rect.available").first).to_be_visible()
    page.locator("#rollout-maxUnavailable").fill("100")
    page.get_by_role("button", name="What would happen?").click()
    expect(page.locator(".ro__plan")).to_contain_text("kubectl patch deployment/web")
    expect(page.locator("#rollout-workload")).to_have_value("deployments.apps/default/web")
    plain.close()
