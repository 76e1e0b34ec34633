import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Phase } from '../plans/view.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';
import { tokenFor } from '../test/fixtures/console-visit.ts';
import type { CheckReply, PlanComparisonReply } from './api/plans.ts';

const FIRST = planFor('pricing');
const SECOND = FIRST.replace('soft: +0.1pp', 'soft: +0.3pp').replace('bake: 1h }', 'bake: 2h }');
const SOFT = { text: 'metrics[errors].soft.absolute: 0.001 → 0.003', loosens: true };
const BAKE = { text: 'stages[5%].bake: 3600 → 7200', loosens: false };

let server: ApiServer;
const ids: string[] = [];
beforeAll(async () => {
  server = await startApiServer();
  ids.push(await submit(FIRST));
  await end(ids[0] ?? '', 'rolled-back');
  // Nobody ever had this one.
  ids.push(await submit(FIRST.replace('percent: 5', 'percent: 7')));
  await end(ids[1] ?? '', 'rejected');
  await submit(planFor('pricing', 'staging'));
  ids.push(await submit(SECOND));
}, 60_000);
afterAll(() => server?.close());

async function submit(text: string): Promise<string> {
  const reply = await server.api('/rollouts', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text, by: 'ada', roles: [] }),
  });
  const { id } = (await reply.json()) as { id?: string };
  return id ?? `refused: ${reply.status}`;
}

async function end(id: string, phase: Phase): Promise<void> {
  const row = await server.rollouts.get(id);
  if (row?.view == null) throw new Error(`no view of ${id}`);
  await server.engine.step({ ...row.view, phase, endedAt: Date.now() });
  await server.flags.release({ environment: row.environment, key: row.flag }, id);
}

const difference = async (id: string, query = '', token = server.token) => {
  const reply = await fetch(`${server.url}/api/v1/rollouts/${id}/plan/difference${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: reply.status, body: (await reply.json()) as PlanComparisonReply };
};

test('a rollout says what its plan changes in that of the last rollout of its flag, rejected ones left out', async () => {
  const [first = '', rejected = '', second = ''] = ids;
  const { body } = await difference(second);
  expect(body).toMatchObject({
    id: second,
    text: SECOND,
    before: { id: first, phase: 'rolled-back', text: FIRST },
  });
  expect(body.differences).toEqual([BAKE, SOFT]);
  expect((await difference(first)).body).toMatchObject({ before: null, differences: [] });
  const other = await difference(second, `?against=${rejected}`);
  expect(other.body.before?.id).toBe(rejected);
  expect(other.body.differences.map(({ text }) => text)).toContain('stages[5%].percent: 7 → 5');
  expect((await difference(second, '?against=nobody-1')).status).toBe(404);
});

test('nobody reads a plan by comparing with it', async () => {
  const staging = await tokenFor(server, 'sue', ['viewer@staging']);
  const there = (await server.rollouts.list({ flag: 'pricing', environment: 'staging' }))[0]?.id ?? '';
  expect((await difference(there, '', staging)).status).toBe(200);
  expect((await difference(there, `?against=${ids[0]}`, staging)).status).toBe(403);
});

test('a plan that is not handed in yet is held against the last rollout', async () => {
  const check = async (body: object) => {
    const reply = await server.api('/plans/check', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await reply.json()) as CheckReply;
  };
  const { last } = await check({ text: FIRST });
  expect(last).toMatchObject({ id: ids[2], phase: 'active' });
  expect(last?.differences).toHaveLength(2);
  const against = await check({ text: FIRST, against: ids[0] });
  expect(against.last).toMatchObject({ id: ids[0], differences: [] });
  expect((await check({ text: planFor('unheard') })).last).toBe(null);
});

test('`plan diff` says it of a file and of a rollout, with its lines where they are wanted', async () => {
  await writeFile(join(server.dataDir, 'plan.yaml'), FIRST);
  const run = (...words: string[]) =>
    startCommand(['plan', 'diff', ...words, '--server', server.url], { cwd: server.dataDir }).ended;
  const [first = '', , second = ''] = ids;
  const ofFile = await run('plan.yaml');
  expect(ofFile.out).toContain(`plan.yaml against ${second}: 2 differences\n`);
  const same = await run('plan.yaml', first);
  expect(same.out).toBe(`plan.yaml against ${first}: no difference\n`);
  const ofRollout = await run(second, '--text');
  expect(ofRollout.out).toContain(`${second} against ${first}: 2 differences\n`);
  expect(ofRollout.out).toContain('  metrics[errors].soft.absolute: 0.001 → 0.003  loosens\n');
  expect(ofRollout.out).toMatch(/^- {3}- \{ name: 5%, percent: 5, bake: 1h \}$/m);
  expect(ofRollout.out).toMatch(/^\+ {3}- \{ name: 5%, percent: 5, bake: 2h \}$/m);
  const json = await run(first, '--json');
  expect(JSON.parse(json.out)).toEqual({ plan: first, against: null, differences: [] });
  const gone = await run('gone.yaml');
  expect([gone.status === 0, gone.err]).toEqual([false, expect.stringContaining('PLAN_UNREADABLE')]);
}, 60_000);
