/** The YAML editor: examples, Ctrl-Enter, errors at their lines, an object's YAML to work on. */
const form = document.getElementById("edit");
const field = form.querySelector("textarea[name=text]");
const example = document.getElementById("example");
let marked = [];

// The widget chooses the mode before it switches Ace's worker off; a worker from a blob is against the security policy.
window.ace?.config.setDefaultValue("session", "useWorker", false);

/** Ace, once its widget has made it; before that (or without it) the plain text field serves. */
const ace = () => form.querySelector(".django-ace-widget")?.editor;

function setText(text) {
  field.value = text;
  ace()?.session.setValue(text);
  clearErrors();
}

function openEditor() {
  document.getElementById("tab-editor").click();
  ace()?.resize();
  ace()?.focus();
}

function clearErrors() {
  const session = ace()?.session;
  if (!session) return;
  session.clearAnnotations();
  for (const id of marked.splice(0)) session.removeMarker(id);
}

function showErrors(errors) {
  clearErrors();
  const editor = ace();
  if (!editor) return;
  const rows = errors.map(({ line, message }) => ({ row: Math.max(0, line - 1), column: 0, text: message, type: "error" }));
  editor.session.setAnnotations(rows);
  const { Range } = window.ace.require("ace/range");
  marked = rows.map(({ row }) => editor.session.addMarker(new Range(row, 0, row, 1), "wrong", "fullLine"));
}

function start() {
  const editor = ace();
  if (!editor) return;
  editor.setOptions({ enableKeyboardAccessibility: true, tabSize: 2, highlightSelectedWord: false });
  editor.renderer.setScrollMargin(6, 6);
  const label = form.querySelector(`label[for=${field.id}]`).textContent;
  editor.textInput.getElement().setAttribute("aria-label", label);
  editor.commands.addCommand({
    name: "apply", bindKey: { win: "Ctrl-Enter", mac: "Command-Enter|Ctrl-Enter" }, exec: () => form.requestSubmit(),
  });
  new ResizeObserver(() => editor.resize()).observe(editor.container);
}

/** The example's text comes when it is wanted; one that was chosen meanwhile goes first. */
async function showExample() {
  const wanted = example.selectedOptions[0];
  const answer = await fetch(wanted.dataset.href);
  if (answer.ok && wanted === example.selectedOptions[0]) setText(await answer.text());
}

example.addEventListener("change", showExample);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
document.body.addEventListener("clusterscope:applied", (event) => showErrors(event.detail.errors));
document.addEventListener("click", (event) => {
  const line = event.target.closest("[data-goto]")?.dataset.goto;
  if (line) {
    openEditor();
    ace()?.gotoLine(Number(line), 0, false);
  }
  if (event.target.closest("[data-edit]")) {
    setText(document.querySelector("#details [data-yaml]")?.textContent ?? "");
    openEditor();
  }
});
// The widget makes its editor when the page has loaded; its listener was there first.
if (document.readyState === "complete") start();
else addEventListener("load", start);
