/** The keyboard of the board. Single letters act only where nothing is typed, and can be turned off (stored as "keys"). */
import { setting } from "./settings.js";

function typing(target) {
  return target.closest("input, textarea, select, [contenteditable], .ace_editor, dialog[open]") !== null;
}

/** commands: what each key does, by name; unknown to a page = not bound there. */
export function startKeys(commands) {
  const names = {
    k: "toggle", l: "forward", j: "back", t: "table", g: "legend", "/": "console", "`": "console",
    f: "fork", n: "repeat", p: "projector", "?": "keys", ",": "slower", ".": "faster", 1: "board", 2: "scheduler", 3: "rollout", 4: "pod",
    4: "pod",
  };
  const shifted = { ArrowRight: "columnOn", ArrowLeft: "columnBack" };
  const plain = { " ": "toggle", ArrowRight: "forward", ArrowLeft: "back", Home: "start", End: "live" };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    const onControl = event.target.closest("button, a, summary, [role=tab], [role=log], [role=tabpanel]");
    let name = (event.shiftKey && shifted[event.key]) || plain[event.key];
    if (onControl && (event.key === " " || event.target.closest("[role=tab], [role=tabpanel]"))) name = undefined;
    if (!name && setting("keys", "on") !== "off") name = names[event.key.toLowerCase()];
    if (!name || !commands[name]) return;
    event.preventDefault();
    commands[name]();
  });
}
