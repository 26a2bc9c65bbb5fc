/** The home page's mini cluster: tells three acts by itself, then waits for the visitor's verb. */
import { Rover } from "./a11y.js";
import { setAttribute, setIcon } from "./dom.js";
import { text } from "./i18n.js";
import { Session } from "./session.js";

const ACTS = 3; // told unasked

const root = document.getElementById("stage");
let told = 0, asked = false, id = 0;
const session = new Session(root, { changed: draw, told: count, message });
const rover = new Rover(root);

function draw() {
  const button = root.querySelector("[data-act=play]");
  const moving = session.player.moving;
  setIcon(button, moving ? "pause" : "play");
  setAttribute(button, "aria-label", text(moving ? "pause" : "play"));
  rover.refresh();
}

function count(event) {
  if (!event || asked || event.w !== 2) return;
  told += 1;
  if (told > ACTS) session.player.pause();
}

function message(one) {
  if (one.type === "console" && one.stream === "stderr") session.toast(one.text.trim());
}

/** `{pod}` in a verb's line becomes a running pod of the demo's Deployment. */
function fill(line) {
  const state = session.store.stateAt(session.store.head);
  const pod = Object.values(state?.pods ?? {}).find((one) => one.app === "web" && one.mark === "running");
  return line.replace("{pod}", pod?.name ?? "");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !root.contains(button)) return;
  if (button.dataset.act === "play") {
    asked = true;
    session.player.toggle();
  }
  if (!button.hasAttribute("data-verb")) return;
  asked = true;
  id += 1;
  session.player.toLive();
  if (!session.send({ type: "console", id: String(id), line: fill(button.dataset.line) })) session.toast(text("offline"));
  if (!session.clock.playing) session.send({ type: "play" });
});
session.changed();
