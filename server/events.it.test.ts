import { afterAll, beforeAll, expect, test } from 'vitest';
import { serverEvents } from '../cli/event-stream.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { exampleAssessment } from '../test/fixtures/rollout-view.ts';
import { LiveEvent } from './api.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

test('a watcher hears each change once, until the rollout ends', { timeout: 30_000 }, async () => {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ by: 'ada', text: planFor('watched') });
  await server.api('/rollouts', { method: 'POST', headers, body });
  const response = await server.api('/rollouts/watched-1/events');
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const { body: stream } = response;
  if (stream === null) throw new Error('no stream');
  const heard: LiveEvent[] = [];
  let problems = 0;
  const listening = (async () => {
    for await (const { event, data } of serverEvents(stream)) {
      if (event === 'change') heard.push(LiveEvent.parse(JSON.parse(data)));
      else problems += 1;
    }
  })();

  await expect.poll(() => heard.length).toBe(1);
  const view = heard[0]?.view;
  if (view === undefined) throw new Error('nothing heard');
  const row = {
    rolloutId: view.id,
    stage: '5%',
    t: 15,
    at: Date.now(),
    sample: null,
    assessment: exampleAssessment(),
  };
  await server.rollouts.saveSamples([row]);
  await expect.poll(() => heard.at(-1)?.live?.assessment?.verdict).toBe('hold');

  await server.wire.cut();
  await expect.poll(() => problems, { timeout: 10_000 }).toBe(1);
  await server.wire.mend();
  await expect
    .poll(() =>
      server.engine.step({ ...view, phase: 'completed' }).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  await listening;
  expect(heard.map((event) => event.view.phase)).toEqual(['active', 'active', 'completed']);
  expect(problems).toBe(1);
});

test('a server that closes does not wait for its watchers', async () => {
  const own = await startApiServer();
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ by: 'ada', text: planFor('watched') });
  await own.api('/rollouts', { method: 'POST', headers, body });
  const response = await own.api('/rollouts/watched-1/events');
  const reading = response.text().catch(() => 'broken off');
  await own.close();
  await reading;
});
