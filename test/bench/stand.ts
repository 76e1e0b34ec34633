import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoStack, startDemoShop } from '../../app/demo.ts';
import { type Stack, startStack } from '../../app/stack.ts';
import type { Shop } from '../../examples/shop/shop.ts';
import type { RolloutView } from '../../plans/view.ts';
import { JournalReply, KillReply, SamplesReply, StatusReply, SubmitReply } from '../../server/api.ts';
import { allSamples } from '../fixtures/all-samples.ts';

/** All of Tidegate with the example shop under load, on loopback, in a folder that goes with it. */
export interface Stand {
  stack: Stack;
  shop: Shop;
  submit(plan: string): Promise<string>;
  status(id: string): Promise<StatusReply>;
  journal(id: string): Promise<JournalReply['entries']>;
  samples(id: string): Promise<SamplesReply['samples']>;
  kill(flag: string): Promise<KillReply>;
  unlock(flag: string): Promise<void>;
  /** Waits until the rollout is as wanted; rejects with what it last was. */
  until(id: string, wanted: (view: RolloutView) => boolean, ms?: number): Promise<RolloutView>;
  /** Resolves when every front of the shop gives nobody, or with `some` somebody, the canary; epoch milliseconds. */
  exposed(flag: string, wanted: 'none' | 'some', ms?: number): Promise<number>;
}

const BASE_PORT = 23_500;
const LOOK_EVERY = 10;
/** Enough that none of them in the canary means nobody at 50 %, few enough that looking costs the fronts little. */
const USERS = 100;
const ACTOR = { by: 'bench', roles: [] };

/** Runs `work` on a stand and stops everything after it, also at Ctrl-C and after `limit` milliseconds. */
export async function withStand(limit: number, work: (stand: Stand) => Promise<void>): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'tidegate-bench-'));
  const started: { stop(): Promise<void> }[] = [];
  let cut: (error: Error) => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    cut = reject;
  });
  const timer = setTimeout(() => cut(new Error(`not done after ${limit / 1000} s`)), limit);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => cut(new Error(signal)));
  let well = false;
  try {
    await Promise.race([begin(data, started).then(work), stopped]);
    well = true;
  } finally {
    clearTimeout(timer);
    for (const part of started.toReversed()) await part.stop().catch(console.error);
    // The logs of what failed say why.
    if (well) await rm(data, { recursive: true, force: true });
    else console.error(`what was written stays in ${data}`);
  }
}

async function begin(data: string, started: { stop(): Promise<void> }[]): Promise<Stand> {
  const names = ['server', 'sync', 'workerSync', 'temporal', 'prometheus', 'postgres'] as const;
  const stack = await startStack({
    data,
    say: (line) => console.error(line),
    ...demoStack,
    extra: { front1: BASE_PORT + 10, front2: BASE_PORT + 11 },
    wanted: Object.fromEntries(names.map((name, index) => [name, BASE_PORT + index])),
  });
  started.push(stack);
  const shop = await startDemoShop(stack, (what) => console.error(`${what} ended`));
  started.push(shop);
  return hands(stack, shop);
}

function hands(stack: Stack, shop: Shop): Stand {
  const call = async (path: string, body?: unknown): Promise<unknown> => {
    const request =
      body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const signal = AbortSignal.timeout(10_000);
    const response = await stack.api(path, { ...request, signal });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return response.json();
  };
  const status = async (id: string) => StatusReply.parse(await call(`/rollouts/${id}`));
  return {
    stack,
    shop,
    status,
    // Until Prometheus has scraped the shop twice the baseline has no series, and the answer is "not yet".
    submit: (text) =>
      patiently(30_000, 300, async () => {
        const reply = await call('/rollouts', { ...ACTOR, text, file: 'bench.yaml' });
        return SubmitReply.parse(reply).id;
      }),
    journal: async (id) => JournalReply.parse(await call(`/rollouts/${id}/journal`)).entries,
    samples: (id) =>
      allSamples(async (page) => SamplesReply.parse(await call(`/rollouts/${id}/samples${page}`))),
    kill: async (flag) => KillReply.parse(await call(`/flags/${flag}/kill?environment=demo`, ACTOR)),
    unlock: async (flag) => {
      await call(`/flags/${flag}/unlock?environment=demo`, { ...ACTOR, reason: 'next run' });
    },
    until: (id, wanted, ms = 60_000) =>
      patiently(ms, 50, async () => {
        const { view } = await status(id);
        if (!wanted(view)) throw new Error(`${id} is ${view.phase} in ${view.stage ?? '-'}: ${view.next}`);
        return view;
      }),
    exposed: async (flag, wanted, ms = 60_000) =>
      Math.max(...(await Promise.all(shop.fronts.map((front) => look(front, flag, wanted, ms))))),
  };
}

/** When one front, in its own process, first answers as wanted: the time after its last user was evaluated. */
async function look(front: string, flag: string, wanted: 'none' | 'some', ms: number): Promise<number> {
  return patiently(ms, LOOK_EVERY, async () => {
    const response = await fetch(`${front}/_exposure?flag=${flag}&users=${USERS}`);
    const { on, at } = (await response.json()) as { on: number; at: number };
    if ((on === 0) !== (wanted === 'none')) throw new Error(`${front}: ${on} of ${USERS} get the canary`);
    return at;
  });
}

/** Tries until it works; after `ms` rejects with the last error. */
export async function patiently<T>(ms: number, every: number, attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(every);
    }
  }
}

/** Both as text in milliseconds. @throws Error for no values */
export function summary(values: readonly number[]): { median: string; worst: string } {
  if (values.length === 0) throw new Error('nothing was measured');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
  return { median: `${Math.round(median)} ms`, worst: `${Math.round(sorted.at(-1) ?? 0)} ms` };
}

/** A plan whose stages are compared by errors alone, once a second. */
export function benchPlan(flag: string, stages: readonly string[]): string {
  const series = `shop_requests_total{service="shop",flag="${flag}"`;
  return `
metadata: { name: ${flag}, owner: bench, service: shop }
environment: demo
flag: { key: ${flag} }
source: { poll: 1s }
metrics:
  - { name: errors, kind: ratio, bad: '${series},code=~"5.."}', total: '${series}}', soft: +0.5pp, hard: +2pp }
analysis: { restart: 5s }
stages:
${stages.map((stage) => `  - ${stage}`).join('\n')}
`;
}
