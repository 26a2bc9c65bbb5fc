/** Palette and scale: three palettes in turn, projector size as a switch. Stored; the system's wish is the default. */
import { choose, setting } from "./settings.js";

const PALETTES = ["light", "dark", "contrast"];
const ICONS = { light: "sun", dark: "moon", contrast: "eye" };
const root = document.documentElement;

function paint() {
  for (const use of document.querySelectorAll("[data-theme-next] use")) use.setAttribute("href", `#i-${ICONS[root.dataset.theme]}`);
  for (const button of document.querySelectorAll("[data-projector]")) button.setAttribute("aria-pressed", String(root.dataset.scale === "projector"));
}

export function nextPalette() {
  const next = PALETTES[(PALETTES.indexOf(root.dataset.theme) + 1) % PALETTES.length];
  root.dataset.theme = next;
  choose("theme", next);
  paint();
}

/** Projector size goes with the contrast palette; leaving it brings the chosen palette back. */
export function toggleProjector() {
  const on = root.dataset.scale !== "projector";
  if (on) root.dataset.scale = "projector";
  else delete root.dataset.scale;
  choose("scale", on ? "projector" : "");
  root.dataset.theme = on ? "contrast" : setting("theme", "light");
  paint();
  window.dispatchEvent(new Event("resize"));
}

export function startTheme() {
  paint();
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-next]")) nextPalette();
    if (event.target.closest("[data-projector]")) toggleProjector();
  });
}
