import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { commandFile } from '../../app/paths.ts';
import { ENDED } from '../../plans/view.ts';
import { benchPlan, patiently, type Stand, summary, withStand } from './stand.ts';

/** Milliseconds of one rollback. */
interface Rollback {
  total: number;
  detection: number;
  actuation: number;
  sufficed: number;
}

const FLAG = 'pricing-v2';
const PLAN = benchPlan(FLAG, ['{ name: 50%, percent: 50, bake: 600s }']);
const POLL = 1_000;
/** Several polls of a canary that is as good as the baseline come before it turns bad. */
const GOOD = 3_000;
const PER_RUN = 120_000;
const START = 180_000;

/** One rollout up to its only stage, in force in the running application. */
async function rollOut(stand: Stand): Promise<string> {
  const id = await stand.submit(PLAN);
  await stand.until(id, ({ stage }) => stage === '50%');
  await stand.exposed(FLAG, 'some');
  return id;
}

/** From the first bad response in the shop to nobody on the new path, with the parts of the way between. */
async function rollback(stand: Stand): Promise<Rollback> {
  const id = await rollOut(stand);
  // Not at the same moment of a poll in each run.
  await sleep(GOOD + Math.random() * POLL);
  await stand.shop.fault({ flag: FLAG, endpoint: null, errorRate: 0.4, latencyMs: 0 });
  const zero = await stand.exposed(FLAG, 'none');
  const { firstBadAt } = await stand.shop.bad();
  await stand.shop.fault(null);
  await stand.until(id, ({ phase }) => ENDED.includes(phase));
  const stop = (await stand.journal(id)).find(({ transition }) => transition === 'hard-stop');
  if (firstBadAt === null || stop?.evidence == null) throw new Error(`${id}: no hard stop by a bad response`);
  const t = stop.evidence.t;
  const windowEnd = await patiently(10_000, 100, async () => {
    const found = (await stand.samples(id)).find((sample) => Math.abs(sample.t - t) < 1e-6);
    if (found === undefined) throw new Error(`${id}: no sample of the window that ends at ${t} s`);
    return found.at;
  });
  return {
    total: zero - firstBadAt,
    detection: stop.at - firstBadAt,
    actuation: zero - stop.at,
    sufficed: zero - windowEnd,
  };
}

/** From just before `act` begins to nobody on the new path. */
async function kill(stand: Stand, act: () => Promise<unknown>): Promise<number> {
  const id = await rollOut(stand);
  await sleep(Math.random() * POLL);
  const begun = Date.now();
  const [zero] = await Promise.all([stand.exposed(FLAG, 'none'), act()]);
  await stand.until(id, ({ phase }) => ENDED.includes(phase));
  await stand.unlock(FLAG);
  return zero - begun;
}

async function killCommand({ stack }: Stand): Promise<void> {
  const to = ['--server', stack.urls.server, '--config', stack.configFile];
  const args = [commandFile(), 'kill', FLAG, '--environment', 'demo', '--reason', 'bench', ...to];
  await promisify(execFile)(process.execPath, args, { timeout: 30_000 });
}

/** What any command pays before its first line: a Node process that does nothing. */
async function emptyProcess(): Promise<number> {
  const begun = performance.now();
  await promisify(execFile)(process.execPath, ['-e', '0'], { timeout: 30_000 });
  return Math.round(performance.now() - begun);
}

async function repeat<T>(name: string, runs: number, measure: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let run = 1; run <= runs; run++) {
    const result = await measure();
    console.error(`${name} ${run}/${runs}: ${JSON.stringify(result)} ms`);
    results.push(result);
  }
  return results;
}

function row(what: string, values: readonly number[]): void {
  if (values.length === 0) return;
  const { median, worst } = summary(values);
  console.log(`${what.padEnd(64)} ${median.padStart(9)} ${worst.padStart(9)}`);
}

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '20' }, only: { type: 'string' } },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs is a whole number from 1.');

const kills = values.only === 'rollback' ? 0 : runs;
const rollbackRuns = values.only === 'kill' ? 0 : runs;

await withStand(START + 3 * runs * PER_RUN, async (stand) => {
  const http = await repeat('kill, call', kills, () => kill(stand, () => stand.kill(FLAG)));
  const command = await repeat('kill, command', kills, () => kill(stand, () => killCommand(stand)));
  const nothing = await repeat('an empty process', kills, emptyProcess);
  const rollbacks = await repeat('rollback', rollbackRuns, () => rollback(stand));
  console.log(
    `\n${`${runs} runs each; 50 % stage, poll 1 s, settle 1 s, scrape 500 ms`.padEnd(64)}    median     worst`,
  );
  row(
    'first bad response to exposure 0',
    rollbacks.map(({ total }) => total),
  );
  row(
    '  detection: first bad response to the decision',
    rollbacks.map(({ detection }) => detection),
  );
  row(
    '  actuation: the decision to exposure 0',
    rollbacks.map(({ actuation }) => actuation),
  );
  row(
    'end of the window that sufficed to exposure 0',
    rollbacks.map(({ sufficed }) => sufficed),
  );
  row('kill: HTTP call to exposure 0', http);
  row('kill: start of the command `tidegate kill` to exposure 0', command);
  row('  of it: a Node process that does nothing', nothing);
});
