import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../plans/failures.ts';
import { allSamples } from '../test/fixtures/all-samples.ts';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';
import { submitAsSam } from '../test/fixtures/console-stand.ts';
import { type CountedPages, countPages } from '../test/fixtures/counted-pages.ts';
import { MOST_SAMPLES, SamplesReply } from './api.ts';

const POLLS = 2_300;

let server: ApiServer;
let id: string;
let pages: CountedPages;

beforeAll(async () => {
  server = await startApiServer();
  id = await submitAsSam(server, 'long');
  const cohort = (errors: number) => ({
    requests: 1000,
    ratios: { errors: { events: errors, total: 1000 } },
    histograms: {},
  });
  const row = (t: number, seen: boolean) => ({
    rolloutId: id,
    stage: '5%',
    t,
    at: t,
    sample: seen ? { stage: '5%', t, baseline: cohort(1), canary: cohort(2) } : null,
    assessment: null,
  });
  // A source that was down leaves a window without a sample.
  const rows = Array.from({ length: POLLS }, (_, i) => row((i + 1) * 15, i !== 7));
  await server.rollouts.saveSamples(rows);
  pages = countPages(server.rollouts, 'samplePage');
}, 60_000);
beforeEach(() => pages.reset());
afterAll(() => server?.close());

const ask = async (query: string) =>
  SamplesReply.parse(await (await server.api(`/rollouts/${id}/samples${query}`)).json());

describe('the samples of a long rollout', () => {
  test('come in pages that together have each of them once', async () => {
    const first = await ask('');
    expect([first.samples.length, first.next]).toEqual([MOST_SAMPLES, MOST_SAMPLES * 15]);
    const times = (await allSamples(ask)).map(({ t }) => t);
    expect(times).toEqual(Array.from({ length: POLLS }, (_, i) => (i + 1) * 15));
    expect(await ask(`?after=15&limit=2`)).toMatchObject({ samples: [{ t: 30 }, { t: 45 }], next: 45 });
    expect(await ask(`?after=${POLLS * 15}`)).toEqual({ samples: [], next: null });
  });

  test.each(['limit=0', 'limit=1001', 'limit=some', 'after=now'])('%s is refused', async (query) => {
    const refused = await server.api(`/rollouts/${id}/samples?${query}`);
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([400, 'USAGE']);
  });
});

describe('its trace', () => {
  test('begins before it is read to its end, and is whole', async () => {
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    pages.before = (page) => (page === 3 ? held : Promise.resolve());
    const answer = await server.api(`/rollouts/${id}/trace`);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const more = async (): Promise<boolean> => {
      const piece = await reader?.read();
      text += piece?.value ?? '';
      return piece?.done === false;
    };
    while (text.split('\n').length < MOST_SAMPLES && (await more()));
    expect(pages.limits.length).toBeLessThan(4);
    goOn();
    while (await more());
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).t)).toEqual(
      Array.from({ length: POLLS }, (_, i) => (i + 1) * 15).filter((t) => t !== 8 * 15),
    );
    expect(Math.max(...pages.limits)).toBeLessThanOrEqual(MOST_SAMPLES);
    expect(pages.limits).toHaveLength(3);
  });

  test('that breaks off in the middle is not taken for a whole one, here and by the command', async () => {
    pages.before = async (page) => {
      if (page % 2 === 0) throw new Failure('POSTGRES_UNREACHABLE', 'PostgreSQL does not answer.');
    };
    const answer = await server.api(`/rollouts/${id}/trace`);
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    pages.limits = [];
    const args = ['status', id, '--trace', '--server', server.url];
    const { ended } = startCommand(args, { cwd: '/', env: { TIDEGATE_TOKEN: server.token } });
    const { status, out, err } = await ended;
    expect(out.split('\n').length).toBeLessThan(POLLS);
    expect([status, err]).toEqual([3, expect.stringContaining('SERVER_UNREACHABLE')]);
  });

  test('is refused while the store is away', async () => {
    pages.before = () => Promise.reject(new Failure('POSTGRES_UNREACHABLE', 'PostgreSQL does not answer.'));
    const refused = await server.api(`/rollouts/${id}/trace`);
    expect([refused.status, refused.headers.get('content-type')]).toEqual([
      503,
      expect.stringContaining('application/problem+json'),
    ]);
  });

  test('is what the command writes', async () => {
    const args = ['status', id, '--trace', '--server', server.url];
    const { ended } = startCommand(args, { cwd: '/', env: { TIDEGATE_TOKEN: server.token } });
    const { status, out } = await ended;
    expect([status, out.trimEnd().split('\n').length]).toEqual([0, POLLS - 1]);
  });
});
