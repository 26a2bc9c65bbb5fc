/** Every page: theme, dialogs, menus that close, tab lists of documents, the stored switches. */
import { choose, setting } from "./settings.js";
import { arrangeSide, toggleSide } from "./side.js";
import { startTheme } from "./theme.js";

function openDialog(name) {
  const dialog = document.getElementById(name);
  if (dialog && !dialog.open) dialog.showModal();
}

/** Tabs of documents: `[role=tablist][data-tabs]`; arrows move, the panel of the chosen tab is shown. */
function chooseTab(tab) {
  for (const other of tab.closest("[role=tablist]").querySelectorAll("[role=tab]")) {
    const on = other === tab;
    other.setAttribute("aria-selected", String(on));
    other.tabIndex = on ? 0 : -1;
    const panel = document.getElementById(other.getAttribute("aria-controls"));
    if (panel) panel.hidden = !on;
  }
}

function moveTab(event) {
  const tab = event.target.closest("[role=tablist][data-tabs] [role=tab]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !step) return;
  const tabs = [...tab.closest("[role=tablist]").querySelectorAll("[role=tab]")];
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  event.preventDefault();
  next.focus();
  next.click();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) openDialog(opener.dataset.dialog);
  const tab = event.target.closest("[role=tablist][data-tabs] [role=tab]");
  if (tab) chooseTab(tab);
  if (event.target.closest('[data-toggle="side"]')) toggleSide();
  const inside = event.target.closest("details.menu");
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== inside || event.target.closest(".menu__p button")) menu.open = false;
  }
  if (event.target instanceof HTMLDialogElement) event.target.close(); // the backdrop
});
document.addEventListener("keydown", (event) => {
  moveTab(event);
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
  event.preventDefault();
});
document.addEventListener("change", (event) => {
  const box = event.target.closest("[data-setting]");
  if (box) choose(box.dataset.setting, box.checked ? "on" : "off");
});

startTheme();
if (setting("side") === "closed") arrangeSide();
for (const box of document.querySelectorAll("[data-setting]")) box.checked = setting(box.dataset.setting, "on") !== "off";
