import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { GrantText } from '../plans/access.ts';
import { startAlertmanager } from '../test/fixtures/alertmanager.ts';
import { type ApiServer, planFor, startApiServer } from '../test/fixtures/api-server.ts';

const SECRET = `whsec_${Buffer.from('a secret of two machines').toString('base64')}`;
let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({
    webhooks: {
      ci: { secret: SECRET, grants: [GrantText.parse('operator@production')] },
    },
  });
});
afterAll(() => server.close());

const json = { 'content-type': 'application/json' };

async function submitted(flag: string, environment?: string): Promise<string> {
  const text = planFor(flag, environment).replace('service: shop', `service: ${flag}-service`);
  const response = await server.api('/rollouts', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ by: 'ada', text }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

/** Of a group of which everything was looked at. */
const WHOLE = { leftOut: 0, truncated: 0 };

const told = (id: string) => server.engine.told.filter((line) => line.includes(id));

describe('Alertmanager', () => {
  const alert = (labels: Record<string, string>, more: object = {}) => ({
    status: 'firing',
    labels: { alertname: 'TooManyErrors', ...labels },
    annotations: { summary: 'errors over 5 %' },
    startsAt: '2026-11-21T03:00:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus/graph',
    fingerprint: 'abc123',
    ...more,
  });
  const payload = (...alerts: object[]) => ({
    version: '4',
    groupKey: '{}:{alertname="TooManyErrors"}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'tidegate',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager',
    alerts,
  });
  async function post(body: unknown, token = server.token) {
    const headers = { ...json, authorization: `Bearer ${token}` };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`${server.url}/api/v1/webhooks/alertmanager`, init);
    return { status: response.status, body: await response.json() };
  }

  test('tells the rollouts of the service, about the canary alone where its label says so', async () => {
    const id = await submitted('first');
    const both = payload(
      alert({ service: 'first-service' }),
      alert({ service: 'first-service', variant: 'on' }, { fingerprint: 'def456' }),
    );
    expect(await post(both)).toEqual({
      status: 202,
      body: { rollouts: [id], repeated: false, refused: [], ...WHOLE },
    });
    expect(told(id)).toEqual([
      `alert TooManyErrors firing to ${id} about the service: errors over 5 %`,
      `alert TooManyErrors firing to ${id} about the canary: errors over 5 %`,
    ]);
  });

  test('repeats itself for as long as an alert fires, and nothing is told twice', async () => {
    const id = await submitted('again');
    const once = payload(alert({ flag: 'again', environment: 'production' }));
    expect((await post(once)).body).toEqual({ rollouts: [id], repeated: false, refused: [], ...WHOLE });
    expect((await post(once)).body).toEqual({ rollouts: [], repeated: true, refused: [], ...WHOLE });
    const resolved = payload(alert({ flag: 'again', environment: 'production' }, { status: 'resolved' }));
    expect((await post(resolved)).body).toEqual({ rollouts: [id], repeated: false, refused: [], ...WHOLE });
    expect(told(id)).toHaveLength(2);
  });

  test('sends again what could not be told, and then it is', async () => {
    const id = await submitted('later');
    const body = payload(alert({ flag: 'later' }));
    server.engine.down = true;
    expect((await post(body)).status).toBe(503);
    server.engine.down = false;
    expect((await post(body)).body).toEqual({ rollouts: [id], repeated: false, refused: [], ...WHOLE });
  });

  test('may be about nothing of ours, and may be nonsense', async () => {
    expect((await post(payload(alert({ service: 'nobody' }), alert({})))).body).toEqual({
      rollouts: [],
      repeated: false,
      refused: [],
      ...WHOLE,
    });
    expect(await post({ ...payload(), version: '3' })).toMatchObject({
      status: 400,
      body: { code: 'USAGE' },
    });
    expect(await post(payload({ status: 'firing' }))).toMatchObject({ status: 400 });
  });

  test('an alert with a rollout label of others is about its other labels, and silences none behind it', async () => {
    const id = await submitted('argo');
    const both = payload(
      alert({ rollout: 'argo-checkout' }),
      alert({ rollout: 'argo-checkout', service: 'argo-service' }, { fingerprint: 'def456' }),
      alert({ flag: 'argo', variant: 'on' }, { fingerprint: '789abc' }),
    );
    expect(await post(both)).toEqual({
      status: 202,
      body: { rollouts: [id], repeated: false, refused: [], ...WHOLE },
    });
    expect(told(id)).toEqual([
      `alert TooManyErrors firing to ${id} about the service: errors over 5 %`,
      `alert TooManyErrors firing to ${id} about the canary: errors over 5 %`,
    ]);
  });

  test('an alert that its token may not tell of is named in the answer, and the one behind it is told', async () => {
    const [foreign, own] = [await submitted('foreign', 'staging'), await submitted('own')];
    const grants = [GrantText.parse('operator@production')];
    const { token } = await server.access.keyring.create({
      name: 'alertmanager',
      grants,
      by: 'ada',
      days: 1,
    });
    const group = payload(alert({ rollout: foreign }), alert({ rollout: own }));
    expect(await post(group, token)).toEqual({
      status: 202,
      body: {
        rollouts: [own],
        repeated: false,
        ...WHOLE,
        refused: [
          {
            alert: 'TooManyErrors',
            rollout: foreign,
            code: 'PERMISSION_MISSING',
            reason: 'alertmanager may not operate foreign in staging.',
          },
        ],
      },
    });
    expect(told(foreign)).toEqual([]);
    expect(told(own)).toHaveLength(1);
  });

  test('a group of thousands is taken: firing ones first, a thousand of them, and the rest is counted', async () => {
    const id = await submitted('crowded');
    const others = Array.from({ length: 3000 }, (_, i) =>
      alert({ service: `unheard-${i % 50}` }, { fingerprint: `o${i}` }),
    );
    const resolved = Array.from({ length: 600 }, (_, i) =>
      alert({ flag: 'crowded' }, { fingerprint: `r${i}`, status: 'resolved' }),
    );
    const firing = Array.from({ length: 600 }, (_, i) =>
      alert({ flag: 'crowded' }, { fingerprint: `f${i}` }),
    );
    const last = alert({ flag: 'crowded', variant: 'on', alertname: 'LastOfAll' }, { fingerprint: 'last' });
    const body = { ...payload(...others, ...resolved, ...firing, last), truncatedAlerts: 7 };
    const answer = await post(body);
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({
      rollouts: [id],
      repeated: false,
      refused: [],
      leftOut: 201,
      truncated: 7,
    });
    const lines = told(id);
    expect(lines).toHaveLength(1000);
    expect(lines.filter((line) => line.includes('firing'))).toHaveLength(601);
    expect(lines.some((line) => line.includes('LastOfAll firing'))).toBe(true);
  });

  test('the rollout is told by whom: the name of the token', async () => {
    await submitted('named');
    const made = await server.api('/tokens', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ name: 'alertmanager-eu', grants: ['operator@production'] }),
    });
    const { token } = (await made.json()) as { token: string };
    await post(payload(alert({ flag: 'named' }, { fingerprint: 'n1' })), token);
    expect(server.engine.alerts.at(-1)).toMatchObject({ name: 'TooManyErrors', from: 'alertmanager-eu' });
  });

  test('the real one tells that an alert fires, and that it is resolved', async () => {
    const id = await submitted('real');
    const hook = `${server.url}/api/v1/webhooks/alertmanager`;
    const alertmanager = await startAlertmanager(hook, { token: server.token });
    async function raise(endsAt?: Date): Promise<void> {
      const labels = { alertname: 'TooManyErrors', flag: 'real', variant: 'on' };
      const startsAt = new Date(began);
      const body = [{ labels, annotations: { summary: 'errors over 5 %' }, startsAt, endsAt }];
      const init = { method: 'POST', headers: json, body: JSON.stringify(body) };
      expect((await fetch(`${alertmanager.url}/api/v2/alerts`, init)).status).toBe(200);
    }
    const began = Date.now() - 60_000;
    try {
      await raise();
      const fires = `alert TooManyErrors firing to ${id} about the canary: errors over 5 %`;
      await vi.waitFor(() => expect(told(id)).toEqual([fires]), 30_000);
      await raise(new Date());
      const over = `alert TooManyErrors resolved to ${id} about the canary: errors over 5 %`;
      await vi.waitFor(() => expect(told(id)).toEqual([fires, over]), 30_000);
    } finally {
      await alertmanager.close();
    }
  });
});

describe('a signed webhook', () => {
  const deploy = (flag: string) =>
    JSON.stringify({ type: 'deploy', version: 'v42', service: `${flag}-service`, detail: 'by the pipeline' });

  async function send(
    body: string,
    given: { id?: string; at?: Date; name?: string; secret?: string; headers?: Record<string, string> } = {},
  ) {
    const { id = crypto.randomUUID(), at = new Date(), name = 'ci', secret = SECRET } = given;
    const signed = {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    };
    const response = await fetch(`${server.url}/api/v1/webhooks/${name}`, {
      method: 'POST',
      headers: { ...json, ...signed, ...given.headers },
      body,
    });
    return { status: response.status, body: await response.json() };
  }

  test('tells of a deployment, once', async () => {
    const id = await submitted('moved');
    const first = await send(deploy('moved'), { id: 'msg-1' });
    expect(first).toEqual({ status: 202, body: { rollouts: [id], repeated: false } });
    expect((await send(deploy('moved'), { id: 'msg-1' })).body).toEqual({ rollouts: [], repeated: true });
    expect(told(id)).toEqual([`alert v42 firing to ${id} about the deploy: by the pipeline`]);
  });

  test('tells of a bug, once: a critical one as such, a lesser one as a note, and by whom', async () => {
    const id = await submitted('buggy');
    const bug = (severity: string, more: object = {}) =>
      JSON.stringify({ type: 'bug', title: 'totals are wrong', severity, flag: 'buggy', ...more });
    const critical = bug('critical', { reporter: 'ada', url: 'https://bugs.example.com/42' });
    expect(await send(critical, { id: 'bug-1' })).toEqual({
      status: 202,
      body: { rollouts: [id], repeated: false },
    });
    expect((await send(critical, { id: 'bug-1' })).body).toEqual({ rollouts: [], repeated: true });
    expect((await send(bug('minor'))).status).toBe(202);
    expect(told(id)).toEqual([
      `alert totals are wrong firing to ${id} about the bug: critical, reported by ada (ci) (https://bugs.example.com/42)`,
      `alert totals are wrong firing to ${id} about the minor-bug: minor, reported by ci`,
    ]);
    expect(await send(bug('terrible'))).toMatchObject({ status: 400 });
    await submitted('buggy-elsewhere', 'staging');
    expect(await send(bug('critical', { flag: 'buggy-elsewhere' }))).toMatchObject({
      status: 403,
      body: { code: 'PERMISSION_MISSING' },
    });
  });

  test.each([
    ['another secret', { secret: `whsec_${Buffer.from('another secret there').toString('base64')}` }],
    ['an old message', { at: new Date(Date.now() - 400_000) }],
    ['a message from the future', { at: new Date(Date.now() + 400_000) }],
    ['a name that nobody has', { name: 'cd' }],
    ['no signature', { headers: { 'webhook-signature': '' } }],
    ['a signature of another id', { headers: { 'webhook-id': 'other' } }],
    ['a time that is none', { headers: { 'webhook-timestamp': 'now' } }],
  ])('is refused with %s, and nobody is told', async (_what, given) => {
    const before = server.engine.told.length;
    expect(await send(deploy('moved'), given)).toMatchObject({
      status: 401,
      body: { code: 'WEBHOOK_REFUSED' },
    });
    expect(server.engine.told).toHaveLength(before);
  });

  test('speaks only of what its grants name', async () => {
    await submitted('elsewhere', 'staging');
    expect(await send(deploy('elsewhere'))).toMatchObject({
      status: 403,
      body: { code: 'PERMISSION_MISSING' },
    });
  });

  test('that says nothing it may say is told what is wrong', async () => {
    expect(await send('{"type":"party"}')).toMatchObject({ status: 400, body: { code: 'USAGE' } });
    expect(await send('{')).toMatchObject({ status: 400, body: { code: 'USAGE' } });
    expect(await send('{"type":"deploy","version":"v1"}')).toMatchObject({
      status: 400,
      body: { detail: 'An alert names the rollout, the flag or the service that it is about.' },
    });
  });
});
