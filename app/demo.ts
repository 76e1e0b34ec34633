import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { type Shop, startShop } from '../examples/shop/shop.ts';
import { ENDED, type RolloutView } from '../plans/view.ts';
import type { Live } from '../server/api.ts';
import { StatusReply, SubmitReply } from '../server/api.ts';
import { examplePlan } from './paths.ts';
import type { Stack, StackOptions } from './stack.ts';

/** What the demonstration shows on: a live picture, and lines that stay. */
export interface Screen {
  show(watched: readonly { view: RolloutView; live: z.infer<typeof Live> | null }[], now: number): void;
  note(line: string): void;
  close(): void;
}

const FRONTS = { front1: 8091, front2: 8092 } as const;
const LOOK_EVERY = 400;
/** A rollout of the demonstration takes about a minute; far beyond that something is wrong. */
const TOO_LONG = 300_000;
const EXPLAINED_WITHIN = 20_000;

/** What the stack must know of the shop before the shop runs. */
export const demoStack: Pick<StackOptions, 'scrape' | 'extra' | 'settings' | 'settle'> = {
  extra: FRONTS,
  scrape: (ports) => ({
    interval: '500ms',
    configs: [
      {
        job_name: 'shop',
        static_configs: [{ targets: [`127.0.0.1:${ports.front1}`, `127.0.0.1:${ports.front2}`] }],
      },
    ],
  }),
  settings: {
    segments: { employees: { attribute: 'email', operator: 'ends_with', values: ['@example.com'] } },
    channels: { terminal: { kind: 'terminal' } },
  },
  settle: '1s',
};

export function startDemoShop(stack: Stack, onExit: (what: string) => void): Promise<Shop> {
  const port = (name: string) => stack.ports[name] ?? 0;
  return startShop({
    flagd: {
      addresses: [`127.0.0.1:${port('sync')}`, `127.0.0.1:${port('workerSync')}`],
      environment: 'demo',
    },
    instances: 2,
    ports: { fronts: [port('front1'), port('front2')] },
    load: { rate: 300 },
    onExit,
  });
}

export interface DemoResult {
  id: string;
  view: RolloutView;
}

/** Where the demonstration plays. */
export interface Scene {
  stack: Stack;
  shop: Shop;
  screen: Screen;
  /** Nothing is shown any more once it is aborted. */
  signal: AbortSignal;
}

/** One plan from its submission to its end, shown as it goes. `during` may act on the shop while it runs. */
async function follow(
  plan: string,
  { stack, screen, signal, during }: Scene & { during?: (view: RolloutView) => Promise<void> },
): Promise<DemoResult> {
  const path = examplePlan(plan);
  const { id } = await submit(stack, path);
  screen.note(`\nsubmitted ${plan} as ${id}`);
  const end = Date.now() + TOO_LONG;
  for (;;) {
    const { view, live } = await status(stack, id);
    signal.throwIfAborted();
    screen.show([{ view, live }], Date.now());
    if (ENDED.includes(view.phase)) {
      screen.close();
      return { id, view };
    }
    if (Date.now() > end) throw new Error(`${id} has not ended within ${TOO_LONG / 1000} s`);
    await during?.(view);
    if (view.blockers.some(({ kind }) => kind === 'point-of-no-return')) await confirm(stack, view);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}

/** Nobody completes what they submitted: a second name says that the old path may go. */
async function confirm(stack: Stack, { id, flag }: RolloutView): Promise<void> {
  const body = JSON.stringify({ by: 'release-manager', roles: [], confirm: flag, reason: 'a demonstration' });
  const headers = { 'content-type': 'application/json' };
  const response = await stack.api(`/rollouts/${id}/actions/confirm`, { method: 'POST', headers, body });
  // What came in between is shown by the rollout itself.
  await response.text();
}

async function submit(stack: Stack, path: string): Promise<{ id: string }> {
  const text = await readFile(path, 'utf8');
  const body = JSON.stringify({ by: 'demo', roles: [], text, file: path });
  // The baseline's series exist once Prometheus has scraped the shop twice; until then the answer is "not yet".
  const end = Date.now() + 30_000;
  for (;;) {
    const response = await stack.api('/rollouts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const answer: unknown = await response.json();
    if (response.ok) return SubmitReply.parse(answer);
    if (Date.now() > end) throw new Error(`the plan was refused: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function status(stack: Stack, id: string): Promise<StatusReply> {
  const response = await stack.api(`/rollouts/${id}`, {
    signal: AbortSignal.timeout(5_000),
  });
  return StatusReply.parse(await response.json());
}

/**
 * Two rollouts on the example shop: one reaches 100 % and decommission; in the other the new path turns bad in the
 * middle of the 5 % stage, through HTTP, Prometheus and the flag alone, and is rolled back.
 * Gives true when both went as they should.
 */
export async function runDemo(on: Scene): Promise<boolean> {
  const { shop, screen } = on;
  const good = await follow('demo-good.yaml', on);
  screen.note(sentence(good));
  let bad = false;
  const during = async (view: RolloutView) => {
    const inside = view.stage === '5%' && view.stageSince !== null && Date.now() - view.stageSince > 5_000;
    if (bad || !inside) return;
    bad = true;
    await shop.fault({ flag: view.flag, endpoint: FAULT_ENDPOINT, errorRate: 0.4, latencyMs: 300 });
    screen.note(`the new path turns bad now: 40 % errors and +300 ms on ${FAULT_ENDPOINT}`);
  };
  const regression = await follow('demo-regression.yaml', { ...on, during });
  await shop.fault(null);
  screen.note(sentence(regression));
  const why = await explained(on.stack, regression.id);
  if (why !== null) screen.note(`why: ${why}`);
  const exposed = await shop.exposure(regression.view.flag);
  const still = exposed.reduce((sum, { on }) => sum + on, 0);
  screen.note(
    `in the running application ${still} of ${exposed.reduce((sum, { total }) => sum + total, 0)} users get the new path of ${regression.view.flag}`,
  );
  return (
    good.view.phase === 'completed' &&
    regression.view.phase === 'rolled-back' &&
    regression.view.stage === '5%' &&
    still === 0
  );
}

/** Where the metric moved, which is found out after the flag is back; null: not in time. */
async function explained(stack: Stack, id: string): Promise<string | null> {
  const end = Date.now() + EXPLAINED_WITHIN;
  for (;;) {
    const { view } = await status(stack, id);
    if (view.explanation !== undefined) return view.explanation.sentence;
    if (Date.now() > end) return null;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}

const FAULT_ENDPOINT = 'GET /products/:id';

function sentence({ id, view }: DemoResult): string {
  if (view.phase === 'completed') return `${id}: complete, the canary serves ${view.exposure.percent} %`;
  const why =
    view.stop === null
      ? ''
      : `: ${'reason' in view.stop.cause ? (view.stop.cause.reason ?? '') : view.stop.cause.detail}`;
  return `${id}: ${view.phase} in stage ${view.stage ?? '-'}${why}`;
}
