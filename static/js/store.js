/**
 * The log of one cluster as the client knows it: pictures (frames) and the events between them.
 * Pure: no document, no socket, no clock. `stateAt(r)` is the nearest earlier picture with the events after it replayed.
 */
const EVERY = 25; // a picture is kept each so many events: a jump replays at most that many
const KEEP = 6000; // events remembered

const EMPTY = { nodes: {}, pods: {}, workloads: {}, services: {}, components: {}, queue: [], volumes: [], events: {} };

/** The state after `event`. Tables that did not change are shared; the queue is replaced whole. */
export function apply(state, event) {
  const next = { ...state };
  for (const [table, rows] of Object.entries(event.set ?? {})) {
    next[table] = Array.isArray(rows) ? rows : { ...next[table], ...rows };
  }
  for (const [table, keys] of Object.entries(event.del ?? {})) {
    next[table] = { ...next[table] };
    for (const key of keys) delete next[table][key];
  }
  return next;
}

export class Store {
  constructor() {
    this.branch = null;
    this.branches = [];
    this.clear();
  }

  clear() {
    this.first = 0; // the oldest revision the server can still show
    this.head = 0; // the newest revision known here
    this.events = new Map(); // revision → event, with its patch or (from a frame's log) without
    this.patched = new Set(); // revisions whose event came with its patch: these can be replayed
    this.pictures = new Map(); // revision → state
    this.begin = null; // where the timeline began when it was last asked
    this.near = null; // the picture last sought, so that steps forward cost one event
  }

  /** Takes a frame: the live one moves the head, one of the past becomes a picture to replay from. */
  load(frame) {
    const live = frame.branch !== this.branch || frame.revision >= this.head || frame.revision === frame.head;
    if (frame.branch !== this.branch || (live && frame.revision < this.head)) this.clear(); // another line of events
    this.branch = frame.branch;
    this.branches = frame.branches ?? this.branches;
    this.first = frame.first ?? this.first;
    this.pictures.set(frame.revision, { ...EMPTY, ...frame.state });
    for (const header of frame.log ?? []) if (!this.events.has(header.r)) this.events.set(header.r, header);
    if (live) this.head = frame.revision;
    return live;
  }

  /** Takes the next event. "gap" means that one is missing and a frame is needed; "old" that it is known already. */
  push(event) {
    if (event.r <= this.head) return "old";
    if (event.r !== this.head + 1) return "gap";
    const state = apply(this.stateAt(this.head), event);
    this.events.set(event.r, event);
    this.patched.add(event.r);
    if ((event.r - 1) % EVERY !== 0 && !this.isBase(event.r - 1)) this.pictures.delete(event.r - 1);
    this.pictures.set(event.r, state);
    this.head = event.r;
    this.events.delete(event.r - KEEP);
    this.patched.delete(event.r - KEEP);
    this.pictures.delete(event.r - KEEP);
    return "new";
  }

  /** A picture that cannot be had by replay must stay: the event that led to it came without its patch. */
  isBase(revision) {
    return !this.patched.has(revision);
  }

  /** The state at a revision, or null when the client lacks the picture and has to ask for a frame. */
  stateAt(revision) {
    if (this.pictures.has(revision)) return this.pictures.get(revision);
    if (this.near?.revision === revision) return this.near.state;
    const base = this.baseOf(revision);
    if (base === null) return null;
    let state = base === this.near?.revision ? this.near.state : this.pictures.get(base);
    for (let r = base + 1; r <= revision; r += 1) state = apply(state, this.events.get(r));
    this.near = { revision, state };
    return state;
  }

  baseOf(revision) {
    for (let r = revision; r >= this.first && r >= 0; r -= 1) {
      if (this.pictures.has(r) || this.near?.revision === r) return r;
      if (this.isBase(r)) return null;
    }
    return null;
  }

  event(revision) {
    return this.events.get(revision) ?? null;
  }

  /** The oldest revision on the timeline: events from here to the head are known at least by their headers. */
  get start() {
    let r = Math.min(this.head, this.begin ?? this.head);
    while (r > this.first && this.events.has(r)) r -= 1;
    while (r < this.head && !this.events.has(r + 1)) r += 1; // the oldest ones were forgotten
    this.begin = r;
    return r;
  }
}
