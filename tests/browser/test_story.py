"""The notes' Deployment and Service, from the editor to rules on every node, step by step and backwards."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.driver import LISTEN, at_rest, line, moment, open_sandbox, output, picture, step

# Who acts, in the order of the notes: a Deployment becomes Pods, Pods become endpoints, endpoints become rules.
CHAIN = [
    ("You", r"create nginx-demo\."),
    ("You", r"create nginx-service\."),
    ("Deployment controller", r"creates nginx-demo-\w+ with 2 replicas"),
    ("ReplicaSet controller", r"has 0 of 2 Pods and creates"),
    ("scheduler", r"binds \w+ to node-\d"),
    ("kubelet", r"has a sandbox made .* gets its address 10\.244\."),
    ("kubelet", r"image nginx:latest"),
    ("kubelet", r"has started container nginx"),
    ("kubelet", r"reports that \w+ is Ready"),
    ("EndpointSlice controller", r"rewrites nginx-service-\w+ .* 2 of 2 ready"),
    ("kube-proxy", r"rewrites the rules of control-plane"),
    ("kube-proxy", r"rewrites the rules of node-1"),
    ("kube-proxy", r"rewrites the rules of node-2"),
    ("kube-proxy", r"rewrites the rules of node-3"),
]
ACTORS = {actor for actor, _ in CHAIN} | {"Endpoints controller"}
STEPS = 90  # more than the story has


def told_in_order(told: list[dict[str, str]]) -> list[str]:
    """The links of the chain that were not told at their place."""
    left = list(CHAIN)
    for sentence in told:
        if left and sentence["actor"] == left[0][0] and re.search(left[0][1], sentence["words"]):
            left.pop(0)
    return [f"{actor}: {words}" for actor, words in left]


def walk_back(page: Page) -> dict[int, object]:
    """From the newest revision to the first, one press at a time: revision → picture and sentence."""
    seen: dict[int, object] = {}
    while True:
        shown, _ = moment(page)
        seen[shown] = (picture(page), page.locator("#narration p").inner_text())
        page.locator("#timeline [data-act=back]").click()
        page.wait_for_timeout(20)
        if moment(page)[0] == shown:
            return seen


def walk_forward(page: Page) -> dict[int, object]:
    """From the shown revision to the newest, one press at a time, each movement to its end."""
    seen: dict[int, object] = {}
    while True:
        shown, head = moment(page)
        seen[shown] = (picture(page), page.locator("#narration p").inner_text())
        if shown == head:
            return seen
        page.locator("#timeline [data-act=step]").click()
        page.wait_for_function("shown => +document.querySelector('#timeline [role=slider]').ariaValueNow !== shown", arg=shown)


def test_it_works(page: Page) -> None:
    open_sandbox(page, playing=False)
    page.evaluate(LISTEN)
    first, _ = moment(page)
    expect(page.locator("#example")).to_have_value("nginx-demo.yaml")
    page.locator("#edit").get_by_role("button", name="Apply").click()
    expect(page.locator("#applied")).to_contain_text("deployment.apps/nginx-demo created")
    expect(page.locator("#applied")).to_contain_text("service/nginx-service created")
    at_rest(page, first + 1)
    live = {}
    for _ in range(STEPS):
        shown = step(page)
        live[shown] = picture(page)
        if not told_in_order(page.evaluate("told")):
            break

    told = page.evaluate("told")
    assert told_in_order(told) == [], "\n".join(f"{one['event']} {one['words']}" for one in told)
    assert {one["actor"] for one in told} <= ACTORS
    assert [one for one in told if one["actor"] not in one["words"]] == []

    running = page.locator("#stage .nodes .pod[data-phase=running]")
    expect(running).to_have_count(2)
    for card in page.locator("#stage .node").all():
        expect(card.locator(".node__m")).to_contain_text("2 Services")
    page.locator("#tab-services").click()
    service = page.locator("#services .item", has_text="nginx-service")
    expect(service.get_by_text("ready", exact=True)).to_have_count(2)

    # Backwards and forwards again, all revisions show what they showed.
    backwards = walk_back(page)
    assert moment(page)[0] < first + 2
    expect(page.locator("#link")).to_have_class("pill past")
    expect(page.locator("#stage .nodes .pod")).to_have_count(0)
    forwards = walk_forward(page)
    assert list(forwards) == sorted(backwards)
    assert forwards == backwards
    again = {revision: pair[0] for revision, pair in forwards.items()}
    assert {revision: again[revision] for revision in live if revision in again} == {r: live[r] for r in live if r in again}
    assert len(set(live) & set(again)) > 20

    page.locator("#con-line").fill("kubectl get pods")
    page.keyboard.press("Enter")
    expect(page.locator("#con-kubectl")).to_contain_text(re.compile(r"nginx-demo-\w+-\w+ +1/1 +Running"))
    assert output(page).count("1/1") == 2


def test_the_newest_wish_counts(page: Page) -> None:
    """A picture of the past that is asked for and comes late does not undo what was pressed since."""
    open_sandbox(page, playing=False)
    line(page, "kubectl create deployment web --image=nginx:1.27 --replicas=24")
    page.locator("#timeline [data-act=quiet]").click()
    at_rest(page, 0, 300)
    page.reload()  # what happened is known as far back as a frame tells
    expect(page.locator("#link")).to_have_class("pill still")
    head = moment(page)[1]
    page.locator("body").press("Home")
    at_rest(page, 0, 300)
    page.evaluate(
        "keys => keys.forEach(key => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })))",
        ["ArrowLeft", "End"],
    )
    page.wait_for_timeout(1000)
    assert moment(page) == (head, head)
