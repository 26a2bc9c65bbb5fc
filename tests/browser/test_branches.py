"""Acting in the past begins a new branch; the old one stays as it was."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.driver import TOLD, at_rest, line, moment, open_sandbox, picture


def test_it_works(page: Page) -> None:
    open_sandbox(page, playing=False)
    first, _ = moment(page)
    line(page, "kubectl create deployment web --image=nginx:1.27 --replicas=2")
    page.locator("#timeline [data-act=quiet]").click()
    expect(page.locator("#stage .pod[data-phase=running]")).to_have_count(2, timeout=TOLD)
    head = at_rest(page, first + 20, still=400)
    before = picture(page)
    expect(page.locator("#branches")).to_be_hidden()

    page.locator("body").press("Home")
    expect(page.locator("#stage .node .pod")).to_have_count(0)
    expect(page.locator("#console [data-part=note]")).to_contain_text("starts a new branch")
    expect(page.locator("#timeline [data-act=fork]")).to_be_visible()
    line(page, "kubectl run solo --image=nginx:1.27")
    expect(page.locator("#toasts")).to_contain_text("New branch from event")
    expect(page.locator("#branches")).to_be_visible()
    page.locator("#timeline [data-act=quiet]").click()
    expect(page.locator("#stage .pod[data-phase=running]")).to_have_count(1, timeout=TOLD)
    assert moment(page)[1] < head

    page.locator("#branches summary").click()
    page.locator("#branches [data-branch][aria-pressed=false]").click()
    expect(page.locator("#stage .pod[data-phase=running]")).to_have_count(2)
    assert at_rest(page) == head
    assert picture(page) == before


def test_forked_by_key(page: Page) -> None:
    open_sandbox(page, playing=False)
    first, _ = moment(page)
    line(page, "kubectl run solo --image=nginx:1.27")
    at_rest(page, first)
    page.keyboard.press("Escape")
    page.locator("body").press("ArrowLeft")
    page.locator("body").press("f")
    expect(page.locator("#branches")).to_be_visible()
    expect(page.locator("#stage .pod:not(.slot)[title*=solo]")).to_have_count(0)
    line(page, "kubectl get pods")
    expect(page.locator("#con-kubectl")).to_contain_text("No resources found in default namespace.")
