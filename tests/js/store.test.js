import assert from "node:assert/strict";
import { test } from "node:test";
import { Store, apply } from "../../static/js/store.js";

const frame = (revision, extra = {}) => ({ branch: 1, branches: [], first: 0, revision, head: revision, state: { pods: {}, nodes: {} }, log: [], ...extra });
const made = (r, name = `p${r}`) => ({ type: "event", r, t: r * 10, w: 2, set: { pods: { [`default/${name}`]: { name, mark: "pending" } } }, del: {} });

test("it works: events replay to the same picture from any side", () => {
  const store = new Store();
  store.load(frame(10));
  for (let r = 11; r <= 120; r += 1) assert.equal(store.push(made(r)), "new");
  assert.equal(store.head, 120);
  assert.equal(Object.keys(store.stateAt(120).pods).length, 110);
  assert.equal(Object.keys(store.stateAt(10).pods).length, 0);
  assert.equal(Object.keys(store.stateAt(57).pods).length, 47);
  assert.deepEqual(store.stateAt(58), apply(store.stateAt(57), store.event(58)));
  assert.equal(store.start, 10);
});

test("a gap is noticed and nothing is applied", () => {
  const store = new Store();
  store.load(frame(10));
  assert.equal(store.push(made(12)), "gap");
  assert.equal(store.push(made(10)), "old");
  assert.equal(store.head, 10);
});

test("tables are shared unless they change, lists are replaced, rows are removed", () => {
  const before = { nodes: { a: 1 }, pods: { x: 1, y: 2 }, queue: ["x"] };
  const after = apply(before, { set: { queue: [] }, del: { pods: ["x"] } });
  assert.equal(after.nodes, before.nodes);
  assert.deepEqual(after.pods, { y: 2 });
  assert.deepEqual(after.queue, []);
  assert.deepEqual(before.pods, { x: 1, y: 2 });
});

test("an event that changes nothing on the board can be replayed", () => {
  const store = new Store();
  store.load(frame(1));
  store.push({ type: "event", r: 2, t: 0, w: 0 });
  store.push(made(3));
  assert.deepEqual(store.stateAt(2).pods, {});
  assert.equal(Object.keys(store.stateAt(3).pods).length, 1);
});

test("headers without patches are on the timeline, but their pictures have to be asked for", () => {
  const store = new Store();
  store.load(frame(10, { log: [8, 9, 10].map((r) => ({ r, t: r, w: 1 })) }));
  assert.equal(store.start, 7);
  assert.equal(store.stateAt(9), null);
  assert.equal(store.load(frame(9, { head: 10 })), false);
  assert.deepEqual(store.stateAt(9).pods, {});
  assert.equal(store.head, 10);
});

test("another branch starts anew", () => {
  const store = new Store();
  store.load(frame(10));
  store.push(made(11));
  assert.equal(store.load(frame(5, { branch: 2 })), true);
  assert.equal(store.head, 5);
  assert.equal(store.event(11), null);
  assert.equal(store.push(made(6)), "new");
});

test("a long log keeps few pictures and still finds every state", () => {
  const store = new Store();
  store.load(frame(0));
  for (let r = 1; r <= 2000; r += 1) store.push(made(r, `p${r % 50}`));
  assert.ok(store.pictures.size < 100);
  assert.equal(Object.keys(store.stateAt(1999).pods).length, 50);
  assert.equal(Object.keys(store.stateAt(3).pods).length, 3);
});

test("a server that knows less than the page is believed", () => {
  const store = new Store();
  store.load(frame(10));
  store.push(made(11));
  assert.equal(store.load(frame(9)), true);
  assert.equal(store.head, 9);
  assert.equal(store.event(11), null);
});
