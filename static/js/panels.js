/** The documents beside the board: the one that is open follows the moment shown and the object selected. */
import { keepFolds } from "./folds.js";

const panels = [...document.querySelectorAll("[data-panel]")];
const shown = new WeakMap(); // panel → the text that it holds

const refresh = (panel) => panel.dispatchEvent(new CustomEvent("refresh"));
const open = () => panels.find((panel) => !panel.hidden);

function follow() {
  const panel = open();
  if (panel) refresh(panel);
}

for (const panel of panels) keepFolds(panel);
document.addEventListener("clusterscope:moment", follow);
document.addEventListener("clusterscope:branch", follow);
document.addEventListener("clusterscope:select", (event) => {
  if (event.detail.ref && document.getElementById("details").hidden) document.getElementById("tab-details").click();
  else follow();
});
document.addEventListener("click", (event) => {
  const tab = event.target.closest(".side__tabs [role=tab]");
  // site.js has shown the panel by the end of this click.
  if (tab) queueMicrotask(follow);
});
// The same text again is not put in: focus, selection and scroll position stay.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { target, serverResponse } = event.detail;
  if (!panels.includes(target)) return;
  if (shown.get(target) === serverResponse) event.detail.shouldSwap = false;
  else shown.set(target, serverResponse);
});
