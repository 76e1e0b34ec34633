import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { startTold, stopHard, type ToldRollout } from '../test/fixtures/told-rollout.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

const begun = (name: string, events: string[]): Promise<ToldRollout> =>
  startTold(server.rollouts, {
    more: { notify: [{ channel: 'terminal', events }] },
    at: Date.now() - 600_000,
    name,
  });

async function ask(path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await server.api(path, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('an incident is shown, closed by a person once the flag is back, and closed once', async () => {
  const told = await begun('closed', ['incident-update']);
  const path = `/rollouts/${told.id}/incident`;
  expect(await ask(path)).toMatchObject({ status: 404, body: { code: 'INCIDENT_UNKNOWN' } });
  stopHard(told);
  await told.record();
  expect(await ask(path)).toMatchObject({ status: 200, body: { state: 'going-back', closedAt: null } });
  const early = await ask(`${path}/close`, { reason: 'it is fine' });
  expect(early).toMatchObject({ status: 409, body: { code: 'INCIDENT_OPEN' } });
  told.world.settle();
  await told.record();
  await told.verify('not-back');
  expect(await ask(path)).toMatchObject({ status: 200, body: { state: 'unverified', closedAt: null } });
  const closed = await ask(`${path}/close`, { by: 'kim', reason: 'seen in the logs.' });
  expect(closed).toMatchObject({ status: 200, body: { closedAt: expect.any(Number) } });
  const last = (await server.rollouts.journal(told.id)).at(-1);
  expect(last).toMatchObject({
    transition: 'incident-closed',
    cause: { kind: 'person', by: 'kim', reason: 'seen in the logs.' },
    summary: 'kim closes the incident: seen in the logs.',
  });
  const messages = await server.outbox.of(told.id);
  expect(messages.map(({ notification }) => notification.event)).toEqual(['incident-closed']);
  const again = await ask(`${path}/close`, { reason: 'again' });
  expect(again).toMatchObject({ status: 409, body: { code: 'INCIDENT_CLOSED' } });
  expect(await ask(`${path}/close`, { reason: ' ' })).toMatchObject({ status: 400 });
});

test('a review is drafted of every stop, as JSON and as Markdown, and of nothing else', async () => {
  const told = await begun('reviewed', ['completed']);
  const path = `/rollouts/${told.id}/incident/review`;
  expect(await ask(path)).toMatchObject({ status: 404, body: { code: 'INCIDENT_UNKNOWN' } });
  stopHard(told);
  told.world.settle();
  await told.record();
  const { body } = await ask(path);
  expect(body).toMatchObject({ id: told.id, review: expect.stringContaining('## Open questions') });
  const response = await server.api(`${path}?format=markdown`);
  expect(response.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
  expect(await response.text()).toContain('# Review of an incident');
});
