import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poisson, randomOf } from '../analysis/traffic.fixture.ts';
import type { BacktestOutcome } from '../rollout/backtest-outcome.ts';
import { type Backfilled, type Past, startBackfilled } from '../test/fixtures/backfilled.ts';
import { type Outcome, startCommand } from '../test/fixtures/command.ts';

const STEP = 15;
const HOUR = 3600;
/** Hours since the past began: the canary's share, and what it fails more. Somebody has ramped it by hand, twice. */
const RAMP = [
  { until: 3, share: 0, extra: 0 },
  { until: 4, share: 0.05, extra: 0 },
  { until: 4.5, share: 0.25, extra: 0 },
  { until: 4.75, share: 0.25, extra: 0.03 },
  { until: 6.5, share: 0, extra: 0 },
  { until: 7.5, share: 0.05, extra: 0 },
] as const;
const HOURS = 8;
const REQUESTS = 6000;

let end: number;
let past: Backfilled;
let dir: string;

function ramped(): Past {
  const random = randomOf(11);
  const times = Array.from({ length: (HOURS * HOUR) / STEP }, (_, i) => end - HOURS * HOUR + (i + 1) * STEP);
  const series = ['a', 'b'].flatMap((instance) =>
    (['off', 'on'] as const).flatMap((variant) => {
      const counts = { requests: 0, errors: 0 };
      const columns: Record<keyof typeof counts, number[]> = { requests: [], errors: [] };
      for (let i = 0; i < times.length; i++) {
        const hour = ((i + 1) * STEP) / HOUR;
        const { share, extra } = RAMP.find(({ until }) => hour <= until) ?? { share: 0, extra: 0 };
        const part = variant === 'on' ? share : 1 - share;
        const requests = poisson(random, (REQUESTS * part) / 2);
        counts.requests += requests;
        counts.errors += Math.min(
          requests,
          poisson(random, requests * (0.005 + (variant === 'on' ? extra : 0))),
        );
        columns.requests.push(counts.requests);
        columns.errors.push(counts.errors);
      }
      const labels = { service: 'shop', variant, instance, job: 'shop' };
      return [
        { name: 'requests_total', labels, values: columns.requests },
        { name: 'errors_total', labels, values: columns.errors },
      ];
    }),
  );
  return { times, series };
}

const PLAN = {
  metadata: { name: 'pricing-v2' },
  flag: { key: 'pricing-v2' },
  metrics: [
    {
      name: 'errors',
      kind: 'ratio',
      bad: 'errors_total{service="shop"}',
      total: 'requests_total{service="shop"}',
      soft: '+0.1pp',
      hard: '+0.5pp',
    },
  ],
  stages: [
    { name: '5%', percent: 5, bake: '30m' },
    { name: '25%', percent: 25, bake: '30m' },
    { name: '100%', percent: 100, bake: '1h' },
  ],
};

beforeAll(async () => {
  end = Math.floor(Date.now() / 1000 / STEP) * STEP - HOUR;
  dir = await mkdtemp(join(tmpdir(), 'tidegate-past-'));
  past = await startBackfilled(ramped());
  await writeFile(join(dir, 'tidegate.yaml'), `sources: { default: { url: "${past.url}" } }\n`);
  await writeFile(join(dir, 'plan.json'), JSON.stringify(PLAN));
}, 120_000);
afterAll(async () => {
  await past.close();
  await rm(dir, { recursive: true, force: true });
});

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();

/** All that Prometheus has. */
const whole = () => ['--from-prometheus', '--start', iso(end - HOURS * HOUR), '--end', iso(end)];

function tidegate(...args: string[]): Promise<Outcome> {
  return startCommand(['backtest', 'plan.json', ...args], { cwd: dir }).ended;
}

describe('a backtest of the past', () => {
  test('finds each rollout by its share of the requests, and says when the plan would have stopped it', async () => {
    const { status, out, err } = await tidegate(...whole(), '--json');
    expect([status, err]).toEqual([1, '']);
    const found = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as BacktestOutcome);
    expect(found).toMatchObject([
      { rollout: 'pricing-v2', outcome: 'rolled-back', stage: '25%', metric: 'errors', severity: 'hard' },
      { rollout: 'pricing-v2-2', outcome: 'completed', stage: '5%', held: [] },
    ]);
    // It turned bad an hour and a half after it began.
    expect(found[0]?.t).toBeGreaterThan(1.5 * HOUR);
    expect(found[0]?.t).toBeLessThan(1.5 * HOUR + 180);
    expect(found[0]?.estimate).toBeGreaterThan(0.005);
  });

  test('is drawn from what Prometheus has, each rollout with its stop', async () => {
    const { status, out, err } = await tidegate(...whole(), '--chart', 'past.html');
    expect([status, err]).toEqual([1, '']);
    expect(out).toContain('pricing-v2-2');
    const page = await readFile(join(dir, 'past.html'), 'utf8');
    expect(page).toMatch(
      /pricing-v2 <span class="badge hard">rolled back<[\s\S]*pricing-v2-2 <span class="badge pass">completed</,
    );
    // Errors and evidence of both, for a wide page and a narrow one, and the stop in those of the first.
    expect(page.match(/<svg /g)).toHaveLength(8);
    expect(page.match(/class="stop-name"/g)).toHaveLength(4);
    expect(page).not.toMatch(/NaN|undefined|<script/);
  });

  test('takes the stage that it is told', async () => {
    const { out } = await tidegate(
      '--from-prometheus',
      '--start',
      iso(end - 5.5 * HOUR),
      '--end',
      iso(end - 4.5 * HOUR),
      '--stage',
      '25%',
      '--json',
    );
    expect(JSON.parse(out)).toMatchObject({ outcome: 'completed', stage: '25%' });
  });

  test('says so when nobody had the canary, and which words are wrong', async () => {
    const quiet = await tidegate(
      '--from-prometheus',
      '--start',
      iso(end - 8 * HOUR),
      '--end',
      iso(end - 6 * HOUR),
    );
    expect(quiet).toMatchObject({ status: 1, out: '' });
    expect(quiet.err).toMatch(/no rollout in that time.*\(RECORDING_EMPTY\)[\s\S]*windows were read/);
    for (const args of [
      [],
      ['--from-prometheus'],
      ['--from-prometheus', '--trace', 'x'],
      ['--from-prometheus', '--start', 'soon'],
      ['--trace', 'x', '--stage', '5%'],
    ]) {
      const wrong = await tidegate(...args);
      expect([wrong.status, wrong.out]).toEqual([2, '']);
      expect(wrong.err).toContain('(USAGE)');
    }
  });
});
