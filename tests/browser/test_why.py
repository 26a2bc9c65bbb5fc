"""Why it waits, in the details; workloads of every kind on the board; the load that a visitor sets."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.driver import TOLD, apply, line, open_sandbox, until_quiet

MANIFEST = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: "nginx:1.27"}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: sum}
spec:
  completions: 1
  completionMode: Indexed
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: "busybox:1.36", command: [sh, -c, "sleep 1"]}]}}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {selector: {app: db}, ports: [{port: 80}]}
"""


def test_it_works(page: Page) -> None:
    open_sandbox(page, playing=False)
    apply(page, MANIFEST)
    until_quiet(page)
    board = page.locator("#stage")
    # Ordinals, owners by colour, a finished Pod as a square.
    expect(board.locator(".pod", has_text="db-1").locator("small")).to_have_text("StatefulSet")
    expect(board.locator(".pod[data-phase=succeeded]", has_text=re.compile(r"^0-\w{5}"))).to_have_count(1)
    hues = {board.locator(".pod", has_text=name).first.get_attribute("data-id") for name in ("db-0", "db-1")}
    assert len(hues) == 1
    assert board.locator(".pod[data-phase=succeeded]").get_attribute("data-id") not in hues
    # The controllers' station leads to the workload that it speaks of.
    line(page, "kubectl set image statefulset/db c=nginx:no-such-tag")
    until_quiet(page)
    board.locator("[data-part=controllers-note] .obj").click()
    details = page.locator("#details")
    expect(details.get_by_role("heading", name="Why it waits")).to_be_visible(timeout=TOLD)
    expect(details).to_contain_text("It makes and changes nothing until db-1 is available.")
    expect(details.get_by_role("region", name="Ordinals").get_by_role("row")).to_have_count(3)
    # Undone in vain, mended by hand: the details say both.
    line(page, "kubectl rollout undo statefulset/db")
    until_quiet(page)
    expect(details).to_contain_text("Delete it by hand: kubectl delete pod db-1 -n default", timeout=TOLD)
    problems = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}).response["violations"]
    assert problems == []
    details.get_by_role("button", name="db-1").click()
    expect(details.get_by_role("heading", level=2)).to_contain_text("db-1")


def test_a_load_is_set_and_taken_away(page: Page) -> None:
    open_sandbox(page, playing=False)
    apply(page, MANIFEST)
    until_quiet(page)
    page.locator("#tab-services").click()
    page.locator("#svc-default-db").click()
    details = page.locator("#details")
    expect(details).to_contain_text("Nobody calls it.", timeout=TOLD)
    details.get_by_label("Requests per second").fill("120")
    details.get_by_role("button", name="Set").click()
    expect(page.locator("#con-kubectl")).to_contain_text("service/db has a load of 120 requests per second")
    expect(details).to_contain_text("120 requests per second come in.", timeout=TOLD)
    details.get_by_role("button", name="Stop the load").click()
    expect(details).to_contain_text("Nobody calls it.", timeout=TOLD)
