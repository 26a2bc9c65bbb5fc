/** One sentence at a time, above what it describes: who acts, what happens, which objects (linked words). */
import { make, mark, part, setIcon, setText } from "./dom.js";
import { format, pieces, plural, text } from "./i18n.js";
import { shortName } from "./marks.js";
import { station } from "./stage.js";

const REFERENCE = /^(?!.*:)[a-z]+(\.[a-z0-9.-]+)?\/[^/ ]*\/[^/ ]+$/;
const ICONS = { scheduler: "compass", controllers: "loop", api: "term" };

const WITHIN = new Set(["container", "image"]); // arguments that name a part of a Pod, even when the Pod is called the same

const lastPart = (ref) => ref.split("/").pop();

export const isReference = (value) => typeof value === "string" && REFERENCE.test(value);

function iconOf(actor = "") {
  if (actor.startsWith("kubelet")) return "kubelet";
  if (actor.startsWith("kube-proxy")) return "net";
  return ICONS[station(actor)] ?? "server";
}

/** The parts of an event's sentence: {text} · {bold} · {ref}. An event without a template is told by actor, verb and object. */
export function sentence(event, sentences) {
  const template = sentences[event.say?.key];
  if (template === undefined) {
    const [first = ""] = event.objs ?? [];
    return [{ bold: event.actor ?? "" }, { text: ` ${event.verb ?? ""} ` }, ...(first ? [{ ref: first }] : [])];
  }
  // an argument that names one of the objects links to it; what is written on a node itself is no object
  const names = new Map((event.objs ?? []).filter((ref) => !ref.startsWith("host/")).map((ref) => [lastPart(ref), ref]));
  const parts = [];
  let bold = false;
  const literal = (words) => words.split("**").forEach((word, at) => {
    if (at) bold = !bold;
    if (word) parts.push(bold ? { bold: word } : { text: word });
  });
  for (const piece of pieces(template)) {
    const value = event.say.args?.[piece.name];
    if (piece.text !== undefined) literal(piece.text);
    else if (piece.forms) parts.push({ text: plural(piece.forms, value) });
    else if (isReference(value) || (names.has(value) && !WITHIN.has(piece.name))) parts.push({ ref: names.get(value) ?? value });
    else parts.push(bold ? { bold: String(value ?? "") } : { text: String(value ?? "") });
  }
  return parts;
}

export function plain(parts) {
  return parts.map((item) => item.text ?? item.bold ?? lastPart(item.ref)).join("").replace(/\s+/g, " ").trim();
}

/** Which references of an event glow: at most two that the board can show. */
export function hotOf(event, stage) {
  return new Set((event?.objs ?? []).filter((ref) => stage.find(ref)).slice(0, 2));
}

export class Narrator {
  constructor(root, sentences, hues) {
    this.root = root;
    this.hues = hues;
    this.sentences = sentences;
    this.words = part(root, "sentence");
    this.count = part(root, "count");
    this.last = "";
  }

  partsOf(event) {
    return sentence(event, this.sentences);
  }

  lettersOf = (event) => plain(this.partsOf(event)).length;

  /** Shows the sentence of `event` (or of several: "6 events: …") and returns it as plain text. */
  show(event, { alike = 1, head, pods = {} } = {}) {
    this.root.classList.toggle("idle", !event);
    setIcon(part(this.root, "who"), event ? iconOf(event.actor) : "eye");
    const parts = event ? this.partsOf(event) : [{ text: text("idle") }];
    const before = alike > 1 ? format(text("batch", { n: alike, first: "" })) : "";
    this.words.replaceChildren(before, ...parts.map((item) => element(item, pods, this.hues)));
    if (this.count) {
      this.count.replaceChildren();
      if (event) this.count.append(text("event", { r: event.r }), make("br"), text("of", { head }));
    }
    this.last = before + plain(parts);
    return this.last;
  }

  note(words) {
    setText(this.words, words);
  }
}

function element(item, pods, hues) {
  if (item.text !== undefined) return item.text;
  if (item.bold !== undefined) return make("b", {}, item.bold);
  const [resource, namespace, name] = item.ref.split("/");
  const pod = resource === "pods" ? pods[`${namespace}/${name}`] : null;
  const word = make("button", { type: "button", class: "obj", "data-ref": item.ref, title: item.ref, lang: "en", translate: "no" });
  if (pod) {
    word.dataset.id = hues.of(pod).id;
    word.append(mark(pod.mark));
  }
  word.append(pod ? shortName(pod) : name);
  return word;
}
