import { logSumExp } from './kernel.ts';
import { carrierOf, firmFrozen, firmPurse, lnWeightedFirm, lnWeightedOf, PLAIN } from './process-evidence.ts';
import type { Component, Process, Track } from './process-state.ts';
import type { Ruler } from './ruler.ts';
import { markLife, markShare, marksAt } from './ruler.ts';
import type { Totals } from './totals.ts';
import { add, ZERO } from './totals.ts';
import type { Yardstick } from './yardstick.ts';

/** One poll of a stage: `scores` and `yardsticks` hold one for each track; the latter are asked for where a component ends. */
export interface ProcessPoll {
  /** Its name. */
  stage: string;
  ruler: Ruler;
  scores: readonly Totals[];
  yardsticks: () => readonly Yardstick[];
}

/** Work does not depend on what went before. */
export function addPoll(before: Process, poll: ProcessPoll): Process {
  const process = begin(before, poll);
  const index = process.stages[poll.stage] ?? 0;
  const { starts, purse } = startsAt(process, poll, before);
  const last = process.segments.length - 1;
  const tracks = process.tracks.map((track, i): Track => {
    const now = track.segments[last] ?? ZERO;
    return {
      ...track,
      from: starts.length === 0 ? track.from : [...track.from, ...starts.map(() => now)],
      segments: [...track.segments.slice(0, last), add(now, poll.scores[i] ?? ZERO)],
    };
  });
  const next: Process = {
    ...process,
    clock: process.clock + 1,
    stages: { ...process.stages, [poll.stage]: index + 1 },
    live: starts.length === 0 ? process.live : [...process.live, ...starts],
    purse,
    ...firmly(process, purse - process.purse),
    tracks,
  };
  return freeze(next, poll.yardsticks);
}

function firmly({ firmPurse }: Process, more: number): Pick<Process, 'firmPurse'> {
  return firmPurse === undefined ? {} : { firmPurse: firmPurse + more };
}

/** The rule is settled; a stage that begins closes what has lost until then, and is given its share of the purse. */
function begin(process: Process, { stage, ruler, yardsticks }: ProcessPoll): Process {
  const rule = process.rule ?? ruler.rule;
  const known = process.rule === null ? { ...process, rule } : process;
  if (rule === 'even' || process.stakes[stage] !== undefined) return known;
  const settled = process.live.length === 0 ? known : end(known, { yardsticks: yardsticks(), over: null });
  return { ...settled, stakes: { ...settled.stakes, [stage]: ruler.stakes.carried.share * settled.purse } };
}

/** Of the purse what one mark takes at the most. A stage's marks never come to it, unless their stake was spent elsewhere. */
const MOST = 0.9;

function startsAt(
  process: Process,
  { stage, ruler }: ProcessPoll,
  before: Process,
): { starts: Component[]; purse: number } {
  const at = { start: process.clock, segment: process.segments.length - 1 };
  const index = process.stages[stage] ?? 0;
  const even = process.rule === 'even';
  const { share, start: part } = ruler.stakes[process.rule ?? ruler.rule];
  const stake = even ? share : (process.stakes[stage] ?? 0);
  // Also after a restart of the evidence in the middle of a stage.
  const isNew = even ? index === 0 || process.clock === 0 : before.stakes[stage] === undefined;
  const starts: Component[] = [];
  let { purse } = process;
  const start = (wanted: number, life: number | null) => {
    const w = even ? wanted : Math.min(wanted, MOST * purse);
    if (!(w > 0)) return;
    starts.push({ ...at, w, life });
    purse -= w;
  };
  if (isNew) start(part * stake, null);
  for (const mark of marksAt(ruler, index))
    start((1 - part) * stake * markShare(ruler, mark), markLife(ruler, mark));
  return { starts, purse };
}

/** Components at the end of their life. */
function freeze(process: Process, measure: () => readonly Yardstick[]): Process {
  const over = (component: Component) =>
    component.life !== null && process.clock - component.start + 1 > component.life;
  return process.live.some(over) ? end(process, { yardsticks: measure(), over }) : process;
}

/** A component that ends: what each track has of it, by both noises. */
interface End {
  i: number;
  values: readonly number[];
  firm: readonly number[];
  /** What is left of it; null: it has not lost. */
  left: { usual: number; firm: number } | null;
}

/**
 * Components end: those that are `over`, or all that have lost (null). What is left of a loss goes back to the purse; a gain
 * is kept in one sum and never put at stake again. By the rule `even` a loss is kept as well. Who has lost is settled by the usual noise; by
 * that which a stop at once must stand there is a second account.
 */
function end(
  process: Process,
  {
    yardsticks,
    over,
  }: { yardsticks: readonly Yardstick[]; over: ((component: Component) => boolean) | null },
): Process {
  const isFirm = process.firmPurse !== undefined || yardsticks.some(({ lnFirm }) => lnFirm !== undefined);
  const worth = (values: readonly number[]) => Math.exp(logSumExp(values)) / process.tracks.length;
  const asked = process.live.flatMap((component, i): End[] => {
    if (over !== null && !over(component)) return [];
    const of = (by: typeof lnWeightedOf) =>
      process.tracks.map((track, number) => by(process, track, i, yardsticks[number] ?? PLAIN));
    const values = of(lnWeightedOf);
    const usual = worth(values);
    const lost = process.rule !== 'even' && usual < component.w;
    if (over === null && !lost) return [];
    const firm = isFirm ? of(lnWeightedFirm) : values;
    return [{ i, values, firm, left: lost ? { usual, firm: worth(firm) } : null }];
  });
  const ended = new Set(asked.map(({ i }) => i));
  const kept = asked.filter(({ left }) => left === null);
  const tracks = process.tracks.map((track, number): Track => {
    let { carrier } = track;
    for (const { i, values } of kept) {
      const lnWeighted = values[number] ?? Number.NEGATIVE_INFINITY;
      if (carrier === null || lnWeighted > carrier.lnWeighted)
        carrier = carrierOf(process, track, i, lnWeighted) ?? carrier;
    }
    return {
      ...track,
      lnFrozen: lnSumOf(track.lnFrozen, kept, ({ values }) => values[number]),
      ...(isFirm ? { lnFrozenFirm: lnSumOf(firmFrozen(track), kept, ({ firm }) => firm[number]) } : {}),
      carrier,
      from: track.from.filter((_, i) => !ended.has(i)),
    };
  });
  const refilled = (purse: number, of: 'usual' | 'firm') =>
    asked.reduce((sum, { left }) => sum + (left?.[of] ?? 0), purse);
  return {
    ...process,
    tracks,
    live: process.live.filter((_, i) => !ended.has(i)),
    purse: refilled(process.purse, 'usual'),
    ...(isFirm ? { firmPurse: refilled(firmPurse(process), 'firm') } : {}),
  };
}

function lnSumOf(
  before: number | null,
  kept: readonly End[],
  of: (one: End) => number | undefined,
): number | null {
  if (kept.length === 0) return before;
  const values = kept.map((one) => of(one) ?? Number.NEGATIVE_INFINITY);
  return logSumExp(before === null ? values : [before, ...values]);
}
