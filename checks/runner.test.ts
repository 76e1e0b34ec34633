import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Check, hostOf } from '../plans/check.ts';
import { ChecksConfig } from './config.ts';
import { redactor } from './redact.ts';
import { createCheckRunner } from './runner.ts';
import { judge } from './sql.ts';

const subject = { rolloutId: 'pricing-1', flag: 'pricing', environment: 'production', stage: '5%' };
const never = new AbortController().signal;

let server: Server;
let url = '';
const seen: { path: string; authorization: string | undefined }[] = [];
let down = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push({ path: request.url ?? '', authorization: request.headers.authorization });
    if (request.url === '/away') response.writeHead(302, { location: '/inside' }).end();
    else if (request.url === '/hangs') response.writeHead(200).flushHeaders();
    else if (request.url === '/flaky' && down-- > 0) response.writeHead(503).end();
    else if (request.url === '/grafana/api/dashboards/uid/there')
      response.writeHead(200).end(JSON.stringify({ dashboard: { title: 'Rollout: pricing' }, meta: {} }));
    else if (request.url === '/grafana/api/dashboards/uid/hidden') response.writeHead(403).end();
    else if (request.url?.startsWith('/grafana/api/') === true) response.writeHead(404).end();
    else response.writeHead(200).end('all is READY, token=s3cr3t-of-the-service');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const config = () =>
  ChecksConfig.parse({
    hosts: { [hostOf(url)]: { secrets: { STATUS: 'hunter2-hunter2' } } },
    commands: {
      smoke: {
        run: [process.execPath, '-e', 'console.log("stage", process.env.TIDEGATE_STAGE, process.env.HOME)'],
      },
      fails: { run: [process.execPath, '-e', 'console.error("password=abc12345"); process.exit(3)'] },
      says: { run: [process.execPath, '-p', 'process.argv.at(-1)'], arguments: true },
      hangs: { run: [process.execPath, '-e', 'setInterval(() => {}, 1000)'] },
      gone: { run: ['/no/such/program'] },
    },
  });

async function run(check: object) {
  const [answer] = await createCheckRunner(config()).run(
    [Check.parse({ name: 'one', timeout: '10s', ...check })],
    subject,
    never,
  );
  return answer;
}

describe('an HTTP check', () => {
  it('passes with the status and the text that were expected, and sends a secret that the plan only names', async () => {
    const answer = await run({
      http: {
        url: `${url}/ready?key=abc`,
        headers: { authorization: 'Bearer ${STATUS}' },
        expectBody: 'READY',
      },
    });
    expect(answer).toMatchObject({
      ok: true,
      asked: `GET ${url}/ready?…`,
      came: 'status 200, with the expected text',
    });
    expect(seen.at(-1)?.authorization).toBe('Bearer hunter2-hunter2');
    expect(JSON.stringify(answer)).not.toMatch(/hunter2|s3cr3t|abc/);
  });

  it('fails with what came instead, and without the answer itself', async () => {
    expect(await run({ http: { url, expectStatus: 204 } })).toMatchObject({
      ok: false,
      came: 'status 200 instead of 204',
    });
    const text = await run({ http: { url, expectBody: 'green' } });
    expect(text).toMatchObject({ ok: false, came: 'status 200, without the expected text' });
  });

  it('asks no host that tidegate.yaml does not name, sends it no secret of another, and follows no redirect', async () => {
    const before = seen.length;
    const other = url.replace('127.0.0.1', 'localhost');
    expect(await run({ http: { url: other } })).toMatchObject({
      ok: false,
      came: expect.stringContaining('checks.hosts'),
    });
    expect(await run({ http: { url, headers: { x: '${OTHER}' } } })).toMatchObject({
      ok: false,
      came: expect.stringContaining('no secret OTHER'),
    });
    expect(seen).toHaveLength(before);
    expect(await run({ http: { url: `${url}/away` } })).toMatchObject({
      ok: false,
      came: 'status 302 instead of 200',
    });
    expect(seen.map(({ path }) => path)).not.toContain('/inside');
  });

  it('is tried again as often as the plan says', async () => {
    down = 1;
    expect(await run({ retries: 1, http: { url: `${url}/flaky` } })).toMatchObject({ ok: true, tries: 2 });
  });

  it('fails when its time is over, and when nobody listens', async () => {
    const late = await run({ timeout: '0.2s', http: { url: `${url}/hangs`, expectBody: 'x' } });
    expect(late).toMatchObject({ ok: false, came: 'no answer within 0.2 s' });
    server.closeAllConnections();
    const nobody = ChecksConfig.parse({ hosts: { '127.0.0.1:1': {} } });
    const [answer] = await createCheckRunner(nobody).run(
      [Check.parse({ name: 'one', http: { url: 'http://127.0.0.1:1/' } })],
      subject,
      never,
    );
    expect(answer).toMatchObject({ ok: false });
  });
});

describe('a command', () => {
  it('is one that tidegate.yaml names, with the stage and nothing else in its environment', async () => {
    expect(await run({ command: ['smoke'] })).toMatchObject({
      ok: true,
      came: 'ended with 0: stage 5% undefined',
    });
    expect(await run({ command: ['rm', '-rf', '/'] })).toMatchObject({
      ok: false,
      came: expect.stringContaining('checks.commands'),
    });
    expect(await run({ command: ['gone'] })).toMatchObject({
      ok: false,
      came: expect.stringContaining('ENOENT'),
    });
  });

  it('takes arguments only where tidegate.yaml says so, and no shell reads them', async () => {
    expect(await run({ command: ['smoke', 'more'] })).toMatchObject({ ok: false });
    expect(await run({ command: ['says', '$(id); echo'] })).toMatchObject({
      came: 'ended with 0: $(id); echo',
    });
  });

  it('fails with its last line, without what looks like a secret', async () => {
    expect(await run({ command: ['fails'] })).toMatchObject({
      ok: false,
      came: 'ended with 3: password=***',
    });
  });

  it('is ended when its time is over, and when nobody needs it any more', async () => {
    expect(await run({ timeout: '0.3s', command: ['hangs'] })).toMatchObject({
      ok: false,
      came: 'no answer within 0.3 s',
    });
    const ending = new AbortController();
    const out = createCheckRunner(config()).run(
      [Check.parse({ name: 'one', command: ['hangs'] })],
      subject,
      ending.signal,
    );
    ending.abort(new Error('stopped'));
    await expect(out).rejects.toThrow('ended before it had answered');
  });
});

describe('rows of a database', () => {
  it('are counted, compared with a value, or with each other', () => {
    expect(judge({ rows: 0 }, [])).toEqual({ ok: true, came: '0 rows' });
    expect(judge({ rows: 0 }, [[1]])).toEqual({ ok: false, came: '1 rows instead of 0' });
    expect(judge({ value: 10 }, [['10.00']])).toMatchObject({ ok: true });
    expect(judge({ value: 10 }, [])).toEqual({ ok: false, came: 'no row' });
    expect(judge({ agree: 'exactly' }, [['9007199254740993', '9007199254740993']])).toMatchObject({
      ok: true,
    });
    expect(judge({ agree: 'exactly' }, [['9007199254740993', '9007199254740992']])).toMatchObject({
      ok: false,
    });
    expect(judge({ agree: 0.01 }, [[100, 99.5]])).toMatchObject({ ok: true });
    expect(judge({ agree: 0.001 }, [[100, 99.5]])).toEqual({ ok: false, came: '100 and 99.5 do not agree' });
  });

  it('without a value agree with nothing', () => {
    expect(judge({ agree: 'exactly' }, [[null, null]])).toMatchObject({ ok: false });
    expect(judge({ agree: 'exactly' }, [[1]])).toMatchObject({ ok: false });
  });
});

describe('what stands in the journal', () => {
  it('is one short line without what is or looks like a secret', () => {
    const clean = redactor(
      ChecksConfig.parse({ databases: { orders: { url: 'postgres://reader:p%40ssw0rd@db/orders' } } }),
    );
    expect(clean('cannot log in with p@ssw0rd\nat db')).toBe('cannot log in with *** at db');
    expect(clean('Authorization: Bearer eyJhbGciOi')).not.toContain('eyJ');
    expect(clean(`key ${'a1'.repeat(20)}`)).toBe('key ***');
    expect(clean('word '.repeat(100)).length).toBeLessThanOrEqual(200);
  });
});

describe('a dashboard', () => {
  const look = (wanted: { uid?: string; url?: string | null }, more: object = {}) =>
    createCheckRunner(ChecksConfig.parse({ ...config(), ...more })).dashboard(
      { uid: 'there', url: null, ...wanted },
      never,
    );
  const grafana = () => ({ grafana: { url: `${url}/grafana/`, token: 'viewer-token-1234' } });

  it('is looked for in Grafana, by its own address or as it is generated, with the token', async () => {
    expect(await look({}, grafana())).toEqual({ ok: true, came: 'Grafana has "Rollout: pricing"' });
    expect(seen.at(-1)).toEqual({
      path: '/grafana/api/dashboards/uid/there',
      authorization: 'Bearer viewer-token-1234',
    });
    expect(await look({ uid: 'gone' }, grafana())).toMatchObject({
      ok: false,
      came: expect.stringContaining('Grafana has no dashboard gone'),
    });
    const own = { uid: 'gone', url: `${url}/grafana/d/there/pricing?from=now-6h` };
    expect(await look(own, grafana())).toMatchObject({ ok: true });
    expect(await look({ uid: 'hidden' }, grafana())).toMatchObject({
      ok: false,
      came: expect.stringContaining('does not let the token see it'),
    });
  });

  it('is fetched elsewhere, from hosts of tidegate.yaml alone, and is no pass where nobody says where it is', async () => {
    expect(await look({ url: `${url}/board` })).toEqual({ ok: true, came: 'status 200' });
    expect(await look({ url: `${url}/away` }, grafana())).toMatchObject({ ok: false });
    expect(await look({ url: 'https://elsewhere.example.com/board' })).toEqual({
      ok: false,
      came: 'elsewhere.example.com is not one of checks.hosts in tidegate.yaml',
    });
    expect(await look({})).toMatchObject({ ok: false, came: expect.stringContaining('no address was told') });
    expect(await look({ url: 'the wall' })).toEqual({ ok: false, came: 'what was told is no address' });
    const away = { grafana: { url: 'http://127.0.0.1:1' } };
    expect(await look({}, away)).toMatchObject({ ok: false });
  });
});
