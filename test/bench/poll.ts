import { parseArgs } from 'node:util';
import type { Evidence } from '../../analysis/evidence.ts';
import { assess, observe, openEvidence } from '../../analysis/gate.ts';
import { SCHEDULES } from './analysis/cells.ts';
import { errorsPlan, errorsSample } from './analysis/gate-run.ts';
import { scenarioOf } from './analysis/scenarios.ts';
import { STEP, tracePolls } from './analysis/traffic.ts';

/**
 * The price of one poll of one metric over a long rollout: four stages of a day and one of seven, a poll in 15 s. Prints
 * for each stretch the median microseconds to take a poll in and judge it, as backtests do and, every other poll, with the interval and
 * whatever else only people read, as gates do; the live components; and the size of what is kept. `--scenario N8` is that of a
 * canary whose own halves are measured as well; `--days 12` makes the last stage longer.
 */
const DAY = 86_400;
const STRETCH = DAY / 4 / STEP;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '9000000' },
    scenario: { type: 'string', default: 'S2' },
    days: { type: 'string', default: '7' },
  },
});
const schedule = [...SCHEDULES.week.slice(0, -1), { percent: 50, seconds: Number(values.days) * DAY }];
const plan = errorsPlan(schedule);
const polls = tracePolls(Number(values.seed), {
  scenario: scenarioOf(values.scenario),
  stretches: schedule.map(({ percent, seconds }, stage) => ({
    stage,
    share: percent / 100,
    polls: seconds / STEP,
  })),
  regression: { extra: 0, onset: 0 },
});

let evidence = openEvidence(plan);
interface Micros {
  brief: number[];
  full: number[];
}
const all: Micros = { brief: [], full: [] };
let stretch: Micros = { brief: [], full: [] };
console.log('hour   stage   us a poll   with what people read   live components   kB kept   heap MB');
for (const [index, poll] of polls.entries()) {
  const sample = errorsSample(poll, schedule);
  const kind = index % 2 === 0 ? 'brief' : 'full';
  const context = { stageIndex: poll.stage, brief: kind === 'brief' };
  const began = performance.now();
  evidence = observe(evidence, plan, { kind: 'sample', sample, expressions: {}, queries: [] }, context);
  assess(evidence, plan, context);
  stretch[kind].push(1000 * (performance.now() - began));
  if ((index + 1) % STRETCH !== 0) continue;
  all.brief.push(...stretch.brief);
  all.full.push(...stretch.full);
  const figures = [
    (poll.t / 3600).toFixed(0).padStart(4),
    sample.stage.padStart(7),
    median(stretch.brief).toFixed(0).padStart(11),
    median(stretch.full).toFixed(0).padStart(23),
    String(liveOf(evidence)).padStart(17),
    (JSON.stringify(evidence).length / 1000).toFixed(1).padStart(9),
    (process.memoryUsage().heapUsed / 1e6).toFixed(0).padStart(9),
  ];
  console.log(figures.join(' '));
  stretch = { brief: [], full: [] };
}
console.log(
  `median of all ${polls.length} polls: ${median(all.brief).toFixed(0)} us, with what people read ${median(all.full).toFixed(0)} us`,
);

function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
}

function liveOf({ metrics }: Evidence): number {
  return metrics['errors']?.process.live.length ?? 0;
}
