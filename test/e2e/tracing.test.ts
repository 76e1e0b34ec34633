import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../fixtures/otlp-receiver.ts';
import { failing, planText, startTestStack, type TestStack } from '../fixtures/stack.ts';

const FLAG = 'pricing-v2';

/** Given a receiver of traces that the environment names, when a rollout is decided on, then its traces say who led to what. */
describe('traces by OTLP', () => {
  let receiver: OtlpReceiver;
  let tg: TestStack;

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url;
    // A batch goes out after this long, in ms.
    process.env['OTEL_BSP_SCHEDULE_DELAY'] = '200';
    tg = await startTestStack(10);
  });

  afterAll(async () => {
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
    await tg?.stop();
    await receiver?.close();
  });

  const spanWhere = async (wanted: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan> => {
    await expect.poll(() => receiver.spans.some(wanted), { timeout: 30_000 }).toBe(true);
    return receiver.spans.find(wanted) as ReceivedSpan;
  };
  const parentOf = (span: ReceivedSpan) => spanWhere(({ spanId }) => spanId === span.parentSpanId);
  const write = (stage: string, direction: string) =>
    spanWhere(
      ({ name, attributes }) =>
        name === 'flag.write' &&
        attributes['tidegate.stage'] === stage &&
        attributes['tidegate.flag.direction'] === direction,
    );

  it('lead from an approval over HTTP to the flag write, and to a hard stop in a trace of its own', async () => {
    const id = await tg.submit(
      planText({
        flag: FLAG,
        stages: [
          '{ name: internal, audience: { segments: [employees] }, bake: 1s, approval: { roles: [on-call] } }',
          '{ name: 50%, percent: 50, bake: 10m }',
        ],
      }),
    );
    await tg.until(id, ({ blockers }) => blockers.some(({ kind }) => kind === 'approval'), 90_000);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const answer = await tg.stack.api(`/rollouts/${id}/actions/approve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
      body: JSON.stringify({ by: 'kim', roles: ['on-call'] }),
    });
    expect(answer.status).toBe(200);
    await tg.until(id, ({ stage }) => stage === '50%');

    const raised = await write('50%', 'raise');
    expect(raised).toMatchObject({
      traceId,
      service: 'tidegate-worker',
      failed: false,
      attributes: {
        'tidegate.rollout.id': id,
        'tidegate.environment': 'demo',
        'feature_flag.key': FLAG,
        'tidegate.flag.result': 'written',
        'tidegate.exposure.percent': 50,
      },
    });
    const { 'tidegate.flag.revision.before': before, 'tidegate.flag.revision.after': after } =
      raised.attributes;
    expect(after).toBe(Number(before) + 1);
    const activity = await parentOf(raised);
    const update = await parentOf(activity);
    const request = await parentOf(update);
    expect([activity, update, request].map(({ service, name }) => `${service} ${name}`)).toEqual([
      'tidegate-worker RunActivity:writeFlag',
      'tidegate-server StartWorkflowUpdate:act',
      'tidegate-server POST /api/v1/rollouts/:id/actions/:action',
    ]);
    expect(request).toMatchObject({
      parentSpanId: 'b7ad6b7169203331',
      attributes: { 'tidegate.action': 'approve', 'http.response.status_code': 200 },
    });

    // The submission has a trace of its own, with the claim, and the first raise came by itself or with it.
    const claim = await spanWhere(({ name }) => name === 'flag.claim');
    const submitted = await spanWhere(
      ({ name, attributes }) =>
        name === 'POST /api/v1/rollouts' && attributes['http.response.status_code'] === 201,
    );
    expect(claim.traceId).toBe(submitted.traceId);

    await tg.shop.fault(failing(FLAG, 0.4));
    await tg.until(id, ({ phase }) => phase === 'rolled-back', 90_000);
    await tg.shop.fault(null);
    const stop = await spanWhere(({ name }) => name === 'hard stop');
    const lowered = await write('50%', 'lower');
    expect(stop).toMatchObject({ parentSpanId: '', attributes: { 'tidegate.rollout.id': id } });
    expect(stop.traceId).not.toBe(traceId);
    expect(stop.links).toEqual([traceId]);
    expect(lowered.traceId).toBe(stop.traceId);
    // Reads are too many for spans.
    expect(receiver.spans.filter(({ name }) => name.startsWith('GET'))).toEqual([]);
  });

  it('lead from a kill to its flag write in the server', async () => {
    const { status } = await tg.stack.api(`/flags/${FLAG}/kill?environment=demo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'kim', reason: 'test' }),
    });
    expect(status).toBe(200);
    const killed = await spanWhere(({ name }) => name === 'flag.kill');
    expect(killed.attributes).toMatchObject({ 'feature_flag.key': FLAG, 'tidegate.flag.direction': 'lower' });
    expect(await parentOf(killed)).toMatchObject({
      name: 'POST /api/v1/flags/:key/kill',
      service: 'tidegate-server',
    });
  });
});
