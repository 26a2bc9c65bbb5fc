/** Small helpers for the document: elements, sprite drawings, texts that change only when they changed. */
const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes; `class`, `data-…`, `aria-…` as written, children appended as text or nodes. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

function drawing(symbol, className) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#${symbol}`);
  svg.append(use);
  return svg;
}

export const icon = (name) => drawing(`i-${name}`, "ico");
export const mark = (phase) => drawing(`p-${phase}`, "mark");
export const tick = (shape) => drawing(`t-${shape}`, "");

export function setIcon(element, name) {
  setAttribute(element.querySelector("use"), "href", `#i-${name}`);
}

export function path(d, className) {
  const element = document.createElementNS(SVG, "path");
  element.setAttribute("d", d);
  element.setAttribute("class", className);
  return element;
}

export function svg() {
  return document.createElementNS(SVG, "svg");
}

export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (value === null || value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** The named part of a fragment: `[data-part=name]`, or null where the page has no such part. */
export function part(root, name) {
  return root?.querySelector(`[data-part="${name}"]`) ?? null;
}

/** Puts `children` into `parent` in this order, moving only those out of place, removing the rest; focus survives. */
export function arrange(parent, children) {
  const focused = document.activeElement;
  const kept = new Set(children);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let place = parent.firstElementChild;
  for (const child of children) {
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  if (focused && focused !== document.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}

/** JSON in a `<script type="application/json" id=…>`; `otherwise` when the page has none. */
export function embedded(id, otherwise = null) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : otherwise;
}
