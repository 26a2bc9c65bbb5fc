/**
 * The Rollout view beside the board: it follows the moment shown and the workload selected, gives the revisions the hues
 * that they have on the board, and asks what other numbers would do. The document itself comes from the server.
 */

const SETTLED = 250; // ms without a further move of a slider before the plan is asked for
const HUES = [1, 2, 3, 4, 5];

export class Rollout {
  /** links: select(ref) chooses the object of the whole page; hues: those of the board. */
  constructor(root, links) {
    this.root = root;
    this.links = links;
    this.shown = null; // the text that the view holds
    this.held = false; // a slider is being moved, or a list may be open
    this.waiting = false; // a newer document was not put in meanwhile
    this.touched = false; // moved since the last question was sent
    this.plain = false; // tables instead of the picture
    root.addEventListener("input", (event) => event.target.type === "range" && this.moved(event.target));
    root.addEventListener("change", (event) => this.changed(event.target));
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.refresh();
    });
    root.addEventListener("click", (event) => event.target.closest("#rollout-reset") && this.reset());
    root.addEventListener("pointerdown", (event) => (this.held = event.target.matches("input[type=range], select")));
    root.addEventListener("keydown", (event) => event.target.matches("select") && this.list(event.key));
    for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, (event) => this.held && !event.target.matches?.("select") && this.release());
    root.addEventListener("focusout", (event) => event.target.matches("select") && this.release());
    root.addEventListener("htmx:beforeRequest", () => (this.touched = false));
    root.addEventListener("htmx:beforeSwap", (event) => this.beforeSwap(event));
    root.addEventListener("htmx:afterSwap", () => this.draw());
    for (const name of ["moment", "branch", "select"]) document.addEventListener(`clusterscope:${name}`, () => this.refresh());
  }

  show(open) {
    this.root.hidden = !open;
    if (open) this.refresh();
  }

  /** Asks the server for the rollout at the moment shown. */
  refresh() {
    if (this.root.hidden) return;
    clearTimeout(this.timer);
    this.waiting = false;
    this.root.dispatchEvent(new CustomEvent("refresh"));
  }

  /** Tables instead of the picture. */
  asNumbers(plain) {
    this.plain = plain;
    this.draw();
  }

  // -- what the visitor changes

  moved(slider) {
    const output = this.root.querySelector(`output[for="${slider.id}"]`);
    const unit = this.root.querySelector(`#${slider.id}-unit`)?.value === "%" ? "%" : "";
    if (output) output.textContent = `${slider.value}${unit}`;
    this.touched = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), SETTLED);
  }

  changed(field) {
    if (field.id === "rollout-workload") {
      this.held = false;
      this.links.select(field.value);
    } else if (field.closest("#rollout-plan")) {
      this.held = false;
      this.touched = true;
      this.refresh();
    }
  }

  /** Fields that are off are not sent: the server draws the numbers as they are. */
  reset() {
    this.touched = true;
    for (const field of this.root.querySelectorAll("#rollout-plan input, #rollout-plan select")) field.disabled = true;
    this.refresh();
  }

  list(key) {
    if ([" ", "Enter", "ArrowDown", "ArrowUp"].includes(key)) this.held = true;
  }

  release() {
    this.held = false;
    if (this.waiting) queueMicrotask(() => this.refresh());
  }

  // -- the document

  beforeSwap(event) {
    const { detail } = event;
    if (detail.target !== this.root) return;
    if (this.touched) detail.shouldSwap = false; // it would undo that, and the answer to it is on its way
    else if (detail.serverResponse === this.shown) detail.shouldSwap = false;
    else if (this.held) {
      detail.shouldSwap = false; // what is under the hand must not go: it is asked again when that lets go
      this.waiting = true;
    } else {
      this.shown = detail.serverResponse;
      this.scroll = this.root.querySelector(".ro__plot")?.scrollTop;
    }
  }

  draw() {
    const picture = this.root.querySelector("[data-picture]"), tables = this.root.querySelector("#rollout-tables");
    if (picture) picture.hidden = this.plain;
    if (tables) tables.hidden = !this.plain;
    if (picture && this.scroll) picture.scrollTop = this.scroll;
    this.paint();
  }

  /** A revision has the hue of its Pods on the board; one that has none there gets one that is free. */
  paint() {
    const keys = (this.root.firstElementChild?.dataset.groups ?? "").split(" ").filter(Boolean);
    const known = keys.map((key) => this.links.hues.known(key));
    const free = HUES.filter((hue) => !known.includes(hue));
    const hues = known.map((hue) => hue || free.shift() || 1);
    for (const element of this.root.querySelectorAll("[data-group]")) {
      const hue = hues[Number(element.dataset.group)];
      if (hue && element.dataset.id !== "0") element.dataset.id = hue;
    }
  }
}
