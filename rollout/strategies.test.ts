import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parsePlan } from '../plans/parse.ts';
import type { Plan } from '../plans/plan.ts';
import { severable } from '../plans/slices.ts';
import { Backtest } from './backtest.ts';
import type { BacktestOutcome } from './backtest-outcome.ts';
import { SCENARIOS, strategyTrace } from './strategy-traces.fixture.ts';

const EXAMPLES = new URL('../plans/examples/', import.meta.url);

/** With stages of twenty minutes: what a day of them would show is here shown by the traffic. */
function quick(file: string): Plan {
  const parsed = parsePlan(readFileSync(new URL(file, EXAMPLES), 'utf8'), file);
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.findings));
  const { plan } = parsed;
  const stages = plan.stages.map(({ max: _max, ...stage }) => ({
    ...stage,
    bake: 1200,
    ...(stage.minRequests === undefined ? {} : { minRequests: 200 }),
  }));
  return { ...plan, stages, source: { ...plan.source, poll: 30 } };
}

function line(found: BacktestOutcome): string {
  const { outcome, stage, t, metric, severity, held, reason, excluded = [] } = found;
  const off = excluded.map((one) => `; excluded ${one.who} in ${one.stage} at ${one.t} s by ${one.metric}`);
  const beside = `${off.join('')}${held.length === 0 ? '' : `; held at ${held.join(', ')}`}`;
  if (outcome === 'completed') return `completed${beside}`;
  return `${outcome} in ${stage} at ${t} s by ${metric ?? reason.split(':')[0]} (${severity ?? 'overdue'})${beside}`;
}

/** `npx vitest run --project unit rollout/strategies.test.ts -u` writes the golden file anew. */
it('each example plan ends as it should, on traffic that is good, bad, missing, too little and bad for one customer alone', async () => {
  const lines: string[] = [];
  for (const file of readdirSync(EXAMPLES)) {
    const plan = quick(file);
    SCENARIOS.forEach((scenario, seed) => {
      if (scenario === 'one slice' && severable(plan).size === 0) return;
      // What a pause for missing data ends in is decided by people: here by the plan, so that it is seen.
      const noData = { after: 600, then: 'rollback' as const };
      const of = scenario === 'no data' ? { ...plan, policy: { ...plan.policy, noData } } : plan;
      const run = new Backtest(of, file);
      for (const sample of strategyTrace(of, scenario, 41 + seed)) run.addSample(sample);
      lines.push(`${file.replace('.yaml', '').padEnd(15)} ${scenario.padEnd(12)} ${line(run.finish())}`);
    });
  }
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('strategies.golden.txt');
}, 120_000);
