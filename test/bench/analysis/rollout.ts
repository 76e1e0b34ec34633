import { measureDispersion } from '../../../analysis/dispersion.ts';
import { learn } from '../../../analysis/history.ts';
import type { PollCounts } from '../../../analysis/kernel.ts';
import type { Cell } from './cells.ts';
import { reachedAfter, SCHEDULES, scheduleOf } from './cells.ts';
import type { Ending, Known, Run } from './gate-run.ts';
import { errorsPlan, errorsSample, isStop, latencyPlan, runGate } from './gate-run.ts';
import { latencyHistory, latencySamples } from './latency-traffic.ts';
import { METHOD, methodBefore } from './method.ts';
import { streamOf } from './random.ts';
import type { Watch } from './rivals.ts';
import { RIVALS } from './rivals.ts';
import { scenarioOf } from './scenarios.ts';
import type { Poll, Stretch } from './traffic.ts';
import { historyPolls, STEP, tracePolls } from './traffic.ts';

/** What the judges made of one trace. */
export interface Outcome {
  seed: number;
  /** When the canary becomes worse, in seconds since the rollout began. */
  onset: number;
  judged: Record<string, { end: Ending | null; micros: number }>;
}

const DAY = 86_400 / STEP;
const HOURS = { '24 h of history': DAY, '4 h of history': DAY / 6, 'halves alone': 0 } as const;
/** The gate of a plan whose stages share the evidence evenly, on the same traces. */
export const EVEN = 'even stages, 24 h of history';
export const GATES = Object.keys(HOURS) as (keyof typeof HOURS)[];
const { hours } = SCHEDULES;
const plans = {
  proof: errorsPlan(hours, { stage: { promote: { proof: '0.5pp' } } }),
  latency: latencyPlan(hours),
};

/** One trace of a cell, judged by all who are asked there. */
export function rollout(cell: Cell, seed: number): Outcome {
  switch (cell.kind) {
    case 'false':
    case 'find':
      return errorsRollout(cell, seed);
    case 'proof':
      return proofRollout(cell, seed);
    case 'latency':
      return latencyRollout(cell, seed);
  }
}

/** The stages up to the one that is looked at. */
function stretchesOf(cell: Extract<Cell, { kind: 'false' | 'find' }>): Stretch[] {
  const all = scheduleOf(cell).map(({ percent, seconds }, stage) => ({
    stage,
    share: percent / 100,
    polls: seconds / STEP,
    percent,
  }));
  if (cell.kind === 'false') return all;
  return all
    .filter(({ percent }) => percent <= cell.percent)
    .map((one) => (one.percent === cell.percent ? { ...one, polls: one.polls * cell.held } : one));
}

function stretchOf(percent: number): Stretch {
  const stage = hours.findIndex((one) => one.percent === percent);
  return { stage, share: percent / 100, polls: (hours[stage]?.seconds ?? 0) / STEP };
}

/** When the canary becomes worse, in seconds since the rollout began: at the end of a poll. */
function onsetOf(cell: Cell, seed: number): number {
  if (cell.kind !== 'find') return 0;
  const [first, last] = cell.onset;
  const polls = Math.floor(((last - first) / STEP) * streamOf(seed, 'onset')());
  return reachedAfter(cell) + first + polls * STEP;
}

function errorsRollout(cell: Extract<Cell, { kind: 'false' | 'find' }>, seed: number): Outcome {
  const scenario = scenarioOf(cell.scenario);
  const { analysis = {} } = scenario;
  const schedule = scheduleOf(cell);
  const onset = onsetOf(cell, seed);
  const regression = { extra: cell.extra, onset };
  const polls = tracePolls(seed, { scenario, stretches: stretchesOf(cell), regression });
  const judged: Outcome['judged'] = {};
  const samples = polls.map((poll) => ({ stage: poll.stage, sample: errorsSample(poll, schedule) }));
  const history = historyPolls(seed, { scenario, polls: DAY });
  const known = knownOf(history);
  const plan = errorsPlan(schedule, { analysis });
  for (const name of GATES)
    judged[name] = told(runGate(samples, { plan, known: known[name], ended: isStop }));
  const shares = schedule.map(({ percent }) => percent / 100);
  const lengths = schedule.map(({ seconds }) => seconds / STEP);
  judged[METHOD] = told(runWatch(methodBefore({ history, shares, lengths }), polls));
  // The others are told of hours alone: none of them knows a day.
  if (cell.schedule !== 'hours') return { seed, onset, judged };
  if (cell.kind === 'find' && !cell.alone) {
    const even = errorsPlan(schedule, { analysis: { ...analysis, stageWeights: 'even' } });
    judged[EVEN] = told(runGate(samples, { plan: even, known: known['24 h of history'], ended: isStop }));
  }
  // At the edge of the null a rollback is no error of a rule that knows no margin.
  const isEdge = cell.kind === 'false' && cell.extra > 0;
  for (const rival of isEdge ? [] : RIVALS)
    judged[rival.name] = told(
      runWatch(
        rival.watch(),
        // Most of them would not have let a healthy rollout come so far.
        polls.filter(({ t }) => t > reachedAfter(cell)),
      ),
    );
  return { seed, onset, judged };
}

function knownOf(history: readonly PollCounts[]): Record<(typeof GATES)[number], Known> {
  const known = (polls: number): Known => {
    const knots = polls === 0 ? null : measureDispersion(history.slice(-polls));
    return knots === null ? {} : { dispersion: { errors: knots } };
  };
  return {
    '24 h of history': known(HOURS['24 h of history']),
    '4 h of history': known(HOURS['4 h of history']),
    'halves alone': known(HOURS['halves alone']),
  };
}

function runWatch(watch: Watch, polls: readonly Poll[]): Run {
  const micros: number[] = [];
  for (const poll of polls) {
    const began = performance.now();
    const stops = watch(poll);
    micros.push(1000 * (performance.now() - began));
    if (stops) return { end: { t: poll.t, hard: true }, micros };
  }
  return { end: null, micros };
}

function proofRollout(cell: Extract<Cell, { kind: 'proof' }>, seed: number): Outcome {
  const scenario = scenarioOf(cell.scenario);
  const regression = { extra: cell.extra, onset: 0 };
  const polls = tracePolls(seed, { scenario, stretches: [stretchOf(cell.percent)], regression });
  const samples = polls.map((poll) => ({ stage: poll.stage, sample: errorsSample(poll, hours) }));
  const known = knownOf(historyPolls(seed, { scenario, polls: DAY }));
  const judged: Outcome['judged'] = {};
  for (const name of GATES) {
    const ended = ({ metrics }: Parameters<typeof isStop>[0]) => metrics[0]?.proven === true;
    judged[name] = told(runGate(samples, { plan: plans.proof, known: known[name], ended }));
  }
  return { seed, onset: 0, judged };
}

function latencyRollout(cell: Extract<Cell, { kind: 'latency' }>, seed: number): Outcome {
  const { stage, share, polls } = stretchOf(cell.percent);
  const traffic = { ...cell, stage, share, polls };
  const samples = latencySamples(seed, traffic);
  const { dispersion, edges } = learn(plans.latency, latencyHistory(seed, { ...traffic, polls: DAY }));
  const judged: Outcome['judged'] = {};
  const known = { '24 h of history': { dispersion, edges }, 'halves alone': { edges } };
  for (const [name, one] of Object.entries(known))
    judged[name] = told(runGate(samples, { plan: plans.latency, known: one, ended: isStop }));
  return { seed, onset: 0, judged };
}

function told({ end, micros }: Run): Outcome['judged'][string] {
  const sorted = micros.sort((a, b) => a - b);
  return { end, micros: sorted[Math.floor(sorted.length / 2)] ?? 0 };
}
