import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs, promisify } from 'node:util';
import { traceLine } from '../../analysis/trace.ts';
import { commandFile } from '../../app/paths.ts';
import { SCHEDULES } from './analysis/cells.ts';
import { errorsPlan, errorsSample } from './analysis/gate-run.ts';
import { scenarioOf } from './analysis/scenarios.ts';
import { STEP, tracePolls } from './analysis/traffic.ts';

/**
 * `tidegate backtest` on a file of healthy rollouts with four stages of an hour, one metric, a poll in 15 s. Prints the
 * whole time of the command, by the wall.
 */
const { values } = parseArgs({
  options: { rollouts: { type: 'string', default: '1000' }, seeds: { type: 'string', default: '8000000' } },
});
const rollouts = Number(values.rollouts);
const folder = await mkdtemp(join(tmpdir(), 'tidegate-backtest-'));
try {
  const trace = join(folder, 'trace.jsonl');
  const plan = join(folder, 'plan.json');
  await writeFile(plan, planText());
  const polls = await writeTrace(trace);
  const began = performance.now();
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [commandFile(), 'backtest', plan, '--trace', trace, '--json'],
    { maxBuffer: 2 ** 28 },
  ).catch((error: { code?: number; stdout?: string }) => {
    // 1: one of them would have been stopped.
    if (error.code === 1) return { stdout: error.stdout ?? '' };
    throw error;
  });
  const seconds = (performance.now() - began) / 1000;
  const outcomes = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { outcome: string }).outcome);
  const completed = outcomes.filter((outcome) => outcome === 'completed').length;
  console.log(
    `${outcomes.length} rollouts of ${polls / rollouts} polls in ${seconds.toFixed(1)} s on ${availableParallelism()} cores` +
      `: ${((1e6 * seconds) / polls).toFixed(0)} us a poll; ${completed} completed`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

function planText(): string {
  const stages = SCHEDULES.hours.map(({ percent, seconds }) => ({
    name: `${percent}%`,
    percent,
    bake: `${seconds}s`,
  }));
  return JSON.stringify({
    metadata: { name: 'benchmark' },
    flag: { key: 'benchmark' },
    metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.1pp', hard: '+0.5pp' }],
    stages,
  });
}

async function writeTrace(file: string): Promise<number> {
  const plan = errorsPlan(SCHEDULES.hours);
  const out = createWriteStream(file);
  const stretches = SCHEDULES.hours.map(({ percent, seconds }, stage) => ({
    stage,
    share: percent / 100,
    polls: seconds / STEP,
  }));
  let count = 0;
  for (let i = 0; i < rollouts; i++) {
    const polls = tracePolls(Number(values.seeds) + i, {
      scenario: scenarioOf('S2'),
      stretches,
      regression: { extra: 0, onset: 0 },
    });
    const lines = polls.map((poll) =>
      traceLine(errorsSample(poll, SCHEDULES.hours), { rollout: `r${i + 1}`, plan }),
    );
    count += lines.length;
    if (!out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
  return count;
}
