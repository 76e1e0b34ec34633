import { it } from 'vitest';
import { isNobody } from '../../../plans/exposure.ts';
import { HistoryReply } from '../../../server/api/flags.ts';
import { quickExample } from '../../fixtures/example-plan.ts';
import { entered, type Flag, type Given } from '../../fixtures/lane.ts';
import type { TestStack } from '../../fixtures/stack.ts';

/** What applications are told of a flag right now. */
async function served({ stack }: TestStack, flag: string): Promise<{ mode: unknown; revision: unknown }> {
  const response = await fetch(`${stack.urls.server}/flags/v1/demo.json`);
  const { flags } = (await response.json()) as {
    flags: Record<string, { metadata: Record<string, unknown> }>;
  };
  const { metadata = {} } = flags[flag] ?? {};
  return { mode: metadata['tidegate.mode'], revision: metadata['revision'] };
}

/** What a rollout has served of its flag, the oldest first; the making and the claims of the flag are left out. */
async function revisionsOf({ stack }: TestStack, { flag, id }: { flag: string; id: string }) {
  const response = await stack.api(`/flags/${flag}/revisions?environment=demo`);
  return HistoryReply.parse(await response.json())
    .revisions.toReversed()
    .filter(({ rolloutId, exposure }) => rolloutId === id && !isNobody(exposure));
}

async function scalar({ stack }: TestStack, query: string): Promise<number> {
  const url = `${stack.urls.prometheus}/api/v1/query?query=${encodeURIComponent(query)}`;
  const { data } = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } };
  return Number(data.result[0]?.value[1] ?? 0);
}

/** Stages in which nobody is served by the new path. */
export function behindOthers(flag: Flag, given: Given): void {
  it.sequential('nobody is served until both paths answer the same', async ({ expect }) => {
    const tg = given();
    const id = await tg.submit(quickExample('dark-launch', flag));
    await tg.until(id, ({ stage }) => stage === 'dark');
    await tg.until(id, ({ stage }) => stage === 'shadow', 60_000);
    await tg.until(id, ({ stage }) => stage === '5%', 90_000);
    expect((await served(tg, flag)).mode).toBeUndefined();
    const of = (await revisionsOf(tg, { flag, id })).slice(0, 4);
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
    expect(await scalar(tg, `sum(tidegate_parity_total{flag="${flag}",result="match"})`)).toBeGreaterThan(
      100,
    );
    await tg.back(id);
  }, 240_000);

  it.sequential('an answer that differs pauses before anybody is served, until a person goes on', async ({
    expect,
  }) => {
    const tg = given();
    const text = quickExample('dark-launch', flag).replace(/ {2}- name: dark\n(?: {4}.*\n)+/, '');
    const id = await tg.submit(text.replace(/(name: shadow\n[^]*?bake: )2s/, '$120s'));
    await tg.until(id, ({ stage }) => stage === 'shadow');
    const counts = () =>
      Promise.all([
        scalar(tg, `sum(shop_requests_total{flag="${flag}",variant="on"})`),
        scalar(tg, `sum(tidegate_parity_total{flag="${flag}",result="mismatch"})`),
      ]);
    // What the rollout before has served may not be scraped yet.
    const began = Date.now() / 1000;
    const scraped = () => scalar(tg, `min(timestamp(shop_requests_total{flag="${flag}",variant="on"}))`);
    await expect.poll(scraped, { timeout: 20_000, interval: 100 }).toBeGreaterThan(began);
    const [onNewPath, mismatches] = await counts();
    await tg.shop.fault({ flag, endpoint: null, errorRate: 0, latencyMs: 0, wrongRate: 0.5 });
    const { pause, exposure } = await tg.until(id, ({ pause }) => pause !== null, 60_000);
    // Fast and without an error: only the comparison of the answers has seen it.
    expect(pause?.reason).toMatch(/parity of the shadow/);
    expect(exposure).toEqual({ percent: 0, segments: [], variant: null, mode: 'shadow' });
    expect(await tg.exposed(flag)).toBe(0);
    const [nobodyMore, more] = await counts();
    expect(nobodyMore).toBe(onNewPath);
    expect(more).toBeGreaterThan(mismatches + 20);

    await tg.shop.heal(flag);
    const parity = async () =>
      (await tg.status(id)).live?.assessment?.limits.find(({ limit }) => limit.startsWith('parity'));
    await expect.poll(parity, { timeout: 40_000, interval: 300 }).toMatchObject({ fired: false });
    expect(await tg.status(id)).toMatchObject({
      view: { stage: 'shadow', pause: { reason: pause?.reason } },
    });
    await tg.done('resume', id, '--as', 'kim', '--reason', 'rounds as the old path does');
    await tg.until(id, ({ stage }) => stage === '5%', 90_000);
    await tg.untilExposed(flag, (share) => share > 0);
    const entries = await tg.journal(id);
    const told = entries.filter(({ transition }) =>
      ['paused', 'soft-stop', 'hard-stop', 'resumed'].includes(transition),
    );
    expect(told).toMatchObject([
      { stage: 'shadow', transition: 'paused' },
      { stage: 'shadow', transition: 'resumed', cause: { kind: 'person', by: 'kim' } },
    ]);
    expect(entered(entries).slice(0, 3)).toEqual(['shadow', 'internal', '5%']);
    await tg.back(id);
  }, 240_000);

  it.sequential('the old path on both sides first: users are counted apart and served alike', async ({
    expect,
  }) => {
    const tg = given();
    const id = await tg.submit(quickExample('aa-first', flag).replace('bake: 2s', 'bake: 6s'));
    await tg.until(id, ({ stage }) => stage === 'A/A');
    await expect.poll(async () => (await served(tg, flag)).mode, { timeout: 20_000 }).toBe('aa');
    const { view } = await tg.status(id);
    expect(view.exposure).toEqual({ percent: 10, segments: [], variant: null, mode: 'aa' });
    await tg.until(id, ({ stage }) => stage === '5%', 120_000);
    expect((await served(tg, flag)).mode).toBeUndefined();
    const entries = await tg.journal(id);
    expect(entered(entries).slice(0, 4)).toEqual(['A/A', 'internal', '1%', '5%']);
    const [passed] = entries.filter(({ transition }) => transition === 'gate-passed');
    const [errors] = passed?.evidence?.metrics ?? [];
    expect([passed?.stage, errors?.metric]).toEqual(['A/A', 'errors']);
    expect(errors?.canaryRequests).toBeGreaterThan(0);
    const limits = passed?.evidence?.limits.map(({ fired }) => fired) ?? [];
    expect(limits.length).toBeGreaterThan(0);
    expect(limits).not.toContain(true);
    await tg.back(id);
  }, 240_000);
}

/** A kill in a stage that serves nobody ends what runs behind others. */
export function killedInTheShadow(given: Given): void {
  it('a kill ends what runs behind others', async ({ expect }) => {
    const tg = given();
    // Its own flag, which no part of the shop asks for: the gate waits for runs that never come.
    const flag = 'search-v4';
    const text = quickExample('dark-launch', flag).replaceAll(/flag="search-v4"/g, 'flag="checkout-v2"');
    const id = await tg.submit(
      text.replace(/dark:\n +percent: 10\n/, 'shadow:\n').replace(/ {2}- name: shadow\n(?: {4}.*\n)+/, ''),
    );
    await tg.until(id, ({ stage }) => stage === 'dark');
    await expect.poll(() => served(tg, flag)).toMatchObject({ mode: 'shadow' });
    await tg.done('kill', flag, '--environment', 'demo', '--as', 'kim', '--reason', 'too much load');
    await expect.poll(async () => (await served(tg, flag)).mode).toBeUndefined();
    await tg.until(id, ({ phase }) => phase === 'rolled-back');
    expect((await tg.status(id)).view.exposure).toEqual({ percent: 0, segments: [], variant: null });
  }, 120_000);
}
