"""What the browser tests share: a sandbox on a page, read and driven as a visitor does it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

# The story is told in its own time: a rollout takes longer to tell than to happen.
TOLD = 30_000  # ms

MOMENT = """() => {
  const slider = document.querySelector("#timeline [role=slider]");
  return [Number(slider.getAttribute("aria-valuenow")), Number(slider.getAttribute("aria-valuemax"))];
}"""

# The board as structure, without what only lights up for a moment.
PICTURE = """() => {
  const words = (element) => (element ? element.textContent.trim() : "");
  const pod = (chip) => [chip.title, chip.dataset.phase, chip.dataset.id, words(chip)];
  const nodes = [...document.querySelectorAll("#stage .node")].map((card) => ({
    name: card.dataset.node, status: words(card.querySelector(".node__h")), badges: words(card.querySelector(".node__b")),
    bars: words(card.querySelector(".node__caps")), foot: words(card.querySelector(".node__m")),
    pods: [...card.querySelectorAll(".pod")].map(pod),
  }));
  const queue = [...document.querySelectorAll("#stage .queue .pod:not(.slot)")].map(pod);
  const stations = [...document.querySelectorAll("#stage .stn small, #stage .api small")].map(words);
  return { nodes, queue, stations };
}"""

# Writes down every sentence with its event, as it appears.
LISTEN = """() => {
  const told = (window.told = []);
  const bar = document.getElementById("narration");
  const note = () => {
    const sentence = bar.querySelector("p"), number = /\\d+/.exec(bar.querySelector("[data-part=count]").textContent);
    if (!number || told.at(-1)?.event === Number(number[0])) return;
    const actor = sentence.querySelector("b")?.textContent ?? "";
    told.push({ event: Number(number[0]), words: sentence.textContent.trim(), actor });
  };
  new MutationObserver(note).observe(bar, { subtree: true, childList: true, characterData: true });
}"""

# Resolves when the moment shown has been the newest one, unchanged, for `still` ms.
AT_REST = """([from, still]) => new Promise((resolve) => {
  const slider = document.querySelector("#timeline [role=slider]");
  let last = "", since = performance.now();
  const begun = since;
  const look = () => {
    const shown = slider.getAttribute("aria-valuenow"), head = slider.getAttribute("aria-valuemax"), now = performance.now();
    if (`${shown}/${head}` !== last) [last, since] = [`${shown}/${head}`, now];
    const moved = Number(shown) > from;
    if ((shown === head && moved && now - since >= still) || now - begun > 5000) resolve(Number(shown));
    else requestAnimationFrame(look);
  };
  look();
})"""


def open_sandbox(page: Page, *, width: int = 1440, height: int = 900, playing: bool = True) -> Page:
    """Go from the first page into a new sandbox and wait until it is live; `playing=False` pauses its clock."""
    page.set_viewport_size({"width": width, "height": height})
    page.goto("/")
    page.locator(".cta button").click()
    page.wait_for_url(re.compile(r"/sandbox/\w{20}/$"))
    expect(page.locator("#link")).to_have_class("pill live")
    if not playing:
        page.locator("#timeline [data-act=play]").click()
        expect(page.locator("#link")).to_have_class("pill still")
    return page


def moment(page: Page) -> tuple[int, int]:
    """The revision shown and the newest one."""
    shown, head = page.evaluate(MOMENT)
    return shown, head


def at_rest(page: Page, after: int = -1, still: int = 120) -> int:
    """Wait until the newest revision is shown, is above `after` and stays for `still` ms; return it (after 5 s anyhow)."""
    return int(page.evaluate(AT_REST, [after, still]))


def picture(page: Page) -> dict[str, Any]:
    """The board as structure: comparable between two visits of the same revision."""
    return dict(page.evaluate(PICTURE))


def step(page: Page) -> int:
    """Press "step forward", wait for what it brings, return the revision shown."""
    shown, _ = moment(page)
    page.locator("#timeline [data-act=step]").click()
    return at_rest(page, shown)


def line(page: Page, text: str) -> None:
    """Type a line into the console and wait until it has been answered."""
    field = page.locator("#con-line")
    field.fill(text)
    field.press("Enter")
    expect(page.locator("#console [data-part=stop]")).to_be_hidden(timeout=TOLD)


def output(page: Page) -> str:
    """All that the console shows."""
    return page.locator("#con-kubectl").inner_text()


def profile(browser: Browser, url: str, **options: Any) -> BrowserContext:
    """A browser profile with its own settings (colour scheme, language, reduced motion …)."""
    context = browser.new_context(base_url=url, **({"locale": "en-US"} | options))
    context.set_default_timeout(10_000)
    return context


def apply(page: Page, text: str) -> None:
    """Apply a manifest as the editor's."""
    page.evaluate("text => { document.querySelector('[data-file]').value = text }", text)
    line(page, "kubectl apply -f editor.yaml")


def until_quiet(page: Page) -> None:
    """Let everything come to rest and look at the present."""
    page.locator("#timeline [data-act=quiet]").click()
    page.wait_for_timeout(200)
    page.keyboard.press("Escape")
    page.locator("body").press("End")
    at_rest(page, 0, 300)


def advance(page: Page, seconds: int) -> None:
    """Let time pass by the clock's menu and look at the present."""
    page.locator("#timeline [data-part=run] summary").click()
    page.locator(f"#timeline [data-act=advance][data-seconds='{seconds}']").click()
    page.wait_for_timeout(200)
    page.keyboard.press("Escape")
    page.locator("body").press("End")
    at_rest(page, 0, 300)


def violations(page: Page, where: str, **run: Any) -> list[str]:
    """What axe finds, in words; `where` says which state of the page it was."""
    found = Axe().run(page, **run).response["violations"]
    return [f"{where}: {one['id']} {[node['target'] for node in one['nodes']]}" for one in found]


def without_javascript(browser: Browser, url: str, prepare: Callable[[Page], None], view: str) -> tuple[BrowserContext, Page]:
    """A view of a prepared sandbox in a browser of the same visitor that runs no scripts."""
    context = profile(browser, url)
    page = context.new_page()
    prepare(page)
    address, state = page.url, context.storage_state()
    context.close()
    plain = profile(browser, url, java_script_enabled=False, storage_state=state)
    page = plain.new_page()
    page.goto(f"{address}{view}")
    return plain, page
