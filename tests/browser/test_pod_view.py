"""The Pod view: a Pod from the inside, live and at any moment."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import advance, apply, moment, open_sandbox, profile, violations, without_javascript
from tests.conftest import ServerProcess

PODS = """apiVersion: v1
kind: Pod
metadata: {name: shop}
spec:
  volumes:
  - {name: data, emptyDir: {}}
  initContainers:
  - {name: prepare, image: busybox, command: [sh, -c, sleep 1]}
  containers:
  - name: web
    image: nginx:1.27
    readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5}
    resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
    volumeMounts: [{name: data, mountPath: /data}]
---
apiVersion: v1
kind: Pod
metadata: {name: crasher}
spec:
  containers:
  - {name: main, image: busybox, command: [sh, -c, "echo goodbye; sleep 2; exit 3"]}
"""
WIDE = "document.documentElement.scrollWidth - innerWidth"


def prepare(page: Page, seconds: int = 60) -> None:
    """A paused sandbox with a Pod that is well and one that crashes, a minute old."""
    open_sandbox(page, playing=False)
    apply(page, PODS)
    advance(page, seconds)


def choose(page: Page, pod: str) -> None:
    page.locator("#pod-select").select_option(f"pods/default/{pod}")
    expect(page.locator(f"#pod [data-pod='pods/default/{pod}']")).to_be_visible()


def test_it_works(page: Page) -> None:
    """From a chip on the board into the Pod; the console's log is the view's; Escape and 1 lead back."""
    prepare(page)
    page.locator("#stage .pod[title*=crasher]").click()
    page.locator("#details-inside").click()
    expect(page.locator("#pod .pv__sum").first).to_contain_text("has ended")
    assert page.url.endswith("#pod")
    expect(page.locator("#pod .pv__w")).to_contain_text("back-off")
    page.locator("#pod-main-previous summary").click()
    expect(page.locator("#pod-main-previous pre")).to_contain_text("goodbye")
    page.locator("body").press("1")
    expect(page.locator("#stage")).to_be_visible()
    page.locator("#stage button.pod[title*=shop]").dblclick()
    expect(page.locator("#pod .pv__sum").first).to_contain_text("All is well")
    hue = page.locator("#stage button.pod[title*=shop]").get_attribute("data-id")
    expect(page.locator("#pod [data-pod-frame]")).to_have_attribute("data-id", str(hue))
    page.locator("body").press("t")
    expect(page.get_by_role("table", name="Containers")).to_be_visible()
    expect(page.locator("#pod-picture")).to_be_hidden()


def test_it_goes_on_with_time(page: Page) -> None:
    """Dots appear as probes are made, without any event; what is open stays open."""
    prepare(page)
    page.locator("body").press("4")
    choose(page, "shop")
    page.locator("#pod-web-words summary").click()
    made = page.locator("#pod [data-probe=readiness] .pv__ds i.ok")
    before, head = made.count(), moment(page)[1]
    page.locator("#timeline [data-act=play]").click()
    expect(made).not_to_have_count(before, timeout=15_000)
    assert made.count() > before
    expect(page.locator("#pod-web-words")).to_have_attribute("open", "")
    assert moment(page)[1] >= head


def test_any_past_moment(page: Page) -> None:
    """Before it was made there is no such Pod, at the end it is well again; in between the view says which moment it shows."""
    prepare(page)
    page.locator("body").press("4")
    choose(page, "shop")
    page.locator("body").press("Home")
    expect(page.locator("#pod .banner")).to_contain_text("There is no Pod default/shop at this moment.")
    expect(page.locator("#pod .pv__past")).to_be_visible()
    page.locator("body").press("End")
    expect(page.locator("#pod .pv__sum").first).to_contain_text("All is well")
    for _ in range(6):
        page.locator("body").press("ArrowLeft")
    expect(page.locator("#pod .pv__past")).to_contain_text("as it was at event")
    expect(page.locator("#pod-name")).to_have_text("shop")


def test_without_javascript(browser: Browser, live_server_process: ServerProcess) -> None:
    plain, page = without_javascript(browser, live_server_process.url, prepare, "pod")
    page.locator("#pod-select").select_option("pods/default/crasher")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".pv__sum").first).to_contain_text("has ended")
    expect(page.get_by_role("table", name="Containers")).to_be_visible()
    plain.close()


@pytest.mark.parametrize("look", [{"color_scheme": "light"}, {"contrast": "more"}, {"color_scheme": "dark", "locale": "zh-CN"}])
def test_axe(browser: Browser, live_server_process: ServerProcess, look: dict[str, str]) -> None:
    """Nothing to complain about at full and at phone width, and the page is as wide as the phone."""
    context = profile(browser, live_server_process.url, reduced_motion="reduce", **look)
    page = context.new_page()
    prepare(page)
    page.locator("body").press("4")
    problems = []

    def check(where: str) -> None:
        problems.extend(violations(page, where))

    choose(page, "crasher")
    page.locator("#pod-main-previous summary").click()
    check("crasher")
    choose(page, "shop")
    check("shop")
    page.set_viewport_size({"width": 320, "height": 800})
    page.wait_for_function(f"() => {WIDE} <= 0")
    check("phone")
    page.locator("body").press("t")
    check("tables")
    page.wait_for_function(f"() => {WIDE} <= 0")
    if "locale" in look:
        words = page.locator("#pod").evaluate("""view => {
          const copy = view.cloneNode(true);
          for (const one of copy.querySelectorAll("[lang=en], code, option, pre")) one.remove();
          return copy.textContent;
        }""")
        assert not re.search(r"\\b(the|of|and|is|was|not|since)\\b", words, re.IGNORECASE), words
    context.close()
    assert problems == []
