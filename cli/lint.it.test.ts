import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../test/fixtures/api-server.ts';
import { startCommand } from '../test/fixtures/command.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server.close());

const tidegate = (...args: string[]) =>
  startCommand(args, { cwd: server.dataDir, env: { TIDEGATE_SERVER: server.url, TIDEGATE_USER: 'ada' } })
    .ended;

/** Flags as a file has them, all of one environment. */
async function apply(environment: string, flags: object[]): Promise<void> {
  const file = join(server.dataDir, `${environment}.json`);
  const entries = flags.map((flag) => ({ environments: [environment], ...flag }));
  await writeFile(file, JSON.stringify({ flags: entries }));
  expect(await tidegate('flags', 'apply', file)).toMatchObject({ status: 0, err: '' });
}

/** Past the server, which would refuse it. */
async function sql(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.databaseUrl });
  await client.connect();
  await client.query(statement);
  await client.query(`select pg_notify('tidegate_flags', 'all')`);
  await client.end();
}

async function findings(command: string, environment: string, ...more: string[]): Promise<unknown> {
  const { status, out } = await tidegate('flags', command, '--environment', environment, '--json', ...more);
  const { findings }: { findings: { rule: string; flag: string }[] } = JSON.parse(out);
  return { status, found: findings.map(({ rule, flag }) => `${rule} ${flag}`) };
}

const owned = { kind: 'boolean', owner: 'web' };
const release = { ...owned, purpose: 'release', expires: '2099-12-31' };
const ops = { ...owned, purpose: 'ops' };

it('nothing wrong is 0', async () => {
  await apply('clean', [{ ...release, key: 'good', on: true }]);
  expect(await findings('lint', 'clean')).toEqual({ status: 0, found: [] });
  expect(await findings('stale', 'clean')).toEqual({ status: 0, found: [] });
});

it('what is expired or at 100 % for over 14 days is 1, and stale as well; what is meant to stay is not', async () => {
  await apply('old', [
    { ...release, key: 'expired', expires: '2020-01-01' },
    { ...release, key: 'done', on: true },
    { ...release, key: 'nearly', on: true },
    { ...release, key: 'half', percent: 50 },
    { ...ops, key: 'lasting', on: true },
    { ...ops, kind: 'percentage', purpose: 'permission', key: 'plan', on: true },
  ]);
  await sql(`update flag_revisions set at = now() - interval '15 days' where environment = 'old'`);
  await sql(`update flag_revisions set at = now() - interval '13 days' where key = 'nearly'`);
  const found = ['FLAG-EXPIRED expired', 'FLAG-STALE done'];
  expect(await findings('lint', 'old')).toEqual({ status: 1, found: expect.arrayContaining(found) });
  expect(await findings('stale', 'old')).toEqual({ status: 1, found: expect.toSatisfy(sameAs(found)) });
  expect((await tidegate('flags', 'stale', '--environment', 'old')).out).toContain('FLAG-STALE');
});

it('what is asked for in more than a few places is 1, where the source is searched', async () => {
  await apply('spread', [
    { ...ops, key: 'scattered' },
    { ...ops, key: 'once' },
  ]);
  const source = join(server.dataDir, 'source');
  await mkdir(source);
  for (const name of ['a', 'b', 'c', 'd'])
    await writeFile(join(source, `${name}.ts`), `if (await isEnabled('scattered', user)) ${name}();\n`);
  await writeFile(join(source, 'e.ts'), `isEnabled('once', user);\n`);
  expect(await findings('lint', 'spread')).toEqual({ status: 0, found: [] });
  const found = ['FLAG-SCATTERED scattered'];
  expect(await findings('lint', 'spread', '--source', source)).toEqual({ status: 1, found });
});

it('more than 50 active flags in an environment are 1', async () => {
  const flags = Array.from({ length: 50 }, (_, n) => ({ ...ops, key: `flag-${n}`, on: true }));
  await apply('crowd', [...flags, { ...ops, key: 'unused' }]);
  expect(await findings('lint', 'crowd')).toEqual({ status: 0, found: [] });
  await apply('crowd', [{ ...ops, key: 'unused', on: true }]);
  expect(await findings('lint', 'crowd')).toEqual({ status: 1, found: ['FLAG-TOO-MANY '] });
});

it('prerequisites in a circle are 1, and each flag of it is told', async () => {
  await apply('circle', [
    { ...ops, key: 'a' },
    { ...ops, key: 'b', requires: [{ flag: 'a', variants: ['on'] }] },
  ]);
  // Each definition is refused on its way in; two that come at once by another way have no good one before them.
  await sql(`
    insert into flags (environment, key, variants, baseline, canary, stickiness, exposure, revision, epoch, updated_by, spec)
    select 'ring', key, variants, baseline, canary, stickiness, exposure, revision, epoch, updated_by, jsonb_set(spec, '{requires}',
      jsonb_build_array(jsonb_build_object('flag', case key when 'a' then 'b' else 'a' end, 'variants', jsonb_build_array('on'))))
    from flags where environment = 'circle'`);
  await expect
    .poll(() => findings('lint', 'ring'), { timeout: 20_000 })
    .toEqual({ status: 1, found: expect.arrayContaining(['FLAG-CIRCLE a', 'FLAG-CIRCLE b']) });
  expect((await tidegate('flags', 'lint', '--environment', 'ring')).out).toMatch(/a → b → a/);
});

/** In whatever order. */
function sameAs(wanted: readonly string[]): (found: unknown) => boolean {
  return (found) => Array.isArray(found) && found.toSorted().join() === wanted.toSorted().join();
}
