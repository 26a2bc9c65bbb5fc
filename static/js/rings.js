/** Rings that empty in virtual time on chips that wait: a back-off, a grace period, a toleration's end. */
import { setText } from "./dom.js";
import { text } from "./i18n.js";

const SVG = "http://www.w3.org/2000/svg";
const WORDS = { crash: "back-off", terminating: "grace" }; // any other mark: a taint is tolerated for a while
const RADIUS = 11, LENGTH = 2 * Math.PI * RADIUS;

function makeRing() {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "ring");
  drawing.setAttribute("viewBox", "0 0 26 26");
  drawing.setAttribute("aria-hidden", "true");
  const circle = document.createElementNS(SVG, "circle");
  for (const [name, value] of [["cx", 13], ["cy", 13], ["r", RADIUS], ["stroke-dasharray", LENGTH]]) circle.setAttribute(name, value);
  drawing.append(circle);
  return drawing;
}

export class Rings {
  constructor(stage) {
    this.stage = stage;
  }

  draw(state, now) {
    for (const [key, chip] of this.stage.chips) {
      const pod = state.pods[key];
      const waiting = pod && pod.until !== null && pod.until !== undefined && pod.until > now && chip.offsetWidth > 40;
      if (!waiting) {
        chip.ring?.remove();
        chip.ring = null;
        continue;
      }
      if (!chip.ring) chip.append((chip.ring = makeRing()));
      const whole = Math.max(1, pod.until - (pod.begun ?? pod.since ?? now)), left = Math.min(1, (pod.until - now) / whole);
      chip.ring.firstElementChild.setAttribute("stroke-dashoffset", (LENGTH * (1 - left)).toFixed(2));
      const seconds = Math.ceil((pod.until - now) / 1000);
      setText(chip.parts.owner, text(WORDS[pod.mark] ?? "leaves", { n: seconds }));
      chip.signature = ""; // the small text has to come back when the wait is over
    }
  }
}
