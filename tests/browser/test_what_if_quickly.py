"""What if, faster than the server answers: nothing that was ticked or typed is lost."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.driver import line, open_sandbox, until_quiet

TICKED = "#what-if input[name=change]:checked"


def test_it_works(page: Page) -> None:
    open_sandbox(page, playing=False)
    line(page, "kubectl taint nodes node-1 node-2 dedicated=gpu:NoSchedule")
    line(page, "kubectl run solo --image=nginx")
    until_quiet(page)
    page.keyboard.press("2")
    changes = page.locator("#what-if input[name=change]")
    expect(changes.first).to_be_attached()
    ids = [str(one.get_attribute("id")) for one in changes.all()]
    assert len(ids) > 1
    page.evaluate("ids => ids.forEach(id => document.getElementById(id).click())", ids)
    expect(page.locator("#scheduler .sch__sum")).to_contain_text("With this changed")
    page.wait_for_timeout(1000)
    assert {one.get_attribute("id") for one in page.locator(TICKED).all()} == set(ids)
