"""The console: lines, streams, ^C, history, completion, and kubectl's own errors."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.driver import TOLD, line, open_sandbox


def test_it_works(page: Page) -> None:
    open_sandbox(page)
    said = page.locator("#con-kubectl")
    line(page, "kubectl apply -f nginx-demo.yaml")
    expect(said).to_contain_text("deployment.apps/nginx-demo created")
    line(page, "kubectl rollout status deployment/nginx-demo")
    expect(said).to_contain_text('deployment "nginx-demo" successfully rolled out', timeout=TOLD)
    line(page, "kubectl get deployments")
    expect(said).to_contain_text(re.compile(r"NAME +READY +UP-TO-DATE +AVAILABLE +AGE\s*nginx-demo +2/2 +2 +2 "))
    line(page, "kubectl scale deployment nginx-demo --replicas=3")
    expect(said).to_contain_text("deployment.apps/nginx-demo scaled")
    line(page, "kubectl set image deployment/nginx-demo nginx=nginx:1.28")
    expect(said).to_contain_text("deployment.apps/nginx-demo image updated")
    page.locator("#con-line").fill("kubectl rollout status deployment/nginx-demo")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("Waiting for deployment", timeout=TOLD)
    expect(page.locator("#con-kubectl .l", has_text="successfully rolled out")).to_have_count(2, timeout=TOLD)
    line(page, "kubectl describe deployment nginx-demo")
    expect(said).to_contain_text(re.compile(r"Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable"))


def test_interrupt(page: Page) -> None:
    open_sandbox(page)
    page.locator("#con-line").fill("kubectl get pods -A -w")
    page.keyboard.press("Enter")
    stop = page.locator("#console [data-part=stop]")
    expect(stop).to_be_visible()
    page.keyboard.press("Control+c")
    expect(page.locator("#con-kubectl .l", has_text="^C")).to_have_count(1)
    expect(stop).to_be_hidden()
    expect(page.locator("#con-kubectl .l", has_text="^C")).to_have_count(1)
    line(page, "kubectl get namespaces")
    expect(page.locator("#con-kubectl")).to_contain_text(re.compile(r"kube-system +Active"))


def test_history_and_completion(page: Page) -> None:
    open_sandbox(page)
    field = page.locator("#con-line")
    line(page, "kubectl get nodes")
    line(page, "kubectl get pods")
    field.press("ArrowUp")
    field.press("ArrowUp")
    expect(field).to_have_value("kubectl get nodes")
    field.press("ArrowDown")
    expect(field).to_have_value("kubectl get pods")
    field.fill("kubectl describe no")
    field.press("Tab")
    expect(field).to_have_value(re.compile(r"^kubectl describe node"))
    field.fill("kubectl cordon node-")
    field.press("Tab")
    expect(page.locator("#con-kubectl")).to_contain_text("node-1  node-2  node-3")
    field.fill("kubectl cordon con")
    field.press("Tab")
    expect(field).to_have_value("kubectl cordon control-plane ")
    field.press("Escape")
    expect(field).not_to_be_focused()
    page.keyboard.press("/")
    expect(field).to_be_focused()


def test_wrong_lines(page: Page) -> None:
    open_sandbox(page)
    line(page, "kubectl get foo")
    expect(page.locator("#con-kubectl .e")).to_have_text(['error: the server doesn\'t have a resource type "foo"'])
    line(page, "kubectl get pod none")
    expect(page.locator("#con-kubectl .e").last).to_have_text('Error from server (NotFound): pods "none" not found')
    line(page, "kubectl run <b>x</b> --image=nginx")
    assert page.locator("#con-kubectl b").count() == 0
