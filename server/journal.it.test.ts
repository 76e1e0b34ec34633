import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Failure } from '../plans/failures.ts';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';
import { type CountedPages, countPages } from '../test/fixtures/counted-pages.ts';
import { recordLines } from '../test/fixtures/recorded-lines.ts';
import { startTold } from '../test/fixtures/told-rollout.ts';
import { JournalReply, MOST_LINES } from './api.ts';

const LINES = 2_300;

let server: ApiServer;
let id: string;
let last: number;
let pages: CountedPages;

beforeAll(async () => {
  server = await startApiServer();
  const told = await startTold(server.rollouts, { more: {}, at: Date.now(), name: 'long' });
  ({ id } = told);
  last = await recordLines(server.rollouts, told, LINES);
  pages = countPages(server.rollouts, 'journalPage');
}, 60_000);
beforeEach(() => pages.reset());
afterAll(() => server?.close());

const ask = (query: string) => server.api(`/rollouts/${id}/journal${query}`);
const all = Array.from({ length: LINES + 10 }, (_, i) => i + 1);

describe('the journal of a long rollout', () => {
  test('comes in pages to whoever asks for pages', async () => {
    const seqs: number[] = [];
    for (let after = 0; ; ) {
      const page = JournalReply.parse(await (await ask(`?after=${after}&limit=700`)).json());
      expect(page.entries.length).toBeLessThanOrEqual(700);
      seqs.push(...page.entries.map(({ seq }) => seq));
      if (page.next === null || page.next === undefined) break;
      after = page.next;
    }
    expect(seqs).toEqual(all.slice(0, last));
    const none = await ask(`?after=${last}&limit=5`);
    expect(await none.json()).toEqual({ entries: [], next: null });
  });

  test.each(['', `?after=${LINES - 5}`, '?after=100000'])(
    'is whole where no page is asked for, and never more than a page of it in memory (%s)',
    async (query) => {
      const { entries, ...rest } = JournalReply.parse(await (await ask(query)).json());
      const after = Number(new URLSearchParams(query).get('after') ?? 0);
      expect(entries.map(({ seq }) => seq)).toEqual(all.slice(0, last).filter((seq) => seq > after));
      expect(rest).toEqual({});
      expect(pages.limits).toEqual(query === '' ? [MOST_LINES, MOST_LINES, MOST_LINES] : [MOST_LINES]);
    },
  );

  test.each(['limit=0', 'limit=1001', 'limit=some', 'after=-1', 'after=now'])(
    '%s is refused',
    async (query) => {
      const refused = await ask(`?${query}`);
      expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'USAGE' }]);
    },
  );

  test('that breaks off in the middle is not taken for a whole one, here and by the command', async () => {
    pages.before = async (page) => {
      if (page % 2 === 0) throw new Failure('POSTGRES_UNREACHABLE', 'PostgreSQL does not answer.');
    };
    const answer = await ask('');
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
    pages.limits = [];
    const { ended } = startCommand(['status', id, '--history', '--server', server.url], {
      cwd: '/',
      env: { TIDEGATE_TOKEN: server.token },
    });
    const { status, out, err } = await ended;
    expect([status, out, err]).toEqual([3, '', expect.stringContaining('SERVER_UNREACHABLE')]);
  });

  test('is refused while the store is away', async () => {
    pages.before = () => Promise.reject(new Failure('POSTGRES_UNREACHABLE', 'PostgreSQL does not answer.'));
    const refused = await ask('');
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'POSTGRES_UNREACHABLE' }]);
  });
});
