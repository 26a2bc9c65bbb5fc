"""The Scheduler view: why a Pod is where it is, plugin by plugin, at any moment, and what would change it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import TOLD, apply, line, moment, open_sandbox, profile, until_quiet, violations, without_javascript
from tests.conftest import ServerProcess

POD = """apiVersion: v1
kind: Pod
metadata:
  name: NAME
spec:
  containers:
  - name: main
    image: nginx:1.27
    resources:
      requests: {cpu: CPU, memory: 256Mi}
"""
WIDE = "document.documentElement.scrollWidth - innerWidth"


def make_pod(page: Page, name: str, cpu: str) -> None:
    apply(page, POD.replace("NAME", name).replace("CPU", cpu))


def prepare(page: Page) -> None:
    """A paused sandbox: node-1 is tainted, node-2 full, so that "solo" had to go to the busy node-3; "huge" fits nowhere."""
    open_sandbox(page, playing=False)
    line(page, "kubectl taint nodes node-1 dedicated=gpu:NoSchedule")
    line(page, "kubectl cordon node-3")
    make_pod(page, "full", "3700m")
    until_quiet(page)
    line(page, "kubectl uncordon node-3")
    make_pod(page, "busy", "1")
    until_quiet(page)
    make_pod(page, "solo", "500m")
    until_quiet(page)
    make_pod(page, "huge", "9")
    until_quiet(page)


def choose(page: Page, pod: str) -> None:
    page.locator("#matrix-pod").select_option(f"pods/default/{pod}")
    expect(page.locator(f"#scheduler [data-pod='pods/default/{pod}']")).to_be_visible()


def row(page: Page, node: str) -> list[str]:
    """What the cells of a node say, one text each."""
    return [" ".join(text.split()) for text in page.locator(f"#matrix tr[data-row='{node}'] td").all_inner_texts()]


def test_it_works(page: Page) -> None:
    """From a Pod on the board into its decision: the cells say who stopped which node and why."""
    prepare(page)
    page.locator("#stage .node .pod[title*=solo]").click()
    page.locator("#details-why").click()
    expect(page.locator("#matrix")).to_be_visible()
    assert page.url.endswith("#scheduler")
    expect(page.locator("#stage")).to_be_hidden()
    expect(page.locator("#scheduler .sch__b")).to_have_attribute("data-pod", "pods/default/solo")
    heads = [text.replace("\n", "") for text in page.locator("#matrix thead .nm .f").all_inner_texts()]
    assert heads[:3] == ["NodeUnschedulable", "NodeName", "TaintToleration"]
    taint, fit = heads.index("TaintToleration"), heads.index("NodeResourcesFit")
    assert row(page, "node-1")[taint] == "untolerated taint"
    assert row(page, "node-1")[fit] == "not run"
    assert row(page, "node-2")[fit] == "not enough cpu 500m > 300m"
    assert row(page, "node-1")[-1] == row(page, "node-2")[-1] == "filtered"
    expect(page.locator("#matrix tr.win")).to_have_attribute("data-row", "node-3")
    expect(page.locator("#scheduler .sch__w")).to_contain_text("node-2 has too little cpu")

    choose(page, "huge")
    expect(page.locator("#matrix tr.win")).to_have_count(0)
    expect(page.locator("#matrix tr.out")).to_have_count(4)
    expect(page.locator("#scheduler .sch__sum")).to_contain_text("finds no node for huge")


def test_what_if_changes_the_winner(page: Page) -> None:
    """A switch decides again in place, changes nothing in the cluster, and goes away with its Pod."""
    prepare(page)
    page.locator("body").press("2")
    choose(page, "solo")
    _, head = moment(page)
    switch = page.get_by_role("checkbox", name=re.compile("node-1 loses the taint"))
    switch.check()
    expect(page.locator("#matrix tr[data-row=node-1] .c.no")).to_have_count(0)
    expect(page.locator("#matrix tr.win")).to_have_attribute("data-row", "node-1")
    expect(page.locator("#matrix tr[data-row=node-1] .ch")).not_to_have_count(0)
    expect(switch).to_be_checked()
    expect(switch).to_be_focused()
    assert moment(page)[1] == head
    switch.uncheck()
    expect(page.locator("#matrix tr.win")).to_have_attribute("data-row", "node-3")
    expect(page.locator("#matrix .ch")).to_have_count(0)
    switch.check()
    expect(page.locator("#matrix tr.win")).to_have_attribute("data-row", "node-1")
    choose(page, "full")
    expect(page.locator("#what-if input:checked")).to_have_count(0)


def test_do_it_for_real(page: Page) -> None:
    """The ready line runs in the console, and the board knows."""
    prepare(page)
    page.locator("body").press("2")
    choose(page, "solo")
    page.get_by_role("button", name="kubectl taint nodes node-1 dedicated=gpu:NoSchedule-").click()
    expect(page.locator("#con-kubectl")).to_contain_text("node/node-1 untainted")
    expect(page.locator("#con-kubectl")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#con-kubectl")).to_be_hidden()
    page.locator("body").press("1")
    expect(page.locator("[data-node=node-1]")).not_to_have_class(re.compile("tainted"), timeout=TOLD)


def test_step_by_plugin(page: Page) -> None:
    """Column by column: what has not run is not to be seen, the totals grow, the winner shows last."""
    prepare(page)
    page.locator("body").press("2")
    choose(page, "solo")
    refused = page.locator("#matrix tr[data-row=node-1] .c.no span")
    page.get_by_role("button", name="Step by plugin").click()
    sentence = page.locator("#matrix-step p:visible")
    expect(sentence).to_contain_text("NodeUnschedulable")
    expect(refused).to_be_hidden()
    page.locator("body").press("Shift+ArrowRight")
    page.locator("#matrix-step").get_by_role("button", name="Next plugin").click()
    expect(sentence).to_contain_text("TaintToleration")
    expect(refused).to_be_visible()
    expect(page.locator("#matrix tr[data-row=node-2]")).not_to_have_class("out")
    expect(page.locator("#matrix .winb:visible")).to_have_count(0)
    for _ in range(12):
        page.locator("body").press("Shift+ArrowRight")
    expect(sentence).to_contain_text("Pick")
    expect(page.locator("#matrix .winb:visible")).to_have_count(1)
    expect(page.get_by_role("button", name="Next plugin")).to_be_disabled()
    page.locator("body").press("Shift+ArrowLeft")
    expect(page.locator("#matrix .winb:visible")).to_have_count(0)
    page.get_by_role("button", name="Whole matrix").click()
    expect(page.locator("#matrix-step")).to_be_hidden()
    expect(page.locator("#matrix .winb:visible")).to_have_count(1)


def test_it_follows_the_timeline(page: Page) -> None:
    """Without a chosen Pod the newest decision of the moment shown is told; a chosen Pod keeps its own."""
    prepare(page)
    page.locator("body").press("2")
    body = page.locator("#scheduler .sch__b")
    expect(body).to_have_attribute("data-pod", "pods/default/huge")
    choose(page, "solo")
    decided = int(body.get_attribute("data-decided") or 0)
    page.locator("#matrix-pod").select_option("")
    expect(body).to_have_attribute("data-pod", "pods/default/huge")
    for _ in range(60):
        page.locator("body").press("ArrowLeft")
        if moment(page)[0] <= decided:
            break
    expect(body).to_have_attribute("data-pod", "pods/default/solo")
    expect(page.locator("#scheduler .sch__past")).to_be_visible()
    page.locator("body").press("ArrowLeft")
    expect(body).to_have_attribute("data-pod", "pods/default/busy")
    expect(page.locator("#matrix tr.win")).to_have_attribute("data-row", "node-3")
    page.locator("body").press("End")
    expect(body).to_have_attribute("data-pod", "pods/default/huge")


def test_ways_in_and_out(page: Page) -> None:
    """The station on the board, the keys, the address; T shows the numbers."""
    prepare(page)
    page.locator("#stage [data-part=scheduler] a").click()
    expect(page.locator("#matrix")).to_be_visible()
    page.locator("body").press("t")
    expect(page.get_by_role("table", name="The decision as numbers")).to_be_visible()
    expect(page.locator("#matrix")).to_be_hidden()
    page.locator("body").press("t")
    page.locator("body").press("1")
    expect(page.locator("#stage")).to_be_visible()
    assert "#" not in page.url
    page.goto(f"{page.url}#scheduler")
    page.reload()
    expect(page.locator("#matrix")).to_be_visible()
    assert page.locator("#side").is_hidden()
    page.locator("[data-toggle=side]").click()
    expect(page.locator("#side")).to_be_visible()


def test_a_pending_pod_says_why(page: Page) -> None:
    """On focus, beside the chip, until Escape."""
    prepare(page)
    chip = page.locator("#stage .queue .pod[title*=huge]")
    chip.focus()
    hint = page.get_by_role("tooltip")
    expect(hint).to_contain_text("0/4 nodes are available")
    expect(hint).not_to_contain_text("preemption")
    expect(chip).to_have_attribute("aria-describedby", "tip")
    page.keyboard.press("Escape")
    expect(hint).to_be_hidden()
    chip.click()
    expect(page.locator("#details-why")).to_have_text("Why pending?")


def test_without_javascript(browser: Browser, live_server_process: ServerProcess) -> None:
    """A whole page: the table, the words, and the switches as a form."""
    plain, page = without_javascript(browser, live_server_process.url, prepare, "scheduler")
    page.locator("#matrix-pod").select_option("pods/default/solo")
    page.get_by_role("button", name="Show").first.click()
    expect(page.locator("#matrix tr.win")).to_have_attribute("data-row", "node-3")
    page.locator("#what-if label", has_text="node-1 loses the taint").locator("input").check()
    page.get_by_role("button", name="Decide again").click()
    expect(page.locator("#matrix tr.win")).to_have_attribute("data-row", "node-1")
    expect(page.locator("#matrix-pod")).to_have_value("pods/default/solo")
    plain.close()


@pytest.mark.parametrize("look", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"contrast": "more"}, {"locale": "zh-CN"}])
def test_axe(browser: Browser, live_server_process: ServerProcess, look: dict[str, str]) -> None:
    context = profile(browser, live_server_process.url, reduced_motion="reduce", **look)
    page = context.new_page()
    prepare(page)
    page.locator("body").press("2")
    choose(page, "solo")
    problems = []

    def check(where: str) -> None:
        problems.extend(violations(page, where))

    check("matrix")
    page.locator("#what-if label").first.click()
    expect(page.locator("#matrix .ch")).not_to_have_count(0)
    check("what if")
    page.locator("[data-steps=step]").click()
    page.locator("body").press("Shift+ArrowRight")
    check("step")
    page.locator("body").press("t")
    check("numbers")
    if "locale" in look:
        words = page.locator("#scheduler").evaluate("""view => {
          const copy = view.cloneNode(true);
          for (const one of copy.querySelectorAll("[lang=en], code, option")) one.remove();
          return copy.textContent;
        }""")
        assert not re.search(r"\b(the|of|and|is|was|not|asks|node(?!-))\b", words, re.IGNORECASE), words
    context.close()
    assert problems == []


@pytest.mark.parametrize("width", [390, 320])
def test_phone(browser: Browser, live_server_process: ServerProcess, width: int) -> None:
    """The table scrolls by itself; the page is as wide as the phone."""
    context = profile(browser, live_server_process.url, viewport={"width": width, "height": 800}, has_touch=True)
    page = context.new_page()
    prepare(page)
    page.set_viewport_size({"width": width, "height": 800})
    page.locator("[data-tab=scheduler]").click()
    choose(page, "solo")
    expect(page.locator("#matrix tr.win")).to_be_visible()
    assert page.evaluate(WIDE) <= 0
    page.locator("[data-steps=step]").click()
    page.locator("#matrix-step").get_by_role("button", name="Next plugin").click()
    assert page.evaluate(WIDE) <= 0
    context.close()
