import { afterAll, beforeAll, expect, test } from 'vitest';
import { serverEvents } from '../cli/event-stream.ts';
import type { RolloutView } from '../plans/view.ts';
import { openDatabase } from '../store/connection.ts';
import { recordStep } from '../store/record.ts';
import { createRolloutStore } from '../store/rollouts.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';
import { exampleAssessment } from '../test/fixtures/rollout-view.ts';
import { BoardEvent, LiveEvent } from './api.ts';

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

async function submit(flag: string): Promise<RolloutView> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ by: 'ada', text: planFor(flag) });
  const { id } = (await (await server.api('/rollouts', { method: 'POST', headers, body })).json()) as {
    id: string;
  };
  return (await server.rollouts.get(id))?.view as RolloutView;
}

interface Heard {
  id: string | undefined;
  event: string;
  data: unknown;
}

/** A reader of a stream, which can go away and come back with the last id that it has seen. */
function reader(path: string, { at = server, last }: { at?: ApiServer; last?: string | undefined } = {}) {
  const gone = new AbortController();
  const heard: Heard[] = [];
  const headers = last === undefined ? {} : { 'last-event-id': last };
  const ended = (async () => {
    const response = await at.api(path, { headers, signal: gone.signal });
    if (response.status !== 200) return response.status;
    for await (const { id, event, data } of serverEvents(response.body as AsyncIterable<Uint8Array>))
      heard.push({ id, event, data: JSON.parse(data) });
    return 200;
  })().catch(() => 0);
  return {
    heard,
    ended,
    last: () => heard.at(-1)?.id,
    leave: async () => {
      gone.abort();
      await ended;
    },
    lines: () =>
      heard.flatMap(({ event, data }) => {
        if (event !== 'change') return [];
        const live = LiveEvent.safeParse(data);
        return live.success ? (live.data.entries ?? []) : [BoardEvent.parse(data).entry];
      }),
  };
}

const seqs = (lines: { rolloutId: string; seq: number }[]) =>
  lines.map(({ rolloutId, seq }) => `${rolloutId} ${seq}`);

test('a reader of one rollout that comes back gets each missed line once, and is told when there is no more', async () => {
  const first = await submit('resumed');
  const path = `/rollouts/${first.id}/events`;
  const one = reader(path);
  await expect.poll(() => one.heard.length).toBe(1);
  expect(one.last()).toBe('1');
  expect(one.lines()).toEqual([]);
  await one.leave();
  let view = first;
  // More than are kept at hand.
  for (let i = 0; i < 120; i++) view = await server.engine.step(view);
  const two = reader(path, { last: one.last() });
  await expect.poll(() => two.last()).toBe(String(view.seq));
  expect(two.lines().map(({ seq }) => seq)).toEqual(Array.from({ length: 120 }, (_, i) => i + 2));
  view = await server.engine.step({ ...view, phase: 'completed', endedAt: Date.now() });
  expect(await two.ended).toBe(200);
  expect(two.lines().at(-1)?.seq).toBe(view.seq);
  expect(await reader(path, { last: two.last() }).ended).toBe(204);
  const again = reader(`${path}?lastEventId=${view.seq - 2}`);
  expect(await again.ended).toBe(200);
  expect(again.lines().map(({ seq }) => seq)).toEqual([view.seq - 1, view.seq]);
});

test('a reader of all rollouts loses nothing and gets nothing twice, whoever writes and whichever server it asks', async () => {
  const a = await submit('board-a');
  const b = await submit('board-b');
  const database = openDatabase(server.databaseUrl);
  const elsewhere = createRolloutStore(database);
  const other = await startApiServer({ databaseUrl: server.databaseUrl });
  try {
    const one = reader('/events');
    await expect.poll(() => one.heard[0]?.event).toBe('ready');
    await server.engine.step(a);
    await expect.poll(() => seqs(one.lines())).toEqual(['board-a-1 2']);
    const row = await elsewhere.journal(b.id);
    const entry = { ...row[0], rolloutId: b.id, seq: 2 } as (typeof row)[number];
    await elsewhere.record({ entries: [entry], notifications: [], view: { ...b, seq: 2 } });
    await expect.poll(() => seqs(one.lines())).toEqual(['board-a-1 2', 'board-b-1 2']);
    await one.leave();
    await elsewhere.record({ entries: [{ ...entry, seq: 3 }], notifications: [], view: { ...b, seq: 3 } });
    const two = reader('/events', { at: other, last: one.last() });
    await expect.poll(() => seqs(two.lines())).toEqual(['board-b-1 3']);
    const ended = two.ended;
    await other.close();
    await ended;
    await elsewhere.record({ entries: [{ ...entry, seq: 4 }], notifications: [], view: { ...b, seq: 4 } });
    const three = reader('/events?flag=board-b', { last: two.last() });
    await expect.poll(() => seqs(three.lines())).toEqual(['board-b-1 4']);
    await three.leave();
    const far = reader('/events', { last: '900719925474099' });
    await expect.poll(() => far.heard.map(({ event }) => event)).toEqual(['ready', 'reset']);
    await far.leave();
  } finally {
    await database.close();
  }
});

test('a step that is written before another and becomes visible after it is not lost', async () => {
  const early = await submit('early');
  const late = await submit('late');
  const database = openDatabase(server.databaseUrl);
  const one = reader('/events');
  await expect.poll(() => one.heard[0]?.event).toBe('ready');
  const [line] = await server.rollouts.journal(early.id);
  if (line === undefined) throw new Error('no line');
  let commit: () => void = () => undefined;
  let written: () => void = () => undefined;
  const isWritten = new Promise<void>((resolve) => {
    written = resolve;
  });
  const first = database.transaction(async (queries) => {
    const view = { ...early, seq: 2 };
    await recordStep(queries, { entries: [{ ...line, seq: 2 }], notifications: [], view });
    written();
    await new Promise<void>((resolve) => {
      commit = resolve;
    });
  });
  await isWritten;
  const second = server.engine.step(late);
  // The second one waits for the first: what it would number is after it.
  await expect
    .poll(async () => {
      const { rows } = await database.run((queries) =>
        queries.execute("select 1 from pg_locks where locktype = 'advisory' and not granted"),
      );
      return rows.length;
    })
    .toBe(1);
  expect(one.lines()).toEqual([]);
  commit();
  await Promise.all([first, second]);
  await expect.poll(() => seqs(one.lines())).toEqual(['early-1 2', 'late-1 2']);
  await one.leave();
  await database.close();
});

test('a reader sees only what it may', async () => {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ name: 'half', grants: ['viewer@production/visible'] });
  const { token } = (await (await server.api('/tokens', { method: 'POST', headers, body })).json()) as {
    token: string;
  };
  const hidden = await submit('hidden');
  const visible = await submit('visible');
  const api: ApiServer['api'] = (path, request = {}) =>
    fetch(`${server.url}/api/v1${path}`, {
      ...request,
      headers: { ...(request.headers as Record<string, string>), authorization: `Bearer ${token}` },
    });
  const one = reader('/events', { at: { ...server, api } });
  await expect.poll(() => one.heard[0]?.event).toBe('ready');
  await server.engine.step(hidden);
  await server.engine.step(visible);
  await expect.poll(() => seqs(one.lines())).toEqual(['visible-1 2']);
  await one.leave();
});
