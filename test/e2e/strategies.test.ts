import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isNobody } from '../../plans/exposure.ts';
import type { JournalEntry } from '../../plans/journal.ts';
import { HistoryReply } from '../../server/api/flags.ts';
import { quickExample } from '../fixtures/example-plan.ts';
import { startTestStack, type TestStack } from '../fixtures/stack.ts';

let tg: TestStack;
let green: Server;
/** What green says of itself. */
let health = 'starting';
let asked = 0;
beforeAll(async () => {
  green = createServer((_, response) => {
    asked += 1;
    response.end(health);
  });
  await new Promise<void>((resolve) => green.listen(0, '127.0.0.1', resolve));
  tg = await startTestStack(11, {
    checks: { hosts: { [greenHost()]: {} } },
    segments: {
      'early-adopters': { attribute: 'region', operator: 'equals', values: ['eu-north'] },
      'free-tier': { attribute: 'region', operator: 'equals', values: ['ap-south'] },
    },
  });
}, 120_000);
afterAll(async () => {
  await tg?.stop();
  green?.close();
});

const greenHost = () => `127.0.0.1:${(green.address() as AddressInfo).port}`;

/** What applications are told of a flag right now. */
async function served(flag: string): Promise<{ mode: unknown; revision: unknown }> {
  const response = await fetch(`${tg.stack.urls.server}/flags/v1/demo.json`);
  const { flags } = (await response.json()) as {
    flags: Record<string, { metadata: Record<string, unknown> }>;
  };
  const { metadata = {} } = flags[flag] ?? {};
  return { mode: metadata['tidegate.mode'], revision: metadata['revision'] };
}

/** What the flag has served, the oldest first; its making and its claims are left out. */
async function revisions(flag: string) {
  const response = await tg.stack.api(`/flags/${flag}/revisions?environment=demo`);
  return HistoryReply.parse(await response.json())
    .revisions.toReversed()
    .filter(({ exposure }) => !isNobody(exposure));
}

async function scalar(query: string): Promise<number> {
  const url = `${tg.stack.urls.prometheus}/api/v1/query?query=${encodeURIComponent(query)}`;
  const { data } = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}

const entered = (entries: readonly JournalEntry[]) =>
  entries
    .filter(({ transition }) => ['started', 'advanced', 'decommissioning'].includes(transition))
    .map(({ stage }) => stage);

/** Ends a rollout as a person does, so that the next one finds the flag at nobody. */
async function back(id: string): Promise<void> {
  const done = await tg.tidegate('rollback', id, '--as', 'kim', '--reason', 'seen enough');
  expect([done.status, done.stderr]).toEqual([0, '']);
  await tg.until(id, ({ phase }) => phase === 'rolled-back');
}

/** Nobody is served until both paths answer the same; then ring by ring. */
async function darkLaunchAndRings(): Promise<void> {
  const flag = 'pricing-v2';
  const id = await tg.submit(quickExample('dark-launch', flag));
  await tg.until(id, ({ stage }) => stage === 'dark');
  await tg.until(id, ({ stage }) => stage === 'shadow', 60_000);
  await tg.until(id, ({ stage }) => stage === '5%', 90_000);
  expect((await served(flag)).mode).toBeUndefined();
  const of = (await revisions(flag)).slice(0, 4);
  expect(of.map(({ exposure: { percent, mode } }) => [percent, mode])).toEqual([
    [10, 'dark'],
    [0, 'shadow'],
    [0, undefined],
    [5, undefined],
  ]);
  const entries = await tg.journal(id);
  expect(entered(entries).slice(0, 4)).toEqual(['dark', 'shadow', 'internal', '5%']);
  expect(entries.find(({ stage }) => stage === 'shadow')?.summary).toContain(
    'nobody, with the new path behind every request',
  );
  const passed = entries.filter(({ transition }) => transition === 'gate-passed').slice(0, 2);
  for (const { evidence, queries } of passed) {
    expect(evidence?.metrics.map(({ metric }) => metric)).toEqual(['shadow errors', 'shadow latency']);
    expect(evidence?.metrics[0]?.canaryRequests).toBeGreaterThan(30);
    const parity = evidence?.limits.find(({ limit }) => limit.startsWith('parity'));
    expect(parity).toMatchObject({ threshold: 0.05, fired: false, value: expect.any(Number) });
    expect(queries.join(' ')).toContain('tidegate_parity_total');
    expect(queries.join(' ')).not.toContain('shop_requests_total');
  }
  expect(await scalar(`sum(tidegate_parity_total{flag="${flag}",result="match"})`)).toBeGreaterThan(100);
  await back(id);

  const rings = await tg.submit(quickExample('rings', flag));
  await tg.until(rings, ({ stage }) => stage === '25%', 90_000);
  const ringed = await tg.journal(rings);
  expect(entered(ringed).slice(0, 4)).toEqual(['internal', 'early adopters', '5%', '25%']);
  expect(ringed.find(({ stage }) => stage === '25%')?.exposure).toEqual({
    percent: 25,
    segments: ['employees', 'early-adopters'],
    variant: null,
  });
  await back(rings);
}

/** The old path on both sides first: users are counted apart and served alike, and only then the new path has some of them. */
async function oldPathOnBothSides(): Promise<void> {
  const flag = 'pricing-v2';
  const id = await tg.submit(quickExample('aa-first', flag).replace('bake: 2s', 'bake: 6s'));
  await tg.until(id, ({ stage }) => stage === 'A/A');
  await expect.poll(async () => (await served(flag)).mode, { timeout: 20_000 }).toBe('aa');
  const { view } = await tg.status(id);
  expect(view.exposure).toEqual({ percent: 10, segments: [], variant: null, mode: 'aa' });
  await tg.until(id, ({ stage }) => stage === '5%', 120_000);
  expect((await served(flag)).mode).toBeUndefined();
  const entries = await tg.journal(id);
  expect(entered(entries).slice(0, 4)).toEqual(['A/A', 'internal', '1%', '5%']);
  const [passed] = entries.filter(({ transition }) => transition === 'gate-passed');
  const [errors] = passed?.evidence?.metrics ?? [];
  expect([passed?.stage, errors?.metric]).toEqual(['A/A', 'errors']);
  expect(errors?.canaryRequests).toBeGreaterThan(0);
  const limits = passed?.evidence?.limits.map(({ fired }) => fired) ?? [];
  expect(limits.length).toBeGreaterThan(0);
  expect(limits).not.toContain(true);
  await back(id);
}

/** Tenants in waves; then all at once, and back in one step. */
async function tenantsAndBlueGreen(): Promise<void> {
  const flag = 'checkout-v2';
  const names = ['tidegate', 'tidegate-sandbox', 'acme', 'globex', 'initech', 'hooli', 'umbrella'];
  names.push('stark', 'wayne', 'tyrell', 'cyberdyne');
  let plan = quickExample('tenants', flag)
    .replaceAll('minRequests: 500', 'minRequests: 5')
    .replaceAll('for: 5m', 'for: 4s')
    .replace(/(name: friendly[^]*?bake: )2s/, (_, before: string) => `${before}20s`);
  for (const [tenant, name] of names.entries())
    plan = plan.replaceAll(new RegExp(`(- |tenant=)${name}$`, 'gm'), `$1tenant-${tenant}`);
  const id = await tg.submit(plan);
  await tg.until(id, ({ stage }) => stage === 'our own', 60_000);
  await tg.untilExposed(flag, (share) => share > 1 / 40);
  // One of the friendly ones fails, with nobody of it on the old path: it goes back alone.
  await tg.shop.fault({ flag, endpoint: null, tenant: 'tenant-4', errorRate: 1, latencyMs: 0 });
  const off = await tg.until(id, ({ excluded }) => excluded?.[0]?.revision != null, 120_000);
  expect(off).toMatchObject({
    phase: 'active',
    pause: null,
    excluded: [{ name: 'tenant=tenant-4', by: 'the gate', slice: 'tenant=tenant-4', metric: 'errors' }],
  });
  expect(off.excluded?.[0]?.reason).toContain('with nobody on the old path: limit "error ceiling"');
  await tg.shop.fault(null);
  await tg.until(id, ({ stage }) => stage === 'enterprise 2/3', 90_000);
  // The segment of the free tier has nobody among these users; of forty tenants nine have been given the canary, and one has gone back.
  await tg.untilExposed(flag, (share) => share > 7 / 40);
  const journal = await tg.journal(id);
  const tenants = (...of: number[]) => of.map((tenant) => `tenant=tenant-${tenant}`);
  expect(journal.find(({ stage }) => stage === 'enterprise 2/3')?.exposure.segments).toEqual([
    ...tenants(0, 1, 2, 3, 4),
    'free-tier',
    ...tenants(7, 8, 5, 6),
  ]);
  expect(entered(journal).slice(0, 6)).toEqual([
    'shadow',
    'our own',
    'friendly',
    'free tier',
    'enterprise 1/3',
    'enterprise 2/3',
  ]);
  await back(id);
  await tg.untilExposed(flag, (share) => share === 0);

  const greenPlan = quickExample('blue-green', flag, { keep: ['checks'] });
  expect(greenPlan).toContain('https://green.example.com/healthz');
  const whole = await tg.submit(greenPlan.replace('https://green.example.com', `http://${greenHost()}`));
  // Green is not up yet: nobody gets it.
  await tg.until(whole, ({ blockers }) => blockers.some(({ kind }) => kind === 'checks'));
  await expect
    .poll(async () => (await tg.journal(whole)).map(({ transition }) => transition), { timeout: 40_000 })
    .toContain('check-failed');
  expect([await tg.exposed(flag), asked]).toEqual([0, 3]);
  health = 'ok';
  expect(await tg.tidegate('recheck', whole, '--as', 'kim')).toMatchObject({ status: 0 });
  await tg.until(whole, ({ stage }) => stage === 'all at once', 90_000);
  const checks = (await tg.journal(whole)).find(({ transition }) => transition === 'checks-passed')?.checks;
  expect(checks).toMatchObject([{ name: 'smoke test', ok: true }]);
  await tg.untilExposed(flag, (share) => share === 1);
  await back(whole);
  await tg.untilExposed(flag, (share) => share === 0);
  const [last] = (await tg.journal(whole)).filter(({ transition }) => transition === 'rolled-back');
  expect((last?.flagAfter ?? 0) - (last?.flagBefore ?? 0)).toBe(1);
}

/** A kill in a stage that serves nobody ends what runs behind others. */
async function killedInTheShadow(): Promise<void> {
  // Its own flag, which no part of the shop asks for: the gate waits for runs that never come.
  const flag = 'search-v4';
  const text = quickExample('dark-launch', flag).replaceAll(/flag="search-v4"/g, 'flag="checkout-v2"');
  const id = await tg.submit(
    text.replace(/dark:\n +percent: 10\n/, 'shadow:\n').replace(/ {2}- name: shadow\n(?: {4}.*\n)+/, ''),
  );
  await tg.until(id, ({ stage }) => stage === 'dark');
  await expect.poll(() => served(flag)).toMatchObject({ mode: 'shadow' });
  const killed = await tg.tidegate(
    'kill',
    flag,
    '--environment',
    'demo',
    '--as',
    'kim',
    '--reason',
    'too much load',
  );
  expect([killed.status, killed.stderr]).toEqual([0, '']);
  await expect.poll(async () => (await served(flag)).mode).toBeUndefined();
  await tg.until(id, ({ phase }) => phase === 'rolled-back');
  expect((await tg.status(id)).view.exposure).toEqual({ percent: 0, segments: [], variant: null });
}

describe('the example plans of the strategies on the shop', () => {
  it('run beside each other, each on its own flag', async () => {
    await Promise.all([
      darkLaunchAndRings().then(oldPathOnBothSides),
      tenantsAndBlueGreen(),
      killedInTheShadow(),
    ]);
  }, 420_000);
});
