import assert from "node:assert/strict";
import { test } from "node:test";
import { clockText, format, pieces } from "../../static/js/i18n.js";
import { isReference, plain, sentence } from "../../static/js/narrator.js";
import english from "../../static/js/texts-en.js";
import chinese from "../../static/js/texts-zh.js";

test("it works: named arguments and plurals", () => {
  assert.equal(format("{a} and {b}", { a: 1, b: "x" }), "1 and x");
  assert.equal(format("{n, plural, one {# pod} other {# pods}} wait", { n: 1 }), "1 pod wait");
  assert.equal(format("{n, plural, one {# pod} other {# pods}} wait", { n: 3 }), "3 pods wait");
  assert.equal(pieces("plain")[0].text, "plain");
  assert.equal(format("{missing}!", {}), "!");
});

test("both languages have the same texts with the same arguments", () => {
  assert.deepEqual(Object.keys(chinese).sort(), Object.keys(english).sort());
  const names = (template) => [...new Set(pieces(template).map((piece) => piece.name).filter(Boolean))].sort();
  for (const [key, template] of Object.entries(english)) assert.deepEqual(names(chinese[key]), names(template), key);
});

test("virtual time is written as one reads it", () => {
  assert.equal(clockText(0), "0:00.0");
  assert.equal(clockText(14_290), "0:14.2");
  assert.equal(clockText(3_723_000), "1:02:03");
});

test("references are told from images, paths and prose", () => {
  for (const good of ["pods/default/web-1", "nodes//node-1", "deployments.apps/default/web"]) assert.ok(isReference(good), good);
  for (const bad of ["docker.io/library/nginx:latest", "a/b", "no way/at/all", 3, undefined]) assert.ok(!isReference(bad), String(bad));
});

test("a sentence links its objects, by reference or by name, and keeps text as text", () => {
  const event = { actor: "default-scheduler", objs: ["pods/default/web-1"], say: { key: "k", args: { pod: "web-1", node: "nodes//node-3", x: "<b>" } } };
  const parts = sentence(event, { k: "**Scheduler** binds {pod} to {node} {x}." });
  assert.deepEqual(parts[0], { bold: "Scheduler" });
  assert.deepEqual(parts[2], { ref: "pods/default/web-1" });
  assert.deepEqual(parts[4], { ref: "nodes//node-3" });
  assert.equal(plain(parts), "Scheduler binds web-1 to node-3 <b>.");
});

test("an event without a template is still told", () => {
  assert.equal(plain(sentence({ actor: "x", verb: "create", objs: ["pods/a/b"] }, {})), "x create b");
});
