import { parseArgs } from 'node:util';
import type { Evidence } from '../../analysis/evidence.ts';
import { assess, observe, openEvidence } from '../../analysis/gate.ts';
import { SCHEDULES } from './analysis/cells.ts';
import { errorsPlan, errorsSample } from './analysis/gate-run.ts';
import { scenarioOf } from './analysis/scenarios.ts';
import { STEP, tracePolls } from './analysis/traffic.ts';

/**
 * The price of one poll of one metric over a long rollout: four stages of a day and one of seven, a poll in 15 s. Prints
 * for each stretch the median microseconds to take a poll in and judge it, the live components, and the size of what is
 * kept. `--scenario N8` is that of a canary whose own halves are measured as well.
 */
const schedule = SCHEDULES.week;
const STRETCH = (6 * 3600) / STEP;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '9000000' },
    scenario: { type: 'string', default: 'S2' },
  },
});
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
const all: number[] = [];
let stretch: number[] = [];
console.log('hour   stage   us a poll   live components   kB kept   heap MB');
for (const [index, poll] of polls.entries()) {
  const sample = errorsSample(poll, schedule);
  const context = { stageIndex: poll.stage, brief: true };
  const began = performance.now();
  evidence = observe(evidence, plan, { kind: 'sample', sample, expressions: {}, queries: [] }, context);
  assess(evidence, plan, context);
  stretch.push(1000 * (performance.now() - began));
  if ((index + 1) % STRETCH !== 0) continue;
  all.push(...stretch);
  const figures = [
    (poll.t / 3600).toFixed(0).padStart(4),
    sample.stage.padStart(7),
    median(stretch).toFixed(0).padStart(11),
    String(liveOf(evidence)).padStart(17),
    (JSON.stringify(evidence).length / 1000).toFixed(1).padStart(9),
    (process.memoryUsage().heapUsed / 1e6).toFixed(0).padStart(9),
  ];
  console.log(figures.join(' '));
  stretch = [];
}
console.log(`median of all ${all.length} polls: ${median(all).toFixed(0)} us`);

function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
}

function liveOf({ metrics }: Evidence): number {
  return metrics['errors']?.process.live.length ?? 0;
}
