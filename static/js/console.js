/** The console: one line at a time, output as it streams, ↑ history, Tab completion, ^C. All output is text. */
import { make, part, setText } from "./dom.js";
import { text } from "./i18n.js";

const LINES = 2000; // kept on the page
const HISTORY = 200;

export class Console {
  /** links: run({id, line}) → false when not connected · interrupt(id) · complete({id, line}). */
  constructor(root, links) {
    this.root = root;
    this.links = links;
    this.output = part(root, "output");
    this.scroller = this.output.closest(".con__out");
    this.form = root.querySelector("form");
    this.input = this.form.elements.line;
    this.stop = part(root, "stop");
    this.history = [];
    this.at = 0;
    this.id = 0;
    this.running = null;
    this.queue = [];
    this.open = null; // the line that a stream writes into
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.enter();
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.stop.addEventListener("click", () => this.interrupt());
    root.addEventListener("click", (event) => this.tab(event.target.closest("[role=tab]")));
    root.addEventListener("keydown", (event) => this.tabKey(event));
  }

  enter() {
    const line = this.input.value.trim();
    this.input.value = "";
    if (!line) return this.print("", "d", "$ ");
    if (this.history.at(-1) !== line) this.history.push(line);
    this.history.splice(0, this.history.length - HISTORY);
    this.at = this.history.length;
    return this.run(line);
  }

  /** Runs a line, as if typed; lines wait for the one that runs. */
  run(line) {
    if (this.running !== null) {
      this.queue.push(line);
      return;
    }
    this.print(line, "", "$ ");
    if (line === "clear") {
      this.output.replaceChildren();
      return;
    }
    this.id += 1;
    if (!this.links.run({ id: String(this.id), line })) {
      this.print(text("offline"), "e");
      return;
    }
    this.running = String(this.id);
    this.stop.hidden = false;
  }

  write({ id, stream, text: words }) {
    if (id !== undefined && String(id) !== this.running) return;
    const lines = words.split("\n");
    lines.forEach((line, at) => {
      if (!line && at === lines.length - 1) return;
      this.open ??= this.line(stream === "stderr" ? "e" : "");
      this.open.append(line);
      if (at < lines.length - 1) this.open = null;
    });
    this.scroll();
  }

  end({ id }) {
    if (String(id) !== this.running) return;
    this.running = null;
    this.open = null;
    this.stop.hidden = true;
    const next = this.queue.shift();
    if (next) this.run(next);
  }

  /** The connection went: what ran is over as far as this page can tell. */
  cut() {
    this.queue = [];
    if (this.running !== null) this.end({ id: this.running });
  }

  interrupt() {
    if (this.running === null) return;
    this.queue = [];
    this.links.interrupt(this.running);
  }

  line(className) {
    const line = this.output.appendChild(make("span", { class: `l ${className}`.trim() }));
    while (this.output.childElementCount > LINES) this.output.firstElementChild.remove();
    return line;
  }

  print(words, className = "", prompt = "") {
    this.open = null;
    const line = this.line(className);
    if (prompt) line.append(make("span", { class: "p" }, prompt));
    line.append(words);
    this.scroll();
  }

  scroll() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  key(event) {
    if (event.key === "c" && event.ctrlKey && this.input.selectionStart === this.input.selectionEnd) {
      event.preventDefault();
      if (this.running !== null) this.interrupt();
      else this.input.value = "";
    }
    if (event.key === "l" && event.ctrlKey) {
      event.preventDefault();
      this.output.replaceChildren();
    }
    if (event.key === "ArrowUp" || event.key === "ArrowDown") this.recall(event);
    if (event.key === "Escape") this.input.blur();
    if (event.key === "Tab" && !event.shiftKey && this.input.value.trim()) {
      event.preventDefault();
      this.asked = { id: String(++this.id), line: this.input.value.slice(0, this.input.selectionStart) };
      this.links.complete(this.asked);
    }
  }

  recall(event) {
    event.preventDefault();
    this.at = Math.max(0, Math.min(this.history.length, this.at + (event.key === "ArrowUp" ? -1 : 1)));
    this.input.value = this.history[this.at] ?? "";
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
  }

  /** Tab's answer: one possibility is filled in, several as far as they agree, and shown. */
  completions({ id, items, start }) {
    if (!this.asked || String(id) !== this.asked.id || !this.input.value.startsWith(this.asked.line)) return;
    if (!items.length) return;
    const typed = this.asked.line, rest = this.input.value.slice(typed.length);
    let common = items[0];
    for (const item of items) while (!item.startsWith(common)) common = common.slice(0, -1);
    const filled = typed.slice(0, start) + common + (items.length === 1 && !/[=/]$/.test(common) ? " " : "");
    if (items.length > 1 && filled.length <= typed.length) {
      this.print(items.slice(0, 60).join("  "), "d");
      return;
    }
    this.input.value = filled + rest;
    this.input.setSelectionRange(filled.length, filled.length);
  }

  /** The row that the sentence speaks of is lit: the last line that names the object. */
  highlight(names) {
    this.output.querySelector(".h")?.classList.remove("h");
    if (!names.length) return;
    const lines = this.output.children;
    for (let at = lines.length - 1; at >= Math.max(0, lines.length - 40); at -= 1) {
      if (lines[at].firstElementChild?.className === "p") return;
      if (names.some((name) => lines[at].textContent.startsWith(`${name} `))) {
        lines[at].classList.add("h");
        return;
      }
    }
  }

  note(words) {
    const note = part(this.root, "note");
    note.hidden = !words;
    setText(note, words);
  }

  tab(tab) {
    if (!tab) return;
    for (const other of this.root.querySelectorAll("[role=tab]")) {
      const on = other === tab;
      other.setAttribute("aria-selected", String(on));
      other.tabIndex = on ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !on;
    }
  }

  tabKey(event) {
    const tab = event.target.closest("[role=tab]"), step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || !step) return;
    const tabs = [...this.root.querySelectorAll("[role=tab]")];
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    event.preventDefault();
    next.focus();
    this.tab(next);
  }

  focus() {
    this.tab(this.root.querySelector("[role=tab]"));
    this.input.focus();
  }
}
