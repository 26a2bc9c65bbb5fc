/**
 * Where files lie: drives in the node cards (what is on a node's disk stays there), and beside the nodes a shelf of network
 * storage and of claims that wait. A drive and the Pods that mount it light each other.
 */
import { arrange, icon, make, setAttribute, setText } from "./dom.js";
import { text } from "./i18n.js";

const SHOWN = 6; // drives in a card, more are counted

/** One of "left", "folder", "empty", "memory", "claim", "volume": how a volume is spoken of and drawn. */
function kindOf(volume) {
  if (volume.left) return "left";
  if (volume.ref.startsWith("persistentvolumeclaims/")) return "claim";
  if (volume.phase || volume.place === "network") return "volume";
  if (volume.place === "memory") return "memory";
  return volume.type === "hostPath" ? "folder" : "empty";
}

function words(volume, kind) {
  const pods = volume.pods.map((key) => key.split("/")[1]).join(", ");
  const users = pods ? text("mounted-by", { pods }) : text("mounted-by-none");
  return text(`drive-${kind}`, { name: volume.name, node: volume.node, n: volume.left, users, phase: volume.phase, size: volume.size, type: volume.type });
}

export class Drives {
  constructor(stage, shelf) {
    this.stage = stage;
    this.shelf = shelf;
    this.list = shelf.querySelector("ul");
    this.items = new Map(); // key → its list item
    this.rows = null;
    document.querySelector("#legend [data-part=drives]").hidden = false;
    for (const name of ["pointerover", "focusin"]) document.addEventListener(name, (event) => this.light(event.target));
  }

  draw(state) {
    const { volumes = [] } = state;
    if (volumes === this.rows && this.cards === this.stage.nodes.size) return;
    this.rows = volumes;
    this.cards = this.stage.nodes.size;
    for (const [name, card] of this.stage.nodes) this.drawCard(card, volumes.filter((volume) => volume.node === name));
    const beside = volumes.filter((volume) => !this.stage.nodes.has(volume.node));
    this.shelf.hidden = !beside.length;
    arrange(this.list, beside.map((volume) => this.item(volume, true)));
    const known = new Set(volumes.map((volume) => volume.key));
    for (const key of this.items.keys()) if (!known.has(key)) this.items.delete(key);
  }

  drawCard(card, volumes) {
    if (!volumes.length) return card.drives?.remove();
    if (!card.drives) {
      card.drives = make("ul", { class: "drives", "aria-label": text("drives") });
      card.more = make("li", { class: "more" });
    }
    if (!card.drives.isConnected) card.lastElementChild.before(card.drives);
    setText(card.more, `+${volumes.length - SHOWN}`);
    arrange(card.drives, [...volumes.slice(0, SHOWN).map((volume) => this.item(volume, false)), ...(volumes.length > SHOWN ? [card.more] : [])]);
  }

  item(volume, full) {
    let item = this.items.get(volume.key);
    if (!item) {
      const name = make("b"), note = make("small");
      item = make("li", {}, make("button", { type: "button", class: "drive", tabindex: "-1" }, icon("db"), make("span", {}, name, note)));
      item.parts = { button: item.firstElementChild, name, note };
      this.items.set(volume.key, item);
    }
    const { button, name, note } = item.parts, kind = kindOf(volume), said = words(volume, kind);
    button.dataset.kind = kind;
    button.dataset.phase = volume.phase;
    button.dataset.pods = volume.pods.join(" ");
    setAttribute(button, "data-ref", volume.ref);
    setAttribute(button, "title", said);
    setAttribute(button, "aria-label", said);
    setText(name, volume.name);
    setText(note, full ? [volume.phase, volume.type === "persistentVolumeClaim" ? "" : volume.type, volume.size].filter(Boolean).join(" · ") : "");
    return item;
  }

  /** A drive lights the Pods that mount it, a Pod its drives. */
  light(target) {
    const drive = target.closest?.(".drive"), pod = target.closest?.(".pod[data-ref]")?.dataset.ref.slice("pods/".length);
    for (const key of drive?.dataset.pods.split(" ") ?? []) this.stage.chips.get(key)?.classList.add("lit");
    for (const { parts } of this.items.values()) parts.button.classList.toggle("lit", Boolean(pod) && parts.button.dataset.pods.split(" ").includes(pod));
  }
}
