/** Why a Pod waits, in words, beside its chip: on focus and under the pointer; Escape puts it away. */
import { make, setText } from "./dom.js";
import { text } from "./i18n.js";

const AWAY = 6; // px between chip and hint

export class Hints {
  constructor(stage) {
    this.stage = stage;
    this.title = make("b");
    this.words = make("span", { lang: "en", translate: "no" });
    this.tip = make("div", { class: "tip", role: "tooltip", id: "tip", hidden: true }, this.title, this.words);
    document.body.append(this.tip);
    this.chip = null;
    this.state = null;
    const { root } = stage;
    root.addEventListener("focusin", (event) => this.about(event.target));
    root.addEventListener("focusout", () => this.about(null));
    root.addEventListener("pointerover", (event) => this.about(event.target));
    root.addEventListener("pointerleave", (event) => this.tip.contains(event.relatedTarget) || this.about(document.activeElement));
    this.tip.addEventListener("pointerleave", () => this.about(document.activeElement));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.about(null));
  }

  /** The board shows another state: what the hint says follows it. */
  draw(state) {
    this.state = state;
    if (this.chip) this.show();
  }

  about(target) {
    this.chip = target?.closest?.(".pod[data-phase=pending][data-ref]") ?? null;
    this.show();
  }

  show() {
    const pod = this.chip?.isConnected ? this.state?.pods[this.chip.dataset.ref.slice("pods/".length)] : null;
    const words = pod && !pod.node ? shortly(pod.message) : "";
    this.tip.hidden = !words;
    this.chip?.removeAttribute("aria-describedby");
    if (!words) return;
    setText(this.title, text(pod.reason === "Unschedulable" ? "no-node-fits" : "waits"));
    setText(this.words, words);
    this.chip.setAttribute("aria-describedby", "tip");
    this.place(this.chip.getBoundingClientRect());
  }

  place(chip) {
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const below = chip.bottom + AWAY + height < innerHeight;
    const x = Math.max(8, Math.min(chip.left, innerWidth - width - 8));
    this.tip.style.transform = `translate(${x}px, ${below ? chip.bottom + AWAY : chip.top - AWAY - height}px)`;
  }
}

/** The scheduler's message without what it says about preemption. */
function shortly(message = "") {
  return message.split(/ preemption: | no new claims to deallocate/)[0].trim();
}
