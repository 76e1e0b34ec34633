import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createPlain } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChecksConfig } from '../checks/config.ts';
import { FAILURES } from '../plans/failures.ts';
import { createDatabase, type TestDatabase } from '../test/fixtures/database.ts';
import { doctorChecks } from './doctor.ts';
import { freePort } from './embedded/ports.ts';

const servers: Server[] = [];
let folder = '';
let database: TestDatabase;
let reader = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-doctor-'));
  database = await createDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  reader = `reader_${process.pid}`;
  await client.query(`create role ${reader} login password 'only-reads'`);
  await client.end();
});
afterAll(async () => {
  for (const server of servers) server.close();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`drop role ${reader}`);
  await client.end();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function listening(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function tried(config: object) {
  const findings = await Promise.all(doctorChecks(ChecksConfig.parse(config)));
  return new Map(findings.map((finding) => [finding.part, finding]));
}

test('hosts are reached by http or by TLS that is trusted, and no address of theirs is asked', async () => {
  const paths: string[] = [];
  const plain = await listening(
    createPlain((request, response) => {
      paths.push(`${request.method} ${request.url}`);
      response.writeHead(404).end();
    }),
  );
  const pem = (name: string) => readFile(fileURLToPath(new URL(`../test/fixtures/${name}`, import.meta.url)));
  const [cert, key] = await Promise.all([pem('loopback-cert.pem'), pem('loopback-key.pem')]);
  const secure = await listening(createSecure({ cert, key }));
  const dumb = await listening(createTcp((socket) => socket.end('hello\r\n')));
  const away = `127.0.0.1:${await freePort()}`;
  const found = await tried({
    hosts: { [plain]: {}, [secure]: {}, [dumb]: {}, [away]: {}, 'nowhere.invalid': {} },
  });
  expect(found.get(`check host "${plain}"`)).toMatchObject({ ok: true, detail: 'by http' });
  expect(paths).toEqual(['HEAD /']);
  expect(found.get(`check host "${secure}"`)).toMatchObject({
    ok: false,
    detail: expect.stringMatching(/^Its certificate is not trusted: \w+\.$/),
    hint: FAILURES.CHECK_UNREACHABLE.hint,
  });
  expect(found.get(`check host "${dumb}"`)?.ok).toBe(false);
  expect(found.get(`check host "${away}"`)).toMatchObject({ ok: false, detail: 'Nothing listens there.' });
  expect(found.get('check host "nowhere.invalid"')).toMatchObject({
    ok: false,
    detail: 'Nobody knows this name.',
  });
});

test('Grafana is asked for a dashboard that nobody has, with the token, and what is wrong with it is said', async () => {
  const seen: string[] = [];
  const answers: Record<string, [number, string]> = {
    viewer: [404, '{"message":"Dashboard not found"}'],
    stranger: [403, '{}'],
    broken: [502, 'bad gateway'],
  };
  const address = await listening(
    createPlain((request, response) => {
      const { authorization = '' } = request.headers;
      seen.push(`${request.method} ${request.url} ${authorization}`);
      const [status, body] = answers[authorization.replace('Bearer ', '')] ?? [401, '{}'];
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    }),
  );
  const grafana = async (token?: string, url = `http://${address}/metrics/`) =>
    (await tried({ grafana: { url, ...(token === undefined ? {} : { token }) } })).get('Grafana');
  expect(await grafana('viewer')).toMatchObject({
    ok: true,
    detail: '',
    target: `http://${address}/metrics/`,
  });
  expect(seen).toEqual(['GET /metrics/api/dashboards/uid/tidegate-doctor Bearer viewer']);
  const hint = FAILURES.CHECK_UNREACHABLE.hint;
  expect(await grafana('stranger')).toMatchObject({
    ok: false,
    detail: 'Grafana does not let the token see it (status 403).',
    hint,
  });
  expect(await grafana()).toMatchObject({ ok: false, detail: expect.stringContaining('(status 401)') });
  expect(await grafana('broken')).toMatchObject({ ok: false, detail: 'Grafana answers with status 502.' });
  const nobody = `http://127.0.0.1:${await freePort()}`;
  expect(await grafana('viewer', nobody)).toMatchObject({ ok: false, detail: 'Nothing listens there.' });
});

test('databases are logged in to, and a user that may write everything is told of', async () => {
  const as = (user: string, password: string) => {
    const url = new URL(database.url);
    url.username = user;
    url.password = password;
    return url.href;
  };
  const found = await tried({
    databases: {
      all: { url: database.url },
      reads: { url: as(reader, 'only-reads') },
      away: { url: `postgres://reader:hunter2@127.0.0.1:${await freePort()}/x` },
      missing: { url: database.url.replace(/\/[^/]*$/, '/no_such_database') },
    },
  });
  expect(found.get('check database "all"')).toMatchObject({
    ok: true,
    detail: expect.stringContaining('give checks a user that can only read'),
  });
  expect(found.get('check database "reads"')).toMatchObject({ ok: true, detail: '' });
  expect(found.get('check database "away"')).toMatchObject({ ok: false, detail: 'Nothing listens there.' });
  expect(found.get('check database "missing"')).toMatchObject({
    ok: false,
    detail: expect.stringContaining('no_such_database'),
  });
  expect(JSON.stringify([...found.values()])).not.toMatch(/hunter2|only-reads/);
});

test('commands are programs that this account may run, and are not run', async () => {
  const marker = join(folder, 'ran');
  const [runs, fixed] = [join(folder, 'runs.sh'), join(folder, 'fixed.sh')];
  for (const file of [runs, fixed]) await writeFile(file, `#!/bin/sh\ntouch ${marker}\n`);
  await chmod(runs, 0o755);
  await chmod(fixed, 0o644);
  const found = await tried({
    commands: {
      runs: { run: [runs] },
      beside: { run: ['./runs.sh'], folder },
      path: { run: ['sh', '-c', 'true'] },
      fixed: { run: [fixed] },
      gone: { run: ['no-such-program'] },
      elsewhere: { run: ['sh'], folder: join(folder, 'none') },
    },
  });
  const said = (name: string) => {
    const { ok, detail } = found.get(`check command "${name}"`) ?? {};
    return [ok, detail];
  };
  expect(['runs', 'beside', 'path'].map(said)).toEqual(Array.from({ length: 3 }, () => [true, 'not run']));
  expect(said('fixed')).toEqual([false, 'It is there, and this account may not run it.']);
  expect(said('gone')).toEqual([false, 'There is no such program on PATH.']);
  expect(said('elsewhere')).toEqual([false, `The folder ${join(folder, 'none')} is not there.`]);
  await expect(readFile(marker)).rejects.toThrow('ENOENT');
});

test('what never answers is given up', async () => {
  const hangs = await listening(createTcp(() => undefined));
  const { databases } = { databases: { hangs: { url: `postgres://reader@${hangs}/x` } } };
  const found = await tried({ hosts: { [hangs]: {} }, databases });
  for (const finding of found.values())
    expect(finding).toMatchObject({ ok: false, hint: FAILURES.CHECK_UNREACHABLE.hint });
}, 30_000);
