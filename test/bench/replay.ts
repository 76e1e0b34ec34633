import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { compare } from '../../analysis/comparison.ts';
import { Replay } from '../../analysis/replay.ts';
import { Plan } from '../../plans/plan.ts';
import type { Buckets, CohortSample } from '../../plans/sample.ts';
import { storedPoll } from '../../server/replayed.ts';
import { createReplays } from '../../server/replays.ts';
import type { RolloutRow, VersionedSample } from '../../store/store.ts';

/**
 * What a table of a running rollout costs the server: the whole record judged anew for it in one go, the same at the pace of a server,
 * and going on from the last table. Prints milliseconds, and the longest time that nothing else was served.
 */
const { values } = parseArgs({ options: { polls: { type: 'string', default: '5760' } } });
const POLLS = Number(values.polls);
const STEP = 15;
const EDGES = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5];
const plan = Plan.parse({
  metadata: { name: 'benchmark' },
  flag: { key: 'benchmark' },
  metrics: [
    { name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.5pp', hard: '+2pp' },
    { name: 'orders', kind: 'ratio', good: 'orders', total: 'total', soft: '-5pp' },
    { name: 'latency', kind: 'latency', histogram: 'seconds', soft: '+30%' },
  ],
  stages: [
    { name: '1%', percent: 1, bake: '12h' },
    { name: '25%', percent: 25, bake: '12h' },
  ],
});

let state = 1;
function random(): number {
  state = (state * 48_271) % 2_147_483_647;
  return state / 2_147_483_647;
}

function cohort(requests: number): CohortSample {
  const near = (mean: number) =>
    Math.min(requests, Math.round(mean + Math.sqrt(mean) * (random() - 0.5) * 3));
  const histogram: Buckets = [
    ...EDGES.map((edge): [number, number] => [edge, Math.round(requests * (1 - Math.exp(-edge / 0.2)))]),
    ['+Inf', requests],
  ];
  return {
    requests,
    ratios: {
      errors: { events: near(requests * 0.01), total: requests },
      orders: { events: near(requests * 0.2), total: requests },
    },
    histograms: { latency: histogram },
  };
}

function stored(index: number): VersionedSample {
  const t = (index + 1 - POLLS) * STEP;
  const stage = t <= 0 ? 'history' : t <= (POLLS / 2) * STEP ? '1%' : '25%';
  const canary = stage === '25%' ? 750 : 30;
  const both = { stage, t: t <= 0 ? t - STEP : t, baseline: cohort(3000 - canary) };
  const halves = [cohort(1500), cohort(1500)];
  const sample = t <= 0 ? { ...both, halves } : { ...both, canary: cohort(canary), halves };
  return { rolloutId: 'b-1', stage, t: sample.t, at: 0, sample, assessment: null, version: 1 };
}

// As rows come from a database: as text.
const rows = Array.from({ length: 2 * POLLS }, (_, i) => {
  const row = stored(i);
  return { t: row.t, text: JSON.stringify(row) };
});
let written = rows.length - 1;
const from = (after: number | null) => {
  const at = after === null ? 0 : rows.findIndex(({ t }) => t > after);
  return at < 0 ? written : Math.min(at, written);
};
const parsed = (begin: number, end: number) =>
  rows.slice(begin, Math.min(end, written)).map(({ text }) => JSON.parse(text) as VersionedSample);
const rollouts = {
  journal: async () => [],
  planRevisions: async () => [],
  carried: async () => null,
  samplePage: async (_: string, { after, limit }: { after: number | null; limit: number }) => {
    const begin = from(after);
    await sleep(0);
    return parsed(begin, begin + limit);
  },
  sampleMark: async (_: string, until: number) => ({ rows: from(until), versions: from(until) }),
};
const row = { id: 'b-1', plan, view: { planRevision: 1 } } as RolloutRow;

async function measured(what: string, run: () => Promise<unknown>): Promise<number> {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  await sleep(20);
  longest = 0;
  const began = performance.now();
  await run();
  const took = performance.now() - began;
  await sleep(5);
  clearInterval(timer);
  console.log(
    `${what.padEnd(36)} ${took.toFixed(1).padStart(9)} ms   longest without a breath ${longest.toFixed(0).padStart(6)} ms`,
  );
  return took;
}

async function atOnce(): Promise<void> {
  const replay = new Replay(plan);
  for (const one of parsed(0, written)) replay.add(storedPoll(one));
  replay.visits.map((visit) => compare(visit));
}

console.log(`${POLLS} polls before the rollout and ${POLLS} in it`);
await atOnce();
const whole = await measured('anew, in one go', atOnce);
const table = (replays = createReplays({ rollouts })) =>
  replays.of(row, ({ replay }) => replay.visits.map((visit) => compare(visit)));
await measured('anew, at the pace of a server', () => table());
const replays = createReplays({ rollouts });
await table(replays);
written += 1;
const next = await measured('going on, one poll later', () => table(replays));
const again = await measured('going on, nothing new', () => table(replays));
console.log(
  `anew : going on = ${(whole / next).toFixed(0)} : 1, ${(whole / again).toFixed(0)} : 1 with nothing new`,
);
