/** What a pod looks like: hue by owner, mark by phase, the short name that kubectl prints last. */
import { icon, make, mark, setAttribute, setText } from "./dom.js";
import { text } from "./i18n.js";

const HUES = 5; // blue, orange, green, purple, sky; then again, striped
const SYSTEM = "kube-system";

/** "web-6d4cf56db6-m8v2t" → "m8v2t" for generated names, with its index where it has one ("sum-0-m8v2t" → "0-m8v2t"), the whole name otherwise. */
export function shortName(pod) {
  if (!pod.owner) return pod.name;
  const generated = /-([bcdfghjklmnpqrstvwxz2456789]{5})$/.exec(pod.name);
  if (!generated) return pod.name;
  return pod.ordinal ? `${pod.ordinal}-${generated[1]}` : generated[1];
}

/** What stands under the name: the owner, or its kind where the name of the pod says the owner ("db-0"). */
function ownerWords(pod) {
  if (!pod.owner) return "Pod";
  return pod.owner.kind === "StatefulSet" ? pod.owner.kind : pod.app;
}

function ownerKey(pod) {
  return pod.app ? `${pod.ns}/${pod.app}@${pod.version}` : `${pod.ns}/${pod.name}`;
}

/** Hands out the hues in order; an owner keeps its own until it has no pod left. */
export class Hues {
  constructor() {
    this.given = new Map();
  }

  /** Forget owners without a pod in the live state, so that their hue is free for the next one. */
  tidy(pods) {
    const alive = new Set(Object.values(pods).map(ownerKey));
    for (const key of this.given.keys()) if (!alive.has(key)) this.given.delete(key);
  }

  /** {id: 0–5, stripe} of a pod's owner. System pods are slate. */
  of(pod) {
    if (pod.ns === SYSTEM) return { id: 0, stripe: false };
    const key = ownerKey(pod);
    if (!this.given.has(key)) {
      const taken = new Set(this.given.values());
      let free = 1;
      while (taken.has(free)) free += 1;
      this.given.set(key, free);
    }
    const number = this.given.get(key);
    return { id: ((number - 1) % HUES) + 1, stripe: number > HUES };
  }

  /** The hue of an owner ("default/web@v2") that has one, 0 for others: looking gives none away. */
  known(key) {
    const number = this.given.get(key);
    return number ? ((number - 1) % HUES) + 1 : 0;
  }

  /** Owners in the order of their hues: [{name, version, id, stripe}], for the legend. */
  owners(pods) {
    const seen = new Map();
    for (const pod of Object.values(pods)) {
      const hue = this.of(pod);
      const name = hue.id ? pod.app || pod.name : SYSTEM;
      seen.set(`${name}@${pod.version}`, { name, version: hue.id ? pod.version : "", ...hue });
    }
    return [...seen.values()].sort((a, b) => a.stripe - b.stripe || a.id - b.id);
  }
}

export function podLabel(pod) {
  return text("pod-label", {
    name: `${pod.app && pod.app !== pod.name ? `${pod.app} ` : ""}${shortName(pod)}`,
    version: pod.version ? text("pod-version", { version: pod.version }) : "",
    status: pod.status,
    place: pod.node ? text("on-node", { node: pod.node }) : text("no-node"),
  }) + (pod.held ? `, ${text("held", { name: pod.held })}` : "");
}

/** A pod's chip. `updateChip` draws it; the element stays the same for the life of the pod. */
export function makeChip(tag = "button") {
  const name = make("b"), owner = make("small"), version = make("i");
  const chip = make(tag, { class: "pod", ...(tag === "button" ? { type: "button", tabindex: "-1" } : {}) }, mark("pending"), make("span", { class: "pod__t" }, make("span", { class: "pod__n" }, name, version), owner));
  chip.parts = { name, owner, version, mark: chip.querySelector("use") };
  return chip;
}

export function updateChip(chip, key, pod, hue, small = false) {
  const signature = [pod.mark, pod.name, pod.app, pod.version, pod.restarts, pod.status, pod.node, hue.id, hue.stripe, small, pod.mark === "pending" && pod.node, pod.held].join("|");
  if (chip.signature === signature) return;
  chip.signature = signature;
  chip.className = small ? "pod s" : "pod";
  chip.dataset.id = hue.id;
  chip.dataset.phase = pod.mark;
  chip.dataset.ref = `pods/${key}`;
  setAttribute(chip, "data-stripe", hue.stripe ? "" : null);
  setAttribute(chip.parts.mark, "href", `#p-${pod.mark}`);
  setText(chip.parts.name, shortName(pod));
  setText(chip.parts.version, pod.version);
  setText(chip.parts.owner, pod.held || ownerWords(pod));
  setAttribute(chip, "data-held", pod.held ? "" : null);
  let restarts = chip.querySelector(".rst");
  if (pod.mark === "crash" && pod.restarts) {
    restarts ??= chip.appendChild(make("span", { class: "rst" }));
    setText(restarts, `×${pod.restarts}`);
  } else restarts?.remove();
  const hold = chip.querySelector(".hold");
  if (!pod.held) hold?.remove();
  else if (!hold) chip.append(make("span", { class: "hold" }, icon("barrier")));
  if (chip.tagName === "BUTTON") {
    chip.setAttribute("aria-label", podLabel(pod));
    const words = [`${pod.ns}/${pod.name}`, pod.status, pod.reason !== pod.status && pod.reason, pod.held && text("held", { name: pod.held })];
    chip.title = words.filter(Boolean).join(" · ");
  }
}
