/**
 * The timeline: events as shapes on a rail, the head that can be dragged, what is known of the future as a hatch.
 * Its scale is narrative: every told event takes one unit, a pause in virtual time a few more, however long it was.
 */
import { make, setAttribute, setIcon, setText, tick } from "./dom.js";
import { clockText, text } from "./i18n.js";
import { station } from "./stage.js";

const MERGE = 6; // px: ticks nearer than this become a bar with a count
const LABEL = 96; // px between two labels under the rail
const ROOM = 48; // units: a young cluster's events do not stretch over the whole rail
const WINDOW = 240; // told events on the rail
const LEAD = 20; // revisions before the shown one, where that is older than the window
const EDGE = 0.02; // of the width, at both ends
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 64];
const TROUBLE = /fail|crash|back-?off|evict|lost|error|unreach|not-ready|unschedul|warn/i;

function shapeOf(event) {
  if ((event.why && !event.why.chosen) || TROUBLE.test(event.say?.key ?? "")) return "warn";
  if (/^(user|kubectl|kubeadm|you)/.test(event.actor ?? "")) return "you";
  return ["scheduler", "node"].includes(station(event.actor)) ? "act" : "api";
}

/** The oldest revision on the rail: the last 240 told events, or a little before the one that is shown. Pure. */
export function windowStart(store, shown) {
  let from = store.head, told = 0;
  while (from > store.start && told < WINDOW) {
    if (store.event(from)?.w !== 0) told += 1;
    from -= 1;
  }
  return shown < from ? Math.max(store.start, shown - LEAD) : from;
}

/** Positions (in units) of the revisions from…head. Pure. */
export function scale(store, from = store.start) {
  const units = [0];
  let t = store.event(from)?.t ?? store.event(from + 1)?.t ?? 0;
  for (let r = from + 1; r <= store.head; r += 1) {
    const event = store.event(r);
    const pause = Math.max(0, (event?.t ?? t) - t);
    t = event?.t ?? t;
    units.push(units.at(-1) + (event?.w === 0 ? 0.05 : 1) + Math.min(4, Math.log2(1 + pause / 1000)));
  }
  return { from, units, total: Math.max(ROOM, units.at(-1)) };
}

export class Timeline {
  constructor(root, player, acts) {
    this.root = root;
    this.player = player;
    this.acts = acts;
    this.parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((element) => [element.dataset.part, element]));
    this.track = this.parts.track;
    this.drawn = "";
    root.addEventListener("click", (event) => this.click(event));
    this.track.addEventListener("pointerdown", (event) => this.drag(event));
    this.track.addEventListener("keydown", (event) => this.key(event));
  }

  click(event) {
    const button = event.target.closest("[data-act], [data-speed]");
    if (!button) return;
    if (button.dataset.speed) return this.acts.speed(Number(button.dataset.speed));
    this.acts[button.dataset.act]?.(button.dataset.seconds ? Number(button.dataset.seconds) : undefined);
  }

  faster(step) {
    const at = SPEEDS.indexOf(this.player.clock.speed);
    const next = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, (at < 0 ? 2 : at) + step))];
    this.acts.speed(next);
  }

  drag(event) {
    if (event.button) return;
    this.track.setPointerCapture(event.pointerId);
    const follow = (move) => {
      const { revision, share } = this.at(move.clientX);
      this.player.seek(revision, share);
    };
    const release = (up) => {
      this.track.removeEventListener("pointermove", follow);
      const { revision, share } = this.at(up.clientX);
      this.player.seek(share < 0.5 ? revision - 1 : revision);
    };
    follow(event);
    this.track.addEventListener("pointermove", follow);
    this.track.addEventListener("lostpointercapture", release, { once: true });
  }

  key(event) {
    const page = { PageUp: 10, PageDown: -10 }[event.key];
    if (!page) return;
    event.preventDefault();
    this.player.seek(this.player.shown + page);
  }

  /** The revision under a point of the screen, and how far its act has come there. */
  at(clientX) {
    const box = this.track.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, ((clientX - box.left) / box.width - EDGE) / (1 - 2 * EDGE)));
    const { from, units, total } = this.scale;
    const unit = share * total;
    let low = 0, high = units.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (units[middle] < unit) low = middle + 1;
      else high = middle;
    }
    if (unit >= units.at(-1)) return { revision: from + units.length - 1, share: 1 };
    const before = units[low - 1] ?? 0;
    return { revision: from + low, share: low ? (unit - before) / (units[low] - before || 1) : 1 };
  }

  place(revision) {
    const { from, units, total } = this.scale;
    const unit = units[Math.max(0, Math.min(units.length - 1, revision - from))];
    return EDGE + (1 - 2 * EDGE) * (unit / total);
  }

  /** Draws head and rail; the ticks only when events have come or the width has changed. */
  draw(connected) {
    const { player } = this, { store } = player;
    const width = this.track.clientWidth;
    const from = windowStart(store, player.shown);
    const signature = `${store.branch}/${from}/${store.head}/${width}`;
    if (signature !== this.drawn) {
      this.drawn = signature;
      this.scale = scale(store, from);
      this.drawTicks(width);
    }
    const now = this.place(player.shown), known = this.place(store.head);
    const event = store.event(player.shown);
    const moment = clockText(player.live && player.behind === 0 ? player.clock.now() : (event?.t ?? player.clock.now()));
    this.parts.past.style.transform = `scaleX(${now.toFixed(4)})`;
    this.parts.future.style.left = `${(now * 100).toFixed(2)}%`;
    this.parts.future.style.width = `${(Math.max(0, known - now) * 100).toFixed(2)}%`;
    this.parts.head.style.transform = `translateX(${(now * width).toFixed(1)}px)`;
    setText(this.parts.time, moment);
    this.parts.time.style.transform = `translateX(${(-100 * now).toFixed(1)}%)`; // never beyond the rail's ends
    this.root.classList.toggle("cut", !connected);
    setAttribute(this.parts.rewound, "data-off", player.live ? "" : null); // both keep their room: the rail must not move under a finger
    setAttribute(this.parts.onward, "data-off", player.live ? null : "");
    setText(this.parts.speed, speedText(player.clock.speed));
    this.drawButtons();
    setAttribute(this.track, "aria-valuemin", String(store.start));
    setAttribute(this.track, "aria-valuemax", String(store.head));
    setAttribute(this.track, "aria-valuenow", String(player.shown));
    setAttribute(this.track, "aria-valuetext", text("moment-text", { r: player.shown, head: store.head, time: moment }));
  }

  drawButtons() {
    const button = this.root.querySelector('[data-act="play"]');
    const playing = this.player.moving;
    setIcon(button, playing ? "pause" : "play");
    setAttribute(button, "aria-label", text(playing ? "pause" : "play"));
    for (const choice of this.root.querySelectorAll("[data-speed]")) {
      setAttribute(choice, "aria-pressed", String(Number(choice.dataset.speed) === this.player.clock.speed));
    }
  }

  drawTicks(width) {
    const { store } = this.player;
    const groups = [], labels = [];
    for (let r = this.scale.from + 1; r <= store.head; r += 1) {
      const event = store.event(r);
      if (!event || event.w === 0) continue;
      const x = this.place(r) * width, shape = shapeOf(event), last = groups.at(-1);
      if (last && x - last.end < MERGE) Object.assign(last, { end: x, count: last.count + 1, shape: shape === "warn" ? shape : last.shape });
      else groups.push({ start: x, end: x, count: 1, shape });
      if (shape === "you" && x - (labels.at(-1)?.x ?? -LABEL) >= LABEL) labels.push({ x, words: labelOf(event) });
    }
    this.parts.ticks.replaceChildren(
      ...groups.map(({ start, end, count, shape }) => {
        const bar = count > 1 && end - start > 3;
        const element = make("span", { class: bar ? "tl__ev many" : "tl__ev" }, ...(bar ? [make("b", {}, String(count))] : [tick(shape)]));
        element.style.left = `${start.toFixed(1)}px`;
        if (bar) element.style.width = `${(end - start).toFixed(1)}px`;
        return element;
      }),
      ...labels.map(({ x, words }) => {
        const element = make("span", { class: "tl__seg" }, words);
        element.style.left = `${x.toFixed(1)}px`;
        element.style.maxWidth = `${(width - x).toFixed(1)}px`; // at the right end the page must not become wider
        return element;
      }),
    );
  }
}

function labelOf(event) {
  // what is written on a node itself is called after the object that it belongs to
  const named = event.objs?.find((reference) => !reference.startsWith("host/")) ?? event.objs?.[0] ?? "";
  const name = named.split("/").pop();
  return `${event.verb ?? ""} ${name}`.trim().slice(0, 18);
}

export function speedText(speed) {
  return `${{ 0.25: "¼", 0.5: "½" }[speed] ?? speed}×`;
}

