import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { JournalEntry } from '../../plans/journal.ts';
import { createDatabase, type TestDatabase } from '../fixtures/database.ts';
import { quickExample } from '../fixtures/example-plan.ts';
import { failing, startTestStack, type TestStack } from '../fixtures/stack.ts';

let crm: TestDatabase;
let tg: TestStack;
beforeAll(async () => {
  crm = await createDatabase();
  const client = new pg.Client({ connectionString: crm.url });
  await client.connect();
  await client.query('create table customers (tenant text, users int)');
  // Forty tenants of the shop; the ones with an even number are customers, the larger the higher their number.
  await client.query(
    "insert into customers select 'tenant-' || n, 10 * (n + 1) from generate_series(0, 38, 2) as n",
  );
  await client.end();
  tg = await startTestStack(15, {
    segments: {
      nordics: { attribute: 'region', operator: 'equals', values: ['eu-north'] },
      'free-tier': { attribute: 'region', operator: 'equals', values: ['ap-south'] },
      benelux: { attribute: 'region', operator: 'equals', values: ['ap-south'] },
    },
    checks: { databases: { crm: { url: crm.url } } },
  });
}, 120_000);
afterAll(async () => {
  await tg?.stop();
  await crm?.drop();
});

const entered = (entries: readonly JournalEntry[]) =>
  entries
    .filter(({ transition }) => ['started', 'advanced', 'decommissioning'].includes(transition))
    .map(({ stage }) => stage);

async function back(id: string, flag: string): Promise<void> {
  const done = await tg.tidegate('rollback', id, '--as', 'kim', '--reason', 'seen enough');
  expect([done.status, done.stderr]).toEqual([0, '']);
  await tg.until(id, ({ phase }) => phase === 'rolled-back');
  await tg.untilExposed(flag, (share) => share === 0);
}

/** Region by region; the one that has more users than its stage may have stops there, and nobody else gets the canary. */
async function capped(): Promise<void> {
  const flag = 'checkout-v2';
  // Off-peak begins with a minute that is soon: before it nobody is served.
  const opens = Math.ceil((Date.now() + 20_000) / 60_000) * 60_000;
  const hours = [opens, opens + 3 * 3_600_000].map((at) => new Date(at).toISOString().slice(11, 16));
  const example = parse(quickExample('cohorts', flag, { keep: ['windows'] }));
  expect(example.windows.allow[0]).toContain('22:00-24:00');
  const windows = { timezone: 'UTC', allow: [`Mon-Sun ${hours.join('-')}`] };
  const plan = stringify({ ...example, windows }).replace('maxUsers: 5000', 'maxUsers: 3');
  expect(plan).toContain('maxUsers: 3\n');
  const id = await tg.submit(plan);
  const early = await tg.until(id, ({ blockers }) => blockers.some(({ kind }) => kind === 'window'));
  expect(early).toMatchObject({ phase: 'submitted', stage: null, blockers: [{ until: opens }] });
  expect(await tg.exposed(flag)).toBe(0);
  await tg.until(id, ({ stage }) => stage !== null, 100_000);
  expect(
    (await tg.journal(id)).find(({ transition }) => transition === 'started')?.at,
  ).toBeGreaterThanOrEqual(opens);
  const { pause } = await tg.until(id, ({ phase, pause }) => phase === 'active' && pause !== null, 90_000);
  expect(pause?.reason).toMatch(/users/);
  const journal = await tg.journal(id);
  expect(entered(journal)).toEqual(['nordics', 'benelux']);
  expect((await tg.status(id)).view.exposure).toMatchObject({ percent: 0, segments: ['nordics', 'benelux'] });
  await back(id, flag);
}

/** Tenants that a database names, in waves by their users: the small ones first, and none beyond its share. */
async function tenantsOfDatabase(): Promise<void> {
  const flag = 'checkout-v2';
  const query = 'select tenant, users from customers order by tenant';
  let plan = quickExample('tenants', flag).replace(
    / {4}waves:\n(?: {6}.*\n)+/,
    `    waves: { from: { database: crm, query: "${query}" }, share: [10%, 50%, 100%] }\n`,
  );
  for (const [index, name] of ['tidegate', 'tidegate-sandbox', 'acme', 'globex', 'initech'].entries())
    plan = plan.replaceAll(new RegExp(`(- |tenant=)${name}$`, 'gm'), `$1tenant-${2 * index + 1}`);
  expect(plan).toContain('database: crm');
  const id = await tg.submit(plan);
  await tg.until(id, ({ stage }) => stage === 'enterprise 2/3', 120_000);
  // 4,000 users in all: 10 + 30 + 50 + 70 + 90 + 110 are 360, and the next tenant would be beyond 10 %.
  const journal = await tg.journal(id);
  const found = journal.find(({ summary }) => summary.startsWith('Stage enterprise has 20 tenants'));
  expect(found?.summary).toContain(`in 3 waves, from crm: ${query} within `);
  expect(found?.summary).toContain(
    ': tenant-0, tenant-2, tenant-4, tenant-6, tenant-8, tenant-10 | tenant-12,',
  );
  const first = journal.find(
    ({ stage, transition }) => stage === 'enterprise 1/3' && transition === 'advanced',
  );
  expect(first?.exposure.segments.filter((name) => /=tenant-\d*[02468]$/.test(name))).toHaveLength(6);
  await tg.untilExposed(flag, (share) => share > 6 / 40);
  await back(id, flag);
}

/** One endpoint leaves the monolith: it is compared with itself, and what is broken elsewhere does not stop it. */
async function strangled(): Promise<void> {
  const flag = 'pricing-v2';
  await tg.shop.fault({ ...failing(flag, 1), endpoint: 'GET /products/:id' });
  const id = await tg.submit(quickExample('strangler-cart', flag));
  await tg.until(id, ({ stage }) => stage === '100%', 120_000);
  const passed = (await tg.journal(id)).filter(
    ({ transition, stage }) => transition === 'gate-passed' && stage === '25%',
  );
  expect(passed).toHaveLength(1);
  const queries = passed[0]?.queries.join('\n') ?? '';
  expect(queries).toContain('endpoint="POST /cart"');
  expect(queries).not.toMatch(/shop_requests_total\{(?![^}]*endpoint="POST \/cart")/);
  await back(id, flag);
  await tg.shop.fault(null);
  // The same plan goes back alone when its own endpoint fails.
  await tg.shop.fault({ ...failing(flag, 1), endpoint: 'POST /cart' });
  const bad = await tg.submit(quickExample('strangler-cart', flag));
  const { stop } = await tg.until(bad, ({ phase }) => phase === 'rolled-back', 120_000);
  expect(stop).not.toBeNull();
  await tg.shop.fault(null);
}

describe('cohorts, tenants of a database and the strangler on the shop', () => {
  it('run beside each other, each on its own flag', async () => {
    await Promise.all([capped().then(tenantsOfDatabase), strangled()]);
  }, 380_000);
});
