import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { quickExample } from '../fixtures/example-plan.ts';
import { planText, startTestStack, type TestStack } from '../fixtures/stack.ts';

let tg: TestStack;
beforeAll(async () => {
  // Half of the users, by the last digit of their key.
  tg = await startTestStack(17, {
    segments: {
      even: { attribute: 'targetingKey', operator: 'ends_with', values: ['0', '2', '4', '6', '8'] },
    },
  });
}, 120_000);
afterAll(() => tg?.stop());

it('one segment is taken off the canary and stays off, the rest goes on, and then all go back stage by stage', async () => {
  const id = await tg.submit(
    planText({
      flag: 'checkout-v2',
      stages: [
        '{ name: 25%, percent: 25, bake: 4s, minRequests: 20 }',
        '{ name: 50%, percent: 50, bake: 1s, minRequests: 20 }',
        '{ name: 100%, percent: 100, bake: 600s }',
      ],
    }),
  );
  await tg.until(id, ({ stage }) => stage !== null);
  const excluded = await tg.tidegate(
    'exclude',
    id,
    '--segment',
    'even',
    '--reason',
    'their totals are wrong',
  );
  expect(excluded).toMatchObject({ status: 0, stdout: expect.stringContaining('takes even off the canary') });
  const off = await tg.until(id, ({ excluded: out }) => out?.[0]?.revision != null);
  expect(off.exposure.without).toEqual(['even']);
  expect(await tg.tidegate('exclude', id, '--segment', 'even', '--reason', 'twice')).toMatchObject({
    status: 1,
  });

  await tg.until(id, ({ stage }) => stage === '100%', 90_000);
  await tg.untilExposed('checkout-v2', (share) => share > 0.4 && share < 0.6);
  const status = (await tg.tidegate('status', id)).stdout.replace(/\s+/g, ' ');
  expect(status).toContain('everyone without even');
  expect(status).toMatch(/excluded even, since revision \d+, by .*: their totals are wrong/);

  const back = await tg.tidegate(
    'rollback',
    id,
    '--progressive',
    '--every',
    '15s',
    '--reason',
    'cold caches',
  );
  expect(back.status).toBe(0);
  const down = await tg.until(id, ({ exposure }) => exposure.percent === 50);
  expect(down).toMatchObject({ phase: 'active', descent: { from: '100%' } });
  expect((await tg.tidegate('status', id)).stdout).toMatch(/goes back\s+50 % without even → 25 %/);
  expect(await tg.tidegate('resume', id)).toMatchObject({ status: 1 });
  const over = await tg.until(id, ({ phase }) => phase === 'rolled-back');
  expect(over).toMatchObject({ stage: '100%', exposure: { percent: 0, segments: [] } });
  await tg.untilExposed('checkout-v2', (share) => share === 0);
  const entries = await tg.journal(id);
  expect(
    entries.filter(({ transition }) => transition === 'stepped-back').map(({ exposure }) => exposure.percent),
  ).toEqual([50, 25]);
  const [line] = entries.filter(({ transition }) => transition === 'excluded');
  expect(line).toMatchObject({ cause: { kind: 'person', reason: 'their totals are wrong' } });
}, 180_000);

/** The example of watched customers on the shop, with companies that its users work for. */
function customers(flag: string): string {
  const plan = parse(
    quickExample('customers', flag)
      .replaceAll(/tenant=(?:acme|globex|initech|hooli)/g, (slice) => TENANTS[slice] ?? slice)
      .replaceAll('minRequests: 500', 'minRequests: 30'),
  ) as { stages: { name: string }[] };
  const stages = plan.stages.filter(({ name }) => ['internal', '50%', '100%'].includes(name));
  const bakes: Record<string, string> = { '50%': '60s', '100%': '10m' };
  return stringify({ ...plan, stages: stages.map((one) => ({ ...one, bake: bakes[one.name] ?? '2s' })) });
}

const TENANTS: Record<string, string> = {
  'tenant=acme': 'tenant=tenant-1',
  'tenant=globex': 'tenant=tenant-2',
  'tenant=initech': 'tenant=tenant-3',
  'tenant=hooli': 'tenant=tenant-4',
};

it('a customer that gets worse alone goes back by itself, and the others go on to the end', async () => {
  const flag = 'pricing-v2';
  await tg.shop.fault({ flag, endpoint: null, tenant: 'tenant-1', errorRate: 1, latencyMs: 0 });
  const id = await tg.submit(customers(flag));
  const off = await tg.until(id, ({ excluded }) => excluded?.[0]?.revision != null, 240_000);
  expect(off).toMatchObject({
    phase: 'active',
    excluded: [{ name: 'tenant=tenant-1', by: 'the gate', slice: 'tenant=tenant-1', metric: 'errors' }],
    exposure: { percent: 50, without: ['tenant=tenant-1'] },
  });
  await tg.until(id, ({ stage }) => stage === '100%', 240_000);
  await tg.untilExposed(flag, (share) => share > 0.9 && share < 1);
  const status = (await tg.tidegate('status', id)).stdout.replace(/\s+/g, ' ');
  expect(status).toMatch(
    /excluded tenant=tenant-1, \d+ % of the canary's requests, since revision \d+, by the gate/,
  );
  const entries = await tg.journal(id);
  expect(entries.filter(({ transition }) => transition === 'excluded')).toMatchObject([
    {
      cause: { kind: 'gate', verdict: 'hard' },
      evidence: { verdict: 'hold', severed: [{ who: 'tenant=tenant-1' }] },
    },
  ]);
  expect(entries.some(({ transition }) => ['hard-stop', 'soft-stop', 'paused'].includes(transition))).toBe(
    false,
  );
  await tg.shop.fault(null);
}, 500_000);
