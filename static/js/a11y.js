/** What is spoken, and moving through the board with the arrow keys. */
import { text } from "./i18n.js";

const BETWEEN = 1500; // ms between two sentences for a screen reader

/** One polite region: at most one sentence each 1.5 s; a backlog becomes "6 events, the last: …". */
export class Speaker {
  constructor(region, alarm) {
    this.region = region;
    this.alarm = alarm;
    this.waiting = [];
    this.timer = null;
    this.quiet = false; // while scrubbing
  }

  say(words) {
    if (this.quiet || !this.region) return;
    this.waiting.push(words);
    this.timer ??= setTimeout(() => this.speak(), this.waiting.length > 1 ? BETWEEN : 60);
  }

  speak() {
    const words = this.waiting.length > 1 ? text("many-events", { n: this.waiting.length, first: this.waiting.at(-1) }) : this.waiting[0];
    this.waiting = [];
    this.region.textContent = words;
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.waiting.length) this.speak();
    }, BETWEEN);
  }

  /** Says it again, even when it is the sentence that stands there already. */
  repeat(words) {
    this.region.textContent = "";
    setTimeout(() => { this.region.textContent = words; }, 100);
  }

  alert(words) {
    this.alarm.textContent = words;
  }
}

/** Roving tabindex: the board is one tab stop, arrows go to the nearest object in that direction. */
export class Rover {
  constructor(root) {
    this.root = root;
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("focusin", (event) => this.hold(event.target.closest("[data-ref]")));
  }

  get items() {
    return [...this.root.querySelectorAll("[data-ref]")].filter((item) => !item.closest("[data-part=fx], [data-part=table]") && item.getClientRects().length);
  }

  /** Keeps exactly one tab stop; call it after the board was drawn. */
  refresh() {
    if (this.current?.isConnected && this.current.tabIndex === 0) return;
    this.hold(this.items[0]);
  }

  hold(item) {
    if (!item || item === this.current) return;
    if (this.current) this.current.tabIndex = -1;
    this.current = item;
    item.tabIndex = 0;
  }

  key(event) {
    const direction = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    const from = event.target.closest("[data-ref]");
    if (!direction || !from || from.closest("[data-part=table]") || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    nearest(from, this.items, direction)?.focus();
  }
}

function nearest(from, items, [dx, dy]) {
  const centre = (element) => {
    const box = element.getBoundingClientRect();
    return [box.left + box.width / 2, box.top + box.height / 2];
  };
  const [x, y] = centre(from);
  let best = null, least = Infinity;
  for (const item of items) {
    if (item === from) continue;
    const [ix, iy] = centre(item);
    const ahead = (ix - x) * dx + (iy - y) * dy, aside = Math.abs((ix - x) * dy) + Math.abs((iy - y) * dx);
    if (ahead <= 2) continue;
    const distance = ahead + aside * 2.5;
    if (distance < least) [best, least] = [item, distance];
  }
  return best;
}
