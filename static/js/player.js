/**
 * Which moment is shown. The live cluster runs on its own; the story follows it in narrative time, stops where the reader
 * stops, and goes back at will. `shown` is the revision on the board; `following` means that it goes with the head.
 */
import { buildAct } from "./acts.js";
import { hotOf } from "./narrator.js";
import { AGAIN, dwell, hurry, moveRate, nextAct } from "./pace.js";

const FASTEST = 2.5; // times: moves are not hurried beyond this
const STEPS = 40; // writes that one press of "step" may take to reach one worth telling
const AFTER = 250; // ms of rest after a movement has ended, before the next event

export class Player {
  /** links: ask(revision) for a frame of the past · play(), pause(), step() of the live cluster · changed(player) · told(words, event). */
  constructor({ store, stage, narrator, clock, links, reduced }) {
    Object.assign(this, { store, stage, narrator, clock, links, reduced });
    this.shown = 0;
    this.following = true;
    this.replaying = false;
    this.stepping = 0; // how many more writes the pressed "step" may take
    this.pressure = 1; // how much the story hurries
    this.again = 1; // below 1 when the sentence has the form of the one before
    this.resume = false; // when the replay reaches the head, let the cluster go on
    this.selected = "";
    this.act = null;
    this.since = 0; // ms of narrative time within the act
    this.hold = 0;
    this.current = null; // the event that the sentence tells
    this.wanted = null; // a revision whose frame is needed
    this.asking = false; // a frame was asked for and has not come yet
    this.lastKey = ""; // the form of the last sentence
    this.frame = null;
    this.last = 0;
  }

  get head() {
    return this.store.head;
  }

  get behind() {
    return this.head - this.shown;
  }

  /** Something moves on its own: the story, or the cluster while it is followed. */
  get moving() {
    return this.replaying || (this.following && (this.clock.playing || this.behind > 0));
  }

  get live() {
    return this.following || this.shown === this.head;
  }

  /** A live frame came: the first one, after a gap, or of another branch. */
  reset() {
    this.drop();
    this.shown = this.head;
    this.following = true;
    this.replaying = false;
    this.current = this.lastTold(this.shown);
    this.show(this.shown);
  }

  /** New events are in the store. A step goes on over writes that nobody tells (status, leases, Events). */
  arrived() {
    if (this.stepping > 0) {
      this.stepping = this.store.event(this.head)?.w === 0 ? this.stepping - 1 : 0;
      if (this.stepping > 0) this.links.step();
    }
    this.wake();
    this.links.changed(this);
  }

  /** Asks for the picture of a past revision; one question at a time, the newest wish wins. */
  want(revision) {
    this.wanted = revision;
    if (this.asking) return;
    this.asking = true;
    this.links.ask(revision);
  }

  /** A frame of the past has come. */
  framed(revision) {
    this.asking = false;
    if (this.wanted === null) return;
    if (revision !== this.wanted) {
      this.want(this.wanted);
      return;
    }
    this.wanted = null;
    if (this.replaying) this.wake();
    else this.seek(revision);
  }

  /** What was asked for will not come: the connection was cut, or the server refused. */
  unanswered() {
    this.asking = false;
    this.wanted = null;
  }

  // -- what the reader does

  play() {
    if (this.following) return this.links.play();
    this.replaying = true;
    this.resume = true;
    this.wake();
    return this.links.changed(this);
  }

  pause() {
    if (this.clock.playing) this.links.pause();
    if (this.following && this.behind > 0) this.following = false;
    this.replaying = false;
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.links.changed(this);
  }

  toggle() {
    if (this.moving) this.pause();
    else this.play();
  }

  /** Next told event: from what is known, or one step of the cluster when nothing is known. */
  forward() {
    this.replaying = false;
    if (this.behind === 0) {
      if (this.act) this.finish();
      this.stepping = STEPS;
      return this.links.step();
    }
    let next = this.shown + 1;
    while (next < this.head && this.store.event(next)?.w === 0) next += 1;
    if (this.clock.playing && !this.following) this.following = false;
    return this.turn(next, next === this.head);
  }

  back() {
    let previous = this.shown - 1;
    while (previous > this.store.start && this.store.event(previous)?.w === 0) previous -= 1;
    if (previous < this.store.start) return;
    this.seek(previous);
  }

  toStart() {
    this.seek(this.store.start);
  }

  toLive() {
    this.wanted = null; // a picture of the past that is still on its way is not wished for any more
    this.following = true;
    this.replaying = false;
    this.show(this.head);
  }

  /** Shows the end of the act of `revision`; asks for its picture when it is not at hand. */
  seek(revision, share = 1) {
    const target = Math.max(this.store.start, Math.min(this.head, revision));
    this.replaying = false;
    this.following = target === this.head && share === 1;
    if (!this.store.stateAt(target)) {
      this.want(target);
      return;
    }
    this.wanted = null;
    if (!this.act || this.shown !== target || this.built !== target) this.build(this.around(target), target);
    this.since = share >= 1 ? this.hold + this.act.duration : share * this.act.duration;
    this.act.seek(this.since);
    this.links.changed(this);
  }

  select(ref) {
    this.selected = ref;
    if (this.stage.state) this.stage.render(this.stage.state, this.moment);
  }

  redraw() {
    this.drop();
    this.stage.state = null;
    this.show(this.shown);
  }

  // -- within

  turn(revision, follows) {
    this.following = follows;
    if (!this.store.stateAt(revision)) return this.seek(revision);
    this.wanted = null;
    this.build(this.around(revision), revision);
    this.since = 0;
    this.wake();
    return this.links.changed(this);
  }

  around(revision) {
    const event = this.store.event(revision);
    return { events: event ? [event] : [], kind: "one" };
  }

  show(revision) {
    const state = this.store.stateAt(revision);
    if (!state) return this.seek(revision);
    this.drop();
    this.shown = revision;
    this.current = this.lastTold(revision);
    this.stage.render(state, this.moment);
    this.narrate(1, true);
    return this.links.changed(this);
  }

  lastTold(revision) {
    for (let r = revision; r > revision - 50 && r > 0; r -= 1) {
      const event = this.store.event(r);
      if (!event) return null;
      if (event.w !== 0) return event;
    }
    return null;
  }

  moment = () => {
    return { event: this.current, hot: hotOf(this.current, this.stage), revision: this.shown, selected: this.selected };
  };

  /** Draws the act that leads to `revision` and shows `events`. */
  build({ events, kind, lead, alike = 1 }, revision) {
    const from = (events[0]?.r ?? revision) - 1;
    const after = this.store.stateAt(revision), before = this.store.stateAt(from);
    this.drop();
    this.shown = revision;
    this.built = revision;
    const told = events.filter((event) => event.w !== 0);
    this.current = lead ?? told[0] ?? (events.length ? this.lastTold(revision) : null);
    if (kind === "jump") this.current = told.at(-1) ?? this.current;
    const still = kind === "crowd" || kind === "jump";
    if (!this.stage.state) this.stage.render(after);
    this.act = buildAct(this.stage, before, after, {
      moment: this.moment, event: this.current, batch: kind === "batch" || kind === "heap", decides: kind !== "batch", still, reduced: this.reduced(),
    });
    const key = this.current?.say?.key;
    this.again = key === this.lastKey ? AGAIN : 1;
    this.hold = this.current ? dwell(this.narrator.lettersOf(this.current), this.current.w ?? 1) * this.again : 0;
    this.lastKey = key;
    this.narrate(kind === "jump" ? told.length : alike, false);
  }

  narrate(alike, quiet) {
    const words = this.narrator.show(this.current, { alike, head: this.head, pods: this.store.stateAt(this.shown)?.pods ?? {} });
    if (!quiet) this.links.told?.(words, this.current);
  }

  /** The next act of the story, or rest. */
  advance() {
    if (!this.following && !this.replaying) return false;
    if (this.behind === 0) {
      if (this.replaying) this.arriveLive();
      return false;
    }
    const pending = [];
    for (let r = this.shown + 1; r <= this.head; r += 1) pending.push(this.store.event(r) ?? { r, w: 0 });
    const plan = nextAct(pending, this.narrator.lettersOf);
    const last = plan.events.at(-1).r;
    if (!this.store.stateAt(last)) {
      this.want(last);
      return false;
    }
    if (plan.kind === "fold") {
      this.shown = last;
      this.stage.render(this.store.stateAt(last), this.moment);
      this.links.changed(this);
      return true;
    }
    const backlog = pending.reduce((sum, event) => sum + (event.w === 0 ? 0 : dwell(this.narrator.lettersOf(event), event.w)), 0);
    this.build(plan, last);
    this.pressure = hurry(backlog, this.current?.w);
    this.since = 0;
    this.links.changed(this);
    return true;
  }

  arriveLive() {
    this.replaying = false;
    this.following = true;
    if (this.resume && !this.clock.playing) this.links.play();
    this.resume = false;
    this.links.changed(this);
  }

  wake() {
    if (this.frame !== null) return;
    this.last = performance.now();
    this.frame = requestAnimationFrame(this.tick);
  }

  tick = (now) => {
    this.frame = null;
    const passed = Math.min(100, Math.max(0, now - this.last));
    this.last = now;
    const speed = this.clock.speed || 1, { pressure } = this;
    const rate = Math.max(moveRate(speed), Math.min(FASTEST, pressure) / this.again);
    let busy = false;
    if (this.act) {
      this.since += passed;
      const drawn = rate === Infinity ? this.act.duration : this.since * rate;
      this.act.seek(drawn);
      const stay = Math.max(this.hold / Math.max(speed, 0.25) / pressure, rate === Infinity ? 0 : this.act.duration / rate + AFTER / pressure);
      busy = drawn < this.act.duration || (this.since < stay && this.moving);
    }
    if (!busy) busy = this.advance();
    if (busy) this.frame = requestAnimationFrame(this.tick);
  };

  finish() {
    this.since = this.hold + this.act.duration;
    this.act.seek(this.act.duration);
  }

  drop() {
    this.act?.cancel();
    this.act = null;
    this.built = null;
  }
}
