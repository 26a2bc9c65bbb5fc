"""What the board shows of taints, drains, budgets, preemption and lost nodes, besides the scheduler's ghosts."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.driver import TOLD, apply, line, open_sandbox, profile, until_quiet
from tests.conftest import ServerProcess

APP = """apiVersion: v1
kind: Pod
metadata: {name: NAME, labels: {app: web}}
spec:
  nodeName: node-1
  tolerations: TOLERATIONS
  containers: [{name: main, image: "nginx:1.27"}]
"""
BUDGET = """apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: keep-web}
spec:
  minAvailable: 1
  selector: {matchLabels: {app: web}}
"""
PRIORITY = """apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: urgent}
value: 1000
"""
BIG = """apiVersion: v1
kind: Pod
metadata: {name: NAME}
spec:
  priorityClassName: PRIORITY
  terminationGracePeriodSeconds: 30
  containers: [{name: main, image: "nginx:1.27", resources: {requests: {cpu: "3"}}}]
"""
ANIMATED = """selector => document.getElementById("stage").getAnimations({ subtree: true })
  .filter((one) => one.constructor === Animation && one.effect.target?.matches(selector))
  .map((one) => [one.playState, ["opacity", "transform"].filter((name) => name in one.effect.getKeyframes()[0])])"""


def step_until(page: Page, wanted: Locator) -> None:
    """Step forward until it is on the board."""
    for _ in range(25):
        if wanted.count():
            break
        page.locator("#timeline [data-act=step]").click()
        page.wait_for_timeout(250)
    expect(wanted).to_have_count(1)


def test_it_works(page: Page) -> None:
    """A NoExecute taint: the bar drops on, who tolerates it for a while counts down, who does not is hatched and leaves."""
    open_sandbox(page, playing=False)
    apply(page, APP.replace("NAME", "gone").replace("TOLERATIONS", "[]"))
    for_a_while = "[{key: heat, operator: Exists, effect: NoExecute, tolerationSeconds: 40}]"
    apply(page, APP.replace("NAME", "brief").replace("TOLERATIONS", for_a_while))
    until_quiet(page)
    expect(page.locator("[data-node=node-1] .pod[data-phase=running]")).to_have_count(2)
    line(page, "kubectl taint nodes node-1 heat=high:NoExecute")
    expect(page.locator("[data-node=node-1] .hazard")).to_be_visible()
    hatched = page.locator("[data-node=node-1] .pod[title*=gone][data-phase=terminating]")
    step_until(page, hatched)
    brief = page.locator("[data-node=node-1] .pod[title*=brief]")
    expect(brief).to_contain_text(re.compile(r"(39|40) s left"))
    expect(brief.locator(".ring")).to_be_visible()
    page.locator("#timeline [data-part=run] summary").click()
    page.locator("#timeline [data-seconds='10']").click()
    expect(brief).to_contain_text(re.compile(r"(29|30) s left"), timeout=TOLD)
    page.locator("#timeline [data-part=run] summary").click()
    page.locator("#timeline [data-seconds='60']").click()
    expect(brief).to_have_count(0, timeout=TOLD)


def test_drain_and_budget(page: Page) -> None:
    """The barrier slides in; a Pod that its budget holds wears it until the budget allows its eviction."""
    open_sandbox(page, playing=False)
    apply(page, BUDGET)
    apply(page, APP.replace("NAME", "web").replace("TOLERATIONS", "[]"))
    until_quiet(page)
    chip = page.locator("[data-node=node-1] .pod[title*='default/web']")
    expect(chip).to_be_visible()
    expect(page.locator("[data-node=node-1] .barrier")).to_be_hidden()
    line(page, "kubectl cordon node-1")
    expect(page.locator("[data-node=node-1] .barrier")).to_be_visible()
    states = page.evaluate(ANIMATED, ".barrier i")
    assert states and {state for state, _ in states} <= {"paused", "finished"} and states[0][1] == ["transform"]
    expect(chip).to_have_attribute("data-held", "")
    expect(chip).to_contain_text("keep-web")
    expect(chip).to_have_attribute("aria-label", re.compile("the budget keep-web allows no disruption"))
    line(page, "kubectl delete pdb keep-web")
    page.locator("body").press("End")
    expect(chip).not_to_have_attribute("data-held", "")


def test_preemption_keeps_a_place(page: Page) -> None:
    """The victim is hatched, and a dashed place with the name of the Pod that waits stands on its node."""
    open_sandbox(page, playing=False)
    apply(page, PRIORITY)
    for name in ("low-a", "low-b", "low-c"):
        apply(page, BIG.replace("NAME", name).replace("  priorityClassName: PRIORITY\n", ""))
    until_quiet(page)
    expect(page.locator("#stage .nodes .pod[data-phase=running]")).to_have_count(3)
    apply(page, BIG.replace("NAME", "vip").replace("PRIORITY", "urgent"))
    place = page.locator("#stage .nodes .pod.coming")
    step_until(page, place)
    expect(place).to_contain_text("vip")
    node = place.evaluate("slot => slot.closest('.node').dataset.node")
    expect(page.locator("#stage .queue .pod[title*=vip]")).to_be_visible()
    victim = page.locator(f"[data-node={node}] .pod[data-phase=terminating]")
    step_until(page, victim)
    expect(place).to_be_visible()
    until_quiet(page)
    expect(place).to_have_count(0)
    expect(page.locator(f"[data-node={node}] .pod[title*=vip]")).to_be_visible()


def test_a_lost_node(page: Page) -> None:
    """When a node has been silent for too long nobody knows any more what its Pods do; when it is back it says so."""
    open_sandbox(page, playing=False)
    apply(page, APP.replace("NAME", "web").replace("TOLERATIONS", "[]"))
    until_quiet(page)
    chip = page.locator("[data-node=node-1] .pod[title*='default/web']")
    expect(chip).to_have_attribute("data-phase", "running")
    page.locator("#tab-nodes").click()
    page.locator("#node-node-1-stop").click()
    expect(page.locator("#con-kubectl")).to_contain_text("simulate node stop node-1")
    page.locator("#timeline [data-part=run] summary").click()
    page.locator("#timeline [data-seconds='60']").click()
    expect(chip).to_have_attribute("data-phase", "unknown", timeout=TOLD)
    expect(page.locator("[data-node=node-1]")).to_have_class(re.compile("notready"))
    expect(page.locator("#nodes .item", has_text="node-1")).to_contain_text("stopped")
    page.locator("#node-node-1-start").click()
    expect(page.locator("#node-node-1-stop")).to_be_visible(timeout=TOLD)
    until_quiet(page)
    expect(chip).not_to_have_attribute("data-phase", "unknown")


def test_the_taint_button(page: Page) -> None:
    """Taint and untaint a machine from the panel, and look at its details as they were."""
    open_sandbox(page, playing=False)
    page.locator("#tab-nodes").click()
    page.locator("#node-node-2-taint").click()
    expect(page.locator("[data-node=node-2]")).to_have_class(re.compile("tainted"))
    expect(page.locator("#con-kubectl")).to_contain_text("node/node-2 tainted")
    page.locator("[data-node=node-2] h3 button").click()
    expect(page.locator("#details")).to_contain_text("dedicated=gpu:NoSchedule")
    page.locator("body").press("j")
    expect(page.locator("#details .banner.past")).to_be_visible()
    expect(page.locator("#details")).not_to_contain_text("dedicated=gpu:NoSchedule")
    page.locator("body").press("End")
    expect(page.locator("#details .banner.past")).to_have_count(0)
    expect(page.locator("#details")).to_contain_text("dedicated=gpu:NoSchedule")
    page.locator("#tab-nodes").click()
    page.locator("#node-node-2-untaint").click()
    expect(page.locator("[data-node=node-2]")).not_to_have_class(re.compile("tainted"))


def test_reduced_motion(browser: Browser, live_server_process: ServerProcess) -> None:
    """Without travel the barrier is there all the same: it fades in."""
    context = profile(browser, live_server_process.url, reduced_motion="reduce")
    page = context.new_page()
    open_sandbox(page, playing=False)
    line(page, "kubectl cordon node-1")
    expect(page.locator("[data-node=node-1] .barrier")).to_be_visible()
    assert {tuple(moved) for _, moved in page.evaluate(ANIMATED, ".barrier i")} == {("opacity",)}
    context.close()
