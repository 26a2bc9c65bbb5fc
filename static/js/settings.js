/** What a visitor chose, kept in this browser: theme, scale, side pane, single-letter keys. */
const NAME = "clusterscope";

function read() {
  try {
    return JSON.parse(localStorage.getItem(NAME) ?? "{}") ?? {};
  } catch {
    return {}; // storage is off, or another hand wrote there: the defaults serve
  }
}

export function setting(key, otherwise) {
  return read()[key] ?? otherwise;
}

export function choose(key, value) {
  try {
    localStorage.setItem(NAME, JSON.stringify({ ...read(), [key]: value }));
  } catch {
    // private window with storage off: the choice lasts as long as the page
  }
}
