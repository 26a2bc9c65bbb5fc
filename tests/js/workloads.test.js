import assert from "node:assert/strict";
import { test } from "node:test";
import { shortName } from "../../static/js/marks.js";
import { autoscaler, noted, numbersOf } from "../../static/js/workloads.js";

const row = (kind, more = {}) => ({ kind, name: kind.toLowerCase(), ns: "default", owner: null, desired: 3, ready: 3, current: 3, hpa: null, ...more });

test("it works: numbers of every kind", () => {
  assert.equal(numbersOf(row("StatefulSet", { ready: 2 })), "3 wanted, 2 ready");
  assert.equal(numbersOf(row("Job", { done: 1, failed: 0, end: "" })), "1 of 3 done");
  assert.equal(numbersOf(row("Job", { done: 1, failed: 7, end: "Failed" })), "failed, 7 of its Pods did");
  assert.equal(numbersOf(row("CronJob", { schedule: "*/5 * * * *", suspended: false })), "*/5 * * * *");
  assert.equal(numbersOf(row("CronJob", { schedule: "*/5 * * * *", suspended: true })), "suspended");
});

test("the board speaks of the workload that is not yet what it should be", () => {
  const done = row("Deployment"), under = row("StatefulSet", { ready: 1 });
  assert.deepEqual(noted({ a: done, b: under }), { ref: "b", row: under });
  assert.equal(noted({ a: done }).row, done);
  assert.equal(noted({ a: row("Deployment", { ns: "kube-system", ready: 0 }) }), null);
  assert.equal(noted({ a: row("ReplicaSet", { owner: { kind: "Deployment", name: "web" }, ready: 0 }) }), null);
  assert.equal(noted({ a: done, b: row("Job", { end: "Complete", done: 3 }) }).row, done);
  assert.equal(noted({}), null);
});

test("an autoscaler is told with its bounds, nothing without one", () => {
  const hpa = { name: "auto", least: 1, most: 5, current: 2, desired: 4, metrics: "cpu: 90%/50%" };
  assert.equal(autoscaler(row("Deployment", { hpa })), "auto: 2 of 1–5, wants 4; cpu: 90%/50%");
  assert.equal(autoscaler(row("Deployment")), "");
});

test("the name of a numbered Pod keeps its number", () => {
  const pod = (name, ordinal) => ({ name, ordinal, owner: { kind: "Job", name: "sum" } });
  assert.equal(shortName(pod("sum-10-m8v2t", "10")), "10-m8v2t");
  assert.equal(shortName(pod("db-0", "0")), "db-0");
  assert.equal(shortName(pod("web-6d4cf56db6-m8v2t", "")), "m8v2t");
});
