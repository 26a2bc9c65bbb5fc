/** The texts of texts-en.js or texts-zh.js, and messages with named arguments and plurals. */
const language = globalThis.document?.documentElement.lang ?? "en";
// Only the page's own language is fetched.
const { default: TEXTS } = await (language.startsWith("zh") ? import("./texts-zh.js") : import("./texts-en.js"));
const plurals = new Intl.PluralRules(language.startsWith("zh") ? "zh" : "en");

/** Splits a template into literal text and placeholders: `{name}` or `{name, plural, one {…} other {…}}`. */
export function pieces(template) {
  const found = [];
  let text = "";
  for (let at = 0; at < template.length; at += 1) {
    if (template[at] !== "{") {
      text += template[at];
      continue;
    }
    let end = at, depth = 0;
    do depth += { "{": 1, "}": -1 }[template[end++]] ?? 0; while (depth > 0 && end < template.length);
    const inside = template.slice(at + 1, end - 1);
    if (text) found.push({ text });
    text = "";
    const [name] = inside.split(",", 1);
    found.push(inside.includes(",") ? { name: name.trim(), forms: forms(inside) } : { name: inside.trim() });
    at = end - 1;
  }
  if (text) found.push({ text });
  return found;
}

function forms(inside) {
  return Object.fromEntries([...inside.matchAll(/(\w+)\s*\{([^{}]*)\}/g)].map((match) => [match[1], match[2]]));
}

/** The plural form of `forms` for the number n, with `#` replaced. */
export function plural(forms, n) {
  return (forms[`=${n}`] ?? forms[plurals.select(Number(n))] ?? forms.other ?? "").replaceAll("#", String(n));
}

export function format(template, args = {}) {
  return pieces(template)
    .map((piece) => piece.text ?? (piece.forms ? plural(piece.forms, args[piece.name]) : String(args[piece.name] ?? "")))
    .join("");
}

export function text(key, args) {
  return format(TEXTS[key] ?? key, args);
}

/** Virtual time as one reads it: 0:14.2, 12:03.0, 1:02:03. `ms` since the cluster's epoch. */
export function clockText(ms) {
  const tenths = Math.floor(ms / 100);
  const seconds = Math.floor(tenths / 10), minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  const two = (n) => String(n).padStart(2, "0");
  if (hours) return `${hours}:${two(minutes % 60)}:${two(seconds % 60)}`;
  return `${minutes}:${two(seconds % 60)}.${tenths % 10}`;
}

/** A span of virtual time: "6.2 s", "4 min", "3 h". */
export function spanText(ms) {
  if (ms < 60_000) return text("decimals", { n: (ms / 1000).toFixed(1) });
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
