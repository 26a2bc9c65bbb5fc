import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock } from "../../static/js/clock.js";
import { dwell, hurry, moveRate, nextAct } from "../../static/js/pace.js";

const event = (r, key = "pod.created", w = 2, actor = "replicaset-controller") => ({ r, w, actor, verb: "create", say: { key } });
const several = (n, ...more) => Array.from({ length: n }, (_, at) => event(at + 1, ...more));

test("it works: one event at a time, quiet ones ride along", () => {
  const plan = nextAct([event(1, "lease", 0), event(2), event(3, "status", 0), event(4, "bind")]);
  assert.equal(plan.kind, "one");
  assert.deepEqual(plan.events.map((one) => one.r), [1, 2, 3]);
});

test("a sentence stays 1.2 s, longer ones longer, none above 5 s", () => {
  assert.equal(dwell(10), 1200);
  assert.equal(dwell(60), 2100);
  assert.equal(dwell(1000), 5000);
  assert.equal(dwell(60, 0), 0);
  assert.ok(dwell(60, 1) < dwell(60, 2));
});

test("four to twelve alike are a batch, more are a crowd, three are told one by one", () => {
  assert.equal(nextAct(several(3)).kind, "one");
  assert.equal(nextAct(several(4)).kind, "batch");
  assert.equal(nextAct(several(12)).events.length, 12);
  assert.equal(nextAct(several(13)).kind, "crowd");
});

test("only quiet events fold, nothing pending is nothing", () => {
  assert.equal(nextAct(several(5, "lease", 0)).kind, "fold");
  assert.equal(nextAct([]), null);
});

test("far behind the story jumps and tells the last few", () => {
  const mixed = Array.from({ length: 480 }, (_, at) => event(at + 1, `key-${at}`));
  const plan = nextAct(mixed);
  assert.equal(plan.kind, "jump");
  assert.equal(plan.events.length, 474);
});

test("a flood is told in heaps: by a decision where there is one, otherwise by what is commonest", () => {
  const mixed = Array.from({ length: 80 }, (_, at) => event(at + 1, ["made", "made", "ready", "told"][at % 4], at % 5 ? 2 : 1));
  const plan = nextAct(mixed);
  assert.equal(plan.kind, "heap");
  assert.equal(plan.lead.say.key, "made");
  assert.equal(plan.events.at(-1).r, 21); // the sixteenth of sixty-four acts, and what rides along before the next
  mixed[7].why = { chosen: "node-1" };
  assert.equal(nextAct(mixed).lead.r, 8);
});

test("a backlog hurries, a short one does not", () => {
  assert.equal(hurry(3000), 1);
  assert.ok(hurry(40_000) > 3);
  assert.equal(hurry(400_000, 2), 2);
});

test("with much to tell only acts are told, the rest rides along", () => {
  const pending = Array.from({ length: 80 }, (_, r) => ({ r: r + 1, w: r % 20 === 19 ? 2 : 1, actor: `a${r}`, verb: "update", say: { key: `k${r}` } }));
  const plan = nextAct(pending, () => 40);
  assert.equal(plan.kind, "one");
  assert.equal(plan.lead.r, 20);
  assert.equal(plan.events.at(-1).r, 39);
});

test("moves shorten above 2× only, never under 150 ms, and jump from 8× on", () => {
  assert.equal(moveRate(0.25), 1);
  assert.equal(moveRate(2), 1);
  assert.ok(400 / moveRate(4) >= 150);
  assert.equal(moveRate(8), Infinity);
});

test("the clock goes on between messages, at its speed, and stands while paused", () => {
  let wall = 1000;
  const clock = new Clock(() => wall);
  clock.set({ now: 5000, playing: true, speed: 4 });
  wall += 500;
  assert.equal(clock.now(), 7000);
  clock.set({ playing: false });
  wall += 500;
  assert.equal(clock.now(), 7000);
});
