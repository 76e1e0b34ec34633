import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Backfilled, startBackfilled } from '../test/fixtures/backfilled.ts';
import { type Outcome, startCommand } from '../test/fixtures/command.ts';
import { pastService, servicePlan } from '../test/fixtures/past-service.ts';

const STAGES = `
  - { name: 5%, percent: 5, bake: 1h }
  - { name: 100%, percent: 100, bake: 1h }`;

let past: Backfilled;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-preflight-cli-'));
  past = await startBackfilled(pastService({ now: Date.now() / 1000 }));
  await writeFile(join(dir, 'tidegate.yaml'), `sources: { default: { url: "${past.url}" } }\n`);
  await writeFile(join(dir, 'away.yaml'), 'sources: { default: { url: "http://127.0.0.1:9" } }\n');
  await writeFile(join(dir, 'plan.yaml'), servicePlan({ stages: STAGES }));
}, 120_000);
afterAll(async () => {
  await past.close();
  await rm(dir, { recursive: true, force: true });
});

/** No server runs there: a preflight does without. */
function tidegate(args: string, input?: string): Promise<Outcome> {
  const env = { TIDEGATE_SERVER: 'http://127.0.0.1:9', TIDEGATE_USER: 'ada', COLUMNS: '100' };
  return startCommand(args.split(' '), { cwd: dir, env, ...(input === undefined ? {} : { input }) }).ended;
}

describe('preflight', () => {
  test('shows traffic, noise, what each stage can see, and what to think about; exit 0', async () => {
    const { status, out, err } = await tidegate('preflight plan.yaml --days 2');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^Preflight of pricing-v2\n/);
    expect(out).toMatch(/errors +3[45],\d{3} an hour, in the quietest hour (6,9|7,[0-4])\d\d \(03:00 UTC\)/);
    expect(out).toMatch(/Noise of errors .*\n(.*[┤│].*\n)+ +1 +2 +4 +8 +16 +32 +64 +128 +256 polls/);
    expect(out).toMatch(
      /5 % · bakes 1h, asks after 2h · 1,7\d\d canary requests\/h · quietest 3[4-7]\d · 200 users/,
    );
    expect(out).toMatch(/errors +finds 0\.2 pp \(2x soft\) after .*1 pp \(hard\)\s+after/);
    expect(out).toMatch(/too short: bake for \d+[hd]/);
    expect(out).toMatch(/! stage 5%: errors: 1h is too short to see 1 pp \(the hard margin\)/);
    expect(out).toMatch(/· pricing-v2 in production: the server does not answer/);
    expect(out).toMatch(/it can start; \d+ to think about\n$/);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('says all of it in JSON', async () => {
    const { status, out } = await tidegate('preflight plan.yaml --days 1 --json');
    expect(status).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ plan: 'pricing-v2', ok: true, fireTest: null });
    expect(report.noise[0]).toMatchObject({ metric: 'errors', polls: [1, 2, 4, 8, 16, 32, 64, 128, 256] });
    expect(report.stages[0].metrics[0]).toMatchObject({
      kind: 'planned',
      metric: 'errors',
      mean: { unit: 'rate', detections: [{ of: 'soft', times: 1, kind: 'tolerated' }, {}, {}, {}] },
    });
  });

  test('of a plan whose queries find no baseline says which; exit 1', async () => {
    const plan = servicePlan({ stages: STAGES }).replace('requests_total', 'nothing_total');
    const { status, out } = await tidegate('preflight - --days 1', plan);
    expect(status).toBe(1);
    expect(out).toMatch(/✗ errors: nothing_total\{.*\}: no series\s+of the baseline/);
    expect(out).toMatch(/1 to mend: the rollout would not start\n$/);
  });

  test('of a plan with errors, or without Prometheus, or with a wrong option: exit 1, 3, 2', async () => {
    const wrong = servicePlan({ stages: STAGES }).replace('percent: 5,', 'percent: 500,');
    const [broken, away, option] = await Promise.all([
      tidegate('preflight -', wrong),
      tidegate('preflight plan.yaml --config away.yaml'),
      tidegate('preflight plan.yaml --days 90'),
    ]);
    expect(broken.status).toBe(1);
    expect(broken.err).toContain('(PLAN_INVALID)');
    expect(away.status).toBe(3);
    expect(away.err).toContain('(PROMETHEUS_UNREACHABLE)');
    expect(option.status).toBe(2);
    expect(option.err).toContain('(USAGE)');
  });
});
