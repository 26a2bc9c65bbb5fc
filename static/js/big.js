/** The page of a large cluster: the socket, the numbers, the words, the keys. The map itself is bigmap.js. */
import { BigMap, Cells, CORDONED, opened, READY, SILENT } from "./bigmap.js";
import { embedded, icon, make, part, setIcon, setText } from "./dom.js";
import { format } from "./i18n.js";
import { plain, sentence } from "./narrator.js";
import { setting } from "./settings.js";
import { toggleProjector } from "./theme.js";

const page = document.getElementById("main");
const words = embedded("words", {}), sentences = embedded("sentences", {});
const mine = page.dataset.mine === "true", base = page.dataset.base;
const box = document.getElementById("map"), lens = document.getElementById("lens"), spoken = document.getElementById("spoken");
const look = document.getElementById("look"), find = document.getElementById("find");
const GONE = 4404, WAITS = [1000, 2000, 4000, 8000, 15000], FEED = 12, LENS_DOTS = 40, DIGITS = 4;
const HUES = 5; // identities of Okabe and Ito that the lens uses
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const say = (key, values = {}) => format(words[key] ?? key, values);
const number = new Intl.NumberFormat(document.documentElement.lang);

const map = new BigMap(box.querySelector('[data-layer="cells"]'), box.querySelector('[data-layer="cursor"]'), colour);
map.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const state = { header: null, cells: null, zones: [], said: 0, playing: true, speed: 4, regroup: 0 };
globalThis.bigmap = { map, state }; // for whoever measures

// --- the socket ---

let socket = null, tries = 0, asked = 0;
const answers = new Map();

function connect() {
  const address = new URL(page.dataset.socket, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => {
    tries = 0;
  });
  socket.addEventListener("message", (event) => {
    if (typeof event.data === "string") hear(JSON.parse(event.data));
    else {
      picture(event.data);
      send({ type: "ack" });
    }
  });
  socket.addEventListener("close", (event) => {
    for (const settle of answers.values()) settle({ ok: false, words: say("lost") });
    answers.clear();
    if (event.code === GONE) link("lost", say("ended"), say("ended-text"));
    else retry();
  });
}

function retry() {
  const wait = WAITS[Math.min(tries, WAITS.length - 1)] * (0.85 + Math.random() * 0.3);
  tries += 1;
  link("lost", say("lost"), say("lost-text", { n: Math.round(wait / 1000) }));
  setTimeout(connect, wait);
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

/** A question or a command; the answer is {ok, result} or {ok: false, words}. */
function ask(message) {
  asked += 1;
  const n = asked;
  return new Promise((settle) => {
    answers.set(n, settle);
    send({ ...message, n });
  });
}

function hear(answer) {
  answers.get(answer.n)?.(answer);
  answers.delete(answer.n);
}

function link(kind, text, sentenceOfIt = "") {
  const pill = document.getElementById("link");
  pill.className = `pill ${kind}`;
  setText(part(pill, "words"), text);
  if (sentenceOfIt) tell(sentenceOfIt, "");
}

// --- pictures ---

function picture(buffer) {
  const { header, bytes } = opened(buffer);
  state.header = header;
  state.playing = header.playing;
  state.speed = header.speed;
  if (header.type === "first") begin(header, bytes);
  else {
    const changed = state.cells.take(bytes);
    map.change(changed);
    if (map.by === "taint" && changed.length) regroup();
  }
  const last = map.history.at(-1)?.[0] ?? -1;
  map.note(header.history.filter((note) => note[0] > last));
  numbers(header);
  story(header);
  feed(header);
}

function begin(header, bytes) {
  state.cells = new Cells(header, bytes);
  state.zones = header.zones;
  state.said = header.said - header.sayings.length;
  map.history = [];
  map.start(state.cells, header.zones, {
    groups: ["free", "reserved", "cordoned", "silent"].map((name) => say(`group-${name}`)),
    count: (n) => say("nodes", { n: number.format(n) }), chart: (minutes) => say("waiting-chart", { minutes }),
  });
}

/** Nodes change their group by taint: once a second is enough. */
function regroup() {
  const now = performance.now();
  if (now - state.regroup < 1000) return;
  state.regroup = now;
  map.arrange();
}

const percent = (thousandths) => `${Math.round(thousandths / 10)} %`;
const total = (zones, field) => zones.reduce((sum, zone) => sum + zone[field], 0);

function numbers(header) {
  const zones = header.by_zone, nodes = total(zones, "nodes");
  const cpu = nodes ? zones.reduce((sum, zone) => sum + zone.cpu * zone.nodes, 0) / nodes : 0;
  const values = {
    nodes: number.format(nodes), pods: number.format(header.pods), cpu: percent(cpu), waiting: number.format(header.waiting),
    not_ready: number.format(total(zones, "not_ready")), cordoned: number.format(total(zones, "cordoned")),
    evicted: number.format(header.evicted),
  };
  for (const element of page.querySelectorAll("[data-number]")) setText(element, values[element.dataset.number]);
  const seconds = Math.floor(header.t / 1000);
  setText(part(page, "clock"), `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
  part(page, "progress").value = header.wanted ? header.ready / header.wanted : 0;
  const progress = { ready: number.format(header.ready), wanted: number.format(header.wanted) };
  setText(part(page, "progress-words"), header.wanted ? say("progress", progress) : "\u00a0");
  bars(zones);
  pace();
  link(state.playing ? "live" : "", say(state.playing ? "live" : "paused"));
}

function bars(zones) {
  const list = part(page, "zones");
  if (list.children.length !== zones.length) {
    list.replaceChildren(...zones.map((_, at) => make(
      "li", {}, make("span", {}, state.zones[at]), make("meter", { max: 1000, "aria-hidden": "true" }), make("b", {}),
    )));
  }
  zones.forEach((zone, at) => {
    const [, meter, value] = list.children[at].children;
    meter.value = zone.cpu;
    setText(value, percent(zone.cpu));
  });
}

function pace() {
  for (const button of page.querySelectorAll("[data-speed]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === state.speed));
  }
  const toggle = page.querySelector('[data-act="toggle"]');
  if (!toggle) return;
  setIcon(toggle, state.playing ? "pause" : "play");
  setText(toggle.querySelector("span"), say(state.playing ? "pause" : "play"));
}

/** What is going on, in one heading and one or two sentences: the most urgent thing first. */
function story(header) {
  const zone = header.by_zone.findIndex((one) => one.silent);
  const parked = header.why.reduce((sum, [, count]) => sum + count, 0), cordoned = total(header.by_zone, "cordoned");
  const starting = header.bound - header.ready, waiting = header.waiting - parked;
  let told = ["quiet", {}];
  if (zone >= 0) told = ["silent", { zone: state.zones[zone], n: header.by_zone[zone].silent }];
  else if (waiting > 0) told = ["filling", { n: waiting }];
  else if (parked) told = ["stuck", { n: parked }, header.why[0][2]];
  else if (starting > 0 && header.busy) told = ["starting", { n: starting }];
  else if (cordoned) told = ["draining", { n: cordoned }];
  else if (!header.pods) told = ["empty", {}];
  setText(part(page, "story-title"), say(`${told[0]}-title`, told[1]));
  setText(part(page, "story-text"), told[2] ?? say(`${told[0]}-text`));
}

function feed(header) {
  const fresh = header.sayings.slice(Math.max(0, header.sayings.length - (header.said - state.said)));
  state.said = header.said;
  if (!fresh.length) return;
  const list = part(page, "feed");
  for (const [, key, args] of fresh.slice(-FEED)) {
    list.prepend(make("li", {}, plain(sentence({ say: { key, args }, objs: [] }, sentences))));
  }
  while (list.children.length > FEED) list.lastChild.remove();
}

function tell(text) {
  setText(spoken, text);
}

function toast(text) {
  let tray = document.querySelector(".toasts");
  if (!tray) document.body.append((tray = make("div", { class: "toasts" })));
  const note = make("p", { class: "toast", role: "status" }, text);
  tray.append(note);
  setTimeout(() => note.remove(), 5000);
}

// --- one node ---

function nameOf(index) {
  const zone = state.cells.zone[index];
  return `${state.zones[zone].at(-1)}-node-${String(Math.floor(index / state.zones.length)).padStart(DIGITS, "0")}`;
}

function labelOf(index) {
  const flags = state.cells.flags[index];
  const states = [!(flags & READY) && "notready", flags & SILENT && "silent", flags & CORDONED && "cordoned"].filter(Boolean);
  return say("node-label", {
    name: nameOf(index), zone: state.zones[state.cells.zone[index]], pods: state.cells.pods[index],
    cpu: Math.round(state.cells.cpu[index] / 2.55), memory: Math.round(state.cells.memory[index] / 2.55),
    state: states.map((name) => say(`state-${name}`)).join(""),
  });
}

let lensOf = null, lensTimer = 0;

/** Shows a node's Pods beside it; they are asked for when the pointer has rested a moment. */
function openLens(index) {
  if (index === lensOf) return;
  lensOf = index;
  clearTimeout(lensTimer);
  map.moveTo(index);
  if (index === null) {
    lens.hidden = true;
    return;
  }
  fillLens(index, null);
  lensTimer = setTimeout(async () => {
    const { ok, result } = await ask({ type: "node", name: nameOf(index) });
    if (ok && result && lensOf === index) fillLens(index, result);
  }, 90);
}

function fillLens(index, node) {
  const title = make("p", { class: "lens__h" }, icon("server"), nameOf(index));
  if (node) title.append(make("span", { class: `badge ${node.status === "True" ? "st-ready" : "st-down"}` }, node.status === "True" ? "Ready" : node.status || "NotReady"));
  const dots = make("div", { class: "dots", "aria-hidden": "true" });
  for (const pod of node?.rows.slice(0, LENS_DOTS) ?? []) {
    dots.append(make("i", { "data-id": 1 + (pod.number % HUES), class: pod.ready ? "" : "h", title: pod.name }));
  }
  const facts = [labelOf(index)];
  if (node?.rows.length > LENS_DOTS) facts.push(say("lens-more", { n: node.rows.length - LENS_DOTS }));
  if (node?.silent_for) facts.push(say("lens-silent", { time: `${Math.floor(node.silent_for / 60)}:${String(node.silent_for % 60).padStart(2, "0")}` }));
  const taints = (node?.taints ?? []).map((taint) => make("span", { class: "badge taint" }, taint));
  lens.replaceChildren(title, dots, make("small", {}, facts.join(" · ")), ...taints);
  lens.hidden = false;
  const [x, y] = map.corner(index), cell = map.plan.cell;
  const left = x + cell * 2 + lens.offsetWidth > map.size.width ? x - cell - lens.offsetWidth : x + cell * 2;
  lens.style.left = `${Math.max(0, left)}px`;
  lens.style.top = `${Math.max(0, Math.min(y - 40, map.size.height - lens.offsetHeight))}px`;
}

/** A page of the server in the dialog. */
async function openLook(address) {
  const body = part(look, "body");
  if (!look.open) {
    setText(body, say("loading"));
    look.showModal();
  }
  const response = await fetch(address, { headers: { "X-Fragment": "1" } });
  if (!response.ok) {
    setText(body, say("ended-text"));
    return;
  }
  const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
  body.replaceChildren(...parsed.body.childNodes);
  look.scrollTop = 0;
}

const nodeAddress = (name) => `${base}nodes/${encodeURIComponent(name)}/`;

// --- what the visitor does ---

async function command(message) {
  const answer = await ask(message);
  const text = answer.ok ? say("done") : answer.words;
  tell(text);
  if (!answer.ok) toast(text);
}

function press(group, chosen) {
  for (const button of page.querySelectorAll(`[data-${group}]`)) button.setAttribute("aria-pressed", String(button === chosen));
}

page.addEventListener("click", (event) => {
  const button = event.target.closest("button, a");
  if (!button) return;
  const { show, group, speed, act, command: wanted } = button.dataset;
  if (show) {
    press("show", button);
    map.show = show;
    setText(part(page, "title"), say(show));
    setText(part(page, "most"), { pods: "110", churn: "40" }[show] ?? "100 %");
    map.all();
  }
  if (group) {
    press("group", button);
    map.by = group;
    openLens(null);
    map.arrange();
  }
  if (speed !== undefined) command({ type: "pace", speed: Number(speed), playing: true });
  if (act === "toggle") command({ type: "pace", playing: !state.playing });
  if (wanted) command({ type: "command", command: JSON.parse(wanted) });
  if (button.matches("[data-table]")) {
    event.preventDefault();
    openLook(`${base}nodes/`);
  }
});

look.addEventListener("click", (event) => {
  const anchor = event.target.closest("a[data-look]");
  if (!anchor) return;
  event.preventDefault();
  openLook(anchor.href);
});

box.addEventListener("pointermove", (event) => {
  if (!state.cells) return;
  const corner = box.getBoundingClientRect();
  openLens(map.at(event.clientX - corner.left, event.clientY - corner.top));
});
box.addEventListener("pointerleave", () => openLens(null));
box.addEventListener("click", () => {
  if (lensOf !== null) openLook(nodeAddress(nameOf(lensOf)));
});
box.addEventListener("blur", () => openLens(null));

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

box.addEventListener("keydown", (event) => {
  const arrow = ARROWS[event.key];
  if (!state.cells) return;
  if (arrow) {
    event.preventDefault();
    const next = map.neighbour(...arrow);
    openLens(next);
    tell(labelOf(next));
  } else if (event.key === "Enter" && map.cursor !== null) {
    event.preventDefault();
    openLook(nodeAddress(nameOf(map.cursor)));
  } else if (event.key === "Escape") openLens(null);
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || setting("keys", "on") === "off") return;
  if (event.target.closest("input, textarea, select, dialog[open]")) return;
  const acts = {
    t: () => openLook(`${base}nodes/`), "/": () => find.showModal(), p: toggleProjector,
    "?": () => document.getElementById("keys").showModal(),
    k: () => mine && command({ type: "pace", playing: !state.playing }),
  };
  const act = acts[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});

let findTimer = 0;

document.getElementById("find-text").addEventListener("input", (event) => {
  clearTimeout(findTimer);
  findTimer = setTimeout(() => search(event.target.value), 150);
});

async function search(text) {
  const list = part(find, "found");
  const { ok, result } = text.trim() ? await ask({ type: "find", text }) : { ok: true, result: [] };
  list.replaceChildren(...(ok ? result : []).map((one) => {
    const address = one.kind === "node" ? nodeAddress(one.name) : `${base}pods/default/${encodeURIComponent(one.name)}/`;
    const where = one.kind === "pod" ? ` ${one.node ? say("on", { node: one.node }) : say("waits")}` : "";
    return make("li", {}, make("a", { href: address, class: "mono" }, one.name), make("small", {}, where));
  }));
  const told = !text.trim() ? "" : result?.length ? say("found-some", { n: result.length }) : say("found-none");
  setText(part(find, "count"), told);
}

part(find, "found").addEventListener("click", (event) => {
  const anchor = event.target.closest("a");
  if (!anchor) return;
  event.preventDefault();
  find.close();
  openLook(anchor.href);
});

new ResizeObserver(() => map.arrange()).observe(box);
new MutationObserver(() => map.plan && map.paint()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
setText(part(page, "title"), say("cpu"));
connect();
