/** The sandbox page: the session with its timeline, console, tables, branches, menus and keys. */
import { Rover } from "./a11y.js";
import { Console } from "./console.js";
import { make, part, setAttribute, setText } from "./dom.js";
import { Hints } from "./hints.js";
import { clockText, text } from "./i18n.js";
import { startKeys } from "./keys.js";
import { Rings } from "./rings.js";
import { Session } from "./session.js";
import { arrangeSide } from "./side.js";
import { toggleProjector } from "./theme.js";
import { Timeline } from "./timeline.js";

const TICK = 200; // ms between two readings of the clock while time passes

const board = document.getElementById("board");
const session = new Session(board, { changed: draw, message, told, linked });
const { player, stage, store, clock } = session;

const terminal = new Console(document.getElementById("console"), {
  run: ({ id, line }) => session.send({ type: "console", id, line, ...session.at(), ...filesFor(line) }),
  interrupt: (id) => session.send({ type: "interrupt", id }),
  complete: ({ id, line }) => session.send({ type: "complete", id, line }),
});
const timeline = new Timeline(document.getElementById("timeline"), player, {
  start: () => player.toStart(),
  back: () => player.back(),
  play: () => player.toggle(),
  step: () => player.forward(),
  live: () => player.toLive(),
  fork: () => session.send({ type: "fork", at: player.shown }),
  decision: () => run({ type: "decision" }),
  quiet: () => run({ type: "quiet" }),
  advance: (seconds) => run({ type: "advance", seconds }),
  speed: (value) => {
    clock.set({ speed: value });
    session.send({ type: "speed", value });
    session.changed();
  },
});
const rings = new Rings(stage);
const rover = new Rover(document.getElementById("stage"));
const hints = new Hints(stage);
const view = { tab: "board", table: false };

/** The tables come when they are first wanted. */
let tables = null;
async function fetchTables() {
  const { Tables } = await import("./table.js");
  tables ??= new Tables(part(board, "table"));
  session.changed();
}

/** The views beside the board. Each comes with its style when it is first opened: most visits never need them. */
const links = { select: (ref) => session.select(ref), now: () => session.now(), paint, hues: session.hues };
const VIEWS = {
  scheduler: async (root) => new (await import("./matrix.js")).Matrix(root, part(board, "matrix-bar"), links),
  rollout: async (root) => new (await import("./rollout.js")).Rollout(root, links),
  pod: async (root) => new (await import("./podview.js")).PodView(root, links),
};
const coming = {};
const opened = {}; // those that have come, by name
function fetchView(name) {
  const root = document.getElementById(name);
  coming[name] ??= Promise.all([VIEWS[name](root), styled(root.dataset.sheet)]).then(([made]) => {
    opened[name] = made;
    showViews();
  });
}

/** Gives an element the hue of a Pod's owner. */
function paint(element, ref) {
  const pod = stage.state?.pods[ref.slice("pods/".length)];
  if (pod) setAttribute(element, "data-id", String(session.hues.of(pod).id));
}

/** Resolves when a style sheet is there, or can't be had. */
function styled(href) {
  return new Promise((resolve) => {
    const link = make("link", { rel: "stylesheet", href });
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
}

function showViews() {
  for (const [name, one] of Object.entries(opened)) {
    one.asNumbers(view.table);
    one.show(view.tab === name);
  }
}

/** Drives and their style come with the first volume. */
let drives = null;
function drawDrives(state) {
  if (drives) return drives.draw(state);
  if (!state.volumes?.length) return;
  const shelf = part(stage.root, "shelf");
  coming.drives ??= Promise.all([import("./drives.js"), styled(shelf.dataset.sheet)]).then(([{ Drives }]) => {
    drives = new Drives(stage, shelf);
    session.changed();
  });
}

/** The texts on the page that a line with -f may read: every field with data-file, by that name. */
function filesFor(line) {
  if (!/\s(-f|--filename)/.test(line)) return {};
  return { files: Object.fromEntries([...document.querySelectorAll("[data-file]")].map((field) => [field.dataset.file, field.value])) };
}

/** Lets the cluster go on for a while; from the past that is a new branch. */
function run(command) {
  const at = session.at();
  player.toLive();
  session.send({ ...command, ...at });
}

function message(one) {
  if (one.type === "console") terminal.write(one);
  else if (one.type === "console-end") terminal.end(one);
  else if (one.type === "completions") terminal.completions(one);
  else if (one.type === "branch") branched(one);
}

/** Another branch is live: a new one is announced, the frame that follows draws it. */
function branched({ branch, branches = [] }) {
  const known = new Set(store.branches.map((one) => one.id));
  store.branches = branches;
  const made = branches.find((one) => one.id === branch && !known.has(one.id));
  if (made) session.toast(text("forked", { r: made.forked_at }));
}

function told(event) {
  terminal.highlight((event?.objs ?? []).map((ref) => ref.split("/").pop()));
}

function linked(state) {
  if (state === "lost") terminal.cut();
}

/** Everything that follows the moment shown; once per frame at most. */
function draw() {
  if (!store.head && !store.pictures.size) return;
  timeline.draw(session.connection === "live");
  session.drawLink();
  drawBranches();
  terminal.note(player.live ? "" : text("past-note", { time: session.timeText() }));
  const state = stage.state;
  if (!state) return;
  if (view.table) tables?.draw(state, player.selected);
  drawDrives(state);
  rings.draw(state, session.now());
  hints.draw(state);
  rover.refresh();
  drawEvents(state);
  drawOwners(state);
  schedule();
}

/** While virtual time passes, the clock and the rings are read again; at rest nothing runs. */
let timer = null;
function schedule() {
  clearTimeout(timer);
  if (clock.playing && !document.hidden) timer = setTimeout(() => session.changed(), TICK);
}

let branchesDrawn = "";
function drawBranches() {
  const signature = JSON.stringify([store.branches, store.branch]);
  if (signature === branchesDrawn) return;
  branchesDrawn = signature;
  const menu = document.getElementById("branches");
  menu.hidden = store.branches.length < 2;
  const named = (one) => text("branch", { name: one.name ?? one.id });
  const current = store.branches.find((one) => one.id === store.branch);
  setText(part(menu, "branch"), current ? named(current) : "");
  part(menu, "branches").replaceChildren(...store.branches.map((one) => make(
    "button", { type: "button", "data-branch": one.id, "aria-pressed": String(one.id === store.branch) },
    named(one), make("small", {}, one.forked_at ? text("forked-at", { r: one.forked_at }) : ""),
  )));
}

const EVENTS_SHOWN = 100;
let eventsDrawn = null;
function drawEvents(state) {
  const panel = document.getElementById("con-events");
  if (panel.hidden || eventsDrawn === state.events) return;
  eventsDrawn = state.events;
  const newest = Object.values(state.events).sort((one, other) => one.t - other.t).slice(-EVENTS_SHOWN);
  const rows = newest.map((event) => make("div", { class: event.type === "Warning" ? "warn" : null },
    ...[clockText(event.t), event.type, event.reason, event.object].map((words) => make("span", {}, String(words ?? ""))),
    make("span", {}, `${event.message}${event.count > 1 ? ` (×${event.count})` : ""}`)));
  part(panel, "events").replaceChildren(...(rows.length ? rows : [text("no-events")]));
  panel.scrollTop = panel.scrollHeight;
}

function drawOwners(state) {
  const list = document.querySelector("#legend [data-part=owners]");
  if (!list || !list.closest("dialog").open) return;
  list.replaceChildren(...session.hues.owners(state.pods).map((owner) => {
    const swatch = make("span", { class: "pod s", "data-id": owner.id, "data-phase": "running", "data-stripe": owner.stripe ? "" : null });
    const drawing = document.querySelector("#legend .mark").cloneNode(true);
    drawing.firstElementChild.setAttribute("href", "#p-running");
    swatch.append(drawing);
    return make("li", {}, swatch, make("span", {}, owner.name, " ", make("b", {}, owner.version)));
  }));
}

/** Which view is shown: "board" or one of VIEWS, as a picture or as tables. Another view is a step of the browser's history. */
function setView(change) {
  const left = view.tab;
  Object.assign(view, change);
  const onBoard = view.tab === "board";
  board.parentElement.dataset.tab = view.tab;
  stage.root.hidden = !onBoard;
  stage.root.dataset.view = view.table ? "table" : "picture";
  for (const child of stage.root.children) child.hidden = (child.dataset.part === "table") !== view.table;
  for (const button of board.querySelectorAll("[data-tab]")) setAttribute(button, "aria-pressed", String(button.dataset.tab === view.tab));
  setAttribute(board.querySelector("[data-table]"), "aria-pressed", String(view.table));
  if (view.tab !== left && view.tab !== (hashTab() ?? "board")) history.pushState(null, "", onBoard ? location.pathname + location.search : `#${view.tab}`);
  if (change.tab) arrangeSide();
  if (view.table && !tables) fetchTables();
  if (!onBoard) fetchView(view.tab);
  showViews();
  player.redraw();
  session.changed();
}

/** Links to #scheduler and its like open that view, none the board, as do the browser's Back and Forward; others are places on the page. */
function hashTab() {
  const name = location.hash.slice(1);
  return name in VIEWS ? name : name === "" ? "board" : null;
}

function followHash() {
  const tab = hashTab();
  if (tab && tab !== view.tab) setView({ tab });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.tab) setView({ tab: button.dataset.tab });
  if ("table" in button.dataset) setView({ table: !view.table });
  if (button.dataset.line) {
    terminal.run(button.dataset.line);
    terminal.root.dataset.open = ""; // where it waits as one line, what the button does is to be seen
  }
  if (button.dataset.branch) session.send({ type: "branch", id: store.branches.find((one) => String(one.id) === button.dataset.branch)?.id });
  if (button.dataset.dialog === "legend") session.changed();
  if (button.closest("#console [role=tab]")) session.changed();
});

// A form that is a console line with places for its fields.
document.addEventListener("submit", (event) => {
  const line = event.target.dataset.line;
  if (!line) return;
  event.preventDefault();
  terminal.run(line.replace(/\{(\w+)\}/g, (place, name) => event.target.elements[name]?.value ?? place));
  terminal.root.dataset.open = "";
});

// A Pod on the board opens on a double click; one click selects it.
stage.root.addEventListener("dblclick", (event) => event.target.closest(".pod[data-ref]") && setView({ tab: "pod" }));
document.addEventListener("pointerdown", (event) => terminal.root.contains(event.target) || terminal.root.removeAttribute("data-open"));
document.addEventListener("keydown", (event) => event.key === "Escape" && terminal.root.removeAttribute("data-open"));

const click = (selector) => document.querySelector(selector)?.click();
startKeys({
  toggle: () => player.toggle(),
  forward: () => player.forward(),
  back: () => player.back(),
  start: () => player.toStart(),
  live: () => player.toLive(),
  slower: () => timeline.faster(-1),
  faster: () => timeline.faster(1),
  table: () => setView({ table: !view.table }),
  board: () => setView({ tab: "board" }),
  scheduler: () => setView({ tab: "scheduler" }),
  rollout: () => setView({ tab: "rollout" }),
  pod: () => setView({ tab: "pod" }),
  columnOn: () => opened.scheduler?.column(1),
  columnBack: () => opened.scheduler?.column(-1),
  legend: () => click('[data-dialog="legend"]'),
  keys: () => click('[data-dialog="keys"]'),
  console: () => terminal.focus(),
  fork: () => player.live || session.send({ type: "fork", at: player.shown }),
  repeat: () => session.speaker.repeat(session.narrator.last),
  projector: toggleProjector,
});
session.changed();
addEventListener("hashchange", followHash);
const asked = new URLSearchParams(location.search).get("ref");
if (asked) session.select(asked);
followHash();
// Before, htmx does not listen.
addEventListener("DOMContentLoaded", () => {
  for (const one of Object.values(opened)) one.refresh();
});
