/**
 * Choreography: one act per narrated event (or batch). Every movement is a WAAPI animation that is created paused
 * and only ever sought, so rewinding and scrubbing show the same frames as playing. Only transform and opacity move.
 * Times in ms at 1×.
 */
import { icon, make, path, svg } from "./dom.js";
import { text } from "./i18n.js";
import { makeChip, updateChip } from "./marks.js";
import { repels } from "./stage.js";

const FAST = 150, BASE = 240, MOVE = 320, SLOW = 400, STAGGER = 70, TURN = 600;
const E_MOVE = "cubic-bezier(.3,.05,.2,1)", E_IN = "cubic-bezier(.1,.8,.25,1)", E_OUT = "cubic-bezier(.5,0,.9,.5)";
const MOVERS = 3; // so many ghosts travel at once
const MOST_FLIGHTS = 12; // above so many nothing travels
const CHIP = { w: 92, h: 38 }; // px at a root font of 16 px
const NARROW = 150; // px: a card narrower than this gets the bare number
const TIGHT = 220; // px: a label narrower than this says it shortly
const BATCH = 900; // a whole batch takes no longer

/** One act on the board: seek it, or throw it away. */
export class Act {
  constructor() {
    this.animations = [];
    this.extras = [];
    this.moved = new Map(); // element → the properties that an earlier animation of this act already holds
    this.duration = 0;
  }

  /** The first animation of a property also holds it before its start; a later one must not, or it would hide the first. */
  add(element, frames, delay, duration, easing = E_MOVE) {
    const properties = Object.keys(frames[0]);
    const held = this.moved.get(element) ?? new Set();
    const fill = properties.some((name) => held.has(name)) ? "forwards" : "both";
    this.moved.set(element, new Set([...held, ...properties]));
    const animation = element.animate(frames, { delay, duration: Math.max(1, duration), easing, fill });
    animation.pause();
    this.animations.push(animation);
    this.duration = Math.max(this.duration, delay + duration);
  }

  /** An overlay that lives as long as the act. */
  extra(parent, element, below = false) {
    if (below) parent.prepend(element);
    else parent.append(element);
    this.extras.push(element);
    return element;
  }

  seek(ms) {
    const at = Math.min(ms, this.duration);
    for (const animation of this.animations) animation.currentTime = at;
  }

  cancel() {
    for (const animation of this.animations) animation.cancel();
    for (const element of this.extras) element.remove();
    this.animations = [];
    this.extras = [];
  }
}

/**
 * Draws `before`, measures, draws `after`, measures, and returns the act between them (at time 0).
 * options: {moment, event, batch: several at once, decides: the event's decision is shown, still: nothing travels (many, or jumping), reduced: reduced motion}.
 */
export function buildAct(stage, before, after, { moment, event, batch = false, decides = true, still = false, reduced = false }) {
  const act = new Act();
  if (before === after || !before || !stage.pictured) {
    stage.render(after, moment);
    return act;
  }
  if (stage.state !== before) stage.render(before);
  const was = stage.measure();
  const clones = cloneChanging(stage, before, after);
  stage.render(after, moment);
  new Scene(stage, act, before, after, event, { batch, decides, still, reduced }, was, clones).play();
  act.seek(0);
  return act;
}

/** Copies of the chips that go or change, taken while the old picture still stands. */
function cloneChanging(stage, before, after) {
  const clones = new Map();
  for (const [key, pod] of Object.entries(before.pods)) {
    const next = after.pods[key];
    if (next?.uid === pod.uid && next.mark === pod.mark && next.node === pod.node) continue;
    const chip = stage.chips.get(key);
    if (chip?.isConnected) clones.set(key, plainCopy(chip));
  }
  return clones;
}

function plainCopy(chip) {
  const copy = make("span", { class: chip.className, "data-id": chip.dataset.id, "data-phase": chip.dataset.phase });
  copy.classList.remove("hot", "lit");
  for (const child of chip.children) copy.append(child.cloneNode(true));
  return copy;
}

class Scene {
  constructor(stage, act, before, after, event, options, was, clones = new Map()) {
    Object.assign(this, { stage, act, before, after, event, ...options, was, clones });
    this.now = stage.measure();
    this.quiet = this.still || this.reduced;
  }

  play() {
    const moves = [], arrivals = [], swaps = [];
    for (const [key, pod] of Object.entries(this.after.pods)) {
      const old = this.before.pods[key];
      const isNew = !old || old.uid !== pod.uid;
      if (isNew && this.batch && pod.node) moves.push(key); // made and bound within this act
      else if (isNew) arrivals.push(key);
      else if (old.node !== pod.node) moves.push(key);
      else if (old.mark !== pod.mark) swaps.push(key);
    }
    const gone = Object.keys(this.before.pods).filter((key) => this.after.pods[key]?.uid !== this.before.pods[key].uid);
    this.gap = Math.min(STAGGER, BATCH / Math.max(1, moves.length + arrivals.length + swaps.length + gone.length));
    this.message();
    arrivals.forEach((key, at) => this.arrive(key, at * this.gap));
    swaps.forEach((key, at) => this.swap(key, this.after.pods[key].mark === "unknown" ? 0 : at * this.gap)); // 12: together
    gone.forEach((key, at) => this.leave(key, at * this.gap));
    if (moves.length > MOST_FLIGHTS) this.quiet = true;
    const start = moves.length || this.event?.why ? this.decide() : 0;
    moves.forEach((key, at) => this.bind(key, start + at * this.gap, at));
    this.shift(new Set([...moves, ...arrivals]));
    this.changeNodes();
    this.keepPlaces();
  }

  /** 5a: what is written enters the API bar. */
  message() {
    const pill = this.stage.parts.message;
    if (!pill.childNodes.length || this.event?.why?.chosen) return;
    this.act.add(pill, this.quiet ? [{ opacity: 0 }, { opacity: 1 }] : [{ opacity: 0, transform: "translateX(-12px)" }, { opacity: 1, transform: "none" }], 0, this.quiet ? FAST : BASE, E_IN);
  }

  /** 1: a chip appears. */
  arrive(key, at) {
    const chip = this.stage.chips.get(key);
    if (!chip?.isConnected) return;
    const frames = this.quiet ? [{ opacity: 0 }, { opacity: 1 }] : [{ opacity: 0, transform: "scale(.8)" }, { opacity: 1, transform: "scale(1)" }];
    this.act.add(chip, frames, at, this.quiet ? FAST : BASE, E_IN);
  }

  /** 6, 7, 8, 9a: the mark changes where it stands; the old one fades over the new one. */
  swap(key, at) {
    const chip = this.stage.chips.get(key), copy = this.clones.get(key), place = this.now.chips.get(key), phase = this.after.pods[key].mark;
    if (!place) return;
    if (copy) this.act.add(this.layer("gone", copy, place), [{ opacity: 1 }, { opacity: 0 }], at, FAST);
    if (this.quiet) return this.act.add(chip, [{ opacity: 0.2 }, { opacity: 1 }], at, FAST);
    if (phase === "creating") this.turn(chip, at + FAST);
    if (phase === "running") return this.act.add(chip, [{ transform: "scale(1.07)" }, { transform: "none" }], at, BASE, E_IN);
    if (phase === "crash" || phase === "failed") return this.act.add(chip, [{ transform: "translateY(-4px)" }, { transform: "none" }], at, FAST);
    return this.act.add(chip, [{ opacity: 0.2 }, { opacity: 1 }], at, FAST);
  }

  /** 6: the open ring turns once while the image is fetched. */
  turn(chip, at) {
    this.act.add(chip.querySelector(".mark"), [{ transform: "rotate(0deg)" }, { transform: "rotate(360deg)" }], at, TURN, "linear");
  }

  /** 9b: leaves downward. */
  leave(key, at) {
    const copy = this.clones.get(key), place = this.was.chips.get(key);
    if (!copy || !place) return;
    const away = this.quiet ? "none" : "translateY(16px)";
    const layer = this.layer("gone", copy, place);
    this.act.add(layer, [{ opacity: 1, transform: at0(place) }, { opacity: 0, transform: `${at0(place)} ${away === "none" ? "" : away}` }], at, this.quiet ? FAST : BASE, E_OUT);
  }

  /** 3, 4: ghosts visit the nodes. Deciding moves nothing: the chip itself stays in the queue. Returns when the bind may start. */
  decide() {
    const why = this.event?.why;
    if (!why || !this.decides || this.still) return 0;
    const pod = this.decided();
    const place = pod && (this.was.chips.get(pod.key) ?? (this.after.pods[pod.key]?.node ? this.inQueue() : this.now.chips.get(pod.key)));
    if (!place) return 0;
    const home = this.fullSize(place);
    const across = (verdict) => this.now.cards.get(verdict.node).x;
    const inView = ({ node }) => this.now.cards.has(node) && this.now.cards.get(node).cx > 0 && this.now.cards.get(node).cx < this.now.width;
    const rejected = (why.rejected ?? []).filter(inView).sort((a, b) => across(a) - across(b));
    const scores = (why.scores ?? []).filter(inView).sort((a, b) => a.total - b.total);
    if (inView({ node: why.chosen }) && !scores.some((score) => score.node === why.chosen)) scores.push({ node: why.chosen });
    const refusals = rejected.length ? FAST : 0, visits = rejected.length ? refusals + 950 : FAST;
    const start = why.chosen ? visits + (scores.length > 1 ? 1000 : 500) : 0;
    const until = start + BASE + SLOW; // who was refused stays to be seen until the Pod has landed elsewhere
    rejected.forEach((verdict, at) => this.refuse(pod, home, verdict, refusals + at * STAGGER, at < MOVERS, this.roomFor(verdict, rejected[at + 1]), until));
    if (inView({ node: why.nominated })) this.makeRoom(why.nominated, home, visits);
    scores.forEach((score, at) => this.visit(pod, home, score, visits + at * STAGGER, scores.length - at <= MOVERS, score.node === why.chosen, scores.length));
    return start;
  }

  /** Nobody fits, but on this node preemption makes room. */
  makeRoom(node, home, at) {
    const card = this.now.cards.get(node), label = make("div", { class: "say y" }, icon("door"), make("span", {}, text("nominated")));
    this.label(label, card, card.y - 34 * this.stage.scale, at + MOVE);
    this.act.add(this.stage.nodes.get(node).parts.ring, [{ opacity: 0 }, { opacity: 1 }], at + MOVE + 100, FAST);
  }

  decided() {
    const ref = (this.event.objs ?? []).find((name) => name.startsWith("pods/"));
    const key = ref?.slice("pods/".length);
    const pod = this.before.pods[key] ?? this.after.pods[key];
    return pod ? { key, pod } : null;
  }

  /** 3: the filter says no: the ghost touches the bar on the node's edge, recoils, and the reason stays. */
  refuse(pod, home, verdict, at, travels, room, until) {
    const card = this.now.cards.get(verdict.node);
    const reach = { x: card.x + card.w * 0.5 - home.w * 0.4, y: card.y - home.h - 6 };
    if (travels && !this.reduced) {
      const ghost = this.ghost(pod, home);
      const from = { x: home.x, y: home.y };
      this.act.add(ghost, [{ opacity: 0 }, { opacity: 0.8 }], at, FAST);
      this.act.add(ghost, arc(from, reach), at, MOVE);
      this.act.add(ghost, [move(reach), move({ x: reach.x - 24, y: reach.y - 18 }, "rotate(-9deg)"), move({ x: reach.x - 20, y: reach.y - 7 }, "rotate(-7deg)")], at + MOVE, BASE, E_OUT);
      this.act.add(ghost, [{ opacity: 0.8 }, { opacity: 0 }], Math.max(at + 1300, until), FAST, E_OUT);
      this.trail([["p-no", this.from(home), { x: card.cx + 8, y: card.y - 4 }]], at, Math.max(at + 1500, until));
    }
    const label = make("div", { class: "say" }, icon("shield"), make("span", {}, this.reason(verdict, room)));
    this.label(label, card, card.y - home.h - 54 * this.stage.scale, at + MOVE + (travels ? FAST : 0), room);
  }

  /** How wide a node's label may be: as far as the label of the next card in the same row. */
  roomFor(verdict, next) {
    const card = this.now.cards.get(verdict.node), other = next && this.now.cards.get(next.node);
    return other && Math.abs(other.y - card.y) < 4 ? other.x - card.x - 6 : 320;
  }

  /** Why a node was ruled out, in few words: the plugin's idea, with the taint that did it. */
  reason({ node, plugin = "", reason = "" }, room) {
    if (room < TIGHT && plugin === "TaintToleration") return text("no-toleration");
    const taint = this.before.nodes[node]?.taints?.find(repels);
    const short = text(`no-${plugin}`, { taint: taint ? `${taint.key.split("/").pop()}${taint.value ? `=${taint.value}` : ""}` : "" });
    return short === `no-${plugin}` ? reason || plugin : short;
  }

  /** 4: the filter says yes: a ghost stands before the node with its score; the best one gets the ring. */
  visit(pod, home, score, at, travels, chosen, many) {
    const card = this.now.cards.get(score.node);
    if (travels && !this.reduced && many > 1) {
      const ghost = this.ghost(pod, home), reach = { x: card.right - home.w - 14, y: card.y - home.h - 12 };
      this.act.add(ghost, [{ opacity: 0 }, { opacity: 0.8 }], at, FAST);
      this.act.add(ghost, arc({ x: home.x, y: home.y }, reach), at, MOVE);
      this.act.add(ghost, [{ opacity: 0.8 }, { opacity: 0 }], at + 900, FAST, E_OUT);
      this.trail([["p-try", this.from(home), { x: card.right - home.w / 2, y: card.y - 6 }]], at, at + 1000);
    }
    const words = scoreText(score.total, chosen, card.w < NARROW);
    const label = make("div", { class: chosen ? "say y" : "say z" }, ...(chosen ? [icon("check")] : []), make("span", {}, words));
    this.label(label, card, card.y - 34 * this.stage.scale, at + MOVE);
    if (chosen) this.ring(at + MOVE + 100);
  }

  /** 2, 5: the one field is written, then the solid chip flies from the queue to its place. */
  bind(key, at, order) {
    const pod = this.after.pods[key], place = this.was.chips.get(key) ?? this.inQueue(), end = this.now.chips.get(key), chip = this.stage.chips.get(key);
    if (!end) return;
    if (!place || this.quiet || !pod.node) return this.settle(chip, pod, end, at);
    const home = this.fullSize(place);
    const pill = this.stage.parts.message;
    if (order === 0 && pill.childNodes.length) this.act.add(pill, [{ opacity: 0, transform: "translateX(-12px)" }, { opacity: 1, transform: "none" }], at, BASE, E_IN);
    const start = at + (order === 0 ? BASE : 0);
    const layer = this.layer("fly", this.copyOf(pod, key, this.before.pods[key], "hot"), home);
    const from = { x: home.x, y: home.y }, to = { x: end.x, y: end.y };
    const landing = { x: end.cx - home.w / 2, y: end.cy - home.h / 2 };
    this.act.add(layer, arc(from, landing), start, SLOW);
    this.act.add(layer, [{ opacity: 1 }, { opacity: 0 }], start + SLOW, FAST);
    this.act.add(chip, [{ opacity: 0 }, { opacity: 1 }], start + SLOW - 20, 20);
    const slot = this.layer("slot-place", make("span", { class: "pod slot", "data-id": chip.dataset.id }), end);
    slot.firstChild.style.height = `${end.h}px`;
    this.act.add(slot, move2(to, [0, 1]), Math.max(0, start - BASE), FAST);
    this.act.add(slot, [{ opacity: 1 }, { opacity: 0 }], start + SLOW, FAST);
    if (!this.batch) this.trail([["p-under"], ["p-go"], ["p-dots"]].map(([name]) => [name, this.from(home), { x: end.cx, y: this.now.cards.get(pod.node)?.y - 8 || end.y }]), start - FAST, start + SLOW + 600);
    if (pod.mark === "creating") this.turn(chip, start + SLOW);
    this.act.duration = Math.max(this.act.duration, start + SLOW + BASE);
  }

  /** Where a Pod waited that was made and bound within one act: at the queue's head; null where no queue is drawn. */
  inQueue() {
    const { queue } = this.now;
    if (!queue) return null;
    const w = CHIP.w * this.stage.scale, h = CHIP.h * this.stage.scale, x = Math.max(queue.x, Math.min(queue.cx - w / 2, queue.x + w / 2));
    return { x, y: queue.cy - h / 2, w, h, cx: x + w / 2, cy: queue.cy };
  }

  /** The same without travel: the chip fades in at its place, and a label says where it came from. */
  settle(chip, pod, end, at) {
    this.act.add(chip, [{ opacity: 0 }, { opacity: 1 }], at, FAST);
    const card = this.now.cards.get(pod.node);
    if (!this.reduced || !card) return;
    const label = make("div", { class: "say z" }, make("span", {}, text("queue-to", { node: pod.node })));
    this.label(label, card, card.y - 68 * this.stage.scale, at);
  }

  /** Chips that only made room glide to their new place. */
  shift(handled) {
    if (this.quiet) return;
    const cards = this.now.cards;
    for (const [key, end] of this.now.chips) {
      const home = this.was.chips.get(key);
      if (!home || handled.has(key)) continue;
      const node = this.after.pods[key]?.node, card = cards.get(node), was = this.was.cards.get(node);
      const dx = home.x - end.x - (card && was ? was.x - card.x : 0), dy = home.y - end.y - (card && was ? was.y - card.y : 0);
      if (Math.abs(dx) + Math.abs(dy) < 2) continue;
      this.act.add(this.stage.chips.get(key), [{ transform: `translate(${dx}px,${dy}px)` }, { transform: "none" }], 0, MOVE);
    }
  }

  /** 10, 11, 12: bars drop on, borders change, cards come and go. */
  changeNodes() {
    for (const [name, card] of this.stage.nodes) {
      const node = this.after.nodes[name], old = this.before.nodes[name];
      if (!old) {
        this.act.add(card, [{ opacity: 0 }, { opacity: 1 }], 0, BASE);
        continue;
      }
      const was = this.was.cards.get(name), now = this.now.cards.get(name);
      if (was && !this.quiet && Math.abs(was.x - now.x) + Math.abs(was.y - now.y) > 4) {
        this.act.add(card, [{ transform: `translate(${was.x - now.x}px,${was.y - now.y}px)` }, { transform: "none" }], 0, MOVE);
      }
      const more = (node.taints?.length ?? 0) > (old.taints?.length ?? 0);
      if (more && card.classList.contains("tainted")) {
        const bar = card.querySelector(".hazard");
        this.act.add(bar, this.quiet ? [{ opacity: 0 }, { opacity: 1 }] : [{ opacity: 0, transform: "translateY(-14px)" }, { opacity: 1, transform: "none" }], 0, BASE, E_IN);
      }
      if (node.cordoned && !old.cordoned) this.act.add(card.querySelector(".barrier i"), this.quiet ? [{ opacity: 0 }, { opacity: 1 }] : [{ transform: "translateX(-101%)" }, { transform: "none" }], 0, BASE, E_IN);
      if (old.ready !== node.ready || old.cordoned !== node.cordoned) this.act.add(card.parts.badge, [{ opacity: 0 }, { opacity: 1 }], 0, FAST);
      if (old.ready !== node.ready) this.act.add(card, [{ opacity: 0.6 }, { opacity: 1 }], 0, FAST);
    }
  }

  /** Preemption keeps a place on a node for a Pod that still waits. */
  keepPlaces() {
    for (const [key, item] of this.stage.coming) {
      if (this.before.pods[key]?.nominated === this.after.pods[key]?.nominated) continue;
      this.act.add(item, this.quiet ? [{ opacity: 0 }, { opacity: 1 }] : [{ opacity: 0, transform: "scale(.8)" }, { opacity: 1, transform: "scale(1)" }], 0, this.quiet ? FAST : BASE, E_IN);
    }
  }

  /** What travels has a chip's full size, also when it starts from a small one in a crowded queue. */
  fullSize(place) {
    const w = CHIP.w * this.stage.scale, h = CHIP.h * this.stage.scale;
    return place.h >= h - 4 && place.w > h ? place : { ...place, x: place.cx - w / 2, y: place.cy - h / 2, w, h };
  }

  /** A layer of the overlay with a chip of the size of `place`, standing there. */
  layer(kind, chip, place) {
    const layer = make("div", { class: `at ${kind}` }, chip);
    chip.style.width = `${place.w}px`;
    chip.style.height = `${place.h}px`;
    layer.style.transform = at0(place);
    return this.act.extra(this.stage.fx, layer);
  }

  copyOf(pod, key, look, extra = "") {
    const chip = makeChip("span");
    updateChip(chip, key, look ?? pod, this.stage.hues.of(pod));
    if (extra) chip.classList.add(extra);
    return chip;
  }

  ghost({ key, pod }, home) {
    return this.layer("ghost", this.copyOf(pod, key, { ...pod, mark: "pending" }), home);
  }

  from(home) {
    const edge = this.now.api ?? home;
    return { x: home.cx, y: edge.bottom };
  }

  trail(lines, from, until) {
    const drawing = svg();
    for (const [className, a, b] of lines) {
      const bend = Math.max(24, (b.y - a.y) * 0.55);
      drawing.append(path(`M${a.x} ${a.y} C ${a.x} ${a.y + bend}, ${b.x} ${b.y - bend}, ${b.x} ${b.y}`, className));
    }
    this.act.extra(this.stage.fx, drawing, true);
    this.act.add(drawing, [{ opacity: 0 }, { opacity: 1 }], Math.max(0, from), FAST);
    this.act.add(drawing, [{ opacity: 1 }, { opacity: 0 }], until, FAST, E_OUT);
  }

  /** A label above a card, kept inside the stage and below the API bar. */
  label(element, card, y, at, room = 320) {
    element.classList.add("at");
    element.style.maxWidth = `${room * this.stage.scale}px`;
    this.act.extra(this.stage.fx, element);
    const width = element.offsetWidth;
    const x = Math.max(4, Math.min(card.x + 4, this.now.width - width - 4));
    const top = Math.max((this.now.api?.bottom ?? 0) + 4, y);
    this.act.add(element, [{ opacity: 0, transform: `translate(${x}px,${top + 6}px)` }, { opacity: 1, transform: `translate(${x}px,${top}px)` }], at, FAST, E_IN);
  }

  /** The winner's ring lights only when the scores are known. */
  ring(at) {
    const ring = this.stage.nodes.get(this.event.why.chosen).parts.ring;
    this.act.add(ring, [{ opacity: 0 }, { opacity: 1 }], at, FAST);
  }
}

function scoreText(total, chosen, narrow) {
  if (total === undefined) return text(chosen ? "best" : "fits");
  if (narrow) return String(Math.round(total));
  return text(chosen ? "best-score" : "fits-score", { n: Math.round(total) });
}

const at0 = (place) => `translate(${place.x}px,${place.y}px)`;
const move = (point, more = "") => ({ transform: `translate(${point.x}px,${point.y}px) ${more}` });
const move2 = (point, opacities) => opacities.map((opacity) => ({ opacity, transform: `translate(${point.x}px,${point.y}px)` }));

/** A bent path from a to b, sampled into transforms: leaves downward, arrives from above. */
function arc(a, b, samples = 14) {
  const frames = [];
  for (let k = 0; k <= samples; k += 1) {
    const t = k / samples, u = 1 - t;
    const x = a.x * (u ** 3 + 3 * u * u * t) + b.x * (3 * u * t * t + t ** 3);
    const y = u ** 3 * a.y + 3 * u * u * t * (a.y + 90) + 3 * u * t * t * (b.y - 70) + t ** 3 * b.y;
    frames.push(move({ x, y }));
  }
  return frames;
}
