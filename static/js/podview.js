/**
 * The Pod view beside the board: it follows the moment shown and the Pod selected. The document comes from the server; here
 * it gets its owner's hue, its clocks go on with virtual time, and what was opened stays open.
 */
import { setText } from "./dom.js";
import { keepFolds } from "./folds.js";

const TICK = 250; // ms between two readings of the clock
const PATIENCE = 1000; // ms at least between two questions because time has passed

export class PodView {
  /** links: select(ref) chooses the Pod of the whole page, now() is virtual time, paint(element, ref) gives it its owner's hue. */
  constructor(root, links) {
    this.root = root;
    this.links = links;
    this.shown = null; // the text that the view holds
    this.plain = false; // tables instead of the picture
    this.asked = 0; // when the server was asked last
    this.listing = false; // the list of Pods may be open
    root.addEventListener("change", (event) => event.target.id === "pod-select" && this.choose(event.target.value));
    root.addEventListener("submit", (event) => event.preventDefault());
    keepFolds(root);
    root.addEventListener("htmx:beforeSwap", (event) => this.beforeSwap(event));
    root.addEventListener("htmx:afterSwap", () => this.draw());
    for (const name of ["pointerdown", "keydown", "focusout"]) root.addEventListener(name, (event) => event.target.id === "pod-select" && this.list(event));
    for (const name of ["moment", "branch", "select"]) document.addEventListener(`clusterscope:${name}`, () => this.refresh());
    setInterval(() => this.tick(), TICK);
  }

  get open() {
    return !this.root.hidden;
  }

  show(open) {
    const before = this.open;
    this.root.hidden = !open;
    if (open && !before) this.refresh();
  }

  asNumbers(plain) {
    this.plain = plain;
    this.draw();
  }

  /** Asks the server for the Pod at the moment shown. */
  refresh() {
    if (!this.open) return;
    this.asked = performance.now();
    this.root.dispatchEvent(new CustomEvent("refresh"));
  }

  choose(ref) {
    this.listing = false;
    this.links.select(ref);
  }

  list(event) {
    this.listing = event.type === "pointerdown" || (event.type === "keydown" && [" ", "Enter", "ArrowDown", "ArrowUp"].includes(event.key));
  }

  /** The same text again is not put in; an open list must not close by itself. */
  beforeSwap(event) {
    const { detail } = event;
    if (detail.target !== this.root) return;
    if (this.listing || detail.serverResponse === this.shown) detail.shouldSwap = false;
    else this.shown = detail.serverResponse;
  }

  draw() {
    const body = this.root.firstElementChild, frame = this.root.querySelector("[data-pod-frame]");
    for (const log of this.root.querySelectorAll("[data-log]")) log.scrollTop = log.scrollHeight;
    if (!frame) return;
    this.links.paint(frame, body.dataset.pod);
    this.root.querySelector("#pod-picture").hidden = this.plain;
    this.root.querySelector("#pod-tables").hidden = !this.plain;
    this.tick();
  }

  /** Countdowns go on with virtual time; when a probe was due, the server knows how it went. */
  tick() {
    const body = this.root.firstElementChild;
    if (!this.open || !body?.dataset.now || document.hidden) return;
    const now = this.links.now();
    const seconds = (until) => String(Math.max(0, Math.ceil((until - now) / 1000)));
    for (const due of this.root.querySelectorAll("[data-due]")) setText(due, seconds(Number(due.dataset.due)));
    for (const wait of this.root.querySelectorAll("[data-until]")) {
      const until = Number(wait.dataset.until), begun = Number(wait.dataset.begun);
      setText(wait.querySelector("[data-part=left]"), seconds(until));
      const over = 1 - Math.max(0, until - now) / Math.max(1, until - begun);
      wait.querySelector("circle:last-child").setAttribute("stroke-dashoffset", (100 * over).toFixed(1));
    }
    if (body.dataset.next && now >= Number(body.dataset.next) && performance.now() - this.asked > PATIENCE) this.refresh();
  }
}
