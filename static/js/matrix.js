/**
 * The Scheduler view beside the board: it follows the moment shown and the Pod selected, reveals the matrix plugin by
 * plugin, and lets a change of the question flash where it made a difference. The document itself comes from the server.
 */
import { setAttribute, setText } from "./dom.js";
import { choose, setting } from "./settings.js";

const FLASH = 700; // ms
const TYPED = 250; // ms without a letter before the search is asked

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const seen = (cell) => `${cell.textContent.trim()}|${cell.firstElementChild?.className.replace(/ ?\bch\b/, "")}`;

export class Matrix {
  /** links: select(ref) chooses the Pod of the whole page. */
  constructor(root, bar, links) {
    this.root = root;
    this.bar = bar;
    this.links = links;
    this.shown = null; // the text that the view holds
    this.about = ""; // which decision it shows
    this.cells = new Map(); // cell → what it said before the swap
    this.stepping = setting("matrix", "whole") === "step";
    this.at = 0; // the newest column revealed
    this.plain = false; // numbers instead of the matrix
    this.listing = false; // the list of Pods may be open
    this.waiting = false; // a newer document was not put in meanwhile
    this.touched = false; // ticked or typed since the last question was sent
    root.addEventListener("change", (event) => this.changed(event.target));
    root.addEventListener("input", (event) => event.target.id === "matrix-search" && this.later());
    root.addEventListener("htmx:beforeRequest", () => (this.touched = false));
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.refresh();
    });
    root.addEventListener("click", (event) => this.pressed(event.target.closest("[data-column]")));
    bar.addEventListener("click", (event) => this.mode(event.target.closest("[data-steps]")?.dataset.steps));
    root.addEventListener("htmx:beforeSwap", (event) => this.beforeSwap(event));
    root.addEventListener("htmx:afterSwap", () => this.afterSwap());
    for (const name of ["pointerdown", "keydown", "focusout"]) root.addEventListener(name, (event) => event.target.id === "matrix-pod" && this.list(event));
    for (const name of ["moment", "branch", "select"]) document.addEventListener(`clusterscope:${name}`, () => this.refresh());
    this.drawMode();
  }

  get open() {
    return !this.root.hidden;
  }

  show(open) {
    this.root.hidden = !open;
    this.bar.hidden = !open;
    if (open) this.refresh();
  }

  /** Asks the server for the decision at the moment shown. */
  refresh() {
    if (!this.open) return;
    clearTimeout(this.timer);
    this.waiting = false;
    this.root.dispatchEvent(new CustomEvent("refresh"));
  }

  later() {
    this.touched = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), TYPED);
  }

  /** Whether the list of Pods may be open now; left again, the view catches up. */
  list(event) {
    this.listing = event.type === "pointerdown" || (event.type === "keydown" && [" ", "Enter", "ArrowDown", "ArrowUp"].includes(event.key));
    if (!this.listing && this.waiting) queueMicrotask(() => this.refresh());
  }

  changed(field) {
    if (field.id === "matrix-pod") {
      this.listing = false;
      this.links.select(field.value);
    } else if (field.name === "change") {
      this.touched = true;
      this.refresh();
    }
  }

  /** Numbers instead of the matrix. */
  asNumbers(plain) {
    this.plain = plain;
    this.draw();
  }

  beforeSwap(event) {
    const { detail } = event;
    if (detail.target !== this.root) return;
    if (this.touched) detail.shouldSwap = false; // it would undo that, and the answer to it is on its way
    else if (detail.serverResponse === this.shown) detail.shouldSwap = false;
    else if (this.listing) {
      detail.shouldSwap = false; // an open list must not close by itself: it is asked again when the list is left
      this.waiting = true;
    } else {
      this.shown = detail.serverResponse;
      this.cells = new Map([...this.root.querySelectorAll("[data-cell]")].map((cell) => [cell.dataset.cell, seen(cell)]));
    }
  }

  afterSwap() {
    const { pod = "", decided = "" } = this.root.firstElementChild?.dataset ?? {};
    const about = `${pod}@${decided}`, same = about === this.about;
    this.about = about;
    if (!same) this.at = 0;
    this.draw();
    if (same) this.flash();
    else this.bringIntoView();
  }

  /** With more rows than fit, the winner is among those that are seen first. */
  bringIntoView() {
    const winner = this.root.querySelector("#matrix .win"), scroller = winner?.closest(".mx__s");
    if (scroller) scroller.scrollTop = Math.max(0, winner.offsetTop + winner.offsetHeight - scroller.clientHeight);
  }

  /** What differs from what stood here a moment ago lights up once; without motion it keeps an outline. */
  flash() {
    for (const cell of this.root.querySelectorAll("[data-cell]")) {
      const before = this.cells.get(cell.dataset.cell), target = cell.firstElementChild;
      if (!target || before === undefined || before === seen(cell)) continue;
      if (reducedMotion.matches) target.classList.add("ch");
      else target.animate([{ backgroundColor: "var(--beacon)" }, { backgroundColor: "var(--beacon)", offset: 0.3 }, {}], { duration: FLASH, easing: "ease-out" });
    }
  }

  // -- step by plugin

  mode(name) {
    if (!name) return;
    this.stepping = name === "step";
    this.at = 0;
    choose("matrix", name);
    this.drawMode();
    this.draw();
  }

  /** One column on or back; begins to step where the whole matrix stood. */
  column(by) {
    if (!this.open || !this.last) return;
    if (!this.stepping) return this.mode("step");
    this.at = Math.max(0, Math.min(this.last, this.at + by));
    this.draw();
  }

  pressed(button) {
    if (button) this.column(Number(button.dataset.column));
  }

  get last() {
    return Number(this.table?.dataset.steps ?? 0);
  }

  get table() {
    return this.root.querySelector("#matrix");
  }

  drawMode() {
    for (const button of this.bar.querySelectorAll("[data-steps]")) setAttribute(button, "aria-pressed", String((button.dataset.steps === "step") === this.stepping));
  }

  draw() {
    const { table } = this, numbers = this.root.querySelector("#matrix-numbers");
    if (!table) return;
    table.hidden = this.plain;
    table.toggleAttribute("data-stepping", this.stepping);
    if (numbers) numbers.hidden = !this.plain;
    const steps = this.root.querySelector("#matrix-step"), at = this.stepping ? this.at : this.last;
    steps.hidden = !this.stepping;
    for (const sentence of steps.querySelectorAll("[data-step]")) sentence.hidden = Number(sentence.dataset.step) !== at;
    for (const button of steps.querySelectorAll("[data-column]")) button.disabled = at === (Number(button.dataset.column) > 0 ? this.last : 0);
    for (const head of table.querySelectorAll("thead [data-col]")) head.toggleAttribute("data-now", this.stepping && Number(head.dataset.col) === at);
    for (const row of table.querySelectorAll("tbody tr")) drawRow(row, at, this.last, this.stepping);
  }
}

/** A row as it is known after column `at` has run. */
function drawRow(row, at, last, stepping) {
  row.verdict ??= row.className;
  const stop = row.dataset.stop === undefined ? null : Number(row.dataset.stop);
  const known = at === last || (stop !== null && at >= stop);
  row.className = known ? row.verdict : "";
  const winner = row.querySelector(".winb");
  if (winner) winner.hidden = !known;
  for (const cell of row.querySelectorAll("td[data-col]")) {
    const column = Number(cell.dataset.col), total = column === last;
    const segments = total ? [...cell.querySelectorAll("[data-seg]")] : [];
    const begun = segments.some((segment) => Number(segment.dataset.seg) <= at);
    cell.toggleAttribute("data-veil", total ? !(known || begun) : column > at);
    cell.toggleAttribute("data-now", stepping && column === at && !total);
    for (const one of cell.querySelectorAll(".sc")) {
      one.decided ??= one.classList.contains("best");
      one.classList.toggle("best", one.decided && at === last);
    }
    if (segments.length) drawTotal(cell, segments, at);
  }
}

/** The total grows with the columns that have run. */
function drawTotal(cell, segments, at) {
  const counted = segments.filter((segment) => Number(segment.dataset.seg) <= at);
  for (const segment of segments) segment.toggleAttribute("hidden", !counted.includes(segment));
  setText(cell.querySelector("[data-total]"), String(counted.reduce((sum, segment) => sum + Number(segment.dataset.points), 0)));
}
