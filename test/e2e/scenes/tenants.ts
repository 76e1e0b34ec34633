import { it } from 'vitest';
import { parse, stringify } from 'yaml';
import { quickExample } from '../../fixtures/example-plan.ts';
import { entered, type Flag, type Given } from '../../fixtures/lane.ts';

export function tenants(flag: Flag, given: Given): void {
  it.sequential('tenant by tenant, in waves, and one that fails goes back alone', async ({ expect }) => {
    const tg = given();
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
    await tg.shop.heal(flag);
    await tg.until(id, ({ stage }) => stage === 'enterprise 2/3', 90_000);
    // The segment of the free tier has nobody among these users; of forty tenants nine have been given the canary, and one has gone back.
    await tg.untilExposed(flag, (share) => share > 7 / 40);
    const journal = await tg.journal(id);
    const named = (...of: number[]) => of.map((tenant) => `tenant=tenant-${tenant}`);
    expect(journal.find(({ stage }) => stage === 'enterprise 2/3')?.exposure.segments).toEqual([
      ...named(0, 1, 2, 3, 4),
      'free-tier',
      ...named(7, 8, 5, 6),
    ]);
    expect(entered(journal).slice(0, 6)).toEqual([
      'shadow',
      'our own',
      'friendly',
      'free tier',
      'enterprise 1/3',
      'enterprise 2/3',
    ]);
    await tg.back(id);
  }, 300_000);
}

/** `crm`, a database of tidegate.yaml, has the even ones of the shop's forty tenants, the larger the higher their number. */
export function tenantsOfDatabase(flag: Flag, given: Given): void {
  it.sequential('tenants that a database names, in waves by their users: the small ones first, and none beyond its share', async ({
    expect,
  }) => {
    const tg = given();
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
    await tg.back(id);
  }, 240_000);
}

export function capped(flag: Flag, given: Given): void {
  it.sequential('region by region in its quiet hours; the one with more users than its stage may have stops there', async ({
    expect,
  }) => {
    const tg = given();
    // Off-peak begins with a minute that is soon: before it nobody is served.
    const opens = Math.ceil((Date.now() + 12_000) / 60_000) * 60_000;
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
    expect((await tg.status(id)).view.exposure).toMatchObject({
      percent: 0,
      segments: ['nordics', 'benelux'],
    });
    await tg.back(id);
  }, 300_000);
}
