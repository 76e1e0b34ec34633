import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { type Stack, startStack } from '../../app/stack.ts';
import type { JournalEntry } from '../../plans/journal.ts';
import { openDatabase } from '../../store/connection.ts';
import { createRolloutStore } from '../../store/rollouts.ts';
import type { RolloutStore } from '../../store/store.ts';
import { findBrowser, startBrowser } from '../fixtures/browser.ts';
import { softStop, tell } from '../fixtures/console-scene.ts';
import { exampleView } from '../fixtures/rollout-view.ts';

/** Every fifth still runs. */
const RUNNING = 5;
const PORT = 23_700;

interface Figures {
  rollouts: number;
  /** From the navigation to the first rollouts on the screen, ms. */
  firstRows: number[];
  /** The same up to the last of them known to the page. */
  allRows: number[];
  /** From the record of a step in PostgreSQL to its sight in the list, ms. */
  seen: number[];
  /** From the navigation to the page of a paused rollout until it says what happened, why, and what can be done about it, ms. */
  paused: number[];
  /** The same up to the comparison of both cohorts and where the regression sits. */
  evidence: number[];
  /** From the record of a step to its sight on that page, ms. */
  seenThere: number[];
}

/**
 * How long a person waits for the console: the real server with so many rollouts stored, and real Chromium on the same machine.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rollouts: { type: 'string', default: '1000' },
      loads: { type: 'string', default: '10' },
      changes: { type: 'string', default: '20' },
      json: { type: 'boolean', default: false },
    },
  });
  const data = await mkdtemp(join(tmpdir(), 'tidegate-bench-'));
  const names = ['server', 'sync', 'workerSync', 'temporal', 'prometheus', 'postgres'] as const;
  const wanted = Object.fromEntries(names.map((name, i) => [name, PORT + i]));
  const stack = await startStack({ data, say: (line) => console.error(line), wanted });
  const database = openDatabase(stack.urls.postgres);
  let browser: Browser | null = null;
  try {
    browser = await startBrowser(await findBrowser());
    const figures = await measure({
      browser,
      stack,
      store: createRolloutStore(database),
      rollouts: Number(values.rollouts),
      loads: Number(values.loads),
      changes: Number(values.changes),
    });
    if (values.json) console.log(JSON.stringify(figures));
    else for (const line of lines(figures)) console.log(line);
  } finally {
    await browser?.close();
    await database.close();
    await stack.stop();
    await rm(data, { recursive: true, force: true });
  }
}

interface Given {
  browser: Browser;
  stack: Stack;
  store: RolloutStore;
  rollouts: number;
  loads: number;
  changes: number;
}

/** Notes when rows appear, and when each text is first seen, by the page's own clock. */
const WATCH = `(() => {
  const seen = globalThis.seen = { first: null, all: null, texts: {} };
  const look = () => {
    if (document.querySelector('.item') === null) return;
    seen.first ??= performance.now();
    if (Number(document.querySelector('.chip .number')?.textContent) >= globalThis.wanted) seen.all ??= performance.now();
    const text = document.querySelector('.board')?.textContent ?? '';
    for (const found of text.matchAll(/change-\\d+/g)) seen.texts[found[0]] ??= Date.now();
  };
  new MutationObserver(() => requestAnimationFrame(look)).observe(document, { childList: true, subtree: true, characterData: true });
})()`;

/** The same of the page of one rollout. */
const WATCH_ROLLOUT = `(() => {
  const seen = globalThis.seen = { first: null, all: null, texts: {} };
  const look = () => {
    const situation = document.querySelector('.situation');
    if (situation === null || document.querySelector('main button') === null) return;
    seen.first ??= performance.now();
    if (situation.textContent.includes('endpoint=/checkout') && document.querySelector('main table tbody tr') !== null) seen.all ??= performance.now();
    for (const found of document.querySelector('main').textContent.matchAll(/change-\\d+/g)) seen.texts[found[0]] ??= Date.now();
  };
  new MutationObserver(() => requestAnimationFrame(look)).observe(document, { childList: true, subtree: true, characterData: true });
})()`;

async function measure(given: Given): Promise<Figures> {
  const ids: string[] = [];
  for (let n = 0; n < given.rollouts; n++) ids.push(await write(given.store, n));
  return { ...(await measureBoard(given, ids[0] ?? '')), ...(await measurePaused(given)) };
}

type OfPaused = Pick<Figures, 'paused' | 'evidence' | 'seenThere'>;

async function measurePaused({ browser, stack, store, loads, changes }: Given): Promise<OfPaused> {
  const id = await tell(
    { rollouts: store },
    { flag: 'pricing-v2', title: 'New pricing engine', ...softStop() },
  );
  const page = await enter({ browser, stack }, WATCH_ROLLOUT);
  const address = `${stack.urls.server}/rollouts/${id}`;
  const [paused, evidence]: [number[], number[]] = [[], []];
  for (let n = 0; n < loads; n++) {
    await page.goto(address);
    await page.waitForFunction('globalThis.seen.all !== null');
    paused.push(await page.evaluate('globalThis.seen.first'));
    evidence.push(await page.evaluate('globalThis.seen.all'));
  }
  const seenThere = await changesSeen(page, { store, id, changes });
  await page.context().close();
  return { paused, evidence, seenThere };
}

/** A page of somebody who is logged in. The page's policy allows no eval, by which the browser's driver waits. */
async function enter({ browser, stack }: Pick<Given, 'browser' | 'stack'>, watch: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, bypassCSP: true });
  const page = await context.newPage();
  const { code } = (await (await stack.api('/session/codes', { method: 'POST' })).json()) as { code: string };
  await page.goto(`${stack.urls.server}/enter#code=${code}`);
  await page.waitForURL((url) => !url.pathname.includes('enter'));
  await context.addInitScript(watch);
  return page;
}

/** How long each of some steps takes from its record to its sight, ms. */
async function changesSeen(
  page: Page,
  { store, id, changes }: Pick<Given, 'store' | 'changes'> & { id: string },
): Promise<number[]> {
  const seen: number[] = [];
  for (let n = 0; n < changes; n++) {
    const row = await store.get(id);
    if (row?.view == null) throw new Error(`${id} is gone`);
    const { view } = row;
    const text = `change-${n}`;
    const now = Date.now();
    const entry: JournalEntry = {
      rolloutId: id,
      seq: view.seq + 1,
      at: now,
      transition: 'note',
      stage: view.stage,
      cause: { kind: 'policy', reason: text },
      summary: text,
      exposure: view.exposure,
      flagBefore: null,
      flagAfter: null,
      evidence: null,
      queries: [],
    };
    await store.record({
      entries: [entry],
      notifications: [],
      view: {
        ...view,
        pause: { reason: text, since: now, deadline: now + 3_600_000, then: 'step-back' },
        seq: view.seq + 1,
      },
    });
    const recorded = Date.now();
    await page.waitForFunction(`globalThis.seen.texts['${text}'] !== undefined`);
    seen.push((await page.evaluate<number>(`globalThis.seen.texts['${text}']`)) - recorded);
  }
  return seen;
}

async function measureBoard(
  { browser, stack, store, rollouts, loads, changes }: Given,
  id: string,
): Promise<Omit<Figures, keyof OfPaused>> {
  const page = await enter({ browser, stack }, `globalThis.wanted = ${rollouts}; ${WATCH}`);
  const firstRows: number[] = [];
  const allRows: number[] = [];
  for (let n = 0; n < loads; n++) {
    await page.goto(stack.urls.server);
    await page.waitForFunction('globalThis.seen.all !== null');
    firstRows.push(await page.evaluate('globalThis.seen.first'));
    allRows.push(await page.evaluate('globalThis.seen.all'));
  }
  const seen = await changesSeen(page, { store, id, changes });
  await page.context().close();
  return { rollouts, firstRows, allRows, seen };
}

async function write(store: RolloutStore, n: number): Promise<string> {
  const flag = `flag-${n}`;
  const own = { name: flag, flag, environment: 'production' };
  const row = await store.create({ ...own, service: 'shop', text: '', plan: {}, submittedBy: 'ada' });
  const now = Date.now();
  const over = n % RUNNING !== 0;
  const view = exampleView({
    ...own,
    id: row.id,
    title: `Rollout number ${n}`,
    submittedAt: now - n * 60_000,
    stageSince: now - n * 1000,
    ...(over ? { phase: 'completed', endedAt: now - n * 60_000, blockers: [] } : {}),
  });
  await store.record({ entries: [], notifications: [], view });
  return row.id;
}

function lines({ rollouts, firstRows, allRows, seen, paused, evidence, seenThere }: Figures): string[] {
  const row = (what: string, all: readonly number[]) => {
    const sorted = all.toSorted((a, b) => a - b);
    const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN);
    return `${what}: median ${at(0.5)} ms, worst ${at(1)} ms (${all.length} times)`;
  };
  return [
    `${rollouts} rollouts stored`,
    row('from the navigation to the first rows on the screen', firstRows),
    row('until the page knows all of them', allRows),
    row('from the record of a step to its sight in the list', seen),
    row('from the navigation to what paused a rollout, and what to do about it', paused),
    row('until the comparison and where the regression sits', evidence),
    row('from the record of a step to its sight on that page', seenThere),
  ];
}

await main();
