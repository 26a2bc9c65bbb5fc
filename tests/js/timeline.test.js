import assert from "node:assert/strict";
import { test } from "node:test";
import { Hues, shortName } from "../../static/js/marks.js";
import { Store } from "../../static/js/store.js";
import { scale, windowStart } from "../../static/js/timeline.js";

test("it works: positions rise with every event, quiet ones hardly, long pauses a little", () => {
  const store = new Store();
  store.load({ branch: 1, first: 0, revision: 0, head: 0, state: {}, log: [] });
  const times = [0, 10, 20, 3_600_000];
  times.forEach((t, at) => store.push({ type: "event", r: at + 1, t, w: at === 1 ? 0 : 2 }));
  const { from, units } = scale(store);
  assert.equal(from, 0);
  assert.ok(units.every((unit, at) => at === 0 || unit > units[at - 1]));
  assert.ok(units[2] - units[1] < 0.2);
  assert.ok(units[4] - units[3] <= 5);
});

test("the rail holds the last 240 told events, or reaches back to the one that is shown", () => {
  const store = new Store();
  store.load({ branch: 1, first: 0, revision: 0, head: 0, state: {}, log: [] });
  for (let r = 1; r <= 1000; r += 1) store.push({ type: "event", r, t: r, w: r % 2 });
  assert.equal(windowStart(store, 1000), 520);
  assert.equal(windowStart(store, 600), 520);
  assert.equal(windowStart(store, 300), 280);
  assert.equal(windowStart(store, 5), 0);
  assert.equal(scale(store, 520).units.length, 481);
});

const pod = (name, extra = {}) => ({ name, ns: "default", app: "web", version: "v1", owner: { kind: "ReplicaSet", name: "web-1" }, ...extra });

test("owners get their hues in order, a new version the next free one, system pods slate", () => {
  const hues = new Hues();
  assert.equal(hues.of(pod("a")).id, 1);
  assert.equal(hues.of(pod("b", { version: "v2" })).id, 2);
  assert.equal(hues.of(pod("c")).id, 1);
  assert.equal(hues.of(pod("d", { ns: "kube-system" })).id, 0);
  hues.tidy({ b: pod("b", { version: "v2" }) });
  assert.equal(hues.of(pod("e", { version: "v3" })).id, 1);
});

test("beyond five owners the hues come again, striped", () => {
  const hues = new Hues();
  const given = Array.from({ length: 7 }, (_, at) => hues.of(pod(`p${at}`, { app: `app-${at}` })));
  assert.deepEqual(given.map((hue) => hue.id), [1, 2, 3, 4, 5, 1, 2]);
  assert.deepEqual(given.map((hue) => hue.stripe), [false, false, false, false, false, true, true]);
});

test("a chip carries what kubectl prints last", () => {
  assert.equal(shortName(pod("web-6d4cf56db6-m8v2t")), "m8v2t");
  assert.equal(shortName(pod("db-0")), "db-0");
  assert.equal(shortName(pod("my-shell", { owner: null })), "my-shell");
});
