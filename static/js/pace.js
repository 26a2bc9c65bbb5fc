/**
 * Narrative time: how long a sentence stays, which events are shown together, and how much to hurry when
 * the cluster is ahead of the story. Pure.
 */
const LEAST = 1200, PER_LETTER = 45, MOST = 5000; // ms at 1×, as the design brief asks
const PATIENCE = 12_000; // ms of untold story that are still told at an unhurried pace
const BUSY = 25_000; // above this only acts (weight 2) are told, everything else rides along
const FLOOD = 40_000; // above this, counting acts alone, several different acts are told at once
const HEAPS = 4; // into so many parts a flood is cut
const LOST = 480_000; // above this the story jumps
const ALIKE = 4; // from so many of the same verb on, a batch
const NO_TRAVEL = 12; // above so many nothing travels

/** Milliseconds that a sentence of so many characters stays at 1×. Ordinary events (weight 1) are told quicker. */
export function dwell(letters, weight = 2) {
  if (weight === 0) return 0;
  const full = Math.min(MOST, LEAST + PER_LETTER * Math.max(0, letters - 40));
  return weight === 1 ? Math.round(full * 0.6) : full;
}

/** A sentence of the same form as the one before is read faster. */
export const AGAIN = 0.6;

/** How many times faster than told slowly, so that a backlog drains; 1 when there is little to tell. Acts (weight 2) stay readable. */
export function hurry(backlog, weight = 1) {
  return Math.min(weight === 2 ? 2 : 8, Math.max(1, backlog / PATIENCE));
}

/**
 * The next thing to show of the pending events (ascending): {events, kind, lead, alike}; the sentence tells `lead`. Events of weight 0 ride along with the one before them.
 * kind: "one" · "batch" (4–12 alike, staggered) · "crowd" (more alike: counted, not moved) · "heap" (a flood: different acts at once, told by the
 * commonest) · "jump" (far behind) · "fold" (nothing to tell).
 */
export function nextAct(pending, lettersOf = () => 40) {
  if (!pending.length) return null;
  const told = pending.filter((event) => event.w !== 0);
  if (!told.length) return { events: pending, kind: "fold" };
  const length = (events) => events.reduce((sum, event) => sum + dwell(lettersOf(event), event.w), 0);
  const acts = told.filter((event) => event.w === 2);
  const untold = length(acts);
  if (untold > LOST) return { events: pending.slice(0, -6), kind: "jump" };
  if (untold > FLOOD) return heap(pending, acts.slice(0, Math.ceil(acts.length / HEAPS)), acts[Math.ceil(acts.length / HEAPS)]);
  const least = length(told) > BUSY && acts.length ? 2 : 1; // the weight from which an event is told
  const lead = least === 2 ? acts[0] : told[0];
  let end = pending.indexOf(lead) + 1, alike = 1;
  const alone = end;
  for (let k = end; k < pending.length; k += 1) {
    if (pending[k].w < least) continue;
    if (!sameVerb(lead, pending[k])) break;
    alike += 1;
    end = k + 1;
  }
  if (alike < ALIKE) end = alone;
  while (end < pending.length && pending[end].w < least) end += 1;
  const kind = alike > NO_TRAVEL ? "crowd" : alike >= ALIKE ? "batch" : "one";
  return { events: pending.slice(0, end), kind, lead, alike: kind === "one" ? 1 : alike };
}

/** A part of a flood: all that is pending before the act `next`. A decision tells it, or else what happens most often in it. */
function heap(pending, acts, next) {
  const alike = (lead) => acts.filter((event) => sameVerb(lead, event)).length;
  const leads = acts.some((event) => event.why?.chosen) ? acts.filter((event) => event.why?.chosen) : acts;
  const lead = leads.reduce((best, event) => (alike(event) > alike(best) ? event : best));
  return { events: next ? pending.slice(0, pending.indexOf(next)) : pending, kind: "heap", lead, alike: alike(lead) };
}

/** The same kind of act; kubelet/node-1 and kubelet/node-2 are the same kind of actor. */
function sameVerb(one, other) {
  const kind = (event) => event.actor?.split("/")[0];
  return kind(one) === kind(other) && one.say?.key === other.say?.key && one.verb === other.verb;
}

/** How much faster than drawn a move plays: only above 2×, a 400 ms flight never under 150 ms; Infinity (jump) from 8× on. */
export function moveRate(speed) {
  if (speed >= 8) return Infinity;
  return Math.min(400 / 150, Math.max(1, speed / 2));
}
