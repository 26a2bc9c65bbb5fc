/** What makes Pods, in few words and numbers: pure functions of the rows of the board. */
import { text } from "./i18n.js";

const SYSTEM = "kube-system";

/** The workload that the board speaks of, {ref, row}: one that is not yet what it should be, or else the first one. */
export function noted(workloads) {
  const own = Object.entries(workloads).map(([ref, row]) => ({ ref, row })).filter(({ row }) => !row.owner && row.ns !== SYSTEM);
  return own.find(({ row }) => isUnderWay(row)) ?? own[0] ?? null;
}

function isUnderWay(row) {
  if (row.kind === "CronJob") return row.current > 0;
  return row.kind === "Job" ? !row.end && !row.suspended : row.ready !== row.desired;
}

/** "3 wanted, 2 ready", "1 of 3 done", "0 3 * * *": what counts for its kind. */
export function numbersOf(row) {
  if (row.kind === "CronJob") return row.suspended ? text("suspended") : row.schedule;
  if (row.kind !== "Job") return text("workload", { desired: row.desired, ready: row.ready ?? 0 });
  if (row.end === "Failed") return text("job-failed", { failed: row.failed });
  return row.suspended ? text("suspended") : text("job-done", { done: row.done, desired: row.desired });
}

/** The autoscaler of a workload: "2 of 1–5, cpu: 30%/50%"; "" without one. */
export function autoscaler(row) {
  return row.hpa ? text("autoscaler", { ...row.hpa }) : "";
}
