/** The map of a large cluster on two canvases: cells that are redrawn only where they changed, and the cursor above. */
export const READY = 1, CORDONED = 2, SILENT = 4, TAINTED = 8, RESERVED = 16;
const ROW = 7; // bytes: index (2), cpu, memory, pods, churn, flags
const MOST_PODS = 110;
const CHANGED_MS = 900; // how long a cell says that it has just changed
const GAP = 14, LABEL = 20, MIN_CELL = 3, MAX_CELL = 26;
const TWO_ACROSS = 560, NARROW = 200; // CSS pixels: from when two blocks stand side by side, and the least width of a small one
const CHART_SHARE = 1 / 8; // of the height: what the chart gets at least
const HEADROOM = 18; // above the highest point of the chart's curve: its number stands there
const DENSE = 1500; // so many changed cells at once: all of them say so no longer, it would be noise
const STEPS = 6;

/** A message of the server: its header, and the bytes behind it. */
export function opened(buffer) {
  const size = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  return { header, bytes: new Uint8Array(buffer, 4 + size) };
}

/** How each node is: one typed array per fact. */
export class Cells {
  constructor(header, bytes) {
    const n = header.count;
    this.count = n;
    for (const name of ["cpu", "memory", "pods", "churn", "flags"]) this[name] = new Uint8Array(n);
    this.zone = bytes.slice(n * ROW, n * ROW + n);
    this.kind = bytes.slice(n * (ROW + 1), n * (ROW + 2));
    this.take(bytes.subarray(0, n * ROW));
  }

  /** Takes rows over; the indices of those that changed. */
  take(bytes) {
    const changed = [];
    for (let at = 0; at + ROW <= bytes.length; at += ROW) {
      const index = bytes[at] | (bytes[at + 1] << 8);
      if (index >= this.count) continue;
      this.cpu[index] = bytes[at + 2];
      this.memory[index] = bytes[at + 3];
      this.pods[index] = bytes[at + 4];
      this.churn[index] = bytes[at + 5];
      this.flags[index] = bytes[at + 6];
      changed.push(index);
    }
    return changed;
  }

  /** 0 … 5 on the ramp. */
  step(index, show) {
    const share = show === "pods" ? this.pods[index] / MOST_PODS : this[show][index] / 255;
    return Math.min(STEPS - 1, Math.floor(share * STEPS));
  }
}

/** Which cells stand together: [{name, members}], in order. */
export function groups(cells, by, zones, names) {
  const found = by === "zone" ? zones.map((name) => ({ name, members: [] })) : names.map((name) => ({ name, members: [] }));
  for (let index = 0; index < cells.count; index += 1) {
    const flags = cells.flags[index];
    const place = by === "zone" ? cells.zone[index] : !(flags & READY) ? 3 : flags & CORDONED ? 2 : flags & RESERVED ? 1 : 0;
    found[place].members.push(index);
  }
  return found.filter((group) => group.members.length);
}

/** Which blocks stand beside each other: pairs; one group that is larger than all others together has a row of its own. */
function rowsOf(sizes, extra, width) {
  const numbers = Array.from({ length: sizes.length + extra }, (_, number) => number);
  const most = Math.max(...sizes, 0), all = sizes.reduce((sum, size) => sum + size, 0);
  if (width < TWO_ACROSS) return { rows: numbers.map((number) => [number]), across: () => 1 };
  const large = sizes.length > 1 && most * 2 > all ? sizes.indexOf(most) : -1;
  const rest = numbers.filter((number) => number !== large);
  const across = large < 0 ? 2 : Math.min(rest.length, Math.max(2, Math.floor((width + GAP) / (NARROW + GAP))));
  const rows = large < 0 ? [] : [[large]];
  for (let at = 0; at < rest.length; at += across) rows.push(rest.slice(at, at + across));
  return { rows, across: (row) => (row[0] === large ? 1 : across) };
}

/** Where everything stands in a box of this size (CSS pixels): the cell size and each block's corner, size and columns, all
    cells on whole device pixels (`ratio` of them make a CSS pixel), so that nothing of a cell is left when it is drawn anew.
    One size for all cells, the largest that fits: so the area of a group says how many nodes it has. */
export function layout(sizes, width, height, extra, ratio = 1) {
  const { rows, across } = rowsOf(sizes, extra, width);
  const widthIn = (row) => (width - GAP * (across(row) - 1)) / across(row);
  const inner = height - rows.length * LABEL - (rows.length - 1) * GAP;
  const needs = (pixels) => rows.map((row) => Math.max(...row.map((number) => (
    number < sizes.length ? (Math.ceil(sizes[number] / Math.max(1, Math.floor((widthIn(row) * ratio) / pixels))) * pixels) / ratio
      : height * CHART_SHARE
  ))));
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  let pixels = Math.floor(MAX_CELL * ratio);
  while (pixels > MIN_CELL * ratio && sum(needs(pixels)) > inner) pixels -= 1;
  const cell = pixels / ratio, heights = needs(pixels), spare = Math.max(0, inner - sum(heights)) / rows.length;
  const snapped = (value) => Math.round(value * ratio) / ratio;
  const blocks = [];
  let y = 0;
  rows.forEach((row, at) => {
    const w = widthIn(row), h = heights[at] + spare;
    row.forEach((number, place) => {
      blocks[number] = {
        x: snapped(place * (w + GAP)), y: snapped(y), width: w, height: h, columns: Math.max(1, Math.floor((w * ratio) / pixels)),
      };
    });
    y += LABEL + h + GAP;
  });
  return { cell, blocks };
}

/** Where a number of this width may be written at the end of a curve [[x, y]] so that the curve is not under it: a baseline. */
export function baseline(points, width) {
  const left = points.at(-1)[0] - width;
  const first = Math.max(0, points.findIndex(([x]) => x >= left) - 1);
  return Math.min(...points.slice(first).map(([, y]) => y)) - 6;
}

export class BigMap {
  /** cells, cursor: the two canvases; colour(name): the value of a token. */
  constructor(cellsCanvas, cursorCanvas, colour) {
    this.layers = [cellsCanvas, cursorCanvas];
    this.cellsPen = cellsCanvas.getContext("2d", { alpha: false });
    this.cursorPen = cursorCanvas.getContext("2d");
    this.colour = colour;
    this.cells = null;
    this.show = "cpu";
    this.by = "zone";
    this.cursor = null;
    this.dirty = new Set();
    this.whole = false;
    this.fresh = new Map(); // cells that have just changed -> until when
    this.history = [];
    this.frames = [];
    this.asked = false;
  }

  /** zones and names of the groups by taint, texts for labels. */
  start(cells, zones, words) {
    this.cells = cells;
    this.zones = zones;
    this.words = words;
    this.arrange();
  }

  paint() {
    const names = ["surface", "ink", "ink-3", "line", "bad", "beacon", "id2-tint", "id2-edge"];
    this.ink = Object.fromEntries(names.map((name) => [name, this.colour(`--${name}`)]));
    this.ramp = Array.from({ length: STEPS }, (_, step) => this.colour(`--q${step}`));
    this.sans = this.colour("--sans");
    this.all();
  }

  arrange() {
    const box = this.layers[0].parentElement.getBoundingClientRect();
    if (!this.cells || !box.width || !box.height) return;
    this.ratio = Math.min(2, devicePixelRatio || 1);
    for (const canvas of this.layers) {
      canvas.width = Math.round(box.width * this.ratio);
      canvas.height = Math.round(box.height * this.ratio);
    }
    this.size = { width: box.width, height: box.height };
    this.groups = groups(this.cells, this.by, this.zones, this.words.groups);
    this.plan = layout(this.groups.map((group) => group.members.length), box.width, box.height, 1, this.ratio);
    this.place = new Uint32Array(this.cells.count);
    this.groupOf = new Uint8Array(this.cells.count);
    this.groups.forEach((group, number) => group.members.forEach((index, at) => {
      this.place[index] = at;
      this.groupOf[index] = number;
    }));
    this.paint();
  }

  all() {
    this.whole = true;
    this.ask();
  }

  /** Cells that changed: drawn in the next frame. */
  change(indices) {
    const until = performance.now() + CHANGED_MS;
    for (const index of indices) {
      this.dirty.add(index);
      if (indices.length < DENSE && !this.still) this.fresh.set(index, until);
    }
    this.ask();
  }

  ask() {
    if (this.asked || !this.plan) return;
    this.asked = true;
    requestAnimationFrame(() => this.frame());
  }

  frame() {
    this.asked = false;
    const began = performance.now();
    if (this.whole) this.drawAll();
    else for (const index of this.dirty) this.drawCell(index);
    this.dirty.clear();
    this.drawCursor(began);
    this.frames.push(performance.now() - began);
    if (this.frames.length > 600) this.frames.shift();
    if (this.fresh.size) setTimeout(() => this.ask(), 120);
  }

  corner(index) {
    const { x, y, columns } = this.plan.blocks[this.groupOf[index]];
    const at = this.place[index], { cell } = this.plan;
    return [x + (at % columns) * cell, y + LABEL + Math.floor(at / columns) * cell];
  }

  drawAll() {
    const pen = this.cellsPen;
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.fillStyle = this.ink.surface;
    pen.fillRect(0, 0, this.size.width, this.size.height);
    this.whole = false;
    this.groups.forEach((group, number) => this.drawLabel(group, number));
    for (let index = 0; index < this.cells.count; index += 1) this.drawCell(index);
    this.drawChart();
  }

  drawLabel(group, number) {
    const pen = this.cellsPen, { x, y } = this.plan.blocks[number];
    pen.font = `650 13px ${this.sans}`;
    pen.fillStyle = this.ink.ink;
    pen.fillText(group.name, x, y + 13);
    const after = pen.measureText(group.name).width + 8;
    pen.font = `500 12px ${this.sans}`;
    pen.fillStyle = this.ink["ink-3"];
    pen.fillText(this.words.count(group.members.length), x + after, y + 13);
  }

  drawCell(index) {
    const pen = this.cellsPen, [x, y] = this.corner(index), side = this.plan.cell - (this.plan.cell >= 5 ? 1 : 0.5);
    const flags = this.cells.flags[index];
    pen.fillStyle = this.ink.surface;
    pen.fillRect(x, y, this.plan.cell, this.plan.cell);
    if (!(flags & READY)) {
      this.drawCross(pen, x, y, side);
      return;
    }
    if (flags & SILENT) {
      this.drawSilent(pen, x, y, side);
      return;
    }
    pen.fillStyle = this.ramp[this.cells.step(index, this.show)];
    pen.fillRect(x, y, side, side);
    if (!(flags & CORDONED)) return;
    pen.strokeStyle = this.ink.surface;
    pen.lineWidth = 3;
    this.slash(pen, x, y, side);
    pen.strokeStyle = this.ink.ink;
    pen.lineWidth = 1.4;
    this.slash(pen, x, y, side);
  }

  slash(pen, x, y, side) {
    pen.save();
    pen.beginPath();
    pen.rect(x, y, side, side);
    pen.clip();
    pen.beginPath();
    pen.moveTo(x, y + side);
    pen.lineTo(x + side, y);
    pen.stroke();
    pen.restore();
  }

  /** Silent, but not yet found out: a hollow, dashed square. */
  drawSilent(pen, x, y, side) {
    pen.strokeStyle = this.ink.ink;
    pen.lineWidth = Math.min(1.2, side / 5);
    pen.setLineDash([side / 4, side / 6]);
    pen.strokeRect(x + 0.75, y + 0.75, side - 1.5, side - 1.5);
    pen.setLineDash([]);
  }

  /** Not ready. */
  drawCross(pen, x, y, side) {
    pen.strokeStyle = this.ink.bad;
    pen.lineWidth = Math.min(1.5, side / 4);
    pen.strokeRect(x + 0.75, y + 0.75, side - 1.5, side - 1.5);
    const inset = side * 0.28;
    pen.beginPath();
    pen.moveTo(x + inset, y + inset);
    pen.lineTo(x + side - inset, y + side - inset);
    pen.moveTo(x + side - inset, y + inset);
    pen.lineTo(x + inset, y + side - inset);
    pen.stroke();
  }

  // --- how many wait ---

  note(history) {
    if (!history.length) return;
    this.history = [...this.history, ...history].slice(-720);
    if (this.plan && !this.whole) this.drawChart();
  }

  drawChart() {
    const pen = this.cellsPen, { x, y, width, height } = this.plan.blocks[this.groups.length];
    pen.fillStyle = this.ink.surface;
    pen.fillRect(x, y, width + 1, height + LABEL + 2);
    const from = Math.max(0, this.history.length - 120), notes = this.history.slice(from);
    const span = notes.length > 1 ? notes.at(-1)[0] - notes[0][0] : 0;
    pen.font = `650 13px ${this.sans}`;
    pen.fillStyle = this.ink.ink;
    pen.fillText(this.words.chart(Math.max(1, Math.round(span / 60_000))), x, y + 13);
    pen.strokeStyle = this.ink.line;
    pen.lineWidth = 1;
    for (let line = 0; line <= 3; line += 1) {
      pen.beginPath();
      pen.moveTo(x, y + LABEL + (height * line) / 3);
      pen.lineTo(x + width, y + LABEL + (height * line) / 3);
      pen.stroke();
    }
    if (notes.length < 2) return;
    const most = Math.max(10, ...notes.map((note) => note[1])), room = height - HEADROOM;
    const at = (note) => [x + (width * (note[0] - notes[0][0])) / span, y + LABEL + HEADROOM + room * (1 - note[1] / most)];
    pen.beginPath();
    pen.moveTo(x, y + LABEL + height);
    notes.forEach((note) => pen.lineTo(...at(note)));
    pen.lineTo(x + width, y + LABEL + height);
    pen.fillStyle = this.ink["id2-tint"];
    pen.fill();
    pen.beginPath();
    notes.forEach((note, number) => (number ? pen.lineTo(...at(note)) : pen.moveTo(...at(note))));
    pen.strokeStyle = this.ink["id2-edge"];
    pen.lineWidth = 2;
    pen.stroke();
    const text = notes.at(-1)[1].toLocaleString();
    pen.font = `600 12px ${this.sans}`;
    pen.fillStyle = this.ink.ink;
    const wide = pen.measureText(text).width + 4;
    pen.fillText(text, x + width - wide, baseline(notes.map(at), wide));
  }

  // --- the cursor and what has just changed ---

  drawCursor(now) {
    const pen = this.cursorPen;
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.size.width, this.size.height);
    const side = this.plan.cell - 1;
    pen.strokeStyle = this.ink.beacon;
    pen.lineWidth = 1.5;
    for (const [index, until] of this.fresh) {
      if (until < now) {
        this.fresh.delete(index);
        continue;
      }
      const [x, y] = this.corner(index);
      pen.strokeRect(x - 0.25, y - 0.25, side + 0.5, side + 0.5);
    }
    if (this.cursor === null) return;
    const [x, y] = this.corner(this.cursor);
    pen.strokeStyle = this.ink.ink;
    pen.lineWidth = 2.5;
    pen.strokeRect(x - 1.5, y - 1.5, side + 3, side + 3);
    pen.strokeStyle = this.ink.beacon;
    pen.lineWidth = 2;
    pen.strokeRect(x - 3.75, y - 3.75, side + 7.5, side + 7.5);
  }

  /** The node under a point (CSS pixels inside the canvas), by arithmetic; null beside the cells. */
  at(x, y) {
    if (!this.plan) return null;
    const { cell, blocks } = this.plan;
    for (let number = 0; number < this.groups.length; number += 1) {
      const { columns } = blocks[number];
      const column = Math.floor((x - blocks[number].x) / cell), row = Math.floor((y - blocks[number].y - LABEL) / cell);
      if (column < 0 || column >= columns || row < 0) continue;
      const index = this.groups[number].members[row * columns + column];
      if (index !== undefined) return index;
    }
    return null;
  }

  /** The neighbour of the cursor; at the edge of a group the next group in that direction. */
  neighbour(dx, dy) {
    if (this.cursor === null) return this.groups[0]?.members[0] ?? null;
    const number = this.groupOf[this.cursor], at = this.place[this.cursor];
    const { cell } = this.plan, { columns } = this.plan.blocks[number];
    const members = this.groups[number].members, column = (at % columns) + dx, wanted = at + dx + dy * columns;
    if (column >= 0 && column < columns && wanted >= 0 && wanted < members.length) return members[wanted];
    const [x, y] = this.corner(this.cursor);
    for (let step = 1; step < 200; step += 1) {
      const found = this.at(x + cell / 2 + dx * cell * step, y + cell / 2 + dy * cell * step);
      if (found !== null && found !== this.cursor && this.groupOf[found] !== number) return found;
    }
    return this.cursor;
  }

  moveTo(index) {
    this.cursor = index;
    this.ask();
  }
}
