/** The board as tables: pods and nodes, sortable, with the same selection. The alternative for those who do not see the picture. */
import { make, mark, setText } from "./dom.js";
import { clockText, text } from "./i18n.js";
import { autoscaler, numbersOf } from "./workloads.js";

const GI = 1024 ** 3;
const taint = (one) => `${one.key}${one.value ? `=${one.value}` : ""}:${one.effect}`;
const sum = (pods, field) => pods.reduce((total, pod) => total + (pod[field] || 0), 0);

const POD_COLUMNS = [
  ["name", (pod) => pod.name], ["namespace", (pod) => pod.ns], ["owner", (pod) => pod.app || pod.owner?.name || ""], ["version", (pod) => pod.version],
  ["phase", (pod) => pod.status], ["ready-col", (pod) => pod.ready], ["restarts", (pod) => pod.restarts], ["node", (pod) => pod.node || (pod.nominated ? `${pod.nominated} (${text("arriving")})` : "")],
  ["reason", (pod) => (pod.held ? text("held", { name: pod.held }) : pod.message || pod.reason || "")], ["since", (pod) => pod.since, (value) => clockText(value ?? 0)],
];
const NODE_COLUMNS = [
  ["name", (node) => node.name], ["phase", (node) => text({ True: "ready", False: "notready" }[node.ready] ?? "unknown") + (node.cordoned ? `, ${text("cordoned")}` : "")],
  ["taints", (node) => (node.taints ?? []).map(taint).join(", ")], ["ip", (node) => node.ip ?? ""],
  ["requests-cpu", (node, pods) => sum(pods, "cpu"), (value, node) => `${(value / 1000).toFixed(1)} / ${(node.cpu / 1000).toFixed(1)}`],
  ["requests-memory", (node, pods) => sum(pods, "memory"), (value, node) => `${(value / GI).toFixed(1)} / ${(node.memory / GI).toFixed(1)} Gi`],
  ["pods-col", (node, pods) => pods.length],
];

const WORKLOAD_COLUMNS = [
  ["name", (row) => row.name], ["namespace", (row) => row.ns], ["kind", (row) => row.kind], ["owner", (row) => row.owner?.name ?? ""],
  ["phase", numbersOf], ["pods-col", (row) => row.current], ["updated", (row) => row.updated ?? ""], ["available", (row) => row.available ?? ""], ["scaled-by", autoscaler],
];

const VOLUME_COLUMNS = [
  ["name", (row) => row.name], ["kind", (row) => row.type], ["node", (row) => row.node], ["phase", (row) => row.phase], ["size", (row) => row.size],
  ["pods-col", (row) => row.pods.map((key) => key.split("/")[1]).join(", ")],
];

export class Tables {
  constructor(root) {
    this.root = root;
    this.sorted = { pods: [0, 1], nodes: [0, 1], workloads: [0, 1], volumes: [0, 1] };
    this.tables = {};
    root.addEventListener("click", (event) => {
      const button = event.target.closest("thead button");
      if (!button) return;
      const [kind, column] = button.dataset.sort.split(":");
      const [was, direction] = this.sorted[kind];
      this.sorted[kind] = [Number(column), was === Number(column) ? -direction : 1];
      this.draw(this.state, this.selected);
    });
  }

  draw(state, selected) {
    if (!this.tables.pods) this.make();
    this.state = state;
    this.selected = selected;
    const pods = Object.entries(state.pods).map(([key, pod]) => ({ ref: `pods/${key}`, row: pod, more: null }));
    const nodes = Object.values(state.nodes).map((node) => ({ ref: `nodes//${node.name}`, row: node, more: Object.values(state.pods).filter((pod) => pod.node === node.name) }));
    const workloads = Object.entries(state.workloads).map(([ref, row]) => ({ ref, row, more: null }));
    this.fill("workloads", WORKLOAD_COLUMNS, workloads);
    this.fill("pods", POD_COLUMNS, pods);
    this.fill("nodes", NODE_COLUMNS, nodes);
    this.fill("volumes", VOLUME_COLUMNS, state.volumes.map((row) => ({ ref: row.ref, row, more: null, key: row.key })));
    this.tables.volumes.body.closest(".panel").hidden = !state.volumes.length;
  }

  make() {
    for (const [kind, columns] of [["nodes", NODE_COLUMNS], ["workloads", WORKLOAD_COLUMNS], ["pods", POD_COLUMNS], ["volumes", VOLUME_COLUMNS]]) {
      const head = make("tr", {}, ...columns.map(([name], at) => make("th", { scope: "col" }, make("button", { type: "button", "data-sort": `${kind}:${at}` }, text(name)))));
      const body = make("tbody");
      const table = make("table", { class: "list" }, make("caption", {}, text(kind)), make("thead", {}, head), body);
      this.root.append(make("div", { class: "panel" }, table));
      this.tables[kind] = { head, body };
    }
  }

  fill(kind, columns, items) {
    const { head, body } = this.tables[kind], [column, direction] = this.sorted[kind];
    [...head.children].forEach((cell, at) => {
      if (at === column) cell.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    });
    const value = columns[column][1];
    items.sort((a, b) => direction * String(value(a.row, a.more)).localeCompare(String(value(b.row, b.more)), "en", { numeric: true }));
    const old = new Map([...body.rows].map((row) => [row.dataset.row, row]));
    const rows = items.map((item) => {
      const row = old.get(item.key ?? item.ref) ?? makeRow(item, columns);
      columns.forEach(([name, read, show], at) => {
        const cell = row.cells[at], words = String(show ? show(read(item.row, item.more), item.row) : read(item.row, item.more) ?? "");
        const target = at === 0 ? cell.firstElementChild : cell;
        if (kind === "pods" && name === "phase") drawPhase(cell, item.row, words);
        else setText(target, words);
      });
      row.toggleAttribute("data-selected", item.ref === this.selected);
      return row;
    });
    const focused = document.activeElement;
    body.replaceChildren(...rows);
    if (focused && body.contains(focused)) focused.focus({ preventScroll: true });
  }
}

function makeRow({ ref, key = ref }, columns) {
  const cells = columns.map(([name], at) => (at === 0
    ? make("th", { scope: "row" }, make("button", { type: "button", class: "obj", "data-ref": ref }))
    : make("td", { class: ["reason", "taints", "scaled-by"].includes(name) ? "w" : null })));
  return make("tr", { "data-row": key }, ...cells);
}

function drawPhase(cell, pod, words) {
  if (cell.words === words + pod.mark) return;
  cell.words = words + pod.mark;
  const drawing = mark(pod.mark);
  drawing.dataset.id = "0";
  cell.replaceChildren(drawing, words);
}
