import os, re
from playwright.sync_api import expect
from tests.browser.driver import at_rest, line, moment, open_sandbox, profile
OUT="/tmp/ro"
os.makedirs(OUT, exist_ok=True)
T="""  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      terminationGracePeriodSeconds: 5
      containers: [{name: nginx, image: "nginx:1.26"}]
"""
STS="apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: db\n  replicas: 3\n"+T.replace("NAME","db")
DS="apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec:\n"+T.replace("NAME","agent")
def until_quiet(page):
    page.locator("#timeline [data-act=quiet]").click()
    page.wait_for_timeout(300)
    page.keyboard.press("Escape")
    page.locator("body").press("End")
    at_rest(page, 0, 300)
def advance(page, s):
    page.evaluate("s => { const b=document.querySelector('[data-act=advance]'); b.dataset.seconds=s; b.click(); }", s)
    page.wait_for_timeout(500); page.locator("body").press("End"); at_rest(page,0,300)
def apply(page, text):
    page.evaluate("text => { document.querySelector('[data-file]').value = text }", text)
    line(page, "kubectl apply -f editor.yaml")
def test_shots(browser, live_server_process):
    name=os.environ.get("NAME","light")
    context = profile(browser, live_server_process.url, reduced_motion="reduce", color_scheme=os.environ.get("SCHEME","light"), locale=os.environ.get("LANG_","en-US"))
    page = context.new_page()
    logs=[]
    page.on("console", lambda m: logs.append(m.text)); page.on("pageerror", lambda e: logs.append(str(e)))
    open_sandbox(page, playing=False)
    line(page, "kubectl create deployment web --image=nginx:1.26 --replicas=6")
    until_quiet(page); advance(page, 20)
    what=os.environ.get("WHAT","web")
    if what=="web":
        line(page, "kubectl set image deployment/web nginx=nginx:1.27"); until_quiet(page); advance(page,20)
        line(page, "kubectl set image deployment/web nginx=nginx:1.28")
        advance(page, 3.4)
        page.locator("[data-tab=rollout]").click(); page.wait_for_timeout(2500)
        page.screenshot(path=f"{OUT}/{name}-mid.png")
        until_quiet(page)
        page.wait_for_timeout(1500)
        page.screenshot(path=f"{OUT}/{name}-done.png")
        for _ in range(70): page.locator("body").press("ArrowLeft")
        page.wait_for_timeout(2500)
        page.screenshot(path=f"{OUT}/{name}-past.png")
        page.locator("#rollout-maxUnavailable").fill("50")
        page.wait_for_timeout(4000)
        page.screenshot(path=f"{OUT}/{name}-plan.png")
        page.locator("body").press("t"); page.locator("[data-table]").click()
        page.wait_for_timeout(500)
        page.screenshot(path=f"{OUT}/{name}-table.png")
        page.locator("[data-table]").click()
        page.set_viewport_size({"width":390,"height":844}); page.wait_for_timeout(1000)
        page.screenshot(path=f"{OUT}/{name}-phone.png", full_page=True)
        print("WIDE",page.evaluate("document.documentElement.scrollWidth - innerWidth"))
        page.set_viewport_size({"width":320,"height":844}); page.wait_for_timeout(600)
        print("WIDE320",page.evaluate("document.documentElement.scrollWidth - innerWidth"))
    if what=="sts":
        apply(page, STS); until_quiet(page); advance(page,20)
        line(page, "kubectl set image statefulset/db nginx=nginx:9.99-nosuch"); advance(page,20)
        page.goto(page.url+"?ref=statefulsets.apps/default/db#rollout"); page.reload(); page.wait_for_timeout(4000)
        page.screenshot(path=f"{OUT}/{name}-broken.png")
        line(page, "kubectl rollout undo statefulset/db"); advance(page,10)
        page.wait_for_timeout(2000)
        page.screenshot(path=f"{OUT}/{name}-stuck.png")
    if what=="ds":
        apply(page, DS); until_quiet(page); advance(page,20)
        line(page, "kubectl set image daemonset/agent nginx=nginx:1.27"); advance(page,4)
        page.goto(page.url+"?ref=daemonsets.apps/default/agent#rollout"); page.reload(); page.wait_for_timeout(4000)
        page.locator("#rollout-why summary").click()
        page.wait_for_timeout(300)
        page.screenshot(path=f"{OUT}/{name}-ds.png")
    print(logs)
    assert 0
