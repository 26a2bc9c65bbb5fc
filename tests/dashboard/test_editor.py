"""The sandbox page in a real browser: editor, panels, no complaints, readable for everybody."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.conftest import ServerProcess

# The panels follow the picture, which tells one event after the other.
TOLD = 20_000
POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: solo\nspec:\n  containers:\n    - name: app\n      image: nginx:1.27\n"
WRONG = POD.replace("image: nginx:1.27", "imagine: nginx:1.27")


@pytest.fixture
def sandbox(page: Page) -> Page:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/")
    page.get_by_role("button", name="Open the sandbox").click()
    page.wait_for_url(re.compile(r"/sandbox/\w{20}/$"))
    expect(page.locator("#link")).to_contain_text("Live")
    expect(page.locator(".ace_content")).to_be_visible()
    return page


def write(page: Page, text: str) -> None:
    page.locator("#edit").evaluate("(form, text) => form.querySelector('.django-ace-widget').editor.setValue(text, -1)", text)


def apply(page: Page) -> None:
    page.locator("#edit").get_by_role("button", name="Apply").click()


def test_it_works(sandbox: Page) -> None:
    apply(sandbox)
    expect(sandbox.locator("#applied")).to_contain_text("deployment.apps/nginx-demo created")
    expect(sandbox.locator("#stage .nodes .pod")).to_have_count(2, timeout=TOLD)


def test_ctrl_enter_applies(sandbox: Page) -> None:
    write(sandbox, POD)
    sandbox.locator(".ace_text-input").focus()
    sandbox.keyboard.press("Control+Enter")
    expect(sandbox.locator("#applied")).to_contain_text("pod/solo created")


def test_errors_stand_at_their_lines(sandbox: Page) -> None:
    write(sandbox, WRONG)
    apply(sandbox)
    expect(sandbox.locator("#applied")).to_contain_text("Nothing was applied")
    expect(sandbox.locator(".ace_gutter-cell.ace_error")).not_to_have_count(0)
    sandbox.locator("#applied [data-goto]").first.click()
    expect(sandbox.locator(".ace_text-input")).to_be_focused()
    write(sandbox, POD)
    apply(sandbox)
    expect(sandbox.locator("#applied")).to_contain_text("pod/solo created")
    expect(sandbox.locator(".ace_gutter-cell.ace_error")).to_have_count(0)


def test_an_example_is_loaded(sandbox: Page) -> None:
    sandbox.get_by_label("Example").select_option("readiness.yaml")
    expect(sandbox.locator("textarea[name=text]")).to_have_value(re.compile("readinessProbe"))
    expect(sandbox.locator(".ace_content")).not_to_contain_text("nginx-demo")


def test_the_console_reads_the_editor(sandbox: Page) -> None:
    write(sandbox, POD)
    sandbox.locator("#con-line").fill("kubectl apply -f editor.yaml")
    sandbox.keyboard.press("Enter")
    expect(sandbox.locator("#con-kubectl")).to_contain_text("pod/solo created")


def test_a_chosen_pod_shows_its_details(sandbox: Page) -> None:
    write(sandbox, POD)
    apply(sandbox)
    sandbox.locator("#stage .nodes .pod").first.click()
    details = sandbox.locator("#details")
    expect(details).to_be_visible()
    expect(details).to_contain_text("Why it is there")
    expect(details).to_contain_text("NodeResourcesFit")
    expect(details).to_contain_text("Container started", timeout=TOLD)
    details.get_by_role("button", name="Edit").click()
    expect(sandbox.locator("textarea[name=text]")).to_have_value(re.compile("creationTimestamp"))


def test_a_pod_is_deleted_from_its_details(sandbox: Page) -> None:
    write(sandbox, POD)
    apply(sandbox)
    sandbox.locator("#stage .nodes .pod").first.click()
    sandbox.locator("#details-delete").click()
    expect(sandbox.locator("#con-kubectl")).to_contain_text('pod "solo" deleted')


def test_machines(sandbox: Page) -> None:
    sandbox.locator("#tab-nodes").click()
    sandbox.locator("#node-node-2-cordon").click()
    expect(sandbox.locator("#con-kubectl")).to_contain_text("node/node-2 cordoned")
    expect(sandbox.locator("#node-node-2-uncordon")).to_be_visible(timeout=TOLD)
    sandbox.locator("#node-add").click()
    expect(sandbox.locator("#node-node-4")).to_be_visible(timeout=TOLD)


def test_services_and_events(sandbox: Page) -> None:
    apply(sandbox)
    sandbox.locator("#tab-services").click()
    panel = sandbox.locator("#services")
    expect(panel).to_contain_text("nginx-service", timeout=TOLD)
    expect(panel.get_by_text("ready", exact=True)).to_have_count(3, timeout=TOLD)
    sandbox.locator("#tab-events").click()
    expect(sandbox.locator("#events")).to_contain_text("Scheduled", timeout=TOLD)


def test_an_apply_in_the_past_begins_a_branch(sandbox: Page) -> None:
    apply(sandbox)
    expect(sandbox.locator("#stage .nodes .pod")).to_have_count(2, timeout=TOLD)
    sandbox.locator("[data-act=start]").click()
    expect(sandbox.locator("#moment [name=live]")).to_have_value("false")
    expect(sandbox.locator("#stage .nodes .pod")).to_have_count(0)
    write(sandbox, POD)
    apply(sandbox)
    expect(sandbox.locator("#branches")).to_be_visible()


def test_the_past_is_marked_in_the_panels(sandbox: Page) -> None:
    sandbox.locator("#tab-services").click()
    apply_line = sandbox.locator("#con-line")
    apply_line.fill("kubectl apply -f nginx-demo.yaml")
    sandbox.keyboard.press("Enter")
    expect(sandbox.locator("#services")).to_contain_text("nginx-service", timeout=TOLD)
    sandbox.locator("[data-act=start]").click()
    expect(sandbox.locator("#services")).to_contain_text("As it was at event")
    expect(sandbox.locator("#services")).not_to_contain_text("nginx-service")


def test_tabs_by_keyboard(sandbox: Page) -> None:
    sandbox.locator("#tab-editor").focus()
    sandbox.keyboard.press("ArrowRight")
    expect(sandbox.locator("#tab-details")).to_be_focused()
    expect(sandbox.locator("#details")).to_contain_text("Nothing selected")


def test_the_home_page_acts(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#stage .nodes .pod").first).to_be_visible()
    page.get_by_role("button", name="Delete a pod").click()
    expect(page.locator("#narration")).to_contain_text(re.compile("delete|ReplicaSet|kubelet|scheduler", re.IGNORECASE))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en-US", "zh-CN"])
def test_axe_finds_nothing(browser: Browser, live_server_process: ServerProcess, scheme: str, lang: str) -> None:
    profile = browser.new_context(
        base_url=live_server_process.url, locale=lang, color_scheme=scheme,
        viewport={"width": 1440, "height": 900}, reduced_motion="reduce",
    )
    tab = profile.new_page()
    problems: list[str] = []
    tab.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    axe = Axe()

    def check(where: str) -> None:
        found = axe.run(tab).response["violations"]
        problems.extend(f"{where}: {one['id']} {[node['target'] for node in one['nodes']]}" for one in found)

    for address in ("/", "/help/", "/sandbox/"):
        tab.goto(address)
        check(address)
    tab.goto("/")
    tab.locator(".cta button").click()
    tab.wait_for_url(re.compile(r"/sandbox/\w{20}/$"))
    expect(tab.locator(".ace_content")).to_be_visible()
    check("editor")
    tab.locator("#edit button.pri").click()
    expect(tab.locator("#stage .nodes .pod")).to_have_count(2, timeout=TOLD)
    tab.locator("#stage .nodes .pod").first.click()
    expect(tab.locator("#details pre").first).to_be_visible()
    check("details")
    for name in ("services", "nodes", "events"):
        tab.locator(f"#tab-{name}").click()
        expect(tab.locator(f"#{name} h2")).to_be_visible()
        check(name)
    tab.goto(f"{tab.url}table")
    check("table")
    tab.goto("/sandbox/")
    check("list")
    profile.close()
    assert problems == []
