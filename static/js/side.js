/** The documents beside the board: there unless put away, and away from the other views unless asked for, which need the width. */
import { choose, setting } from "./settings.js";

const page = () => document.querySelector(".main");
const tab = () => page()?.dataset.tab ?? "board";
const isWide = () => tab() !== "board";
const key = () => (isWide() ? `side-${tab()}` : "side");

function setSide(open) {
  if (!page()) return;
  page().dataset.side = open ? "open" : "closed";
  for (const button of document.querySelectorAll('[data-toggle="side"]')) button.setAttribute("aria-expanded", String(open));
  window.dispatchEvent(new Event("resize"));
}

/** As it was chosen for the view that is shown. */
export function arrangeSide() {
  setSide(setting(key(), isWide() ? "closed" : "open") === "open");
}

export function toggleSide() {
  const open = page()?.dataset.side === "closed";
  setSide(open);
  choose(key(), open ? "open" : "closed");
}
