/** One cluster on a page: socket → store → player → stage. The sandbox and the home page build on it. */
import { Speaker } from "./a11y.js";
import { Clock } from "./clock.js";
import { embedded, make, setAttribute, setText } from "./dom.js";
import { clockText, spanText, text } from "./i18n.js";
import { Hues } from "./marks.js";
import { Narrator } from "./narrator.js";
import { Player } from "./player.js";
import { Socket } from "./socket.js";
import { Stage } from "./stage.js";
import { Store } from "./store.js";

const SETTLE = 500; // ms between two `clusterscope:moment` events
const TOAST = 6000;
const PATIENCE = 2000; // ms without a connection before the banner shows
const SIGN_OF_LIFE = 30_000; // ms: a cluster that nobody watches falls asleep

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

export class Session {
  /** root carries data-cluster and data-socket. hooks: changed(session), message(object), all optional. */
  constructor(root, hooks = {}) {
    this.hooks = hooks;
    this.store = new Store();
    this.clock = new Clock();
    this.hues = new Hues();
    this.stage = new Stage(document.getElementById("stage"), this.hues);
    this.narrator = new Narrator(document.getElementById("narration"), embedded("sentences", {}), this.hues);
    this.speaker = new Speaker(document.getElementById("speech"), document.getElementById("alarm"));
    this.connection = "connecting";
    this.player = new Player({
      store: this.store, stage: this.stage, narrator: this.narrator, clock: this.clock, reduced: () => reducedMotion.matches,
      links: {
        ask: (revision) => this.send({ type: "frame", revision }),
        play: () => this.send({ type: "play" }),
        pause: () => this.send({ type: "pause" }),
        step: () => this.send({ type: "step" }),
        changed: () => this.changed(),
        told: (words, event) => this.told(words, event),
      },
    });
    const first = embedded("first-frame");
    if (first) this.take({ type: "frame", ...first });
    this.socket = new Socket(root.dataset.socket || `/ws/cluster/${root.dataset.cluster}/`, {
      message: (message) => this.take(message),
      state: (state, wait) => this.linked(state, wait),
    });
    this.linkWords();
    addEventListener("resize", () => this.resized());
    document.addEventListener("visibilitychange", () => this.watched());
    setInterval(() => document.hidden || this.send({ type: "watch" }), SIGN_OF_LIFE);
  }

  send(message) {
    return this.socket?.send(message) ?? false;
  }

  /** The page is looked at again: the cluster may have slept meanwhile, so its clock is asked for anew. */
  watched() {
    if (document.hidden) {
      this.hiddenAt = performance.now();
      return;
    }
    if (performance.now() - (this.hiddenAt ?? 0) > SIGN_OF_LIFE) {
      this.send({ type: "watch" });
      this.send({ type: "frame" });
    }
    this.player.wake();
    this.changed();
  }

  /** What only makes sense from the shown past carries its revision: the server forks there. */
  at() {
    return this.player.live ? {} : { at: this.player.shown };
  }

  take(message) {
    if (message.type === "frame") this.takeFrame(message);
    else if (message.type === "event") this.takeEvent(message);
    else if (message.type === "clock") this.takeClock(message);
    else if (message.type === "resync") this.send({ type: "frame" });
    else if (message.type === "error") this.refused(message.message);
    else this.hooks.message?.(message);
  }

  refused(words) {
    this.player.unanswered();
    this.asked = false;
    this.toast(words);
  }

  takeFrame(frame) {
    const { store, player } = this;
    const before = { branch: store.branch, head: store.head };
    const live = store.load(frame);
    if (!live) return player.framed(frame.revision);
    this.asked = false;
    this.clock.set({ now: frame.now, playing: frame.playing ?? this.clock.playing, speed: frame.speed ?? this.clock.speed });
    const same = before.branch === store.branch;
    const missed = same ? frame.revision - before.head : 0;
    if (same && missed === 0) return this.changed();
    this.hues.tidy(store.stateAt(store.head).pods); // before anything is drawn: a branch that is shown again has its old hues
    if (!same || missed < 0 || player.following) player.reset();
    if (missed > 0 && before.head) this.toast(text("away", { n: missed }));
    if (!same && before.branch !== null) this.emit("branch", { branch: store.branch });
    return this.changed();
  }

  takeEvent(event) {
    const outcome = this.store.push(event);
    if (outcome === "old") return;
    if (outcome === "gap") {
      if (!this.asked) this.asked = this.send({ type: "frame" });
      return;
    }
    if (event.t > this.clock.now()) this.clock.set({ now: event.t });
    if (Object.keys(event.del ?? {}).includes("pods")) this.hues.tidy(this.store.stateAt(this.store.head).pods);
    this.player.arrived();
  }

  takeClock(message) {
    this.clock.set(message);
    if (message.head > this.store.head && !this.asked) {
      // events may still be on their way: ask only when the next clock finds the gap again
      if (this.late === this.store.head) this.asked = this.send({ type: "frame" });
      this.late = this.store.head;
    }
    this.changed();
  }

  changed() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => {
      this.drawing = null;
      this.hooks.changed?.(this);
      this.tellMoment();
    });
  }

  /** `clusterscope:moment` for the documents beside the board: at most twice a second, and once at rest. */
  tellMoment() {
    const { player, store } = this;
    const signature = `${store.branch}/${player.shown}/${player.live}`;
    if (signature === this.momentTold) return;
    const wait = SETTLE - (performance.now() - (this.momentAt ?? 0));
    if (wait > 0) {
      clearTimeout(this.momentTimer);
      this.momentTimer = setTimeout(() => this.tellMoment(), wait);
      return;
    }
    this.momentTold = signature;
    this.momentAt = performance.now();
    this.fillMoment();
    this.emit("moment", { revision: player.shown, now: this.now(), branch: store.branch, live: player.live });
  }

  fillMoment() {
    const fields = document.getElementById("moment")?.elements;
    if (!fields) return;
    fields.branch.value = this.store.branch ?? "";
    fields.revision.value = this.player.shown;
    fields.live.value = String(this.player.live);
    fields.ref.value = this.player.selected;
  }

  emit(name, detail) {
    document.body.dispatchEvent(new CustomEvent(`clusterscope:${name}`, { bubbles: true, detail }));
  }

  /** Virtual time on the board: the cluster's when live, the shown event's otherwise. */
  now() {
    const { player, store } = this;
    if (player.live && player.behind === 0) return this.clock.now();
    return (store.event(player.shown) ?? store.event(player.shown + 1))?.t ?? this.clock.now();
  }

  told(words, event) {
    if (event) this.speaker.say(words);
    this.hooks.told?.(event);
  }

  // -- selection

  select(ref) {
    this.player.select(ref);
    this.fillMoment();
    this.emit("select", { ref, revision: this.player.shown, branch: this.store.branch });
  }

  /** Words that name an object, anywhere on the page: hover and focus light it, a click selects it. */
  linkWords() {
    const lit = (event) => {
      const word = event.target.closest?.("[data-ref]");
      this.stage.light(word && !word.closest(".nodes, .queue") ? word.dataset.ref : "");
    };
    document.addEventListener("pointerover", lit);
    document.addEventListener("focusin", lit);
    document.addEventListener("click", (event) => {
      const word = event.target.closest("[data-ref]");
      if (!word) return;
      event.preventDefault();
      this.select(word.dataset.ref);
    });
  }

  // -- connection

  linked(state, wait) {
    const before = this.connection;
    this.connection = state === "connecting" && before === "lost" ? "lost" : state;
    if (state === "live") {
      clearTimeout(this.bannerTimer);
      clearInterval(this.countdown);
      this.showBanner("");
      if (this.wasLive) {
        this.speaker.alert(text("back"));
        this.send({ type: "frame" });
      }
      this.wasLive = true;
    }
    if (state === "lost") this.lost(wait, before);
    if (state === "gone") this.showBanner(text("gone"));
    this.emit("link", { state: this.connection });
    this.hooks.linked?.(this.connection);
    this.changed();
  }

  lost(wait, before) {
    this.player.unanswered();
    if (before !== "lost") {
      this.clock.set({ playing: false });
      this.lostAt = performance.now();
    }
    clearInterval(this.countdown);
    let left = wait;
    const show = () => {
      if (performance.now() - this.lostAt < PATIENCE) return;
      this.showBanner(left > 0 ? text("lost", { n: left }) : text("lost-now"));
      left -= 1;
    };
    this.countdown = setInterval(show, 1000);
    this.bannerTimer = setTimeout(() => this.connection === "lost" && this.speaker.alert(text("lost-now")), PATIENCE);
  }

  showBanner(words) {
    const banner = document.getElementById("banner");
    if (!banner) return;
    banner.hidden = !words;
    setText(banner.querySelector("span"), words);
  }

  toast(words) {
    const host = document.getElementById("toasts");
    if (!host) return;
    const toast = make("div", { class: "toast", role: "status" }, words);
    host.append(toast);
    while (host.childElementCount > 3) host.firstElementChild.remove();
    const leave = () => (toast.matches(":hover") ? setTimeout(leave, 1000) : toast.remove());
    setTimeout(leave, TOAST);
  }

  resized() {
    clearTimeout(this.resizeTimer);
    this.resizeTimer = setTimeout(() => {
      this.stage.fit();
      this.player.redraw();
      this.changed();
    }, 120);
  }

  /** The pill in the top bar. */
  drawLink() {
    const pill = document.getElementById("link");
    if (!pill) return;
    const { player } = this;
    let kind = "live", words = text("live");
    if (this.connection !== "live") [kind, words] = ["lost", text(this.connection === "connecting" ? "connecting" : "reconnecting")];
    else if (!player.live) [kind, words] = ["past", text("rewound", { span: spanText(Math.max(0, this.clock.now() - this.now())) })];
    else if (!this.clock.playing) [kind, words] = ["still", text("paused")];
    setAttribute(pill, "class", `pill ${kind}`);
    setText(pill.querySelector("[data-part=text]"), words);
  }

  /** "0:14.2", for notes. */
  timeText() {
    return clockText(this.now());
  }
}
