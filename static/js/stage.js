/**
 * The board as a picture: a pure function of (state, what is narrated, what is selected). Elements are kept by name,
 * so that acts (acts.js) can measure them before and after. It never animates by itself.
 */
import { arrange, icon, make, setAttribute, setText } from "./dom.js";
import { text } from "./i18n.js";
import { makeChip, shortName, updateChip } from "./marks.js";
import { noted, numbersOf } from "./workloads.js";

const QUEUE_SHOWN = 6, LABELS_SHOWN = 2, CARDS_IN_A_ROW = 5;
const ABOVE_CHIPS = 345, CHIP_ROW = 42; // px of the stage that chips cannot have, and of one row of them
const GI = 1024 ** 3;
const SYSTEM = "kube-system";

/** Who acts, as a place on the board: "scheduler", "controllers", "api" (a person) or "node". */
export function station(actor = "") {
  if (actor.includes("scheduler")) return "scheduler";
  if (/^kube(let|-proxy)|^container/.test(actor)) return "node";
  if (/controller|recorder|garbage|admission|publisher|^csi-/.test(actor)) return "controllers";
  return "api";
}

const roleOfMaster = (node) => (node.roles ?? []).some?.((role) => role.includes("control-plane")) ?? String(node.roles).includes("control-plane");
const isMaster = (card) => card.base.includes("master");
export const repels = (taint) => taint.effect !== "PreferNoSchedule" && !taint.key.startsWith("node.kubernetes.io/");
const shortKey = (key) => key.split("/").pop();
export const taintText = (taint) => `${shortKey(taint.key)}${taint.value ? `=${taint.value}` : ""}:${taint.effect}`;
const isSystem = (pod) => pod.ns === SYSTEM;

export class Stage {
  constructor(root, hues) {
    this.root = root;
    this.hues = hues;
    this.parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((element) => [element.dataset.part, element]));
    this.nodes = new Map(); // node name → its card
    this.chips = new Map(); // "ns/name" and uid → chip
    this.order = new Map(); // uid → when it was first seen: chips keep their places
    this.coming = new Map(); // "ns/name" → the place kept for a Pod for which room is made
    this.slot = make("span", { class: "pod slot", "aria-hidden": "true" });
    this.slotItem = make("li", {}, this.slot);
    this.state = null;
    this.fit();
  }

  /** How many chips a card can show in full before it changes to marks; to be asked again when the stage's size changes. */
  fit() {
    const scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    const rows = Math.floor((this.root.clientHeight - ABOVE_CHIPS * scale) / (CHIP_ROW * scale));
    this.scale = scale;
    this.roomy = Math.max(4, Math.min(12, rows * 2));
  }

  get fx() {
    return this.parts.fx;
  }

  get pictured() {
    return this.root.dataset.view !== "table" && !this.root.hidden;
  }

  /** Draws `state`; `moment()` = {event, hot: Set of refs, revision, selected}, asked when the objects stand on the board. */
  render(state, moment = () => ({})) {
    if (state !== this.state) this.renderState(state);
    this.state = state;
    this.renderMoment(moment());
  }

  renderState(state) {
    const places = this.places(state);
    const cards = Object.values(state.nodes)
      .sort((a, b) => roleOfMaster(b) - roleOfMaster(a) || a.name.localeCompare(b.name, "en", { numeric: true }))
      .map((node) => this.renderNode(node, places.get(node.name) ?? [], (places.get("") ?? []).filter(([, pod]) => pod.nominated === node.name)));
    const shown = new Set(cards);
    for (const [name, card] of this.nodes) if (!shown.has(card)) this.nodes.delete(name);
    arrange(this.parts.nodes, cards);
    this.columns(cards);
    this.renderQueue(state, places.get("") ?? []);
    for (const key of this.coming.keys()) if (!state.pods[key]?.nominated) this.coming.delete(key);
    for (const [key, chip] of this.chips) if (!state.pods[key] || state.pods[key].uid !== chip.uid) this.chips.delete(key);
    this.renderStations(state);
    if (this.parts.empty) this.parts.empty.hidden = Object.values(state.pods).some((pod) => !isSystem(pod));
  }

  /** Pods by node name, "" for those without one, in the order in which they were first seen. */
  places(state) {
    const places = new Map();
    for (const [key, pod] of Object.entries(state.pods)) {
      if (!this.order.has(pod.uid)) this.order.set(pod.uid, this.order.size);
      if (!places.has(pod.node)) places.set(pod.node, []);
      places.get(pod.node).push([key, pod]);
    }
    for (const list of places.values()) list.sort((a, b) => this.order.get(a[1].uid) - this.order.get(b[1].uid));
    return places;
  }

  /** Up to five cards stand side by side, a control plane narrower than its workers; more make rows. */
  columns(cards) {
    const grid = this.parts.nodes;
    const signature = cards.map(isMaster).join();
    if (grid.signature === signature) return;
    grid.signature = signature;
    const width = (card) => (isMaster(card) ? "minmax(9.5rem, .62fr)" : "minmax(0, 1fr)");
    grid.style.gridTemplateColumns = cards.length <= CARDS_IN_A_ROW ? cards.map(width).join(" ") : "repeat(auto-fill, minmax(14rem, 1fr))";
  }

  chip(key, pod, small) {
    let chip = this.chips.get(key);
    if (!chip || chip.uid !== pod.uid) {
      chip = makeChip();
      chip.uid = pod.uid;
      this.chips.set(key, chip);
    }
    updateChip(chip, key, pod, this.hues.of(pod), small);
    return chip;
  }

  renderNode(node, pods, coming) {
    let card = this.nodes.get(node.name);
    if (!card) {
      card = makeCard(node.name);
      this.nodes.set(node.name, card);
    }
    const master = roleOfMaster(node), own = pods.filter(([, pod]) => !isSystem(pod)), system = pods.filter(([, pod]) => isSystem(pod));
    const down = node.ready !== "True", tainted = (node.taints ?? []).some(repels);
    card.base = ["node", master && "master", tainted && "tainted", node.cordoned && "cordoned", down && "notready"].filter(Boolean).join(" ");
    drawStatus(card, node, down);
    setText(card.parts.ip, node.ip ?? "");
    card.setAttribute("aria-label", text("node-label", { name: node.name, status: card.parts.status.textContent, n: pods.length }));
    drawBadges(card, node);
    this.drawBars(card, node, pods);
    const small = own.length > this.roomy;
    card.parts.pods.classList.toggle("dense", small);
    arrange(card.parts.pods, [...own.map(([key, pod]) => this.item(key, pod, small)), ...coming.map(([key, pod]) => this.place(key, pod))]);
    arrange(card.parts.system, system.map(([key, pod]) => this.item(key, pod, true)));
    drawMachine(card, node);
    return card;
  }

  item(key, pod, small) {
    const chip = this.chip(key, pod, small);
    chip.item ??= make("li");
    if (chip.parentElement !== chip.item) chip.item.append(chip);
    return chip.item;
  }

  /** The place on a node for a Pod that waits there until its victims have gone. */
  place(key, pod) {
    let item = this.coming.get(key);
    if (!item) {
      item = make("li", {}, make("span", { class: "pod slot coming" }, make("span", { class: "pod__t" }, make("b"), make("small", {}, text("arriving")))));
      this.coming.set(key, item);
    }
    item.firstElementChild.dataset.id = this.hues.of(pod).id;
    item.firstElementChild.title = text("nominated-title", { pod: pod.name });
    setText(item.querySelector("b"), shortName(pod));
    return item;
  }

  renderQueue(state, waiting) {
    const list = this.parts.queue;
    if (!list) return;
    const rank = new Map((state.queue ?? []).map((key, at) => [key, at]));
    const sorted = [...waiting].sort((a, b) => (rank.get(a[0]) ?? 1e9) - (rank.get(b[0]) ?? 1e9));
    const items = sorted.slice(0, QUEUE_SHOWN).map(([key, pod]) => this.item(key, pod, sorted.length > 3 && !this.root.classList.contains("mini")));
    this.more ??= make("li", { class: "more" });
    setText(this.more, `+${sorted.length - QUEUE_SHOWN}`);
    arrange(list, items.length ? [...items, ...(sorted.length > QUEUE_SHOWN ? [this.more] : [])] : [this.slotItem]);
    this.waiting = sorted.length;
  }

  drawBars(card, node, pods) {
    const unit = [text("cores"), text("gi")];
    const rows = [["cpu", 1000, unit[0]], ["memory", GI, unit[1]]];
    rows.forEach(([field, scale, name], at) => drawBar(card.parts.caps[at], text(field), pods, field, node[field] || 1, scale, name, this.hues));
  }

  renderStations(state) {
    const { scheduler, controllers } = this.parts;
    if (scheduler) drawStation(scheduler, this.parts["scheduler-note"], state.components["default-scheduler"], this.waiting ? text("queue-some", { n: this.waiting }) : text("queue-none"));
    if (!controllers) return;
    const managers = Object.entries(state.components).filter(([name]) => station(name) === "controllers");
    const off = managers.find(([, component]) => component.on === false);
    const workload = noted(state.workloads);
    const note = workload ? `${workload.row.name}: ${numbersOf(workload.row)}` : text("workload-none");
    drawStation(controllers, this.noteOf(off ? null : workload), off && { on: false, label: off[1].label ?? off[0] }, note);
  }

  /** Where the controllers' note is written: a link to the workload that it speaks of, or plain text. */
  noteOf(workload) {
    const note = this.parts["controllers-note"];
    if (!workload) return note;
    this.link ??= make("button", { type: "button", class: "obj", tabindex: "-1" });
    setAttribute(this.link, "data-ref", workload.ref);
    if (this.link.parentElement !== note) note.replaceChildren(this.link);
    return this.link;
  }

  /** What changes with every event: who is lit, what the API bar carries, which object is selected. */
  renderMoment({ event = null, hot = new Set(), revision = 0, selected = "" }) {
    const place = event ? station(event.actor) : "";
    for (const name of ["scheduler", "controllers"]) this.parts[name]?.classList.toggle("on", place === name);
    this.parts.api.classList.toggle("on", place === "api" && Boolean(event));
    setText(this.parts["api-note"], text("revision", { r: revision }));
    const chosen = event?.why?.chosen ?? "";
    for (const [name, card] of this.nodes) {
      const lit = hot.has(`nodes//${name}`) && (!event?.why || chosen === name);
      card.className = card.base + (lit ? (chosen === name ? " win" : " hot") : "");
      setAttribute(card, "data-selected", selected === `nodes//${name}` ? "" : null);
    }
    for (const [key, chip] of this.chips) {
      chip.classList.toggle("hot", hot.has(`pods/${key}`));
      setAttribute(chip, "aria-pressed", selected === `pods/${key}` ? "true" : null);
    }
    this.drawMessage(event);
    this.bringIntoView(hot);
  }

  /** Where the cards do not all fit side by side (phones), the narrated one is scrolled to. */
  bringIntoView(hot) {
    const row = this.parts.nodes.parentElement;
    if (row.scrollWidth <= row.clientWidth + 4) return;
    const card = [...hot].map((ref) => this.find(ref)?.closest(".node")).find(Boolean);
    if (!card) return;
    const left = card.offsetLeft - row.offsetLeft;
    if (left < row.scrollLeft || left + card.offsetWidth > row.scrollLeft + row.clientWidth) row.scrollLeft = left - 40;
  }

  drawMessage(event) {
    const message = this.parts.message;
    const words = event ? messageText(event) : "";
    if (message.words === words) return;
    message.words = words;
    message.replaceChildren(...(words ? [icon("mail"), words] : []));
  }

  /** Lights an object that a linked word points at (hover, focus); "" ends it. */
  light(ref) {
    for (const element of this.root.querySelectorAll(".lit")) element.classList.remove("lit");
    this.find(ref)?.classList.add("lit");
  }

  /** The element that shows an object: a chip, a node's card, or null. */
  find(ref = "") {
    const [resource, namespace, name] = ref.split("/");
    if (resource === "pods") return this.chips.get(`${namespace}/${name}`) ?? null;
    if (resource === "nodes") return this.nodes.get(name) ?? null;
    return null;
  }

  /** A rectangle in the coordinates of the overlay. */
  rect(element, origin = this.fx.getBoundingClientRect()) {
    const r = element.getBoundingClientRect();
    const x = r.left - origin.left, y = r.top - origin.top;
    return { x, y, w: r.width, h: r.height, cx: x + r.width / 2, cy: y + r.height / 2, right: x + r.width, bottom: y + r.height };
  }

  /** Where every chip and card stands now: one layout read. */
  measure() {
    const origin = this.fx.getBoundingClientRect();
    const chips = new Map(), cards = new Map();
    for (const [key, chip] of this.chips) if (chip.isConnected) chips.set(key, this.rect(chip, origin));
    for (const [name, card] of this.nodes) cards.set(name, this.rect(card, origin));
    const one = (name) => (this.parts[name] ? this.rect(this.parts[name], origin) : null);
    return { chips, cards, api: one("api"), scheduler: one("scheduler"), queue: one("queue"), width: origin.width, height: origin.height };
  }
}

/** What travels through the API server, in few words: "bind m8v2t → node-3", "create pods/web". */
function messageText(event) {
  const [first = ""] = event.objs ?? [];
  const [resource = "", , name = ""] = first.split("/");
  if (resource === "host") return ""; // written on the node itself, past the API server
  const short = resource === "pods" ? (/-([a-z0-9]{5})$/.exec(name)?.[1] ?? name) : name;
  if (event.why?.chosen) return `bind ${short} → ${event.why.chosen}`;
  if (!event.verb) return "";
  const kind = resource.split(".")[0].replace(/s$/, "");
  return `${event.verb} ${resource === "pods" ? "" : `${kind} `}${short}`.trim();
}

function makeCard(name) {
  const title = make("button", { type: "button", tabindex: "-1", "data-ref": `nodes//${name}` }, name);
  const ip = make("span", { class: "ip" }), status = make("span");
  const badges = make("div", { class: "node__b" }), caps = [makeBar(), makeBar()];
  const pods = make("ul", { class: "node__pods" }), system = make("ul", { class: "node__sys", "aria-label": text("system") }), machine = make("div", { class: "node__m" });
  const statusIcon = icon("check"), badge = make("span", { class: "badge st-ready" }, statusIcon, status);
  const ring = make("span", { class: "node__ring", "aria-hidden": "true" });
  const card = make("article", { class: "node", "data-node": name },
    ring,
    make("span", { class: "hazard", "aria-hidden": "true" }),
    make("span", { class: "barrier", "aria-hidden": "true" }, make("i")),
    make("div", { class: "node__h" }, icon("server"), make("h3", {}, title), ip, badge),
    badges, make("div", { class: "node__caps" }, ...caps.map((bar) => bar.root)), pods, make("div", { class: "node__f" }, system, machine));
  card.base = "node";
  card.parts = { ring, title, ip, status, statusIcon: statusIcon.firstElementChild, badge, badges, caps, pods, system, machine };
  return card;
}

function drawStatus(card, node, down) {
  const { status, badge, statusIcon } = card.parts;
  const unknown = node.ready === "Unknown";
  setText(status, down ? text(unknown ? "unknown" : "notready") : text(node.cordoned ? "cordoned" : "ready"));
  badge.className = `badge ${down ? "st-down" : node.cordoned ? "st-cordon" : "st-ready"}`;
  setAttribute(statusIcon, "href", down ? "#i-bolt" : node.cordoned ? "#i-barrier" : "#i-check");
}

function drawBadges(card, node) {
  const labels = Object.entries(node.labels ?? {}).filter(([key]) => !key.includes("kubernetes.io/"));
  const taints = node.taints ?? [];
  const signature = JSON.stringify([taints, labels]);
  if (card.badges === signature) return;
  card.badges = signature;
  const badge = (kind, drawing, words, title) => make("span", { class: `badge ${kind}`, title }, icon(drawing), make("span", {}, words));
  const room = taints.length ? 0 : LABELS_SHOWN;
  const shown = labels.slice(0, room).map(([key, value]) => badge("label", "tag", `${shortKey(key)}=${value}`, `${key}=${value}`));
  const rest = labels.length - shown.length;
  card.parts.badges.replaceChildren(
    ...taints.map((taint) => badge("taint", "shield", taintText(taint), `${taint.key}${taint.value ? `=${taint.value}` : ""}:${taint.effect}`)),
    ...shown,
    ...(rest > 0 ? [make("span", { class: "badge label", title: labels.slice(room).map((pair) => pair.join("=")).join(", ") }, `+${rest}`)] : []),
  );
}

function makeBar() {
  const label = make("span", { class: "cap__l" }), bar = make("span", { class: "cap__bar", role: "img" }), used = make("b"), total = make("span"), unit = make("u");
  return { root: make("div", { class: "cap" }, label, bar, make("span", { class: "cap__v" }, used, total, unit)), label, bar, used, total, unit };
}

/** A bar made of the pods on the node: one segment each, in its owner's hue; hatched until it has started. */
function drawBar(bar, label, pods, field, capacity, scale, unit, hues) {
  const asking = pods.filter(([, pod]) => pod[field] > 0);
  const used = asking.reduce((sum, [, pod]) => sum + pod[field], 0);
  const segments = asking.map(([, pod]) => [hues.of(pod).id, pod[field] / capacity, ["pending", "init", "creating"].includes(pod.mark)]).sort((a, b) => (b[0] === 0) - (a[0] === 0));
  const signature = JSON.stringify([segments, capacity]);
  if (bar.signature === signature) return;
  bar.signature = signature;
  const short = (value) => (value ? (value / scale).toFixed(1) : "0");
  const whole = (value) => String(Math.round((value / scale) * 10) / 10);
  setText(bar.label, label);
  setText(bar.used, short(used));
  setText(bar.total, `/${whole(capacity)}`);
  setText(bar.unit, ` ${unit}`);
  bar.root.classList.toggle("none", used === 0);
  bar.root.classList.toggle("full", used > capacity * 0.97);
  const words = text("requested", { what: label, used: short(used), total: whole(capacity), unit });
  bar.bar.setAttribute("aria-label", words);
  bar.root.title = words;
  bar.bar.replaceChildren(...segments.map(([id, share, arriving]) => {
    const segment = make("i", { "data-id": id, class: arriving ? "gh" : null });
    segment.style.width = `${(share * 100).toFixed(2)}%`;
    return segment;
  }));
}

function drawMachine(card, node) {
  const words = [];
  if (node.machine === "off") words.push(["off", "bolt", text("stopped")]);
  else if (node.kubelet === "off") words.push(["off", "bolt", text("off")]);
  if (node.proxy) words.push(["", "net", text("rules", { n: node.proxy.rules }), text("rules-title", { n: node.proxy.rules })]);
  if (node.images) words.push(["", "box", text("images", { n: node.images })]);
  const signature = JSON.stringify(words);
  if (card.machine === signature) return;
  card.machine = signature;
  card.parts.machine.replaceChildren(...words.map(([className, drawing, label, title]) => make("span", { class: className, title }, icon(drawing), label)));
}

function drawStation(element, note, component, words) {
  const off = component?.on === false;
  element.classList.toggle("down", off);
  setText(note, off ? `${component.label ?? ""} ${text("down")}`.trim() : words);
}

