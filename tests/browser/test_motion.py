"""Movement carries meaning: Pods fly from the queue to their node, ghosts bounce off taints, and time can be sought."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import at_rest, line, moment, open_sandbox, profile
from tests.conftest import ServerProcess

# Samples, frame by frame, where flying chips and ghosts are, until nothing flies any more.
FILM = """() => {
  const film = (window.film = { fly: [], ghost: [], says: new Set(), running: 0 });
  const box = (element) => {
    const r = element.getBoundingClientRect();
    return { x: r.x + r.width / 2, top: r.top, bottom: r.bottom, tilt: getComputedStyle(element).transform };
  };
  const seen = (element) => Number(getComputedStyle(element).opacity) > 0.3;
  const look = () => {
    const all = (kind) => [...document.querySelectorAll(`#stage .fx .${kind}`)].filter(seen);
    for (const kind of ["fly", "ghost"]) film[kind].push(...all(kind).map(box));
    for (const element of all("say")) film.says.add(element.textContent);
    film.running = Math.max(film.running, document.querySelectorAll("#stage .fx > *").length);
    requestAnimationFrame(look);
  };
  look();
}"""
SHOWN = "() => ({ ...film, says: [...film.says] })"
ANIMATIONS = """() => document.getElementById("stage").getAnimations({ subtree: true })
  .filter((one) => one.constructor === Animation).map((one) => [one.playState, Math.round(one.currentTime)])"""


def prepare(page: Page) -> None:
    """A paused sandbox whose node-1 is tainted, with one Pod that waits to be scheduled."""
    open_sandbox(page, playing=False)
    line(page, "kubectl taint nodes node-1 dedicated=gpu:NoSchedule")
    line(page, "kubectl run solo --image=nginx:1.27")
    expect(page.locator("#stage .queue .pod[data-phase=pending]")).to_have_count(1)
    at_rest(page)


def decide(page: Page) -> None:
    page.locator("#timeline [data-act=decision]").click()
    expect(page.locator("#narration p")).to_contain_text("binds solo to node-")


def centre(page: Page, selector: str) -> dict[str, float]:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return {
        "x": box["x"] + box["width"] / 2,
        "left": box["x"],
        "right": box["x"] + box["width"],
        "top": box["y"],
        "bottom": box["y"] + box["height"],
    }


def test_it_works(page: Page) -> None:
    """A bind: ghosts visit, one bounces at the tainted node, then the Pod itself travels from the queue into its node."""
    prepare(page)
    queue, tainted = centre(page, "#stage .queue .pod"), centre(page, "[data-node=node-1]")
    page.evaluate(FILM)
    decide(page)
    chip = page.locator("#stage .node .pod[title*=solo]")
    expect(chip).to_have_css("opacity", "1", timeout=8000)
    page.wait_for_timeout(300)
    film = page.evaluate(SHOWN)

    flight = film["fly"]
    assert len({round(place["x"]) for place in flight} | {round(place["top"]) for place in flight}) > 8, "the Pod does not travel"
    assert abs(flight[0]["x"] - queue["x"]) < 80 and abs(flight[0]["top"] - queue["top"]) < 40, "it does not start in the queue"
    landed = centre(page, "#stage .node .pod[title*=solo]")
    assert abs(flight[-1]["x"] - landed["x"]) < 60 and abs(flight[-1]["top"] - landed["top"]) < 40, "it does not end at its place"
    assert chip.evaluate("chip => chip.closest('.node').dataset.node") in ("node-2", "node-3")

    bounced = [ghost for ghost in film["ghost"] if tainted["left"] < ghost["x"] < tainted["right"]]
    assert bounced, "no ghost visits the tainted node"
    assert all(ghost["bottom"] < tainted["top"] + 30 for ghost in bounced), "a ghost enters the tainted node"
    assert any(not ghost["tilt"].startswith("matrix(1, 0, 0, 1") for ghost in bounced), "no ghost recoils"
    assert any("dedicated=gpu" in words for words in film["says"]), film["says"]
    assert any("score" in words for words in film["says"])


def test_scrubbing_seeks(page: Page) -> None:
    """Dragging the head moves the act under it, back and forth alike; nothing plays on its own."""
    prepare(page)
    decide(page)
    page.wait_for_timeout(200)
    shown, _ = moment(page)
    track = page.locator("#timeline [role=slider]").bounding_box()
    head = page.locator("#timeline .tl__rail u").bounding_box()
    assert track is not None and head is not None
    right, y = head["x"] + head["width"], track["y"] + 34

    def at(x: float) -> tuple[int, list[tuple[str, int]]]:
        page.mouse.move(x, y)
        return moment(page)[0], page.evaluate(ANIMATIONS)

    page.mouse.move(right + 20, y)
    page.mouse.down()
    places = [right - pixels for pixels in range(0, 60, 2)]
    there = [at(x) for x in places]
    back = [at(x) for x in reversed(places)]
    page.mouse.up()
    assert there == back[::-1]
    of_the_bind = {str(animations) for revision, animations in there if animations and max(time for _, time in animations) > 500}
    assert len(of_the_bind) >= 3, "the act does not follow the head"
    assert {state for _, animations in there for state, _ in animations} <= {"paused", "finished"}
    assert shown in {revision for revision, _ in there}


def test_reduced_motion(browser: Browser, live_server_process: ServerProcess) -> None:
    """Without travel the same is told: where the Pod came from, who refused, which scores."""
    context = profile(browser, live_server_process.url, reduced_motion="reduce")
    page = context.new_page()
    prepare(page)
    page.evaluate(FILM)
    decide(page)
    expect(page.locator("#stage .node .pod[title*=solo]")).to_be_visible()
    page.wait_for_timeout(2600)
    film = page.evaluate(SHOWN)
    assert film["fly"] == [] and film["ghost"] == []
    told = " ".join(film["says"])
    assert "dedicated=gpu" in told and "score" in told and "queue → node-" in told
    context.close()


def test_play_pause_speed(page: Page) -> None:
    open_sandbox(page)
    clock = page.locator("#timeline [data-part=time]")

    def passed(milliseconds: int) -> float:
        def seconds() -> float:
            minutes, rest = clock.inner_text().split(":")
            return int(minutes) * 60 + float(rest)

        before = seconds()
        page.wait_for_timeout(milliseconds)
        return seconds() - before

    assert 0.5 < passed(1000) < 2.5
    page.keyboard.press(".")
    expect(page.locator("#timeline [data-part=speed]")).to_have_text("2×")
    page.locator("#timeline [data-part=speeds] summary").click()
    page.get_by_role("button", name="16×").click()
    expect(page.locator("#timeline [data-part=speed]")).to_have_text("16×")
    page.wait_for_timeout(200)
    assert passed(1000) > 8
    page.keyboard.press("Space")
    expect(page.locator("#link")).to_have_class("pill still")
    page.wait_for_timeout(300)
    assert passed(500) == 0
